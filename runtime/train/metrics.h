/* metrics.h: figures of merit over a set, from predictions and targets batch by batch.
 *
 * Targets are class indices (the prediction's last dimension holds a score for each class), or numbers of the prediction's shape. Of
 * these, rows of several are one-hot for accuracy, top-K and the confusion matrix, and single zeros and ones for the binary ones. With
 * class indices, precision and recall are of class 1 where there are two, else the mean over the classes (0 for one that never occurs).
 */
#ifndef KILN_TRAIN_METRICS_H
#define KILN_TRAIN_METRICS_H
#include "kiln/kiln.h"
#include "runtime/train/error.h"
#include <jansson.h>
#ifdef __cplusplus
extern "C" {
#endif

enum { KILN_MAX_METRICS = 12, KILN_METRIC_NAME = 24 };

typedef struct kiln_metrics {
  int32_t count;
  char names[KILN_MAX_METRICS][KILN_METRIC_NAME];
  int64_t top[KILN_MAX_METRICS]; /* K of top-K */
  bool indices;                  /* targets are class indices */
  kiln_dtype target;
  int64_t classes, items;        /* scores of one item; items in a row */
  double threshold;
  bool needs_confusion, needs_scores;
  /* sums since the last reset */
  int64_t seen, correct, hits[KILN_MAX_METRICS];
  int64_t truth[2][2]; /* binary: [target][predicted] */
  double absolute, squared;
  int64_t numbers; /* elements behind absolute and squared */
  int64_t *confusion; /* [target][predicted] */
  float *scores;      /* of roc-auc, each with its label's sign bit in `labels` */
  uint8_t *labels;
  int64_t score_count, score_room;
} kiln_metrics;

/* `list` is "accuracy,top-5"; NULL or "none" is none. `rows` is the most that will be added between resets. */
bool kiln_metrics_open(kiln_metrics *metrics, const char *list, const kiln_tensor_info *prediction, const kiln_tensor_info *target,
                       int64_t rows, double threshold, kiln_error *error);
void kiln_metrics_close(kiln_metrics *metrics);
void kiln_metrics_reset(kiln_metrics *metrics);
/* The first `rows` rows of a batch. */
void kiln_metrics_add(kiln_metrics *metrics, const float *prediction, const void *target, int64_t rows);
/* NAN for what has no single number, or no rows. `loss` is the mean loss, for perplexity. */
double kiln_metrics_value(kiln_metrics *metrics, int32_t index, double loss);
/* The matrix as rows of target classes. */
json_t *kiln_metrics_confusion(const kiln_metrics *metrics);

/* sums.c: the sums so far as JSON, and back into metrics that were just reset. Sums of other metrics are left aside; false: they are damaged. */
json_t *kiln_metrics_sums(const kiln_metrics *metrics);
bool kiln_metrics_continue(kiln_metrics *metrics, const json_t *sums);

/* ranking.c: the area under the ROC curve, ties counted half. Sorts the scores. */
double kiln_roc_auc(float *scores, uint8_t *labels, int64_t count);
/* Whether a larger value of this metric is the better one. */
bool kiln_metric_rises(const char *name);

#ifdef __cplusplus
}
#endif
#endif
