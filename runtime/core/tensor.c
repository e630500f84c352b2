/* Names and sizes of element types and shapes. */
#include "runtime/core/tensor.h"
#include <stdio.h>

static const struct {
  const char name[10];
  uint8_t size;
} dtypes[] = {
    [KILN_F32] = {"float32", 4}, [KILN_F64] = {"float64", 8}, [KILN_F16] = {"float16", 2}, [KILN_BF16] = {"bfloat16", 2},
    [KILN_I8] = {"int8", 1},     [KILN_I16] = {"int16", 2},   [KILN_I32] = {"int32", 4},   [KILN_I64] = {"int64", 8},
    [KILN_U8] = {"uint8", 1},    [KILN_U16] = {"uint16", 2},  [KILN_U32] = {"uint32", 4},  [KILN_U64] = {"uint64", 8},
    [KILN_BOOL] = {"bool", 1},
};

static int known(kiln_dtype dtype) { return (unsigned)dtype > 0 && (unsigned)dtype < sizeof dtypes / sizeof *dtypes; }

const char *kiln_dtype_name(kiln_dtype dtype) { return known(dtype) ? dtypes[dtype].name : NULL; }

int32_t kiln_dtype_size(kiln_dtype dtype) { return known(dtype) ? dtypes[dtype].size : 0; }

int64_t kiln_elements(int32_t rank, const int64_t *shape) {
  int64_t product = 1;
  for (int32_t i = 0; i < rank; ++i)
    if (shape[i] < 0)
      return -1;
    else if (shape[i] == 0)
      product = 0;
  for (int32_t i = 0; i < rank && product; ++i)
    if (__builtin_mul_overflow(product, shape[i], &product))
      return -1;
  return product;
}

size_t kiln_tensor_bytes(const kiln_tensor_info *info) {
  return (size_t)kiln_elements(info->rank, info->shape) * (size_t)kiln_dtype_size(info->dtype);
}

const char *kiln_describe(char text[KILN_DESCRIPTION], kiln_dtype dtype, int32_t rank, const int64_t *shape) {
  size_t room = KILN_DESCRIPTION;
  int used = known(dtype) ? snprintf(text, room, "%s", dtypes[dtype].name) : snprintf(text, room, "dtype %d", (int)dtype);
  if (rank < 0 || rank > KILN_MAX_RANK + 1) {
    snprintf(text + used, room - used, " of impossible rank");
    return text;
  }
  used += snprintf(text + used, room - used, "[");
  for (int32_t i = 0; i < rank && used < (int)room; ++i)
    used += snprintf(text + used, room - used, i ? ",%lld" : "%lld", (long long)shape[i]);
  if (used < (int)room)
    snprintf(text + used, room - used, "]");
  return text;
}
