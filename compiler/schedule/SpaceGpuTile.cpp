//===- SpaceGpuTile.cpp - the tile of a product that a card should need least time for --------------------------------===//
//
// In: how large a product is. Out: the parameters of gpu_tile that a model of a card on paper finds quickest, among all that are powers of two;
// and into how many parts its sum is worth cutting before there is a kernel. The model counts, for the processor with the most blocks: instructions
// to issue, wavefronts of shared memory, and the trip to memory that every step of the staged sum waits for if its arithmetic is shorter
// (benchmarks/gpu/estimate says the same of compiled kernels, from counted numbers).
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceGpuTile.h"
#include "compiler/schedule/SpaceGpu.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
constexpr int64_t mostLoads = 32; // that are on their way to a thread at once
constexpr double trip = 700; // cycles to memory and back
constexpr int64_t warp = 32, mostWarps = 64, registerFile = 65536, sharedFile = 160 << 10, sharedBlock = 96 << 10;
constexpr double bytesPerCycle = 2800; // of the card's L2
constexpr double launchCycles = 4000; // another kernel, and its first loads

struct Occupied {
  int64_t threads, loads, shared, registers; ///< loads: of a thread, in a step
};
Occupied occupied(const GpuTile &tile) {
  int64_t results = tile.threadX * tile.threadY;
  int64_t staged = 2 * (tile.x + 4) * tile.chunk, met = tile.slices > 1 ? (tile.x + 4) * tile.y * tile.slices : 0;
  int64_t shared = std::max(staged, met) + 2 * (tile.y + 4) * tile.chunk;
  int64_t threads = tile.x * tile.y / results * tile.slices, loads = (tile.x + tile.y) * tile.chunk / threads;
  return {threads, loads, 4 * shared, std::min<int64_t>(255, 32 + results * 5 / 4 + loads)};
}

double cycles(const GpuProductSizes &of, const GpuTile &tile, int64_t processors) {
  Occupied block = occupied(tile);
  int64_t warps = ceilDiv(block.threads, warp), within = tile.chunk / tile.slices;
  int64_t blocks = of.grid * ceilDiv(of.x, tile.x) * ceilDiv(of.y, tile.y), fullest = ceilDiv(blocks, processors);
  int64_t resident =
      std::min({mostWarps / warps, registerFile / (block.registers * warp * warps), sharedFile / (block.shared + 1024)});
  resident = std::clamp<int64_t>(resident, 1, fullest);
  double vectors = double(tile.threadX + tile.threadY) / 4; // that a thread loads of a step
  double staging = 5 * double(block.loads) + 60;
  double own = double(within) * (1.05 * double(tile.threadX * tile.threadY) + vectors) + staging;
  double issue = double(warps) * own / 4, shared = double(warps) * (double(within) * vectors * 4 + staging / 5);
  double rounds = double(ceilDiv(of.steps, tile.chunk));
  double ends = 2 * trip + (tile.slices > 1 ? 300 + 2 * double(tile.slices * tile.threadX * tile.threadY) : 0);
  auto wave = [&](int64_t together) {
    return rounds * std::max({trip, 1.3 * own, double(together) * std::max(issue, shared)}) + ends;
  };
  double bytes = double(blocks) * rounds * double((tile.x + tile.y) * tile.chunk) * 4;
  int64_t waves = fullest / resident, rest = fullest % resident;
  double walk = double(waves) * wave(resident) + (rest ? wave(rest) : 0);
  double traffic = bytes / bytesPerCycle;
  return std::max(walk, traffic) + std::min(walk, traffic) / 2;
}
} // namespace

std::pair<GpuTile, double> gpuQuickestTile(const GpuProductSizes &of) {
  GpuTile best{8, 8, 4, 4, 1, 1};
  double least = -1;
  auto over = [](int64_t from, int64_t to, auto each) {
    for (int64_t n = from; n <= to; n *= 2)
      each(n);
  };
  GpuTile tile{};
  auto consider = [&] {
    Occupied block = occupied(tile);
    int64_t loads = std::min(tile.x, tile.y) * tile.chunk;
    if (block.threads > 256 || block.loads > mostLoads || loads < block.threads || block.shared > sharedBlock ||
        of.inner % tile.chunk || (of.steps == tile.chunk && of.steps > 4)) // one step is not overlapped
      return;
    if (double found = cycles(of, tile, gpuProcessors) + cycles(of, tile, gpuMostProcessors); least < 0 || found < 0.97 * least)
      best = tile, least = found;
  };
  over(8, 128, [&](int64_t x) {
    over(8, 128, [&](int64_t y) {
      over(4, std::min<int64_t>(8, x), [&](int64_t threadX) {
        over(4, std::min<int64_t>(8, y), [&](int64_t threadY) {
          over(1, 16, [&](int64_t slices) {
            over(1, 16, [&](int64_t within) {
              tile = {x, y, threadX, threadY, slices, slices * within};
              consider();
            });
          });
        });
      });
    });
  });
  return {best, least};
}

int64_t gpuProductParts(int64_t batch, int64_t left, int64_t right, int64_t steps, bool along) {
  constexpr int64_t enoughBlocks = 2 * gpuProcessors, fewRows = 6;
  if (steps < 512)
    return 1;
  if (left < fewRows || right < fewRows) { // no tile but rows
    int64_t blocks = batch * ceilDiv(left * right, along ? 4 : 32);
    return blocks <= 0 || blocks >= gpuProcessors / 2 || steps < 1024 ? 1 : std::min(ceilDiv(enoughBlocks, blocks), steps / 256);
  }
  int64_t best = 1;
  double least = -1;
  for (int64_t parts = 1; parts <= std::min(enoughBlocks, steps / 128); parts *= 2) {
    int64_t each = ceilDiv(steps, parts * 128) * 128;
    double found = gpuQuickestTile({batch * parts, right, left, each, each}).second;
    if (parts > 1)
      found += 2 * launchCycles + double(batch * left * right * parts) * 8 / bytesPerCycle;
    if (least < 0 || found < 0.9 * least)
      best = parts, least = found;
  }
  return best;
}
} // namespace kiln::schedule
