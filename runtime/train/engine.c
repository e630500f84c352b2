/* In: a compiled model's functions. Out: runs of it, with errors as sentences. */
#include "runtime/train/engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

kiln_engine kiln_engine_step(void) {
  return (kiln_engine){.info = kiln_step_info(),
                       .create = kiln_step_create,
                       .run = kiln_step_run,
                       .message = kiln_step_message,
                       .destroy = kiln_step_destroy,
                       .device_of = kiln_step_device};
}

kiln_engine kiln_engine_evaluate(void) {
  return (kiln_engine){.info = kiln_evaluate_info(),
                       .create = kiln_evaluate_create,
                       .run = kiln_evaluate_run,
                       .message = kiln_evaluate_message,
                       .destroy = kiln_evaluate_destroy,
                       .device_of = kiln_evaluate_device};
}

static kiln_tensor *tensors(const kiln_tensor_info *infos, int32_t count) {
  kiln_tensor *result = calloc((size_t)count + 1, sizeof *result);
  for (int32_t i = 0; result && i < count; ++i) {
    result[i].dtype = infos[i].dtype;
    result[i].rank = infos[i].rank;
    memcpy(result[i].shape, infos[i].shape, sizeof infos[i].shape);
  }
  return result;
}

/* What the other engine reads and writes and this one reads, a state, has one place on their card: the other's. */
static void **shared(const kiln_engine *engine, const kiln_engine *beside) {
  const kiln_model_info *info = engine->info;
  void **places = calloc((size_t)info->input_count + (size_t)info->output_count + 1, sizeof *places);
  for (int32_t i = 0; places && i < info->input_count; ++i) {
    const char *name = info->inputs[i].name;
    if (kiln_engine_output(beside, name) >= 0 && kiln_engine_input(beside, name) >= 0)
      places[i] = beside->device->place(beside->context, kiln_engine_input(beside, name));
  }
  return places;
}

bool kiln_engine_open(kiln_engine *engine, const kiln_engine *beside, int32_t threads, kiln_error *error) {
  kiln_options options = {.size = sizeof options, .threads = threads};
  void **places = NULL;
  if (beside && beside->device) {
    options.device_number = beside->device->number;
    options.device_tensors = places = shared(engine, beside);
  } else if (beside) {
    options.processor = KILN_ON_CPU;
  }
  kiln_status status = engine->create(&options, &engine->context);
  free(places);
  if (status != KILN_OK)
    return kiln_error_set(error, "%s", engine->message(engine->context));
  if (engine->message(engine->context)[0]) /* that it runs on the CPU for want of a card */
    fprintf(stderr, "%s\n", engine->message(engine->context));
  engine->device = engine->device_of ? engine->device_of(engine->context) : NULL;
  engine->inputs = tensors(engine->info->inputs, engine->info->input_count);
  engine->outputs = tensors(engine->info->outputs, engine->info->output_count);
  return (engine->inputs && engine->outputs) || kiln_error_set(error, "no memory for the model's inputs and outputs");
}

bool kiln_engine_run(kiln_engine *engine, kiln_error *error) {
  if (engine->run(engine->context, engine->inputs, engine->outputs) == KILN_OK)
    return true;
  return kiln_error_set(error, "%s", engine->message(engine->context));
}

void kiln_engine_close(kiln_engine *engine) {
  if (engine->context)
    engine->destroy(engine->context);
  free(engine->inputs);
  free(engine->outputs);
  engine->context = NULL;
  engine->device = NULL;
  engine->inputs = engine->outputs = NULL;
}

static int32_t find(const kiln_tensor_info *infos, int32_t count, const char *name) {
  for (int32_t i = 0; i < count; ++i)
    if (strcmp(infos[i].name, name) == 0)
      return i;
  return -1;
}

int32_t kiln_engine_input(const kiln_engine *engine, const char *name) {
  return find(engine->info->inputs, engine->info->input_count, name);
}
int32_t kiln_engine_output(const kiln_engine *engine, const char *name) {
  return find(engine->info->outputs, engine->info->output_count, name);
}

void kiln_engine_set_input(kiln_engine *engine, const char *name, void *data) {
  int32_t place = kiln_engine_input(engine, name);
  if (place >= 0 && engine->inputs)
    engine->inputs[place].data = data;
}

void kiln_engine_set_output(kiln_engine *engine, const char *name, void *data) {
  int32_t place = kiln_engine_output(engine, name);
  if (place >= 0 && engine->outputs)
    engine->outputs[place].data = data;
}

bool kiln_engine_leave_output(kiln_engine *engine, int32_t output, kiln_error *error) {
  int32_t tensor = engine->info->input_count + output;
  return engine->device == NULL ||
         engine->device->bind(engine->context, tensor, engine->device->place(engine->context, tensor)) == KILN_OK ||
         kiln_error_set(error, "%s", engine->message(engine->context));
}
