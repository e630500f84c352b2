/* kiln.h: the C interface of every compiled model and of the runtime inside it.
 *
 * A model compiled with the prefix `lenet5` exports, and exports nothing else:
 *   const kiln_model_info *lenet5_info(void);
 *   kiln_status lenet5_create(const kiln_options *options, kiln_context **context);
 *   kiln_status lenet5_run(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);
 *   const char *lenet5_message(const kiln_context *context);
 *   void lenet5_destroy(kiln_context *context);
 * and when it was compiled for an NVIDIA card, too:
 *   kiln_status lenet5_run_device(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);
 *   const kiln_device *lenet5_device(const kiln_context *context);
 *
 * A model is immutable and shared; a context belongs to one calling thread at a time (a busy one answers KILN_BUSY and keeps its
 * message). After creation nothing is allocated. Nothing prints or exits: errors are a status and a message.
 * A create that fails leaves a context that can only answer _message and be destroyed (NULL when there was no memory for that).
 * _message is never NULL: the text of the last failure, or "".
 */
#ifndef KILN_KILN_H
#define KILN_KILN_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef enum kiln_status {
  KILN_OK = 0,
  KILN_INVALID_ARGUMENT = 1, /* a name, shape, dtype or pointer that does not fit the model */
  KILN_OUT_OF_RANGE = 2,     /* an index in the data points outside its tensor */
  KILN_OUT_OF_MEMORY = 3,
  KILN_BUSY = 4,             /* another thread is inside this context */
  KILN_UNSUPPORTED_CPU = 5,  /* this processor lacks instructions the model was compiled for */
  KILN_BAD_WEIGHTS = 6,      /* the weights file is missing, cut, edited, or of another model */
  KILN_IO = 7,               /* a file could not be read or written */
  KILN_NO_DEVICE = 8,        /* no driver, no card, or one that the model was not compiled for */
  KILN_DEVICE_FAILED = 9     /* a launch or a copy failed on the card: the context is of no further use */
} kiln_status;

typedef enum kiln_dtype {
  KILN_F32 = 1,
  KILN_F64 = 2,
  KILN_F16 = 3,
  KILN_BF16 = 4,
  KILN_I8 = 5,
  KILN_I16 = 6,
  KILN_I32 = 7,
  KILN_I64 = 8,
  KILN_U8 = 9,
  KILN_U16 = 10,
  KILN_U32 = 11,
  KILN_U64 = 12,
  KILN_BOOL = 13
} kiln_dtype;

#define KILN_MAX_RANK 8

/* A dense row-major tensor that the caller owns, aligned to its element. Outputs may overlap neither inputs nor each other, but for
 * state: an output may be given the memory of the input it is tied to (kiln_model_info.tied), all of it, and is then updated in place.
 * A run that fails before it has changed any of them leaves all of them as they were: nothing fails after the first change. */
typedef struct kiln_tensor {
  void *data;
  kiln_dtype dtype;
  int32_t rank;
  int64_t shape[KILN_MAX_RANK];
} kiln_tensor;

typedef struct kiln_tensor_info {
  const char *name;
  kiln_dtype dtype;
  int32_t rank;
  int64_t shape[KILN_MAX_RANK];
} kiln_tensor_info;

typedef struct kiln_model_info {
  const char *name;
  int32_t input_count, output_count;
  const kiln_tensor_info *inputs, *outputs;
  uint64_t workspace_size; /* bytes a context needs, scratch of `threads` = 1 included */
  uint64_t workspace_per_thread; /* further bytes for each thread beyond the first */
  uint64_t weights_size; /* bytes, embedded or in the weights file */
  const char *provenance; /* JSON: model hash, options, compiler version, kernels, plan */
  const int32_t *tied; /* per output the input whose memory it may have, or -1; NULL: none */
} kiln_model_info;

/* Runs body(argument, task, worker) for every task in [0, tasks), worker in [0, threads); returns when all are done. Two bodies
 * never run at once with the same worker number; the calling thread may be any of the workers. */
typedef void (*kiln_task)(void *argument, int32_t task, int32_t worker);
typedef void (*kiln_parallel)(void *user, int32_t tasks, kiln_task body, void *argument);

/* Where a context runs. A model has a program for the CPU, for a card, or for both. KILN_ON_ANY: what KILN_DEVICE in the environment
 * says (cpu, cuda or cuda:NUMBER); else the card where the model has a program for one, and the CPU where there is no usable card and
 * the model has a program for the CPU, too: the error callback is told why, once, and _message says it until the first run. */
typedef enum kiln_processor { KILN_ON_ANY = 0, KILN_ON_CPU = 1, KILN_ON_CUDA = 2 } kiln_processor;

/* All fields may be zero. `size` = sizeof(kiln_options) guards against a header of another version (0 means this one). */
typedef struct kiln_options {
  size_t size;
  int32_t threads; /* 0: KILN_NUM_THREADS, else the machine's processors */
  kiln_parallel parallel; /* the host's own pool; `threads` then says how many workers it has, and must */
  void *workspace; /* workspace_size + (threads-1)*workspace_per_thread bytes, aligned to 64 */
  size_t workspace_bytes;
  void *(*allocate)(void *user, size_t bytes, size_t alignment); /* both or neither; any thread of the context may call them */
  void (*release)(void *user, void *memory);
  void (*error)(void *user, kiln_status status, const char *message);
  void *user; /* passed to all four callbacks */
  const char *weights_path; /* where the weights file is; NULL: beside the binary, under the name it was compiled with */
  kiln_processor processor;
  int32_t device_number; /* of the card, as the driver counts */
  /* A CUstream of the card's primary context to queue on (CU_STREAM_LEGACY: in turn with those who use the default stream); NULL: the
   * context makes its own, which waits for no other. */
  void *device_stream;
  /* NULL, or for each input, then each output, the card's memory where _run finds it from the start, as after kiln_device.bind, so that the
   * context takes none for it; NULL where there is none. Read at creation. */
  void *const *device_tensors;
} kiln_options;

typedef struct kiln_context kiln_context;

/* The card that a context runs on, and memory there; _device answers NULL for a context that runs on the CPU.
 *
 * _run takes pointers to the host's memory wherever the context runs. _run_device takes `data` pointers to the card's memory, aligned to
 * KILN_DEVICE_ALIGNMENT: it queues the run on the stream and returns, unless the model has parts that run on the host; a fault on the
 * card shows in the call that waits. What is queued on the stream runs in order: upload a batch, run, download the loss. The tensors'
 * memory must stay until then. A trainer's state stays on the card between runs; the run is cheapest while its pointers stay the same.
 * A process cannot use such a context of the one that it was forked from. */
#define KILN_DEVICE_ALIGNMENT 16
typedef struct kiln_device {
  const char *name; /* as the driver calls it */
  int32_t number;
  int32_t capability; /* 90 */
  uint64_t memory; /* bytes that the context took */
  void *stream; /* the CUstream it queues on */
  kiln_status (*allocate)(kiln_context *context, size_t bytes, void **memory); /* aligned to 256; the caller's to release */
  kiln_status (*release)(kiln_context *context, void *memory);
  kiln_status (*upload)(kiln_context *context, void *device, const void *host,
                        size_t bytes); /* `host` may change once it returns, unless it is page-locked */
  kiln_status (*download)(kiln_context *context, void *host, const void *device, size_t bytes); /* waits */
  kiln_status (*wait)(kiln_context *context); /* until all that is queued has run */
  /* Runs with device pointers, one step at a time, and tells how long each took: `step` is called for each in order, on the card by
   * events, on the host by its clock. */
  kiln_status (*time)(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs,
                      void (*step)(void *user, const char *name, float milliseconds), void *user);
  /* Tensors that _run leaves on the card, so that a trainer's state stays there while its batches come from the host. `tensor` is the index
   * of an input, or input_count and that of an output. `place` is the card's memory that _run copies the tensor to or from, or NULL where
   * the card has no use for it. After `bind` _run finds the tensor at `memory` on the card, and an output that is tied to it, too; it
   * copies neither, and `data` may be any address but NULL. NULL for `memory` ends that, where the context has memory of its own. */
  void *(*place)(const kiln_context *context, int32_t tensor);
  kiln_status (*bind)(kiln_context *context, int32_t tensor, void *memory);
} kiln_device;

#ifdef __cplusplus
}
#endif
#endif
