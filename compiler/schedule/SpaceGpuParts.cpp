//===- SpaceGpuParts.cpp - how many parts a device takes a sum in -----------------------------------------------------===//
//
// A kernel more costs a few microseconds, a block alone walks some hundred elements in that time: sums are cut that are much longer and
// whose results are fewer than the blocks that fill the card. Two blocks a processor are enough; a part stays long enough to be worth one.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceGpu.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
constexpr int64_t enoughBlocks = 2 * gpuProcessors;
}

int64_t gpuSumParts(int64_t results, int64_t steps) {
  if (results <= 0 || results >= enoughBlocks || steps < 16384)
    return 1;
  return std::min(ceilDiv(enoughBlocks, results), steps / 1024);
}

int64_t gpuProductParts(int64_t batch, int64_t left, int64_t right, int64_t steps, bool along) {
  constexpr int64_t tile = 64;
  bool tiled = left >= 6 && right >= 6;
  int64_t blocks = batch * (tiled ? ceilDiv(left, tile) * ceilDiv(right, tile) : ceilDiv(left * right, along ? 4 : 32));
  if (blocks <= 0 || blocks >= gpuProcessors / 2 || steps < 1024)
    return 1;
  return std::min(ceilDiv(enoughBlocks, blocks), steps / 256);
}
} // namespace kiln::schedule
