/* In: a step that failed, or after which something is no number. Out: a sentence. Of numbers: where it was seen first, in the order in which
 * they flow: the batch, the parameters that the step read (they were checked after the step before), its loss, the parameters that it
 * wrote. */
#include "runtime/core/tensor.h"
#include "runtime/train/trainer.h"
#include <math.h>
#include <stdio.h>

enum { KILN_FAULT_TEXT = PATH_MAX + 80 };

/* The data row behind the first value of the batch that is no number, or -1. */
static int64_t find_row(const kiln_feed *feed, const float *values, const uint32_t *rows, int64_t count) {
  for (int64_t i = 0; feed->tensor->dtype == KILN_F32 && i < count * feed->elements; ++i)
    if (!isfinite(values[i]))
      return rows[i / feed->elements];
  return -1;
}

static void say_where(const kiln_trainer *trainer, char where[KILN_FAULT_TEXT]) {
  snprintf(where, KILN_FAULT_TEXT, "step %lld (epoch %lld, batch %lld)", (long long)trainer->number,
           (long long)trainer->state.epoch + 1, (long long)(trainer->state.row / trainer->training.loader.size) + 1);
}

static void say_kept(const kiln_trainer *trainer, char kept[KILN_FAULT_TEXT]) {
  if (trainer->saved)
    snprintf(kept, KILN_FAULT_TEXT, "; the checkpoint of epoch %lld is kept: %s", (long long)trainer->saved_epoch, trainer->saved);
  else
    snprintf(kept, KILN_FAULT_TEXT, "; there is no checkpoint yet");
}

bool kiln_fault_of_run(const kiln_trainer *trainer, kiln_error *error) {
  char where[KILN_FAULT_TEXT], kept[KILN_FAULT_TEXT];
  kiln_error what = *error;
  say_where(trainer, where);
  say_kept(trainer, kept);
  return kiln_error_set(error, "%s: %s%s", where, what.text, kept);
}

bool kiln_fault_explain(const kiln_trainer *trainer, const kiln_batch *batch, bool loss, const char *part, kiln_error *error) {
  const kiln_set *set = &trainer->training;
  char kept[KILN_FAULT_TEXT], where[KILN_FAULT_TEXT];
  say_kept(trainer, kept);
  say_where(trainer, where);
  for (int32_t i = 0; i < set->count; ++i) {
    int64_t row = find_row(&set->feeds[i], batch->tensors[i], batch->chosen, batch->rows);
    if (row >= 0)
      return kiln_error_set(error, "%s: '%s' holds NaN or infinity: row %lld of %s%s", where, set->names[i], (long long)row,
                            set->feeds[i].column->path, kept);
  }
  if (loss)
    return kiln_error_set(error, "%s: the loss is %g, with parameters that were numbers before it%s%s%s; a lower --rate may help%s",
                          where, (double)set->loss, part ? "; after it the first that is none is '" : "", part ? part : "",
                          part ? "'" : "", kept);
  return kiln_error_set(error, "%s: '%s' became NaN or infinite in the update, at a loss of %g; a lower --rate may help%s", where,
                        part, (double)set->loss, kept);
}
