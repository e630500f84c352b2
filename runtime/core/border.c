/* Zeroes what lies around the logical tensor in a stored one: the halo that the next convolution reads as its padding. */
#include "runtime/core/model.h"
#include <string.h>

enum { EXTENT, STRIDE, LOW, HIGH, FIELDS };

/* Rows of images have short borders by the thousand: a call for each would take longer than the stores. */
static void zero(uint8_t *at, int64_t bytes) {
  if (bytes > 128 || bytes < 8) {
    if (bytes > 0)
      memset(at, 0, (size_t)bytes);
    return;
  }
  for (int64_t i = 0; i + 8 < bytes; i += 8)
    memset(at + i, 0, 8);
  memset(at + bytes - 8, 0, 8);
}

/* `dims` are the stored dimensions, innermost first; what lies below one is contiguous within its stride. No halo below `first`. */
static void zero_around(uint8_t *base, int64_t element, const int64_t *dims, int64_t d, int64_t first) {
  const int64_t *dim = dims + d * FIELDS, *inner = dim - FIELDS;
  int64_t step = dim[STRIDE] * element, end = dim[EXTENT] - dim[HIGH];
  zero(base, dim[LOW] * step);
  zero(base + end * step, dim[HIGH] * step);
  if (d == first || dim[LOW] >= end)
    return;
  if (d > first + 1 || inner[EXTENT] * inner[STRIDE] != dim[STRIDE]) {
    for (int64_t i = dim[LOW]; i < end; ++i)
      zero_around(base + i * step, element, dims, d - 1, first);
    return;
  }
  /* The end of a row and the start of the next are one piece. */
  int64_t unit = inner[STRIDE] * element, low = inner[LOW] * unit, high = inner[HIGH] * unit;
  zero(base + dim[LOW] * step, low);
  for (int64_t i = dim[LOW] + 1; i < end; ++i)
    zero(base + i * step - high, high + low);
  zero(base + end * step - high, high);
}

void kiln_zero_border(void *base, const int64_t *descriptor) {
  int64_t rank = descriptor[0], first = 0;
  const int64_t *dims = descriptor + 2;
  while (first < rank && dims[first * FIELDS + LOW] == 0 && dims[first * FIELDS + HIGH] == 0)
    ++first;
  if (first < rank)
    zero_around(base, descriptor[1], dims, rank - 1, first);
}
