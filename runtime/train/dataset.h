/* dataset.h: the rows to train with and to validate with: files become columns, and each of the model's data inputs finds its column.
 *
 * A set has one column for every input of the model that is data, in the order of the names it was opened with, the target last.
 */
#ifndef KILN_TRAIN_DATASET_H
#define KILN_TRAIN_DATASET_H
#include "runtime/train/column.h"
#ifdef __cplusplus
extern "C" {
#endif

enum { KILN_MAX_COLUMNS = 16 };

/* Where a data set is and what it is for. Texts may be NULL. */
typedef struct kiln_source {
  const char *data; /* a file, or a folder (see folder.c) */
  const char *labels; /* a file, or NULL where `data` holds them */
  const char *format; /* idx, npy, npz, csv or text; NULL: by the file's first bytes and its name */
  const char *label; /* CSV: the target's column */
  int64_t window; /* text: bytes from window to window; 0: without overlap */
  int64_t length; /* text: bytes the model sees at once; 0 where it takes no text */
  int32_t names; /* how many columns are wanted, and what they are called; the last one is the target */
  const char *const *name;
} kiln_source;

typedef struct kiln_dataset {
  int64_t rows;
  bool ordered; /* neighbours are related (text): a part held out is its end, not a sample */
  int32_t count;
  kiln_column columns[KILN_MAX_COLUMNS];
} kiln_dataset;

/* When a folder (or a file of both) holds a validation set too, `validation` receives it; else its count is 0. It may be NULL. */
bool kiln_dataset_open(kiln_dataset *dataset, kiln_dataset *validation, const kiln_source *source, kiln_error *error);
void kiln_dataset_close(kiln_dataset *dataset);

/* folder.c: the files of a data set in a folder: `part` is "train" or "test". False when it holds none that it knows. */
bool kiln_folder_find(const char *folder, const char *part, char data[PATH_MAX], char labels[PATH_MAX]);

#ifdef __cplusplus
}
#endif
#endif
