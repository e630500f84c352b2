/* Indices are data that the model's caller chooses: the program has them checked before a kernel, which only clamps, reads there. */
#include "runtime/core/context.h"

kiln_status kiln_check_indices(kiln_context *context, const char *node, const void *indices, int32_t width, int64_t count,
                               int64_t limit) {
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = width == 4 ? ((const int32_t *)indices)[i] : ((const int64_t *)indices)[i];
    if (index < -limit || index >= limit)
      return kiln_fail(context, KILN_OUT_OF_RANGE, "node '%.200s': expected indices from %lld to %lld, found %lld at position %lld",
                       node, (long long)-limit, (long long)limit - 1, (long long)index, (long long)i);
  }
  return KILN_OK;
}
