//===- Toy.cpp - hand-made models for the runtime's tests -----------------===//
#include "Toy.h"
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>

// y = 2 x, each row a task; through the arena, so that one too small or misplaced shows.
static kiln_status twice(const kiln_frame *frame) {
  kiln_status status = kiln_check_indices(frame->context, "gather_3", frame->inputs[1], 4, 2, 10);
  if (status != KILN_OK)
    return status;
  struct Closure {
    const float *x;
    float *arena, *y;
  } closure = {static_cast<const float *>(frame->inputs[0]), reinterpret_cast<float *>(frame->arena),
               static_cast<float *>(frame->outputs[0])};
  halide_do_par_for(
      frame->context,
      [](void *user, int row, uint8_t *data) {
        auto *closure = reinterpret_cast<Closure *>(data);
        auto *scratch = static_cast<float *>(halide_malloc(user, 3 * sizeof(float)));
        for (int i = 0; i < 3; ++i) {
          scratch[i] = closure->x[3 * row + i];
          closure->arena[3 * row + i] = scratch[i] + scratch[i];
          closure->y[3 * row + i] = closure->arena[3 * row + i];
        }
        halide_free(user, scratch);
        return 0;
      },
      0, 2, reinterpret_cast<uint8_t *>(&closure));
  return KILN_OK;
}

Toy::Toy() : inputs({{"x", KILN_F32, 2, {2, 3}}, {"i", KILN_I32, 1, {2}}}), outputs({{"y", KILN_F32, 2, {2, 3}}}) {
  model.arena_size = 24;
  model.scratch_size = KILN_SCRATCH_BLOCK(12);
  model.info = {"toy",
                2,
                1,
                inputs.data(),
                outputs.data(),
                KILN_ALIGN(model.arena_size) + KILN_ALIGN(model.scratch_size),
                KILN_ALIGN(model.scratch_size),
                0,
                "{}",
                nullptr};
  model.run = twice;
}

TestFolder::TestFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "kiln-test-XXXXXX").string();
  path = mkdtemp(name.data()) ? name : "";
}

TestFolder::~TestFolder() { std::filesystem::remove_all(path); }

std::vector<std::string> TestFolder::names() const {
  std::vector<std::string> result;
  for (const auto &entry : std::filesystem::directory_iterator(path))
    result.push_back(entry.path().filename().string());
  return result;
}

void writeFile(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
