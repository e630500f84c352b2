/* What a caller who keeps tensors on the card uses: runs with device pointers, the card's memory, and the time of each step. */
#include "runtime/core/tensor.h"
#include "runtime/cuda/card.h"

static size_t bytes_of(const kiln_tensor_info *info) {
  return (size_t)kiln_elements(info->rank, info->shape) * (size_t)kiln_dtype_size(info->dtype);
}

/* A call with the context held and the card's own context current. */
static kiln_status enter(kiln_context *context) {
  kiln_status status = kiln_enter(context);
  if (status)
    return status;
  kiln_card *card = context->card;
  if (context->failed == KILN_OK && card == NULL)
    status = kiln_fail(context, KILN_NO_DEVICE, "this context runs on the CPU: expected one that runs on a card");
  else if (context->failed)
    status = context->failed;
  else
    status = kiln_make_current(context);
  if (status)
    kiln_leave(context);
  return status;
}

static kiln_status leave(kiln_context *context, kiln_status status) {
  kiln_end_current(context);
  kiln_leave(context);
  return status;
}

static kiln_status answer(kiln_context *context, CUresult error, const char *what) {
  return leave(context, error ? kiln_card_fail(context, error, KILN_DEVICE_FAILED, what, context->model->info.name) : KILN_OK);
}

static kiln_status allocate(kiln_context *context, size_t bytes, void **memory) {
  kiln_status status = enter(context);
  if (status)
    return status;
  CUdeviceptr found = 0;
  CUresult error = context->card->driver.memory_allocate(&found, bytes ? bytes : 1);
  *memory = error ? NULL : (void *)(uintptr_t)found;
  return answer(context, error, "no memory for the caller of");
}

static kiln_status release(kiln_context *context, void *memory) {
  kiln_status status = enter(context);
  if (status)
    return status;
  return answer(context, memory ? context->card->driver.memory_free((uintptr_t)memory) : CUDA_SUCCESS,
                "cannot release memory of the caller of");
}

static kiln_status upload(kiln_context *context, void *device, const void *host, size_t bytes) {
  kiln_status status = enter(context);
  if (status)
    return status;
  kiln_card *card = context->card;
  return answer(context, bytes ? card->driver.copy_to_device((uintptr_t)device, host, bytes, card->stream) : CUDA_SUCCESS,
                "cannot copy to the card for");
}

static kiln_status download(kiln_context *context, void *host, const void *device, size_t bytes) {
  kiln_status status = enter(context);
  if (status)
    return status;
  kiln_card *card = context->card;
  CUresult error = bytes ? card->driver.copy_to_host(host, (uintptr_t)device, bytes, card->stream) : CUDA_SUCCESS;
  if (error == CUDA_SUCCESS)
    return leave(context, kiln_card_wait(context));
  return answer(context, error, "cannot copy from the card for");
}

static kiln_status wait(kiln_context *context) {
  kiln_status status = enter(context);
  return status ? status : leave(context, kiln_card_wait(context));
}

/* Brings to the host what steps use there of tensors that stand on the card, or back. */
static kiln_status mirror(kiln_context *context, bool inputs) {
  kiln_card *card = context->card;
  const kiln_model_info *info = &context->model->info;
  int32_t count = inputs ? info->input_count : info->output_count, first = inputs ? 0 : info->input_count;
  for (int32_t i = 0; i < count; ++i) {
    const kiln_tensor_info *tensor = inputs ? &info->inputs[i] : &info->outputs[i];
    size_t bytes = bytes_of(tensor);
    int wanted = inputs ? card->model->input_sides[i] & KILN_SIDE_HOST : card->model->output_sides[i] & KILN_SIDE_HOST_LAST;
    if (!wanted || bytes == 0)
      continue;
    card->copies = true;
    CUresult error = inputs ? card->driver.copy_to_host(card->mirrors[i], card->bases[i], bytes, card->stream)
                            : card->driver.copy_to_device(card->bases[first + i], card->mirrors[first + i], bytes, card->stream);
    if (error)
      return kiln_card_fail(context, error, KILN_DEVICE_FAILED, inputs ? "cannot copy input" : "cannot copy output", tensor->name);
  }
  return KILN_OK;
}

/* Under kiln_call: the caller's pointers stand in context->pointers, checked. Steps on the host see the mirrors in their place. */
static kiln_status run(kiln_context *context) {
  kiln_card *card = context->card;
  if (card == NULL)
    return kiln_fail(context, KILN_NO_DEVICE, "this context runs on the CPU: expected one that runs on a card");
  kiln_status status = kiln_make_current(context);
  if (status)
    return status;
  const kiln_model_info *info = &context->model->info;
  for (int32_t i = 0; i < info->input_count + info->output_count; ++i) {
    card->given[i] = (uintptr_t)context->pointers[i];
    context->pointers[i] = card->mirrors[i];
  }
  status = kiln_rebind(context, card->given);
  status = status ? status : mirror(context, true);
  status = status ? status : kiln_run_steps(context);
  status = status ? status : mirror(context, false);
  kiln_end_current(context);
  return status;
}

kiln_status kiln_run_device(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs) {
  return kiln_call(context, inputs, outputs, KILN_DEVICE_ALIGNMENT, run);
}

typedef struct timing {
  void (*step)(void *user, const char *name, float milliseconds);
  void *user;
} timing;

static kiln_status time_steps(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs,
                              void (*step)(void *user, const char *name, float milliseconds), void *user) {
  if (context == NULL || context->card == NULL || step == NULL)
    return KILN_INVALID_ARGUMENT;
  context->card->timed = step;
  context->card->timed_user = user;
  kiln_status status = kiln_call(context, inputs, outputs, KILN_DEVICE_ALIGNMENT, run);
  context->card->timed = NULL;
  return status;
}

void kiln_describe_device(kiln_context *context) {
  kiln_device *device = &context->card->device;
  device->name = context->card->name;
  device->stream = context->card->stream;
  device->allocate = allocate;
  device->release = release;
  device->upload = upload;
  device->download = download;
  device->wait = wait;
  device->time = time_steps;
}

const kiln_device *kiln_device_of(const kiln_context *context) {
  return context && context->failed == KILN_OK && context->card ? &context->card->device : NULL;
}
