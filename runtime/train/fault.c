/* In: a step after which something is no number. Out: where it was seen first, in the order in which numbers flow: the batch, the
 * parameters that the step read (they were checked after the step before), its loss, the parameters that it wrote. */
#include "runtime/core/tensor.h"
#include "runtime/train/trainer.h"
#include <math.h>
#include <stdio.h>

/* The data row behind the first value of the batch that is no number, or -1. */
static int64_t find_row(const kiln_feed *feed, const float *values, const uint32_t *rows, int64_t count) {
  for (int64_t i = 0; feed->tensor->dtype == KILN_F32 && i < count * feed->elements; ++i)
    if (!isfinite(values[i]))
      return rows[i / feed->elements];
  return -1;
}

bool kiln_fault_explain(const kiln_trainer *trainer, const kiln_batch *batch, bool loss, const char *part, kiln_error *error) {
  const kiln_set *set = &trainer->training;
  char kept[PATH_MAX + 80] = "; there is no checkpoint yet", where[400];
  if (trainer->saved)
    snprintf(kept, sizeof kept, "; the checkpoint of epoch %lld is kept: %s", (long long)trainer->saved_epoch, trainer->saved);
  snprintf(where, sizeof where, "step %lld (epoch %lld, batch %lld)", (long long)trainer->number,
           (long long)trainer->state.epoch + 1, (long long)(trainer->state.row / set->loader.size) + 1);
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
