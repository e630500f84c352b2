//===- IntegerTest.cpp - integer arithmetic, comparisons, bits and shifts against 128-bit integers -------------===//
#include "tests/unit/math/Evaluate.h"
#include <gtest/gtest.h>
#include <random>

using namespace Halide;
using namespace kiln::math::test;
namespace math = kiln::math;

namespace {

using Wide = __int128;

template <typename T> T power(T base, T exponent) {
  if (exponent < 0)
    return base == 1 ? 1 : base == T(-1) ? (exponent & 1 ? T(-1) : 1) : 0;
  Wide result = 1;
  for (uint64_t i = 0, n = std::min<uint64_t>(uint64_t(exponent), 1000); i < n; ++i)
    result = Wide(T(result * base));
  return T(result);
}

template <typename T> struct Function {
  const char *name;
  Expr (*build)(const Expr &, const Expr &);
  T (*truth)(Wide, Wide);
};

/// A second operand that a function of one does not look at.
template <Expr (*function)(const Expr &)> Expr first(const Expr &a, const Expr &) { return function(a); }

template <typename T> T wrap(Wide x) { return T(x); }

template <typename T> void check() {
  const int bits = int(sizeof(T)) * 8;
  static const int width = bits;
  const Function<T> functions[] = {
      {"add", math::add, [](Wide a, Wide b) { return T(a + b); }},
      {"sub", math::sub, [](Wide a, Wide b) { return T(a - b); }},
      {"mul", math::mul, [](Wide a, Wide b) { return T(a * b); }},
      {"div", math::div, [](Wide a, Wide b) { return b == 0 ? T(0) : T(a / b); }},
      {"fmod", math::fmod, [](Wide a, Wide b) { return b == 0 ? T(0) : T(a % b); }},
      {"mod", math::mod, [](Wide a, Wide b) { return b == 0 ? T(0) : T(((a % b) + b) % b); }},
      {"min", math::min, [](Wide a, Wide b) { return T(a < b ? a : b); }},
      {"max", math::max, [](Wide a, Wide b) { return T(a > b ? a : b); }},
      {"neg", first<math::neg>, [](Wide a, Wide) { return T(-a); }},
      {"abs", first<math::abs>, [](Wide a, Wide) { return T(a < 0 ? -a : a); }},
      {"sign", first<math::sign>, [](Wide a, Wide) { return T((a > 0) - (a < 0)); }},
      {"round", first<math::round>, [](Wide a, Wide) { return T(a); }},
      {"floor", first<math::floor>, [](Wide a, Wide) { return T(a); }},
      {"bitAnd", math::bitAnd, [](Wide a, Wide b) { return T(a & b); }},
      {"bitOr", math::bitOr, [](Wide a, Wide b) { return T(a | b); }},
      {"bitXor", math::bitXor, [](Wide a, Wide b) { return T(a ^ b); }},
      {"bitNot", first<math::bitNot>, [](Wide a, Wide) { return T(~a); }},
      {"shiftLeft", math::shiftLeft, [](Wide a, Wide b) { return b < 0 || b >= width ? T(0) : T(a << int(b)); }},
      {"shiftRight", math::shiftRight, [](Wide a, Wide b) { return b < 0 || b >= width ? T(a < 0 ? -1 : 0) : T(a >> int(b)); }},
      {"pow", math::pow, [](Wide a, Wide b) { return power<T>(T(a), T(b)); }},
  };
  using Limits = std::numeric_limits<T>;
  const int count = 64 * 300;
  Buffer<T> a(count), b(count);
  std::vector<T> special = {0,
                            1,
                            2,
                            3,
                            7,
                            T(bits - 1),
                            T(bits),
                            T(bits + 1),
                            T(-1),
                            T(-2),
                            T(-3),
                            Limits::min(),
                            T(Limits::min() + 1),
                            Limits::max(),
                            T(Limits::max() - 1),
                            T(Limits::max() / 2)};
  std::mt19937_64 random(3);
  for (int i = 0; i < count; ++i) {
    int pairs = int(special.size() * special.size());
    a(i) = i < pairs ? special[i % special.size()] : T(random());
    b(i) = i < pairs ? special[i / special.size()] : i % 2 ? T(random()) : T(int(random() % 21) - 10);
  }
  std::vector<Case> cases;
  std::vector<std::vector<Buffer<>>> inputs;
  for (const auto &function : functions) {
    cases.push_back({function.name, {type_of<T>(), type_of<T>()}, [&function](const std::vector<Expr> &x) {
                       return function.build(x[0], x[1]);
                     }});
    inputs.push_back({a, b});
  }
  for (const auto &[targetName, target] : hostTargets()) {
    auto outputs = evaluate(cases, inputs, target);
    for (size_t f = 0; f < std::size(functions); ++f) {
      Buffer<T> out = outputs[f];
      for (int i = 0; i < count; ++i) {
        if (cases[f].name == "pow" && Wide(b(i)) > 1000)
          continue; // the truth would take too long
        ASSERT_EQ(Wide(out(i)), Wide(functions[f].truth(a(i), b(i))))
            << functions[f].name << " on " << targetName << " of " << +a(i) << " and " << +b(i) << " is " << +out(i);
      }
    }
  }
}

TEST(Integer, Int8) { check<int8_t>(); }
TEST(Integer, Int16) { check<int16_t>(); }
TEST(Integer, Int32) { check<int32_t>(); }
TEST(Integer, Int64) { check<int64_t>(); }
TEST(Integer, UInt8) { check<uint8_t>(); }
TEST(Integer, UInt16) { check<uint16_t>(); }
TEST(Integer, UInt32) { check<uint32_t>(); }
TEST(Integer, UInt64) { check<uint64_t>(); }

} // namespace
