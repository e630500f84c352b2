/* In: the step's description and the checkpoint zero. Out: regions in memory, with names for their parts. */
#include "runtime/train/state.h"
#include "runtime/core/tensor.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool open_regions(kiln_state *state, const kiln_engine *step, kiln_error *error) {
  for (int32_t i = 0; i < step->info->input_count; ++i) {
    const kiln_tensor_info *input = &step->info->inputs[i];
    if (kiln_engine_output(step, input->name) < 0)
      continue;
    if (state->region_count == KILN_MAX_REGIONS || input->dtype != KILN_F32)
      return kiln_error_set(error, "the step's '%s': expected at most %d regions of float32", input->name, KILN_MAX_REGIONS);
    kiln_region *region = &state->regions[state->region_count++];
    void *memory = NULL;
    *region = (kiln_region){.name = input->name, .count = kiln_elements(input->rank, input->shape)};
    size_t bytes = (size_t)region->count * sizeof(float);
    if (posix_memalign(&memory, 64, bytes ? bytes : 64) != 0)
      return kiln_error_set(error, "no memory for '%s' of %lld elements", region->name, (long long)region->count);
    memset(memory, 0, bytes);
    region->data = memory;
  }
  return true;
}

kiln_region *kiln_state_region(kiln_state *state, const char *name) {
  for (int32_t i = 0; i < state->region_count; ++i)
    if (strcmp(state->regions[i].name, name) == 0)
      return &state->regions[i];
  return NULL;
}

/* The names in a JSON array of the metadata, one after another in the region. */
static bool open_parts(kiln_state *state, const kiln_safetensors *zero, const char *key, const char *name, kiln_error *error) {
  kiln_region *region = kiln_state_region(state, name);
  const char *text = kiln_safetensors_text(zero, key);
  json_t *names = text ? json_loads(text, 0, NULL) : NULL, *entry;
  size_t i;
  int64_t used = 0;
  bool good = true;
  kiln_part *more = realloc(state->parts, (state->part_count + json_array_size(names) + 1) * sizeof *more);
  if (more == NULL) {
    json_decref(names);
    return kiln_error_set(error, "no memory for the names of '%s'", name);
  }
  state->parts = more;
  json_array_foreach(names, i, entry) {
    json_t *tensor = json_object_get(zero->header, json_string_value(entry));
    int64_t count = 0;
    const uint8_t *data = tensor ? kiln_safetensors_floats(zero, json_string_value(entry), &count) : NULL;
    good = good && data && region && count <= region->count - used;
    if (!good)
      break;
    memcpy(region->data + used, data, (size_t)count * sizeof(float));
    const char *owned = json_object_iter_key(json_object_iter_at(zero->header, json_string_value(entry)));
    state->parts[state->part_count++] = (kiln_part){owned, json_object_get(tensor, "shape"), count, region->data + used};
    used += count;
  }
  good = good && used == (region ? region->count : 0);
  json_decref(names);
  return good || kiln_error_set(error, "the checkpoint that this trainer starts from does not fit its '%s'", name);
}

bool kiln_state_open(kiln_state *state, const kiln_engine *step, const kiln_safetensors *zero, kiln_error *error) {
  *state = (kiln_state){.best = NAN, .rate_factor = 1, .history = json_array(), .metadata = zero->metadata};
  if (state->history && open_regions(state, step, error) && open_parts(state, zero, "kiln.parameters", "parameters", error) &&
      open_parts(state, zero, "kiln.statistics", "statistics", error))
    return true;
  if (state->history == NULL)
    kiln_error_set(error, "no memory for the history");
  kiln_state_close(state);
  return false;
}

void kiln_state_close(kiln_state *state) {
  for (int32_t i = 0; i < state->region_count; ++i)
    free(state->regions[i].data);
  free(state->parts);
  json_decref(state->history);
  json_decref(state->metrics);
  *state = (kiln_state){0};
}

/* x - x is 0 for numbers and NaN for the rest; sums of it vectorise. */
static bool is_finite(const float *data, int64_t count) {
  float sum[8] = {0};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int k = 0; k < 8; ++k)
      sum[k] += data[i + k] - data[i + k];
  for (; i < count; ++i)
    sum[0] += data[i] - data[i];
  for (int k = 1; k < 8; ++k)
    sum[0] += sum[k];
  return sum[0] == 0;
}

const char *kiln_state_fault(const kiln_state *state) {
  for (size_t i = 0; i < state->part_count; ++i)
    if (!is_finite(state->parts[i].data, state->parts[i].count))
      return state->parts[i].name;
  return NULL;
}
