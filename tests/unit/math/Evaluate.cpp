//===- Evaluate.cpp - runs many expressions in one compiled pipeline --------------------------------------------===//
#include "tests/unit/math/Evaluate.h"

using namespace Halide;

namespace kiln::math::test {

std::vector<std::pair<std::string, Target>> x86Targets() {
  Target avx2("x86-64-linux-avx-avx2-f16c-fma-sse41"), avx512("x86-64-linux-avx-avx2-f16c-fma-sse41-avx512-avx512_skylake");
  return {{"avx2", avx2}, {"avx512", avx512}};
}

std::vector<std::pair<std::string, Target>> hostTargets() {
  Target host = get_host_target();
  if (host.arch != Target::X86)
    return {{"host", host}};
  auto targets = x86Targets();
  if (!host.has_feature(Target::AVX512_Skylake))
    targets.pop_back();
  return targets;
}

Pipeline assemble(const std::vector<Case> &cases, const Target &target, std::vector<std::vector<ImageParam>> &params) {
  Var i("i");
  std::vector<Func> outputs;
  for (const Case &each : cases) {
    params.emplace_back();
    std::vector<Expr> values;
    for (const Type &type : each.inputs) {
      params.back().emplace_back(type, 1);
      values.push_back(params.back().back()(i));
    }
    Func output(each.name);
    output(i) = each.build(values);
    // Not the 64 lanes of bytes: they would only be more code to compile.
    Type widest = each.inputs[0].bits() > output.type().bits() ? each.inputs[0] : output.type();
    int lanes = std::min(16, target.natural_vector_size(widest));
    output.vectorize(i, lanes, TailStrategy::RoundUp);
    outputs.push_back(output);
  }
  return Pipeline(outputs);
}

std::vector<Buffer<>> evaluate(const std::vector<Case> &cases, const std::vector<std::vector<Buffer<>>> &inputs,
                               const Target &target) {
  std::vector<std::vector<ImageParam>> params;
  Pipeline pipeline = assemble(cases, target, params);
  for (size_t c = 0; c < cases.size(); ++c)
    for (size_t j = 0; j < params[c].size(); ++j)
      params[c][j].set(inputs[c][j]);
  Realization results = pipeline.realize({inputs[0][0].dim(0).extent()}, target);
  std::vector<Buffer<>> buffers;
  for (size_t c = 0; c < results.size(); ++c)
    buffers.push_back(results[c]);
  return buffers;
}

} // namespace kiln::math::test
