//===- BinaryTest.cpp - every function of two floats against the C library in higher precision ------------------===//
//
// 10^6 points each: all pairs of special values, then in turn all bit patterns, an interesting interval, and bases near 1 with large exponents.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "tests/unit/math/Evaluate.h"
#include "tests/unit/math/Ulp.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace Halide;
using namespace kiln::math::test;
namespace math = kiln::math;

namespace {

template <typename Real> struct Function {
  const char *name;
  Expr (*build)(const Expr &, const Expr &);
  Real (*truth)(Real, Real);
  double single, twice;
  bool anyZero = false; ///< either zero is right
};

template <typename Real> Real least(Real a, Real b) { return std::isnan(a) || std::isnan(b) ? a + b : a < b ? a : b; }
template <typename Real> Real most(Real a, Real b) { return std::isnan(a) || std::isnan(b) ? a + b : a > b ? a : b; }
template <typename Real> Real pythonMod(Real a, Real b) {
  Real rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

template <typename Real>
const Function<Real> functions[] = {
    {"add", math::add, [](Real a, Real b) { return a + b; }, 0.501, 0.501},
    {"sub", math::sub, [](Real a, Real b) { return a - b; }, 0.501, 0.501},
    {"mul", math::mul, [](Real a, Real b) { return a * b; }, 0.501, 0.501},
    {"div", math::div, [](Real a, Real b) { return a / b; }, 0.501, 0.501},
    {"min", math::min, least<Real>, 0, 0, true},
    {"max", math::max, most<Real>, 0, 0, true},
    {"fmod", math::fmod, [](Real a, Real b) { return std::fmod(a, b); }, 0, 0},
    {"mod", math::mod, pythonMod<Real>, 0.501, 0.501},
    {"pow", math::pow, [](Real a, Real b) { return std::pow(a, b); }, 1, 2},
};

const int count = 1000000;

template <typename T> void fill(Buffer<T> a, Buffer<T> b) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  using Limits = std::numeric_limits<T>;
  std::vector<T> special = {0,
                            T(0.5),
                            1,
                            T(1.5),
                            2,
                            3,
                            5,
                            7,
                            T(0x1p24) + 1,
                            T(0x1p60),
                            T(0x1p-60),
                            Limits::min(),
                            Limits::denorm_min(),
                            1 - Limits::epsilon(),
                            1 + Limits::epsilon(),
                            Limits::max(),
                            Limits::infinity(),
                            Limits::quiet_NaN()};
  for (size_t i = 0, n = special.size(); i < n; ++i)
    special.push_back(-special[i]);
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> wide(-20, 20), logarithm(-5, 5), nearOne(-0.01, 0.01), large(-2e4, 2e4);
  int pairs = int(special.size() * special.size());
  for (int i = 0; i < count; ++i) {
    if (i < pairs) {
      a(i) = special[i % special.size()];
      b(i) = special[i / special.size()];
    } else if (i % 4 == 0) {
      Bits bits[2] = {Bits(random()), Bits(random())};
      std::memcpy(&a(i), &bits[0], sizeof(T));
      std::memcpy(&b(i), &bits[1], sizeof(T));
    } else if (i % 4 == 1) {
      a(i) = T(std::exp(logarithm(random)));
      b(i) = T(wide(random));
    } else if (i % 4 == 2) {
      a(i) = T(1 + nearOne(random));
      b(i) = T(large(random));
    } else {
      a(i) = T(wide(random));
      b(i) = T(i % 8 == 3 ? std::round(wide(random)) : wide(random));
    }
  }
}

template <typename T> void check() {
  Buffer<T> a(count), b(count);
  fill(a, b);
  using Real = RealFor<T>;
  const auto &table = functions<Real>;
  std::vector<Case> cases;
  std::vector<std::vector<Buffer<>>> inputs, results;
  std::vector<std::vector<Real>> truths;
  for (const auto &function : table) {
    cases.push_back({function.name, {type_of<T>(), type_of<T>()}, [&function](const std::vector<Expr> &x) {
                       return function.build(x[0], x[1]);
                     }});
    inputs.push_back({a, b});
    bool isMod = cases.back().name == "mod" || cases.back().name == "fmod";
    truths.emplace_back(count);
    for (int i = 0; i < count; ++i) {
      bool isRefused = isMod && sizeof(T) == 8 && std::isfinite(b(i)) && std::fabs(Real(a(i))) >= std::fabs(Real(b(i))) * 0x1p118;
      truths.back()[i] = isRefused ? Real(NAN) : function.truth(a(i), b(i));
    }
  }
  for (const auto &[targetName, target] : hostTargets()) {
    results.push_back(evaluate(cases, inputs, target));
    for (size_t f = 0; f < cases.size(); ++f) {
      if (results.size() > 1 && areSame(results[0][f], results.back()[f]))
        continue;
      Buffer<T> out = results.back()[f];
      Worst worst = worstOf<T>(out, truths[f], table[f].anyZero);
      double bound = sizeof(T) == 4 ? table[f].single : table[f].twice;
      std::printf("%-7s f%d %-10s %8.3f ulp, bound %.1f\n", targetName.c_str(), int(sizeof(T)) * 8, table[f].name, worst.error,
                  bound);
      EXPECT_LE(worst.error, bound) << table[f].name << " on " << targetName << " of " << a(worst.where) << " and "
                                    << b(worst.where) << " is " << out(worst.where) << ", not " << double(truths[f][worst.where]);
    }
  }
}

TEST(Binary, Float32) { check<float>(); }
TEST(Binary, Float64) { check<double>(); }

TEST(Binary, MaxAndMinWithConstants) {
  const float nan = NAN;
  Buffer<float> in(64);
  in.fill(nan);
  in(1) = -1, in(2) = 3, in(3) = INFINITY;
  std::vector<Case> cases;
  for (bool isFirst : {false, true})
    for (bool isMax : {false, true})
      cases.push_back({"constant", {Float(32)}, [=](const std::vector<Expr> &x) {
                         Expr zero = 0.0f;
                         auto function = isMax ? math::max : math::min;
                         return isFirst ? function(zero, x[0]) : function(x[0], zero);
                       }});
  for (const auto &[name, target] : hostTargets()) {
    auto outputs = evaluate(cases, {{in}, {in}, {in}, {in}}, target);
    for (size_t c = 0; c < cases.size(); ++c) {
      Buffer<float> out = outputs[c];
      bool isMax = c % 2;
      EXPECT_TRUE(std::isnan(out(0))) << name;
      EXPECT_EQ(out(1), isMax ? 0 : -1) << name;
      EXPECT_EQ(out(2), isMax ? 3 : 0) << name;
      EXPECT_EQ(out(3), isMax ? INFINITY : 0) << name;
    }
  }
}

} // namespace
