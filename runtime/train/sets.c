/* In: a recipe and two models. Out: rows to train with and rows to validate with, each bound to its model and with its loader running. The model
 * that evaluates takes no memory where there is nothing to evaluate. */
#include "runtime/core/tensor.h"
#include "runtime/train/shuffle.h"
#include "runtime/train/trainer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Inputs that are not data: what the step updates, and what the trainer sets. */
static bool is_data(const kiln_engine *engine, const char *name) {
  static const char *const own[] = {"step", "rate", "seed", "apply", "weight", "parameters", "statistics", "target"};
  for (size_t i = 0; i < sizeof own / sizeof *own; ++i)
    if (strcmp(name, own[i]) == 0)
      return false;
  return kiln_engine_output(engine, name) < 0;
}

static bool name_inputs(kiln_set *set, kiln_engine *engine, kiln_error *error) {
  set->engine = engine;
  set->count = 0;
  for (int32_t i = 0; i < engine->info->input_count; ++i)
    if (is_data(engine, engine->info->inputs[i].name)) {
      if (set->count == KILN_MAX_COLUMNS - 1)
        return kiln_error_set(error, "expected a model of at most %d inputs", KILN_MAX_COLUMNS - 1);
      set->names[set->count++] = engine->info->inputs[i].name;
    }
  if (kiln_engine_input(engine, "target") < 0 || kiln_engine_input(engine, "weight") < 0 || set->count == 0)
    return kiln_error_set(error, "'%s': expected a model with data, 'target' and 'weight' as inputs", engine->info->name);
  set->names[set->count++] = "target";
  return true;
}

static double scale_of(const kiln_recipe *recipe, const kiln_column *column, const kiln_tensor_info *tensor, bool target) {
  bool picture = column->dtype == KILN_U8 && kiln_column_elements(column) > 1 && tensor->dtype == KILN_F32;
  if (!isnan(recipe->scale) && (!target || picture))
    return recipe->scale;
  return picture ? 1.0 / 255 : 1;
}

/* Every data input of the engine has its column at the same place. */
static bool bind(kiln_trainer *trainer, kiln_set *set, const kiln_dataset *dataset, kiln_error *error) {
  const kiln_model_info *evaluate = trainer->evaluate.info;
  int32_t place = kiln_engine_output(&trainer->evaluate, "prediction");
  if (place < 0)
    return kiln_error_set(error, "'%s': expected a model with the output 'prediction'", evaluate->name);
  const kiln_tensor_info *prediction = &evaluate->outputs[place];
  int64_t classes = prediction->rank > 1 ? prediction->shape[prediction->rank - 1] : 1;
  for (int32_t i = 0; i < set->count; ++i) {
    const kiln_tensor_info *tensor = &set->engine->info->inputs[kiln_engine_input(set->engine, set->names[i])];
    const kiln_column *column = &dataset->columns[i];
    bool target = i + 1 == set->count;
    double scale = scale_of(&trainer->recipe, column, tensor, target);
    if (!kiln_feed_bind(&set->feeds[i], column, tensor, scale, target ? 0 : trainer->recipe.shift,
                        target && (classes > 1 || tensor->dtype != KILN_F32) ? classes : 0, error))
      return false;
  }
  return true;
}

static bool open_set(kiln_trainer *trainer, kiln_set *set, const kiln_dataset *dataset, kiln_error *error) {
  const kiln_engine *engine = set->engine;
  const kiln_tensor_info *target = &engine->info->inputs[kiln_engine_input(engine, "target")];
  int64_t size = engine->info->inputs[kiln_engine_input(engine, "weight")].shape[0];
  int32_t place = kiln_engine_output(engine, "prediction");
  if (!bind(trainer, set, dataset, error))
    return false;
  if (place >= 0) {
    const kiln_tensor_info *prediction = &engine->info->outputs[place];
    size_t bytes = (size_t)kiln_elements(prediction->rank, prediction->shape) * sizeof(float);
    void *memory = NULL;
    if (!kiln_metrics_open(&set->metrics, trainer->recipe.metrics, prediction, target, set->row_count, trainer->recipe.threshold,
                           error))
      return false;
    if (posix_memalign(&memory, 64, bytes ? bytes : 64) != 0)
      return kiln_error_set(error, "no memory for predictions");
    set->prediction = memory;
    kiln_engine_set_output(set->engine, "prediction", memory);
    if (set->metrics.count == 0 && !kiln_engine_leave_output(set->engine, place, error))
      return false;
  }
  kiln_engine_set_output(set->engine, "loss", &set->loss);
  return kiln_loader_open(&set->loader, set->feeds, set->count, size, error);
}

/* Rows to hold out: a sample, or of text the end. */
static bool split(kiln_trainer *trainer, double part, kiln_error *error) {
  int64_t rows = trainer->data.rows, held = (int64_t)(part * (double)rows + 0.5);
  if (part > 0 && (held == 0 || held == rows))
    return kiln_error_set(error, "%s: validation-split %g of %lld rows leaves none on one side", trainer->recipe.data, part,
                          (long long)rows);
  trainer->split = malloc((size_t)rows * sizeof *trainer->split);
  trainer->training.rows = malloc((size_t)rows * sizeof *trainer->training.rows);
  if (trainer->split == NULL || trainer->training.rows == NULL)
    return kiln_error_set(error, "no memory for the order of %lld rows", (long long)rows);
  for (int64_t i = 0; i < rows; ++i)
    trainer->split[i] = (uint32_t)i;
  if (held && !trainer->data.ordered)
    kiln_shuffle(trainer->split, (uint32_t)rows, (uint64_t)trainer->recipe.seed, KILN_SHUFFLE_SPLIT, 0);
  trainer->training.row_count = rows - held;
  trainer->validation.rows = trainer->split + rows - held;
  trainer->validation.row_count = held;
  return true;
}

static bool open_data(kiln_trainer *trainer, kiln_error *error) {
  const kiln_recipe *recipe = &trainer->recipe;
  kiln_set *set = &trainer->training;
  const kiln_tensor_info *first = &trainer->step.info->inputs[kiln_engine_input(&trainer->step, set->names[0])];
  bool sequence = first->rank == 2 && (first->dtype == KILN_I64 || first->dtype == KILN_I32);
  kiln_source source = {.data = recipe->data,
                        .labels = recipe->labels,
                        .format = recipe->format,
                        .label = recipe->label,
                        .window = recipe->window,
                        .length = sequence ? first->shape[1] : 0,
                        .names = set->count,
                        .name = set->names};
  if (recipe->data == NULL)
    return kiln_error_set(error, "nothing to train with: give --data PATH");
  bool own = recipe->validation != NULL;
  if (!kiln_dataset_open(&trainer->data, own || recipe->validation_split > 0 ? NULL : &trainer->held, &source, error))
    return false;
  if (recipe->rows > trainer->data.rows)
    return kiln_error_set(error, "%s: expected the %lld rows of --rows at least, found %lld", recipe->data, (long long)recipe->rows,
                          (long long)trainer->data.rows);
  if (recipe->rows)
    trainer->data.rows = recipe->rows;
  if (!own)
    return true;
  source.data = recipe->validation;
  source.labels = recipe->validation_labels;
  return kiln_dataset_open(&trainer->held, NULL, &source, error);
}

bool kiln_sets_open(kiln_trainer *trainer, kiln_error *error) {
  kiln_set *training = &trainer->training, *validation = &trainer->validation;
  if (!name_inputs(training, &trainer->step, error) || !name_inputs(validation, &trainer->evaluate, error) ||
      !open_data(trainer, error))
    return false;
  double part = trainer->recipe.validation_split;
  if (isnan(part))
    part = trainer->data.ordered ? 0.1 : 0; /* how well text is known says little */
  if (!split(trainer, trainer->held.rows ? 0 : part, error))
    return false;
  const kiln_dataset *held = &trainer->data;
  trainer->own = !trainer->held.rows && !validation->row_count && trainer->recipe.metrics &&
                 kiln_engine_output(&trainer->step, "prediction") < 0;
  if (trainer->held.rows || (trainer->recipe.evaluate && !validation->row_count)) { /* the whole of a set, in its order */
    held = trainer->held.rows ? &trainer->held : &trainer->data;
    uint32_t *rows = realloc(trainer->split, (size_t)(trainer->data.rows + held->rows) * sizeof *rows);
    if (rows == NULL)
      return kiln_error_set(error, "no memory for the order of %lld rows", (long long)held->rows);
    trainer->split = rows;
    for (int64_t i = 0; i < held->rows; ++i)
      rows[trainer->data.rows + i] = (uint32_t)i;
    validation->rows = rows + trainer->data.rows;
    validation->row_count = held->rows;
  } else if (trainer->own) {
    validation->rows = trainer->split;
    validation->row_count = training->row_count;
  }
  if (!open_set(trainer, training, &trainer->data, error))
    return false;
  return validation->row_count == 0 ||
         (kiln_engine_open(&trainer->evaluate, &trainer->step, (int32_t)trainer->recipe.threads, error) &&
          open_set(trainer, validation, held, error));
}

void kiln_sets_order(kiln_trainer *trainer) {
  kiln_set *set = &trainer->training;
  memcpy(set->rows, trainer->split, (size_t)set->row_count * sizeof *set->rows);
  if (!trainer->recipe.in_order)
    kiln_shuffle(set->rows, (uint32_t)set->row_count, (uint64_t)trainer->recipe.seed, KILN_SHUFFLE_EPOCH,
                 (uint32_t)trainer->state.epoch);
}

void kiln_sets_close(kiln_trainer *trainer) {
  kiln_set *sets[] = {&trainer->training, &trainer->validation};
  for (size_t i = 0; i < 2; ++i) {
    if (sets[i]->loader.started)
      kiln_loader_close(&sets[i]->loader);
    kiln_metrics_close(&sets[i]->metrics);
    free(sets[i]->prediction);
  }
  free(trainer->training.rows);
  free(trainer->split);
  kiln_dataset_close(&trainer->data);
  kiln_dataset_close(&trainer->held);
}
