//===- SpaceTileRule.cpp - the schedule around a register tile --------------------------------------------------------===//
//
// KERNELS, "choosing the tile by rule": given the tile, when a sum is cut into chunks, which loops stand outside, what is unrolled.
// The sizes are bytes that stayed in the first or second cache on the machines where they were measured.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceRule.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
constexpr int64_t KB = 1 << 10;
/// Longer unrolled bodies compile slowly and run no faster.
constexpr int64_t longestBody = 224;

/// Sums that share the tile; they are not cut into chunks.
int64_t sumsOf(const Nest &nest) {
  return std::count_if(nest.stages.begin(), nest.stages.end(), [](const Stage &stage) { return stage.kind == Kind::Heavy; });
}

class TileRule {
public:
  TileRule(const Nest &nest, const Machine &machine, const Tile &tile)
      : nest(nest), machine(machine), tile(tile), r(reductionOf(nest, machine)), heavy(*r.heavy), wide(machine.lanes >= 16) {
    for (const Operand *operand : r.read)
      (r.filled(*operand) ? streamed : broadcast) = operand;
    // Weights: the operand that fills vectors and stays put along every other tiled axis.
    weights = streamed && broadcast && r.folded.empty();
    for (const std::string &axis : r.others)
      weights = weights && !stride(*streamed, axis);
    std::vector<std::string> sums = sumOrder(nest, heavy, {});
    deep = sums.empty() ? "" : sums.back();
    if (!deep.empty() && nest.axis(deep).inner.empty())
      deep = heavy.reduce.back();
    pointwise = !deep.empty() && r.taps == extent(deep) * (nest.axis(deep).inner.empty() ? 1 : extent(nest.axis(deep).inner));
    rowMajor = weights && stride(*broadcast, deep) == 1; // a matrix product with unpacked rows
    allWeights = r.taps * r.lanes.extent * (r.lanes.outer.empty() ? 1 : extent(r.lanes.outer)) * 4;
  }

  /// The slab's weights are far too many for a second cache, but this tile leaves a remainder, so that its sums cannot be cut.
  bool wantsWholeTiles() const { return wide && !wholeTiles() && chunkBytes() && slabBytes() > 256 * KB; }

  Schedule schedule() {
    put("vector", r.vector);
    if (!r.folded.empty())
      result.params["lanes"] = r.folded;
    for (const auto &[axis, size] : tile.sizes)
      put("tile_" + axis, size);
    chunk();
    order();
    blocks();
    sums();
    for (const Stage &stage : nest.stages)
      if (stage.kind == Kind::Prologue)
        prologue(stage);
    return result;
  }

private:
  const Nest &nest;
  const Machine &machine;
  const Tile &tile;
  Reduction r;
  const Stage &heavy;
  bool wide, weights = false, pointwise = false, rowMajor = false;
  const Operand *streamed = nullptr, *broadcast = nullptr;
  std::string deep; ///< the outermost loop of the sum, the one to chunk
  int64_t allWeights = 0;
  Schedule result{"tile", {}};

  int64_t extent(const std::string &axis) const { return nest.axis(axis).extent; }
  void put(const std::string &key, int64_t value) { result.params[key] = std::to_string(value); }

  bool wholeTiles() const {
    for (const std::string &axis : r.others)
      if (extent(axis) % tile.of(axis))
        return false;
    return true;
  }

  int64_t slabBytes() const { return r.taps * r.vector * 4 * tile.vectors(r.lanes); }

  /// Bytes of weights that one chunk may have; 0: the sum stays whole.
  int64_t chunkBytes() const {
    if (!weights || r.others.empty() || r.scale > 1 || heavy.values > 1 || sumsOf(nest) > 1)
      return 0;
    int64_t steps = extent(deep), slab = slabBytes();
    if (rowMajor)
      return steps > 2048 ? slab / ceilDiv(steps, 1024) : 0;
    if (!pointwise)
      return slab > (wide ? 256 * KB : 30 * KB) ? (wide ? 160 * KB : 20 * KB) : 0;
    if (wide)
      return allWeights > 512 * KB && slab > 48 * KB ? 32 * KB : 0;
    return slab > 16 * KB ? 8 * KB : 0;
  }

  /// Weights of one slab that do not fit a cache: sum up in chunks, the sums of the slab staying in cache between them.
  void chunk() {
    int64_t steps = deep.empty() ? 0 : extent(deep), limit = chunkBytes();
    if (!limit || !wholeTiles())
      return;
    int64_t sumsBytes = tile.vectors(r.lanes) * r.vector * 4;
    for (const std::string &axis : r.others)
      sumsBytes *= extent(axis);
    if (sumsBytes > machine.l2 / 2)
      return;
    int64_t chunk = std::clamp<int64_t>(limit / std::max<int64_t>(1, slabBytes() / steps), 1, steps);
    while (steps % chunk)
      --chunk;
    if (chunk < steps && chunk * r.taps / steps >= 16)
      put("chunk_" + deep, chunk);
  }

  void order() {
    std::vector<std::string> lanes, order = r.others;
    if (r.folded.empty() && !r.lanes.axis.empty())
      lanes.push_back(r.lanes.axis);
    if (r.folded.empty() && !r.lanes.outer.empty())
      lanes.push_back(r.lanes.outer);
    // Small pointwise weights stay in the second cache while the pixels stream by; else the pixels do.
    if (!broadcast && !lanes.empty()) // without weights to keep near, the way the result is stored
      for (const Dim &dim : nest.result().dims) {
        if (dim.axis == lanes.back())
          break;
        if (!contains(order, dim.axis) && !contains(lanes, dim.axis))
          order.push_back(dim.axis);
      }
    bool pixelsOutside = weights && pointwise && chunkedAxis(nest, result).empty() && !rowMajor && allWeights <= 512 * KB;
    order.insert(pixelsOutside ? order.begin() : order.end(), lanes.begin(), lanes.end());
    for (const Dim &dim : nest.result().dims)
      if (!contains(order, dim.axis))
        order.push_back(dim.axis);
    if (!order.empty())
      result.params["order"] = join(order);
  }

  /// Row-major products: blocks of rows that stay in the second cache, in even numbers for threads.
  void blocks() {
    if (!rowMajor || r.others.empty() || !chunkedAxis(nest, result).empty())
      return;
    const std::string &rows = r.others[0];
    int64_t tiles = ceilDiv(extent(rows), tile.of(rows)), perBlock = std::max<int64_t>(1, 112 / tile.of(rows));
    bool fits = extent(rows) * r.taps * 4 <= machine.l2 / 2;
    if (tiles > 2 * perBlock && !fits) {
      int64_t count = ceilDiv(ceilDiv(tiles, perBlock), 4) * 4;
      put("block_" + rows, ceilDiv(tiles, count) * tile.of(rows));
    }
    int64_t covered = tile.vectors(r.lanes) * r.vector, count = (4 << 20) / (4 * r.taps) / covered;
    if (allWeights > (4 << 20) && count > 0 && r.others.size() == 1) {
      std::string axis = r.lanes.outer.empty() ? r.lanes.axis : r.lanes.outer;
      int64_t unit = r.lanes.outer.empty() ? covered : tile.of(axis);
      if (count * unit < extent(axis) && tiles > 2 * perBlock)
        put("block_" + axis, count * unit);
    }
  }

  bool slidesOverTile(const std::string &reduced) const {
    for (const Operand *operand : r.read)
      for (const std::string &axis : r.others)
        if (tile.of(axis) > 1 && slides(*operand, axis, reduced))
          return true;
    return false;
  }

  /// Neighbours of a tiled axis skip elements of the broadcast operand.
  bool strided(const std::string &reduced) const {
    int64_t pixel = broadcast && weights ? stride(*broadcast, reduced) * extent(reduced) : 0;
    for (const std::string &axis : r.others)
      if (int64_t apart = tile.of(axis) > 1 && pixel ? stride(*broadcast, axis) : 0;
          apart > pixel && apart % pixel == 0 && apart / pixel <= 4)
        return true;
    return false;
  }

  /// The order of the sum, how much of it is unrolled, and partial sums where one would wait for the last.
  void sums() {
    std::vector<std::string> order = sumOrder(nest, heavy, {});
    if (order.empty())
      return;
    // Unrolling along a window makes the compiler keep the loads that copies share, and spill: the channels go inside.
    if (broadcast && slidesOverTile(order[0]))
      for (size_t i = 1; i < order.size(); ++i)
        if (!slidesOverTile(order[i]) && extent(order[i]) > 1 && extent(order[i]) <= 8) {
          std::rotate(order.begin(), order.begin() + i, order.begin() + i + 1);
          result.params["sum"] = join(order);
          break;
        }
    int64_t accumulators = tile.accumulators * r.scale * heavy.values, body = std::max<int64_t>(1, longestBody / accumulators);
    if (int64_t partial = partials(order[0], accumulators); partial > 1) {
      put("tile_" + order[0], partial);
      body = std::max<int64_t>(1, body / partial);
    }
    if (broadcast && streamed) {
      int64_t steady = 1;
      for (size_t i = 0; i < order.size() && !slidesOverTile(order[i]); ++i)
        steady *= extent(order[i]);
      body = std::min(body, steady);
    }
    if (broadcast && streamed && (extent(order[0]) > 8 || weights))
      body = std::min<int64_t>(body, extent(order[0]) > 8 ? 4 : 8);
    // A full tile over pixels that lie a stride apart, unrolled by 4: the compiler hoists weights and spills (76 % of peak; by 2: 96 %).
    if (strided(order[0]))
      body = std::min<int64_t>(body, 2);
    put("unroll", body);
  }

  int64_t partials(const std::string &reduced, int64_t accumulators) const {
    if (!chunkedAxis(nest, result).empty() || heavy.values > 1 || r.scale > 1)
      return 1;
    int64_t unit = r.folded == reduced ? r.vector : 1, steps = extent(reduced) / unit, most = 1;
    if (accumulators >= 8 || r.taps / unit < 32 || (!r.folded.empty() && r.folded != reduced))
      return 1;
    for (int64_t count = 2; count <= 8 && count * accumulators <= 8; ++count)
      if (steps % count == 0 && extent(reduced) % unit == 0)
        most = count;
    return most;
  }

  /// Stored once per outermost loop that it does not outlive; a band of rows when it runs over a tiled axis.
  void prologue(const Stage &stage) {
    std::vector<Loop> loops = loopsOf(nest, result);
    std::string where, banded;
    for (auto loop = loops.rbegin(); loop != loops.rend(); ++loop) {
      if (loop->trips == 1)
        continue;
      if (!runsOver(stage, loop->axis) || loop->axis == where)
        break;
      where = loop->axis;
    }
    for (const std::string &axis : r.others)
      if (runsOver(stage, axis))
        banded = axis;
    bool outermost = where.empty() || where == banded;
    if (!banded.empty() && outermost && chunkedAxis(nest, result).empty() && !result.params.count("block_" + banded)) {
      int64_t band = ceilDiv(8, tile.of(banded)) * tile.of(banded);
      if (band < extent(banded)) {
        put("block_" + banded, band);
        where = banded;
      }
    }
    if (!where.empty())
      result.params["at_" + stage.func] = where;
  }
};
} // namespace

Schedule tileSchedule(const Nest &nest, const Machine &machine, const Tile &tile) {
  return TileRule(nest, machine, tile).schedule();
}

Tile ruledTile(const Nest &nest, const Machine &machine) {
  std::vector<Tile> tiles = tilesOf(nest, machine);
  if (!TileRule(nest, machine, tiles[0]).wantsWholeTiles())
    return tiles[0];
  for (const Tile &tile : tiles)
    if (tile.score > 0.88 * tiles[0].score && !chunkedAxis(nest, tileSchedule(nest, machine, tile)).empty())
      return tile;
  return tiles[0];
}
} // namespace kiln::schedule
