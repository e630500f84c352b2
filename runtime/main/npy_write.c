/* Writes npy files, whole or not at all: into a temporary file beside the target, which is renamed at the end. */
#define _GNU_SOURCE
#include "runtime/core/tensor.h"
#include "runtime/main/npy.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(kiln_npy *npy) {
  snprintf(npy->error, sizeof npy->error, "%m");
  return false;
}

static const char *description(kiln_dtype dtype) {
  static const char names[][4] = {
      [KILN_F32] = "<f4", [KILN_F64] = "<f8", [KILN_F16] = "<f2", [KILN_BF16] = "<V2", [KILN_I8] = "|i1",
      [KILN_I16] = "<i2", [KILN_I32] = "<i4", [KILN_I64] = "<i8", [KILN_U8] = "|u1",   [KILN_U16] = "<u2",
      [KILN_U32] = "<u4", [KILN_U64] = "<u8", [KILN_BOOL] = "|b1"};
  return names[dtype];
}

/* Version 1, padded with spaces so that the data begins at a multiple of 64, as NumPy writes it. */
static bool write_header(kiln_npy *npy) {
  char header[320];
  int used =
      snprintf(header + 10, sizeof header - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (", description(npy->dtype));
  used += 10;
  for (int32_t i = 0; i < npy->rank; ++i)
    used += snprintf(header + used, sizeof header - used, i ? ", %lld" : "%lld", (long long)npy->shape[i]);
  used += snprintf(header + used, sizeof header - used, npy->rank == 1 ? ",), }" : "), }");
  int total = (used + 1 + 63) / 64 * 64;
  memset(header + used, ' ', total - used);
  header[total - 1] = '\n';
  memcpy(header, "\x93NUMPY\x01", 8); /* and a zero, the minor version */
  header[8] = (char)((total - 10) & 255);
  header[9] = (char)((total - 10) >> 8);
  return kiln_npy_write(npy, header, total);
}

bool kiln_npy_create(kiln_npy *npy, const char *path) {
  struct stat status;
  npy->path = path;
  npy->file = NULL;
  npy->temporary = NULL;
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) { /* /dev/null, a pipe: nothing to rename */
    npy->file = fopen(path, "wbe");
  } else {
    size_t room = strlen(path) + 32;
    npy->temporary = malloc(room);
    if (npy->temporary == NULL)
      return fail(npy);
    snprintf(npy->temporary, room, "%s.%ld.tmp", path, (long)getpid());
    int file = open(npy->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
      fail(npy);
      free(npy->temporary); /* not ours to unlink */
      npy->temporary = NULL;
      return false;
    }
    npy->file = fdopen(file, "wb");
    if (npy->file == NULL)
      close(file);
  }
  return npy->file ? write_header(npy) : fail(npy);
}

bool kiln_npy_write(kiln_npy *npy, const void *data, size_t bytes) {
  return bytes == 0 || fwrite(data, 1, bytes, npy->file) == bytes || fail(npy);
}

bool kiln_npy_finish(kiln_npy *npy) {
  FILE *file = npy->file;
  npy->file = NULL;
  return fclose(file) == 0 || fail(npy); /* a full disk may show only here */
}

bool kiln_npy_commit(kiln_npy *npy) {
  if (npy->temporary && rename(npy->temporary, npy->path) != 0)
    return fail(npy);
  free(npy->temporary);
  npy->temporary = NULL;
  return true;
}

void kiln_npy_discard(kiln_npy *npy) {
  if (npy->file)
    fclose(npy->file);
  if (npy->temporary)
    unlink(npy->temporary);
  free(npy->temporary);
  npy->file = NULL;
  npy->temporary = NULL;
}
