/* --bench N: the time of N runs, one by one. Inputs that no file gives are made up: numbers in [-1, 1) from a fixed seed, and zeros
 * for integers, which may be indices. */
#include "runtime/core/tensor.h"
#include "runtime/main/session.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
  uint64_t z = *state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

static void make_up(kiln_tensor *tensor, uint64_t seed) {
  int64_t count = kiln_elements(tensor->rank, tensor->shape);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t random = next_random(&seed);
    double number = (double)(random >> 11) * 0x1p-52 - 1;
    float single = (float)number;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    if (tensor->dtype == KILN_F32)
      ((float *)tensor->data)[i] = single;
    else if (tensor->dtype == KILN_F64)
      ((double *)tensor->data)[i] = number;
    else if (tensor->dtype == KILN_BF16)
      ((uint16_t *)tensor->data)[i] = (uint16_t)(bits >> 16);
    else if (tensor->dtype == KILN_F16) /* of either sign, from 0.5 to 1 */
      ((uint16_t *)tensor->data)[i] = (uint16_t)((random & 0x8000) | 0x3800 | (random & 0x3ff));
  }
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static int run_once(kiln_session *session) {
  if (kiln_run(session->context, session->inputs, session->outputs) == KILN_OK)
    return 0;
  fprintf(stderr, "%s\n", kiln_message(session->context));
  return KILN_EXIT_FAILURE;
}

int kiln_session_bench(kiln_session *session) {
  enum { WARM_RUNS = 20, WARM_TIME = 20000000 /* ns */ };
  int64_t count = session->request->bench;
  if (session->slices == 0)
    return kiln_complain(session->model, "--bench: the inputs have no slice to run");
  int code = session->request->output_count ? 0 : kiln_session_read(session, 0); /* else the last slice is still there */
  for (int32_t i = 0; i < session->model->info.input_count; ++i)
    if (session->request->inputs[i] == NULL)
      make_up(&session->inputs[i], (uint64_t)i);
  int64_t *times = malloc((size_t)count * sizeof *times);
  if (times == NULL)
    return kiln_complain(session->model, "--bench: no memory for %lld times", (long long)count);
  int64_t start = now();
  for (int i = 0; !code && i < WARM_RUNS && (i == 0 || now() - start < WARM_TIME); ++i)
    code = run_once(session);
  for (int64_t i = 0; !code && i < count; ++i) {
    int64_t before = now();
    code = run_once(session);
    times[i] = now() - before;
  }
  if (!code) {
    qsort(times, (size_t)count, sizeof *times, ascending);
    size_t middle = (size_t)count / 2;
    double least = (double)times[0], median = (double)times[middle];
    printf("min %.1f us, median %.1f us over %lld runs\n", least / 1e3, median / 1e3, (long long)count);
    if (fflush(stdout) != 0)
      code = kiln_complain(session->model, "standard output: %m");
  }
  free(times);
  return code;
}
