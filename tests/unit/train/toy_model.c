/* Hand-made models for the trainer's tests, by the macro that is set:
 *   TOY_CLASSES  softmax regression of pictures [1,6,6] to 3 classes, momentum 0.9, some pixels dropped at random by seed and step,
 *                and as a statistic the running mean of all pixels
 *   TOY_LINE     y = w x + b, mean squared error, plain gradient descent, with accumulation of gradients; the step
 *                tells its predictions
 *   TOY_TEXT     the next byte from the byte before: a table of 256 by 256 scores, plain gradient descent
 * Everything is computed in the plainest way, in one thread. TOY_DELAY in the environment makes each step last so many milliseconds.
 */
#include "runtime/train/engine.h"
#include "runtime/train/philox.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(TOY_CLASSES)
enum { BATCH = 8, ITEMS = 1, FEATURES = 36, CLASSES = 3, STATISTICS = 1 };
#define SHAPES                                                                                                                     \
  "\"weight\":{\"dtype\":\"F32\",\"shape\":[3,36],\"data_offsets\":[0,432]},"                                                      \
  "\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[432,444]},"                                                         \
  "\"mean\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[444,448]},"
#define LISTS "\"kiln.parameters\":\"[\\\"weight\\\",\\\"bias\\\"]\",\"kiln.statistics\":\"[\\\"mean\\\"]\","
#define RECIPE "{\\\"epochs\\\":3,\\\"rate\\\":0.1,\\\"metrics\\\":\\\"accuracy\\\",\\\"optimizer\\\":\\\"momentum\\\"}"
#elif defined(TOY_LINE)
enum { BATCH = 4, ITEMS = 1, FEATURES = 1, CLASSES = 1, STATISTICS = 0 };
#define SHAPES                                                                                                                     \
  "\"weight\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]},"                                                         \
  "\"bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
#define LISTS "\"kiln.parameters\":\"[\\\"weight\\\",\\\"bias\\\"]\","
#define RECIPE "{\\\"metrics\\\":\\\"mae,rmse\\\"}"
#else
enum { BATCH = 4, ITEMS = 8, FEATURES = 256, CLASSES = 256, STATISTICS = 0 };
#define SHAPES "\"table\":{\"dtype\":\"F32\",\"shape\":[256,256],\"data_offsets\":[0,262144]},"
#define LISTS "\"kiln.parameters\":\"[\\\"table\\\"]\","
#define RECIPE "{\\\"rate\\\":100,\\\"metrics\\\":\\\"perplexity,accuracy\\\"}"
#endif
#ifdef TOY_TEXT
enum { BIASES = 0 };
#else
enum { BIASES = CLASSES };
#endif
enum { WEIGHTS = CLASSES * FEATURES, PARAMETERS = WEIGHTS + BIASES };

#define HEADER "{" SHAPES "\"__metadata__\":{" LISTS "\"kiln.graph\":\"by hand\",\"kiln.recipe\":\"" RECIPE "\"}}"
static const struct __attribute__((packed)) {
  uint64_t size;
  char header[sizeof HEADER - 1];
  float data[PARAMETERS + STATISTICS];
} zero = {sizeof HEADER - 1, HEADER, {0}};
extern const uint8_t kiln_checkpoint_zero[sizeof zero] __attribute__((alias("zero")));
const uint64_t kiln_checkpoint_zero_size = sizeof zero;

#if defined(TOY_CLASSES)
#define DATA                                                                                                                       \
  {"x", KILN_F32, 4, {BATCH, 1, 6, 6}}, {"target", KILN_I64, 1, {BATCH}}, {                                                        \
    "weight", KILN_F32, 1, { BATCH }                                                                                               \
  }
#define STATE                                                                                                                      \
  {"parameters", KILN_F32, 1, {PARAMETERS}}, {"optimizer.0", KILN_F32, 1, {PARAMETERS}}, { "statistics", KILN_F32, 1, {1} }
#define SETTINGS                                                                                                                   \
  {"rate", KILN_F32, 0, {0}}, {"step", KILN_I64, 0, {0}}, { "seed", KILN_I64, 0, {0} }
#define KNOWN                                                                                                                      \
  {"parameters", KILN_F32, 1, {PARAMETERS}}, { "statistics", KILN_F32, 1, {1} }
#define PREDICTION                                                                                                                 \
  {                                                                                                                                \
    "prediction", KILN_F32, 2, { BATCH, CLASSES }                                                                                  \
  }
#elif defined(TOY_LINE)
#define DATA                                                                                                                       \
  {"x", KILN_F32, 2, {BATCH, 1}}, {"target", KILN_F32, 2, {BATCH, 1}}, {                                                           \
    "weight", KILN_F32, 1, { BATCH }                                                                                               \
  }
#define STATE                                                                                                                      \
  {"parameters", KILN_F32, 1, {PARAMETERS}}, {                                                                                     \
    "gradients", KILN_F32, 1, { PARAMETERS }                                                                                       \
  }
#define SETTINGS                                                                                                                   \
  {"rate", KILN_F32, 0, {0}}, {"step", KILN_I64, 0, {0}}, { "apply", KILN_BOOL, 0, {0} }
#define KNOWN                                                                                                                      \
  {                                                                                                                                \
    "parameters", KILN_F32, 1, { PARAMETERS }                                                                                      \
  }
#define PREDICTION {"prediction", KILN_F32, 2, {BATCH, 1}}
#else
#define DATA                                                                                                                       \
  {"x", KILN_I64, 2, {BATCH, ITEMS}}, {"target", KILN_I64, 2, {BATCH, ITEMS}}, {                                                   \
    "weight", KILN_F32, 1, { BATCH }                                                                                               \
  }
#define STATE                                                                                                                      \
  {                                                                                                                                \
    "parameters", KILN_F32, 1, { PARAMETERS }                                                                                      \
  }
#define SETTINGS                                                                                                                   \
  {"rate", KILN_F32, 0, {0}}, { "step", KILN_I64, 0, {0} }
#define KNOWN                                                                                                                      \
  {                                                                                                                                \
    "parameters", KILN_F32, 1, { PARAMETERS }                                                                                      \
  }
#define PREDICTION                                                                                                                 \
  {                                                                                                                                \
    "prediction", KILN_F32, 3, { BATCH, ITEMS, CLASSES }                                                                           \
  }
#endif
#define LOSS {"loss", KILN_F32, 0, {0}}
#define COUNT(array) ((int32_t)(sizeof(array) / sizeof *(array)))

#ifdef TOY_LINE
#define TOLD PREDICTION,
#else
#define TOLD
#endif

static const kiln_tensor_info step_inputs[] = {DATA, STATE, SETTINGS}, step_outputs[] = {LOSS, TOLD STATE};
static const kiln_tensor_info evaluate_inputs[] = {KNOWN, DATA}, evaluate_outputs[] = {PREDICTION, LOSS};
static const kiln_model_info step_info = {
    "toy step", COUNT(step_inputs), COUNT(step_outputs), step_inputs, step_outputs, 0, 0, 0, "{}", NULL};
static const kiln_model_info evaluate_info = {
    "toy evaluate", COUNT(evaluate_inputs), COUNT(evaluate_outputs), evaluate_inputs, evaluate_outputs, 0, 0, 0, "{}", NULL};

static char message[200];

/* The tensor of this name, checked as a compiled model would. */
static void *find(const kiln_tensor_info *infos, int32_t count, const kiln_tensor *tensors, const char *name) {
  for (int32_t i = 0; i < count; ++i)
    if (strcmp(infos[i].name, name) == 0) {
      bool same = tensors[i].dtype == infos[i].dtype && tensors[i].rank == infos[i].rank && tensors[i].data != NULL;
      if (!same)
        snprintf(message, sizeof message, "toy: '%s' is not what it should be", name);
      return tensors[i].data;
    }
  return NULL;
}

/* Scores of one item, and d loss / d score times its share; the item's loss. `target` points at this item's. */
static double score(const float *parameters, const void *x, const void *target, int64_t item, const float *kept, float *scores,
                    double *slope) {
#ifdef TOY_TEXT
  const float *row = parameters + ((const int64_t *)x)[item] * CLASSES;
  (void)kept;
  for (int c = 0; c < CLASSES; ++c)
    scores[c] = row[c];
#else
  for (int c = 0; c < CLASSES; ++c) {
    double sum = (double)parameters[WEIGHTS + c];
    for (int i = 0; i < FEATURES; ++i)
      sum += (double)parameters[c * FEATURES + i] * (double)((const float *)x)[item * FEATURES + i] * (double)kept[i];
    scores[c] = (float)sum;
  }
#endif
#ifdef TOY_LINE
  slope[0] = 2 * ((double)scores[0] - (double)((const float *)target)[item]);
  return slope[0] * slope[0] / 4;
#else
  double most = (double)scores[0], sum = 0;
  int64_t class = ((const int64_t *)target)[item];
  for (int c = 1; c < CLASSES; ++c)
    most = (double)scores[c] > most ? (double)scores[c] : most;
  for (int c = 0; c < CLASSES; ++c)
    sum += exp((double)scores[c] - most);
  for (int c = 0; c < CLASSES; ++c)
    slope[c] = exp((double)scores[c] - most) / sum - (c == class);
  return log(sum) + most - (double)scores[class];
#endif
}

#define IN(name) find(step_inputs, COUNT(step_inputs), inputs, name)
#define OUT(name) find(step_outputs, COUNT(step_outputs), outputs, name)

static float *gradient(const void *x, const void *target, const float *weight, const float *parameters, const float *kept,
                       float *loss, float *prediction) {
  static float gradients[PARAMETERS], scores[CLASSES];
  static double slope[CLASSES];
  double sum = 0, total = 0;
  memset(gradients, 0, sizeof gradients);
  for (int row = 0; row < BATCH; ++row)
    total += (double)weight[row];
  for (int64_t item = 0; item < BATCH * ITEMS; ++item) {
    double share = (double)weight[item / ITEMS] / ITEMS;
    sum += share * score(parameters, x, target, item, kept, scores, slope);
    for (int c = 0; c < CLASSES && prediction; ++c)
      prediction[item * CLASSES + c] = scores[c];
    for (int c = 0; c < CLASSES; ++c) {
      float part = (float)(slope[c] * share / total);
#ifdef TOY_TEXT
      gradients[((const int64_t *)x)[item] * CLASSES + c] += part;
#else
      for (int i = 0; i < FEATURES; ++i)
        gradients[c * FEATURES + i] += part * ((const float *)x)[item * FEATURES + i] * kept[i];
      gradients[WEIGHTS + c] += part;
#endif
    }
  }
  *loss = (float)sum;
  return gradients;
}

kiln_status kiln_step_run(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs) {
  (void)context;
  float kept[FEATURES], *parameters = IN("parameters"), rate = *(const float *)IN("rate");
  const char *delay = getenv("TOY_DELAY");
  if (delay)
    usleep((useconds_t)atoi(delay) * 1000);
  for (int i = 0; i < FEATURES; ++i)
    kept[i] = 1;
#ifdef TOY_CLASSES
  uint64_t seed = (uint64_t)*(const int64_t *)IN("seed"), step = (uint64_t)*(const int64_t *)IN("step");
  for (int i = 0; i < FEATURES; ++i)
    kept[i] = kiln_uniform(seed, step, 0, (uint64_t)i) < 0.1f ? 0 : 1;
#endif
  float *gradients = gradient(IN("x"), IN("target"), IN("weight"), parameters, kept, OUT("loss"), OUT("prediction"));
  float *written = OUT("parameters");
#if defined(TOY_CLASSES)
  const float *x = IN("x");
  float *velocity = IN("optimizer.0"), *statistic = IN("statistics"), mean = 0;
  for (int i = 0; i < BATCH * FEATURES; ++i)
    mean += x[i] / (BATCH * FEATURES);
  *statistic = 0.9f * *statistic + 0.1f * mean;
  for (int i = 0; i < PARAMETERS; ++i)
    gradients[i] = velocity[i] = 0.9f * velocity[i] + gradients[i];
#elif defined(TOY_LINE)
  float *sum = IN("gradients");
  bool apply = *(const uint8_t *)IN("apply");
  for (int i = 0; i < PARAMETERS; ++i) {
    float all = sum[i] + gradients[i];
    sum[i] = apply ? 0 : all;
    gradients[i] = apply ? all : 0;
  }
#endif
  for (int i = 0; i < PARAMETERS; ++i)
    written[i] = parameters[i] - rate * gradients[i];
  return message[0] ? KILN_INVALID_ARGUMENT : KILN_OK;
}

kiln_status kiln_evaluate_run(kiln_context *context, const kiln_tensor *inputs, kiln_tensor *outputs) {
  (void)context;
  static double slope[CLASSES];
  float kept[FEATURES];
  double sum = 0;
  for (int i = 0; i < FEATURES; ++i)
    kept[i] = 1;
#define IN_E(name) find(evaluate_inputs, COUNT(evaluate_inputs), inputs, name)
  const float *weight = IN_E("weight");
  float *prediction = outputs[0].data;
  for (int64_t item = 0; item < BATCH * ITEMS; ++item)
    sum += (double)weight[item / ITEMS] / ITEMS *
           score(IN_E("parameters"), IN_E("x"), IN_E("target"), item, kept, prediction + item * CLASSES, slope);
  *(float *)outputs[1].data = (float)sum;
  return message[0] ? KILN_INVALID_ARGUMENT : KILN_OK;
}

static kiln_status create(kiln_context **context) {
  *context = malloc(1);
  return *context ? KILN_OK : KILN_OUT_OF_MEMORY;
}
kiln_status kiln_step_create(const kiln_options *options, kiln_context **context) { return (void)options, create(context); }
kiln_status kiln_evaluate_create(const kiln_options *options, kiln_context **context) { return (void)options, create(context); }
const kiln_model_info *kiln_step_info(void) { return &step_info; }
const kiln_model_info *kiln_evaluate_info(void) { return &evaluate_info; }
const char *kiln_step_message(const kiln_context *context) { return (void)context, message; }
const char *kiln_evaluate_message(const kiln_context *context) { return (void)context, message; }
void kiln_step_destroy(kiln_context *context) { free(context); }
void kiln_evaluate_destroy(kiln_context *context) { free(context); }
