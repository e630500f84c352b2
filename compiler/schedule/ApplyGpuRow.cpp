//===- ApplyGpuRow.cpp - rows on a GPU: a block takes a row's sums in parts and folds them ----------------------------===//
//
//   part[t, row]  thread t sums every threads-th element of the row      (shared memory)
//   few[f, row]   about sqrt(threads) threads fold as many parts each    (shared memory)
//   sum[row]      and one thread a row folds those                       (shared memory)
//   out           all threads walk the row's results, or one result a row is written
//
//===----------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/ApplyGpu.h"

namespace kiln::schedule {
using Halide::MemoryType;
using Halide::TailStrategy;

namespace {
class Rows {
public:
  Rows(const Nest &nest, Funcs &funcs, const Schedule &schedule)
      : nest(nest), funcs(funcs), out(funcs.at(nest.result().func)), row(gpuRowAxis(nest)),
        threads(int(schedule.get("threads", 32))), count(int(row.empty() ? 1 : schedule.get("tile_" + row, 1))),
        across(schedule.get("across", 0) != 0 && count > 1) {}

  void apply() {
    results();
    for (const Stage &stage : nest.stages)
      if (stage.kind == Kind::Heavy || stage.kind == Kind::Statistic)
        fold(stage);
  }

private:
  /// Loops from the inside: part, then row; or the other way round.
  template <class Definition> void inThreads(Definition definition, std::vector<VarOrRVar> inside, const Var &part, const Var *of) {
    std::vector<VarOrRVar> loops;
    if (of && across)
      loops.push_back(*of);
    loops.push_back(part);
    if (of && !across)
      loops.push_back(*of);
    inside.insert(inside.end(), loops.begin(), loops.end());
    if (inside.size() > 1)
      definition.reorder(inside);
    for (const VarOrRVar &loop : loops)
      definition.gpu_threads(loop);
  }

  void results() {
    std::vector<std::string> rows = gpuRowAxes(nest);
    std::vector<Var> args = out.args(), along, blocks;
    Var within("within"), first("first"), part("part"), rest("rest"), every("every");
    const Var *of = nullptr;
    int64_t length = 1;
    for (size_t i = 0; i < args.size(); ++i) {
      const std::string &axis = nest.result().dims[i].axis;
      if (!contains(rows, axis)) {
        along.push_back(args[i]);
        length *= nest.axis(axis).extent;
      } else if (axis == row && count > 1) {
        bool even = nest.axis(axis).extent % count == 0;
        out.split(args[i], first, within, count, even ? TailStrategy::RoundUp : TailStrategy::ShiftInwards);
        blocks.push_back(first);
        of = &within;
      } else {
        blocks.push_back(args[i]);
      }
    }
    Var all = along.empty() ? Var() : fusedGpu(out, along, "along");
    if (blocks.empty()) { // one row in all
      out.split(all, first, every, int(length), TailStrategy::RoundUp);
      blocks.push_back(first);
      all = every;
    }
    block = fusedGpu(out, blocks, "blocks");
    std::vector<VarOrRVar> inside, loops;
    if (!along.empty()) {
      out.split(all, rest, part, threads, length % threads ? TailStrategy::GuardWithIf : TailStrategy::RoundUp);
      inside = {rest};
      loops = {part};
    }
    if (of)
      loops.insert(across ? loops.begin() : loops.end(), *of);
    inside.insert(inside.end(), loops.begin(), loops.end());
    inside.emplace_back(block);
    if (inside.size() > 1)
      out.reorder(inside);
    out.gpu_blocks(block);
    for (const VarOrRVar &loop : loops)
      out.gpu_threads(loop);
  }

  void atBlock(Func func) { func.compute_at(out, block).store_in(MemoryType::GPUShared); }

  void fold(const Stage &stage) {
    Func sum = funcs.at(stage.func);
    std::vector<Var> args = sum.args();
    const Var *of = nullptr;
    for (size_t i = 0; i < args.size(); ++i)
      if (stage.dims[i].axis == row && count > 1)
        of = &args[i];
    std::vector<RVar> loops = sum.rvars(0);
    RVar all = loops[0];
    int64_t length = nest.axis(stage.reduce[0]).extent;
    for (size_t i = 1; i < loops.size(); ++i) {
      RVar both(stage.func + "_r" + std::to_string(i));
      sum.update().fuse(all, loops[i], both);
      all = both;
      length *= nest.axis(stage.reduce[i]).extent;
    }
    RVar outer(stage.func + "_o"), inner(stage.func + "_i");
    Var part(stage.func + "_p");
    sum.update().split(all, outer, inner, threads, length % threads ? TailStrategy::GuardWithIf : TailStrategy::Auto);
    Func parts = sum.update().rfactor(inner, part);
    atBlock(parts);
    inThreads(parts, {}, part, of);
    std::vector<VarOrRVar> inside;
    for (const RVar &loop : parts.rvars(0))
      inside.emplace_back(loop);
    inThreads(parts.update(), inside, part, of);
    int few = 1;
    while (few * few < threads)
      few *= 2;
    if (few > 2) {
      RVar most(stage.func + "_m"), least(stage.func + "_l");
      Var some(stage.func + "_f");
      sum.update().split(sum.rvars(0)[0], most, least, few, TailStrategy::Auto);
      Func fewer = sum.update().rfactor(least, some);
      atBlock(fewer);
      inThreads(fewer, {}, some, of);
      inThreads(fewer.update(), {VarOrRVar(fewer.rvars(0)[0])}, some, of);
    }
    atBlock(sum);
    if (of) {
      sum.gpu_threads(*of);
      sum.update().reorder(VarOrRVar(sum.rvars(0)[0]), VarOrRVar(*of)).gpu_threads(*of);
    }
  }

  const Nest &nest;
  Funcs &funcs;
  Func out;
  std::string row;
  int threads, count;
  bool across;
  Var block{"block"};
};
} // namespace

void applyGpuRow(const Nest &nest, Funcs &funcs, const Schedule &schedule) { Rows(nest, funcs, schedule).apply(); }
} // namespace kiln::schedule
