//===- ApplyGpuRow.cpp - rows on a GPU: a block takes a row's sums in parts and folds them ----------------------------===//
//
// Rows that lie across (neighbours are next to each other in memory), numbers of 64 bits, and devices without shuffles: a thread a row and
// part, and what they make meets in shared memory.
//
//   part[t, row]  thread t sums every threads-th element of the row      (shared memory)
//   sum[row]      one thread a row folds those                           (shared memory)
//   out           all threads walk the row's results, or one result a row is written
//
// Rows that lie along: a warp's lanes fold by shuffles. A row of one warp needs no shared memory and no barrier.
//
//   part[l, w]    lane l of warp w sums every threads-th element         (registers)
//   pairs[l, w]   lanes take what those 16, 8, 4, 2, 1 further on hold, too: lane 0 has all in the end (registers, by shuffle)
//   warp[w]       the last of them, where a row has several warps        (shared memory)
//   sum           whoever reads it folds those few itself                (registers)
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyGpu.h"

namespace kiln::schedule {
using namespace Halide::Internal;
using Halide::Expr;
using Halide::MemoryType;
using Halide::TailStrategy;

namespace {
constexpr int lanes = 32;

bool calls(const Func &caller, const Func &callee) { return find_direct_calls(caller.function()).count(callee.name()) != 0; }

bool sums(const Stage &stage) { return stage.kind == Kind::Heavy || stage.kind == Kind::Statistic; }

/// A sum's step with other values: for what it holds before, and for the part that it takes.
struct Step : IRGraphMutator {
  using IRGraphMutator::visit;
  const std::string &sum, &part;
  const std::vector<Expr> &before, &more;
  Step(const std::string &sum, const std::string &part, const std::vector<Expr> &before, const std::vector<Expr> &more)
      : sum(sum), part(part), before(before), more(more) {}
  Expr visit(const Call *call) override {
    return call->name == sum    ? before.at(call->value_index)
           : call->name == part ? more.at(call->value_index)
                                : IRGraphMutator::visit(call);
  }
};

/// What both ways have in common: the result's loops, and a sum whose variables are one, cut into `threads` parts.
class Rows {
public:
  Rows(const Nest &nest, Funcs &funcs, const Schedule &schedule)
      : nest(nest), funcs(funcs), out(funcs.at(nest.result().func)), row(gpuRowAxis(nest)),
        threads(int(schedule.get("threads", lanes))), count(int(row.empty() ? 1 : schedule.get("tile_" + row, 1))) {
    std::vector<std::string> rows = gpuRowAxes(nest);
    std::vector<Var> args = out.args(), along, blocks;
    Var first("first"), single("single");
    for (size_t i = 0; i < args.size(); ++i) {
      const std::string &axis = nest.result().dims[i].axis;
      if (!contains(rows, axis)) {
        along.push_back(args[i]);
        length *= nest.axis(axis).extent;
      } else if (axis == row && count > 1) {
        bool even = nest.axis(axis).extent % count == 0;
        out.split(args[i], first, within, count, even ? TailStrategy::RoundUp : TailStrategy::ShiftInwards);
        blocks.push_back(first);
      } else {
        blocks.push_back(args[i]);
      }
    }
    walks = !along.empty();
    if (!walks && count > 1) {
      out.split(within, within, writer, 1, TailStrategy::RoundUp);
    } else if (!walks) {
      out.split(blocks[0], single, writer, 1, TailStrategy::RoundUp);
      blocks[0] = single;
    } else {
      all = fusedGpu(out, along, "along");
    }
    if (blocks.empty()) { // one row in all
      Var every("every");
      out.split(all, first, every, int(length), TailStrategy::RoundUp);
      blocks.push_back(first);
      all = every;
    }
    block = fusedGpu(out, blocks, "blocks");
  }

protected:
  /// The row's loop of a stage, where a block takes several.
  const Var *rowOf(const Stage &stage, const std::vector<Var> &args) const {
    for (size_t i = 0; i < stage.dims.size(); ++i)
      if (stage.dims[i].axis == row && count > 1)
        return &args[i];
    return nullptr;
  }

  /// Part `inner` of the sum takes every threads-th step.
  RVar cut(const Stage &stage, Func sum) const {
    std::vector<RVar> loops = sum.rvars(0);
    RVar fused = loops[0], outer(stage.func + "_o"), inner(stage.func + "_i");
    int64_t steps = nest.axis(stage.reduce[0]).extent;
    for (size_t i = 1; i < loops.size(); ++i) {
      RVar both(stage.func + "_r" + std::to_string(i));
      sum.update().fuse(fused, loops[i], both);
      fused = both;
      steps *= nest.axis(stage.reduce[i]).extent;
    }
    sum.update().split(fused, outer, inner, threads, steps % threads ? TailStrategy::GuardWithIf : TailStrategy::Auto);
    return inner;
  }

  void blocksOf(const std::vector<VarOrRVar> &inside) {
    std::vector<VarOrRVar> order = inside;
    order.emplace_back(block);
    if (order.size() > 1)
      out.reorder(order);
    out.gpu_blocks(block);
  }

  const Nest &nest;
  Funcs &funcs;
  Func out;
  std::string row;
  int threads, count;
  int64_t length = 1; ///< of what the threads walk
  bool walks;
  Var block, all, within{"within"}, rest{"rest"}, part{"part"};
  Var writer{"writer"}; ///< where there is nothing to walk: a loop of one
};

class Across : Rows {
public:
  Across(const Nest &nest, Funcs &funcs, const Schedule &schedule) : Rows(nest, funcs, schedule) {
    std::vector<VarOrRVar> inside, loops;
    if (count > 1)
      loops.emplace_back(within);
    if (walks) {
      out.split(all, rest, part, threads, length % threads ? TailStrategy::GuardWithIf : TailStrategy::RoundUp);
      inside = {rest};
      loops.emplace_back(part);
    } else {
      inside = {writer};
    }
    inside.insert(inside.end(), loops.begin(), loops.end());
    blocksOf(inside);
    for (const VarOrRVar &loop : loops)
      out.gpu_threads(loop);
    for (const Stage &stage : nest.stages)
      if (sums(stage))
        fold(stage);
  }

private:
  template <class Definition>
  static void inThreads(Definition definition, std::vector<VarOrRVar> inside, const Var &part, const Var *of) {
    if (of)
      inside.emplace_back(*of);
    inside.emplace_back(part);
    if (inside.size() > 1)
      definition.reorder(inside);
    if (of)
      definition.gpu_threads(*of);
    definition.gpu_threads(part);
  }

  void atBlock(Func func) { func.compute_at(out, block).store_in(MemoryType::GPUShared); }

  void fold(const Stage &stage) {
    Func sum = funcs.at(stage.func);
    std::vector<Var> args = sum.args();
    const Var *of = rowOf(stage, args);
    Var part(stage.func + "_p");
    Func parts = sum.update().rfactor(cut(stage, sum), part);
    atBlock(parts);
    inThreads(parts, {}, part, of);
    std::vector<VarOrRVar> inside;
    for (const RVar &loop : parts.rvars(0))
      inside.emplace_back(loop);
    inThreads(parts.update(), inside, part, of);
    atBlock(sum);
    if (of) {
      sum.gpu_threads(*of);
      sum.update().reorder(VarOrRVar(sum.rvars(0)[0]), VarOrRVar(*of)).gpu_threads(*of);
    }
  }
};

class Along : Rows {
public:
  Along(const Nest &nest, Funcs &funcs, const Schedule &schedule)
      : Rows(nest, funcs, schedule), warps(threads / lanes), shared(warps > 1 || !walks) {
    results();
    std::vector<Folded> before;
    for (const Stage &stage : nest.stages)
      if (sums(stage))
        before.push_back(fold(stage, before));
    for (const Folded &fold : before)
      if (calls(out, fold.sum))
        putInto(out, fold).compute_at(out, lane);
  }

private:
  void results() {
    std::vector<VarOrRVar> inside, loops;
    if (walks) {
      out.split(all, rest, part, threads, length % threads ? TailStrategy::GuardWithIf : TailStrategy::RoundUp);
      if (warps > 1) {
        out.split(part, warp, lane, lanes, TailStrategy::RoundUp);
        loops = {warp};
      } else {
        lane = part;
      }
      inside = {rest, lane};
    } else {
      lane = writer;
      inside = {lane};
    }
    if (count > 1)
      loops.emplace_back(within);
    inside.insert(inside.end(), loops.begin(), loops.end());
    blocksOf(inside);
    out.gpu_lanes(lane);
    for (const VarOrRVar &loop : loops)
      out.gpu_threads(loop);
  }

  /// A sum once its lanes are folded: of each warp the first holds what all make.
  struct Folded {
    Func sum, parts, last;
  };

  using Values = std::vector<Expr>;
  static Values valuesOf(const Func &func, const std::vector<Expr> &at) {
    if (func.outputs() == 1)
      return {func(at)};
    Values values;
    for (int i = 0; i < func.outputs(); ++i)
      values.emplace_back(Halide::FuncRef(func(at))[i]);
    return values;
  }
  static Values both(const Folded &of, const Values &a, const Values &b) {
    const std::string sum = of.sum.name(), parts = of.parts.name();
    Step step(sum, parts, a, b);
    Values values = of.sum.update_values(0).as_vector();
    for (Expr &e : values)
      e = step.mutate(e);
    return values;
  }

  Folded fold(const Stage &stage, const std::vector<Folded> &before) {
    Folded made;
    made.sum = funcs.at(stage.func);
    const std::string &name = stage.func;
    RVar steps = cut(stage, made.sum);
    Var lane(name + "_p"), warp(name + "_v");
    if (warps > 1) {
      RVar left(name + "_w"), within(name + "_l");
      made.sum.update().split(steps, left, within, lanes, TailStrategy::Auto);
      made.parts = made.sum.update().rfactor({{within, lane}, {left, warp}});
    } else {
      made.parts = made.sum.update().rfactor(steps, lane);
    }
    std::vector<Var> args = made.parts.args();
    std::vector<Func> levels;
    made.last = made.parts;
    for (int half = lanes / 2; half >= 1; half /= 2) {
      std::vector<Expr> own(args.begin(), args.end()), other = own;
      for (size_t i = 0; i < args.size(); ++i)
        if (args[i].name() == lane.name())
          other[i] = Halide::min(lane + half, lanes - 1);
      Func level(name + "_" + std::to_string(half));
      level(args) = Halide::Tuple(both(made, valuesOf(made.last, own), valuesOf(made.last, other)));
      level.bound_extent(lane, lanes);
      levels.push_back(level);
      made.last = level;
    }
    Halide::LoopLevel place(out, count > 1 ? within : block);
    if (shared) {
      place = toShared(stage, made.last, lane, warp);
      levels.pop_back();
    }
    for (Func level : levels)
      level.compute_at(place).store_in(MemoryType::Register).gpu_lanes(lane);
    for (const Folded &earlier : before)
      if (calls(made.parts, earlier.sum))
        putInto(made.parts, earlier).compute_at(made.parts, lane);
    made.parts.compute_at(place).store_in(MemoryType::Register).gpu_lanes(lane);
    std::vector<RVar> loops = made.parts.rvars(0);
    std::vector<VarOrRVar> order(loops.begin(), loops.end());
    order.emplace_back(lane);
    made.parts.update().reorder(order).gpu_lanes(lane);
    return made;
  }

  Halide::LoopLevel toShared(const Stage &stage, Func last, const Var &lane, const Var &warp) {
    std::vector<Var> args = last.args();
    std::vector<VarOrRVar> order = {lane};
    const Var *of = rowOf(stage, args);
    if (warps > 1)
      order.emplace_back(warp);
    if (of)
      order.emplace_back(*of);
    last.compute_at(out, block).store_in(MemoryType::GPUShared).gpu_lanes(lane);
    if (order.size() > 1)
      last.reorder(order);
    for (size_t i = 1; i < order.size(); ++i)
      last.gpu_threads(order[i]);
    return order.size() > 1 ? Halide::LoopLevel(last, warps > 1 ? warp : *of) : Halide::LoopLevel(out, block);
  }

  /// The whole sum as `reader` sees it: its warps' sums, folded.
  Func putInto(const Func &reader, const Folded &of) const {
    std::vector<Expr> at;
    for (const Var &arg : of.sum.args())
      at.emplace_back(arg);
    auto ofWarp = [&](int warp) {
      std::vector<Expr> place = at;
      place.emplace_back(0);
      if (warps > 1)
        place.emplace_back(warp);
      return valuesOf(of.last, place);
    };
    Values values = ofWarp(0);
    for (int warp = 1; warp < warps; ++warp)
      values = both(of, values, ofWarp(warp));
    Func all(of.sum.name() + "_all");
    all(of.sum.args()) = Halide::Tuple(values);
    Function function = reader.function();
    function.substitute_calls(of.sum.function(), all.function());
    return all;
  }

  int warps;
  bool shared; ///< a row's last sums meet in shared memory
  Var lane{"lane"}, warp{"warp"};
};
} // namespace

void applyGpuRow(const Nest &nest, Funcs &funcs, const Schedule &schedule) {
  std::string row = gpuRowAxis(nest);
  bool across = schedule.get("across", 0) && !row.empty() && schedule.get("tile_" + row, 1) > 1;
  across |= schedule.text("shuffles", "") == "none";
  for (const Stage &stage : nest.stages)
    if (sums(stage))
      for (const Halide::Type &type : funcs.at(stage.func).types())
        across |= type.bits() > 32; // Halide shuffles no wider numbers
  if (across)
    Across(nest, funcs, schedule);
  else
    Along(nest, funcs, schedule);
}
} // namespace kiln::schedule
