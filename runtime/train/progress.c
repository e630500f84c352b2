/* In: batches and epochs as they come. Out: on a terminal a bar that is drawn anew ten times a second; everywhere a line for each epoch. */
#include "runtime/train/trainer.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool drawn;
static double last_drawn;

static bool on_terminal(void) {
  static int answer = -1;
  if (answer < 0)
    answer = isatty(STDERR_FILENO) == 1;
  return answer == 1;
}

void kiln_progress_clear(void) {
  if (drawn)
    fputs("\r\033[K", stderr);
  drawn = false;
}

void kiln_progress_batch(const kiln_trainer *trainer, const kiln_set *set, int64_t rows, double loss, double seconds) {
  enum { WIDTH = 24 };
  double now = kiln_seconds();
  if (trainer->recipe.quiet || !on_terminal() || (drawn && now - last_drawn < 0.1))
    return;
  last_drawn = now;
  drawn = true;
  char bar[WIDTH + 1], metric[64] = "";
  int64_t size = set->loader.size, done = WIDTH * rows / set->row_count;
  for (int64_t i = 0; i < WIDTH; ++i)
    bar[i] = i < done ? '=' : i == done ? '>' : ' ';
  bar[WIDTH] = 0;
  if (set->metrics.count && set->metrics.top[0] == 1 && strcmp(set->metrics.names[0], "accuracy") == 0 && set->metrics.seen)
    snprintf(metric, sizeof metric, "  accuracy %.4f", (double)set->metrics.correct / (double)set->metrics.seen);
  double left = seconds * (double)(set->row_count - rows);
  fprintf(stderr, "\r\033[K%s %lld/%lld [%s] batch %lld/%lld  loss %.4f%s  %.0f samples/s  %.0f:%02.0f left",
          set == &trainer->training ? "epoch"
          : trainer->own            ? "metrics"
                                    : "validation",
          (long long)trainer->state.epoch + 1, (long long)trainer->recipe.epochs, bar, (long long)((rows + size - 1) / size),
          (long long)((set->row_count + size - 1) / size), loss, metric, seconds > 0 ? 1 / seconds : 0, floor(left / 60),
          floor(fmod(left, 60)));
}

void kiln_progress_epoch(const kiln_trainer *trainer, const json_t *record) {
  const char *key;
  json_t *value;
  if (trainer->recipe.quiet)
    return;
  printf("epoch %lld/%lld", (long long)trainer->state.epoch, (long long)trainer->recipe.epochs);
  json_object_foreach((json_t *)record, key, value) {
    if (!json_is_real(value) || strcmp(key, "seconds") == 0)
      continue;
    printf("  %s %.*g", key, strcmp(key, "rate") == 0 ? 4 : 5, json_real_value(value));
  }
  double seconds = json_number_value(json_object_get(record, "seconds"));
  printf("  %.1f s  %.0f samples/s\n", seconds, seconds > 0 ? (double)trainer->training.row_count / seconds : 0);
  fflush(stdout);
}

/* Rows: what is; columns: what the model said. One of many classes is in the log alone. */
void kiln_progress_matrix(const kiln_trainer *trainer, const json_t *record) {
  enum { MOST = 32 };
  const json_t *matrix = json_object_get(record, "validation-confusion-matrix"), *row, *cell;
  size_t i, j;
  json_int_t largest = (json_int_t)json_array_size(matrix ? matrix : (matrix = json_object_get(record, "confusion-matrix")));
  if (trainer->recipe.quiet || !matrix || largest > MOST)
    return;
  json_array_foreach(matrix, i, row) json_array_foreach(row, j, cell) if (json_integer_value(cell) > largest) largest =
      json_integer_value(cell);
  int width = snprintf(NULL, 0, "%lld", (long long)largest) + 2;
  printf("confusion matrix, a row for each class and a column for what it was taken for:\n%*s", width, "");
  for (j = 0; j < json_array_size(matrix); ++j)
    printf("%*lld", width, (long long)j);
  json_array_foreach(matrix, i, row) {
    printf("\n%*lld", width, (long long)i);
    json_array_foreach(row, j, cell) printf("%*lld", width, (long long)json_integer_value(cell));
  }
  putchar('\n');
}
