/* In: paths. Out: columns in the model's order, of equal length. The format comes from a file's first bytes, else from its name. */
#include "runtime/train/dataset.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The format's name; NULL when the file could not be read. */
static const char *format_of(const char *path, kiln_error *error) {
  unsigned char start[6] = {0};
  FILE *file = fopen(path, "rbe");
  if (file == NULL) {
    kiln_error_set(error, "%s: %m", path);
    return NULL;
  }
  fclose(file);
  gzFile packed = gzopen(path, "rbe");
  int got = packed ? gzread(packed, start, sizeof start) : -1;
  if (packed)
    gzclose(packed);
  if (got < 0) {
    kiln_error_set(error, "%s: it cannot be read, or its compression is damaged", path);
    return NULL;
  }
  if (got == 6 && memcmp(start, "\x93NUMPY", 6) == 0)
    return "npy";
  if (got >= 4 && memcmp(start, "PK\3\4", 4) == 0)
    return "npz";
  if (ends_with(path, ".csv") || ends_with(path, ".csv.gz"))
    return "csv";
  return got >= 4 && start[0] == 0 && start[1] == 0 ? "idx" : "text";
}

static bool read_one(kiln_column *column, const char *path, const char *format, kiln_error *error) {
  if (format == NULL && !(format = format_of(path, error)))
    return false;
  if (strcmp(format, "idx") == 0)
    return kiln_read_idx(column, path, error);
  if (strcmp(format, "npy") == 0)
    return kiln_read_npy(column, path, error);
  return kiln_error_set(error, "%s: expected an IDX or npy file, found %s", path, format);
}

/* Puts the array called `name` of `found` into the set's next place; it is the set's then. */
static bool move_named(kiln_dataset *dataset, kiln_column *found, int32_t count, const char *name) {
  for (int32_t i = 0; i < count; ++i)
    if (found[i].data && strcmp(found[i].name, name) == 0) {
      dataset->columns[dataset->count++] = found[i];
      found[i].data = found[i].memory = NULL;
      return true;
    }
  return false;
}

/* Arrays by the model's names; for a model of one input also x and y, and as Keras names them, x_train and y_train or x_test and y_test. */
static bool take_arrays(kiln_dataset *dataset, const kiln_source *source, kiln_column *found, int32_t count, const char *suffix,
                        kiln_error *error) {
  for (int32_t i = 0; i < source->names; ++i) {
    bool target = i + 1 == source->names;
    char other[2][16];
    snprintf(other[0], sizeof other[0], "%c_%s", target ? 'y' : 'x', suffix);
    snprintf(other[1], sizeof other[1], "%c", target ? 'y' : 'x');
    bool plain = strcmp(suffix, "train") == 0;
    bool single = target || source->names == 2;
    if (!(plain && move_named(dataset, found, count, source->name[i])) &&
        !(single && (move_named(dataset, found, count, other[0]) || (plain && move_named(dataset, found, count, other[1])))))
      return kiln_error_set(error, "%s: expected an array called '%s', found none", source->data, source->name[i]);
  }
  return true;
}

static bool open_npz(kiln_dataset *dataset, kiln_dataset *validation, const kiln_source *source, kiln_error *error) {
  kiln_column found[KILN_MAX_COLUMNS];
  kiln_error absent;
  int32_t count = 0;
  if (!kiln_read_npz(found, KILN_MAX_COLUMNS, &count, source->data, error))
    return false;
  bool good = take_arrays(dataset, source, found, count, "train", error);
  if (good && validation && !take_arrays(validation, source, found, count, "test", &absent))
    kiln_dataset_close(validation);
  for (int32_t i = 0; i < count; ++i)
    kiln_column_free(&found[i]);
  return good;
}

static bool open_text(kiln_dataset *dataset, const kiln_source *source, kiln_error *error) {
  if (source->length == 0 || source->names != 2)
    return kiln_error_set(error, "%s: it is no data file that is known (IDX, npy, npz, CSV), and the model takes no text",
                          source->data);
  if (!kiln_read_text(&dataset->columns[0], &dataset->columns[1], source->data, source->length,
                      source->window ? source->window : source->length, error))
    return false;
  dataset->count = 2;
  dataset->ordered = true;
  return true;
}

static bool open_files(kiln_dataset *dataset, kiln_dataset *validation, const kiln_source *source, kiln_error *error) {
  const char *format = source->format ? source->format : format_of(source->data, error);
  if (format == NULL)
    return false;
  if (strcmp(format, "npz") == 0)
    return open_npz(dataset, validation, source, error);
  if (strcmp(format, "text") == 0)
    return open_text(dataset, source, error);
  if (source->names != 2)
    return kiln_error_set(error,
                          "%s: expected an npz file with an array for each of the model's %d inputs and its target, found %s",
                          source->data, source->names - 1, format);
  if (strcmp(format, "csv") == 0) {
    dataset->count = kiln_read_csv(&dataset->columns[0], &dataset->columns[1], source->data, source->label, error) ? 2 : 0;
    return dataset->count == 2;
  }
  if (source->labels == NULL)
    return kiln_error_set(error, "%s: it holds no labels; name their file with --labels", source->data);
  if (!read_one(&dataset->columns[0], source->data, format, error))
    return false;
  dataset->count = 1;
  if (!read_one(&dataset->columns[1], source->labels, NULL, error))
    return false;
  dataset->count = 2;
  return true;
}

static bool open_folder(kiln_dataset *dataset, const kiln_source *source, const char *part, bool *found, kiln_error *error) {
  char data[PATH_MAX], labels[PATH_MAX];
  *found = kiln_folder_find(source->data, part, data, labels);
  if (!*found)
    return kiln_error_set(error,
                          "%s: expected a folder with %s-images-idx3-ubyte and %s-labels-idx1-ubyte (.gz), or %s.npz, .csv or .txt",
                          source->data, part, part, part);
  kiln_source files = *source;
  files.data = data;
  files.labels = labels[0] ? labels : NULL;
  return open_files(dataset, NULL, &files, error);
}

/* Every column must have as many rows as the first one. Columns of an npz file say their names in their paths. */
static bool check_rows(kiln_dataset *dataset, kiln_error *error) {
  const kiln_column *first = &dataset->columns[0];
  for (int32_t i = 1; i < dataset->count; ++i)
    if (dataset->columns[i].rows != first->rows)
      return kiln_error_set(error, "%.300s has %lld rows, %.300s has %lld: expected as many", first->path, (long long)first->rows,
                            dataset->columns[i].path, (long long)dataset->columns[i].rows);
  dataset->rows = dataset->count ? first->rows : 0;
  return true;
}

static bool known(const char *format, kiln_error *error) {
  static const char *const formats[] = {"idx", "npy", "npz", "csv", "text"};
  for (size_t i = 0; format && i < sizeof formats / sizeof *formats; ++i)
    if (strcmp(format, formats[i]) == 0)
      return true;
  return format == NULL || kiln_error_set(error, "format: expected idx, npy, npz, csv or text, found '%s'", format);
}

bool kiln_dataset_open(kiln_dataset *dataset, kiln_dataset *validation, const kiln_source *source, kiln_error *error) {
  struct stat status;
  bool good, found;
  *dataset = (kiln_dataset){0};
  if (validation)
    *validation = (kiln_dataset){0};
  if (source->names > KILN_MAX_COLUMNS)
    return kiln_error_set(error, "expected a model of at most %d inputs, found %d", KILN_MAX_COLUMNS - 1, source->names - 1);
  if (!known(source->format, error))
    return false;
  if (stat(source->data, &status) != 0)
    return kiln_error_set(error, "%s: %m", source->data);
  if (S_ISDIR(status.st_mode)) {
    good = open_folder(dataset, source, "train", &found, error);
    if (good && validation && !open_folder(validation, source, "test", &found, error))
      good = !found; /* there need not be one, but what is there must be sound */
  } else {
    good = open_files(dataset, validation, source, error);
  }
  good = good && check_rows(dataset, error) && (validation == NULL || check_rows(validation, error));
  if (!good) {
    kiln_dataset_close(dataset);
    if (validation)
      kiln_dataset_close(validation);
  }
  return good;
}

void kiln_dataset_close(kiln_dataset *dataset) {
  for (int32_t i = 0; i < dataset->count; ++i)
    kiln_column_free(&dataset->columns[i]);
  *dataset = (kiln_dataset){0};
}
