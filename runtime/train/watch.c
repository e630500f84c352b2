/* In: an epoch's result. Out: whether it is the best, whether to stop, and the plateau schedule's factor. */
#include "runtime/train/trainer.h"
#include <math.h>
#include <string.h>

static const char *monitored(const kiln_trainer *trainer) { return trainer->recipe.monitor ? trainer->recipe.monitor : "loss"; }

static const kiln_metrics *watched(const kiln_trainer *trainer) {
  return kiln_validates(trainer) ? &trainer->validation.metrics : kiln_own_metrics(trainer);
}

static int32_t place_of(const kiln_metrics *metrics, const char *name) {
  for (int32_t i = 0; i < metrics->count; ++i)
    if (strcmp(metrics->names[i], name) == 0)
      return i;
  return -1;
}

bool kiln_watch_check(const kiln_trainer *trainer, kiln_error *error) {
  const char *name = monitored(trainer);
  if (strcmp(name, "loss") == 0 || place_of(watched(trainer), name) >= 0)
    return true;
  return kiln_error_set(error, "monitor: expected loss or one of the metrics%s, found '%s'",
                        watched(trainer)->count ? "" : " (there are none)", name);
}

kiln_verdict kiln_watch(kiln_trainer *trainer, const kiln_result *training, const kiln_result *validation) {
  kiln_state *state = &trainer->state;
  const kiln_recipe *recipe = &trainer->recipe;
  const kiln_result *result = kiln_validates(trainer) ? validation : training;
  const char *name = monitored(trainer);
  int32_t place = place_of(watched(trainer), name);
  double value = place < 0 ? result->loss : result->values[place];
  kiln_verdict verdict = {0};
  verdict.improved = !isnan(value) && (isnan(state->best) || (kiln_metric_rises(name) ? value > state->best : value < state->best));
  if (verdict.improved) {
    state->best = value;
    state->best_epoch = state->epoch;
    state->waited = state->plateau_waited = 0;
  } else {
    ++state->waited;
    ++state->plateau_waited;
  }
  if (trainer->rate.schedule == KILN_PLATEAU && state->plateau_waited >= recipe->plateau_patience) {
    state->rate_factor *= recipe->decay;
    state->plateau_waited = 0;
    verdict.decayed = true;
  }
  verdict.stop = recipe->patience > 0 && state->waited >= recipe->patience;
  return verdict;
}
