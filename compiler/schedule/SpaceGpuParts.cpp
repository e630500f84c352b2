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
} // namespace kiln::schedule
