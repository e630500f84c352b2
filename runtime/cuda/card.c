/* Takes a card for a context, and gives it back. Create: driver, card, kernels (which show whether the card will do), memory, weights,
 * graphs, in this order; what was taken before a step that fails, destroy gives back.
 *
 * The card's memory is one piece: | arena | weights | slot of each input | of each output |, each at a multiple of 256. An output that is
 * tied to an input has that input's slot.
 */
#include "runtime/cuda/card.h"
#include "runtime/core/tensor.h"
#include <string.h>

enum { LINE = 256 };

static uint64_t aligned(uint64_t bytes) { return (bytes + LINE - 1) & ~(uint64_t)(LINE - 1); }

kiln_status kiln_make_current(kiln_context *context) {
  kiln_card *card = context->card;
  CUresult error = card->lost ? card->lost : card->driver.context_push(card->primary);
  card->current = error == CUDA_SUCCESS;
  return error ? kiln_card_fail(context, error, KILN_DEVICE_FAILED, "lost to", context->model->info.name) : KILN_OK;
}

void kiln_end_current(kiln_context *context) {
  CUcontext popped;
  context->card->driver.context_pop(&popped);
  context->card->current = false;
}

/* Piece by piece, the host's memory of a card: counts when there is none yet. */
static void *carve(uint8_t *base, size_t *used, size_t count, size_t size) {
  void *piece = base ? base + *used : NULL;
  *used += KILN_ALIGN(count * size);
  return piece;
}

static size_t lay_out(kiln_card *card, const kiln_context *context, uint8_t *base) {
  const kiln_device_model *model = context->model->device;
  const kiln_model_info *info = &context->model->info;
  size_t tensors = (size_t)info->input_count + (size_t)info->output_count, used = 0;
  kiln_card unused, *at = card ? card : &unused;
  carve(base, &used, 1, sizeof *card);
  at->slots = carve(base, &used, tensors, sizeof *at->slots);
  at->bases = carve(base, &used, tensors, sizeof *at->bases);
  at->previous = carve(base, &used, tensors, sizeof *at->previous);
  at->given = carve(base, &used, tensors, sizeof *at->given);
  at->bound = carve(base, &used, tensors, sizeof *at->bound);
  at->mirrors = carve(base, &used, tensors, sizeof *at->mirrors);
  at->modules = carve(base, &used, model->kernel_count, sizeof *at->modules);
  at->functions = carve(base, &used, model->kernel_count, sizeof *at->functions);
  at->values = carve(base, &used, model->argument_count, sizeof *at->values);
  at->parameters = carve(base, &used, model->argument_count, sizeof *at->parameters);
  at->nodes = carve(base, &used, model->step_count, sizeof *at->nodes);
  at->segments = carve(base, &used, model->step_count, sizeof *at->segments);
  for (size_t i = 0; i < tensors; ++i) {
    bool input = i < (size_t)info->input_count;
    const kiln_tensor_info *tensor = input ? &info->inputs[i] : &info->outputs[i - (size_t)info->input_count];
    int sides = input ? model->input_sides[i] : model->output_sides[i - (size_t)info->input_count];
    if ((sides & (KILN_SIDE_HOST | KILN_SIDE_HOST_LAST)) == 0)
      continue;
    void *mirror = carve(base, &used, kiln_tensor_bytes(tensor), 1);
    if (base)
      at->mirrors[i] = mirror;
  }
  return used;
}

static kiln_status take_host_memory(kiln_context *context) {
  size_t bytes = lay_out(NULL, context, NULL);
  uint8_t *memory = kiln_obtain(&context->options, bytes, 64);
  if (memory == NULL)
    return kiln_fail(context, KILN_OUT_OF_MEMORY, "no memory for the tables of a card");
  memset(memory, 0, bytes);
  kiln_card *card = context->card = (kiln_card *)memory;
  lay_out(card, context, memory);
  card->model = context->model->device;
  for (uint32_t i = 0; i < card->model->argument_count; ++i)
    card->parameters[i] = &card->values[i];
  return KILN_OK;
}

static kiln_status choose_card(kiln_context *context) {
  kiln_card *card = context->card;
  const kiln_driver *driver = &card->driver;
  int count = 0, major = 0, minor = 0, number = context->options.device_number;
  char text[KILN_DRIVER_ERROR];
  CUresult error = driver->device_count(&count);
  if (error || count < 1)
    return kiln_fail(context, KILN_NO_DEVICE, "the CUDA driver finds no card: %s",
                     kiln_driver_error(driver, error ? error : CUDA_ERROR_NO_DEVICE, text));
  if (number < 0 || number >= count)
    return kiln_fail(context, KILN_NO_DEVICE, "expected a card from 0 to %d, found %d", count - 1, number);
  error = driver->device_get(&card->number, number);
  error = error ? error : driver->device_name(card->name, sizeof card->name, card->number);
  error = error ? error : driver->device_attribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, card->number);
  error = error ? error : driver->device_attribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, card->number);
  card->device.number = number;
  card->device.capability = major * 10 + minor;
  error = error ? error : driver->context_retain(&card->primary, card->number);
  if (error)
    return kiln_card_fail(context, error, KILN_NO_DEVICE, "cannot be used by", context->model->info.name);
  card->retained = true;
  error = driver->context_push(card->primary);
  if (error)
    return kiln_card_fail(context, error, KILN_NO_DEVICE, "cannot be used by", context->model->info.name);
  card->current = true;
  return KILN_OK;
}

static kiln_status take_stream(kiln_context *context) {
  kiln_card *card = context->card;
  card->stream = context->options.device_stream;
  CUresult error = CUDA_SUCCESS;
  if (card->stream == NULL) {
    error = card->driver.stream_create(&card->stream, CU_STREAM_NON_BLOCKING);
    card->owns_stream = error == CUDA_SUCCESS;
  }
  error = error ? error : card->driver.event_create(&card->before, 0);
  error = error ? error : card->driver.event_create(&card->after, 0);
  return error ? kiln_card_fail(context, error, KILN_DEVICE_FAILED, "has no stream or event for", context->model->info.name)
               : KILN_OK;
}

/* The memory that the caller brought, which the context needs none of its own for. */
static kiln_status take_given(kiln_context *context) {
  const kiln_model_info *info = &context->model->info;
  void *const *given = context->options.device_tensors;
  for (int32_t i = 0; given && i < info->input_count + info->output_count; ++i) {
    if ((uintptr_t)given[i] % KILN_DEVICE_ALIGNMENT)
      return kiln_fail(context, KILN_INVALID_ARGUMENT, "options.device_tensors: expected memory aligned to %d, found %p",
                       KILN_DEVICE_ALIGNMENT, given[i]);
    context->card->bound[i] = (uintptr_t)given[i];
  }
  return KILN_OK;
}

static kiln_status take_card_memory(kiln_context *context) {
  kiln_card *card = context->card;
  const kiln_device_model *model = card->model;
  const kiln_model_info *info = &context->model->info;
  uint64_t weights = aligned(model->arena_size), total = weights + aligned(model->weights_end - model->weights_begin);
  for (int32_t i = 0; i < info->input_count + info->output_count; ++i) {
    bool input = i < info->input_count;
    int32_t output = i - info->input_count, tied = !input && info->tied ? info->tied[output] : -1;
    if (kiln_home(card, context, i))
      continue;
    if (tied >= 0 && card->slots[tied]) {
      card->slots[i] = card->slots[tied];
    } else if (kiln_used(card, context, i)) { /* offsets; +1: 0 is none */
      card->slots[i] = total + 1;
      total += aligned(kiln_tensor_bytes(input ? &info->inputs[i] : &info->outputs[output]));
    }
  }
  card->device.memory = total;
  CUresult error = card->driver.memory_allocate(&card->memory, total ? total : LINE);
  if (error) {
    card->memory = 0;
    char text[KILN_DRIVER_ERROR];
    return kiln_fail(context, error == CUDA_ERROR_OUT_OF_MEMORY ? KILN_OUT_OF_MEMORY : KILN_DEVICE_FAILED,
                     "card %d (%.60s) has no memory for %llu bytes: %s", card->device.number, card->name, (unsigned long long)total,
                     kiln_driver_error(&card->driver, error, text));
  }
  card->arena = card->memory;
  card->weights = card->memory + weights - model->weights_begin;
  for (int32_t i = 0; i < info->input_count + info->output_count; ++i) {
    card->slots[i] = card->slots[i] ? card->memory + card->slots[i] - 1 : 0;
    card->bases[i] = card->slots[i] ? card->slots[i] : kiln_home(card, context, i);
  }
  return KILN_OK;
}

static kiln_status upload_weights(kiln_context *context) {
  kiln_card *card = context->card;
  uint64_t begin = card->model->weights_begin, bytes = card->model->weights_end - begin;
  if (bytes == 0)
    return KILN_OK;
  CUresult error = card->driver.copy_to_device(card->weights + begin, context->weights + begin, bytes, card->stream);
  error = error ? error : card->driver.stream_synchronize(card->stream);
  return error ? kiln_card_fail(context, error, KILN_DEVICE_FAILED, "cannot copy the weights of", context->model->info.name)
               : KILN_OK;
}

static kiln_status create(kiln_context *context) {
  kiln_status status = take_host_memory(context);
  status = status ? status : kiln_open_driver(context, &context->card->driver);
  status = status ? status : choose_card(context);
  status = status ? status : kiln_load_kernels(context);
  status = status ? status : take_stream(context);
  status = status ? status : take_given(context);
  status = status ? status : take_card_memory(context);
  status = status ? status : upload_weights(context);
  status = status ? status : kiln_build_graphs(context);
  if (status)
    return status;
  kiln_end_current(context);
  kiln_describe_device(context);
  return KILN_OK;
}

static void destroy(kiln_context *context) {
  kiln_card *card = context->card;
  const kiln_driver *driver = &card->driver;
  if (card->retained) {
    if (!card->current)
      card->current = driver->context_push(card->primary) == CUDA_SUCCESS;
    if (card->stream)
      driver->stream_synchronize(card->stream);
    for (uint32_t i = 0; i < card->segment_count; ++i) {
      if (card->segments[i].executable)
        driver->graph_executable_destroy(card->segments[i].executable);
      if (card->segments[i].graph)
        driver->graph_destroy(card->segments[i].graph);
    }
    if (card->memory)
      driver->memory_free(card->memory);
    for (uint32_t i = 0; i < card->model->kernel_count; ++i)
      if (card->modules[i])
        driver->module_unload(card->modules[i]);
    if (card->before)
      driver->event_destroy(card->before);
    if (card->after)
      driver->event_destroy(card->after);
    if (card->owns_stream)
      driver->stream_destroy(card->stream);
    if (card->current)
      kiln_end_current(context);
    driver->context_release(card->number);
  }
  kiln_close_driver(&card->driver);
  kiln_release(&context->options, card);
  context->card = NULL;
}

static kiln_status run(kiln_context *context) {
  kiln_status status = kiln_make_current(context);
  if (status)
    return status;
  status = kiln_run_with_host_pointers(context);
  kiln_end_current(context);
  return status;
}

const kiln_device_runtime kiln_cuda = {.create = create, .run = run, .destroy = destroy};
