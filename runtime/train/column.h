/* column.h: one array of a data set, held as the file has it (bytes stay bytes), and how files become columns.
 *
 * Rows may overlap: text is two columns over the same bytes, the target one byte after the input. A function that fails answers
 * false, has written the error, and leaves nothing to free.
 */
#ifndef KILN_TRAIN_COLUMN_H
#define KILN_TRAIN_COLUMN_H
#include "kiln/kiln.h"
#include "runtime/train/error.h"
#include <limits.h>
#ifdef __cplusplus
extern "C" {
#endif

enum { KILN_COLUMN_NAME = 64 };

typedef struct kiln_column {
  char name[KILN_COLUMN_NAME]; /* what the file calls it, or "" */
  char path[PATH_MAX];         /* for messages */
  kiln_dtype dtype;
  int64_t rows;
  int32_t rank;
  int64_t shape[KILN_MAX_RANK]; /* of one row */
  size_t stride;                /* bytes from one row to the next */
  const uint8_t *data;
  void *memory; /* what to free; NULL where another column owns it */
} kiln_column;

bool kiln_column_take(kiln_column *column, const char *path, kiln_dtype dtype, int32_t rank, const int64_t *shape,
                      kiln_error *error);
void kiln_column_free(kiln_column *column);
int64_t kiln_column_elements(const kiln_column *column); /* of one row */
double kiln_column_value(const kiln_column *column, int64_t row, int64_t element);

/* idx.c: an IDX file, gzipped or not: the format of MNIST and Fashion-MNIST. */
bool kiln_read_idx(kiln_column *column, const char *path, kiln_error *error);
/* array.c: an npy file; every array of an npz file (at most `room`). */
bool kiln_read_npy(kiln_column *column, const char *path, kiln_error *error);
bool kiln_read_npz(kiln_column *columns, int32_t room, int32_t *count, const char *path, kiln_error *error);
/* csv.c: the column called `label` (or of that number, from 0; negative from the end) as a number each row, and the others as a float32
 * row. Labels that are words become numbers in the order of the alphabet. */
bool kiln_read_csv(kiln_column *features, kiln_column *labels, const char *path, const char *label, kiln_error *error);
/* text.c: windows of `length` bytes every `step` bytes, and the same one byte on. */
bool kiln_read_text(kiln_column *input, kiln_column *target, const char *path, int64_t length, int64_t step, kiln_error *error);

#ifdef __cplusplus
}
#endif
#endif
