/* In: the sums of an epoch that is interrupted. Out: JSON for its checkpoint, and the sums again when it goes on. */
#include "runtime/train/metrics.h"
#include <string.h>

/* What the sums are of: only the same metrics go on with them. */
static json_t *kind_of(const kiln_metrics *metrics) {
  json_t *kind = json_pack("[f, I, I]", metrics->threshold, (json_int_t)metrics->classes, (json_int_t)metrics->items);
  for (int32_t i = 0; i < metrics->count; ++i)
    json_array_append_new(kind, json_string(metrics->names[i]));
  return kind;
}

static int64_t matrix_size(const kiln_metrics *metrics) {
  return metrics->needs_confusion ? metrics->classes * metrics->classes : 0;
}

json_t *kiln_metrics_sums(const kiln_metrics *metrics) {
  json_t *hits = json_array(), *confusion = json_array(), *scores = json_array(), *labels = json_array();
  for (int32_t i = 0; i < metrics->count; ++i)
    json_array_append_new(hits, json_integer(metrics->hits[i]));
  for (int64_t i = 0; i < matrix_size(metrics); ++i)
    json_array_append_new(confusion, json_integer(metrics->confusion[i]));
  for (int64_t i = 0; i < metrics->score_count; ++i) {
    json_array_append_new(scores, json_real((double)metrics->scores[i]));
    json_array_append_new(labels, json_integer(metrics->labels[i]));
  }
  return json_pack("{s:o, s:[I,I,I], s:[f,f], s:[I,I,I,I], s:o, s:o, s:o, s:o}", "of", kind_of(metrics), "counts",
                   (json_int_t)metrics->seen, (json_int_t)metrics->correct, (json_int_t)metrics->numbers, "errors",
                   metrics->absolute, metrics->squared, "truth", (json_int_t)metrics->truth[0][0], (json_int_t)metrics->truth[0][1],
                   (json_int_t)metrics->truth[1][0], (json_int_t)metrics->truth[1][1], "hits", hits, "confusion", confusion,
                   "scores", scores, "labels", labels);
}

static bool take_counts(const json_t *from, int64_t *to, int64_t count) {
  bool good = json_array_size(from) == (size_t)count;
  for (int64_t i = 0; good && i < count; ++i) {
    const json_t *value = json_array_get(from, (size_t)i);
    good = json_is_integer(value) && json_integer_value(value) >= 0;
    to[i] = json_integer_value(value);
  }
  return good;
}

bool kiln_metrics_continue(kiln_metrics *metrics, const json_t *sums) {
  json_t *kind = kind_of(metrics);
  bool same = sums && json_equal(kind, json_object_get(sums, "of"));
  json_decref(kind);
  if (!same)
    return sums == NULL || json_is_object(sums);
  const json_t *scores = json_object_get(sums, "scores"), *labels = json_object_get(sums, "labels"),
               *errors = json_object_get(sums, "errors");
  size_t count = json_array_size(scores);
  int64_t counts[3], truth[4];
  if (!take_counts(json_object_get(sums, "counts"), counts, 3) || !take_counts(json_object_get(sums, "truth"), truth, 4) ||
      !take_counts(json_object_get(sums, "hits"), metrics->hits, metrics->count) ||
      !take_counts(json_object_get(sums, "confusion"), metrics->confusion, matrix_size(metrics)) ||
      count > (size_t)metrics->score_room || json_array_size(labels) != count)
    return false;
  metrics->seen = counts[0];
  metrics->correct = counts[1];
  metrics->numbers = counts[2];
  memcpy(metrics->truth, truth, sizeof truth);
  metrics->absolute = json_number_value(json_array_get(errors, 0));
  metrics->squared = json_number_value(json_array_get(errors, 1));
  for (size_t i = 0; i < count; ++i) {
    metrics->scores[i] = (float)json_number_value(json_array_get(scores, i));
    metrics->labels[i] = json_integer_value(json_array_get(labels, i)) != 0;
  }
  metrics->score_count = (int64_t)count;
  return true;
}
