/* One run on the card: tensors are brought to where the model's steps find them, the steps are queued, and what they made is brought back.
 *
 * A tensor is the caller's, in the host's memory, and is copied to and from the card's slot for it where steps use that; or it stands on the
 * card (all do in a run with device pointers, and in one with host pointers those that are bound), and what steps use of it on the host is
 * mirrored there.
 */
#include "runtime/core/tensor.h"
#include "runtime/cuda/card.h"

static const kiln_tensor_info *tensor_of(const kiln_model_info *info, int32_t i) {
  return i < info->input_count ? &info->inputs[i] : &info->outputs[i - info->input_count];
}

static kiln_status copy(kiln_context *context, int32_t i, bool up, bool is_callers) {
  kiln_card *card = context->card;
  const kiln_model_info *info = &context->model->info;
  const kiln_tensor_info *tensor = tensor_of(info, i);
  size_t bytes = kiln_tensor_bytes(tensor);
  if (bytes == 0)
    return KILN_OK;
  card->copies = true;
  CUresult error = up ? card->driver.copy_to_device(card->bases[i], context->pointers[i], bytes, card->stream)
                      : card->driver.copy_to_host(context->pointers[i], card->bases[i], bytes, card->stream);
  if (error == CUDA_SUCCESS)
    return KILN_OK;
  const char *what = i < info->input_count ? "cannot copy input" : "cannot copy output";
  return is_callers ? kiln_card_fail(context, error, KILN_DEVICE_FAILED, what, tensor->name)
                    : kiln_card_lost(context, error, what, tensor->name);
}

/* `all`: every tensor stands on the card. Its address may be wrong then, which is no fault of the card's. */
static kiln_status run(kiln_context *context, bool all) {
  kiln_card *card = context->card;
  const kiln_device_model *model = card->model;
  int32_t inputs = context->model->info.input_count, count = inputs + context->model->info.output_count;
  for (int32_t i = 0; i < count; ++i) {
    CUdeviceptr there = all ? (uintptr_t)context->pointers[i] : kiln_home(card, context, i);
    card->given[i] = there ? there : card->slots[i];
    if (there || all)
      context->pointers[i] = card->mirrors[i];
  }
  kiln_status status = kiln_rebind(context, card->given);
  for (int32_t i = 0; i < inputs && status == KILN_OK; ++i) {
    bool there = all || kiln_home(card, context, i);
    if (there ? model->input_sides[i] & KILN_SIDE_HOST : card->slots[i] != 0)
      status = copy(context, i, !there, all);
  }
  status = status ? status : kiln_run_steps(context);
  for (int32_t i = inputs; i < count && status == KILN_OK; ++i) {
    bool there = all || kiln_home(card, context, i), on_host = model->output_sides[i - inputs] & KILN_SIDE_HOST_LAST;
    if (there == on_host)
      status = copy(context, i, there, all);
  }
  return status;
}

kiln_status kiln_run_with_device_pointers(kiln_context *context) { return run(context, true); }

kiln_status kiln_run_with_host_pointers(kiln_context *context) {
  kiln_status status = run(context, false);
  if (status == KILN_OK)
    return kiln_card_wait(context);
  context->card->driver.stream_synchronize(
      context->card->stream); /* the caller's memory is the caller's again: nothing queued may touch it */
  return status;
}
