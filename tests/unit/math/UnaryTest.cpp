//===- UnaryTest.cpp - every function of one float against the C library in higher precision --------------------===//
//
// 10^6 points each: special values, uniform over the interval where the function is interesting, and uniform over the bit patterns of all floats.
// The stated bound of Math.h stands in the table; what was measured is printed.
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
  Expr (*build)(const Expr &);
  Real (*truth)(Real);
  double single, twice; ///< bounds for f32 and f64
  double low, high; ///< where the uniform half of the points lies
  double reach = std::numeric_limits<double>::infinity(); ///< f64 points beyond are not in the contract
};

template <typename Real> Real signOf(Real x) { return std::isnan(x) ? x : Real((x > 0) - (x < 0)); }

template <typename Real>
const Function<Real> functions[] = {
    {"neg", math::neg, [](Real x) { return -x; }, 0, 0, -10, 10},
    {"abs", math::abs, [](Real x) { return std::fabs(x); }, 0, 0, -10, 10},
    {"sign", math::sign, signOf<Real>, 0, 0, -10, 10},
    {"floor", math::floor, [](Real x) { return std::floor(x); }, 0, 0, -10, 10},
    {"ceil", math::ceil, [](Real x) { return std::ceil(x); }, 0, 0, -10, 10},
    {"trunc", math::trunc, [](Real x) { return std::trunc(x); }, 0, 0, -10, 10},
    {"round", math::round, [](Real x) { return std::nearbyint(x); }, 0, 0, -10, 10},
    {"sqrt", math::sqrt, [](Real x) { return std::sqrt(x); }, 0.501, 0.5001, 0, 100},
    {"rsqrt", math::rsqrt, [](Real x) { return 1 / std::sqrt(x); }, 1.5, 1.5, 0, 100},
    {"reciprocal", math::reciprocal, [](Real x) { return 1 / x; }, 0.501, 0.5001, -10, 10},
    {"exp", math::exp, [](Real x) { return std::exp(x); }, 1, 1, -20, 20},
    {"expm1", math::expm1, [](Real x) { return std::expm1(x); }, 1.5, 2, -2, 2},
    {"log", math::log, [](Real x) { return std::log(x); }, 1, 1, 0, 4},
    {"log1p", math::log1p, [](Real x) { return std::log1p(x); }, 1.5, 1.5, -1, 3},
    {"sin", math::sin, [](Real x) { return std::sin(x); }, 1.5, 2, -20, 20, 0x1p30},
    {"cos", math::cos, [](Real x) { return std::cos(x); }, 1.5, 2, -20, 20, 0x1p30},
    {"tan", math::tan, [](Real x) { return std::tan(x); }, 3, 3, -20, 20, 0x1p30},
    {"asin", math::asin, [](Real x) { return std::asin(x); }, 2, 2, -1, 1},
    {"acos", math::acos, [](Real x) { return std::acos(x); }, 1.5, 1.5, -1, 1},
    {"atan", math::atan, [](Real x) { return std::atan(x); }, 2, 2, -4, 4},
    {"sinh", math::sinh, [](Real x) { return std::sinh(x); }, 2, 2, -4, 4},
    {"cosh", math::cosh, [](Real x) { return std::cosh(x); }, 1.5, 1.5, -4, 4},
    {"tanh", math::tanh, [](Real x) { return std::tanh(x); }, 4.5, 2.5, -5, 5},
    {"asinh", math::asinh, [](Real x) { return std::asinh(x); }, 2, 2, -4, 4},
    {"acosh", math::acosh, [](Real x) { return std::acosh(x); }, 2.5, 2.5, 1, 6},
    {"atanh", math::atanh, [](Real x) { return std::atanh(x); }, 2.5, 2.5, -1, 1},
    {"erf", math::erf, [](Real x) { return std::erf(x); }, 5.5, 2, -4, 4},
    {"sigmoid", math::sigmoid, [](Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }, 2.5, 2.5,
     -20, 20},
    {"softplus", math::softplus,
     [](Real x) { return std::isnan(x) ? x : std::fmax(x, Real(0)) + std::log1p(std::exp(-std::fabs(x))); }, 2, 2, -20, 20},
};

const int count = 1000000;

template <typename T> Buffer<T> points(const Function<RealFor<T>> &function) {
  using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  using Limits = std::numeric_limits<T>;
  Buffer<T> buffer(count);
  std::vector<T> special = {0,
                            T(0.25),
                            T(0.5),
                            T(0.75),
                            T(1),
                            T(1.5),
                            T(2),
                            T(2.5),
                            T(3),
                            T(9),
                            T(88.7),
                            T(89.3),
                            T(90),
                            T(103.9),
                            T(104.5),
                            T(709.7),
                            T(710.3),
                            T(745),
                            T(746),
                            T(1e5),
                            T(1e9),
                            T(0x1p24),
                            T(0x1p31),
                            T(0x1p52),
                            Limits::min(),
                            Limits::denorm_min(),
                            Limits::min() * T(0.75),
                            Limits::epsilon(),
                            Limits::max(),
                            Limits::infinity(),
                            Limits::quiet_NaN(),
                            T(1) - Limits::epsilon() / 2,
                            T(1) + Limits::epsilon(),
                            T(1.5707963267948966),
                            T(0.7853981633974483)};
  for (size_t i = 0, n = special.size(); i < n; ++i)
    special.push_back(-special[i]);
  std::mt19937_64 random(42);
  std::uniform_real_distribution<double> uniform(function.low, function.high);
  for (int i = 0; i < count; ++i) {
    T value;
    if (i < int(special.size())) {
      value = special[i];
    } else if (i % 2) {
      value = T(uniform(random));
    } else {
      Bits bits = Bits(random());
      std::memcpy(&value, &bits, sizeof value);
    }
    if (sizeof(T) == 8 && std::isfinite(value) && std::fabs(double(value)) > function.reach)
      value = T(uniform(random));
    buffer(i) = value;
  }
  return buffer;
}

template <typename T> void check() {
  using Real = RealFor<T>;
  const auto &table = functions<Real>;
  std::vector<Case> cases;
  std::vector<std::vector<Buffer<>>> inputs, results;
  std::vector<std::vector<Real>> truths;
  for (const auto &function : table) {
    cases.push_back({function.name, {type_of<T>()}, [&function](const std::vector<Expr> &x) { return function.build(x[0]); }});
    Buffer<T> in = points<T>(function);
    inputs.push_back({in});
    truths.emplace_back(count);
    for (int i = 0; i < count; ++i)
      truths.back()[i] = function.truth(in(i));
  }
  for (const auto &[targetName, target] : hostTargets()) {
    results.push_back(evaluate(cases, inputs, target));
    for (size_t f = 0; f < cases.size(); ++f) {
      if (results.size() > 1 && areSame(results[0][f], results.back()[f]))
        continue;
      Buffer<T> in = inputs[f][0], out = results.back()[f];
      Worst worst = worstOf<T>(out, truths[f]);
      double bound = sizeof(T) == 4 ? table[f].single : table[f].twice;
      std::printf("%-7s f%d %-10s %8.3f ulp, bound %.1f\n", targetName.c_str(), int(sizeof(T)) * 8, table[f].name, worst.error,
                  bound);
      EXPECT_LE(worst.error, bound) << table[f].name << " on " << targetName << " of " << std::hexfloat << in(worst.where)
                                    << std::defaultfloat << " = " << in(worst.where) << " is " << out(worst.where) << ", not "
                                    << double(truths[f][worst.where]);
    }
  }
}

TEST(Unary, Float32) { check<float>(); }
TEST(Unary, Float64) { check<double>(); }

} // namespace
