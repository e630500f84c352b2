/* context.h: what stands behind a kiln_context: its workers, its thread pool, its memory and its message.
 *
 * A context begins with its worker 0, so that the context pointer handed to the program is also the user_context of the kernels that
 * the program calls; a task of a parallel loop gets the worker that runs it instead. Nothing here is shared between contexts.
 */
#ifndef KILN_CORE_CONTEXT_H
#define KILN_CORE_CONTEXT_H
#include "runtime/core/model.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* One thread's share of a context. The two words that other threads write stand on a cache line of their own. */
typedef struct kiln_worker {
  kiln_context *context;
  int32_t index;
  bool started; /* `thread` runs and is to be joined */
  pthread_t thread;
  uint8_t *scratch; /* cpu/scratch.c */
  size_t capacity, used, newest, elsewhere, peak;
  _Alignas(64) atomic_int remaining; /* tasks of its share that nobody has claimed; -1: end the thread */
  atomic_uint asleep;                /* a futex: 1 while the thread waits for work in the kernel */
} kiln_worker;

/* The parallel loop that runs now (cpu/threads.c). The fields before `unfinished` change only between loops. */
typedef struct kiln_pool {
  int32_t threads;
  int64_t patience; /* nanoseconds that a thread spins before it sleeps */
  bool running;
  int (*task)(void *, int, uint8_t *);
  uint8_t *closure;
  int32_t min, size;
  _Alignas(64) atomic_int unfinished; /* tasks not yet done; a futex for the launching thread */
  atomic_uint waiting;                /* the launching thread sleeps on it */
  atomic_int result;                  /* the first nonzero answer of a task */
} kiln_pool;

struct kiln_context {
  kiln_worker first; /* worker 0: the thread that calls kiln_run */
  kiln_worker *others;
  const kiln_model *model;
  kiln_options options;
  kiln_status failed; /* creation's status: a context that was not created well only answers that */
  atomic_bool busy;
  atomic_int fault; /* a kiln_status met inside a kernel, which cannot report it itself */
  kiln_pool pool;
  uint8_t *workspace;
  bool owns_workspace;
  void **pointers; /* the data of the inputs, then of the outputs, during a run */
  const uint8_t *weights;
  void *mapping; /* of the weights file, or NULL */
  size_t mapping_size;
  struct kiln_card *card; /* cuda/card.h; NULL: the context runs on the CPU */
  char message[512];
};

static inline kiln_worker *kiln_worker_at(kiln_context *context, int32_t index) {
  return index == 0 ? &context->first : &context->others[index - 1];
}

/* message.c: sets the message, tells the host's error callback, and answers `status`. */
kiln_status kiln_fail(kiln_context *context, kiln_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* memory.c: through the host's callbacks or libc. NULL when there is none. */
void *kiln_obtain(const kiln_options *options, size_t bytes, size_t alignment);
void kiln_release(const kiln_options *options, void *memory);
kiln_status kiln_place_workspace(kiln_context *context);

/* run.c. Only one thread is inside a context at a time: enter answers KILN_BUSY to others, leave ends it. */
kiln_status kiln_enter(kiln_context *context);
void kiln_leave(kiln_context *context);
/* A whole call: enter, the tensors held against the model's and their data in context->pointers, run, leave. */
kiln_status kiln_call(kiln_context *context, const kiln_tensor *inputs, const kiln_tensor *outputs, int32_t alignment,
                      kiln_status (*run)(kiln_context *context));
/* The program, or a part of it that runs on the host, over context->pointers. */
kiln_status kiln_run_program(kiln_context *context, kiln_program program);

kiln_status kiln_choose_device(kiln_context *context); /* device.c: takes a card where the model and the options want one */
kiln_status kiln_check_processor(kiln_context *context); /* processor.c */
kiln_status kiln_open_weights(kiln_context *context);    /* weights.c */

/* cpu/threads.c */
kiln_status kiln_choose_threads(kiln_context *context);
kiln_status kiln_start_workers(kiln_context *context);
void kiln_stop_workers(kiln_context *context);
void kiln_reset_scratch(kiln_context *context); /* cpu/scratch.c: forgets what a failed run left allocated */

#endif
