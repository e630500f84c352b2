/* halide_malloc and halide_free: what a kernel keeps on the heap while it runs, from a bump arena of the worker that runs it.
 *
 *   | header | block | header | block | ... used                         capacity
 *
 * A block is taken at `used`. Freeing marks it, and `used` falls back over every marked block at the end: any order of frees is sound,
 * and memory comes back at the latest when everything newer is freed. The rule for callers: a block is freed with the user_context
 * it was taken with, by the thread that runs with it. When the arena is too small the block comes from the context's allocator.
 */
#include "runtime/core/context.h"

typedef struct header {
  size_t previous;  /* offset of the header before it */
  size_t elsewhere; /* its size when it is not in the arena, else 0 */
  bool freed;
} header;

enum { HEADER = 64 }; /* keeps blocks aligned */
#define NONE SIZE_MAX

void *halide_malloc(void *user_context, size_t bytes) {
  kiln_worker *worker = user_context;
  if (bytes > SIZE_MAX / 2)
    return NULL;
  size_t need = KILN_SCRATCH_BLOCK(bytes), after = worker->used + need;
  bool fits = after <= worker->capacity;
  if (after + worker->elsewhere > worker->peak)
    worker->peak = after + worker->elsewhere;
  uint8_t *place = fits ? worker->scratch + worker->used : kiln_obtain(&worker->context->options, need, 64);
  if (place == NULL) {
    atomic_store_explicit(&worker->context->fault, KILN_OUT_OF_MEMORY, memory_order_relaxed);
    return NULL;
  }
  *(header *)place = (header){.previous = worker->newest, .elsewhere = fits ? 0 : need};
  if (fits) {
    worker->newest = worker->used;
    worker->used = after;
  } else {
    worker->elsewhere += need;
  }
  return place + HEADER;
}

void halide_free(void *user_context, void *memory) {
  kiln_worker *worker = user_context;
  if (memory == NULL)
    return;
  header *block = (header *)((uint8_t *)memory - HEADER);
  if (block->elsewhere) {
    worker->elsewhere -= block->elsewhere;
    kiln_release(&worker->context->options, block);
    return;
  }
  block->freed = true;
  while (worker->newest != NONE) {
    const header *newest = (const header *)(worker->scratch + worker->newest);
    if (!newest->freed)
      return;
    worker->used = worker->newest;
    worker->newest = newest->previous;
  }
}

void kiln_reset_scratch(kiln_context *context) {
  for (int32_t i = 0; i < context->pool.threads; ++i) {
    kiln_worker *worker = kiln_worker_at(context, i);
    worker->used = 0;
    worker->newest = NONE;
  }
}

uint64_t kiln_scratch_peak(const kiln_context *context) {
  size_t peak = context->first.peak;
  for (int32_t i = 0; i + 1 < context->pool.threads; ++i)
    peak = context->others[i].peak > peak ? context->others[i].peak : peak;
  return peak;
}
