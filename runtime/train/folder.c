/* In: a folder and the part that is wanted. Out: the paths of its files: MNIST's names, gzipped or not, or train.EXT and test.EXT. */
#include "runtime/train/dataset.h"
#include <string.h>
#include <unistd.h>

static bool find(const char *folder, const char *part, const char *rest, char path[PATH_MAX]) {
  const char *pieces[] = {folder, "/", part, rest};
  size_t used = 0;
  for (size_t i = 0; i < 4; ++i) {
    size_t length = strlen(pieces[i]);
    if (used + length >= PATH_MAX)
      return false;
    memcpy(path + used, pieces[i], length + 1);
    used += length;
  }
  return access(path, F_OK) == 0;
}

bool kiln_folder_find(const char *folder, const char *part, char data[PATH_MAX], char labels[PATH_MAX]) {
  static const char *const pairs[][2] = {{"-images-idx3-ubyte", "-labels-idx1-ubyte"},
                                         {"-images-idx3-ubyte.gz", "-labels-idx1-ubyte.gz"},
                                         {"-images.npy", "-labels.npy"}};
  static const char *const singles[] = {".npz", ".csv", ".csv.gz", ".txt"};
  const char *stems[] = {part, strcmp(part, "test") == 0 ? "t10k" : part};
  labels[0] = 0;
  for (size_t stem = 0; stem < 2; ++stem) {
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; ++i)
      if (find(folder, stems[stem], pairs[i][0], data) && find(folder, stems[stem], pairs[i][1], labels))
        return true;
    labels[0] = 0;
    for (size_t i = 0; i < sizeof singles / sizeof *singles; ++i)
      if (find(folder, stems[stem], singles[i], data))
        return true;
  }
  return false;
}
