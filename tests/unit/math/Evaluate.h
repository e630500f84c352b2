//===- Evaluate.h - runs many expressions in one compiled pipeline, on every instruction set of this machine ---===//
#ifndef KILN_TESTS_MATH_EVALUATE_H
#define KILN_TESTS_MATH_EVALUATE_H
#include "compiler/lower/Math.h"
#include <functional>
#include <string>
#include <vector>

namespace kiln::math::test {

/// One expression of its own inputs, all of one length; what Halide calls a Func.
struct Case {
  std::string name;
  std::vector<Halide::Type> inputs;
  std::function<Halide::Expr(const std::vector<Halide::Expr> &)> build;
};

/// The host's targets by name: always one with AVX2 on x86, with AVX-512 where the host has it, or the host's own.
std::vector<std::pair<std::string, Halide::Target>> hostTargets();
/// The two x86 targets, whatever this machine is.
std::vector<std::pair<std::string, Halide::Target>> x86Targets();

/// A pipeline of all cases, vectorised.
Halide::Pipeline assemble(const std::vector<Case> &cases, const Halide::Target &target,
                          std::vector<std::vector<Halide::ImageParam>> &params);

/// Results of all cases, in order. `inputs[i][j]` is input j of case i, one-dimensional; all have one length, a multiple of 64.
std::vector<Halide::Buffer<>> evaluate(const std::vector<Case> &cases, const std::vector<std::vector<Halide::Buffer<>>> &inputs,
                                       const Halide::Target &target);

} // namespace kiln::math::test
#endif
