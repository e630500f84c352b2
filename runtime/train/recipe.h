/* recipe.h: what a training run is asked to do: one table of options, read from JSON and from the command line alike.
 *
 * Later layers win: the recipe that the trainer was compiled with, the resumed checkpoint's, a --recipe file, the command line.
 */
#ifndef KILN_TRAIN_RECIPE_H
#define KILN_TRAIN_RECIPE_H
#include "runtime/train/error.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Texts belong to `json`; NULL where they are not given. Numbers that are not given have the table's defaults; NAN is none. */
typedef struct kiln_recipe {
  const char *data, *labels, *validation, *validation_labels, *format, *label;
  double validation_split, scale, shift;
  int64_t window, rows;
  int64_t epochs, seed, accumulate, threads;
  double rate, decay, minimum_rate;
  const char *schedule;
  int64_t decay_every, warmup, plateau_patience;
  bool in_order;
  const char *metrics, *monitor;
  double threshold;
  int64_t patience;
  const char *checkpoint, *log, *plot;
  int64_t checkpoint_every;
  /* not part of the recipe that is kept */
  const char *resume, *recipe;
  bool evaluate, quiet, help, version;
  json_t *json; /* everything that was given, also what only the compiler knows */
} kiln_recipe;

bool kiln_recipe_open(kiln_recipe *recipe, kiln_error *error);
void kiln_recipe_close(kiln_recipe *recipe);

/* How a layer treats a key that is none of the table's. */
typedef enum kiln_strange {
  KILN_STRANGE_KEPT,   /* the compiled-in recipe: the compiler's own */
  KILN_STRANGE_EQUAL,  /* a recipe file: it must say what was compiled in */
  KILN_STRANGE_IGNORED /* an older checkpoint's */
} kiln_strange;

/* `origin` names the layer in messages: a path, or what it is. */
bool kiln_recipe_merge(kiln_recipe *recipe, const char *origin, const json_t *layer, kiln_strange strange, kiln_error *error);
bool kiln_recipe_merge_file(kiln_recipe *recipe, const char *path, kiln_error *error);
/* Options that follow the program's name; `recipe` holds what was compiled in, which may be named when it is the same. */
bool kiln_recipe_parse(const kiln_recipe *recipe, json_t *layer, int count, char **arguments, kiln_error *error);
/* A new object: the options as they were given, without those of one run only. */
json_t *kiln_recipe_keep(const kiln_recipe *recipe);
void kiln_recipe_describe(FILE *to);
/* options.c: the fields from the JSON. */
void kiln_recipe_fill(kiln_recipe *recipe);

typedef enum kiln_option_kind { KILN_WHOLE, KILN_REAL, KILN_TEXT, KILN_FLAG } kiln_option_kind;
typedef struct kiln_option {
  const char *name;
  kiln_option_kind kind;
  size_t place; /* in kiln_recipe */
  double least, most, otherwise;
  bool once; /* of one run only */
  const char *value, *meaning; /* for --help */
} kiln_option;
const kiln_option *kiln_option_find(const char *name, size_t length);
json_t *kiln_option_value(const kiln_option *option, const char *text); /* NULL where the text is no such value */
bool kiln_option_check(const kiln_option *option, const char *origin, const json_t *value, kiln_error *error);

#ifdef __cplusplus
}
#endif
#endif
