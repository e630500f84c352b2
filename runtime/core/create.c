/* Makes and ends a context: options are read, the processor asked, workspace placed, weights opened, a card taken, workers started, in this
 * order.
 * A step that fails leaves its status and message in the context, and what the earlier steps took is given back by kiln_destroy. */
#include "runtime/core/context.h"
#include "runtime/cuda/device.h"
#include <string.h>
#include <sys/mman.h>

/* The caller's options by this header's struct: an older caller's ends earlier, a newer one's may end later, but only in zeros. */
static bool copy_options(kiln_options *options, const kiln_options *given) {
  if (given == NULL)
    return true;
  size_t size = given->size ? given->size : sizeof *given;
  memcpy(options, given, size < sizeof *given ? size : sizeof *given);
  for (size_t i = sizeof *given; i < size; ++i)
    if (((const char *)given)[i])
      return false;
  return true;
}

static kiln_status take_memory(kiln_context *context) {
  const kiln_model_info *info = &context->model->info;
  size_t others = (size_t)(context->pool.threads - 1) * sizeof(kiln_worker);
  size_t pointers = (size_t)(info->input_count + info->output_count + 1) * sizeof(void *);
  context->pointers = kiln_obtain(&context->options, pointers, 64);
  context->others = others ? kiln_obtain(&context->options, others, 64) : NULL;
  if (context->others) /* at once: kiln_destroy looks at them */
    memset(context->others, 0, others);
  if (context->pointers == NULL || (others && context->others == NULL))
    return kiln_fail(context, KILN_OUT_OF_MEMORY, "no memory for %d threads", context->pool.threads);
  for (int32_t i = 0; i < context->pool.threads; ++i) {
    kiln_worker_at(context, i)->context = context;
    kiln_worker_at(context, i)->index = i;
  }
  kiln_reset_scratch(context);
  return KILN_OK;
}

static kiln_status build(kiln_context *context, bool known_options, bool whole_allocator) {
  if (!known_options)
    return kiln_fail(context, KILN_INVALID_ARGUMENT,
                     "options.size: expected %zu, found %zu with fields set that this model does not know", sizeof(kiln_options),
                     context->options.size);
  if (!whole_allocator)
    return kiln_fail(context, KILN_INVALID_ARGUMENT, "options.allocate and options.release: expected both or neither, found one");
  kiln_status status = kiln_check_processor(context);
  status = status ? status : kiln_choose_threads(context);
  status = status ? status : take_memory(context);
  status = status ? status : kiln_place_workspace(context);
  status = status ? status : kiln_open_weights(context);
  status = status ? status : kiln_choose_device(context);
  return status ? status : kiln_start_workers(context);
}

kiln_status kiln_create(const kiln_model *model, const kiln_options *given, kiln_context **result) {
  if (result == NULL)
    return KILN_INVALID_ARGUMENT;
  *result = NULL;
  kiln_options options = {0};
  bool known_options = copy_options(&options, given);
  bool whole_allocator = (options.allocate == NULL) == (options.release == NULL);
  if (!known_options || !whole_allocator)
    options.allocate = NULL, options.release = NULL;
  kiln_context *context = kiln_obtain(&options, sizeof *context, 64);
  if (context == NULL) {
    if (options.error)
      options.error(options.user, KILN_OUT_OF_MEMORY, "no memory for a context");
    return KILN_OUT_OF_MEMORY;
  }
  memset(context, 0, sizeof *context);
  context->model = model;
  context->options = options;
  context->failed = build(context, known_options, whole_allocator);
  *result = context;
  return context->failed;
}

void kiln_destroy(kiln_context *context) {
  if (context == NULL)
    return;
  kiln_options options = context->options;
  kiln_stop_workers(context);
  if (context->card)
    context->model->device->runtime->destroy(context);
  if (context->mapping)
    munmap(context->mapping, context->mapping_size);
  if (context->owns_workspace)
    kiln_release(&options, context->workspace);
  kiln_release(&options, context->pointers);
  kiln_release(&options, context->others);
  kiln_release(&options, context);
}
