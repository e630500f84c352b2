/* device.h: the contract between a model compiled for an NVIDIA card and the runtime that drives it: what the model does on the card,
 * as tables. The compiler emits one constant kiln_device_model (kiln_model.device); nothing here is code but the HOST steps.
 *
 * Two sides. The arena, the weights and each input and output exist on the card and on the host, laid out alike, so a place names a
 * byte on both: a copy between them is one place and a number of bytes. What stands where, when the first step starts:
 *   weights   both sides, unchanged for ever (on the card only the bytes [weights_begin, weights_end))
 *   inputs    on each side where its `input_sides` says that a step uses it; nothing more is to be copied
 *   arena     nothing on either side; what one run left there is not to be relied on
 *   outputs   nothing, unless tied: output j tied to input k (kiln_model_info.tied) may have k's memory, and then begins as k does. It is
 *             one slot on the card in a run with host pointers, so a step that writes j comes after every other step that reads k
 * and when the last step has ended, an output stands whole on the side that its `output_sides` tells; the runtime brings it to the caller.
 *
 * Steps take effect in their order: each sees all that the earlier ones wrote. A run of LAUNCH, ZERO and COPY is one CUDA graph, which
 * TO_HOST, TO_DEVICE and HOST end: a HOST step that needs nothing of the card (kiln_check_indices of an input) costs least as the
 * first. A HOST step may fail; nothing of the caller's may have been changed before one that can.
 *
 * On the card, every base is aligned to 256 bytes, but inputs and outputs of a run with device pointers to KILN_DEVICE_ALIGNMENT.
 */
#ifndef KILN_CUDA_DEVICE_H
#define KILN_CUDA_DEVICE_H
#include "runtime/core/model.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef enum kiln_base {
  KILN_PLACE_ARENA = 0,
  KILN_PLACE_WEIGHTS = 1,
  KILN_PLACE_INPUT = 2,
  KILN_PLACE_OUTPUT = 3,
  KILN_PLACE_SCALAR = 4 /* only as an argument: no place but a constant, `index` bytes long (1, 2, 4 or 8), its bits in `offset` */
} kiln_base;

typedef struct kiln_place {
  uint32_t base; /* kiln_base */
  uint32_t index; /* of the input or output */
  uint64_t offset; /* bytes from the base */
} kiln_place;

typedef enum kiln_step_kind {
  KILN_STEP_LAUNCH = 0, /* kernel, grid, block, shared, arguments */
  KILN_STEP_TO_HOST = 1, /* place (no weights, no input: the host has them), bytes: from the card's side to the host's */
  KILN_STEP_TO_DEVICE = 2, /* place, bytes: the other way */
  KILN_STEP_ZERO = 3, /* place, bytes: on the card. Bytes are never 0 */
  KILN_STEP_COPY = 4, /* place, source, bytes: on the card; not overlapping */
  KILN_STEP_HOST = 5 /* host: a function over the host's sides */
} kiln_step_kind;

typedef struct kiln_step {
  uint32_t kind; /* kiln_step_kind; fields that the kind does not name are zero */
  uint32_t kernel; /* index of kiln_device_model.kernels */
  uint32_t grid[3]; /* blocks, each >= 1 */
  uint32_t block[3]; /* threads, each >= 1 */
  uint32_t shared; /* bytes of dynamic shared memory */
  uint32_t first_argument; /* of kiln_device_model.arguments; in the order of the kernel's parameters */
  uint32_t argument_count;
  uint32_t reserved;
  kiln_place place;
  kiln_place source;
  uint64_t bytes;
  kiln_program host;
  const char *name; /* for messages, inspection and timing: the node or kernel that it comes from */
} kiln_step;

/* One kernel compiled for one capability. It runs on a card of this or a higher capability (ptx), of the same major number (cubin). */
typedef struct kiln_device_image {
  uint32_t capability; /* 80, 90: major * 10 + minor */
  uint32_t cubin_size; /* bytes */
  const uint8_t *cubin; /* aligned to 8, or NULL */
  const char *ptx; /* NUL-terminated, or NULL when there is a cubin */
} kiln_device_image;

typedef struct kiln_device_kernel {
  const char *entry;
  uint32_t first_image; /* of kiln_device_model.images: one for each capability that the model was compiled for */
  uint32_t image_count;
} kiln_device_kernel;

enum {
  KILN_SIDE_DEVICE = 1, /* some step uses it on the card */
  KILN_SIDE_HOST = 2, /* a HOST step, TO_HOST or TO_DEVICE uses it on the host */
  KILN_SIDE_HOST_LAST = 4 /* of outputs: at the end it stands on the host (else on the card) */
};

typedef struct kiln_device_model {
  const struct kiln_device_runtime *runtime; /* &kiln_cuda: this reference is what links the driver's side into an artefact */
  const kiln_device_kernel *kernels;
  const kiln_device_image *images;
  const kiln_step *steps;
  const kiln_place *arguments;
  const uint8_t *input_sides; /* KILN_SIDE_* of each input */
  const uint8_t *output_sides; /* and of each output */
  uint32_t kernel_count, image_count, step_count, argument_count;
  uint64_t
      arena_size; /* bytes on the card. The host's side is kiln_model.arena_size, which HOST steps and copies must not exceed */
  uint64_t weights_begin, weights_end; /* the part of the weights that steps use on the card */
} kiln_device_model;

/* How the runtime drives a device: what kiln_create, kiln_run and kiln_destroy call for a context that is to run on one. */
typedef struct kiln_device_runtime {
  kiln_status (*create)(kiln_context *context);
  kiln_status (*run)(kiln_context *context); /* of host pointers, checked, in context->pointers */
  void (*destroy)(kiln_context *context);
} kiln_device_runtime;

extern const kiln_device_runtime kiln_cuda;

/* The entry points PREFIX_run_device and PREFIX_device forward to these; only models with a device have them. */
kiln_status kiln_run_device(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);
const kiln_device *kiln_device_of(const kiln_context *context);

#ifdef __cplusplus
}
#endif
#endif
