/* In: scores and which of them are of positives. Out: the chance that a positive scores above a negative (Mann-Whitney). */
#include "runtime/train/metrics.h"
#include <math.h>

/* Moves the root of a heap of `count` down to its place; scores and labels go together. */
static void sift(float *scores, uint8_t *labels, int64_t root, int64_t count) {
  float score = scores[root];
  uint8_t label = labels[root];
  for (int64_t child; (child = 2 * root + 1) < count; root = child) {
    child += child + 1 < count && scores[child + 1] > scores[child];
    if (scores[child] <= score)
      break;
    scores[root] = scores[child];
    labels[root] = labels[child];
  }
  scores[root] = score;
  labels[root] = label;
}

static void sort(float *scores, uint8_t *labels, int64_t count) {
  for (int64_t i = count / 2; i-- > 0;)
    sift(scores, labels, i, count);
  for (int64_t last = count - 1; last > 0; --last) {
    float score = scores[last];
    uint8_t label = labels[last];
    scores[last] = scores[0];
    labels[last] = labels[0];
    scores[0] = score;
    labels[0] = label;
    sift(scores, labels, 0, last);
  }
}

double kiln_roc_auc(float *scores, uint8_t *labels, int64_t count) {
  double pairs = 0, positives = 0, negatives = 0; /* negatives: below the present score */
  sort(scores, labels, count);
  for (int64_t i = 0, end; i < count; i = end) {
    double tied[2] = {0, 0};
    for (end = i; end < count && !(scores[end] > scores[i]); ++end)
      ++tied[labels[end]];
    pairs += tied[1] * (negatives + tied[0] / 2);
    positives += tied[1];
    negatives += tied[0];
  }
  return positives > 0 && negatives > 0 ? pairs / (positives * negatives) : NAN;
}
