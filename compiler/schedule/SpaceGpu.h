//===- SpaceGpu.h - schedules for a GPU -----------------------------------------------------------------------------===//
//
// In: the nest of a kernel made for a device (dense tensors, no prologues, a product's factors as Staged). Out: one of three families,
// chosen by the nest's shape alone:
//
//   gpu_map{threads, vector}                    a thread makes `vector` neighbours of the result, its sums one after the other
//   gpu_row{threads, tile_<row>, across}        `threads` threads take parts of a row's sums: a warp (32) folds them by shuffles, several
//                                               meet in shared memory; tile_<row> rows of a warp each are one block's. across=1: the rows
//                                               are what neighbouring threads read next to each other, any number of threads takes one
//   gpu_tile{tile_<a>, thread_<a>, chunk_<k>}   a product: a block makes a tile over two axes, a thread thread_<a> elements along each,
//        chunk_<k>, slices_<k>, vector           chunk_<k> steps of the sum staged in shared memory at a time, shared out among slices_<k>
//                                               times as many threads, whose sums meet at the end; stores of vectors
//
// parts=N beside them says that the graph has the sum in N parts (passes/Parts.cpp): it is checked, not chosen.
//
//===----------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_SPACEGPU_H
#define KILN_SCHEDULE_SPACEGPU_H
#include "compiler/schedule/SpaceLoops.h"

namespace kiln::schedule {
constexpr int64_t gpuProcessors = 108, gpuMostProcessors = 132; ///< of the cards that the targets name
constexpr int64_t gpuMostBlocksDown = 65535; ///< of a launch in its second dimension; the first takes 2^31 - 1

bool isGpu(const Schedule &schedule);
Schedule gpuDefaults(const Nest &nest);
std::string gpuLegal(const Nest &nest, const Schedule &schedule);
/// False where a last block of rows shifts inwards and visits some again.
bool gpuVisitsOnce(const Nest &nest, const Schedule &schedule);

/// The product of a nest as a tile sees it: two axes that one factor each brings, the sum's axes, and the rest, one block each.
struct GpuProduct {
  const Stage *sum = nullptr;
  const Stage *across = nullptr, *down = nullptr; ///< the factors that run along x and along y
  std::string x, y; ///< x is the result's innermost axis where that is a choice
  std::string k; ///< the innermost axis of the sum
  std::vector<std::string> grid; ///< the other axes of the result
  explicit operator bool() const { return sum; }
};
GpuProduct gpuProduct(const Nest &nest);
/// Whether neighbours of what a stage reads along `axis` are neighbours in memory.
bool contiguous(const Nest &nest, const Stage &stage, const std::string &axis);
/// The row axis that a gpu_row block takes several of; empty: there is none.
std::string gpuRowAxis(const Nest &nest);
/// Axes of the result over which the sums of a gpu_row nest run.
std::vector<std::string> gpuRowAxes(const Nest &nest);
int64_t gpuThreads(const Nest &nest, const Schedule &schedule);

/// How many parts a sum is worth cutting into, before there is a nest; 1: none.
int64_t gpuSumParts(int64_t results, int64_t steps);
/// Of a product: batch x left x right results. `along`: neighbouring steps lie next to each other in memory.
int64_t gpuProductParts(int64_t batch, int64_t left, int64_t right, int64_t steps, bool along);
} // namespace kiln::schedule
#endif
