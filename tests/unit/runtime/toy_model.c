/* A hand-made model as an executable: y[3] = x[3] * w[0] + b[3], z[] = sum of y. Its weights are {2}, embedded or in toy.safetensors. As a
 * shared library it exports the runtime that it holds. */
#include "runtime/core/model.h"

static kiln_status run(const kiln_frame *frame) {
  const float *x = frame->inputs[0], *b = frame->inputs[1], *w = (const float *)frame->weights;
  float *y = frame->outputs[0];
  double *z = frame->outputs[1];
  *z = 0;
  for (int i = 0; i < 3; ++i)
    *z += y[i] = x[i] * w[0] + b[i];
  return x[0] == 666 ? KILN_OUT_OF_RANGE : KILN_OK;
}

static const kiln_tensor_info inputs[] = {{"x=1", KILN_F32, 1, {3}}, {"x", KILN_F32, 1, {3}}};
static const kiln_tensor_info outputs[] = {{"y", KILN_F32, 1, {3}}, {"z", KILN_F64, 0, {0}}};

#ifndef TOY_WEIGHTS_IN_FILE
static const _Alignas(64) float weights[1] = {2};
#endif

const kiln_model kiln_the_model = {
    .info = {"toy", 2, 2, inputs, outputs, 0, 0, sizeof(float), "{\"compiler\":\"by hand\"}", NULL},
#ifdef TOY_WEIGHTS_IN_FILE
    .weights_file = "toy.safetensors",
    /* SHA-256 of the bytes 00 00 00 40 */
    .weights_hash = {0xd8, 0x8c, 0x86, 0xf1, 0x5b, 0xbe, 0xa3, 0x65, 0xd6, 0x58, 0xad, 0x95, 0xa8, 0x1d, 0x45, 0x36,
                     0x7c, 0x46, 0x5f, 0x7a, 0xf6, 0xf7, 0x26, 0x4f, 0xb0, 0x77, 0xf0, 0x17, 0x47, 0xdd, 0xc7, 0x7d},
#else
    .weights = (const uint8_t *)weights,
#endif
    .run = run,
};

#ifdef TOY_SHARED
#define EXPORTED __attribute__((visibility("default")))
EXPORTED kiln_status toy_create(const kiln_model *model, const kiln_options *options, kiln_context **context) {
  return kiln_create(model, options, context);
}
EXPORTED const char *toy_message(const kiln_context *context) { return kiln_message(context); }
EXPORTED void toy_destroy(kiln_context *context) { kiln_destroy(context); }
#endif
