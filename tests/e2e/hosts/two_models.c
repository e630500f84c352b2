/* Two compiled models and a Halide kernel of the host's own in one program. Prints one line for each; exit 0 when all is right. */
#include "lenet5.h"
#include "mlp.h"
#include <stdio.h>
#include <stdlib.h>

/* What Halide calls a buffer; only `host` and the dimensions matter to the kernel below. */
#include "HalideRuntime.h"
int host_kernel(halide_buffer_t *in, halide_buffer_t *out);

/* Names that kiln's runtime has inside its artefacts, too. The host's must be called by the host alone. */
static int host_calls;
const char *kiln_message(void) { return ++host_calls, "the host's"; }
int kiln_run(void) { return ++host_calls, 77; }

static int run(const char *name, kiln_status (*create)(const kiln_options *, kiln_context **),
               kiln_status (*go)(kiln_context *, const kiln_tensor *, kiln_tensor *), void (*destroy)(kiln_context *), int side) {
  kiln_context *context = NULL;
  if (create(NULL, &context) != KILN_OK)
    return 1;
  float *image = calloc((size_t)side * side, sizeof *image), answer[10], sum = 0;
  image[side * side / 2] = 1;
  kiln_tensor in = {.data = image, .dtype = KILN_F32, .rank = 4, .shape = {1, 1, side, side}};
  kiln_tensor out = {.data = answer, .dtype = KILN_F32, .rank = 2, .shape = {1, 10}};
  kiln_status status = go(context, &in, &out);
  for (int i = 0; i < 10; ++i)
    sum += answer[i];
  destroy(context);
  free(image);
  printf("%s: status %d, probabilities sum to %.4f\n", name, status, sum);
  return status != KILN_OK || sum < 0.999f || sum > 1.001f;
}

int main(void) {
  int wrong = run("lenet5", lenet5_create, lenet5_run, lenet5_destroy, 32);
  wrong += run("mlp", mlp_create, mlp_run, mlp_destroy, 28);
  float in[100], out[100];
  for (int i = 0; i < 100; ++i)
    in[i] = (float)i;
  halide_dimension_t dimension = {0, 100, 1, 0};
  halide_buffer_t a = {.host = (uint8_t *)in, .type = {halide_type_float, 32, 1}, .dimensions = 1, .dim = &dimension};
  halide_buffer_t b = a;
  b.host = (uint8_t *)out;
  wrong += host_kernel(&a, &b) != 0;
  for (int i = 0; i < 100; ++i)
    wrong += out[i] != 2 * in[i] + 1;
  wrong += host_calls != 0 || kiln_run() != 77 || host_calls != 1 || kiln_message()[0] != 't';
  printf("host kernel and names: %s\n", wrong ? "wrong" : "right");
  return wrong;
}
