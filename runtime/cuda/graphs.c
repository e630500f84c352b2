/* What the card does between two things that the host does becomes a CUDA graph, built once: one launch in place of many. A run whose
 * inputs and outputs stand elsewhere than the last one's changes the nodes that refer to them.
 */
#include "runtime/cuda/card.h"

static bool on_card(const kiln_step *step) {
  return step->kind == KILN_STEP_LAUNCH || step->kind == KILN_STEP_ZERO || step->kind == KILN_STEP_COPY;
}

static CUDA_KERNEL_NODE_PARAMS launch_of(const kiln_card *card, const kiln_step *step) {
  return (CUDA_KERNEL_NODE_PARAMS){.func = card->functions[step->kernel],
                                   .gridDimX = step->grid[0],
                                   .gridDimY = step->grid[1],
                                   .gridDimZ = step->grid[2],
                                   .blockDimX = step->block[0],
                                   .blockDimY = step->block[1],
                                   .blockDimZ = step->block[2],
                                   .sharedMemBytes = step->shared,
                                   .kernelParams = card->parameters + step->first_argument};
}

/* By words where it can be: the card sets four bytes in the time of one. */
static CUDA_MEMSET_NODE_PARAMS zero_of(kiln_context *context, const kiln_step *step) {
  CUdeviceptr place = kiln_address(context->card, context, &step->place);
  unsigned element = (place | step->bytes) % 4 ? 1 : 4;
  return (CUDA_MEMSET_NODE_PARAMS){.dst = place, .elementSize = element, .width = step->bytes / element, .height = 1};
}

static CUDA_MEMCPY3D copy_of(kiln_context *context, const kiln_step *step) {
  const kiln_card *card = context->card;
  return (CUDA_MEMCPY3D){.srcMemoryType = CU_MEMORYTYPE_DEVICE,
                         .srcDevice = kiln_address(card, context, &step->source),
                         .srcPitch = step->bytes,
                         .srcHeight = 1,
                         .dstMemoryType = CU_MEMORYTYPE_DEVICE,
                         .dstDevice = kiln_address(card, context, &step->place),
                         .dstPitch = step->bytes,
                         .dstHeight = 1,
                         .WidthInBytes = step->bytes,
                         .Height = 1,
                         .Depth = 1};
}

/* The step as a node of its segment's graph, after the node before it; or, where the graph has it, with the addresses of today. */
static CUresult set_node(kiln_context *context, kiln_segment *segment, uint32_t index) {
  kiln_card *card = context->card;
  const kiln_driver *driver = &card->driver;
  const kiln_step *step = &card->model->steps[index];
  CUgraphNode *node = &card->nodes[index], *after = node - 1;
  size_t count = index > segment->first;
  bool known = segment->executable != NULL;
  switch ((kiln_step_kind)step->kind) {
  case KILN_STEP_LAUNCH: {
    CUDA_KERNEL_NODE_PARAMS launch = launch_of(card, step);
    return known ? driver->graph_set_kernel(segment->executable, *node, &launch)
                 : driver->graph_add_kernel(node, segment->graph, after, count, &launch);
  }
  case KILN_STEP_ZERO: {
    CUDA_MEMSET_NODE_PARAMS zero = zero_of(context, step);
    return known ? driver->graph_set_set(segment->executable, *node, &zero, card->primary)
                 : driver->graph_add_set(node, segment->graph, after, count, &zero, card->primary);
  }
  case KILN_STEP_COPY: {
    CUDA_MEMCPY3D copy = copy_of(context, step);
    return known ? driver->graph_set_copy(segment->executable, *node, &copy, card->primary)
                 : driver->graph_add_copy(node, segment->graph, after, count, &copy, card->primary);
  }
  default:
    return CUDA_SUCCESS;
  }
}

static kiln_status build(kiln_context *context, kiln_segment *segment) {
  kiln_card *card = context->card;
  CUresult error = card->driver.graph_create(&segment->graph, 0);
  for (uint32_t i = segment->first; i < segment->last && error == CUDA_SUCCESS; ++i)
    if ((error = set_node(context, segment, i)) != CUDA_SUCCESS)
      return kiln_card_fail(context, error, KILN_DEVICE_FAILED, "the graph does not take", card->model->steps[i].name);
  if (error == CUDA_SUCCESS)
    error = card->driver.graph_instantiate(&segment->executable, segment->graph, 0);
  if (error != CUDA_SUCCESS)
    segment->executable = NULL;
  else /* what the card keeps for it is taken now, not in the first run */
    error = card->driver.graph_upload(segment->executable, card->stream);
  if (error == CUDA_SUCCESS)
    return KILN_OK;
  return kiln_card_fail(context, error, KILN_DEVICE_FAILED, "no graph could be made from", card->model->steps[segment->first].name);
}

kiln_status kiln_build_graphs(kiln_context *context) {
  kiln_card *card = context->card;
  const kiln_device_model *model = card->model;
  for (uint32_t i = 0; i < model->argument_count; ++i)
    card->values[i] = kiln_address(card, context, &model->arguments[i]);
  kiln_status status = KILN_OK;
  for (uint32_t i = 0; i < model->step_count && status == KILN_OK; ++i) {
    if (!on_card(&model->steps[i]))
      continue;
    kiln_segment *segment = &card->segments[card->segment_count++];
    segment->first = i;
    while (i < model->step_count && on_card(&model->steps[i]))
      ++i;
    segment->last = i;
    if (segment->last - segment->first > 1)
      status = build(context, segment);
  }
  return status;
}

/* Whether a step refers to an input or output that has moved; its arguments are given their new addresses. */
static bool touched(kiln_context *context, const kiln_step *step, const CUdeviceptr *old) {
  kiln_card *card = context->card;
  bool changed = false;
  for (uint32_t i = 0; i < step->argument_count; ++i) {
    const kiln_place *argument = &card->model->arguments[step->first_argument + i];
    uint64_t value = kiln_address(card, context, argument);
    changed |= value != card->values[step->first_argument + i];
    card->values[step->first_argument + i] = value;
  }
  const kiln_place *places[] = {&step->place, &step->source};
  for (int i = 0; i < 2 && step->kind != KILN_STEP_LAUNCH; ++i) {
    int32_t inputs = context->model->info.input_count, index = (int32_t)places[i]->index;
    if (places[i]->base == KILN_PLACE_INPUT)
      changed |= card->bases[index] != old[index];
    else if (places[i]->base == KILN_PLACE_OUTPUT)
      changed |= card->bases[inputs + index] != old[inputs + index];
  }
  return changed;
}

/* A node takes new addresses of memory that was allocated as the old one was; for memory of another kind a graph is made anew. */
static kiln_status change(kiln_context *context, kiln_segment *segment, uint32_t index) {
  const kiln_driver *driver = &context->card->driver;
  CUresult error = set_node(context, segment, index);
  if (error == CUDA_SUCCESS)
    return KILN_OK;
  if (error != CUDA_ERROR_INVALID_VALUE && error != CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE)
    return kiln_card_fail(context, error, KILN_DEVICE_FAILED, "the graph does not take new addresses for",
                          context->card->model->steps[index].name);
  driver->graph_executable_destroy(segment->executable);
  driver->graph_destroy(segment->graph);
  segment->executable = NULL;
  segment->graph = NULL;
  return build(context, segment);
}

kiln_status kiln_rebind(kiln_context *context, const CUdeviceptr *bases) {
  kiln_card *card = context->card;
  int32_t count = context->model->info.input_count + context->model->info.output_count;
  bool same = true;
  for (int32_t i = 0; i < count; ++i) {
    card->previous[i] = card->bases[i];
    same &= card->bases[i] == bases[i];
    card->bases[i] = bases[i];
  }
  if (same)
    return KILN_OK;
  for (uint32_t s = 0; s < card->segment_count; ++s)
    for (uint32_t i = card->segments[s].first; i < card->segments[s].last; ++i) {
      if (!touched(context, &card->model->steps[i], card->previous) || card->segments[s].executable == NULL)
        continue;
      kiln_status status = change(context, &card->segments[s], i);
      if (status)
        return status;
    }
  return KILN_OK;
}
