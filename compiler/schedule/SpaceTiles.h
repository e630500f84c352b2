//===- SpaceTiles.h - register tiles of a reduction, best first -------------------------------------------------------===//
//
// In: a nest with a Heavy stage and a machine. Out: the tiles whose accumulators fit its registers, with the share of the FMA peak that
// the model of KERNELS expects of each. Knows axes, strides and registers; knows no op.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_SCHEDULE_SPACETILES_H
#define KILN_SCHEDULE_SPACETILES_H
#include "compiler/schedule/SpaceLoops.h"

namespace kiln::schedule {
/// What the reduction of a nest looks like to a tile.
struct Reduction {
  const Stage *heavy;
  Lanes lanes;
  int64_t vector; ///< lanes of one vector
  std::string folded; ///< the reduction axis that fills the vectors, or empty: the result's lanes do
  std::vector<std::string> others; ///< axes of the result besides the lanes that a tile may cover, innermost first
  int64_t taps = 1; ///< steps of the whole reduction
  int64_t scale = 1; ///< accumulators per element of the result (4 under a 2x2 pool)
  std::vector<const Operand *> read; ///< the operands that each step reads

  bool filled(const Operand &operand) const; ///< read as vectors, not as one broadcast element
  const Operand *broadcast() const; ///< the first operand that is not filled, or null
};
Reduction reductionOf(const Nest &nest, const Machine &machine);

struct Tile {
  std::map<std::string, int64_t>
      sizes; ///< by axis, only those above 1: vectors of the lanes, blocks of their outer axis, elements else
  double score = 0;
  int64_t accumulators = 1;
  int64_t of(const std::string &axis) const;
  int64_t vectors(const Lanes &lanes) const { return of(lanes.axis) * of(lanes.outer); }
};
/// Registers that a tile fills.
int64_t registersOf(const Nest &nest, const Reduction &reduction, const Tile &tile);
/// Sum axis `reduced` slides along axis `other` of this operand: neighbours of one are (few) neighbours of the other.
bool slides(const Operand &operand, const std::string &other, const std::string &reduced);
/// Best first; never empty.
std::vector<Tile> tilesOf(const Nest &nest, const Machine &machine);
} // namespace kiln::schedule

#endif
