/* The table of options, and what a value must be. */
#include "runtime/train/recipe.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE(field, option, least, most, otherwise, value, meaning)                                                               \
  {option, KILN_WHOLE, offsetof(kiln_recipe, field), least, most, otherwise, false, value, meaning}
#define REAL(field, option, least, most, otherwise, value, meaning)                                                                \
  {option, KILN_REAL, offsetof(kiln_recipe, field), least, most, otherwise, false, value, meaning}
#define TEXT(field, option, value, meaning) {option, KILN_TEXT, offsetof(kiln_recipe, field), 0, 0, 0, false, value, meaning}
#define ONCE(field, option, value, meaning) {option, KILN_TEXT, offsetof(kiln_recipe, field), 0, 0, 0, true, value, meaning}
#define FLAG(field, option, meaning) {option, KILN_FLAG, offsetof(kiln_recipe, field), 0, 1, 0, true, NULL, meaning}

static const kiln_option options[] = {
    TEXT(data, "data", "PATH", "training data: IDX (.gz), npy, npz, CSV, text, or a folder of them"),
    TEXT(labels, "labels", "FILE", "its labels, where the data file has none"),
    TEXT(validation, "validation", "FILE", "validation data; a folder or an npz file may hold it too"),
    TEXT(validation_labels, "validation-labels", "FILE", "its labels"),
    REAL(validation_split, "validation-split", 0, 0.99, NAN, "F", "hold out this part of the training data (text: its end)"),
    WHOLE(rows, "rows", 0, 4e9, 0, "N", "take the first N rows of the training data alone (default: 0, all)"),
    TEXT(format, "format", "NAME", "idx, npy, npz, csv or text (default: by content and name)"),
    TEXT(label, "label", "COLUMN", "CSV: the column of labels, by name or number (default: the last)"),
    WHOLE(window, "window", 0, 1e9, 0, "N", "text: bytes from one window to the next (default: no overlap)"),
    REAL(scale, "scale", -1e30, 1e30, NAN, "S", "inputs are data * scale + shift (default: 1/255 for bytes, else 1)"),
    REAL(shift, "shift", -1e30, 1e30, 0, "S", "see --scale (default: 0)"),
    WHOLE(epochs, "epochs", 1, 1e9, 10, "N", "passes over the training data (default: 10)"),
    REAL(rate, "rate", 0, 1e30, 0.01, "R", "learning rate (default: 0.01)"),
    TEXT(schedule, "schedule", "NAME", "constant, step, exponential, cosine or plateau (default: constant)"),
    REAL(decay, "decay", 0, 1, 0.1, "F", "step, exponential, plateau: factor each time (default: 0.1)"),
    WHOLE(decay_every, "decay-every", 1, 1e9, 10, "N", "step: epochs from one decay to the next (default: 10)"),
    WHOLE(plateau_patience, "plateau-patience", 1, 1e9, 5, "N", "plateau: epochs without improvement before a decay (default: 5)"),
    REAL(minimum_rate, "minimum-rate", 0, 1e30, 0, "R", "the schedule goes no lower (default: 0)"),
    WHOLE(warmup, "warmup", 0, 1e12, 0, "N", "updates in which the rate rises from 0, before the schedule (default: 0)"),
    WHOLE(seed, "seed", 0, 9e15, 0, "N", "of the order of rows, and of dropout and augmentation (default: 0)"),
    {"in-order", KILN_FLAG, offsetof(kiln_recipe, in_order), 0, 1, 0, false, NULL, "take rows as the file has them, not shuffled"},
    WHOLE(accumulate, "accumulate", 1, 1e9, 1, "N", "batches whose gradients make one update (default: 1)"),
    TEXT(metrics, "metrics", "A,B",
         "none, accuracy, top-K, binary-accuracy, precision, recall, roc-auc, mae, rmse, perplexity, confusion-matrix"),
    REAL(threshold, "threshold", -1e30, 1e30, 0.5, "T", "binary metrics: a prediction above it is a 1 (default: 0.5)"),
    TEXT(monitor, "monitor", "NAME",
         "what is best is told by: loss or a metric, of validation data where there are (default: loss)"),
    WHOLE(patience, "patience", 0, 1e9, 0, "N", "stop after N epochs without a better one, and keep the best (default: 0, never)"),
    TEXT(checkpoint, "checkpoint", "FILE",
         "kept after every epoch; the best in FILE.best, recipe in FILE.json (.safetensors aside)"),
    WHOLE(checkpoint_every, "checkpoint-every", 1, 1e9, 1, "N", "epochs from one checkpoint to the next (default: 1)"),
    TEXT(log, "log", "FILE", "a line for every epoch: .csv or .jsonl"),
    TEXT(plot, "plot", "FILE.svg", "curves of loss and metrics"),
    WHOLE(threads, "threads", 0, 1024, 0, "N", "threads to run with (default: KILN_NUM_THREADS, else the processors)"),
    ONCE(resume, "resume", "FILE", "go on from a checkpoint"),
    ONCE(recipe, "recipe", "FILE.json", "read options from a file; those on the command line win"),
    FLAG(evaluate, "evaluate", "train nothing: loss and metrics of the validation data, else of the data"),
    FLAG(quiet, "quiet", "print errors only"),
    FLAG(help, "help", "say this"),
    FLAG(version, "version", "say what this was compiled from, and how"),
};
enum { OPTIONS = sizeof options / sizeof *options };

const kiln_option *kiln_option_find(const char *name, size_t length) {
  for (size_t i = 0; name && i < OPTIONS; ++i)
    if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
      return &options[i];
  return NULL;
}

json_t *kiln_option_value(const kiln_option *option, const char *text) {
  char *end = NULL;
  if (option->kind == KILN_TEXT)
    return text[0] ? json_string(text) : NULL;
  if (option->kind == KILN_REAL) {
    double value = strtod(text, &end);
    return end != text && *end == 0 && isfinite(value) ? json_real(value) : NULL;
  }
  long long value = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &end, 10) : (end = (char *)text, 0);
  return end != text && *end == 0 ? json_integer(value) : NULL;
}

bool kiln_option_check(const kiln_option *option, const char *origin, const json_t *value, kiln_error *error) {
  double number = json_number_value(value);
  char *found = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  bool good = true;
  if (option->kind == KILN_TEXT)
    good = json_is_string(value) || kiln_error_set(error, "%s: %s: expected a text, found %s", origin, option->name, found);
  else if (option->kind == KILN_FLAG)
    good = json_is_boolean(value) || kiln_error_set(error, "%s: %s: expected true or false, found %s", origin, option->name, found);
  else if (option->kind == KILN_WHOLE && (!json_is_integer(value) || number < option->least || number > option->most))
    good = kiln_error_set(error, "%s: %s: expected a whole number from %.0f to %.0f, found %s", origin, option->name, option->least,
                          option->most, found);
  else if (option->kind == KILN_REAL && (!json_is_number(value) || number < option->least || number > option->most))
    good = kiln_error_set(error, "%s: %s: expected a number from %g to %g, found %s", origin, option->name, option->least,
                          option->most, found);
  free(found);
  return good;
}

static void put(kiln_recipe *recipe, const kiln_option *option, const json_t *value) {
  char *place = (char *)recipe + option->place;
  const char *text = json_string_value(value);
  bool flag = json_is_true(value);
  int64_t whole = value ? json_integer_value(value) : (int64_t)option->otherwise;
  double real = value ? json_number_value(value) : option->otherwise;
  switch (option->kind) {
  case KILN_TEXT:
    memcpy(place, &text, sizeof text);
    break;
  case KILN_FLAG:
    memcpy(place, &flag, sizeof flag);
    break;
  case KILN_WHOLE:
    memcpy(place, &whole, sizeof whole);
    break;
  default:
    memcpy(place, &real, sizeof real);
  }
}

void kiln_recipe_fill(kiln_recipe *recipe) {
  for (size_t i = 0; i < OPTIONS; ++i)
    put(recipe, &options[i], json_object_get(recipe->json, options[i].name));
}

void kiln_recipe_describe(FILE *to) {
  fprintf(to, "Options, which a recipe file holds under the same names:\n");
  for (size_t i = 0; i < OPTIONS; ++i) {
    char left[48];
    snprintf(left, sizeof left, "--%s %s", options[i].name, options[i].value ? options[i].value : "");
    fprintf(to, "  %-26s %s\n", left, options[i].meaning);
  }
}
