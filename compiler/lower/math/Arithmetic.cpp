//===- Arithmetic.cpp - add to max, in floats and wrapping integers ---------------------------------------------===//
//
// Floats: one strict operation each. Integers: signed overflow is undefined in Halide and LLVM from 32 bits on, so sums and products are
// computed in the unsigned type; quotients are computed of magnitudes, where Halide's flooring is truncation, and given their sign afterwards.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Strict.h"
#include <cmath>

using namespace Halide;

namespace kiln::math {
namespace {

Expr unsignedOf(const Expr &x) { return Halide::cast(strict::bitsType(x), x); }

Expr magnitude(const Expr &x) {
  Expr bits = unsignedOf(x);
  return Halide::select(x < 0, Internal::make_zero(bits.type()) - bits, bits);
}

/// The signed number of `type` that has this magnitude and sign.
Expr withSign(const Type &type, const Expr &negative, const Expr &magnitude) {
  return Halide::cast(type, Halide::select(negative, Internal::make_zero(magnitude.type()) - magnitude, magnitude));
}

template <typename Strict, typename Wrapping> Expr binary(const Expr &a, const Expr &b, Strict onFloats, Wrapping onIntegers) {
  if (strict::isSmallFloat(a))
    return strict::narrow(a, onFloats(strict::widen(a), strict::widen(b)));
  if (a.type().is_float())
    return onFloats(a, b);
  if (a.type().is_uint())
    return onIntegers(a, b);
  return Halide::cast(a.type(), onIntegers(unsignedOf(a), unsignedOf(b)));
}

} // namespace

Expr add(const Expr &a, const Expr &b) {
  return binary(
      a, b, [](const Expr &x, const Expr &y) { return strict::add(x, y); }, [](const Expr &x, const Expr &y) { return x + y; });
}

Expr sub(const Expr &a, const Expr &b) {
  return binary(
      a, b, [](const Expr &x, const Expr &y) { return strict::sub(x, y); }, [](const Expr &x, const Expr &y) { return x - y; });
}

Expr mul(const Expr &a, const Expr &b) {
  return binary(
      a, b, [](const Expr &x, const Expr &y) { return strict::mul(x, y); }, [](const Expr &x, const Expr &y) { return x * y; });
}

Expr div(const Expr &a, const Expr &b) {
  if (a.type().is_int())
    return withSign(a.type(), (a ^ b) < 0, magnitude(a) / magnitude(b));
  return binary(
      a, b, [](const Expr &x, const Expr &y) { return strict::div(x, y); }, [](const Expr &x, const Expr &y) { return x / y; });
}

namespace {

/// a - n b for magnitudes a and b of f64, n the whole number that leaves at most about b / 2: long division, `bits` of the quotient at a time.
/// Every step is exact if the low half of b times a digit is: b with `bits` of its own mantissa bits unused, or split in two.
Expr centeredRest(const Expr &a, const Expr &b, int steps, int bits, bool isSplit) {
  Expr rest = a, inverse = strict::div(strict::constant(b, 1), b);
  Expr high = isSplit ? strict::fromBits(b, strict::bits(b) & strict::mask(b, ~uint64_t((1 << 27) - 1))) : b,
       low = strict::sub(b, high);
  for (int step = steps - 1; step >= 0; --step) {
    double scale = std::ldexp(1.0, bits * step);
    Expr digit = Halide::round(strict::mul(strict::mul(rest, inverse), 1 / scale));
    rest = strict::sub(rest, strict::mul(digit, strict::mul(high, scale)));
    if (isSplit)
      rest = strict::sub(rest, strict::mul(digit, strict::mul(low, scale)));
  }
  return rest;
}

Expr fmodOfFloats(const Expr &x, const Expr &y) {
  Expr a = strict::magnitude(x), b = strict::magnitude(y), rest;
  if (strict::isDouble(x)) {
    // Five digits of 24 bits, away from over- and underflow.
    Expr up = strict::constant(x, 0x1p200), down = strict::constant(x, 0x1p-200), one = strict::constant(x, 1);
    Expr isLarge = strict::lt(0x1p700, b), isSmall = strict::lt(b, 0x1p-700);
    Expr scale = Halide::select(isLarge, down, isSmall, up, one), back = Halide::select(isLarge, up, isSmall, down, one);
    Expr scaledA = strict::mul(a, scale), scaledB = strict::mul(b, scale);
    rest = centeredRest(scaledA, scaledB, 5, 24, true);
    rest = strict::mul(Halide::select(strict::lt(rest, 0), strict::add(rest, scaledB), rest), back);
    rest = Halide::select(strict::lt(scaledA, strict::mul(scaledB, 0x1p118)), rest, strict::nan(x));
  } else {
    Type wide = Float(64, x.type().lanes());
    Expr wideB = Halide::cast(wide, b);
    rest = centeredRest(Halide::cast(wide, a), wideB, 11, 28, false);
    rest = Halide::cast(x.type(), Halide::select(strict::lt(rest, 0), strict::add(rest, wideB), rest));
  }
  // Smaller than the divisor already, which may be infinite; NaN and infinity otherwise came through as NaN.
  return strict::withSignOf(Halide::select(strict::lt(a, b), a, rest), x);
}

} // namespace

Expr fmod(const Expr &a, const Expr &b) {
  if (a.type().is_int())
    return withSign(a.type(), a < 0, magnitude(a) % magnitude(b));
  return binary(a, b, fmodOfFloats, [](const Expr &x, const Expr &y) { return x % y; });
}

Expr mod(const Expr &a, const Expr &b) {
  Expr rest = fmod(a, b);
  if (a.type().is_uint())
    return rest;
  Expr zero = Internal::make_zero(a.type());
  return Halide::select(ne(rest, zero) && (lt(rest, zero) != lt(b, zero)), add(rest, b), rest);
}

Expr neg(const Expr &x) {
  if (x.type().is_float())
    return Halide::reinterpret(x.type(), strict::bits(x) ^ strict::signMask(x));
  return Halide::cast(x.type(), Internal::make_zero(strict::bitsType(x)) - unsignedOf(x));
}

Expr abs(const Expr &x) {
  if (x.type().is_float())
    return Halide::reinterpret(x.type(), strict::magnitudeBits(x));
  return x.type().is_uint() ? x : Halide::cast(x.type(), magnitude(x));
}

Expr sign(const Expr &x) {
  Expr zero = Internal::make_zero(x.type()), one = Internal::make_one(x.type());
  Expr result = Halide::select(gt(x, zero), one, zero);
  if (!x.type().is_uint())
    result = Halide::select(lt(x, zero), neg(one), result);
  return x.type().is_float() ? Halide::select(isNan(x), x, result) : result;
}

namespace {
bool isNumber(const Expr &x) {
  const auto *constant = x.as<Internal::FloatImm>();
  return constant && constant->value == constant->value;
}

/// The strict operation keeps a NaN in its second operand only.
template <typename Operation> Expr keepNan(const Expr &a, const Expr &b, Operation operation) {
  if (isNumber(a))
    return operation(a, b);
  if (isNumber(b))
    return operation(b, a);
  return Halide::select(isNan(a), a, operation(a, b));
}
} // namespace

Expr min(const Expr &a, const Expr &b) {
  if (a.type().is_int())
    return Halide::min(a, b);
  return binary(
      a, b,
      [](const Expr &x, const Expr &y) { return keepNan(x, y, [](const Expr &p, const Expr &q) { return strict::min(p, q); }); },
      [](const Expr &x, const Expr &y) { return Halide::min(x, y); });
}

Expr max(const Expr &a, const Expr &b) {
  if (a.type().is_int())
    return Halide::max(a, b);
  return binary(
      a, b,
      [](const Expr &x, const Expr &y) { return keepNan(x, y, [](const Expr &p, const Expr &q) { return strict::max(p, q); }); },
      [](const Expr &x, const Expr &y) { return Halide::max(x, y); });
}

} // namespace kiln::math
