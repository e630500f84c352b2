// ApplyGpu.cpp - maps on a GPU: one thread, one result or a vector of neighbours, with all the sums that it needs.
#include "compiler/schedule/ApplyGpu.h"

namespace kiln::schedule {
using Halide::TailStrategy;

Var fusedGpu(Func func, const std::vector<Var> &vars, const std::string &name) {
  Var all = vars.at(0);
  for (size_t i = 1; i < vars.size(); ++i) {
    Var both(name + std::to_string(i));
    func.fuse(all, vars[i], both);
    all = both;
  }
  return all;
}

bool loadsVectors(const Nest &nest, const Schedule &schedule, const std::string &reader) {
  std::vector<std::string> unaligned = split(schedule.text("unaligned", ""), '.');
  for (const Operand &operand : nest.operands)
    if (operand.reader == reader && contains(unaligned, operand.name))
      return false;
  return !reader.empty() || !contains(unaligned, nest.result().func);
}

void applyGpuMap(const Nest &nest, Funcs &funcs, const Schedule &schedule) {
  Func out = funcs.at(nest.result().func);
  std::vector<Var> args = out.args();
  int vector = int(schedule.get("vector", 1)), threads = int(schedule.get("threads", 256));
  int64_t count = 1;
  for (const Dim &dim : nest.result().dims)
    count *= nest.axis(dim.axis).extent;
  if (args.empty()) {
    out.gpu_single_thread();
    for (const Stage &stage : nest.stages)
      if (stage.kind == Kind::Heavy || stage.kind == Kind::Statistic)
        funcs.at(stage.func).compute_at(out, Var::outermost());
    return;
  }
  Var lane("lane"), block("block"), thread("thread");
  if (vector > 1) {
    Var vectors("vectors");
    out.split(args[0], vectors, lane, vector, TailStrategy::RoundUp);
    args[0] = vectors;
  }
  Var all = fusedGpu(out, args, "all");
  bool even = count % (int64_t(threads) * vector) == 0;
  out.split(all, block, thread, threads, even ? TailStrategy::RoundUp : TailStrategy::GuardWithIf);
  if (vector > 1)
    out.reorder(lane, thread, block);
  if (vector > 1 && loadsVectors(nest, schedule, ""))
    out.vectorize(lane);
  else if (vector > 1)
    out.unroll(lane);
  out.gpu_blocks(block).gpu_threads(thread);
  for (const Stage &stage : nest.stages)
    if (stage.kind == Kind::Heavy || stage.kind == Kind::Statistic)
      funcs.at(stage.func).compute_at(out, thread);
}

void applyGpu(const Nest &nest, Funcs &funcs, const Schedule &schedule) {
  if (schedule.family == "gpu_tile")
    applyGpuTile(nest, funcs, schedule);
  else if (schedule.family == "gpu_row")
    applyGpuRow(nest, funcs, schedule);
  else
    applyGpuMap(nest, funcs, schedule);
}

namespace {
using namespace Halide::Internal;

struct Floats : IRGraphVisitor {
  using IRGraphVisitor::include;
  bool found = false;
  void include(const Halide::Expr &e) override {
    found |= e.type().is_float();
    IRGraphVisitor::include(e);
  }
};

/// What Halide computes before the launch, such as a constant that no float arithmetic may fold, is computed in it: a launch is given
/// addresses alone.
struct Inward : IRMutator {
  using IRMutator::visit;
  std::vector<std::pair<std::string, Halide::Expr>> lets; ///< around the loops of the device

  Stmt visit(const LetStmt *let) override {
    Floats floats; // all else of a kernel with constant sizes has folded
    floats.include(let->value);
    bool number = floats.found;
    if (number)
      lets.emplace_back(let->name, let->value);
    Stmt result = IRMutator::visit(let);
    if (number)
      lets.pop_back();
    return result;
  }
  Stmt visit(const For *loop) override {
    const auto *inner = loop->body.as<For>();
    if (loop->for_type != Halide::Internal::ForType::GPUBlock || (inner && inner->for_type == Halide::Internal::ForType::GPUBlock))
      return IRMutator::visit(loop);
    Stmt body = loop->body;
    for (size_t i = lets.size(); i-- > 0;)
      body = LetStmt::make(lets[i].first, lets[i].second, body);
    return For::make(loop->name, loop->min, loop->extent, loop->for_type, loop->partition_policy, loop->device_api, body);
  }
};

/// Halide keeps a pointer to a pass for as long as it keeps the pipeline.
void add(Halide::Pipeline &pipeline, std::unique_ptr<Halide::Internal::IRMutator> pass) {
  Halide::Internal::IRMutator *owned = pass.release();
  pipeline.add_custom_lowering_pass(owned, [owned] { delete owned; });
}
} // namespace

void addGpuPasses(const Nest &nest, const Schedule &schedule, const Funcs &funcs, Halide::Pipeline &pipeline) {
  add(pipeline, std::make_unique<Inward>());
  if (schedule.family != "gpu_tile")
    return;
  add(pipeline, registerTiles(funcs.at(gpuProduct(nest).sum->func).name()));
  add(pipeline, pipelined());
}
} // namespace kiln::schedule
