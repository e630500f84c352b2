/* session.h: one execution of a compiled model's program: the tensors, the files behind them, and the context that runs. */
#ifndef KILN_MAIN_SESSION_H
#define KILN_MAIN_SESSION_H
#include "runtime/main/npy.h"
#include "runtime/main/request.h"

typedef struct kiln_session {
  const kiln_request *request;
  const kiln_model *model;
  kiln_context *context;
  kiln_tensor *inputs, *outputs; /* one slice each, with their data */
  kiln_npy *input_files, *output_files;
  bool *sliced;   /* the input's file has a leading dimension of its own */
  bool stacked;   /* one of them has */
  int64_t slices; /* 1 when none has */
} kiln_session;

/* Each answers 0, or has complained and answers what to exit with. */
int kiln_session_open(kiln_session *session, const kiln_request *request);
int kiln_session_run(kiln_session *session);   /* runs every slice and writes the outputs that are asked for */
int kiln_session_bench(kiln_session *session); /* times runs of the first slice, or of made-up inputs */
void kiln_session_close(kiln_session *session);

/* Reads slice `index` of every input; those without slices are read with the first. Slices come in order. */
int kiln_session_read(kiln_session *session, int64_t index);

#endif
