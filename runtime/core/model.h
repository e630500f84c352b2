/* model.h: the contract between generated code (the program and its kernels) and the runtime linked with it.
 *
 * The compiler emits one constant kiln_model and five entry points that forward to kiln_create, kiln_run, ... with it.
 * compiler/codegen lays this struct out in LLVM IR: a change here is a change there (a unit test compares offsets).
 */
#ifndef KILN_CORE_MODEL_H
#define KILN_CORE_MODEL_H
#include "kiln/kiln.h"
#ifdef __cplusplus
extern "C" {
#endif

/* What the program sees during one run. `context` is also the user_context of every kernel: a context begins with its worker 0
 * (core/context.h), and each parallel task is handed its own worker in its place. */
typedef struct kiln_frame {
  uint8_t *arena;         /* kiln_model.arena_size bytes, aligned to 64 (2 MB, in huge pages, when kiln allocates that much) */
  const uint8_t *weights; /* kiln_model.weights_size bytes, aligned to 64 */
  void *const *inputs;    /* dense data of each input, checked; aligned to its element only */
  void *const *outputs;
  kiln_context *context;
} kiln_frame;

/* A status other than KILN_OK ends the run. A message, if any, was set by what failed (kiln_check_indices). */
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
  uint64_t scratch_size;     /* bytes of bump arena for halide_malloc, per worker; see KILN_SCRATCH_BLOCK */
  const uint8_t *weights;    /* embedded weights, or NULL when they stand in a file */
  const char *weights_file;  /* its base name, or NULL */
  uint8_t weights_hash[32];  /* SHA-256 of the weights bytes (file form: also of the file's data section) */
  kiln_program run;          /* on the CPU; NULL when the model has only a device */
  const struct kiln_device_model *device; /* cuda/device.h; NULL: none */
} kiln_model;

kiln_status kiln_create(const kiln_model *model, const kiln_options *options, kiln_context **context);
kiln_status kiln_run(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);
const char *kiln_message(const kiln_context *context);
void kiln_destroy(kiln_context *context);

/* Called by the program before a launch whose kernel reads through `indices`: every one must lie in [-limit, limit).
 * width is 4 or 8 (int32, int64). On failure sets the message (node, position, value, limit), returns KILN_OUT_OF_RANGE. */
kiln_status kiln_check_indices(kiln_context *context, const char *node, const void *indices, int32_t width, int64_t count,
                               int64_t limit);

/* Called by the program before a launch whose result is stored with a halo: zeroes all of the storage but the tensor itself.
 * The descriptor: rank, bytes of an element, then per stored dimension, innermost first: extent, stride in elements, and how many of
 * the extent lie before and after the tensor. */
void kiln_zero_border(void *base, const int64_t *descriptor);

/* Workspace: the arena, then one scratch arena per worker, each rounded up to 64 bytes. So a compiler fills in
 *   info.workspace_size = KILN_ALIGN(arena_size) + KILN_ALIGN(scratch_size), info.workspace_per_thread = KILN_ALIGN(scratch_size). */
#define KILN_ALIGN(bytes) (((uint64_t)(bytes) + 63) & ~(uint64_t)63)

/* What one live halide_malloc takes of its worker's scratch: scratch_size is the largest sum of these that one worker holds at once
 * (the launching thread is worker 0, and runs tasks of a parallel loop too). A shortage falls back to the allocator, so a wrong sum
 * costs time, not memory safety; kiln_scratch_peak tells a test or the planner what was needed. */
#define KILN_SCRATCH_BLOCK(bytes) (64 + KILN_ALIGN(bytes))
uint64_t kiln_scratch_peak(const kiln_context *context);

/* The whole of Halide's runtime that kernels may call; user_context is the worker's (cpu/threads.c, cpu/scratch.c). */
void *halide_malloc(void *user_context, size_t bytes);
void halide_free(void *user_context, void *memory);
int halide_do_par_for(void *user_context, int (*task)(void *, int, uint8_t *), int min, int size, uint8_t *closure);

/* The model of an executable: the generic main (runtime/main) finds it under this name. Libraries have no need of it. */
extern const kiln_model kiln_the_model __attribute__((visibility("hidden")));

#ifdef __cplusplus
}
#endif
#endif
