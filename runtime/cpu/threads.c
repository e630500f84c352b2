/* halide_do_par_for: a kernel's parallel loop, run by the context's own workers or by the host's pool.
 *
 * Every worker owns a contiguous share of the loop, the same one each time for the same loop, so that what its cache holds is of use
 * to the next run; who is done with his own share claims from the others'. A share is one counter of unclaimed tasks: whoever lowers
 * it has claimed tasks of the loop that runs now, for that loop cannot end before the task has. So nobody has to check in: a worker
 * that sleeps or is descheduled delays nothing but tasks it has claimed, and the launching thread runs all of them alone if need be.
 *
 * A waiting thread spins for a while, because kernels follow each other within microseconds, and then sleeps in the kernel (futex).
 * A parallel loop inside a parallel loop runs serially on its worker.
 */
#define _GNU_SOURCE
#include "runtime/core/context.h"
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 1024, PATIENCE = 100000, PATIENCE_CROWDED = 2000 /* nanoseconds */ };

static int32_t processors(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static void sleep_while(void *word, unsigned value) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0); }
static void wake(void *word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0); }

static void pause_briefly(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Spins until *word is zero, or no longer zero, as asked; false when patience ends first. */
static bool spin(atomic_int *word, bool zero, int64_t patience) {
  int64_t end = 0;
  for (unsigned i = 1;; ++i) {
    if ((atomic_load_explicit(word, memory_order_acquire) == 0) == zero)
      return true;
    pause_briefly();
    if (i % 32 == 0) {
      int64_t time = now();
      end = end ? end : time + patience;
      if (time >= end)
        return false;
    }
  }
}

static void record(kiln_context *context, int result) {
  int none = 0;
  if (result)
    atomic_compare_exchange_strong_explicit(&context->pool.result, &none, result, memory_order_relaxed, memory_order_relaxed);
}

/* Worker k's share of the tasks ends here and begins where the share before it ends. When there are few, worker 0 has one. */
static int share_end(const kiln_pool *pool, int32_t k) {
  return (int)(((int64_t)pool->size * (k + 1) + pool->threads - 1) / pool->threads);
}

/* Runs tasks of everybody's shares, its own first, until none is unclaimed. */
static void work(kiln_worker *self) {
  kiln_context *context = self->context;
  kiln_pool *pool = &context->pool;
  int done = 0;
  for (int32_t i = 0, owner = self->index; i < pool->threads; ++i, owner = owner + 1 == pool->threads ? 0 : owner + 1) {
    atomic_int *share = &kiln_worker_at(context, owner)->remaining;
    int left = atomic_load_explicit(share, memory_order_relaxed), end = 0;
    while (left > 0) {
      int claim = i == 0 ? 1 : (left + pool->threads - 1) / pool->threads; /* a thief comes less often, and takes more */
      if (!atomic_compare_exchange_weak_explicit(share, &left, left - claim, memory_order_acquire, memory_order_relaxed))
        continue;
      end = end ? end : share_end(pool, owner); /* only now: before the claim the loop might have changed */
      for (int task = end - left; task < end - left + claim; ++task)
        record(context, pool->task(self, pool->min + task, pool->closure));
      done += claim;
      left = atomic_load_explicit(share, memory_order_relaxed);
    }
  }
  /* The loop ends with this: from here on the pool's fields may belong to the next one. */
  if (done && atomic_fetch_sub(&pool->unfinished, done) == done && atomic_load(&pool->waiting))
    wake(&pool->unfinished);
}

static void *worker_main(void *argument) {
  kiln_worker *self = argument;
  int64_t patience = self->context->pool.patience;
  for (;;) {
    if (!spin(&self->remaining, false, patience)) {
      atomic_store(&self->asleep, 1);
      if (atomic_load(&self->remaining) == 0) /* else the launching thread may have looked at `asleep` too early */
        sleep_while(&self->asleep, 1);
      atomic_store(&self->asleep, 0);
      continue;
    }
    if (atomic_load_explicit(&self->remaining, memory_order_relaxed) < 0)
      return NULL;
    work(self);
  }
}

static void post(kiln_worker *worker, int tasks) {
  atomic_store(&worker->remaining, tasks);
  if (atomic_load(&worker->asleep) && atomic_exchange(&worker->asleep, 0))
    wake(&worker->asleep);
}

static int run_serially(void *user_context, int (*task)(void *, int, uint8_t *), int min, int size, uint8_t *closure) {
  for (int i = 0; i < size; ++i) {
    int result = task(user_context, min + i, closure);
    if (result)
      return result;
  }
  return 0;
}

static void run_with_workers(kiln_context *context) {
  kiln_pool *pool = &context->pool;
  atomic_store_explicit(&pool->unfinished, pool->size, memory_order_relaxed);
  for (int32_t k = pool->threads - 1; k >= 0; --k) {
    int tasks = share_end(pool, k) - (k ? share_end(pool, k - 1) : 0);
    if (k == 0)
      atomic_store_explicit(&context->first.remaining, tasks, memory_order_release);
    else if (tasks)
      post(kiln_worker_at(context, k), tasks);
  }
  work(&context->first);
  if (spin(&pool->unfinished, true, pool->patience))
    return;
  atomic_store(&pool->waiting, 1);
  for (int left; (left = atomic_load(&pool->unfinished)) != 0;)
    sleep_while(&pool->unfinished, (unsigned)left);
  atomic_store(&pool->waiting, 0);
}

/* One task in the host's pool. */
static void host_body(void *argument, int32_t index, int32_t worker) {
  kiln_context *context = argument;
  const kiln_pool *pool = &context->pool;
  if (worker < 0 || worker >= pool->threads || index < 0 || index >= pool->size) {
    atomic_store_explicit(&context->fault, KILN_INVALID_ARGUMENT, memory_order_relaxed);
    return;
  }
  record(context, pool->task(kiln_worker_at(context, worker), pool->min + index, pool->closure));
}

int halide_do_par_for(void *user_context, int (*task)(void *, int, uint8_t *), int min, int size, uint8_t *closure) {
  kiln_worker *self = user_context;
  kiln_context *context = self->context;
  kiln_pool *pool = &context->pool;
  if (size <= 1 || pool->threads == 1 || self->index != 0 || pool->running)
    return run_serially(user_context, task, min, size, closure);
  pool->task = task;
  pool->closure = closure;
  pool->min = min;
  pool->size = size;
  pool->running = true;
  atomic_store_explicit(&pool->result, 0, memory_order_relaxed);
  if (context->options.parallel)
    context->options.parallel(context->options.user, size, host_body, context);
  else
    run_with_workers(context);
  pool->running = false;
  return atomic_load_explicit(&pool->result, memory_order_relaxed);
}

kiln_status kiln_choose_threads(kiln_context *context) {
  const kiln_options *options = &context->options;
  kiln_pool *pool = &context->pool;
  const char *variable = getenv("KILN_NUM_THREADS");
  long threads = options->threads;
  if (threads < 0 || threads > MAX_THREADS)
    return kiln_fail(context, KILN_INVALID_ARGUMENT, "options.threads: expected 1 to %d, or 0 for the default, found %ld",
                     MAX_THREADS, threads);
  if (threads == 0 && options->parallel)
    return kiln_fail(context, KILN_INVALID_ARGUMENT,
                     "options.threads: expected the number of workers of options.parallel, found 0");
  int32_t there = processors();
  if (threads == 0 && variable && variable[0]) {
    char *end;
    threads = strtol(variable, &end, 10);
    if (*end || threads < 1 || threads > MAX_THREADS)
      return kiln_fail(context, KILN_INVALID_ARGUMENT, "KILN_NUM_THREADS: expected 1 to %d, found '%.40s'", MAX_THREADS, variable);
  }
  pool->threads = threads ? (int32_t)threads : there < MAX_THREADS ? there : MAX_THREADS;
  pool->patience = pool->threads <= there ? PATIENCE : PATIENCE_CROWDED;
  return KILN_OK;
}

kiln_status kiln_start_workers(kiln_context *context) {
  if (context->options.parallel || context->pool.threads == 1)
    return KILN_OK;
  sigset_t all, before; /* signals are the host's: its own threads handle them */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  for (int32_t i = 1; i < context->pool.threads && !error; ++i) {
    kiln_worker *worker = kiln_worker_at(context, i);
    error = pthread_create(&worker->thread, NULL, worker_main, worker);
    worker->started = error == 0;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return error ? kiln_fail(context, KILN_OUT_OF_MEMORY, "could not start %d threads: %m", context->pool.threads) : KILN_OK;
}

void kiln_stop_workers(kiln_context *context) {
  for (int32_t i = 1; context->others && i < context->pool.threads; ++i)
    if (context->others[i - 1].started) {
      post(&context->others[i - 1], -1);
      pthread_join(context->others[i - 1].thread, NULL);
    }
}
