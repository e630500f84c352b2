//===- SpaceTiles.cpp - register tiles of a reduction, best first -----------------------------------------------------===//
#include "compiler/schedule/SpaceTiles.h"
#include <algorithm>
#include <cmath>

namespace kiln::schedule {
namespace {
/// The heavy operands are contiguous along a reduction and not along the lanes: a dot product of rows.
std::string foldOf(const Nest &nest, const Reduction &r, const Machine &machine) {
  // Few lanes, and rows of whole vectors in all operands: the correlation of two images.
  for (const std::string &reduced : r.heavy->reduce)
    if (r.lanes.extent * 2 <= machine.lanes && r.read.size() > 1 && nest.axis(reduced).extent % machine.lanes == 0 &&
        std::all_of(r.read.begin(), r.read.end(), [&](const Operand *o) { return stride(*o, reduced) == 1; }))
      return reduced;
  bool gathered = r.lanes.extent == 1;
  for (const Operand *operand : r.read)
    gathered |= stride(*operand, r.lanes.axis) > 1;
  for (const std::string &reduced : r.heavy->reduce) {
    bool contiguous = gathered && nest.axis(reduced).extent >= 4;
    for (const Operand *operand : r.read)
      contiguous &= stride(*operand, reduced) <= 1 && stride(*operand, reduced) >= 0;
    bool moved = std::any_of(r.read.begin(), r.read.end(), [&](const Operand *o) { return stride(*o, reduced) == 1; });
    if (contiguous && moved)
      return reduced;
  }
  return "";
}

/// Axes besides the lanes worth tiling, those along which some operand stays put first.
std::vector<std::string> othersOf(const Nest &nest, const Reduction &r) {
  std::vector<std::string> reused, rest;
  for (const Dim &dim : nest.result().dims) {
    bool lane = r.folded.empty() && (dim.axis == r.lanes.axis || dim.axis == r.lanes.outer);
    if (lane || nest.axis(dim.axis).extent == 1 || !runsOver(*r.heavy, dim.axis))
      continue;
    bool reuse = false;
    for (const Operand *operand : r.read) {
      reuse |= !stride(*operand, dim.axis);
      for (const std::string &reduced : r.heavy->reduce)
        reuse |= r.read.size() == 1 && slides(*operand, dim.axis, reduced);
    }
    (reuse ? reused : rest).push_back(dim.axis);
  }
  if (reused.empty())
    reused = rest;
  if (reused.size() > 3)
    reused.resize(3);
  return reused;
}

struct Model {
  const Nest &nest;
  const Machine &machine;
  const Reduction &r;

  bool has(const Operand &operand, const std::string &axis) const { return stride(operand, axis) != 0; }

  /// Vectors or broadcasts that one step loads of an operand.
  double loads(const Operand &operand, const Tile &tile) const {
    double count = 1;
    for (const auto &[axis, size] : tile.sizes)
      if (has(operand, axis))
        count *= size;
    for (const Dim &dim : r.heavy->dims)
      if (has(operand, dim.axis) && dim.axis != r.lanes.axis)
        count *= dim.scale;
    return count;
  }

  double fill(const Tile &tile) const {
    double fill = 1;
    for (const auto &[axis, size] : tile.sizes) {
      int64_t covered = axis == r.lanes.axis && r.folded.empty() ? size * r.vector : size, extent = nest.axis(axis).extent;
      fill *= double(extent) / double(ceilDiv(extent, covered) * covered);
    }
    return fill;
  }

  /// Vectors that begin anywhere in a line: most take two lines.
  bool slidesAlongLanes(const Operand &operand) const {
    return r.filled(operand) && r.folded.empty() &&
           std::any_of(r.heavy->reduce.begin(), r.heavy->reduce.end(),
                       [&](const std::string &reduced) { return stride(operand, reduced) == 1; });
  }
  /// Not a picture whose rows the next taps read again, nor anything that stays in the first cache.
  bool isStreamed(const Operand &operand) const {
    bool slab = true, slid = false;
    int64_t bytes = r.taps * r.vector * 4;
    for (const std::string &axis : r.others)
      if (has(operand, axis)) {
        slab = false;
        bytes *= nest.axis(axis).extent;
        for (const std::string &reduced : r.heavy->reduce)
          slid |= slides(operand, axis, reduced);
      }
    return slab || (!slid && bytes > machine.l1);
  }

  /// Expected share of the FMA peak.
  double score(const Tile &tile) const {
    double accumulators = double(tile.accumulators), loaded = 0, lines = 0;
    bool shared = r.broadcast() && r.folded.empty();
    for (const Operand *operand : r.read) {
      loaded += loads(*operand, tile) * (slidesAlongLanes(*operand) ? 2 : 1);
      // Weights: their lines come from the second cache, once per tile.
      if (shared && r.filled(*operand) && isStreamed(*operand))
        lines = 0.8 * loads(*operand, tile) * double(r.vector) * 4 / 64 * 16 / accumulators;
    }
    double start = (12 + accumulators) / double(r.taps); // setting up and storing a tile weighs on short sums
    double cycles = std::max({accumulators / 2, loaded / 1.55, 4.0}) + lines + start;
    // Long sides along the innermost axis: neighbours there are neighbours in memory.
    double flat = 0;
    if (r.others.size() > 1) {
      std::vector<int64_t> sides;
      for (const std::string &axis : r.others)
        sides.push_back(tile.of(axis));
      flat = sides[0] == *std::max_element(sides.begin(), sides.end()) ? 0 : 0.005;
      std::sort(sides.rbegin(), sides.rend());
      flat += 0.01 * double(sides[1] - 1);
    }
    // The broadcast operand's neighbours in memory are elements of the result: a tile across them uses a line for several.
    if (shared && !r.others.empty())
      for (const std::string &axis : r.others)
        if (stride(*r.broadcast(), axis) == 1 && nest.axis(axis).extent >= 4 && tile.of(axis) < 4)
          flat += 0.3;
    double pairs = r.folded.empty() ? 0.002 * double(std::abs(tile.vectors(r.lanes) - 2)) : 0;
    return accumulators / 2 / cycles * fill(tile) - flat - pairs;
  }

  bool worth(const Tile &tile) const {
    if (registersOf(nest, r, tile) > machine.registers)
      return false;
    bool shared = r.broadcast();
    int sides = 0;
    for (const std::string &axis : r.others)
      sides += tile.of(axis) > 1;
    // Without a broadcast operand loads are the limit, and a short body is as good.
    return sides <= (shared || !r.folded.empty() ? 2 : 1) && (shared || tile.accumulators <= 14);
  }
};

/// Every size of every axis, as long as the registers last.
void enumerate(const Model &model, const std::vector<std::pair<std::string, int64_t>> &axes, size_t at, Tile tile,
               std::vector<Tile> &found) {
  if (at == axes.size()) {
    if (model.worth(tile)) {
      tile.score = model.score(tile);
      found.push_back(tile);
    }
    return;
  }
  const auto &[axis, most] = axes[at];
  const Axis *outer = model.nest.outerOf(axis);
  for (int64_t size = 1; size <= most && tile.accumulators * size <= model.machine.registers; ++size) {
    bool inBlock = outer && axis == model.r.lanes.axis;
    if (inBlock && most % size) // vectors of a block: all of it or an even share
      continue;
    if (axis == model.r.lanes.outer && size > 1 && tile.of(model.r.lanes.axis) * model.r.vector < model.r.lanes.extent)
      continue;
    Tile larger = tile;
    larger.accumulators *= size;
    if (size > 1)
      larger.sizes[axis] = size;
    enumerate(model, axes, at + 1, larger, found);
  }
}
} // namespace

bool Reduction::filled(const Operand &operand) const {
  if (!folded.empty())
    return stride(operand, folded) != 0;
  return stride(operand, lanes.axis) != 0 || (lanes.extent == 1 && stride(operand, lanes.outer) != 0);
}

const Operand *Reduction::broadcast() const {
  for (const Operand *operand : read)
    if (!filled(*operand))
      return operand;
  return nullptr;
}

int64_t Tile::of(const std::string &axis) const {
  auto found = sizes.find(axis);
  return found == sizes.end() ? 1 : found->second;
}

bool slides(const Operand &operand, const std::string &other, const std::string &reduced) {
  int64_t along = stride(operand, other), inner = stride(operand, reduced);
  return along && inner && along % inner == 0 && along / inner <= 4;
}

Reduction reductionOf(const Nest &nest, const Machine &machine) {
  Reduction r{nest.first(Kind::Heavy), lanesOf(nest), 1, "", {}, 1, 1, {}};
  r.taps = r.heavy->elements;
  for (const Operand &operand : nest.operands)
    if (operand.heavy)
      r.read.push_back(&operand);
  for (const std::string &name : r.heavy->reduce)
    r.taps *= nest.axis(name).extent;
  for (const Dim &dim : r.heavy->dims)
    r.scale *= dim.scale;
  r.folded = foldOf(nest, r, machine);
  r.vector = vectorFor(machine.lanes, r.folded.empty() ? r.lanes.extent : nest.axis(r.folded).extent);
  r.others = othersOf(nest, r);
  return r;
}

int64_t registersOf(const Nest &nest, const Reduction &r, const Tile &tile) {
  // The operand that fills vectors is held while the other is broadcast, one element at a time.
  int64_t held = 1;
  if (r.broadcast() && r.folded.empty()) {
    for (const Operand *operand : r.read)
      if (r.filled(*operand)) {
        int64_t vectors = 1;
        for (const auto &[axis, size] : tile.sizes)
          vectors *= stride(*operand, axis) ? size : 1;
        held = std::max(held, vectors);
      }
  } else {
    held = tile.vectors(r.lanes);
  }
  (void)nest;
  return tile.accumulators * r.scale * r.heavy->values + held + 1;
}

std::vector<Tile> tilesOf(const Nest &nest, const Machine &machine) {
  Reduction r = reductionOf(nest, machine);
  Model model{nest, machine, r};
  std::vector<std::pair<std::string, int64_t>> axes;
  if (r.folded.empty() && !r.lanes.axis.empty()) {
    int64_t most = r.others.empty() ? 8 : 4;
    axes.emplace_back(r.lanes.axis, std::min(most, r.lanes.extent / r.vector));
    if (!r.lanes.outer.empty())
      axes.emplace_back(r.lanes.outer, std::min(most, nest.axis(r.lanes.outer).extent));
  }
  for (const std::string &axis : r.others)
    axes.emplace_back(axis, std::min<int64_t>(28, nest.axis(axis).extent));
  std::vector<Tile> found;
  enumerate(model, axes, 0, {}, found);
  if (found.empty())
    found.push_back({});
  std::stable_sort(found.begin(), found.end(), [](const Tile &a, const Tile &b) { return a.score > b.score; });
  return found;
}
} // namespace kiln::schedule
