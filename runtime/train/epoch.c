/* In: a set, its order and the state. Out: the state after its batches, the mean loss and the metrics. */
#include "runtime/train/trainer.h"
#include <math.h>

static void give_batch(kiln_set *set, const kiln_batch *batch) {
  for (int32_t i = 0; i < set->count; ++i)
    kiln_engine_set_input(set->engine, set->names[i], batch->tensors[i]);
  kiln_engine_set_input(set->engine, "weight", batch->weight);
}

static void conclude(kiln_set *set, double loss, double weight, kiln_result *result) {
  result->loss = weight > 0 ? loss / weight : NAN;
  for (int32_t i = 0; i < set->metrics.count; ++i)
    result->values[i] = kiln_metrics_value(&set->metrics, i, result->loss);
}

/* One update, or with accumulation one addition to the gradients. */
static bool step(kiln_trainer *trainer, const kiln_batch *batch, kiln_error *error) {
  kiln_state *state = &trainer->state;
  kiln_set *set = &trainer->training;
  int64_t size = set->loader.size, every = trainer->recipe.accumulate;
  trainer->apply = (state->row / size + 1) % every == 0 || state->row + batch->rows == set->row_count;
  trainer->number = state->step + 1;
  /* The batches of one update draw other numbers than each other. */
  trainer->seed = (int64_t)((uint64_t)trainer->recipe.seed + (uint64_t)(state->row / size % every) * 0x9E3779B97F4A7C15);
  trainer->rate_now = (float)kiln_rate_at(&trainer->rate, state->step, state->rate_factor);
  give_batch(set, batch);
  if (!kiln_engine_run(set->engine, error))
    return kiln_fault_of_run(trainer, error);
  bool lost = !isfinite(set->loss), told = kiln_engine_output(set->engine, "largest") >= 0;
  state->ahead = state->engine != NULL;
  bool look = lost || !told || !isfinite(trainer->largest);
  if (look && !kiln_state_fetch(state, error))
    return false;
  const char *part = look ? kiln_state_fault(state) : NULL;
  if (lost || part)
    return kiln_fault_explain(trainer, batch, lost, part, error);
  state->step += trainer->apply;
  state->row += batch->rows;
  state->loss += (double)set->loss;
  state->weight += (double)batch->rows;
  if (set->prediction && set->metrics.count)
    kiln_metrics_add(&set->metrics, set->prediction, batch->tensors[set->count - 1], batch->rows);
  return true;
}

bool kiln_train_epoch(kiln_trainer *trainer, kiln_result *result, kiln_error *error) {
  kiln_state *state = &trainer->state;
  kiln_set *set = &trainer->training;
  const kiln_batch *batch;
  double start = kiln_seconds();
  int64_t before = state->row;
  error->text[0] = 0;
  kiln_sets_order(trainer);
  kiln_metrics_reset(&set->metrics);
  if (state->row && !kiln_metrics_continue(&set->metrics, state->metrics))
    return kiln_error_set(error, "%s: the sums of its metrics (kiln.state) cannot be read", trainer->recipe.resume);
  json_decref(state->metrics);
  state->metrics = NULL;
  kiln_loader_start(&set->loader, set->rows, set->row_count, state->row);
  while ((batch = kiln_loader_next(&set->loader))) {
    if (!step(trainer, batch, error))
      return false;
    double seconds = kiln_seconds() - start;
    kiln_progress_batch(trainer, set, state->row, state->loss / state->weight,
                        seconds / (double)(state->row - before)); /* of one row */
    if (kiln_interrupted())
      return false;
  }
  conclude(set, state->loss, state->weight, result);
  return true;
}

bool kiln_evaluate_set(kiln_trainer *trainer, kiln_set *set, kiln_result *result, kiln_error *error) {
  const kiln_batch *batch;
  double loss = 0, weight = 0, start = kiln_seconds();
  error->text[0] = 0;
  if (set->engine->device == NULL && !kiln_state_fetch(&trainer->state, error))
    return false;
  kiln_metrics_reset(&set->metrics);
  kiln_loader_start(&set->loader, set->rows, set->row_count, 0);
  while ((batch = kiln_loader_next(&set->loader))) {
    give_batch(set, batch);
    if (!kiln_engine_run(set->engine, error))
      return false;
    loss += (double)set->loss;
    weight += (double)batch->rows;
    kiln_metrics_add(&set->metrics, set->prediction, batch->tensors[set->count - 1], batch->rows);
    kiln_progress_batch(trainer, set, (int64_t)weight, loss / weight, (kiln_seconds() - start) / weight);
    if (kiln_interrupted())
      return false;
  }
  conclude(set, loss, weight, result);
  return true;
}
