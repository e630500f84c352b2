/* engine.h: a compiled model as the trainer drives it: its five functions, a context, and tensors whose data pointers are set by name.
 *
 * A trainer is linked with two models and a checkpoint: kiln_step makes one update, kiln_evaluate the loss and the prediction, and
 * kiln_checkpoint_zero holds what training starts from.
 */
#ifndef KILN_TRAIN_ENGINE_H
#define KILN_TRAIN_ENGINE_H
#include "kiln/kiln.h"
#include "runtime/train/error.h"

#define KILN_MODEL(prefix)                                                                                                         \
  const kiln_model_info *prefix##_info(void);                                                                                      \
  kiln_status prefix##_create(const kiln_options *options, kiln_context **context);                                                \
  kiln_status prefix##_run(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);                                \
  const char *prefix##_message(const kiln_context *context);                                                                       \
  void prefix##_destroy(kiln_context *context);                                                                                    \
  __attribute__((weak)) const kiln_device *prefix##_device(const kiln_context *context); /* of models for a card */
KILN_MODEL(kiln_step)
KILN_MODEL(kiln_evaluate)
#undef KILN_MODEL
extern const uint8_t kiln_checkpoint_zero[];
extern const uint64_t kiln_checkpoint_zero_size;

typedef struct kiln_engine {
  const kiln_model_info *info;
  kiln_status (*create)(const kiln_options *options, kiln_context **context);
  kiln_status (*run)(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs);
  const char *(*message)(const kiln_context *context);
  void (*destroy)(kiln_context *context);
  const kiln_device *(*device_of)(const kiln_context *context); /* NULL: the model is for the processor alone */
  kiln_context *context;
  const kiln_device *device; /* the card that the context runs on, or NULL */
  kiln_tensor *inputs, *outputs; /* as the model describes them; data is the caller's to set */
} kiln_engine;

/* The two that this program is linked with; not yet open. */
kiln_engine kiln_engine_step(void);
kiln_engine kiln_engine_evaluate(void);

/* On the card of `beside`, which is open and outlives its runs, with the state that both have in its memory; or like it on the processor.
 * NULL: where there is a card, there. */
bool kiln_engine_open(kiln_engine *engine, const kiln_engine *beside, int32_t threads, kiln_error *error);
bool kiln_engine_run(kiln_engine *engine, kiln_error *error);
void kiln_engine_close(kiln_engine *engine);

/* The place of a name among inputs or outputs, or -1. */
int32_t kiln_engine_input(const kiln_engine *engine, const char *name);
int32_t kiln_engine_output(const kiln_engine *engine, const char *name);
/* The same, and its data from now on; nothing where there is no such name, or the engine is not open. */
void kiln_engine_set_input(kiln_engine *engine, const char *name, void *data);
void kiln_engine_set_output(kiln_engine *engine, const char *name, void *data);

/* An output that nobody reads: on a card it stays there. */
bool kiln_engine_leave_output(kiln_engine *engine, int32_t output, kiln_error *error);

#endif
