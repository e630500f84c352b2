//===- CastTest.cpp - conversions between all types -------------------------------------------------------------===//
//
// The truth: every source value is a long double exactly; a destination of integers truncates, saturates or wraps it, one of floats takes the nearest
// of its neighbours, even on ties. f16 and bf16 are decoded here, bit by bit.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "tests/unit/math/Evaluate.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace Halide;
using namespace kiln::math::test;
namespace math = kiln::math;

namespace {

using Real = long double;

/// A float format by its bits.
struct Format {
  int exponentBits, mantissaBits;
};

Format formatOf(const Type &type) {
  return type.is_bfloat() ? Format{8, 7} : type.bits() == 16 ? Format{5, 10} : type.bits() == 32 ? Format{8, 23} : Format{11, 52};
}

Real decode(uint64_t bits, Format format) {
  int bias = (1 << (format.exponentBits - 1)) - 1;
  uint64_t mantissa = bits & ((uint64_t(1) << format.mantissaBits) - 1);
  int exponent = int(bits >> format.mantissaBits) & ((1 << format.exponentBits) - 1);
  bool isNegative = bits >> (format.mantissaBits + format.exponentBits) & 1;
  Real value;
  if (exponent == (1 << format.exponentBits) - 1)
    value = mantissa ? Real(NAN) : Real(INFINITY);
  else
    value = std::ldexp(Real(mantissa + (exponent ? uint64_t(1) << format.mantissaBits : 0)),
                       std::max(exponent, 1) - bias - format.mantissaBits);
  return isNegative ? -value : value;
}

/// The nearest number of the format, even on ties, infinity beyond the middle between the largest and the next power of two.
Real nearest(Real x, Format format) {
  int most = 1 << (format.exponentBits - 1), least = 2 - most;
  if (x == 0 || !std::isfinite(x))
    return x;
  Real step = std::ldexp(Real(1), std::max(std::ilogb(x), least) - format.mantissaBits);
  Real rounded = std::nearbyint(x / step) * step;
  return std::fabs(rounded) >= std::ldexp(Real(1), most) ? std::copysign(Real(INFINITY), x) : rounded;
}

Real truth(Real x, const Type &from, const Type &to) {
  if (to.is_bool())
    return x != 0 ? 1 : 0;
  if (to.is_float())
    return nearest(x, formatOf(to));
  Real size = std::ldexp(Real(1), to.bits()), least = to.is_int() ? -size / 2 : 0, most = to.is_int() ? size / 2 - 1 : size - 1;
  if (from.is_float())
    return std::isnan(x) ? 0 : std::fmax(least, std::fmin(most, std::trunc(x)));
  Real wrapped = x - std::floor(x / size) * size;
  return wrapped > most ? wrapped - size : wrapped;
}

Real valueOf(uint64_t bits, const Type &type) {
  if (type.is_float())
    return decode(bits, formatOf(type));
  if (type.is_int() && bits >> (type.bits() - 1) & 1)
    return Real(int64_t(bits | (type.bits() == 64 ? 0 : ~uint64_t(0) << type.bits())));
  return Real(bits);
}

const int count = 4096;

std::vector<uint64_t> samples(const Type &type) {
  std::vector<uint64_t> values;
  std::mt19937_64 random(11);
  uint64_t all = type.bits() == 64 ? ~uint64_t(0) : (uint64_t(1) << type.bits()) - 1;
  for (int i = 0; i < count; ++i) {
    uint64_t bits = random();
    if (type.is_bool()) {
      bits &= 1;
    } else if (type.is_float() && i % 4) {
      // Exponents around those of integers, and mantissas with ties.
      Format format = formatOf(type);
      int bias = (1 << (format.exponentBits - 1)) - 1, exponent = std::min(bias - 20 + int(random() % 90), 2 * bias);
      uint64_t mantissa = bits & ((uint64_t(1) << format.mantissaBits) - 1);
      if (i % 4 == 1)
        mantissa &= ~uint64_t(0) << std::max(0, format.mantissaBits - 8 - int(random() % 16));
      bits = uint64_t(i & 8 ? 1 : 0) << (type.bits() - 1) | uint64_t(std::max(exponent, 0)) << format.mantissaBits | mantissa;
    } else if (!type.is_float() && i % 2) {
      bits = (~uint64_t(0) >> (random() % 64)) - random() % 3;
    }
    values.push_back(bits & all);
  }
  values[0] = 0, values[1] = all, values[2] = all >> 1, values[3] = all ^ (all >> 1), values[4] = type.is_bool() ? 1 : 1;
  if (type.is_float())
    values[5] = uint64_t(valueOf(0, type)) | (uint64_t((1 << formatOf(type).exponentBits) - 1) << formatOf(type).mantissaBits),
    values[6] = values[5] | values[3];
  return values;
}

TEST(Cast, AllPairs) {
  const std::vector<Type> types = {Bool(),   Int(8),   Int(16),   Int(32),    Int(64),   UInt(8),  UInt(16),
                                   UInt(32), UInt(64), Float(16), BFloat(16), Float(32), Float(64)};
  std::vector<Case> cases;
  std::vector<std::vector<Buffer<>>> inputs;
  std::vector<std::vector<uint64_t>> values;
  std::vector<std::pair<Type, Type>> pairs;
  for (const Type &from : types)
    for (const Type &to : types) {
      if (from == to)
        continue;
      // Values travel as integers of their bits.
      Type bitsFrom = UInt(std::max(8, from.bits())), bitsTo = UInt(std::max(8, to.bits()));
      cases.push_back({"cast", {bitsFrom}, [=](const std::vector<Expr> &x) {
                         Expr value = from.is_bool() ? math::cast(Bool(), x[0]) : Halide::reinterpret(from, x[0]);
                         Expr result = math::cast(to, value);
                         return to.is_bool() ? math::cast(UInt(8), result) : Halide::reinterpret(bitsTo, result);
                       }});
      pairs.push_back({from, to});
      values.push_back(samples(from));
      Buffer<> in(bitsFrom, count);
      for (int i = 0; i < count; ++i)
        std::memcpy(static_cast<char *>(in.data()) + i * bitsFrom.bytes(), &values.back()[i], bitsFrom.bytes());
      inputs.push_back({in});
    }
  // Every pair on one of the instruction sets: all of them on each take longer to compile than all other tests.
  auto targets = hostTargets();
  for (size_t t = 0; t < targets.size(); ++t) {
    const auto &[targetName, target] = targets[t];
    std::vector<Case> some;
    std::vector<std::vector<Buffer<>>> someInputs;
    std::vector<size_t> chosen;
    for (size_t c = 0; c < cases.size(); ++c)
      if (c % targets.size() == t)
        some.push_back(cases[c]), someInputs.push_back(inputs[c]), chosen.push_back(c);
    auto outputs = evaluate(some, someInputs, target);
    for (size_t o = 0; o < chosen.size(); ++o) {
      size_t c = chosen[o];
      auto [from, to] = pairs[c];
      int wrong = 0;
      for (int i = 0; i < count && wrong < 3; ++i) {
        uint64_t bits = 0;
        std::memcpy(&bits, static_cast<char *>(outputs[o].data()) + i * outputs[o].type().bytes(), outputs[o].type().bytes());
        Real in = valueOf(values[c][i], from), want = truth(in, from, to), got = valueOf(bits, to);
        bool isRight =
            std::isnan(want) ? std::isnan(got) : want == got && (!to.is_float() || std::signbit(want) == std::signbit(got));
        wrong += !isRight;
        EXPECT_TRUE(isRight) << from << " to " << to << " on " << targetName << ": " << double(in) << " (bits " << std::hex
                             << values[c][i] << ") gives " << double(got) << ", not " << double(want);
      }
    }
  }
}

} // namespace
