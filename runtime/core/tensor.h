/* tensor.h: names and sizes of element types and shapes, for checks and messages. */
#ifndef KILN_CORE_TENSOR_H
#define KILN_CORE_TENSOR_H
#include "kiln/kiln.h"
#ifdef __cplusplus
extern "C" {
#endif

const char *kiln_dtype_name(kiln_dtype dtype); /* "float32"; NULL for what is no dtype */
int32_t kiln_dtype_size(kiln_dtype dtype);     /* bytes; 0 for what is no dtype */

/* Elements in a shape, or -1 when a dimension is negative or the product leaves int64_t. */
int64_t kiln_elements(int32_t rank, const int64_t *shape);

/* Of a tensor as a model describes it, whose shape is in order. */
size_t kiln_tensor_bytes(const kiln_tensor_info *info);

/* Writes "float32[1,10]" and returns text. Any values are fit to be described; up to KILN_MAX_RANK + 1 dimensions are read. */
#define KILN_DESCRIPTION 160
const char *kiln_describe(char text[KILN_DESCRIPTION], kiln_dtype dtype, int32_t rank, const int64_t *shape);

#ifdef __cplusplus
}
#endif
#endif
