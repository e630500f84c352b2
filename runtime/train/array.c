/* In: an npy file, or the arrays of an npz file. Out: columns, the first dimension being the rows. */
#define _GNU_SOURCE
#include "runtime/main/npy.h"
#include "runtime/train/column.h"
#include <fcntl.h>
#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* `path` is what is opened, `called` what messages and the column say. */
static bool read_array(kiln_column *column, const char *path, const char *called, kiln_error *error) {
  kiln_npy npy;
  if (!kiln_npy_open(&npy, path))
    return kiln_error_set(error, "%s: %s", called, npy.error);
  bool good = npy.dtype == KILN_F16 || npy.dtype == KILN_BF16
                  ? kiln_error_set(error, "%s: expected integers, float32 or float64, found 16-bit floats", called)
                  : kiln_column_take(column, called, npy.dtype, npy.rank, npy.shape, error);
  if (good && !kiln_npy_read(&npy, column->memory, (size_t)column->rows * column->stride)) {
    kiln_column_free(column);
    good = kiln_error_set(error, "%s: %s", called, npy.error);
  }
  kiln_npy_close(&npy);
  return good;
}

bool kiln_read_npy(kiln_column *column, const char *path, kiln_error *error) { return read_array(column, path, path, error); }

/* Unpacks the entry at hand into a file in memory, which is then read like any other. */
static bool unpack(unzFile archive, int file) {
  static const int piece = 1 << 16;
  char *bytes = malloc((size_t)piece);
  int got = bytes && unzOpenCurrentFile(archive) == UNZ_OK ? 0 : -1;
  if (got == 0) {
    while ((got = unzReadCurrentFile(archive, bytes, (unsigned)piece)) > 0)
      if (write(file, bytes, (size_t)got) != got)
        break;
    if (unzCloseCurrentFile(archive) != UNZ_OK) /* the checksum */
      got = -1;
  }
  free(bytes);
  return got == 0;
}

static bool read_entry(kiln_column *column, unzFile archive, const char *path, const char *name, kiln_error *error) {
  char inside[64], called[PATH_MAX];
  int file = memfd_create("array", MFD_CLOEXEC);
  snprintf(called, sizeof called, "%.*s: %s", PATH_MAX - KILN_COLUMN_NAME - 8, path, name);
  snprintf(inside, sizeof inside, "/proc/self/fd/%d", file);
  bool good = file >= 0 && unpack(archive, file) ? read_array(column, inside, called, error)
                                                 : kiln_error_set(error, "%s: it is cut off or damaged", called);
  if (file >= 0)
    close(file);
  if (good)
    snprintf(column->name, sizeof column->name, "%s", name);
  return good;
}

static bool read_entries(kiln_column *columns, int32_t room, int32_t *count, unzFile archive, const char *path, kiln_error *error) {
  char name[KILN_COLUMN_NAME + 4];
  for (int more = unzGoToFirstFile(archive); more == UNZ_OK; more = unzGoToNextFile(archive)) {
    if (unzGetCurrentFileInfo64(archive, NULL, name, sizeof name, NULL, 0, NULL, 0) != UNZ_OK)
      return kiln_error_set(error, "%s: it is damaged", path);
    name[sizeof name - 1] = 0;
    size_t length = strlen(name);
    if (length < 5 || length >= sizeof name - 1 || strcmp(name + length - 4, ".npy") != 0)
      continue;
    name[length - 4] = 0;
    if (*count == room)
      return kiln_error_set(error, "%s: expected at most %d arrays", path, room);
    if (!read_entry(&columns[*count], archive, path, name, error))
      return false;
    ++*count;
  }
  return *count > 0 || kiln_error_set(error, "%s: it holds no arrays", path);
}

bool kiln_read_npz(kiln_column *columns, int32_t room, int32_t *count, const char *path, kiln_error *error) {
  unzFile archive = unzOpen64(path);
  *count = 0;
  if (archive == NULL)
    return kiln_error_set(error, "%s: it is no npz file, or it is cut off", path);
  bool good = read_entries(columns, room, count, archive, path, error);
  unzClose(archive);
  while (!good && *count > 0)
    kiln_column_free(&columns[--*count]);
  return good;
}
