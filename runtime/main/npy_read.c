/* Reads npy files. */
#include "runtime/core/tensor.h"
#include "runtime/main/npy.h"
#include <string.h>
#include <sys/stat.h>

enum { LONGEST_HEADER = 4096 }; /* three short keys; NumPy itself stops at 10000 */

static bool fail(kiln_npy *npy, const char *what) {
  snprintf(npy->error, sizeof npy->error, "%s", what);
  return false;
}

/* From the magic to the end of the header's text; then the size of what follows is known, and must be there. */
static bool read_header(kiln_npy *npy) {
  uint8_t start[12];
  char text[LONGEST_HEADER + 1];
  struct stat status;
  if (fstat(fileno(npy->file), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(npy, "it is no regular file");
  if (fread(start, 1, 10, npy->file) != 10 || memcmp(start, "\x93NUMPY", 6) != 0)
    return fail(npy, "it is no npy file");
  if (start[6] < 1 || start[6] > 3 || start[7] != 0) {
    snprintf(npy->error, sizeof npy->error, "its format version is %d.%d, expected 1.0, 2.0 or 3.0", start[6], start[7]);
    return false;
  }
  size_t length = start[8] | (size_t)start[9] << 8, before = 10;
  if (start[6] > 1) {
    if (fread(start + 10, 1, 2, npy->file) != 2)
      return fail(npy, "it ends inside its header");
    length |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
    before = 12;
  }
  if (length > LONGEST_HEADER)
    return fail(npy, "its header is too long");
  if (fread(text, 1, length, npy->file) != length)
    return fail(npy, "it ends inside its header");
  text[length] = 0;
  if (strlen(text) != length)
    return fail(npy, "its header holds a zero byte");
  if (!kiln_npy_parse(npy, text))
    return false;
  int64_t expected, found = (int64_t)status.st_size - (int64_t)(before + length);
  if (__builtin_mul_overflow(kiln_elements(npy->rank, npy->shape), kiln_dtype_size(npy->dtype), &expected))
    return fail(npy, "its shape is impossibly large");
  if (expected != found) {
    char shape[KILN_DESCRIPTION];
    snprintf(npy->error, sizeof npy->error, "expected %lld bytes of data for %s, found %lld", (long long)expected,
             kiln_describe(shape, npy->dtype, npy->rank, npy->shape), (long long)found);
    return false;
  }
  return true;
}

bool kiln_npy_open(kiln_npy *npy, const char *path) {
  *npy = (kiln_npy){.path = path, .file = fopen(path, "rbe")};
  if (npy->file == NULL) {
    snprintf(npy->error, sizeof npy->error, "%m");
    return false;
  }
  if (read_header(npy))
    return true;
  kiln_npy_close(npy);
  return false;
}

bool kiln_npy_read(kiln_npy *npy, void *data, size_t bytes) {
  if (bytes == 0 || fread(data, 1, bytes, npy->file) == bytes)
    return true;
  if (ferror(npy->file))
    snprintf(npy->error, sizeof npy->error, "%m");
  else
    fail(npy, "it became shorter while it was read");
  return false;
}

void kiln_npy_close(kiln_npy *npy) {
  if (npy->file)
    fclose(npy->file);
  npy->file = NULL;
}
