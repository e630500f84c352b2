/* The link contract as a C caller sees it, on LeNet-5: what the host may give, what is refused, and that nothing is allocated
 * after creation. Prints every claim that does not hold; exit 0 when all do. */
#include "lenet5.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
#define CLAIM(what)                                                                                                                \
  do {                                                                                                                             \
    if (!(what))                                                                                                                   \
      ++failures, printf("line %d: not so: %s\n", __LINE__, #what);                                                                \
  } while (0)

typedef struct host {
  int allocated, released, tasks, errors;
  kiln_status last;
  char message[512];
  kiln_context *context, *again; /* `again`: run this one once more from inside a task */
  kiln_status inner;
} host;

static float image[32 * 32], answer[10], expected[10];

static kiln_tensor input(void) { return (kiln_tensor){.data = image, .dtype = KILN_F32, .rank = 4, .shape = {1, 1, 32, 32}}; }
static kiln_tensor output(void) { return (kiln_tensor){.data = answer, .dtype = KILN_F32, .rank = 2, .shape = {1, 10}}; }

static void *allocate(void *user, size_t bytes, size_t alignment) {
  ++((host *)user)->allocated;
  return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void release(void *user, void *memory) {
  ++((host *)user)->released;
  free(memory);
}

static void on_error(void *user, kiln_status status, const char *message) {
  host *h = user;
  ++h->errors;
  h->last = status;
  snprintf(h->message, sizeof h->message, "%s", message);
}

/* The host's pool: this thread, as two workers in turn. */
static void parallel(void *user, int32_t tasks, kiln_task body, void *argument) {
  host *h = user;
  h->tasks += tasks;
  for (int32_t i = 0; i < tasks; ++i)
    body(argument, i, i % 2);
  if (h->again) {
    kiln_tensor in = input(), out = output();
    kiln_context *context = h->again;
    h->again = NULL;
    h->inner = lenet5_run(context, &in, &out);
  }
}

static kiln_status run(kiln_context *context) {
  kiln_tensor in = input(), out = output();
  return lenet5_run(context, &in, &out);
}

static void describes_itself(void) {
  const kiln_model_info *info = lenet5_info();
  CLAIM(info->input_count == 1 && info->output_count == 1);
  CLAIM(strcmp(info->inputs[0].name, "image") == 0 && info->inputs[0].rank == 4 && info->inputs[0].shape[3] == 32);
  CLAIM(strcmp(info->outputs[0].name, "probabilities") == 0 && info->outputs[0].dtype == KILN_F32);
  CLAIM(info->weights_size > 200000 && info->weights_size < 300000);
  CLAIM(info->workspace_size > 0 && info->workspace_size < (1 << 20));
  CLAIM(info->provenance && strchr(info->provenance, '{'));
}

static void plain(void) {
  kiln_context *context = NULL;
  CLAIM(lenet5_create(NULL, &context) == KILN_OK);
  CLAIM(run(context) == KILN_OK);
  memcpy(expected, answer, sizeof expected);
  lenet5_destroy(context);
  lenet5_destroy(NULL);
}

static void host_gives_everything(void) {
  const kiln_model_info *info = lenet5_info();
  host h = {0};
  size_t bytes = info->workspace_size + info->workspace_per_thread;
  void *workspace = aligned_alloc(64, (bytes + 63) / 64 * 64);
  kiln_options options = {.size = sizeof options,
                          .threads = 2,
                          .parallel = parallel,
                          .workspace = workspace,
                          .workspace_bytes = bytes,
                          .allocate = allocate,
                          .release = release,
                          .error = on_error,
                          .user = &h};
  kiln_context *context = NULL;
  CLAIM(lenet5_create(&options, &context) == KILN_OK);
  int before = h.allocated;
  memset(answer, 0, sizeof answer);
  for (int i = 0; i < 3; ++i)
    CLAIM(run(context) == KILN_OK);
  CLAIM(memcmp(answer, expected, sizeof answer) == 0);
  CLAIM(h.allocated == before);
  lenet5_destroy(context);
  CLAIM(h.allocated == h.released && h.errors == 0);

  options.workspace_bytes = bytes - 1;
  context = NULL;
  CLAIM(lenet5_create(&options, &context) == KILN_INVALID_ARGUMENT);
  CLAIM(h.errors == 1 && h.last == KILN_INVALID_ARGUMENT && strstr(h.message, "workspace"));
  lenet5_destroy(context);
  options.workspace_bytes = bytes;
  options.workspace = (char *)workspace + 4;
  context = NULL;
  CLAIM(lenet5_create(&options, &context) == KILN_INVALID_ARGUMENT);
  lenet5_destroy(context);
  free(workspace);
}

static void *refuse(void *user, size_t bytes, size_t alignment) { return (void)user, (void)bytes, (void)alignment, NULL; }

static void no_memory(void) {
  host h = {0};
  kiln_options options = {.size = sizeof options, .allocate = refuse, .release = release, .error = on_error, .user = &h};
  kiln_context *context = NULL;
  CLAIM(lenet5_create(&options, &context) == KILN_OUT_OF_MEMORY);
  lenet5_destroy(context);
}

static void busy(void) {
  host h = {0};
  kiln_options options = {.size = sizeof options, .threads = 2, .parallel = parallel, .user = &h};
  CLAIM(lenet5_create(&options, &h.context) == KILN_OK);
  h.again = h.context;
  h.inner = KILN_BUSY;
  CLAIM(run(h.context) == KILN_OK);
  CLAIM(h.inner == KILN_BUSY); /* holds, too, when no kernel of so small a net is parallel */
  CLAIM(memcmp(answer, expected, sizeof answer) == 0);
  lenet5_destroy(h.context);
}

static void wrong_tensors(void) {
  host h = {0};
  kiln_options options = {.size = sizeof options, .error = on_error, .user = &h};
  kiln_context *context = NULL;
  CLAIM(lenet5_create(&options, &context) == KILN_OK);
  kiln_tensor good_in = input(), good_out = output(), t;
  t = good_in, t.shape[2] = 31;
  CLAIM(lenet5_run(context, &t, &good_out) == KILN_INVALID_ARGUMENT);
  CLAIM(strstr(lenet5_message(context), "image") && strstr(lenet5_message(context), "31") && strstr(h.message, "32"));
  t = good_in, t.dtype = KILN_F64;
  CLAIM(lenet5_run(context, &t, &good_out) == KILN_INVALID_ARGUMENT && strstr(h.message, "image"));
  t = good_in, t.rank = 3;
  CLAIM(lenet5_run(context, &t, &good_out) == KILN_INVALID_ARGUMENT);
  t = good_in, t.rank = 4000;
  CLAIM(lenet5_run(context, &t, &good_out) == KILN_INVALID_ARGUMENT);
  t = good_in, t.data = NULL;
  CLAIM(lenet5_run(context, &t, &good_out) == KILN_INVALID_ARGUMENT);
  t = good_out, t.shape[1] = 11;
  CLAIM(lenet5_run(context, &good_in, &t) == KILN_INVALID_ARGUMENT && strstr(h.message, "probabilities"));
  CLAIM(lenet5_run(context, NULL, &good_out) == KILN_INVALID_ARGUMENT);
  CLAIM(lenet5_run(NULL, &good_in, &good_out) == KILN_INVALID_ARGUMENT);
  CLAIM(run(context) == KILN_OK && memcmp(answer, expected, sizeof answer) == 0);
  lenet5_destroy(context);
}

int main(void) {
  for (int i = 0; i < 32 * 32; ++i)
    image[i] = (float)(i * 7 % 32) / 32;
  describes_itself();
  plain();
  host_gives_everything();
  no_memory();
  busy();
  wrong_tensors();
  return failures != 0;
}
