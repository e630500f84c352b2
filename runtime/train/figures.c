/* In: a set's sums. Out: each metric's number. */
#include "runtime/train/metrics.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

/* Of class 1 where there are two, else the mean over classes. `columns`: divide by what was predicted, else by what was true. */
static double per_class(const kiln_metrics *metrics, bool columns) {
  int64_t classes = metrics->classes;
  if (classes <= 2 && (metrics->indices || classes == 1))
    return ratio((double)metrics->truth[1][1],
                 (double)(metrics->truth[1][1] + (columns ? metrics->truth[0][1] : metrics->truth[1][0])));
  double sum = 0;
  for (int64_t class = 0; class < classes; ++class) {
    int64_t total = 0;
    for (int64_t other = 0; other < classes; ++other)
      total += columns ? metrics->confusion[other * classes + class] : metrics->confusion[class * classes + other];
    sum += ratio((double)metrics->confusion[class * classes + class], (double)total);
  }
  return sum / (double)classes;
}

static double binary_accuracy(const kiln_metrics *metrics) {
  const int64_t(*truth)[2] = metrics->truth;
  int64_t right = truth[0][0] + truth[1][1], all = right + truth[0][1] + truth[1][0];
  return all ? (double)right / (double)all : NAN;
}

double kiln_metrics_value(kiln_metrics *metrics, int32_t index, double loss) {
  const char *name = metrics->names[index];
  double seen = (double)metrics->seen, numbers = (double)metrics->numbers;
  if (strcmp(name, "perplexity") == 0)
    return exp(loss);
  if (metrics->seen == 0 && metrics->numbers == 0)
    return NAN;
  if (strcmp(name, "accuracy") == 0)
    return metrics->classes > 1 ? (double)metrics->correct / seen : binary_accuracy(metrics);
  if (strncmp(name, "top-", 4) == 0)
    return (double)metrics->hits[index] / seen;
  if (strcmp(name, "binary-accuracy") == 0)
    return binary_accuracy(metrics);
  if (strcmp(name, "precision") == 0 || strcmp(name, "recall") == 0)
    return per_class(metrics, name[0] == 'p');
  if (strcmp(name, "roc-auc") == 0)
    return kiln_roc_auc(metrics->scores, metrics->labels, metrics->score_count);
  if (strcmp(name, "mae") == 0)
    return metrics->absolute / numbers;
  if (strcmp(name, "rmse") == 0)
    return sqrt(metrics->squared / numbers);
  return NAN;
}

json_t *kiln_metrics_confusion(const kiln_metrics *metrics) {
  json_t *matrix = json_array();
  for (int64_t row = 0; row < metrics->classes; ++row) {
    json_t *line = json_array();
    for (int64_t column = 0; column < metrics->classes; ++column)
      json_array_append_new(line, json_integer(metrics->confusion[row * metrics->classes + column]));
    json_array_append_new(matrix, line);
  }
  return matrix;
}

bool kiln_metric_rises(const char *name) {
  return strcmp(name, "loss") != 0 && strcmp(name, "mae") != 0 && strcmp(name, "rmse") != 0 && strcmp(name, "perplexity") != 0;
}
