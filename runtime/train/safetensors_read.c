/* In: bytes that may come from anybody. Out: names, shapes and data that are inside them. */
#include "runtime/train/safetensors.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t size_of(const char *dtype) {
  static const struct {
    char name[5];
    size_t size;
  } known[] = {{"F32", 4}, {"F64", 8}, {"F16", 2}, {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2},
               {"I8", 1},  {"U8", 1},  {"U16", 2}, {"U32", 4},  {"U64", 8}, {"BOOL", 1}};
  for (size_t i = 0; dtype && i < sizeof known / sizeof *known; ++i)
    if (strcmp(dtype, known[i].name) == 0)
      return known[i].size;
  return 0;
}

static bool check_tensor(const kiln_safetensors *file, const char *path, const char *name, const json_t *tensor,
                         kiln_error *error) {
  const json_t *shape = json_object_get(tensor, "shape"), *offsets = json_object_get(tensor, "data_offsets");
  size_t size = size_of(json_string_value(json_object_get(tensor, "dtype")));
  if (size == 0 || !json_is_array(shape) || json_array_size(offsets) != 2 || !json_is_integer(json_array_get(offsets, 0)) ||
      !json_is_integer(json_array_get(offsets, 1)))
    return kiln_error_set(error, "%s: tensor '%s': expected dtype, shape and data_offsets", path, name);
  int64_t begin = json_integer_value(json_array_get(offsets, 0)), end = json_integer_value(json_array_get(offsets, 1));
  int64_t bytes = (int64_t)size;
  for (size_t i = 0; i < json_array_size(shape); ++i) {
    const json_t *extent = json_array_get(shape, i);
    if (!json_is_integer(extent) || json_integer_value(extent) < 0 ||
        __builtin_mul_overflow(bytes, json_integer_value(extent), &bytes))
      return kiln_error_set(error, "%s: tensor '%s': its shape is no list of sizes", path, name);
  }
  if (begin < 0 || end < begin || (uint64_t)end > file->size || end - begin != bytes)
    return kiln_error_set(
        error,
        "%s: tensor '%s': expected %lld bytes inside the %zu bytes of data, found offsets %lld to %lld: the file is "
        "cut off or damaged",
        path, name, (long long)bytes, file->size, (long long)begin, (long long)end);
  return true;
}

bool kiln_safetensors_parse(kiln_safetensors *file, const char *path, const void *bytes, size_t size, kiln_error *error) {
  *file = (kiln_safetensors){0};
  const uint8_t *start = bytes;
  uint64_t header = 0;
  for (int i = 7; size >= 8 && i >= 0; --i)
    header = header << 8 | start[i];
  if (size < 8 || header > size - 8)
    return kiln_error_set(error, "%s: it is no safetensors file, or it is cut off inside its header", path);
  json_error_t fault;
  file->header = json_loadb((const char *)start + 8, (size_t)header, JSON_REJECT_DUPLICATES, &fault);
  if (!json_is_object(file->header)) {
    json_decref(file->header);
    file->header = NULL;
    return kiln_error_set(error, "%s: it is no safetensors file: its header is no JSON object", path);
  }
  file->data = start + 8 + header;
  file->size = size - 8 - (size_t)header;
  file->metadata = json_object_get(file->header, "__metadata__");
  const char *name;
  json_t *tensor;
  json_object_foreach(file->header, name, tensor) {
    if (tensor != file->metadata && !check_tensor(file, path, name, tensor, error)) {
      json_decref(file->header);
      file->header = NULL;
      return false;
    }
  }
  return true;
}

bool kiln_safetensors_read(kiln_safetensors *file, const char *path, kiln_error *error) {
  *file = (kiln_safetensors){0};
  struct stat status;
  int number = open(path, O_RDONLY | O_CLOEXEC);
  if (number < 0)
    return kiln_error_set(error, "%s: %m", path);
  if (fstat(number, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(number);
    return kiln_error_set(error, "%s: it is no regular file", path);
  }
  size_t size = (size_t)status.st_size, used = 0;
  void *memory = malloc(size + 1);
  for (ssize_t got = 1; memory && used < size && got > 0; used += got > 0 ? (size_t)got : 0)
    got = read(number, (char *)memory + used, size - used);
  close(number);
  bool good = memory ? used == size || kiln_error_set(error, "%s: it became shorter while it was read", path)
                     : kiln_error_set(error, "%s: no memory for its %zu bytes", path, size);
  good = good && kiln_safetensors_parse(file, path, memory, size, error);
  if (good)
    file->memory = memory;
  else
    free(memory);
  return good;
}

void kiln_safetensors_free(kiln_safetensors *file) {
  json_decref(file->header);
  free(file->memory);
  *file = (kiln_safetensors){0};
}

const char *kiln_safetensors_text(const kiln_safetensors *file, const char *key) {
  return json_string_value(json_object_get(file->metadata, key));
}

const uint8_t *kiln_safetensors_floats(const kiln_safetensors *file, const char *name, int64_t *count) {
  const json_t *tensor = json_object_get(file->header, name), *offsets = json_object_get(tensor, "data_offsets");
  const char *dtype = json_string_value(json_object_get(tensor, "dtype"));
  if (dtype == NULL || strcmp(dtype, "F32") != 0)
    return NULL;
  int64_t begin = json_integer_value(json_array_get(offsets, 0));
  *count = (json_integer_value(json_array_get(offsets, 1)) - begin) / (int64_t)sizeof(float);
  return file->data + begin;
}
