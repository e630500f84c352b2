//===- ApplyGpuTile.cpp - products on a GPU: tiles of a block, staged in shared memory --------------------------------===//
//
// A block makes tile_x by tile_y results. Its accumulators are all its threads' registers (RegisterTiles gives each thread its own);
// thread (xt, yt) owns pieces of four by four, tile/pieces apart, so that neighbouring threads read neighbouring vectors of shared memory.
// Both factors of chunk steps of the sum are staged at a time; Pipelined overlaps the next step's loads with this one's arithmetic.
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyGpu.h"

namespace kiln::schedule {
using Halide::MemoryType;
using Halide::TailStrategy;

namespace {
constexpr int piece = 4;

class Tile {
public:
  Tile(const Nest &nest, Funcs &funcs, const Schedule &schedule)
      : nest(nest), product(gpuProduct(nest)), schedule(schedule), out(funcs.at(nest.result().func)),
        sum(funcs.at(product.sum->func)), across(funcs.at(product.across->func)), down(funcs.at(product.down->func)),
        tileX(size("tile_", product.x)), tileY(size("tile_", product.y)), threadsX(tileX / size("thread_", product.x)),
        threadsY(tileY / size("thread_", product.y)), chunk(size("chunk_", product.k)) {}

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
    sum.compute_at(out, block).store_in(MemoryType::Register).bound_extent(ax, tileX).bound_extent(ay, tileY);
    auto pieces = [&](auto definition, const Pieces &x, const Pieces &y) {
      definition.split(ax, x.first, x.element, piece, TailStrategy::RoundUp)
          .split(x.first, x.piece, x.thread, threadsX, TailStrategy::RoundUp);
      definition.split(ay, y.first, y.element, piece, TailStrategy::RoundUp)
          .split(y.first, y.piece, y.thread, threadsY, TailStrategy::RoundUp);
    };
    auto finish = [&](auto definition, const Pieces &x, const Pieces &y) {
      definition.gpu_threads(x.thread, y.thread).vectorize(x.element).unroll(y.element).unroll(x.piece).unroll(y.piece);
    };
    Pieces x = named("sx"), y = named("sy");
    pieces(sum, x, y);
    sum.reorder(x.element, y.element, x.piece, y.piece, x.thread, y.thread);
    finish(sum, x, y);
    std::vector<RVar> loops = sum.rvars(0);
    RVar outer("k_outer"), inner("k_inner");
    auto update = sum.update();
    update.split(loops[0], outer, inner, chunk, TailStrategy::Auto);
    step = outer;
    for (size_t i = 1; i < loops.size(); ++i) {
      RVar both("k_outer" + std::to_string(i));
      update.fuse(step, loops[i], both);
      step = both;
    }
    pieces(update, x, y);
    update.reorder({x.element, y.element, x.piece, y.piece, inner, x.thread, y.thread, step});
    finish(update, x, y);
    update.unroll(inner);
  }

  /// `factor`, [axis][k] of a tile, is loaded by all threads along what is contiguous and stored with the axis innermost.
  void stage(Func factor, const Stage &of, const std::string &axis, int tile) {
    Var along = argument(factor, of, axis), steps = argument(factor, of, product.k);
    bool byAxis = !contiguous(nest, of, product.k), vectors = false;
    const Var &first = byAxis ? along : steps, &second = byAxis ? steps : along;
    int threads = threadsX * threadsY, loads = tile * chunk / threads;
    std::vector<Var> storage = {along, steps};
    for (const Var &arg : factor.args())
      if (arg.name() != along.name() && arg.name() != steps.name())
        storage.push_back(arg);
    factor.compute_at(sum, step)
        .store_in(MemoryType::GPUShared)
        .reorder_storage(storage)
        .bound_extent(along, tile)
        .bound_extent(steps, chunk);
    if (!byAxis)
      factor.align_storage(along, tile + piece);
    const std::string &inner = byAxis ? axis : product.k;
    vectors = contiguous(nest, of, inner) && loadsVectors(nest, schedule, of.func) && nest.axis(inner).extent % piece == 0 &&
              loads % piece == 0 && (byAxis ? tile : chunk) % piece == 0;
    Var element("element"), rest("rest"), all("all"), load("load"), thread("thread"), tx("tx"), ty("ty");
    std::vector<VarOrRVar> order;
    if (vectors) {
      factor.split(first, rest, element, piece, TailStrategy::RoundUp).fuse(rest, second, all).vectorize(element);
      order.emplace_back(element);
    } else {
      factor.fuse(first, second, all);
    }
    factor.split(all, load, thread, threads, TailStrategy::RoundUp).split(thread, ty, tx, threadsX, TailStrategy::RoundUp);
    order.insert(order.end(), {tx, ty, load});
    factor.reorder(order).gpu_threads(tx, ty).unroll(load);
  }

  const Nest &nest;
  GpuProduct product;
  const Schedule &schedule;
  Func out, sum, across, down;
  int tileX, tileY, threadsX, threadsY, chunk;
  Var block;
  RVar step;
};
} // namespace

void applyGpuTile(const Nest &nest, Funcs &funcs, const Schedule &schedule) { Tile(nest, funcs, schedule).apply(); }
} // namespace kiln::schedule
