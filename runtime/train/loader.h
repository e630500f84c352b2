/* loader.h: batches, made ready on another thread while the model works on the one before.
 *
 * A batch has the model's size always. Where the rows end early, the first rows of the order fill it up, with weight 0. Nothing is
 * allocated after opening.
 */
#ifndef KILN_TRAIN_LOADER_H
#define KILN_TRAIN_LOADER_H
#include "runtime/train/feed.h"
#include <pthread.h>
#ifdef __cplusplus
extern "C" {
#endif

enum { KILN_LOADER_SLOTS = 2 };

typedef struct kiln_batch {
  void **tensors; /* one for each feed */
  float *weight;  /* 1 for a row, 0 for what fills up */
  int64_t rows;   /* of weight 1 */
  const uint32_t *chosen; /* which rows these are */
} kiln_batch;

typedef struct kiln_loader {
  const kiln_feed *feeds;
  int32_t feed_count;
  int64_t size; /* rows of a batch */
  kiln_batch slots[KILN_LOADER_SLOTS];
  uint32_t *chosen; /* scratch: the rows of each slot */
  /* under the mutex */
  const uint32_t *order;
  int64_t rows, next;      /* of the order; the first row that no slot holds or held */
  int32_t filled, taken; /* slots that are ready; whether the oldest of them is in the caller's hands */
  int32_t newest;          /* the slot to be filled next */
  bool quit, busy, started;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  pthread_t thread;
} kiln_loader;

bool kiln_loader_open(kiln_loader *loader, const kiln_feed *feeds, int32_t feed_count, int64_t size, kiln_error *error);
/* From now on the batches of `order`, which stays the caller's and must not change, from its row `first` on. */
void kiln_loader_start(kiln_loader *loader, const uint32_t *order, int64_t rows, int64_t first);
/* The next batch, valid until the next call; NULL after the last one. */
const kiln_batch *kiln_loader_next(kiln_loader *loader);
void kiln_loader_close(kiln_loader *loader);

#ifdef __cplusplus
}
#endif
#endif
