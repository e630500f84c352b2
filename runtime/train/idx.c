/* In: an IDX file: two zero bytes, a type, the number of dimensions, their sizes and the elements, all big endian. Out: a column.
 * zlib reads gzipped files and plain ones alike. */
#include "runtime/core/tensor.h"
#include "runtime/train/column.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

static kiln_dtype dtype_of(uint8_t type) {
  switch (type) {
  case 0x08:
    return KILN_U8;
  case 0x09:
    return KILN_I8;
  case 0x0b:
    return KILN_I16;
  case 0x0c:
    return KILN_I32;
  case 0x0d:
    return KILN_F32;
  case 0x0e:
    return KILN_F64;
  default:
    return 0;
  }
}

static bool damaged(gzFile file) {
  int code = Z_OK;
  gzerror(file, &code);
  return code != Z_OK && code != Z_STREAM_END; /* Z_BUF_ERROR: its end is missing */
}

/* Whether all of it was there; at the file's end or in a damaged stream it was not. */
static bool take(gzFile file, void *data, int64_t bytes) {
  uint8_t *at = data;
  while (bytes > 0) {
    int got = gzread(file, at, bytes > (1 << 30) ? 1 << 30 : (unsigned)bytes);
    if (got <= 0)
      return false;
    at += got;
    bytes -= got;
  }
  return true;
}

static void to_little_endian(uint8_t *data, int64_t bytes, int32_t size) {
  for (int64_t i = 0; size > 1 && i < bytes; i += size)
    for (int32_t k = 0; k < size / 2; ++k) {
      uint8_t byte = data[i + k];
      data[i + k] = data[i + size - 1 - k];
      data[i + size - 1 - k] = byte;
    }
}

/* deflate packs no more than 1032 bytes into one, so a header's claim can be held against the file before memory is taken for it. */
static bool believable(const char *path, int32_t rank, const int64_t *shape, int32_t size) {
  struct stat status;
  int64_t elements = kiln_elements(rank, shape);
  bool file = stat(path, &status) == 0 && S_ISREG(status.st_mode);
  return !file || elements < 0 || elements / 1032 <= status.st_size / size + 1;
}

static bool read_file(kiln_column *column, gzFile file, const char *path, kiln_error *error) {
  uint8_t start[4], sizes[4 * (KILN_MAX_RANK + 1)], extra;
  int64_t shape[KILN_MAX_RANK + 1];
  char described[KILN_DESCRIPTION];
  bool started = take(file, start, 4);
  if (!started && damaged(file))
    return kiln_error_set(error, "%s: it is cut off or damaged", path);
  if (!started || start[0] || start[1] || !dtype_of(start[2]))
    return kiln_error_set(error, "%s: it is no IDX file", path);
  int32_t rank = start[3];
  if (rank < 1 || rank > KILN_MAX_RANK + 1)
    return kiln_error_set(error, "%s: expected 1 to %d dimensions, found %d", path, KILN_MAX_RANK + 1, rank);
  if (!take(file, sizes, 4 * rank))
    return kiln_error_set(error, "%s: it ends inside its header", path);
  for (int32_t i = 0; i < rank; ++i)
    shape[i] = (int64_t)sizes[4 * i] << 24 | sizes[4 * i + 1] << 16 | sizes[4 * i + 2] << 8 | sizes[4 * i + 3];
  if (!believable(path, rank, shape, kiln_dtype_size(dtype_of(start[2]))))
    return kiln_error_set(error, "%s: expected data for %s, more than the file can hold: it is cut off or damaged", path,
                          kiln_describe(described, dtype_of(start[2]), rank, shape));
  if (!kiln_column_take(column, path, dtype_of(start[2]), rank, shape, error))
    return false;
  int64_t bytes = (int64_t)column->stride * column->rows;
  kiln_describe(described, column->dtype, rank, shape);
  int more = take(file, column->memory, bytes) ? gzread(file, &extra, 1) : -1;
  if (more == 0 && damaged(file))
    more = -1;
  if (more != 0) {
    kiln_column_free(column);
    return kiln_error_set(error, "%s: expected %lld bytes of data for %s; %s", path, (long long)bytes, described,
                          more > 0 ? "found more" : "it is cut off or damaged");
  }
  to_little_endian(column->memory, bytes, kiln_dtype_size(column->dtype));
  return true;
}

bool kiln_read_idx(kiln_column *column, const char *path, kiln_error *error) {
  gzFile file = gzopen(path, "rbe");
  if (file == NULL)
    return kiln_error_set(error, "%s: %s", path, errno ? strerror(errno) : "no memory to read it");
  gzbuffer(file, 1 << 16);
  bool good = read_file(column, file, path, error);
  gzclose(file);
  return good;
}
