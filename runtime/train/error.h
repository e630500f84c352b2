/* error.h: one sentence about what went wrong: what it was, what was found, what was expected. Whoever fails writes it and answers
 * false; the trainer's main prints it. */
#ifndef KILN_TRAIN_ERROR_H
#define KILN_TRAIN_ERROR_H
#include <stdbool.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct kiln_error {
  char text[800];
} kiln_error;

/* Always false, so that a function may end with it. */
bool kiln_error_set(kiln_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
