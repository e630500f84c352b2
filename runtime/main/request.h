/* request.h: the command line of a compiled model, held against the model's inputs and outputs. */
#ifndef KILN_MAIN_REQUEST_H
#define KILN_MAIN_REQUEST_H
#include "runtime/core/model.h"
#include <stdbool.h>

enum { KILN_EXIT_FAILURE = 1, KILN_EXIT_USAGE = 2 };

typedef struct kiln_request {
  const kiln_model *model;
  const char **inputs;  /* a file for each of the model's inputs; NULL where none is given */
  const char **outputs; /* the same for its outputs */
  int32_t input_count, output_count; /* of those given */
  int64_t bench;                     /* timed runs; 0: none */
  int32_t threads;                   /* 0: the default */
  const char *weights;               /* or NULL */
} kiln_request;

/* True when there is something to run. Else everything is said, and *code is what the process should exit with. */
bool kiln_request_parse(kiln_request *request, const kiln_model *model, int count, char **arguments, int *code);
void kiln_request_free(kiln_request *request);

/* Prints `<model>: error: ...` and answers KILN_EXIT_FAILURE. */
int kiln_complain(const kiln_model *model, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
