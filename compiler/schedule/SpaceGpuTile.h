//===- SpaceGpuTile.h - the tile of a product that a card should need least time for ----------------------------------===//
//
// In: the sizes of a product. Out: the parameters of a gpu_tile, and the cycles that a model of a card gives it.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_SPACEGPUTILE_H
#define KILN_SCHEDULE_SPACEGPUTILE_H
#include <cstdint>
#include <utility>

namespace kiln::schedule {
struct GpuProductSizes {
  int64_t grid, x, y; ///< x by y results, so many times
  int64_t steps; ///< of the sum, all its loops
  int64_t inner; ///< of its innermost loop, which chunks divide
};
struct GpuTile {
  int64_t x, y, threadX, threadY, slices, chunk;
};
std::pair<GpuTile, double> gpuQuickestTile(const GpuProductSizes &of);
} // namespace kiln::schedule
#endif
