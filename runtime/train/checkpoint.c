/* In: a state. Out: the same as a safetensors file, and back.
 *
 * Parameters and statistics stand under their own names, so that anybody can read them; what else the step updates (optimizer.0, ...) is
 * flat. __metadata__ holds the graph, the names' order, the recipe and the progress.
 */
#include "runtime/train/state.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool divided(const char *name) { return strcmp(name, "parameters") == 0 || strcmp(name, "statistics") == 0; }

static json_t *progress(const kiln_state *state) {
  json_t *object = json_pack("{s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:f, s:O}", "epoch", (json_int_t)state->epoch, "row",
                             (json_int_t)state->row, "step", (json_int_t)state->step, "loss", state->loss, "weight", state->weight,
                             "best_epoch", (json_int_t)state->best_epoch, "waited", (json_int_t)state->waited, "plateau_waited",
                             (json_int_t)state->plateau_waited, "rate_factor", state->rate_factor, "history", state->history);
  if (object && state->metrics)
    json_object_set(object, "metrics", state->metrics);
  if (object && isfinite(state->best))
    json_object_set_new(object, "best", json_real(state->best));
  return object;
}

static bool set_text(json_t *metadata, const char *key, json_t *value) {
  char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
  bool good = text && json_object_set_new(metadata, key, json_string(text)) == 0;
  free(text);
  json_decref(value);
  return good;
}

bool kiln_state_save(const kiln_state *state, const char *path, const kiln_recipe *recipe, kiln_error *error) {
  size_t count = 0;
  kiln_piece *pieces = calloc(state->part_count + (size_t)state->region_count + 1, sizeof *pieces);
  json_t *metadata = json_copy(state->metadata);
  bool good = pieces && metadata && set_text(metadata, "kiln.recipe", kiln_recipe_keep(recipe)) &&
              set_text(metadata, "kiln.state", progress(state));
  for (size_t i = 0; good && i < state->part_count; ++i) {
    const kiln_part *part = &state->parts[i];
    pieces[count++] = (kiln_piece){part->name, json_incref(part->shape), part->data, part->count};
  }
  for (int32_t i = 0; good && i < state->region_count; ++i) {
    const kiln_region *region = &state->regions[i];
    if (!divided(region->name))
      pieces[count++] = (kiln_piece){region->name, json_pack("[I]", (json_int_t)region->count), region->data, region->count};
  }
  good = good ? kiln_safetensors_write(path, metadata, pieces, count, error)
              : kiln_error_set(error, "%s: no memory for its header", path);
  for (size_t i = 0; i < count; ++i)
    json_decref(pieces[i].shape);
  json_decref(metadata);
  free(pieces);
  return good;
}

static bool refuse(const char *path, const char *name, const json_t *expected, const json_t *found, kiln_error *error) {
  char *left = expected ? json_dumps(expected, JSON_COMPACT) : NULL, *right = found ? json_dumps(found, JSON_COMPACT) : NULL;
  kiln_error_set(error, "%s: it is a checkpoint of another model: '%s': expected %s%s, found %s%s", path, name,
                 left ? "float32" : "no such tensor", left ? left : "", right ? "shape " : "none", right ? right : "");
  free(left);
  free(right);
  return false;
}

static const kiln_part *find_part(const kiln_state *state, const char *name) {
  for (size_t i = 0; i < state->part_count; ++i)
    if (strcmp(state->parts[i].name, name) == 0)
      return &state->parts[i];
  return NULL;
}

/* Is it this model's? Only then is anything changed. */
static bool check(kiln_state *state, const kiln_safetensors *file, const char *path, kiln_error *error) {
  int64_t count = 0;
  const char *name;
  json_t *tensor;
  for (size_t i = 0; i < state->part_count; ++i) {
    const kiln_part *part = &state->parts[i];
    json_t *shape = json_object_get(json_object_get(file->header, part->name), "shape");
    if (!kiln_safetensors_floats(file, part->name, &count) || !json_equal(shape, part->shape))
      return refuse(path, part->name, part->shape, shape, error);
  }
  json_object_foreach(file->header, name, tensor) {
    const kiln_region *region = kiln_state_region(state, name);
    if (tensor == file->metadata || find_part(state, name))
      continue;
    if (region == NULL || divided(name))
      return refuse(path, name, NULL, json_object_get(tensor, "shape"), error);
    if (!kiln_safetensors_floats(file, name, &count) || count != region->count)
      return kiln_error_set(error, "%s: '%s': expected %lld elements of float32, found others", path, name,
                            (long long)region->count);
  }
  return true;
}

static int64_t whole(const json_t *object, const char *key) { return json_integer_value(json_object_get(object, key)); }

static bool load_progress(kiln_state *state, const kiln_safetensors *file, const char *path, kiln_error *error) {
  const char *text = kiln_safetensors_text(file, "kiln.state");
  json_t *object = text ? json_loads(text, 0, NULL) : NULL, *best = json_object_get(object, "best");
  if (text == NULL)
    return true; /* weights from elsewhere: training begins with them */
  state->epoch = whole(object, "epoch");
  state->row = whole(object, "row");
  state->step = whole(object, "step");
  state->loss = json_number_value(json_object_get(object, "loss"));
  state->weight = json_number_value(json_object_get(object, "weight"));
  state->best = best ? json_number_value(best) : NAN;
  state->best_epoch = whole(object, "best_epoch");
  state->waited = whole(object, "waited");
  state->plateau_waited = whole(object, "plateau_waited");
  if (json_is_number(json_object_get(object, "rate_factor")))
    state->rate_factor = json_number_value(json_object_get(object, "rate_factor"));
  json_decref(state->metrics);
  state->metrics = json_incref(json_object_get(object, "metrics"));
  json_t *history = json_object_get(object, "history");
  bool good = json_is_array(history) && state->epoch >= 0 && state->row >= 0 && state->step >= 0;
  if (good) {
    json_decref(state->history);
    state->history = json_incref(history);
  }
  json_decref(object);
  return good || kiln_error_set(error, "%s: its progress (kiln.state) cannot be read", path);
}

bool kiln_state_load(kiln_state *state, const kiln_safetensors *file, const char *path, bool progress, kiln_error *error) {
  if (!check(state, file, path, error) || (progress && !load_progress(state, file, path, error)))
    return false;
  int64_t count = 0;
  for (size_t i = 0; i < state->part_count; ++i) {
    const uint8_t *data = kiln_safetensors_floats(file, state->parts[i].name, &count);
    memcpy(state->parts[i].data, data, (size_t)count * sizeof(float));
  }
  for (int32_t i = 0; progress && i < state->region_count; ++i) {
    kiln_region *region = &state->regions[i];
    const uint8_t *data = divided(region->name) ? NULL : kiln_safetensors_floats(file, region->name, &count);
    if (data)
      memcpy(region->data, data, (size_t)region->count * sizeof(float));
  }
  return true;
}
