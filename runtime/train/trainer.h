/* trainer.h: a training run: what it was asked for, the two models, the data, the state, and where it tells what happens. */
#ifndef KILN_TRAIN_TRAINER_H
#define KILN_TRAIN_TRAINER_H
#include "runtime/train/dataset.h"
#include "runtime/train/loader.h"
#include "runtime/train/metrics.h"
#include "runtime/train/rate.h"
#include "runtime/train/state.h"

enum { KILN_EXIT_DONE = 0, KILN_EXIT_FAILED = 1, KILN_EXIT_MISUSED = 2, KILN_EXIT_INTERRUPTED = 130 };

/* Rows that one of the models goes through, and what came of them. */
typedef struct kiln_set {
  kiln_engine *engine;
  const char *names[KILN_MAX_COLUMNS]; /* of the engine's data inputs, the target last */
  kiln_feed feeds[KILN_MAX_COLUMNS];
  int32_t count;
  kiln_loader loader;
  uint32_t *rows; /* the order they are taken in */
  int64_t row_count;
  kiln_metrics metrics;
  float *prediction; /* NULL where the model gives none */
  float loss;        /* of the last batch */
} kiln_set;

/* What an epoch came to. */
typedef struct kiln_result {
  double loss;
  double values[KILN_MAX_METRICS];
} kiln_result;

typedef struct kiln_trainer {
  const char *program;
  kiln_recipe recipe;
  kiln_safetensors zero;
  kiln_engine step, evaluate;
  kiln_state state;
  kiln_dataset data, held; /* held: validation data of their own; empty where they are split off */
  kiln_set training, validation;
  bool own; /* nothing is held out, and the step tells no predictions: what is validated is the training data, for its metrics */
  uint32_t *split; /* all rows of the data: first those to train with, then those held out */
  kiln_rate rate;
  char checkpoint[PATH_MAX], best[PATH_MAX], kept_recipe[PATH_MAX];
  const char *saved; /* the newest checkpoint of this training, at the end of `saved_epoch` or within the next; NULL: none yet */
  int64_t saved_epoch;
  /* what the step reads and writes besides regions and batches */
  int64_t number, seed;
  float rate_now;
  float largest; /* of the parameters and statistics after a step that tells it; it does where they stand on a card */
  uint8_t apply;
} kiln_trainer;

static inline bool kiln_validates(const kiln_trainer *trainer) { return trainer->validation.row_count > 0 && !trainer->own; }
/* Those of the training data. */
static inline const kiln_metrics *kiln_own_metrics(const kiln_trainer *trainer) {
  return trainer->own ? &trainer->validation.metrics : &trainer->training.metrics;
}

/* sets.c: opens the data, splits them, and binds them to the models. */
bool kiln_sets_open(kiln_trainer *trainer, kiln_error *error);
void kiln_sets_close(kiln_trainer *trainer);
/* The order of this epoch's rows. */
void kiln_sets_order(kiln_trainer *trainer);

/* epoch.c: what is left of the epoch under way. False with an empty error text: interrupted. */
bool kiln_train_epoch(kiln_trainer *trainer, kiln_result *result, kiln_error *error);
bool kiln_evaluate_set(kiln_trainer *trainer, kiln_set *set, kiln_result *result, kiln_error *error);

/* watch.c: holds an epoch's result against the best so far. */
typedef struct kiln_verdict {
  bool improved, stop, decayed;
} kiln_verdict;
bool kiln_watch_check(const kiln_trainer *trainer, kiln_error *error); /* is what is monitored there? */
kiln_verdict kiln_watch(kiln_trainer *trainer, const kiln_result *training, const kiln_result *validation);

/* loop.c: everything from the first epoch to the last; the exit code. */
int kiln_train_loop(kiln_trainer *trainer);
int kiln_train_report(kiln_trainer *trainer); /* --evaluate */

/* fault.c: why training cannot go on: the first tensor that is no number any more. */
bool kiln_fault_explain(const kiln_trainer *trainer, const kiln_batch *batch, bool loss, const char *part, kiln_error *error);
bool kiln_fault_of_run(const kiln_trainer *trainer,
                       kiln_error *error); /* the error says what failed: also where, and what is left */

/* interrupt.c: Ctrl-C and SIGTERM ask for an end after the batch; a second one ends at once. */
void kiln_interrupt_listen(void);
bool kiln_interrupted(void);

/* log.c: the history as a file, by its name CSV or JSON lines: all of it at first, then one record more each time. */
bool kiln_log_check(const char *path, kiln_error *error);
bool kiln_log_write(const char *path, const json_t *history, bool whole, kiln_error *error);
/* plot.c: curves of the history as an SVG file. */
bool kiln_plot_check(const char *path, kiln_error *error);
bool kiln_plot_write(const char *path, const json_t *history, kiln_error *error);

/* progress.c: a bar on a terminal, and lines for people. */
void kiln_progress_batch(const kiln_trainer *trainer, const kiln_set *set, int64_t rows, double loss, double seconds);
void kiln_progress_clear(void);
void kiln_progress_epoch(const kiln_trainer *trainer, const json_t *record);
void kiln_progress_matrix(const kiln_trainer *trainer, const json_t *record);

int kiln_trainer_fail(const kiln_trainer *trainer, const kiln_error *error); /* says it; KILN_EXIT_FAILED */
double kiln_seconds(void);

#endif
