//===- SpaceLoops.h - the loops that a Schedule makes of a Nest's result ----------------------------------------------===//
//
// In: a Nest and a Schedule. Out: which axis fills the vectors, how many elements of each axis one tile covers, and the loops over tiles.
// The rule, legality and Apply all read a schedule through these functions, so they cannot read it differently.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_SPACELOOPS_H
#define KILN_SCHEDULE_SPACELOOPS_H
#include "compiler/schedule/Space.h"

namespace kiln::schedule {
inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }
std::vector<std::string> split(const std::string &text, char separator);
std::string join(const std::vector<std::string> &words);
bool contains(const std::vector<std::string> &words, const std::string &word);

const Axis *findAxis(const Nest &nest, const std::string &name);
/// Elements between neighbours of `operand` along `axis`; 0 when it does not move.
int64_t stride(const Operand &operand, const std::string &axis);
/// Elements of memory that a nest touches of an operand (an estimate from strides).
int64_t elements(const Nest &nest, const Operand &operand);
bool runsOver(const Stage &stage, const std::string &axis);

/// The axis whose neighbours fill a vector: the first dimension of the result that has more than one element.
struct Lanes {
  std::string axis; ///< empty: the result has no dimensions
  std::string outer; ///< the axis that counts its blocks, or empty
  int64_t extent = 1; ///< of axis
};
Lanes lanesOf(const Nest &nest);
/// The largest power of two that is no more than both.
int64_t vectorFor(int64_t lanes, int64_t extent);

/// The reduction axis that fills the vectors instead (parameter `lanes`), or empty.
std::string foldedAxis(const Schedule &schedule);
/// Elements of a result's axis in one tile: vector * tile_<axis> for the lanes, else tile_<axis>.
int64_t step(const Nest &nest, const Schedule &schedule, const std::string &axis);

/// One sequential loop of the result.
struct Loop {
  std::string axis;
  int64_t trips;
  bool block; ///< over the blocks of block_<axis>
};
/// Innermost first: tiles in `order`; right outside the last tiled axis the loops over blocks.
std::vector<Loop> loopsOf(const Nest &nest, const Schedule &schedule);
/// How many of the outermost loops `parallel` fuses into one; -1 when it does not name the outermost loops.
int fusedLoops(const std::vector<Loop> &loops, const Schedule &schedule);

/// The reduction axes of a stage, innermost first: those that `sum` names, then inner parts of blocks, whole axes, counts of blocks.
std::vector<std::string> sumOrder(const Nest &nest, const Stage &stage, const Schedule &schedule);
/// The chunked reduction axis, or empty.
std::string chunkedAxis(const Nest &nest, const Schedule &schedule);
/// Of a chunked sum: how many of the innermost loops run inside one slab of sums (those before the lanes' loops).
size_t loopsInSlab(const Nest &nest, const std::vector<Loop> &loops);

/// Whether an operand's elements go down while the lanes go up.
bool readsBackwards(const Nest &nest);
/// The axes that a row nest's statistics keep: one row for each of their values.
std::vector<std::string> rowAxes(const Nest &nest);
/// The statistics differ between lanes, so a vector computes as many rows as it has lanes.
bool rowsAcross(const Nest &nest);
} // namespace kiln::schedule

#endif
