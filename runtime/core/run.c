/* One run: the caller's tensors are held against the model's, and the program runs with the addresses of their data. */
#include "runtime/core/context.h"
#include "runtime/core/tensor.h"
#include "runtime/cuda/device.h"

static kiln_status check_tensor(kiln_context *context, const char *kind, const kiln_tensor_info *info, const kiln_tensor *tensor,
                                int32_t alignment) {
  int32_t size = kiln_dtype_size(info->dtype);
  alignment = alignment > size ? alignment : size;
  bool same = tensor->dtype == info->dtype && tensor->rank == info->rank;
  for (int32_t i = 0; same && i < info->rank; ++i)
    same = tensor->shape[i] == info->shape[i];
  if (!same) {
    char expected[KILN_DESCRIPTION], found[KILN_DESCRIPTION];
    kiln_describe(expected, info->dtype, info->rank, info->shape);
    kiln_describe(found, tensor->dtype, tensor->rank > KILN_MAX_RANK ? -1 : tensor->rank, tensor->shape);
    return kiln_fail(context, KILN_INVALID_ARGUMENT, "%s '%.100s': expected %s, found %s", kind, info->name, expected, found);
  }
  if (tensor->data == NULL && kiln_elements(info->rank, info->shape) != 0)
    return kiln_fail(context, KILN_INVALID_ARGUMENT, "%s '%.100s': expected data, found NULL", kind, info->name);
  if ((uintptr_t)tensor->data % (uintptr_t)alignment)
    return kiln_fail(context, KILN_INVALID_ARGUMENT, "%s '%.100s': expected data aligned to %d, found %p", kind, info->name,
                     alignment, tensor->data);
  return KILN_OK;
}

static bool overlap(const kiln_tensor_info *one, const void *one_data, const kiln_tensor_info *other, const void *other_data) {
  uint64_t a = (uintptr_t)one_data, a_size = kiln_tensor_bytes(one);
  uint64_t b = (uintptr_t)other_data, b_size = kiln_tensor_bytes(other);
  return a_size && b_size && a < b + b_size && b < a + a_size;
}

/* Kernels read inputs until late in a run, so no output may lie on an input or on another output, but exactly on the one it is tied to. */
static kiln_status check_overlaps(kiln_context *context) {
  const kiln_model_info *info = &context->model->info;
  for (int32_t i = 0; i < info->output_count; ++i)
    for (int32_t j = 0; j < info->input_count + i; ++j) {
      bool input = j < info->input_count;
      const kiln_tensor_info *other = input ? &info->inputs[j] : &info->outputs[j - info->input_count];
      if (input && info->tied != NULL && info->tied[i] == j && context->pointers[info->input_count + i] == context->pointers[j])
        continue;
      if (overlap(&info->outputs[i], context->pointers[info->input_count + i], other, context->pointers[j]))
        return kiln_fail(context, KILN_INVALID_ARGUMENT, "output '%.100s': expected memory of its own, found that of %s '%.100s'",
                         info->outputs[i].name, input ? "input" : "output", other->name);
    }
  return KILN_OK;
}

static kiln_status check_call(kiln_context *context, const kiln_tensor *inputs, const kiln_tensor *outputs, int32_t alignment) {
  const kiln_model_info *info = &context->model->info;
  if ((inputs == NULL && info->input_count) || (outputs == NULL && info->output_count))
    return kiln_fail(context, KILN_INVALID_ARGUMENT, "expected %d inputs and %d outputs, found NULL", info->input_count,
                     info->output_count);
  for (int32_t i = 0; i < info->input_count + info->output_count; ++i) {
    bool input = i < info->input_count;
    const kiln_tensor *tensor = input ? &inputs[i] : &outputs[i - info->input_count];
    kiln_status status = check_tensor(context, input ? "input" : "output",
                                      input ? &info->inputs[i] : &info->outputs[i - info->input_count], tensor, alignment);
    if (status)
      return status;
    context->pointers[i] = tensor->data;
  }
  return check_overlaps(context);
}

kiln_status kiln_run_program(kiln_context *context, kiln_program program) {
  const kiln_frame frame = {.arena = context->workspace,
                            .weights = context->weights,
                            .inputs = context->pointers,
                            .outputs = context->pointers + context->model->info.input_count,
                            .context = context};
  atomic_store_explicit(&context->fault, KILN_OK, memory_order_relaxed);
  kiln_status status = program(&frame);
  kiln_status fault = (kiln_status)atomic_load_explicit(&context->fault, memory_order_relaxed);
  if (status == KILN_OK) /* kernels do not look at what their parallel loops answer */
    status = fault;
  if (status == KILN_OK)
    return KILN_OK;
  kiln_reset_scratch(context);
  if (context->message[0])
    return status;
  return kiln_fail(context, status, "%s",
                   fault == KILN_OUT_OF_MEMORY      ? "no memory for a kernel's scratch"
                   : fault == KILN_INVALID_ARGUMENT ? "options.parallel: expected tasks and workers in range, found others"
                                                    : "the program failed");
}

kiln_status kiln_enter(kiln_context *context) {
  if (context == NULL)
    return KILN_INVALID_ARGUMENT;
  if (!atomic_exchange_explicit(&context->busy, true, memory_order_acquire))
    return KILN_OK;
  if (context->options.error) /* the message belongs to the thread inside */
    context->options.error(context->options.user, KILN_BUSY, "another thread is inside this context");
  return KILN_BUSY;
}

void kiln_leave(kiln_context *context) { atomic_store_explicit(&context->busy, false, memory_order_release); }

kiln_status kiln_call(kiln_context *context, const kiln_tensor *inputs, const kiln_tensor *outputs, int32_t alignment,
                      kiln_status (*run)(kiln_context *context)) {
  kiln_status status = kiln_enter(context);
  if (status)
    return status;
  status = context->failed;
  if (status == KILN_OK) {
    context->message[0] = 0;
    status = check_call(context, inputs, outputs, alignment);
    if (status == KILN_OK)
      status = run(context);
  }
  kiln_leave(context);
  return status;
}

static kiln_status run_here(kiln_context *context) {
  return context->card ? context->model->device->runtime->run(context) : kiln_run_program(context, context->model->run);
}

kiln_status kiln_run(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs) {
  return kiln_call(context, inputs, outputs, 1, run_here);
}
