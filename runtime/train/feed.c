/* In: a column and an input of the model. Out: rows of the one as rows of the other; or why they do not fit. */
#include "runtime/train/feed.h"
#include "runtime/core/tensor.h"
#include <math.h>
#include <string.h>

/* A shape without its ones: [1,32,32] and [32,32,1] are both pictures of 32 by 32. */
static int32_t squeeze(int32_t rank, const int64_t *shape, int64_t *squeezed, int32_t *place) {
  int32_t count = 0;
  for (int32_t i = 0; i < rank; ++i)
    if (shape[i] != 1) {
      squeezed[count] = shape[i];
      place[count++] = i;
    }
  return count;
}

/* A picture in the middle of a larger one: the same rank of 2 or 3, with exactly two dimensions that may be larger. */
static bool bind_padded(kiln_feed *feed) {
  int64_t from[KILN_MAX_RANK], to[KILN_MAX_RANK], before[3] = {0}, small[3] = {1, 1, 1}, large[3] = {1, 1, 1};
  int32_t place[KILN_MAX_RANK], different = 0;
  int32_t rank = squeeze(feed->column->rank, feed->column->shape, from, place);
  if (rank < 2 || rank > 3 || squeeze(feed->tensor->rank - 1, feed->tensor->shape + 1, to, place) != rank)
    return false;
  for (int32_t i = 0; i < rank; ++i) {
    if (from[i] > to[i])
      return false;
    different += from[i] < to[i];
    small[3 - rank + i] = from[i];
    large[3 - rank + i] = to[i];
    before[3 - rank + i] = (to[i] - from[i]) / 2;
  }
  feed->padded = true;
  feed->planes = small[0];
  feed->lines = small[1];
  feed->line = small[2];
  feed->inner = large[2];
  feed->outer = large[1] * large[2];
  feed->start = before[0] * feed->outer + before[1] * feed->inner + before[2];
  return different <= 2;
}

static bool check_indices(const kiln_column *column, int64_t classes, kiln_error *error) {
  int64_t elements = kiln_column_elements(column);
  for (int64_t row = 0; row < column->rows; ++row)
    for (int64_t i = 0; i < elements; ++i) {
      double value = kiln_column_value(column, row, i);
      if (!(value >= 0 && value < (double)classes) || value != floor(value))
        return kiln_error_set(error, "%s: row %lld: expected a label from 0 to %lld, found %g", column->path, (long long)row,
                              (long long)classes - 1, value);
    }
  return true;
}

static bool known(kiln_dtype dtype) {
  return dtype == KILN_F32 || dtype == KILN_F64 || dtype == KILN_I64 || dtype == KILN_I32 || dtype == KILN_U8 || dtype == KILN_BOOL;
}

static bool fits(kiln_feed *feed, int64_t classes) {
  int64_t elements = kiln_column_elements(feed->column);
  if (elements == feed->elements)
    return true;
  if (classes > 0 && elements == 1 && feed->elements == classes && feed->tensor->dtype == KILN_F32) {
    feed->one_hot = true;
    return true;
  }
  return classes == 0 && bind_padded(feed);
}

bool kiln_feed_bind(kiln_feed *feed, const kiln_column *column, const kiln_tensor_info *tensor, double scale, double shift,
                    int64_t classes, kiln_error *error) {
  *feed = (kiln_feed){.column = column,
                      .tensor = tensor,
                      .scale = scale,
                      .shift = shift,
                      .elements = kiln_elements(tensor->rank - 1, tensor->shape + 1)};
  if (!known(tensor->dtype))
    return kiln_error_set(error, "input '%s': data sets have no elements of %s", tensor->name, kiln_dtype_name(tensor->dtype));
  if (!fits(feed, classes)) {
    char found[KILN_DESCRIPTION], expected[KILN_DESCRIPTION];
    return kiln_error_set(error, "%s: rows of %s do not fit the model's '%s', whose rows are %s", column->path,
                          kiln_describe(found, column->dtype, column->rank, column->shape), tensor->name,
                          kiln_describe(expected, tensor->dtype, tensor->rank - 1, tensor->shape + 1));
  }
  bool indices = classes > 0 && (feed->one_hot || tensor->dtype != KILN_F32);
  return !indices || check_indices(column, classes, error);
}

/* `count` elements from `from` on. The cases that whole data sets are made of have loops of their own. */
static void convert(const kiln_feed *feed, void *to, int64_t offset, int64_t row, int64_t element, int64_t count) {
  const kiln_column *column = feed->column;
  const uint8_t *from = column->data + (size_t)row * column->stride;
  kiln_dtype wanted = feed->tensor->dtype;
  const float scale = (float)feed->scale, shift = (float)feed->shift;
  if (wanted == KILN_F32 && column->dtype == KILN_U8) {
    float *restrict out = (float *)to + offset;
    for (int64_t i = 0; i < count; ++i)
      out[i] = (float)from[element + i] * scale + shift;
  } else if (wanted == KILN_F32 && column->dtype == KILN_F32) {
    const float *restrict values = (const float *)from + element;
    float *restrict out = (float *)to + offset;
    for (int64_t i = 0; i < count; ++i)
      out[i] = values[i] * scale + shift;
  } else if (wanted == KILN_F32) {
    float *out = (float *)to + offset;
    for (int64_t i = 0; i < count; ++i)
      out[i] = (float)kiln_column_value(column, row, element + i) * scale + shift;
  } else if (wanted == KILN_I64 && column->dtype == KILN_U8) {
    int64_t *restrict out = (int64_t *)to + offset;
    for (int64_t i = 0; i < count; ++i)
      out[i] = from[element + i];
  } else {
    for (int64_t i = 0; i < count; ++i) {
      double value = kiln_column_value(column, row, element + i);
      if (wanted == KILN_I64)
        ((int64_t *)to)[offset + i] = (int64_t)value;
      else if (wanted == KILN_I32)
        ((int32_t *)to)[offset + i] = (int32_t)value;
      else if (wanted == KILN_F64)
        ((double *)to)[offset + i] = value * feed->scale + feed->shift;
      else
        ((uint8_t *)to)[offset + i] = (uint8_t)value;
    }
  }
}

void kiln_feed_clear(const kiln_feed *feed, void *tensor) {
  int64_t elements = feed->padded ? feed->elements * feed->tensor->shape[0] : 0;
  for (int64_t i = 0; i < elements; ++i)
    if (feed->tensor->dtype == KILN_F32)
      ((float *)tensor)[i] = (float)feed->shift;
    else if (feed->tensor->dtype == KILN_F64)
      ((double *)tensor)[i] = feed->shift;
}

void kiln_feed_fill(const kiln_feed *feed, void *tensor, const uint32_t *rows, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    int64_t base = i * feed->elements;
    if (feed->one_hot) {
      float *out = (float *)tensor + base;
      for (int64_t k = 0; k < feed->elements; ++k)
        out[k] = 0;
      out[(int64_t)kiln_column_value(feed->column, rows[i], 0)] = 1;
    } else if (feed->padded) {
      for (int64_t plane = 0; plane < feed->planes; ++plane)
        for (int64_t line = 0; line < feed->lines; ++line)
          convert(feed, tensor, base + feed->start + plane * feed->outer + line * feed->inner, rows[i],
                  (plane * feed->lines + line) * feed->line, feed->line);
    } else {
      convert(feed, tensor, base, rows[i], 0, feed->elements);
    }
  }
}
