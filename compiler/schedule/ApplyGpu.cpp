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
/// Halide keeps a pointer to a pass for as long as it keeps the pipeline.
void add(Halide::Pipeline &pipeline, std::unique_ptr<Halide::Internal::IRMutator> pass) {
  Halide::Internal::IRMutator *owned = pass.release();
  pipeline.add_custom_lowering_pass(owned, [owned] { delete owned; });
}
} // namespace

void addGpuPasses(const Nest &nest, const Schedule &schedule, const Funcs &funcs, Halide::Pipeline &pipeline) {
  if (schedule.family != "gpu_tile")
    return;
  add(pipeline, registerTiles(funcs.at(gpuProduct(nest).sum->func).name()));
  add(pipeline, pipelined());
}
} // namespace kiln::schedule
