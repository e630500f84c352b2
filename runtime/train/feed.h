/* feed.h: how a column becomes an input of the model: the elements' type, scale, and the place of a smaller picture in a larger one. */
#ifndef KILN_TRAIN_FEED_H
#define KILN_TRAIN_FEED_H
#include "runtime/train/column.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct kiln_feed {
  const kiln_column *column;
  const kiln_tensor_info *tensor; /* its first dimension is the batch */
  double scale, shift; /* value = element * scale + shift, for float tensors */
  bool one_hot; /* an index becomes a row of zeros with a one */
  bool padded;
  int64_t elements; /* of the tensor's row */
  /* padded: the column's row is lines of `line` elements; line (i, j) begins at the tensor row's start + i * outer + j * inner */
  int64_t planes, lines, line, outer, inner, start;
} kiln_feed;

/* Holds the column against the tensor's shape. `classes` > 0: the elements are indices that must be below it, which is checked. */
bool kiln_feed_bind(kiln_feed *feed, const kiln_column *column, const kiln_tensor_info *tensor, double scale, double shift,
                    int64_t classes, kiln_error *error);
/* Writes what lies around pictures smaller than the tensor's; filling leaves it alone. */
void kiln_feed_clear(const kiln_feed *feed, void *tensor);
/* Row rows[i] of the column becomes row i of the tensor. */
void kiln_feed_fill(const kiln_feed *feed, void *tensor, const uint32_t *rows, int64_t count);

#ifdef __cplusplus
}
#endif
#endif
