//===- Arithmetic.cpp - add to max, in floats and wrapping integers ---------------------------------------------===//
//
// Floats: one strict operation each. Integers: signed overflow is undefined in Halide and LLVM from 32 bits on, so sums and products are
// computed in the unsigned type; quotients are computed of magnitudes, where Halide's flooring is truncation, and given their sign afterwards.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Strict.h"

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
  return binary(a, b, strict::add, [](const Expr &x, const Expr &y) { return x + y; });
}

Expr sub(const Expr &a, const Expr &b) {
  return binary(a, b, strict::sub, [](const Expr &x, const Expr &y) { return x - y; });
}

Expr mul(const Expr &a, const Expr &b) {
  return binary(a, b, strict::mul, [](const Expr &x, const Expr &y) { return x * y; });
}

Expr div(const Expr &a, const Expr &b) {
  if (a.type().is_int())
    return withSign(a.type(), (a ^ b) < 0, magnitude(a) / magnitude(b));
  return binary(a, b, strict::div, [](const Expr &x, const Expr &y) { return x / y; });
}

Expr fmod(const Expr &a, const Expr &b) {
  if (a.type().is_int())
    return withSign(a.type(), a < 0, magnitude(a) % magnitude(b));
  return binary(
      a, b,
      [](const Expr &x, const Expr &y) {
        Expr rest = strict::sub(x, strict::mul(math::trunc(strict::div(x, y)), y));
        return Halide::select(isInf(y) && !isInf(x), x, rest);
      },
      [](const Expr &x, const Expr &y) { return x % y; });
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
    return Halide::reinterpret(x.type(), strict::bits(x) ^ strict::signBit(x));
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
/// min or max of floats by their order as sign-and-magnitude integers, in which -0 < 0.
Expr pick(const Expr &a, const Expr &b, bool less) {
  auto ordered = [](const Expr &x) {
    Type type = Int(x.type().bits(), x.type().lanes());
    Expr bits = Halide::reinterpret(type, x);
    return bits ^ Halide::reinterpret(type, Halide::reinterpret(strict::bitsType(x), bits >> (type.bits() - 1)) >> 1);
  };
  Expr chosen = Halide::select(less ? ordered(a) < ordered(b) : ordered(a) > ordered(b), a, b);
  return Halide::select(isNan(a), a, isNan(b), b, chosen);
}
} // namespace

Expr min(const Expr &a, const Expr &b) { return a.type().is_float() ? pick(a, b, true) : Halide::min(a, b); }
Expr max(const Expr &a, const Expr &b) { return a.type().is_float() ? pick(a, b, false) : Halide::max(a, b); }

} // namespace kiln::math
