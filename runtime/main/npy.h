/* npy.h: NumPy's array files, read and written piece by piece, so that a file of many slices costs the memory of one.
 *
 * Read: versions 1 to 3, little endian, C order, at most KILN_MAX_RANK + 1 dimensions. A function that fails answers false and has
 * put a sentence about the file into `error`.
 */
#ifndef KILN_MAIN_NPY_H
#define KILN_MAIN_NPY_H
#include "kiln/kiln.h"
#include <stdbool.h>
#include <stdio.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct kiln_npy {
  FILE *file;
  const char *path; /* the caller's, kept */
  char *temporary;  /* written: what is renamed to path when all is well; NULL for a device or pipe */
  kiln_dtype dtype;
  int32_t rank;
  int64_t shape[KILN_MAX_RANK + 1];
  char error[400];
} kiln_npy;

/* Opens and reads the header; the data's size in the file has been held against it. kiln_npy_close is due only after success. */
bool kiln_npy_open(kiln_npy *npy, const char *path);
bool kiln_npy_read(kiln_npy *npy, void *data, size_t bytes);
void kiln_npy_close(kiln_npy *npy);

/* Opens a temporary file beside `path` and writes the header of dtype, rank and shape, which the caller has set. */
bool kiln_npy_create(kiln_npy *npy, const char *path);
bool kiln_npy_write(kiln_npy *npy, const void *data, size_t bytes);
/* All is written: finish makes sure of it; commit gives the file its name. discard, at any moment, leaves no trace of it. */
bool kiln_npy_finish(kiln_npy *npy);
bool kiln_npy_commit(kiln_npy *npy);
void kiln_npy_discard(kiln_npy *npy);

/* Parses a header's text, `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. */
bool kiln_npy_parse(kiln_npy *npy, const char *text);

#ifdef __cplusplus
}
#endif
#endif
