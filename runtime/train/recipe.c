/* In: layers of options, each a JSON object. Out: one recipe, the later layers winning. */
#include "runtime/train/recipe.h"
#include <stdlib.h>
#include <string.h>

bool kiln_recipe_open(kiln_recipe *recipe, kiln_error *error) {
  *recipe = (kiln_recipe){.json = json_object()};
  if (recipe->json == NULL)
    return kiln_error_set(error, "no memory for options");
  kiln_recipe_fill(recipe);
  return true;
}

void kiln_recipe_close(kiln_recipe *recipe) {
  json_decref(recipe->json);
  *recipe = (kiln_recipe){0};
}

/* A key that only the compiler knows, in a file that a person wrote. */
static bool check_strange(const kiln_recipe *recipe, const char *origin, const char *key, const json_t *value, kiln_error *error) {
  const json_t *compiled = json_object_get(recipe->json, key);
  if (compiled == NULL)
    return kiln_error_set(error, "%s: there is no option '%s'", origin, key);
  if (json_equal(compiled, value))
    return true;
  char *expected = json_dumps(compiled, JSON_ENCODE_ANY | JSON_COMPACT), *found = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  kiln_error_set(error, "%s: %s: this trainer was compiled with %s, found %s", origin, key, expected, found);
  free(expected);
  free(found);
  return false;
}

bool kiln_recipe_merge(kiln_recipe *recipe, const char *origin, const json_t *layer, kiln_strange strange, kiln_error *error) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)layer, key, value) {
    const kiln_option *option = kiln_option_find(key, strlen(key));
    if (option && !kiln_option_check(option, origin, value, error))
      return false;
    if (!option && strange == KILN_STRANGE_EQUAL && !check_strange(recipe, origin, key, value, error))
      return false;
    if ((option || strange == KILN_STRANGE_KEPT) && json_object_set(recipe->json, key, value) != 0)
      return kiln_error_set(error, "no memory for options");
  }
  kiln_recipe_fill(recipe);
  return true;
}

bool kiln_recipe_merge_file(kiln_recipe *recipe, const char *path, kiln_error *error) {
  json_error_t fault;
  json_t *layer = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
  if (layer == NULL && fault.line < 0)
    return kiln_error_set(error, "%s: %s", path, fault.text);
  if (layer == NULL)
    return kiln_error_set(error, "%s:%d:%d: it is no JSON: %s", path, fault.line, fault.column, fault.text);
  bool good = json_is_object(layer) || kiln_error_set(error, "%s: expected a JSON object of options", path);
  good = good && kiln_recipe_merge(recipe, path, layer, KILN_STRANGE_EQUAL, error);
  json_decref(layer);
  return good;
}

/* The value of an argument: after its '=', or the next one. NULL: there is none. */
static const char *value_of(const char *argument, int count, char **arguments, int *at) {
  const char *equals = strchr(argument, '=');
  return equals ? equals + 1 : *at + 1 < count ? arguments[++*at] : NULL;
}

/* An option of the compiler's, called as it was compiled in. */
static bool parse_strange(const kiln_recipe *recipe, const char *name, const char *text, kiln_error *error) {
  const json_t *compiled = json_object_get(recipe->json, name);
  char *expected = json_dumps(compiled, JSON_ENCODE_ANY | JSON_COMPACT);
  const char *plain = json_is_string(compiled) ? json_string_value(compiled) : expected;
  bool good = text ? plain && strcmp(plain, text) == 0 : json_is_true(compiled);
  if (!good)
    kiln_error_set(error, "--%s: this trainer was compiled with %s, found %s", name, plain ? plain : "another",
                   text ? text : "no value");
  free(expected);
  return good;
}

static bool parse_option(json_t *layer, const kiln_option *option, const char *text, kiln_error *error) {
  json_t *value = option->kind == KILN_FLAG ? json_true() : kiln_option_value(option, text);
  if (value == NULL)
    return kiln_error_set(error, "--%s: expected %s, found '%s'", option->name,
                          option->kind == KILN_WHOLE  ? "a whole number"
                          : option->kind == KILN_REAL ? "a number"
                                                      : "a text",
                          text);
  bool good = kiln_option_check(option, "command line", value, error);
  if (good && json_object_set(layer, option->name, value) != 0)
    good = kiln_error_set(error, "no memory for options");
  json_decref(value);
  return good;
}

bool kiln_recipe_parse(const kiln_recipe *recipe, json_t *layer, int count, char **arguments, kiln_error *error) {
  for (int i = 1; i < count; ++i) {
    const char *argument = arguments[i];
    bool dashed = strncmp(argument, "--", 2) == 0;
    char name[64];
    size_t length = dashed ? strcspn(argument + 2, "=") : 0;
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : 0), argument + 2 * dashed);
    const kiln_option *option = kiln_option_find(name, strlen(name));
    bool compiled = option == NULL && name[0] && json_object_get(recipe->json, name);
    bool flag = option && option->kind == KILN_FLAG;
    if ((option == NULL && !compiled) || (flag && argument[2 + length]))
      return kiln_error_set(error, "unknown argument '%s'; --help lists what there is", argument);
    const char *text = flag ? "" : value_of(argument, count, arguments, &i);
    if (text == NULL && !compiled)
      return kiln_error_set(error, "%s: expected a value after it", argument);
    if (compiled ? !parse_strange(recipe, name, text, error) : !parse_option(layer, option, text, error))
      return false;
  }
  return true;
}

json_t *kiln_recipe_keep(const kiln_recipe *recipe) {
  json_t *kept = json_copy(recipe->json);
  const char *key;
  json_t *value;
  void *next;
  json_object_foreach_safe(kept, next, key, value) {
    const kiln_option *option = kiln_option_find(key, strlen(key));
    if (option && option->once)
      json_object_del(kept, key);
  }
  return kept;
}
