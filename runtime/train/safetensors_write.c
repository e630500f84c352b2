/* In: metadata and tensors. Out: a file that stands whole under its name, or the one that stood there before.
 *
 * Written beside the target, brought to the disk (fsync), then renamed, and the folder brought to the disk. A process that is killed leaves
 * at most NAME.tmp, which the next one overwrites.
 */
#define _GNU_SOURCE
#include "runtime/train/safetensors.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that a file stands in. */
static void folder_of(const char *path, char folder[PATH_MAX]) {
  const char *slash = strrchr(path, '/');
  snprintf(folder, PATH_MAX, "%.*s", slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path), slash ? path : ".");
}

/* The new name in its folder reaches the disk too; a file system that cannot do so is no reason to fail. */
static void settle_folder(const char *path) {
  char folder[PATH_MAX];
  folder_of(path, folder);
  int number = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number >= 0) {
    fsync(number);
    close(number);
  }
}

static bool fail(const char *path, const char *temporary, kiln_error *error) {
  int code = errno;
  if (temporary)
    unlink(temporary);
  return kiln_error_set(error, "%s: %s", path, strerror(code));
}

bool kiln_write_check(const char *path, kiln_error *error) {
  char folder[PATH_MAX];
  struct stat status;
  if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
    return kiln_error_set(error, "%s: expected a file, found a folder", path);
  folder_of(path, folder);
  return access(folder, W_OK | X_OK) == 0 || kiln_error_set(error, "%s: %m", path);
}

bool kiln_write_whole(const char *path, bool (*write)(void *user, void *file), void *user, kiln_error *error) {
  char temporary[PATH_MAX];
  struct stat status;
  bool special = stat(path, &status) == 0 && !S_ISREG(status.st_mode); /* /dev/null, a pipe: nothing to rename */
  if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
    return kiln_error_set(error, "%s: the path is too long", path);
  const char *target = special ? path : temporary;
  FILE *file = fopen(target, "wbe");
  if (file == NULL)
    return fail(path, NULL, error);
  bool good = write(user, file) && fflush(file) == 0 && (special || fsync(fileno(file)) == 0);
  int code = good ? 0 : errno;
  if (fclose(file) != 0 && good) { /* a full disk may show only here */
    code = errno;
    good = false;
  }
  if (!good) {
    errno = code;
    return fail(path, special ? NULL : temporary, error);
  }
  if (special)
    return true;
  if (rename(temporary, path) != 0)
    return fail(path, temporary, error);
  settle_folder(path);
  return true;
}

typedef struct contents {
  const char *header;
  size_t length;
  const kiln_piece *pieces;
  size_t count;
} contents;

static bool write_contents(void *user, void *stream) {
  const contents *what = user;
  FILE *file = stream;
  size_t padded = (what->length + 8 + 63) / 64 * 64 - 8; /* the data begin at a multiple of 64 */
  uint8_t size[8];
  for (int i = 0; i < 8; ++i)
    size[i] = (uint8_t)((uint64_t)padded >> 8 * i);
  bool good = fwrite(size, 1, 8, file) == 8 && fwrite(what->header, 1, what->length, file) == what->length;
  for (size_t i = what->length; good && i < padded; ++i)
    good = fputc(' ', file) != EOF;
  for (size_t i = 0; good && i < what->count; ++i)
    good = fwrite(what->pieces[i].data, sizeof(float), (size_t)what->pieces[i].count, file) == (size_t)what->pieces[i].count;
  return good;
}

bool kiln_safetensors_write(const char *path, json_t *metadata, const kiln_piece *pieces, size_t count, kiln_error *error) {
  json_t *header = json_object();
  json_int_t offset = 0;
  bool good = header && json_object_set(header, "__metadata__", metadata) == 0;
  for (size_t i = 0; good && i < count; ++i) {
    json_int_t end = offset + (json_int_t)(pieces[i].count * (int64_t)sizeof(float));
    json_t *tensor = json_pack("{s:s, s:O, s:[I,I]}", "dtype", "F32", "shape", pieces[i].shape, "data_offsets", offset, end);
    good = json_object_set_new(header, pieces[i].name, tensor) == 0;
    offset = end;
  }
  char *text = good ? json_dumps(header, JSON_COMPACT) : NULL;
  json_decref(header);
  if (text == NULL)
    return kiln_error_set(error, "%s: no memory for its header", path);
  contents what = {text, strlen(text), pieces, count};
  good = kiln_write_whole(path, write_contents, &what, error);
  free(text);
  return good;
}
