/* card.h: what a context holds of the card that it runs on. All of it is made when the context is, in one piece of host memory and one
 * of the card's; a run changes addresses and queues work.
 */
#ifndef KILN_CUDA_CARD_H
#define KILN_CUDA_CARD_H
#include "runtime/core/context.h"
#include "runtime/cuda/device.h"
#include "runtime/cuda/driver.h"

/* Steps that run on the card one after another, [first, last). */
typedef struct kiln_segment {
  uint32_t first, last;
  CUgraph graph;
  CUgraphExec executable; /* NULL: too short for a graph, its steps are queued one by one */
} kiln_segment;

typedef struct kiln_card {
  kiln_device device; /* what the caller sees */
  const kiln_device_model *model;
  char name[128];
  kiln_driver driver;
  CUdevice number;
  CUcontext primary;
  CUstream stream;
  bool retained, owns_stream, current; /* `primary` is this thread's: its calls go there */
  bool copies; /* a copy has been queued since the host last waited */
  CUresult lost; /* the error after which the card answers nothing else */
  CUdeviceptr memory, arena, weights; /* memory: the whole; 0: none. weights: where byte 0 of the blob would be */
  CUdeviceptr *
      slots; /* the card's own memory for each input, then each output; 0 where the card does not use it, or the caller brought memory */
  CUdeviceptr *bases; /* what inputs and outputs stand at in the run that was last prepared: slots or the caller's */
  CUdeviceptr *previous; /* the bases before those (graphs.c) */
  CUdeviceptr *given; /* the bases of the run that is being prepared */
  CUdeviceptr *bound; /* where a tensor stays between runs with host pointers; 0: it comes from and goes to the caller's memory */
  void **mirrors; /* the host's memory for what it uses of tensors that stand on the card */
  CUmodule *modules; /* of each kernel, like */
  CUfunction *functions;
  uint64_t *values; /* of each argument; and where each value stands, as launches take them */
  void **parameters;
  CUgraphNode *nodes; /* of each step, where a graph has it */
  uint32_t segment_count;
  kiln_segment *segments;
  void (*timed)(void *user, const char *name, float milliseconds); /* the run's listener, or NULL */
  void *timed_user;
  CUevent before, after;
} kiln_card;

static inline CUdeviceptr kiln_address(const kiln_card *card, const kiln_context *context, const kiln_place *place) {
  switch ((kiln_base)place->base) {
  case KILN_PLACE_ARENA:
    return card->arena + place->offset;
  case KILN_PLACE_WEIGHTS:
    return card->weights + place->offset;
  case KILN_PLACE_INPUT:
    return card->bases[place->index] + place->offset;
  case KILN_PLACE_OUTPUT:
    return card->bases[context->model->info.input_count + (int32_t)place->index] + place->offset;
  case KILN_PLACE_SCALAR:
    break;
  }
  return place->offset;
}

/* Whether a tensor stands on the card in a run. */
static inline bool kiln_used(const kiln_card *card, const kiln_context *context, int32_t tensor) {
  int32_t output = tensor - context->model->info.input_count;
  return output < 0 ? (card->model->input_sides[tensor] & KILN_SIDE_DEVICE) != 0
                    : (card->model->output_sides[output] & (KILN_SIDE_DEVICE | KILN_SIDE_HOST_LAST)) != KILN_SIDE_HOST_LAST;
}

/* Where a tensor stays on the card between runs with host pointers; 0: it does not. */
static inline CUdeviceptr kiln_home(const kiln_card *card, const kiln_context *context, int32_t tensor) {
  const kiln_model_info *info = &context->model->info;
  int32_t tied = tensor >= info->input_count && info->tied ? info->tied[tensor - info->input_count] : -1;
  return card->bound[tensor] ? card->bound[tensor] : tied >= 0 ? card->bound[tied] : 0;
}

/* Sets the message and answers the status: that of memory for want of it, else `otherwise`. `what` was to be done, in words. */
kiln_status kiln_card_fail(kiln_context *context, CUresult error, kiln_status otherwise, const char *what, const char *name);

/* Makes the card's driver context that of this thread, and back: around every group of calls, since the caller may use others. */
kiln_status kiln_make_current(kiln_context *context);
void kiln_end_current(kiln_context *context);

kiln_status kiln_load_kernels(kiln_context *context); /* kernels.c */
kiln_status kiln_build_graphs(kiln_context *context); /* graphs.c */
/* The addresses of the inputs and outputs from now on; what refers to them is changed where they differ from the last. */
kiln_status kiln_rebind(kiln_context *context, const CUdeviceptr *bases);
/* The same for a fault on the card, which ends its driver's context: all later calls would answer the same, so the first answer is kept. */
kiln_status kiln_card_lost(kiln_context *context, CUresult error, const char *what, const char *name);
kiln_status kiln_run_steps(kiln_context *context); /* steps.c: queues all */
kiln_status kiln_card_wait(kiln_context *context); /* until what is queued has run */
/* transfer.c: the pointers of context->pointers are the host's, or the card's. */
kiln_status kiln_run_with_host_pointers(kiln_context *context);
kiln_status kiln_run_with_device_pointers(kiln_context *context);
void kiln_describe_device(kiln_context *context); /* caller.c: fills in card->device */

#endif
