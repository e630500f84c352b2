//===- SmallFloatTest.cpp - f16 and bf16 through the functions, and exponents known when compiling --------------===//
#include "tests/unit/math/Evaluate.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace Halide;
using namespace kiln::math::test;
namespace math = kiln::math;

namespace {

const int count = 64;

/// The bits of the function's results, of inputs given by theirs.
std::vector<uint16_t> bitsOf(const Type &type, Expr (*function)(const Expr &), const std::vector<uint16_t> &inputs,
                             const Target &target) {
  Buffer<uint16_t> in(count);
  in.fill(0);
  for (size_t i = 0; i < inputs.size(); ++i)
    in(int(i)) = inputs[i];
  Case small = {"small", {UInt(16)}, [=](const std::vector<Expr> &x) {
                  Expr result = function(Halide::reinterpret(type, x[0]));
                  return result.type().is_bool() ? math::cast(UInt(16), result) : Halide::reinterpret(UInt(16), result);
                }};
  Buffer<uint16_t> out = evaluate({small}, {{in}}, target)[0];
  return std::vector<uint16_t>(out.begin(), out.begin() + inputs.size());
}

Expr half(const Expr &x, uint16_t bits) { return Halide::reinterpret(x.type(), Internal::make_const(UInt(16), bits)); }

using Bits = std::vector<uint16_t>;

TEST(SmallFloat, Half) {
  for (const auto &[name, target] : hostTargets()) {
    // exp of 1, 0, -infinity, 12 (too large); of 1 it is 2.71875.
    EXPECT_EQ(bitsOf(Float(16), math::exp, {0x3c00, 0, 0xfc00, 0x4a00}, target), (Bits{0x4170, 0x3c00, 0, 0x7c00})) << name;
    EXPECT_EQ(bitsOf(Float(16), math::neg, {0x3c00, 0, 0x7e00}, target), (Bits{0xbc00, 0x8000, 0xfe00})) << name;
    EXPECT_EQ(bitsOf(Float(16), math::isNan, {0x7e00, 0x7c01, 0x7c00, 0x3c00}, target), (Bits{1, 1, 0, 0})) << name;
    // 1 + 2^-11 is a tie, to even; 65504 + 16 is one too, to infinity.
    auto addTie = [](const Expr &x) { return math::add(x, half(x, 0x1000)); };
    auto addLarge = [](const Expr &x) { return math::add(x, half(x, 0x4c00)); };
    EXPECT_EQ(bitsOf(Float(16), addTie, {0x3c00, 0x3c01}, target), (Bits{0x3c00, 0x3c02})) << name;
    EXPECT_EQ(bitsOf(Float(16), addLarge, {0x7bff, 0x7bfe}, target), (Bits{0x7c00, 0x7bfe})) << name;
    auto isItself = [](const Expr &x) { return math::eq(x, x); };
    EXPECT_EQ(bitsOf(Float(16), isItself, {0x3c00, 0x7e00, 0x7c00}, target), (Bits{1, 0, 1})) << name;
  }
}

TEST(SmallFloat, Brain) {
  for (const auto &[name, target] : hostTargets()) {
    EXPECT_EQ(bitsOf(BFloat(16), math::exp, {0x3f80, 0, 0xff80}, target), (Bits{0x402e, 0x3f80, 0})) << name;
    auto relu = [](const Expr &x) { return math::max(x, half(x, 0)); };
    EXPECT_EQ(bitsOf(BFloat(16), relu, {0xbf80, 0x3f80, 0x7fc0}, target), (Bits{0, 0x3f80, 0x7fc0})) << name;
    EXPECT_EQ(bitsOf(BFloat(16), math::isInf, {0x7f80, 0xff80, 0x7fc0, 0x7f7f}, target), (Bits{1, 1, 0, 0})) << name;
  }
}

TEST(Power, ConstantExponents) {
  const float values[] = {-INFINITY, -3.5f, -1, -0.0f, 0, 0.3f, 1, 7, INFINITY, NAN};
  const double exponents[] = {0, 1, 2, 3, -1, 0.5};
  Buffer<float> in(count);
  for (int i = 0; i < count; ++i)
    in(i) = values[i % std::size(values)];
  std::vector<Case> cases;
  for (double y : exponents)
    cases.push_back({"power", {Float(32)}, [=](const std::vector<Expr> &x) { return math::pow(x[0], Expr(float(y))); }});
  for (const auto &[name, target] : hostTargets()) {
    auto outputs = evaluate(cases, std::vector<std::vector<Buffer<>>>(cases.size(), {in}), target);
    for (size_t c = 0; c < cases.size(); ++c) {
      Buffer<float> out = outputs[c];
      for (int i = 0; i < int(std::size(values)); ++i) {
        float want = float(std::pow(double(values[i]), exponents[c]));
        if (std::isnan(want))
          EXPECT_TRUE(std::isnan(out(i))) << values[i] << " to the " << exponents[c] << " on " << name;
        else
          EXPECT_FLOAT_EQ(out(i), want) << values[i] << " to the " << exponents[c] << " on " << name;
        EXPECT_EQ(std::signbit(out(i)) && !std::isnan(want), std::signbit(want) && !std::isnan(want))
            << values[i] << ", " << exponents[c];
      }
    }
  }
}

} // namespace
