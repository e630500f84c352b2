/* In: a language model on bytes, compiled as a library called `text`, and a beginning. Out: the beginning, and how the model goes on.
 *
 * Each byte is drawn from softmax(log p / temperature) of the model's last probabilities p: below 1 the likely ones gain, above 1 the others.
 * The model sees a window of the bytes before; a window that is not full yet is filled up behind, where what is predicted does not look. */
#include "text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* splitmix64, as a number in [0, 1). */
static double draw(void) {
  uint64_t z = state += 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static int64_t choose(const float *probabilities, int64_t count, double temperature) {
  double weights[256], sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += weights[i] = pow((double)probabilities[i], 1 / temperature);
  double left = draw() * sum;
  int64_t last = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (weights[i] > 0)
      last = i;
    if ((left -= weights[i]) < 0)
      return i;
  }
  return last;
}

int main(int argc, char **argv) {
  const kiln_model_info *info = text_info();
  const kiln_tensor_info *in = &info->inputs[0], *out = &info->outputs[0];
  int64_t length = in->shape[1], bytes = out->shape[out->rank - 1];
  const char *start = argc > 1 ? argv[1] : "And";
  double temperature = argc > 2 ? strtod(argv[2], NULL) : 0.7;
  long count = argc > 3 ? strtol(argv[3], NULL, 10) : 500;
  state = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
  size_t used = strlen(start);
  if (used == 0 || !(temperature > 0) || count < 1 || in->rank != 2 || in->dtype != KILN_I64 || bytes > 256) {
    fprintf(stderr, "usage: %s BEGINNING [TEMPERATURE] [BYTES] [SEED]\n", argv[0]);
    return 2;
  }
  char *text = malloc(used + (size_t)count);
  int64_t *tokens = calloc((size_t)length, sizeof *tokens);
  float *probabilities = malloc((size_t)(length * bytes) * sizeof *probabilities);
  kiln_context *context = NULL;
  if (!text || !tokens || !probabilities || text_create(NULL, &context) != KILN_OK) {
    fprintf(stderr, "no memory\n");
    return 1;
  }
  memcpy(text, start, used);
  kiln_tensor input = {tokens, KILN_I64, 2, {1, length}}, output = {probabilities, KILN_F32, 3, {1, length, bytes}};
  for (long n = 0; n < count; ++n, ++used) {
    size_t seen = used < (size_t)length ? used : (size_t)length;
    for (size_t i = 0; i < seen; ++i)
      tokens[i] = (unsigned char)text[used - seen + i];
    if (text_run(context, &input, &output) != KILN_OK) {
      fprintf(stderr, "%s\n", text_message(context));
      return 1;
    }
    text[used] = (char)choose(probabilities + (int64_t)(seen - 1) * bytes, bytes, temperature);
  }
  fwrite(text, 1, used, stdout);
  putchar('\n');
  text_destroy(context);
  free(probabilities);
  free(tokens);
  free(text);
  return 0;
}
