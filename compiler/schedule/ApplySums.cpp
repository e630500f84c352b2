//===- ApplySums.cpp - accumulators in registers, and sums along the lanes --------------------------------------------===//
#include "compiler/schedule/ApplyLoops.h"
#include <algorithm>

namespace kiln::schedule {
namespace {
using Halide::TailStrategy;

/// Whole loops while they fit the copies that `unroll` allows, then a divisor of the next one.
void unrollSum(Halide::Stage update, const std::vector<SumLoop> &sum, int64_t copies) {
  for (const SumLoop &loop : sum) {
    if (copies <= 1)
      return;
    if (loop.extent <= copies) {
      if (loop.extent > 1)
        update.unroll(loop.var);
      copies /= loop.extent;
      continue;
    }
    int64_t factor = std::min<int64_t>(copies, 8);
    while (loop.extent % factor)
      --factor;
    if (factor > 1)
      update.unroll(loop.var, int(factor));
    return;
  }
}
} // namespace

std::vector<size_t> lanesFirst(const Nest &nest, const Stage &stage) {
  Lanes lanes = lanesOf(nest);
  std::vector<size_t> order;
  auto rank = [&](size_t i) {
    const std::string &axis = stage.dims[i].axis;
    if (axis == lanes.axis)
      return 0;
    if (axis == lanes.outer)
      return 1;
    // Inside: the axes along which the broadcast operand stays put, so that one broadcast serves them all.
    for (const Operand &operand : nest.operands)
      if (operand.heavy && !stride(operand, lanes.axis) && stride(operand, axis))
        return 3;
    return 2;
  };
  for (size_t i = 0; i < stage.dims.size(); ++i)
    order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rank(a) < rank(b); });
  return order;
}

std::vector<SumLoop> sumLoops(const Nest &nest, const Stage &stage, Func func, const Schedule &schedule) {
  std::vector<SumLoop> loops;
  if (!func.has_update_definition())
    return loops;
  std::vector<RVar> vars = func.rvars(0);
  for (const std::string &name : sumOrder(nest, stage, schedule)) {
    size_t position = size_t(std::find(stage.reduce.begin(), stage.reduce.end(), name) - stage.reduce.begin());
    loops.push_back({vars.at(position), nest.axis(name).extent});
  }
  return loops;
}

void accumulate(const Nest &nest, const Stage &stage, Func func, const Schedule &schedule, const std::vector<SumLoop> &sum,
                int copies) {
  std::vector<Var> args = func.args(), storage;
  std::vector<size_t> order = lanesFirst(nest, stage);
  Lanes lanes = lanesOf(nest);
  for (size_t i : order)
    storage.push_back(args[i]);
  // Partial sums of rfactor come last: one more argument than the stage has dimensions.
  for (size_t i = stage.dims.size(); i < args.size(); ++i)
    storage.push_back(args[i]);
  if (storage.size() > 1)
    func.reorder_storage(storage);
  auto shape = [&](auto definition) {
    std::vector<VarOrRVar> loops;
    for (size_t i = 0; i < storage.size(); ++i) {
      bool lane = i < order.size() && stage.dims[order[i]].axis == lanes.axis && foldedAxis(schedule).empty();
      int vector = lane ? int(schedule.get("vector", 1) * stage.dims[order[i]].scale) : 1;
      for (const VarOrRVar &var : inVectors(definition, storage[i], vector))
        loops.push_back(var);
    }
    return loops;
  };
  if (!storage.empty())
    func.reorder(shape(func));
  if (!func.has_update_definition())
    return;
  Halide::Stage update = func.update();
  std::vector<VarOrRVar> loops = shape(update);
  for (const SumLoop &loop : sum)
    loops.push_back(loop.var);
  if (loops.size() > 1)
    update.reorder(loops);
  unrollSum(update, sum, copies);
}

bool reorders(Func func) {
  if (!func.has_update_definition() || func.rvars(0).empty())
    return false;
  auto proof = Halide::Internal::prove_associativity(func.name(), func.update_args(0), func.update_values(0).as_vector());
  return proof.associative() && proof.commutative();
}

void foldInLanes(Func func, const SumLoop &along, int vector, int copies, const std::function<void(Func)> &place, bool tile) {
  int parts = vector * copies;
  RVar outer(along.var.name() + "_o"), inner(along.var.name() + "_i");
  Var part(along.var.name() + "_p"), copy(part.name() + "_j"), lane(part.name() + "_v");
  std::vector<Var> args = func.args();
  std::vector<RVar> vars = func.rvars(0);
  func.update().split(along.var, outer, inner, parts, along.extent % parts ? TailStrategy::GuardWithIf : TailStrategy::Auto);
  Func partial = func.update().rfactor(inner, part);
  place(partial);
  auto shape = [&](auto definition) {
    std::vector<VarOrRVar> loops;
    if (vector > 1) {
      definition.split(part, copy, lane, vector, TailStrategy::RoundUp).vectorize(lane).unroll(copy);
      loops = {lane, copy};
    } else {
      definition.unroll(part);
      loops = {part};
    }
    for (const Var &arg : args) {
      loops.push_back(arg);
      if (tile)
        definition.unroll(arg);
    }
    return loops;
  };
  std::vector<Var> storage = {part};
  storage.insert(storage.end(), args.begin(), args.end());
  if (storage.size() > 1)
    partial.reorder_storage(storage);
  partial.reorder(shape(partial));
  std::vector<VarOrRVar> loops = shape(partial.update());
  loops.push_back(outer);
  for (const RVar &var : vars)
    if (var.name() != along.var.name())
      loops.push_back(var);
  partial.update().reorder(loops);
  if (vector > 1)
    func.update().atomic().vectorize(inner, parts);
  else
    func.update().unroll(inner);
}
} // namespace kiln::schedule
