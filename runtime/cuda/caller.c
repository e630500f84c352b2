/* What a caller who keeps tensors on the card uses: runs with device pointers, the card's memory, and the time of each step. */
#include "runtime/cuda/card.h"

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

static void *place(const kiln_context *context, int32_t tensor) {
  const kiln_model_info *info = &context->model->info;
  bool known = context->card && tensor >= 0 && tensor < info->input_count + info->output_count;
  if (!known)
    return NULL;
  CUdeviceptr slot = context->card->slots[tensor];
  return (void *)(uintptr_t)(slot ? slot : kiln_home(context->card, context, tensor));
}

static kiln_status bind(kiln_context *context, int32_t tensor, void *memory) {
  kiln_status status = enter(context);
  if (status)
    return status;
  const kiln_model_info *info = &context->model->info;
  int32_t count = info->input_count + info->output_count;
  if (tensor < 0 || tensor >= count)
    return leave(context, kiln_fail(context, KILN_INVALID_ARGUMENT, "expected a tensor from 0 to %d, found %d", count - 1, tensor));
  if ((uintptr_t)memory % KILN_DEVICE_ALIGNMENT)
    return leave(context, kiln_fail(context, KILN_INVALID_ARGUMENT, "expected memory aligned to %d, found %p",
                                    KILN_DEVICE_ALIGNMENT, memory));
  if (memory == NULL && context->card->slots[tensor] == 0 && kiln_used(context->card, context, tensor))
    return leave(context, kiln_fail(context, KILN_INVALID_ARGUMENT,
                                    "tensor %d: expected memory, for the context has none of its own", tensor));
  context->card->bound[tensor] = (uintptr_t)memory;
  return leave(context, KILN_OK);
}

/* Under kiln_call: the caller's pointers stand in context->pointers, checked. */
static kiln_status run(kiln_context *context) {
  if (context->card == NULL)
    return kiln_fail(context, KILN_NO_DEVICE, "this context runs on the CPU: expected one that runs on a card");
  kiln_status status = kiln_make_current(context);
  if (status)
    return status;
  status = kiln_run_with_device_pointers(context);
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
  device->place = place;
  device->bind = bind;
  device->time = time_steps;
}

const kiln_device *kiln_device_of(const kiln_context *context) {
  return context && context->failed == KILN_OK && context->card ? &context->card->device : NULL;
}
