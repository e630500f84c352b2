/* Where a context's memory comes from: the host's callbacks or libc; and how the workspace is divided among arena and scratch. */
#include "runtime/core/context.h"
#include <stdlib.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

void *kiln_obtain(const kiln_options *options, size_t bytes, size_t alignment) {
  if (options->allocate)
    return options->allocate(options->user, bytes, alignment);
  void *memory = NULL;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : NULL;
}

void kiln_release(const kiln_options *options, void *memory) {
  if (memory == NULL)
    return;
  if (options->allocate)
    options->release(options->user, memory);
  else
    free(memory);
}

/* Arena and scratch of every worker in one piece: [arena | scratch 0 | scratch 1 | ...]. */
kiln_status kiln_place_workspace(kiln_context *context) {
  const kiln_options *options = &context->options;
  uint64_t arena = KILN_ALIGN(context->model->arena_size), scratch = KILN_ALIGN(context->model->scratch_size);
  int32_t threads = context->pool.threads;
  uint64_t bytes = arena + scratch * (uint64_t)threads;
  if (options->workspace) {
    if ((uintptr_t)options->workspace % LINE)
      return kiln_fail(context, KILN_INVALID_ARGUMENT, "options.workspace: expected an address aligned to %d, found %p", LINE,
                       options->workspace);
    if (options->workspace_bytes < bytes)
      return kiln_fail(context, KILN_INVALID_ARGUMENT,
                       "options.workspace_bytes: expected at least %llu with %d threads, found %llu", (unsigned long long)bytes,
                       threads, (unsigned long long)options->workspace_bytes);
    context->workspace = options->workspace;
  } else {
    size_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : LINE;
    context->workspace = bytes > PTRDIFF_MAX ? NULL : kiln_obtain(options, bytes ? bytes : LINE, alignment);
    if (context->workspace == NULL)
      return kiln_fail(context, KILN_OUT_OF_MEMORY, "no memory for the workspace of %llu bytes", (unsigned long long)bytes);
    context->owns_workspace = true;
    if ((uintptr_t)context->workspace % alignment)
      return kiln_fail(context, KILN_INVALID_ARGUMENT, "options.allocate: expected memory aligned to %zu, found %p", alignment,
                       (void *)context->workspace);
    if (bytes >= HUGE_PAGE) /* only advice, and only for whole pages: what lies behind them is not ours */
      madvise(context->workspace, bytes & ~(uint64_t)(HUGE_PAGE - 1), MADV_HUGEPAGE);
  }
  for (int32_t i = 0; i < threads; ++i) {
    kiln_worker *worker = kiln_worker_at(context, i);
    worker->scratch = context->workspace + arena + scratch * (uint64_t)i;
    worker->capacity = scratch;
  }
  return KILN_OK;
}
