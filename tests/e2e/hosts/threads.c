/* Two threads, one model, a context each: both must always get the answer that one thread alone gets. */
#include "lenet5.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { RUNS = 200 };

static float images[2][32 * 32], expected[2][10];

static int answer(kiln_context *context, int which, float *probabilities) {
  kiln_tensor in = {.data = images[which], .dtype = KILN_F32, .rank = 4, .shape = {1, 1, 32, 32}};
  kiln_tensor out = {.data = probabilities, .dtype = KILN_F32, .rank = 2, .shape = {1, 10}};
  return lenet5_run(context, &in, &out) == KILN_OK;
}

static void *work(void *argument) {
  int which = *(int *)argument;
  float got[10];
  kiln_options options = {.size = sizeof options, .threads = 2};
  kiln_context *context = NULL;
  if (lenet5_create(&options, &context) != KILN_OK)
    return "no context";
  for (int i = 0; i < RUNS; ++i)
    if (!answer(context, which, got) || memcmp(got, expected[which], sizeof got) != 0)
      return "another answer";
  lenet5_destroy(context);
  return NULL;
}

int main(void) {
  kiln_context *alone = NULL;
  if (lenet5_create(NULL, &alone) != KILN_OK)
    return 1;
  for (int which = 0; which < 2; ++which) {
    for (int i = 0; i < 32 * 32; ++i)
      images[which][i] = (float)(i * (3 + which) % 17) / 17;
    answer(alone, which, expected[which]);
  }
  lenet5_destroy(alone);
  pthread_t threads[2];
  int names[2] = {0, 1}, wrong = memcmp(expected[0], expected[1], sizeof expected[0]) == 0;
  for (int i = 0; i < 2; ++i)
    wrong |= pthread_create(&threads[i], NULL, work, &names[i]) != 0;
  for (int i = 0; i < 2; ++i) {
    void *fault = NULL;
    pthread_join(threads[i], &fault);
    if (fault)
      wrong = 1, printf("thread %d: %s\n", i, (const char *)fault);
  }
  return wrong;
}
