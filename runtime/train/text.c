/* In: a file of any bytes. Out: windows over it as two columns of one memory, target[i] = input[i + 1]: the next byte. */
#include "runtime/train/column.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The whole file, unpacked where it is gzipped. */
static uint8_t *read_whole(const char *path, int64_t *size, kiln_error *error) {
  gzFile file = gzopen(path, "rbe");
  if (file == NULL) {
    kiln_error_set(error, "%s: %s", path, errno ? strerror(errno) : "no memory to read it");
    return NULL;
  }
  size_t room = 1 << 20, used = 0;
  uint8_t *bytes = malloc(room);
  int got = 0;
  while (bytes && (got = gzread(file, bytes + used, (unsigned)(room - used < (1 << 30) ? room - used : 1 << 30))) > 0) {
    used += (size_t)got;
    if (used == room) {
      uint8_t *more = realloc(bytes, room *= 2);
      if (more == NULL)
        free(bytes);
      bytes = more;
    }
  }
  int code = Z_OK;
  gzerror(file, &code);
  bool whole = got >= 0 && (code == Z_OK || code == Z_STREAM_END);
  gzclose(file);
  if (bytes == NULL) {
    kiln_error_set(error, "%s: no memory for its text", path);
  } else if (!whole) {
    kiln_error_set(error, "%s: it is cut off or damaged", path);
    free(bytes);
    bytes = NULL;
  }
  *size = (int64_t)used;
  return bytes;
}

bool kiln_read_text(kiln_column *input, kiln_column *target, const char *path, int64_t length, int64_t step, kiln_error *error) {
  int64_t size = 0;
  uint8_t *bytes = read_whole(path, &size, error);
  if (bytes == NULL)
    return false;
  int64_t rows = size > length ? (size - length - 1) / step + 1 : 0;
  if (rows == 0 || rows > UINT32_MAX) {
    free(bytes);
    return rows ? kiln_error_set(error, "%s: expected fewer than 2^32 windows, found %lld", path, (long long)rows)
                : kiln_error_set(error, "%s: expected more than the %lld bytes of one window, found %lld", path, (long long)length,
                                 (long long)size);
  }
  *input = (kiln_column){
      .dtype = KILN_U8, .rows = rows, .rank = 1, .shape = {length}, .stride = (size_t)step, .data = bytes, .memory = bytes};
  snprintf(input->path, sizeof input->path, "%s", path);
  *target = *input;
  target->data = bytes + 1;
  target->memory = NULL;
  return true;
}
