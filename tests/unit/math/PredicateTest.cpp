//===- PredicateTest.cpp - comparisons, classification, logic and select, with NaN in every place ---------------===//
#include "tests/unit/math/Evaluate.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace Halide;
using namespace kiln::math::test;
namespace math = kiln::math;

namespace {

template <typename T> struct Function {
  const char *name;
  Expr (*build)(const Expr &, const Expr &);
  bool (*truth)(T, T);
};

template <typename T> void check() {
  using Limits = std::numeric_limits<T>;
  const Function<T> functions[] = {
      {"eq", math::eq, [](T a, T b) { return a == b; }},
      {"ne", math::ne, [](T a, T b) { return a != b; }},
      {"lt", math::lt, [](T a, T b) { return a < b; }},
      {"le", math::le, [](T a, T b) { return a <= b; }},
      {"gt", math::gt, [](T a, T b) { return a > b; }},
      {"ge", math::ge, [](T a, T b) { return a >= b; }},
      {"eqSelf", [](const Expr &a, const Expr &) { return math::eq(a, a); }, [](T a, T) { return a == a; }},
      {"isNan", [](const Expr &a, const Expr &) { return math::isNan(a); }, [](T a, T) { return a != a; }},
      {"isInf", [](const Expr &a, const Expr &) { return math::isInf(a); },
       [](T a, T) { return Limits::has_infinity && std::isinf(double(a)); }},
      // LLVM takes relaxed sums to be numbers, and would know the answer.
      {"isNanOfRelaxed", [](const Expr &a, const Expr &b) { return math::isNan(a + b); },
       [](T a, T b) { return std::isnan(double(a) + double(b)); }},
      {"and", math::logicalAnd, [](T a, T b) { return a != 0 && b != 0; }},
      {"or", math::logicalOr, [](T a, T b) { return a != 0 || b != 0; }},
      {"xor", math::logicalXor, [](T a, T b) { return (a != 0) != (b != 0); }},
      {"not", [](const Expr &a, const Expr &) { return math::logicalNot(a); }, [](T a, T) { return a == 0; }},
      {"select", [](const Expr &a, const Expr &b) { return math::eq(math::select(math::lt(a, b), a, b), a); },
       [](T a, T b) { return (a < b ? a : b) == a; }},
      {"selectNumber", [](const Expr &a, const Expr &b) { return math::eq(math::select(a, b, a), b); },
       [](T a, T b) { return (a != 0 ? b : a) == b; }},
  };
  std::vector<T> special = {0, 1, 2, T(-1), Limits::min(), Limits::max(), Limits::lowest()};
  if (Limits::has_infinity)
    for (double x : {double(INFINITY), -double(INFINITY), double(NAN), -double(NAN), double(Limits::denorm_min()), -0.0})
      special.push_back(T(x));
  int n = int(special.size()), count = (n * n + 63) / 64 * 64;
  Buffer<T> a(count), b(count);
  for (int i = 0; i < count; ++i)
    a(i) = special[i % n], b(i) = special[i / n % n];
  std::vector<Case> cases;
  std::vector<std::vector<Buffer<>>> inputs;
  for (const auto &function : functions) {
    cases.push_back({function.name, {type_of<T>(), type_of<T>()}, [&function](const std::vector<Expr> &x) {
                       return math::cast(UInt(8), function.build(x[0], x[1]));
                     }});
    inputs.push_back({a, b});
  }
  for (const auto &[targetName, target] : hostTargets()) {
    auto outputs = evaluate(cases, inputs, target);
    for (size_t f = 0; f < std::size(functions); ++f) {
      Buffer<uint8_t> out = outputs[f];
      for (int i = 0; i < count; ++i)
        EXPECT_EQ(int(out(i)), int(functions[f].truth(a(i), b(i))))
            << functions[f].name << " on " << targetName << " of " << +a(i) << " and " << +b(i);
    }
  }
}

TEST(Predicate, Float32) { check<float>(); }
TEST(Predicate, Float64) { check<double>(); }
TEST(Predicate, Int32) { check<int32_t>(); }
TEST(Predicate, UInt8) { check<uint8_t>(); }
TEST(Predicate, Int64) { check<int64_t>(); }

} // namespace
