/* In: a state on the host, and a model that may run on a card. Out: the state on the card, where each step updates it in place: it goes up
 * once, and comes back only when the host must see it. */
#include "runtime/train/state.h"

static bool failed(const kiln_engine *engine, kiln_error *error) {
  return kiln_error_set(error, "%s", engine->message(engine->context));
}

/* Into the step's own memory for it. A region that the card has no use for stays on the host. */
static bool settle(kiln_region *region, const kiln_engine *step, kiln_error *error) {
  const kiln_device *device = step->device;
  int32_t place = kiln_engine_input(step, region->name);
  size_t bytes = (size_t)region->count * sizeof(float);
  void *memory = bytes ? device->place(step->context, place) : NULL;
  if (memory == NULL)
    return true;
  region->card = memory;
  return (device->bind(step->context, place, memory) == KILN_OK &&
          device->upload(step->context, memory, region->data, bytes) == KILN_OK) ||
         failed(step, error);
}

bool kiln_state_settle(kiln_state *state, const kiln_engine *step, kiln_error *error) {
  if (step->device == NULL)
    return true;
  state->engine = step;
  for (int32_t i = 0; i < state->region_count; ++i)
    if (!settle(&state->regions[i], step, error))
      return false;
  return step->device->wait(step->context) == KILN_OK || failed(step, error); /* the models' streams know nothing of each other */
}

bool kiln_state_fetch(kiln_state *state, kiln_error *error) {
  const kiln_engine *engine = state->engine;
  for (int32_t i = 0; state->ahead && i < state->region_count; ++i) {
    const kiln_region *region = &state->regions[i];
    if (region->card &&
        engine->device->download(engine->context, region->data, region->card, (size_t)region->count * sizeof(float)) != KILN_OK)
      return failed(engine, error);
  }
  state->ahead = false;
  return true;
}
