/* A program around a model for a processor and a card, through its header alone: says where it runs and what it was told, then sums the
 * model's output from host pointers, and, on a card, from device pointers. */
#include "both.h"
#include <stdio.h>

static int told;
static void hear(void *user, kiln_status status, const char *message) {
  (void)user;
  printf("told %d: %s\n", (int)status, message);
  ++told;
}

static int fail(kiln_context *context) {
  printf("failed: %s\n", m_message(context));
  m_destroy(context);
  return 1;
}

static float image[M_IMAGE_ELEMENTS], found[M_PROBABILITIES_ELEMENTS];
static _Alignas(64) unsigned char workspace[M_WORKSPACE_SIZE + 64];

static float weigh(void) { /* no permutation of the numbers has the same */
  float sum = 0;
  for (int i = 0; i < M_PROBABILITIES_ELEMENTS; ++i)
    sum += found[i] * (float)(i + 1);
  return sum;
}

int main(void) {
  kiln_options options = {.size = sizeof options, .threads = 1, .error = hear};
  options.workspace = workspace;
  options.workspace_bytes = M_WORKSPACE_SIZE;
  kiln_context *context;
  if (m_create(&options, &context) != KILN_OK)
    return fail(context);
  for (int i = 0; i < M_IMAGE_ELEMENTS; ++i)
    image[i] = (float)(i % 17) / 17;
  for (int i = 0; i < 2; ++i)
    if (m_call(context, image, found) != KILN_OK)
      return fail(context);
  const kiln_device *device = m_device(context);
  printf("on %s: %.6f\n", device ? device->name : "the CPU", (double)weigh());
  if (device) {
    void *in, *out;
    if (device->allocate(context, sizeof image, &in) || device->allocate(context, sizeof found, &out) ||
        device->upload(context, in, image, sizeof image) || m_call_device(context, in, out) ||
        device->download(context, found, out, sizeof found))
      return fail(context);
    printf("device pointers: %.6f\n", (double)weigh());
    device->release(context, in);
    device->release(context, out);
  }
  printf("told %d times, %llu bytes of weights\n", told, (unsigned long long)m_info()->weights_size);
  m_destroy(context);
  return 0;
}
