/* Where a context runs: on a card, through the runtime that the model's device names, or on the CPU. */
#include "runtime/cuda/device.h"
#include "runtime/core/context.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* KILN_DEVICE, for whom the options leave the choice. */
static kiln_status read_environment(kiln_context *context) {
  kiln_options *options = &context->options;
  const char *text = getenv("KILN_DEVICE");
  if (options->processor != KILN_ON_ANY || text == NULL || text[0] == 0)
    return KILN_OK;
  int number = options->device_number, used = 0;
  if (strcmp(text, "cpu") == 0)
    options->processor = KILN_ON_CPU;
  else if (strcmp(text, "cuda") == 0 || (sscanf(text, "cuda:%6d%n", &number, &used) == 1 && text[used] == 0 && number >= 0))
    options->processor = KILN_ON_CUDA;
  else
    return kiln_fail(context, KILN_INVALID_ARGUMENT, "KILN_DEVICE: expected cpu, cuda or cuda:NUMBER, found '%.60s'", text);
  options->device_number = number;
  return KILN_OK;
}

/* The message without the model's name that it begins with. */
static void keep_reason(const kiln_context *context, char reason[400]) {
  size_t name = strnlen(context->model->info.name, 100) + 2;
  snprintf(reason, 400, "%s", context->message + (strlen(context->message) > name ? name : 0));
}

kiln_status kiln_choose_device(kiln_context *context) {
  const kiln_model *model = context->model;
  if (model->device == NULL)
    return context->options.processor == KILN_ON_CUDA
               ? kiln_fail(context, KILN_NO_DEVICE, "options.processor: this model was compiled for the CPU alone")
               : KILN_OK;
  kiln_status status = read_environment(context);
  if (status)
    return status;
  if (context->options.processor == KILN_ON_CPU)
    return model->run
               ? KILN_OK
               : kiln_fail(context, KILN_INVALID_ARGUMENT, "expected to run on a card: this model has no program for the CPU");
  void (*error)(void *, kiln_status, const char *) = context->options.error;
  context->options.error = NULL; /* told below, once */
  status = model->device->runtime->create(context);
  if (status && context->card)
    model->device->runtime->destroy(context);
  context->options.error = error;
  if (status == KILN_OK)
    return KILN_OK;
  char reason[400];
  keep_reason(context, reason);
  if (context->options.processor == KILN_ON_CUDA || model->run == NULL)
    return kiln_fail(context, status, "%s", reason);
  kiln_fail(context, status, "runs on the CPU: %s", reason);
  return KILN_OK;
}
