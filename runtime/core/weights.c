/* A model's weights: embedded in it, or a safetensors file mapped read-only, so that processes share its pages.
 *
 * The file is [u64 header size N | N bytes of JSON | data]. The model reads its packed tensors at offsets it was compiled with, so
 * the JSON is for others; the data must have exactly the size and SHA-256 that the model was compiled with.
 */
#define _GNU_SOURCE
#include "runtime/core/context.h"
#include "runtime/core/sha256.h"
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct place {
  uintptr_t address;
  char path[PATH_MAX];
} place;

static int holds_address(struct dl_phdr_info *object, size_t size, void *argument) {
  (void)size;
  place *where = argument;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || where->address - (object->dlpi_addr + segment->p_vaddr) >= segment->p_memsz)
      continue;
    if (object->dlpi_name && object->dlpi_name[0])
      snprintf(where->path, sizeof where->path, "%s", object->dlpi_name);
    return 1;
  }
  return 0;
}

/* The path of `name` in the folder of the binary that this code was linked into: a shared library, or the program itself. */
static void beside_binary(const char *name, char path[PATH_MAX]) {
  place where = {.address = (uintptr_t)&beside_binary};
  dl_iterate_phdr(holds_address, &where);
  if (where.path[0] == 0) { /* the program itself has no name there */
    ssize_t length = readlink("/proc/self/exe", where.path, sizeof where.path - 1);
    where.path[length < 0 ? 0 : length] = 0;
  }
  char *slash = strrchr(where.path, '/');
  snprintf(path, PATH_MAX, "%.*s%s", slash ? (int)(slash + 1 - where.path) : 0, where.path, name);
}

static void hexadecimal(const uint8_t hash[32], char text[65]) {
  for (int i = 0; i < 32; ++i)
    snprintf(text + 2 * i, 3, "%02x", hash[i]);
}

/* The mapped file's data section, once it has been found to be what the model was compiled with. */
static kiln_status check(kiln_context *context, const char *path) {
  const kiln_model *model = context->model;
  const uint8_t *file = context->mapping;
  uint64_t size = context->mapping_size, header = 0;
  for (int i = 7; i >= 0; --i)
    header = header << 8 | file[i];
  if (header > size - 8)
    return kiln_fail(context, KILN_BAD_WEIGHTS, "weights file '%.200s': its header claims %llu bytes, and the file has %llu", path,
                     (unsigned long long)header, (unsigned long long)size);
  uint64_t start = 8 + header;
  if (size - start != model->info.weights_size)
    return kiln_fail(context, KILN_BAD_WEIGHTS, "weights file '%.200s': expected %llu bytes of data, found %llu", path,
                     (unsigned long long)model->info.weights_size, (unsigned long long)(size - start));
  if (start % 64)
    return kiln_fail(context, KILN_BAD_WEIGHTS,
                     "weights file '%.200s': expected its data at a multiple of 64, found it at byte %llu", path,
                     (unsigned long long)start);
  uint8_t hash[32];
  kiln_sha256(file + start, size - start, hash);
  if (memcmp(hash, model->weights_hash, sizeof hash) != 0) {
    char expected[65], found[65];
    hexadecimal(model->weights_hash, expected);
    hexadecimal(hash, found);
    return kiln_fail(context, KILN_BAD_WEIGHTS, "weights file '%.200s': expected data with SHA-256 %.16s..., found %.16s...", path,
                     expected, found);
  }
  context->weights = file + start;
  return KILN_OK;
}

kiln_status kiln_open_weights(kiln_context *context) {
  const kiln_model *model = context->model;
  char beside[PATH_MAX];
  const char *path = context->options.weights_path;
  if (model->weights || model->weights_file == NULL) {
    if (path)
      return kiln_fail(context, KILN_INVALID_ARGUMENT,
                       "options.weights_path: expected none, this model carries its weights; found '%.200s'", path);
    context->weights = model->weights;
    return KILN_OK;
  }
  if (path == NULL) {
    beside_binary(model->weights_file, beside);
    path = beside;
  }
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return kiln_fail(context, KILN_BAD_WEIGHTS, "weights file '%.200s': %m", path);
  struct stat status;
  if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < 8) {
    close(file);
    return kiln_fail(context, KILN_BAD_WEIGHTS, "weights file '%.200s': expected a safetensors file, found %s", path,
                     S_ISREG(status.st_mode) ? "fewer than 8 bytes" : "no regular file");
  }
  void *mapping = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (mapping == MAP_FAILED)
    return kiln_fail(context, KILN_BAD_WEIGHTS, "weights file '%.200s': cannot be mapped: %m", path);
  context->mapping = mapping;
  context->mapping_size = (size_t)status.st_size;
  return check(context, path);
}
