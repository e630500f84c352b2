/* In: the history, a JSON object for each epoch. Out: a file of it, CSV or JSON lines. A run that resumes writes it anew from the
 * checkpoint's history, so that epochs lost with the process are not in it twice. */
#include "runtime/train/trainer.h"
#include <stdio.h>
#include <string.h>

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool kiln_log_check(const char *path, kiln_error *error) {
  return path == NULL || ends_with(path, ".csv") || ends_with(path, ".jsonl") ||
         kiln_error_set(error, "log: expected a file called .csv or .jsonl, found '%s'", path);
}

static bool put_line(FILE *file, const json_t *record) {
  return json_dumpf(record, file, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0 && fputc('\n', file) != EOF;
}

/* The columns are the first record's numbers; one that is missing (not a number) is an empty field. */
static bool put_fields(FILE *file, const json_t *columns, const json_t *record) {
  const char *key, *separator = "";
  json_t *sample;
  bool good = true;
  json_object_foreach((json_t *)columns, key, sample) {
    if (!json_is_number(sample))
      continue;
    good = good && fputs(separator, file) >= 0;
    const json_t *value = record ? json_object_get(record, key) : NULL;
    if (record == NULL)
      good = good && fputs(key, file) >= 0;
    else if (json_is_integer(value))
      good = good && fprintf(file, "%lld", (long long)json_integer_value(value)) > 0;
    else if (json_is_real(value))
      good = good && fprintf(file, "%.9g", json_real_value(value)) > 0;
    separator = ",";
  }
  return good && fputc('\n', file) != EOF;
}

bool kiln_log_write(const char *path, const json_t *history, bool whole, kiln_error *error) {
  size_t count = json_array_size(history);
  const json_t *first = json_array_get(history, 0);
  bool table = ends_with(path, ".csv");
  FILE *file = fopen(path, whole ? "we" : "ae");
  if (file == NULL)
    return kiln_error_set(error, "%s: %m", path);
  bool good = !whole || !table || put_fields(file, first, NULL);
  for (size_t i = whole || count == 0 ? 0 : count - 1; good && i < count; ++i)
    good = table ? put_fields(file, first, json_array_get(history, i)) : put_line(file, json_array_get(history, i));
  if (!good)
    kiln_error_set(error, "%s: %m", path);
  return (fclose(file) == 0 || (good && kiln_error_set(error, "%s: %m", path))) && good;
}
