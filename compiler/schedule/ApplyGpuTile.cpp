//===- ApplyGpuTile.cpp - products on a GPU: tiles of a block, staged in shared memory --------------------------------===//
//
// A block makes tile_x by tile_y results. Its accumulators are all its threads' registers (RegisterTiles gives each thread its own);
// thread (xt, yt) owns pieces of four by four, tile/pieces apart, so that neighbouring threads read neighbouring vectors of shared memory.
// Both factors of chunk steps of the sum are staged at a time; Pipelined overlaps the next step's loads with this one's arithmetic.
// With slices, each chunk is shared out: slices times as many threads sum a part of its steps each, and meet in shared memory at the end.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyGpu.h"

namespace kiln::schedule {
using Halide::MemoryType;
using Halide::TailStrategy;

namespace {
constexpr int piece = 4, turned = 16;

class Tile {
public:
  Tile(const Nest &nest, Funcs &funcs, const Schedule &schedule)
      : nest(nest), product(gpuProduct(nest)), schedule(schedule), out(funcs.at(nest.result().func)),
        sum(funcs.at(product.sum->func)), across(funcs.at(product.across->func)), down(funcs.at(product.down->func)),
        tileX(size("tile_", product.x)), tileY(size("tile_", product.y)), threadsX(tileX / size("thread_", product.x)),
        threadsY(tileY / size("thread_", product.y)), chunk(size("chunk_", product.k)), slices(size("slices_", product.k)) {}

  void apply() {
    results();
    sums();
    stage(across, *product.across, product.x, tileX);
    stage(down, *product.down, product.y, tileY);
  }

private:
  int size(const std::string &key, const std::string &axis) const { return int(schedule.get(key + axis, 1)); }
  static Var argument(Func func, const Stage &stage, const std::string &axis) {
    size_t i = 0;
    while (stage.dims[i].axis != axis)
      ++i;
    return func.args()[i];
  }

  struct Pieces {
    Var first, piece, thread, element;
  };
  static Pieces named(const std::string &name) {
    return {Var(name + "_first"), Var(name + "_piece"), Var(name + "_thread"), Var(name + "_element")};
  }

  void results() {
    Pieces x = named("x"), y = named("y");
    auto split = [&](const std::string &axis, Pieces &p, int tile, int threads) {
      Var arg = argument(out, nest.result(), axis), rest(arg.name() + "_rest"), within(arg.name() + "_within");
      int64_t extent = nest.axis(axis).extent;
      // Whole pieces are cut off together at the edge; where a piece itself is cut, each element is held against it.
      TailStrategy tail = extent % tile == 0 ? TailStrategy::RoundUp : TailStrategy::GuardWithIf;
      if (extent % piece == 0) {
        out.split(arg, rest, p.element, piece, TailStrategy::RoundUp).split(rest, p.first, within, tile / piece, tail);
      } else {
        out.split(arg, p.first, within, tile, tail).split(within, within, p.element, piece, TailStrategy::RoundUp);
      }
      out.split(within, p.piece, p.thread, threads, TailStrategy::RoundUp);
    };
    split(product.x, x, tileX, threadsX);
    split(product.y, y, tileY, threadsY);
    std::vector<VarOrRVar> order = {x.element, y.element, x.piece, y.piece, x.thread, y.thread, x.first, y.first};
    std::vector<Var> grid;
    for (const std::string &axis : product.grid)
      grid.push_back(argument(out, nest.result(), axis));
    block = x.first;
    row = y.element;
    Var rows = y.first;
    grid.insert(grid.begin(), rows);
    int64_t rowsOfBlocks = ceilDiv(nest.axis(product.y).extent, int64_t(tileY));
    for (const std::string &axis : product.grid)
      rowsOfBlocks *= nest.axis(axis).extent;
    if (rowsOfBlocks <= gpuMostBlocksDown) {
      Var all = fusedGpu(out, grid, "grid");
      order.back() = all;
      out.reorder(order).gpu_blocks(x.first, all);
    } else {
      grid.insert(grid.begin(), x.first);
      block = fusedGpu(out, grid, "grid");
      order.pop_back();
      order.back() = block;
      out.reorder(order).gpu_blocks(block);
    }
    out.gpu_threads(x.thread, y.thread);
    if (schedule.get("vector", 1) > 1 && loadsVectors(nest, schedule, ""))
      out.vectorize(x.element);
    else
      out.unroll(x.element);
    out.unroll(y.element).unroll(x.piece).unroll(y.piece);
  }

  void sums() {
    Var ax = argument(sum, *product.sum, product.x), ay = argument(sum, *product.sum, product.y);
    std::vector<RVar> loops = sum.rvars(0);
    RVar outer("k_outer"), inner("k_inner");
    sum.update().split(loops[0], outer, inner, chunk, TailStrategy::Auto);
    if (slices > 1)
      inner = sliced(inner, ax);
    sum.compute_at(out, block).store_in(MemoryType::Register).bound_extent(ax, tileX).bound_extent(ay, tileY);
    auto pieces = [&](auto definition, const Pieces &x, const Pieces &y) {
      definition.split(ax, x.first, x.element, piece, TailStrategy::RoundUp)
          .split(x.first, x.piece, x.thread, threadsX, TailStrategy::RoundUp);
      definition.split(ay, y.first, y.element, piece, TailStrategy::RoundUp)
          .split(y.first, y.piece, y.thread, threadsY, TailStrategy::RoundUp);
    };
    auto finish = [&](auto definition, const Pieces &x, const Pieces &y) {
      if (slices > 1)
        definition.gpu_threads(x.thread, y.thread, slice);
      else
        definition.gpu_threads(x.thread, y.thread);
      definition.vectorize(x.element).unroll(y.element).unroll(x.piece).unroll(y.piece);
    };
    auto whole = [&](Func func) {
      Pieces x = named("sx"), y = named("sy");
      pieces(func, x, y);
      std::vector<VarOrRVar> order = {x.element, y.element, x.piece, y.piece, x.thread, y.thread};
      if (slices > 1)
        order.emplace_back(slice);
      func.reorder(order);
      finish(func, x, y);
    };
    whole(sum);
    if (slices > 1) {
      met.compute_at(out, block).store_in(MemoryType::GPUShared).bound_extent(ax, tileX).bound_extent(ay, tileY);
      met.align_storage(ax, tileX + tilePadding);
      whole(met);
    }
    auto update = sum.update();
    step = outer;
    for (size_t i = 1; i < loops.size(); ++i) {
      RVar both("k_outer" + std::to_string(i));
      update.fuse(step, loops[i], both);
      step = both;
    }
    Pieces x = named("sx"), y = named("sy");
    pieces(update, x, y);
    std::vector<VarOrRVar> order = {x.element, y.element, x.piece, y.piece, inner, x.thread, y.thread};
    if (slices > 1)
      order.emplace_back(slice);
    order.emplace_back(step);
    update.reorder(order);
    finish(update, x, y);
    update.unroll(inner);
  }

  /// From here on `sum` is what a thread sums of its slice of each chunk, `met` that in shared memory, and the sum itself is taken over
  /// the slices where a result is made. Returns the loop over a slice's steps.
  RVar sliced(const RVar &inner, const Var &ax) {
    RVar part("k_slice"), within("k_within");
    Func all = sum;
    all.update().split(inner, within, part, slices, TailStrategy::Auto);
    sum = all.update().rfactor(part, slice);
    met = sum.in();
    all.compute_at(out, row).bound_extent(ax, piece).vectorize(ax, piece, TailStrategy::RoundUp);
    all.update().reorder(ax, part).vectorize(ax, piece, TailStrategy::RoundUp).unroll(part);
    return within;
  }

  /// `factor`, [axis][k] of a tile, is loaded by all threads along what is contiguous and stored with the axis innermost.
  void stage(Func factor, const Stage &of, const std::string &axis, int tile) {
    Var along = argument(factor, of, axis), steps = argument(factor, of, product.k);
    bool byAxis = of.neighbours.at(axis) >= of.neighbours.at(product.k), vectors = false;
    const Var &first = byAxis ? along : steps, &second = byAxis ? steps : along;
    int threads = threadsX * threadsY * slices, loads = tile * chunk / threads;
    std::vector<Var> storage = {along, steps};
    for (const Var &arg : factor.args())
      if (arg.name() != along.name() && arg.name() != steps.name())
        storage.push_back(arg);
    factor.compute_at(sum, step)
        .store_in(MemoryType::GPUShared)
        .reorder_storage(storage)
        .bound_extent(along, tile)
        .bound_extent(steps, chunk);
    if (!byAxis || (slices > 1 && tile % 32 == 0)) // the rows that a warp reads at once begin in other banks
      factor.align_storage(along, tile + tilePadding);
    const std::string &inner = byAxis ? axis : product.k;
    vectors = contiguous(nest, of, inner) && loadsVectors(nest, schedule, of.func) && nest.axis(inner).extent % piece == 0 &&
              loads % piece == 0 && (byAxis ? tile : chunk) % piece == 0;
    Var element("element"), rest("rest"), all("all"), load("load"), thread("thread"), tx("tx"), ty("ty"), tz("tz");
    std::vector<VarOrRVar> order;
    Var run = first, runs("runs");
    bool cut =
        !byAxis && chunk > turned; // neighbours of so many steps, then the next row: columns of shared memory would meet in a bank
    if (cut)
      factor.split(first, runs, run = Var("run"), turned, TailStrategy::RoundUp);
    if (vectors) {
      factor.split(run, rest, element, piece, TailStrategy::RoundUp).vectorize(element);
      order.emplace_back(element);
      run = rest;
    }
    factor.fuse(run, second, all);
    if (cut)
      factor.fuse(all, runs, all);
    factor.split(all, load, thread, threads, TailStrategy::RoundUp).split(thread, ty, tx, threadsX, TailStrategy::RoundUp);
    order.insert(order.end(), {tx, ty});
    if (slices > 1) {
      factor.split(ty, tz, ty, threadsY, TailStrategy::RoundUp);
      order.emplace_back(tz);
    }
    order.emplace_back(load);
    factor.reorder(order).unroll(load);
    if (slices > 1)
      factor.gpu_threads(tx, ty, tz);
    else
      factor.gpu_threads(tx, ty);
  }

  const Nest &nest;
  GpuProduct product;
  const Schedule &schedule;
  Func out, sum, met, across, down;
  int tileX, tileY, threadsX, threadsY, chunk, slices;
  Var block, row, slice{"slice"};
  RVar step;
};
} // namespace

void applyGpuTile(const Nest &nest, Funcs &funcs, const Schedule &schedule) { Tile(nest, funcs, schedule).apply(); }
} // namespace kiln::schedule
