/* state.h: everything that a training run changes: the regions that each step updates in place, and how far it has come. A checkpoint
 * is this, on the disk. */
#ifndef KILN_TRAIN_STATE_H
#define KILN_TRAIN_STATE_H
#include "runtime/train/engine.h"
#include "runtime/train/recipe.h"
#include "runtime/train/safetensors.h"
#ifdef __cplusplus
extern "C" {
#endif

enum { KILN_MAX_REGIONS = 16 };

/* A flat input of the step that is an output of the same name too: parameters, statistics, optimizer.0, ... */
typedef struct kiln_region {
  const char *name; /* the model's */
  float *data; /* on the host */
  int64_t count;
  void *card; /* its memory on the card where the step runs, or NULL */
} kiln_region;

/* A tensor of a checkpoint: a part of the parameters or of the statistics. */
typedef struct kiln_part {
  const char *name; /* of the checkpoint zero, with its shape */
  json_t *shape;
  int64_t count;
  float *data;
} kiln_part;

typedef struct kiln_state {
  kiln_region regions[KILN_MAX_REGIONS];
  int32_t region_count;
  const kiln_engine *engine; /* on whose card the regions stand, or NULL */
  bool ahead; /* the card's regions are newer than the host's */
  kiln_part *parts;
  size_t part_count;
  json_t *metadata; /* of the checkpoint zero: the graph, and the order of names */
  /* progress */
  int64_t epoch, row, step; /* epochs that are done; rows of the one under way that are; updates so far */
  double loss, weight; /* sums over the epoch under way */
  double best; /* of what is monitored; NAN before the first epoch */
  int64_t best_epoch, waited, plateau_waited;
  double rate_factor; /* of the plateau schedule */
  json_t *metrics; /* their sums over the epoch under way, for the checkpoint of one that is interrupted; else NULL */
  json_t *history; /* one record for every epoch that is done */
} kiln_state;

/* Regions as the step has them, filled from the checkpoint zero. The latter must outlive the state. */
bool kiln_state_open(kiln_state *state, const kiln_engine *step, const kiln_safetensors *zero, kiln_error *error);
void kiln_state_close(kiln_state *state);
kiln_region *kiln_state_region(kiln_state *state, const char *name);

/* resident.c: where the step runs on a card, its regions go there, and it finds them there in every run from now on; so does the model that
 * evaluates, which was opened beside it. */
bool kiln_state_settle(kiln_state *state, const kiln_engine *step, kiln_error *error);
/* The host's regions are the newest again. */
bool kiln_state_fetch(kiln_state *state, kiln_error *error);

/* checkpoint.c: `progress` false takes the weights alone. A file of another model is refused. */
bool kiln_state_load(kiln_state *state, const kiln_safetensors *file, const char *path, bool progress, kiln_error *error);
bool kiln_state_save(const kiln_state *state, const char *path, const kiln_recipe *recipe, kiln_error *error);

/* The first part of a region that holds a NaN or an infinity; NULL where all are numbers. */
const char *kiln_state_fault(const kiln_state *state);

#ifdef __cplusplus
}
#endif
#endif
