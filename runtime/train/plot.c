/* In: the history. Out: an SVG file with a panel for the loss and one for every metric that is a number, training and validation in one. */
#include "runtime/train/trainer.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 640, HEIGHT = 260, LEFT = 70, RIGHT = 20, TOP = 34, BOTTOM = 34, TICKS = 4 };

typedef struct panel {
  FILE *file;
  const json_t *history;
  const char *key; /* of the training curve; the other is validation-key */
  int top;
  double low, high, first, last;
} panel;

static double at(const panel *panel, size_t index, const char *prefix) {
  char key[96];
  snprintf(key, sizeof key, "%s%s", prefix, panel->key);
  const json_t *value = json_object_get(json_array_get(panel->history, index), key);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static double epoch_at(const panel *panel, size_t index) {
  return json_number_value(json_object_get(json_array_get(panel->history, index), "epoch"));
}

/* False when no epoch has this number. */
static bool measure(panel *panel) {
  size_t count = json_array_size(panel->history);
  panel->low = INFINITY;
  panel->high = -INFINITY;
  for (size_t i = 0; i < count; ++i)
    for (int k = 0; k < 2; ++k) {
      double value = at(panel, i, k ? "validation-" : "");
      panel->low = value < panel->low ? value : panel->low;
      panel->high = value > panel->high ? value : panel->high;
    }
  panel->first = epoch_at(panel, 0);
  panel->last = epoch_at(panel, count - 1);
  if (panel->low == panel->high) {
    panel->low -= 0.5;
    panel->high += 0.5;
  }
  return panel->low < panel->high;
}

static double x_of(const panel *panel, double epoch) {
  double span = panel->last - panel->first;
  return LEFT + (span > 0 ? (epoch - panel->first) / span : 0.5) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const panel *panel, double value) {
  return panel->top + HEIGHT - BOTTOM - (value - panel->low) / (panel->high - panel->low) * (HEIGHT - TOP - BOTTOM);
}

static void curve(const panel *panel, const char *prefix, const char *colour, int place) {
  bool any = false;
  for (size_t i = 0; i < json_array_size(panel->history); ++i) {
    double value = at(panel, i, prefix);
    if (isnan(value))
      continue;
    if (!any)
      fprintf(panel->file, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
    any = true;
    fprintf(panel->file, "%.1f,%.1f ", x_of(panel, epoch_at(panel, i)), y_of(panel, value));
  }
  if (any)
    fprintf(panel->file, "\"/>\n<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", WIDTH - RIGHT - 170 + 80 * place, panel->top + 20,
            colour, prefix[0] ? "validation" : "training");
}

static void draw(const panel *panel) {
  fprintf(panel->file, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">%s</text>\n", LEFT, panel->top + 20, panel->key);
  for (int i = 0; i <= TICKS; ++i) {
    double value = panel->low + (panel->high - panel->low) * i / TICKS, y = y_of(panel, value);
    double epoch = round(panel->first + (panel->last - panel->first) * i / TICKS);
    fprintf(panel->file, "<path d=\"M%d %.1fH%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>\n",
            LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, value);
    fprintf(panel->file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n", x_of(panel, epoch),
            panel->top + HEIGHT - 14, epoch);
  }
  curve(panel, "", "#c44e12", 0);
  curve(panel, "validation-", "#1f5fa8", 1);
}

typedef struct picture {
  const json_t *history;
} picture;

static bool write_picture(void *user, void *stream) {
  const picture *what = user;
  const json_t *newest = json_array_get(what->history, json_array_size(what->history) - 1);
  panel panels[KILN_MAX_METRICS + 1];
  int count = 0;
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)newest, key, value) {
    bool curve = json_is_real(value) && strcmp(key, "rate") != 0 && strcmp(key, "seconds") != 0;
    const char *base = strncmp(key, "validation-", 11) == 0 ? key + 11 : key;
    for (int i = 0; i < count && curve; ++i)
      curve = strcmp(panels[i].key, base) != 0;
    panel next = {.file = stream, .history = what->history, .key = base, .top = count * HEIGHT};
    if (curve && count <= KILN_MAX_METRICS && measure(&next))
      panels[count++] = next;
  }
  fprintf(stream,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n"
          "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
          WIDTH, count * HEIGHT);
  for (int i = 0; i < count; ++i)
    draw(&panels[i]);
  fputs("</svg>\n", stream);
  return ferror(stream) == 0;
}

bool kiln_plot_check(const char *path, kiln_error *error) {
  size_t length = path ? strlen(path) : 0;
  return path == NULL || (length > 4 && strcmp(path + length - 4, ".svg") == 0) ||
         kiln_error_set(error, "plot: expected a file called .svg, found '%s'", path);
}

bool kiln_plot_write(const char *path, const json_t *history, kiln_error *error) {
  picture what = {history};
  return json_array_size(history) == 0 || kiln_write_whole(path, write_picture, &what, error);
}
