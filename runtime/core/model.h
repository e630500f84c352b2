/* model.h: the contract between generated code (the program and its kernels) and the runtime linked with it.
 *
 * The compiler emits one constant kiln_model and five entry points that forward to kiln_create, kiln_run, ... with it.
 * compiler/codegen lays this struct out in LLVM IR: a change here is a change there (a unit test compares offsets).
 */
#ifndef KILN_CORE_MODEL_H
#define KILN_CORE_MODEL_H
#include "kiln/kiln.h"

/* What the program sees during one run. `context` is also the user_context of every kernel. */
typedef struct kiln_frame {
  uint8_t *arena;         /* kiln_model.arena_size bytes, aligned to 64 (2 MB when the arena is larger than that) */
  const uint8_t *weights; /* kiln_model.weights_size bytes, aligned to 64 */
  void *const *inputs;    /* dense data of each input, checked */
  void *const *outputs;
  kiln_context *context;
} kiln_frame;

typedef kiln_status (*kiln_program)(const kiln_frame *frame);

/* Instruction sets a model may need; checked once by kiln_create through cpuid / hwcaps. */
enum {
  KILN_CPU_SSE41 = 1u << 0,
  KILN_CPU_AVX = 1u << 1,
  KILN_CPU_AVX2 = 1u << 2,
  KILN_CPU_FMA = 1u << 3,
  KILN_CPU_F16C = 1u << 4,
  KILN_CPU_AVX512F = 1u << 5,
  KILN_CPU_AVX512BW = 1u << 6,
  KILN_CPU_AVX512DQ = 1u << 7,
  KILN_CPU_AVX512VL = 1u << 8,
  KILN_CPU_AVX512CD = 1u << 9
};

typedef struct kiln_model {
  kiln_model_info info;
  uint64_t cpu;              /* KILN_CPU_* bits that every kernel may use */
  uint64_t arena_size;       /* bytes */
  uint64_t scratch_size;     /* bytes of bump arena for halide_malloc, per worker */
  const uint8_t *weights;    /* embedded weights, or NULL when they stand in a file */
  const char *weights_file;  /* its base name, or NULL */
  uint8_t weights_hash[32];  /* SHA-256 of the weights bytes (file form: also of the file's data section) */
  kiln_program run;
} kiln_model;

kiln_status kiln_create(const kiln_model *model, const kiln_options *options, kiln_context **context);
kiln_status kiln_run(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);
const char *kiln_message(const kiln_context *context);
void kiln_destroy(kiln_context *context);

/* Called by the program before a launch whose kernel reads through `indices`: every one must lie in [-limit, limit).
 * width is 4 or 8 (int32, int64). On failure sets the message (node, position, value, limit), returns KILN_OUT_OF_RANGE. */
kiln_status kiln_check_indices(kiln_context *context, const char *node, const void *indices, int32_t width, int64_t count,
                               int64_t limit);

/* The whole of Halide's runtime that kernels may call; user_context is the worker's (see cpu/threads.c). */
struct halide_task;
void *halide_malloc(void *user_context, size_t bytes);
void halide_free(void *user_context, void *memory);
int halide_do_par_for(void *user_context, int (*task)(void *, int, uint8_t *), int min, int size, uint8_t *closure);

#endif
