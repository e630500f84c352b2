/* safetensors.h: [u64 header size | JSON | data], as PyPI's safetensors reads and writes it. */
#ifndef KILN_TRAIN_SAFETENSORS_H
#define KILN_TRAIN_SAFETENSORS_H
#include "runtime/train/error.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* A file in memory: the header is checked, every tensor lies inside the data and has the size of its shape. */
typedef struct kiln_safetensors {
  json_t *header;   /* owned; the tensors and __metadata__ */
  json_t *metadata; /* of the header: texts by name; may be NULL */
  const uint8_t *data;
  size_t size;
  void *memory; /* owned, or NULL */
} kiln_safetensors;

bool kiln_safetensors_read(kiln_safetensors *file, const char *path, kiln_error *error);
/* `bytes` stay the caller's; `path` is for messages. */
bool kiln_safetensors_parse(kiln_safetensors *file, const char *path, const void *bytes, size_t size, kiln_error *error);
void kiln_safetensors_free(kiln_safetensors *file);
/* A text of the metadata, or NULL. */
const char *kiln_safetensors_text(const kiln_safetensors *file, const char *key);
/* A float32 tensor's elements and their number; NULL where there is none of this name and type. Aligned to nothing. */
const uint8_t *kiln_safetensors_floats(const kiln_safetensors *file, const char *name, int64_t *count);

/* One tensor to write. */
typedef struct kiln_piece {
  const char *name;
  json_t *shape; /* borrowed */
  const float *data;
  int64_t count;
} kiln_piece;

/* Writes a file whole or not at all: beside `path`, to the disk, then under its name. The pieces' data stand in their order. */
bool kiln_safetensors_write(const char *path, json_t *metadata, const kiln_piece *pieces, size_t count, kiln_error *error);
/* The same for any bytes. */
bool kiln_write_whole(const char *path, bool (*write)(void *user, void *file), void *user, kiln_error *error);
/* Is there a folder that it could be written in? Asked before a long training, not after it. */
bool kiln_write_check(const char *path, kiln_error *error);

#ifdef __cplusplus
}
#endif
#endif
