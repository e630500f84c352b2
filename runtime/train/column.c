/* In: what a file's header says. Out: a column with memory for it, and its elements as numbers. */
#include "runtime/train/column.h"
#include "runtime/core/tensor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool kiln_column_take(kiln_column *column, const char *path, kiln_dtype dtype, int32_t rank, const int64_t *shape,
                      kiln_error *error) {
  int64_t elements = kiln_elements(rank, shape), bytes;
  if (rank < 1 || rank > KILN_MAX_RANK + 1)
    return kiln_error_set(error, "%s: expected 1 to %d dimensions, the first one for the rows; found %d", path, KILN_MAX_RANK + 1,
                          rank);
  if (elements < 0 || __builtin_mul_overflow(elements, kiln_dtype_size(dtype), &bytes))
    return kiln_error_set(error, "%s: its shape is impossibly large", path);
  if (elements == 0)
    return kiln_error_set(error, "%s: it holds no rows", path);
  if (shape[0] > UINT32_MAX)
    return kiln_error_set(error, "%s: expected fewer than 2^32 rows, found %lld", path, (long long)shape[0]);
  *column = (kiln_column){.dtype = dtype, .rows = shape[0], .rank = rank - 1, .stride = (size_t)(bytes / shape[0])};
  snprintf(column->path, sizeof column->path, "%s", path);
  memcpy(column->shape, shape + 1, (size_t)(rank - 1) * sizeof *shape);
  column->memory = malloc((size_t)bytes);
  column->data = column->memory;
  if (column->memory == NULL)
    return kiln_error_set(error, "%s: no memory for its %lld bytes", path, (long long)bytes);
  return true;
}

void kiln_column_free(kiln_column *column) {
  free(column->memory);
  column->memory = NULL;
  column->data = NULL;
}

int64_t kiln_column_elements(const kiln_column *column) { return kiln_elements(column->rank, column->shape); }

#define READ(type)                                                                                                                 \
  {                                                                                                                                \
    type value;                                                                                                                    \
    memcpy(&value, at, sizeof value);                                                                                              \
    return (double)value;                                                                                                          \
  }

double kiln_column_value(const kiln_column *column, int64_t row, int64_t element) {
  const uint8_t *at = column->data + (size_t)row * column->stride + (size_t)(element * kiln_dtype_size(column->dtype));
  switch (column->dtype) {
  case KILN_F32:
    READ(float)
  case KILN_F64:
    READ(double)
  case KILN_I8:
    READ(int8_t)
  case KILN_I16:
    READ(int16_t)
  case KILN_I32:
    READ(int32_t)
  case KILN_I64:
    READ(int64_t)
  case KILN_U16:
    READ(uint16_t)
  case KILN_U32:
    READ(uint32_t)
  case KILN_U64:
    READ(uint64_t)
  default:
    READ(uint8_t) /* u8 and bool; readers refuse the rest */
  }
}
