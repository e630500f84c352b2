//===- AssemblyTest.cpp - no function calls anything ------------------------------------------------------------===//
#include "tests/unit/math/Evaluate.h"
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace Halide;
using namespace kiln::math::test;
namespace math = kiln::math;

namespace {

using Unary = Expr (*)(const Expr &);
using Binary = Expr (*)(const Expr &, const Expr &);

std::vector<Case> allFunctions(const Type &type) {
  const std::pair<const char *, Unary> unary[] = {
      {"floor", math::floor},       {"ceil", math::ceil}, {"trunc", math::trunc}, {"round", math::round},
      {"sqrt", math::sqrt},         {"exp", math::exp},   {"expm1", math::expm1}, {"log", math::log},
      {"log1p", math::log1p},       {"sin", math::sin},   {"cos", math::cos},     {"tan", math::tan},
      {"asin", math::asin},         {"acos", math::acos}, {"atan", math::atan},   {"sinh", math::sinh},
      {"cosh", math::cosh},         {"tanh", math::tanh}, {"asinh", math::asinh}, {"acosh", math::acosh},
      {"atanh", math::atanh},       {"erf", math::erf},   {"rsqrt", math::rsqrt}, {"sigmoid", math::sigmoid},
      {"softplus", math::softplus},
  };
  const std::pair<const char *, Binary> binary[] = {
      {"div", math::div}, {"min", math::min}, {"fmod", math::fmod}, {"mod", math::mod}, {"pow", math::pow}};
  std::vector<Case> cases;
  for (auto [name, function] : unary)
    cases.push_back({name, {type}, [function = function](const std::vector<Expr> &x) { return function(x[0]); }});
  for (auto [name, function] : binary)
    cases.push_back({name, {type, type}, [function = function](const std::vector<Expr> &x) { return function(x[0], x[1]); }});
  return cases;
}

/// What the assembly calls, other than the kernel itself, by which its wrapper calls it.
std::vector<std::string> calls(const std::vector<Case> &cases, Target target) {
  for (Target::Feature feature : {Target::NoRuntime, Target::NoAsserts, Target::NoBoundsQuery})
    target.set_feature(feature);
  std::vector<std::vector<ImageParam>> params;
  Pipeline pipeline = assemble(cases, target, params);
  std::vector<Argument> arguments;
  for (const auto &each : params)
    arguments.insert(arguments.end(), each.begin(), each.end());
  std::string path = ::testing::TempDir() + "kiln_math_" + std::to_string(getpid()) + ".s";
  pipeline.compile_to_assembly(path, arguments, "kernel", target);
  std::ifstream file(path);
  std::vector<std::string> found;
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines)
    if (line.find("\tcall") == 0 && line.find("kernel") == std::string::npos)
      found.push_back(line);
  std::remove(path.c_str());
  EXPECT_GT(lines, 1000);
  return found;
}

void check(const Type &type) {
  for (const auto &[name, target] : x86Targets())
    EXPECT_EQ(calls(allFunctions(type), target), std::vector<std::string>()) << name;
}

TEST(Assembly, Float32CallsNothing) { check(Float(32)); }
TEST(Assembly, Float64CallsNothing) { check(Float(64)); }

TEST(Assembly, SeesCalls) {
  Case sine = {"libm", {Float(32)}, [](const std::vector<Expr> &x) {
                 Expr y = x[0];
                 for (int i = 0; i < 3; ++i)
                   y = Halide::tanh(y);
                 return y;
               }};
  std::vector<Case> many(20, sine);
  EXPECT_FALSE(calls(many, x86Targets()[0].second).empty());
}

} // namespace
