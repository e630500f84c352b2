/* In: a trainer that is set up. Out: its epochs, each with a record, a checkpoint and a verdict; and the process's exit code. */
#include "runtime/train/trainer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double kiln_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void put_number(json_t *record, const char *key, double value) {
  if (isfinite(value)) /* JSON has no other numbers */
    json_object_set_new(record, key, json_real(value));
}

static void put_result(json_t *record, const char *prefix, const kiln_metrics *metrics, const kiln_result *result) {
  char key[64];
  snprintf(key, sizeof key, "%sloss", prefix);
  put_number(record, key, result->loss);
  for (int32_t i = 0; i < metrics->count; ++i) {
    bool matrix = strcmp(metrics->names[i], "confusion-matrix") == 0;
    snprintf(key, sizeof key, "%s%s", prefix, metrics->names[i]);
    if (matrix)
      json_object_set_new(record, key, kiln_metrics_confusion(metrics));
    else
      put_number(record, key, result->values[i]);
  }
}

static json_t *record_of(const kiln_trainer *trainer, const kiln_result *training, const kiln_result *validation, double seconds) {
  json_t *record = json_pack("{s:I, s:I}", "epoch", (json_int_t)trainer->state.epoch, "step", (json_int_t)trainer->state.step);
  put_result(record, "", kiln_own_metrics(trainer), training);
  if (kiln_validates(trainer))
    put_result(record, "validation-", &trainer->validation.metrics, validation);
  put_number(record, "rate", (double)trainer->rate_now);
  put_number(record, "seconds", seconds);
  return record;
}

/* For people: 0.9, not 0.90000000000000002, where that is the same number. */
static bool write_recipe(void *user, void *file) {
  const size_t plain = JSON_INDENT(2), brief = plain | JSON_REAL_PRECISION(15);
  char *text = json_dumps(user, brief);
  json_t *again = text ? json_loads(text, 0, NULL) : NULL;
  bool same = json_equal(user, again);
  json_decref(again);
  free(text);
  return json_dumpf(user, file, same ? brief : plain) == 0 && fputc('\n', file) != EOF;
}

static bool save(kiln_trainer *trainer, const char *path, kiln_error *error) {
  if (!kiln_state_fetch(&trainer->state, error) || !kiln_state_save(&trainer->state, path, &trainer->recipe, error))
    return false;
  trainer->saved = path;
  trainer->saved_epoch = trainer->state.epoch;
  json_t *kept = kiln_recipe_keep(&trainer->recipe);
  bool good = kept && kiln_write_whole(trainer->kept_recipe, write_recipe, kept, error);
  json_decref(kept);
  return good;
}

/* The best epoch's weights in place of the last one's, where this training wrote them. */
static bool restore_best(kiln_trainer *trainer, bool *restored, kiln_error *error) {
  kiln_safetensors file;
  *restored = trainer->state.best_epoch == trainer->state.epoch;
  if (*restored || access(trainer->best, F_OK) != 0)
    return true;
  if (!kiln_safetensors_read(&file, trainer->best, error))
    return false;
  *restored = kiln_state_load(&trainer->state, &file, trainer->best, false, error);
  kiln_safetensors_free(&file);
  return *restored && save(trainer, trainer->checkpoint, error);
}

static int end_early(kiln_trainer *trainer, kiln_error *error) {
  kiln_progress_clear();
  if (error->text[0])
    return kiln_trainer_fail(trainer, error);
  if (trainer->state.row && trainer->training.prediction)
    trainer->state.metrics = kiln_metrics_sums(&trainer->training.metrics);
  if (!save(trainer, trainer->checkpoint, error))
    return kiln_trainer_fail(trainer, error);
  fprintf(stderr, "%s: interrupted in epoch %lld after step %lld; go on with: ", trainer->program,
          (long long)trainer->state.epoch + 1, (long long)trainer->state.step);
  const char *command = getenv("KILN_TRAIN_COMMAND"); /* of a trainer that is gone when it ends: how it was made */
  if (command)
    fprintf(stderr, "%s --recipe %s --resume %s\n", command, trainer->kept_recipe, trainer->checkpoint);
  else
    fprintf(stderr, "%s --resume %s\n", trainer->program, trainer->checkpoint);
  return KILN_EXIT_INTERRUPTED;
}

/* What follows an epoch's batches and its validation. */
static bool finish_epoch(kiln_trainer *trainer, const kiln_result *training, const kiln_result *validation, double seconds,
                         bool first, kiln_verdict *verdict, kiln_error *error) {
  kiln_state *state = &trainer->state;
  const kiln_recipe *recipe = &trainer->recipe;
  ++state->epoch;
  state->row = 0;
  state->loss = state->weight = 0;
  json_t *record = record_of(trainer, training, validation, seconds);
  if (json_array_append_new(state->history, record) != 0)
    return kiln_error_set(error, "no memory for the history");
  *verdict = kiln_watch(trainer, training, validation);
  bool last = verdict->stop || state->epoch == recipe->epochs;
  if (verdict->improved && (kiln_validates(trainer) || recipe->patience || recipe->monitor) && !save(trainer, trainer->best, error))
    return false;
  if ((last || state->epoch % recipe->checkpoint_every == 0) && !save(trainer, trainer->checkpoint, error))
    return false;
  if (recipe->log && !kiln_log_write(recipe->log, state->history, first, error))
    return false;
  kiln_progress_clear();
  kiln_progress_epoch(trainer, record);
  return true;
}

static bool say_end(kiln_trainer *trainer, const kiln_verdict *verdict, kiln_error *error) {
  const kiln_state *state = &trainer->state;
  bool restored = false;
  if (verdict->stop && !restore_best(trainer, &restored, error))
    return false;
  if (trainer->recipe.plot && !kiln_plot_write(trainer->recipe.plot, state->history, error))
    return false;
  if (trainer->recipe.quiet)
    return true;
  kiln_progress_matrix(trainer, json_array_get(state->history, json_array_size(state->history) - 1));
  if (verdict->stop)
    printf("stopped: no better epoch since epoch %lld%s\n", (long long)state->best_epoch,
           restored ? ", whose weights are kept" : "; its weights are in the checkpoint of before");
  printf("checkpoint: %s\n", trainer->checkpoint);
  return fflush(stdout) == 0 || kiln_error_set(error, "standard output: %m");
}

int kiln_train_loop(kiln_trainer *trainer) {
  kiln_error error;
  kiln_result training, validation;
  kiln_verdict verdict = {0};
  bool first = true;
  if (trainer->state.epoch >= trainer->recipe.epochs) {
    printf("nothing to do: the checkpoint has %lld epochs behind it, of %lld\n", (long long)trainer->state.epoch,
           (long long)trainer->recipe.epochs);
    return KILN_EXIT_DONE;
  }
  while (trainer->state.epoch < trainer->recipe.epochs && !verdict.stop) {
    double start = kiln_seconds();
    if (!kiln_train_epoch(trainer, &training, &error))
      return end_early(trainer, &error);
    double seconds = kiln_seconds() - start;
    if (trainer->validation.row_count && !kiln_evaluate_set(trainer, &trainer->validation, &validation, &error))
      return end_early(trainer, &error);
    if (trainer->own)
      memcpy(training.values, validation.values, sizeof training.values);
    if (!finish_epoch(trainer, &training, &validation, seconds, first, &verdict, &error))
      return kiln_trainer_fail(trainer, &error);
    first = false;
  }
  return say_end(trainer, &verdict, &error) ? KILN_EXIT_DONE : kiln_trainer_fail(trainer, &error);
}

int kiln_train_report(kiln_trainer *trainer) {
  kiln_error error;
  kiln_result result;
  if (!kiln_evaluate_set(trainer, &trainer->validation, &result, &error)) {
    kiln_progress_clear();
    return error.text[0] ? kiln_trainer_fail(trainer, &error) : KILN_EXIT_INTERRUPTED;
  }
  kiln_progress_clear();
  json_t *record = json_object();
  put_result(record, "", &trainer->validation.metrics, &result);
  char *text = json_dumps(record, JSON_REAL_PRECISION(9));
  int code = text && puts(text) >= 0 && fflush(stdout) == 0 ? KILN_EXIT_DONE : KILN_EXIT_FAILED;
  free(text);
  json_decref(record);
  return code;
}
