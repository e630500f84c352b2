/* In: lines of fields, the first perhaps their names. Out: the label column, and the rest as rows of float32.
 *
 * The separator is the first of comma, semicolon and tab that the first line holds. Quoted fields may hold separators. A first line whose
 * features are no numbers is a line of names.
 */
#include "runtime/train/column.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { LONGEST_LINE = 1 << 20, MAX_FIELDS = 1 << 16, MAX_WORDS = 4096 };

typedef struct table {
  const char *path;
  kiln_error *error;
  gzFile file;
  char *line, **fields;
  int32_t count, wanted, label; /* fields of this line; of every line; the place of the label */
  char separator;
  int64_t number; /* of the line, from 1 */
  char **words;   /* labels that are no numbers, in order of appearance */
  int32_t word_count;
  float *values; /* rows of count - 1 */
  double *labels;
  int64_t rows, room;
} table;

static bool is_number(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return end != text && end[strspn(end, " \t")] == 0;
}

/* Cuts the line into fields, in place. */
static bool cut(table *table) {
  char *at = table->line;
  table->count = 0;
  for (;;) {
    if (table->count == MAX_FIELDS)
      return kiln_error_set(table->error, "%s: line %lld: expected at most %d fields", table->path, (long long)table->number,
                            MAX_FIELDS);
    at += strspn(at, " ");
    char *to = at;
    table->fields[table->count++] = to;
    bool quoted = *at == '"';
    for (at += quoted; *at && (quoted || *at != table->separator); ++at) {
      if (quoted && *at == '"' && at[1] != '"') {
        quoted = false;
        continue;
      }
      at += quoted && *at == '"';
      *to++ = *at;
    }
    char end = *at;
    *to = 0;
    if (quoted)
      return kiln_error_set(table->error, "%s: line %lld: a quote is not closed", table->path, (long long)table->number);
    if (end == 0)
      return true;
    ++at;
  }
}

/* The next line that is not empty; false at the end, or with an error. */
static bool next_line(table *table, bool *failed) {
  while (gzgets(table->file, table->line, LONGEST_LINE)) {
    ++table->number;
    size_t length = strlen(table->line);
    if (length == LONGEST_LINE - 1) {
      *failed = !kiln_error_set(table->error, "%s: line %lld is too long", table->path, (long long)table->number);
      return false;
    }
    while (length && (table->line[length - 1] == '\n' || table->line[length - 1] == '\r'))
      table->line[--length] = 0;
    if (length == 0)
      continue;
    if (table->separator == 0)
      table->separator = strchr(table->line, ',') ? ',' : strchr(table->line, ';') ? ';' : strchr(table->line, '\t') ? '\t' : ',';
    *failed = !cut(table);
    return !*failed;
  }
  int code = Z_OK;
  gzerror(table->file, &code);
  if (code != Z_OK && code != Z_STREAM_END)
    *failed = !kiln_error_set(table->error, "%s: it is cut off or damaged", table->path);
  return false;
}

static int compare_words(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* A word's place among those seen, and a new place for a new one. */
static double word(table *table, const char *text) {
  for (int32_t i = 0; i < table->word_count; ++i)
    if (strcmp(table->words[i], text) == 0)
      return i;
  if (table->word_count == MAX_WORDS || !(table->words[table->word_count] = strdup(text)))
    return -1;
  return table->word_count++;
}

static bool add_row(table *table) {
  if (table->count != table->wanted)
    return kiln_error_set(table->error, "%s: line %lld: expected %d fields, found %d", table->path, (long long)table->number,
                          table->wanted, table->count);
  int64_t width = table->wanted - 1;
  if (table->rows == table->room) {
    table->room = table->room ? 2 * table->room : 256;
    float *values = realloc(table->values, (size_t)(table->room * width) * sizeof *values);
    table->values = values ? values : table->values;
    double *labels = realloc(table->labels, (size_t)table->room * sizeof *labels);
    table->labels = labels ? labels : table->labels;
    if (values == NULL || labels == NULL)
      return kiln_error_set(table->error, "%s: no memory for its rows", table->path);
  }
  float *to = table->values + table->rows * width;
  for (int32_t i = 0; i < table->count; ++i) {
    double value = 0;
    bool number = is_number(table->fields[i], &value);
    if (i == table->label) {
      bool words = table->word_count > 0 || (table->rows == 0 && !number);
      value = words ? word(table, table->fields[i]) : value;
      if (words && value < 0)
        return kiln_error_set(table->error, "%s: expected at most %d different labels", table->path, MAX_WORDS);
      if (!words && !number)
        return kiln_error_set(table->error, "%s: line %lld: expected a number as label, as in the lines before, found '%.60s'",
                              table->path, (long long)table->number, table->fields[i]);
      table->labels[table->rows] = value;
    } else if (number) {
      *to++ = (float)value;
    } else {
      return kiln_error_set(table->error, "%s: line %lld, field %d: expected a number, found '%.60s'", table->path,
                            (long long)table->number, i + 1, table->fields[i]);
    }
  }
  ++table->rows;
  return true;
}

/* Which column holds the labels, from the first line; whether that line is one of names. */
static bool find_label(table *table, const char *label, bool *names) {
  double value;
  char *end = NULL;
  table->wanted = table->count;
  if (table->count < 2)
    return kiln_error_set(table->error, "%s: expected at least one feature and a label in each line, found %d field", table->path,
                          table->count);
  long place = label ? strtol(label, &end, 10) : -1;
  bool numbered = label == NULL || (end != label && *end == 0);
  table->label = -1;
  for (int32_t i = 0; i < table->count && !numbered; ++i)
    if (strcmp(table->fields[i], label) == 0)
      table->label = i;
  if (numbered && place < table->count && place >= -table->count)
    table->label = (int32_t)(place < 0 ? place + table->count : place);
  if (table->label < 0)
    return kiln_error_set(table->error, "%s: there is no column %s among its %d", table->path, label, table->count);
  *names = !numbered || !is_number(table->fields[table->label == 0 ? 1 : 0], &value);
  return true;
}

/* Labels that are words become their places in the alphabet's order. */
static bool sort_words(table *table) {
  size_t count = (size_t)table->word_count;
  char **sorted = malloc((count + 1) * sizeof *sorted);
  if (sorted == NULL)
    return kiln_error_set(table->error, "%s: no memory for its labels", table->path);
  memcpy(sorted, table->words, count * sizeof *sorted);
  qsort(sorted, count, sizeof *sorted, compare_words);
  for (int64_t row = 0; row < table->rows && count; ++row) {
    char **found = bsearch(&table->words[(int32_t)table->labels[row]], sorted, count, sizeof *sorted, compare_words);
    table->labels[row] = (double)(found - sorted);
  }
  free(sorted);
  return true;
}

static bool read_lines(table *table, const char *label) {
  bool failed = false, names = false;
  if (!next_line(table, &failed))
    return !failed && kiln_error_set(table->error, "%s: it is empty", table->path);
  if (!find_label(table, label, &names) || (!names && !add_row(table)))
    return false;
  while (next_line(table, &failed))
    if (!add_row(table))
      return false;
  return !failed && (table->rows > 0 || kiln_error_set(table->error, "%s: it holds no rows", table->path)) && sort_words(table);
}

/* The table's memory becomes the columns'. */
static bool give(table *table, kiln_column *features, kiln_column *labels) {
  int64_t width = table->wanted - 1;
  if (table->rows > UINT32_MAX)
    return kiln_error_set(table->error, "%s: expected fewer than 2^32 rows", table->path);
  *features = (kiln_column){.dtype = KILN_F32,
                            .rows = table->rows,
                            .rank = 1,
                            .shape = {width},
                            .stride = (size_t)width * sizeof(float),
                            .data = (const uint8_t *)table->values,
                            .memory = table->values};
  *labels = (kiln_column){.dtype = KILN_F64,
                          .rows = table->rows,
                          .stride = sizeof(double),
                          .data = (const uint8_t *)table->labels,
                          .memory = table->labels};
  snprintf(features->path, sizeof features->path, "%s", table->path);
  snprintf(labels->path, sizeof labels->path, "%s", table->path);
  table->values = NULL;
  table->labels = NULL;
  return true;
}

bool kiln_read_csv(kiln_column *features, kiln_column *labels, const char *path, const char *label, kiln_error *error) {
  table table = {.path = path, .error = error, .file = gzopen(path, "rbe")};
  if (table.file == NULL)
    return kiln_error_set(error, "%s: %s", path, errno ? strerror(errno) : "no memory to read it");
  table.line = malloc(LONGEST_LINE);
  table.fields = malloc(MAX_FIELDS * sizeof *table.fields);
  table.words = malloc(MAX_WORDS * sizeof *table.words);
  bool good = table.line && table.fields && table.words ? read_lines(&table, label) && give(&table, features, labels)
                                                        : kiln_error_set(error, "%s: no memory for a line", path);
  gzclose(table.file);
  for (int32_t i = 0; i < table.word_count; ++i)
    free(table.words[i]);
  free(table.words);
  free(table.fields);
  free(table.line);
  free(table.values);
  free(table.labels);
  return good;
}
