/* Classifies one picture with the compiled LeNet-5.
 *
 * In: a 28x28 PGM file (P5), light on black. Out: the three likeliest classes. README.md says how to build it. */
#include "lenet5.h"
#include <stdio.h>

static const char *const classes[10] = {"T-shirt", "trouser", "pullover", "dress", "coat",
                                        "sandal",  "shirt",   "sneaker",  "bag",   "boot"};

/* The picture, scaled to [0, 1], in the middle of 32x32 zeros. */
static int read_picture(const char *path, float image[32][32]) {
  unsigned char pixels[28][28];
  FILE *file = fopen(path, "rb");
  int good = file && fgetc(file) == 'P' && fgetc(file) == '5' && fscanf(file, " 28 28 255%*c") == 0 &&
             fread(pixels, 1, sizeof pixels, file) == sizeof pixels;
  for (int y = 0; good && y < 28; ++y)
    for (int x = 0; x < 28; ++x)
      image[y + 2][x + 2] = (float)pixels[y][x] / 255;
  if (file)
    fclose(file);
  return good;
}

int main(int count, char **arguments) {
  static float image[32][32], probabilities[10];
  if (count != 2 || !read_picture(arguments[1], image)) {
    fprintf(stderr, "usage: %s PICTURE.pgm (28x28 pixels, P5)\n", arguments[0]);
    return 2;
  }
  kiln_context *context = NULL;
  kiln_status status = lenet5_create(NULL, &context);
  kiln_tensor in = {.data = image, .dtype = KILN_F32, .rank = 4, .shape = {1, 1, 32, 32}};
  kiln_tensor out = {.data = probabilities, .dtype = KILN_F32, .rank = 2, .shape = {1, 10}};
  if (status == KILN_OK)
    status = lenet5_run(context, &in, &out);
  if (status != KILN_OK)
    fprintf(stderr, "%s\n", lenet5_message(context));
  lenet5_destroy(context);
  for (int place = 0; status == KILN_OK && place < 3; ++place) {
    int best = 0;
    for (int i = 1; i < 10; ++i)
      best = probabilities[i] > probabilities[best] ? i : best;
    printf("%5.1f %%  %s\n", 100 * probabilities[best], classes[best]);
    probabilities[best] = -1;
  }
  return status != KILN_OK;
}
