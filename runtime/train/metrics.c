/* In: names, then predictions and targets. Out: sums. What they come to is in figures.c. */
#include "runtime/train/metrics.h"
#include "runtime/core/tensor.h"
#include <stdlib.h>
#include <string.h>

typedef enum need { EITHER, CLASSES, BINARY, NUMBERS } need;
static const struct {
  const char *name;
  need need;
} known[] = {
    {"accuracy", EITHER}, {"top-", CLASSES}, {"binary-accuracy", BINARY}, {"precision", EITHER},  {"recall", EITHER},
    {"roc-auc", BINARY},  {"mae", NUMBERS},  {"rmse", NUMBERS},           {"perplexity", EITHER}, {"confusion-matrix", CLASSES}};

/* Does the metric make sense for what the model predicts? */
static bool suits(const kiln_metrics *metrics, need need) {
  bool several = metrics->classes > 1;
  switch (need) {
  case CLASSES:
    return several;
  case BINARY:
    return metrics->indices ? metrics->classes == 2 : true;
  case NUMBERS:
    return !metrics->indices;
  default:
    return true;
  }
}

static bool add_name(kiln_metrics *metrics, const char *name, size_t length, kiln_error *error) {
  char *end = NULL;
  int32_t place = metrics->count;
  if (place == KILN_MAX_METRICS)
    return kiln_error_set(error, "metrics: expected at most %d", KILN_MAX_METRICS);
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
    size_t stem = strlen(known[i].name);
    bool top = strcmp(known[i].name, "top-") == 0;
    if (length < stem || length >= KILN_METRIC_NAME || strncmp(name, known[i].name, stem) != 0 || (!top && length != stem))
      continue;
    memcpy(metrics->names[place], name, length);
    metrics->top[place] = top ? strtoll(metrics->names[place] + stem, &end, 10) : 1;
    if (top && (*end || metrics->top[place] < 1))
      break;
    if (!suits(metrics, known[i].need))
      return kiln_error_set(error, "metrics: '%s' does not suit this model's prediction and target", metrics->names[place]);
    metrics->needs_scores |= strcmp(known[i].name, "roc-auc") == 0;
    metrics->needs_confusion |=
        metrics->classes > 1 && (strcmp(known[i].name, "confusion-matrix") == 0 || strcmp(known[i].name, "precision") == 0 ||
                                 strcmp(known[i].name, "recall") == 0);
    ++metrics->count;
    return true;
  }
  return kiln_error_set(
      error,
      "metrics: there is none called '%.*s'; there are accuracy, top-K, binary-accuracy, precision, recall, roc-auc, "
      "mae, rmse, perplexity, confusion-matrix",
      (int)length, name);
}

bool kiln_metrics_open(kiln_metrics *metrics, const char *list, const kiln_tensor_info *prediction, const kiln_tensor_info *target,
                       int64_t rows, double threshold, kiln_error *error) {
  int64_t row = kiln_elements(prediction->rank - 1, prediction->shape + 1);
  *metrics = (kiln_metrics){.indices = target->dtype != KILN_F32, .target = target->dtype, .threshold = threshold};
  metrics->classes = prediction->rank > 1 ? prediction->shape[prediction->rank - 1] : 1;
  metrics->items = metrics->classes ? row / metrics->classes : 0;
  if (prediction->dtype != KILN_F32)
    return kiln_error_set(error, "metrics: expected a prediction of float32, found %s", kiln_dtype_name(prediction->dtype));
  const char *at = list && strcmp(list, "none") != 0 ? list : NULL;
  while (at && *at) {
    size_t length = strcspn(at, ",");
    if (!add_name(metrics, at, length, error))
      return false;
    at += length + (at[length] == ',');
  }
  int64_t matrix = metrics->needs_confusion ? metrics->classes * metrics->classes : 0;
  metrics->score_room = metrics->needs_scores ? rows * (metrics->indices ? metrics->items : row) : 0;
  metrics->confusion = calloc((size_t)matrix + 1, sizeof *metrics->confusion);
  metrics->scores = malloc(((size_t)metrics->score_room + 1) * sizeof *metrics->scores);
  metrics->labels = malloc((size_t)metrics->score_room + 1);
  if (metrics->confusion && metrics->scores && metrics->labels)
    return true;
  kiln_metrics_close(metrics);
  return kiln_error_set(error, "no memory for metrics");
}

void kiln_metrics_close(kiln_metrics *metrics) {
  free(metrics->confusion);
  free(metrics->scores);
  free(metrics->labels);
  *metrics = (kiln_metrics){0};
}

void kiln_metrics_reset(kiln_metrics *metrics) {
  metrics->seen = metrics->correct = metrics->numbers = metrics->score_count = 0;
  metrics->absolute = metrics->squared = 0;
  memset(metrics->hits, 0, sizeof metrics->hits);
  memset(metrics->truth, 0, sizeof metrics->truth);
  if (metrics->needs_confusion)
    memset(metrics->confusion, 0, (size_t)(metrics->classes * metrics->classes) * sizeof *metrics->confusion);
}

static int64_t largest(const float *values, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (values[i] > values[best])
      best = i;
  return best;
}

static void add_score(kiln_metrics *metrics, float score, bool positive) {
  if (metrics->score_count < metrics->score_room) {
    metrics->scores[metrics->score_count] = score;
    metrics->labels[metrics->score_count++] = positive;
  }
}

/* One item of several scores whose class is known. */
static void add_class(kiln_metrics *metrics, const float *scores, int64_t class) {
  int64_t predicted = largest(scores, metrics->classes), above = 0;
  ++metrics->seen;
  metrics->correct += predicted == class;
  for (int64_t i = 0; i < metrics->classes; ++i)
    above += scores[i] > scores[class] || (scores[i] == scores[class] && i < class);
  for (int32_t i = 0; i < metrics->count; ++i)
    metrics->hits[i] += above < metrics->top[i];
  if (metrics->needs_confusion)
    ++metrics->confusion[class * metrics->classes + predicted];
  if (metrics->indices && metrics->classes == 2) {
    ++metrics->truth[class][predicted];
    if (metrics->needs_scores)
      add_score(metrics, scores[1] - scores[0], class == 1);
  }
}

static void add_numbers(kiln_metrics *metrics, const float *prediction, const float *target, int64_t count) {
  metrics->numbers += count;
  for (int64_t i = 0; i < count; ++i) {
    double difference = (double)prediction[i] - (double)target[i];
    metrics->absolute += difference < 0 ? -difference : difference;
    metrics->squared += difference * difference;
    bool positive = target[i] > 0.5f;
    ++metrics->truth[positive][(double)prediction[i] > metrics->threshold];
    if (metrics->needs_scores)
      add_score(metrics, prediction[i], positive);
  }
}

void kiln_metrics_add(kiln_metrics *metrics, const float *prediction, const void *target, int64_t rows) {
  int64_t items = rows * metrics->items;
  if (!metrics->indices)
    add_numbers(metrics, prediction, target, items * metrics->classes);
  for (int64_t i = 0; i < items && metrics->classes > 1; ++i) {
    int64_t class = !metrics->indices             ? largest((const float *)target + i * metrics->classes, metrics->classes)
                    : metrics->target == KILN_I32 ? ((const int32_t *)target)[i]
                    : metrics->target == KILN_I64 ? ((const int64_t *)target)[i]
                                                  : ((const uint8_t *)target)[i];
    add_class(metrics, prediction + i * metrics->classes, class);
  }
}
