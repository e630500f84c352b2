/* Kernels of the model become functions of the card: for each the image that the card takes best. */
#include "runtime/cuda/card.h"
#include <stdio.h>
#include <string.h>

enum { STATIC_SHARED = 48 << 10 }; /* what a launch may have without asking */

typedef struct choice {
  const void *cubin; /* the highest of the card's major number, or NULL */
  const char *ptx;   /* the highest that is not above the card, or NULL */
} choice;

static choice choose(const kiln_device_model *model, const kiln_device_kernel *kernel, uint32_t capability) {
  const kiln_device_image *cubin = NULL, *ptx = NULL;
  for (uint32_t i = 0; i < kernel->image_count; ++i) {
    const kiln_device_image *image = &model->images[kernel->first_image + i];
    if (image->capability > capability)
      continue;
    if (image->cubin && image->capability / 10 == capability / 10 && (cubin == NULL || image->capability > cubin->capability))
      cubin = image;
    if (image->ptx && (ptx == NULL || image->capability > ptx->capability))
      ptx = image;
  }
  return (choice){cubin ? cubin->cubin : NULL, ptx ? ptx->ptx : NULL};
}

static kiln_status no_image(kiln_context *context, const kiln_device_kernel *kernel, uint32_t capability) {
  const kiln_device_image *images = &context->model->device->images[kernel->first_image];
  char list[100] = "";
  int used = 0;
  for (uint32_t i = 0; i < kernel->image_count && used < (int)sizeof list - 16; ++i)
    used += snprintf(list + used, sizeof list - (size_t)used, "%s%u.%u%s", i ? ", " : "", images[i].capability / 10,
                     images[i].capability % 10, images[i].ptx ? "" : " only");
  return kiln_fail(context, KILN_NO_DEVICE, "card %d (%.60s) has capability %u.%u: kernel '%.100s' was compiled for %s",
                   context->card->device.number, context->card->name, capability / 10, capability % 10, kernel->entry, list);
}

/* `ptx`: its text, or NULL for a cubin; `log`: what the driver says of it. */
static kiln_status refused(kiln_context *context, const kiln_device_kernel *kernel, const char *ptx, CUresult error,
                           const char *log) {
  kiln_card *card = context->card;
  int major = 0, minor = 0;
  const char *version = ptx ? strstr(ptx, ".version") : NULL;
  if (error == CUDA_ERROR_UNSUPPORTED_PTX_VERSION && version && sscanf(version, ".version %d.%d", &major, &minor) == 2)
    return kiln_fail(context, KILN_NO_DEVICE, "kernel '%.100s' is PTX %d.%d: the driver (CUDA %d.%d) is too old for it",
                     kernel->entry, major, minor, card->driver.version / 1000, card->driver.version % 1000 / 10);
  char text[KILN_DRIVER_ERROR];
  kiln_driver_error(&card->driver, error, text);
  return kiln_fail(context, error == CUDA_ERROR_OUT_OF_MEMORY ? KILN_OUT_OF_MEMORY : KILN_NO_DEVICE,
                   "card %d (%.60s) does not take kernel '%.100s': %s%s%.*s", card->device.number, card->name, kernel->entry, text,
                   log[0] ? ": " : "", (int)strcspn(log, "\n"), log);
}

/* The kernel's function from one image; a driver that loads lazily may look at the code only when it is asked for the function. */
static CUresult take(kiln_context *context, uint32_t index, const void *image, char *log, size_t log_size) {
  kiln_card *card = context->card;
  int options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, (void *)(uintptr_t)(log_size - 1)};
  log[0] = '\0';
  CUresult error = card->driver.module_load(&card->modules[index], image, 2, options, values);
  if (error != CUDA_SUCCESS) {
    card->modules[index] = NULL;
    return error;
  }
  error = card->driver.module_function(&card->functions[index], card->modules[index], card->model->kernels[index].entry);
  if (error == CUDA_SUCCESS)
    return CUDA_SUCCESS;
  card->driver.module_unload(card->modules[index]);
  card->modules[index] = NULL;
  return error;
}

/* A driver older than the assembler may not know its cubins: PTX, if there is any, is then what counts. */
static kiln_status load(kiln_context *context, uint32_t index) {
  kiln_card *card = context->card;
  const kiln_device_kernel *kernel = &card->model->kernels[index];
  choice images = choose(card->model, kernel, (uint32_t)card->device.capability);
  if (images.cubin == NULL && images.ptx == NULL)
    return no_image(context, kernel, (uint32_t)card->device.capability);
  char log[200] = "";
  CUresult error = images.cubin ? take(context, index, images.cubin, log, sizeof log) : CUDA_ERROR_INVALID_IMAGE;
  bool text = images.ptx && error != CUDA_SUCCESS && error != CUDA_ERROR_OUT_OF_MEMORY;
  if (text)
    error = take(context, index, images.ptx, log, sizeof log);
  return error == CUDA_SUCCESS ? KILN_OK : refused(context, kernel, text ? images.ptx : NULL, error, log);
}

/* More than 48 KB of shared memory must be asked for, once for each kernel. */
static kiln_status reserve_shared(kiln_context *context, uint32_t index) {
  kiln_card *card = context->card;
  const kiln_device_model *model = card->model;
  uint32_t most = 0;
  for (uint32_t i = 0; i < model->step_count; ++i)
    if (model->steps[i].kind == KILN_STEP_LAUNCH && model->steps[i].kernel == index && model->steps[i].shared > most)
      most = model->steps[i].shared;
  if (most <= STATIC_SHARED)
    return KILN_OK;
  CUresult error = card->driver.function_set(card->functions[index], CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, (int)most);
  if (error == CUDA_SUCCESS)
    return KILN_OK;
  return kiln_fail(context, KILN_NO_DEVICE,
                   "card %d (%.60s) has less than the %u bytes of shared memory that kernel '%.100s' needs", card->device.number,
                   card->name, most, model->kernels[index].entry);
}

kiln_status kiln_load_kernels(kiln_context *context) {
  kiln_status status = KILN_OK;
  for (uint32_t i = 0; i < context->model->device->kernel_count && status == KILN_OK; ++i) {
    status = load(context, i);
    status = status ? status : reserve_shared(context, i);
  }
  return status;
}
