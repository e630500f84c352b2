/* Zeroes what lies around the logical tensor in a stored one: the halo that the next convolution reads as its padding. */
#include "runtime/core/model.h"
#include <string.h>

enum { EXTENT, STRIDE, LOW, HIGH, FIELDS };

/* `dims` are the stored dimensions, innermost first; what lies below one is contiguous within its stride. No halo below `first`. */
static void zero_around(uint8_t *base, int64_t element, const int64_t *dims, int64_t d, int64_t first) {
  const int64_t *dim = dims + d * FIELDS;
  int64_t step = dim[STRIDE] * element, end = dim[EXTENT] - dim[HIGH];
  memset(base, 0, (size_t)(dim[LOW] * step));
  memset(base + end * step, 0, (size_t)(dim[HIGH] * step));
  if (d > first)
    for (int64_t i = dim[LOW]; i < end; ++i)
      zero_around(base + i * step, element, dims, d - 1, first);
}

void kiln_zero_border(void *base, const int64_t *descriptor) {
  int64_t rank = descriptor[0], first = 0;
  const int64_t *dims = descriptor + 2;
  while (first < rank && dims[first * FIELDS + LOW] == 0 && dims[first * FIELDS + HIGH] == 0)
    ++first;
  if (first < rank)
    zero_around(base, descriptor[1], dims, rank - 1, first);
}
