//===- Convert.cpp - casts and rounding to whole numbers --------------------------------------------------------===//
//
// Halide's casts of floats to integers are undefined outside the integer's range; those of f64 and integers to f16 and bf16 round twice; of NaN to
// bf16 they may give zero; and LLVM takes a converted f16 to be a number. So f16 and bf16 are coded and decoded by their bits here.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Strict.h"
#include <cmath>

using namespace Halide;

namespace kiln::math {
namespace {

/// Truncates, saturates, NaN becomes 0. The machine's own conversion is undefined outside the type's range, so the value is first brought
/// inside, to the largest float below 2^n, which need not be the type's largest number. The select stands outside because Halide simplifies
/// a cast of a cast, here to an integer that the float need not fit.
Expr toInteger(const Type &type, const Expr &x) {
  int digits = type.bits() - (type.is_int() ? 1 : 0), precision = strict::mantissaBits(x) + 1;
  double limit = std::ldexp(1.0, digits), last = std::ldexp(1.0 - std::ldexp(1.0, -precision), digits);
  Expr converted = Halide::cast(type, strict::clamp(type.is_int() ? -limit : 0.0, x, last)), zero = Internal::make_zero(type);
  return precision >= digits ? Halide::select(isNan(x), zero, converted)
                             : Halide::select(isNan(x), zero, strict::lt(last, x), type.max(), converted);
}

/// f64 to f32 by truncation with the last bit set if anything was lost: rounding this once more, to fewer bits, is as rounding once.
Expr toOddSingle(const Expr &x) {
  Expr single = Halide::cast(Float(32, x.type().lanes()), x), back = Halide::cast(x.type(), single);
  Expr isBeyond = strict::lt(strict::magnitude(x), strict::magnitude(back)), isExact = strict::eq(x, back);
  Expr zero = strict::mask(single, 0), one = strict::mask(single, 1);
  Expr truncated = strict::bits(single) - Halide::select(isBeyond, one, zero);
  return strict::fromBits(single, truncated | Halide::select(isExact, zero, one));
}

Expr singleToBfloat(const Type &type, const Expr &x) {
  Expr bits = strict::bits(x);
  Expr rounded = (bits + strict::mask(x, 0x7fff) + ((bits >> 16) & 1)) >> 16;
  Expr upper = Halide::select(isNan(x), (bits >> 16) | strict::mask(x, 0x40), rounded);
  return Halide::reinterpret(type, Halide::cast(UInt(16, type.lanes()), upper));
}

Expr bfloatToSingle(const Expr &x) {
  Type wide = UInt(32, x.type().lanes());
  return Halide::reinterpret(Float(32, x.type().lanes()), Halide::cast(wide, strict::bits(x)) << 16);
}

Expr singleToHalf(const Type &type, const Expr &x) {
  Expr sign = strict::signBit(x) >> 16, a = strict::magnitudeBits(x);
  // Normal numbers: the exponent is moved, and half a last place added, a little less if that would make a tie odd.
  Expr normal = (a - strict::mask(x, uint64_t(127 - 15) << 23) + strict::mask(x, 0xfff) + ((a >> 13) & 1)) >> 13;
  // Subnormal ones: adding 1/2 rounds at their last place.
  Expr subnormal = strict::bits(strict::add(strict::fromBits(x, a), 0.5)) - strict::mask(x, 0x3f000000);
  Expr special = Halide::select(isNan(x), strict::mask(x, 0x7e00), strict::mask(x, 0x7c00));
  Expr isLarge = a >= strict::mask(x, 0x47800000), isSmall = a < strict::mask(x, 0x38800000);
  Expr value = sign | Halide::select(isLarge, special, isSmall, subnormal, normal);
  return Halide::reinterpret(type, Halide::cast(UInt(16, type.lanes()), value));
}

Expr halfToSingle(const Expr &x) {
  Type wide = UInt(32, x.type().lanes()), single = Float(32, x.type().lanes());
  Expr bits = Halide::cast(wide, strict::bits(x)), sign = (bits & 0x8000) << 16, a = bits & 0x7fff;
  // The exponent is moved by a product, which also normalises; that of infinity and NaN stays the largest.
  Expr scaled = strict::bits(strict::mul(Halide::reinterpret(single, a << 13), 0x1p112));
  Expr top = Halide::select(a >= Internal::make_const(wide, 0x7c00), strict::mask(scaled, 0x7f800000), strict::mask(scaled, 0));
  return Halide::reinterpret(single, scaled | top | sign);
}

/// Numbers and f32, f64 to f16 or bf16, rounding once.
Expr toSmallFloat(const Type &type, const Expr &x) {
  Type from = x.type();
  bool fitsSingle = from == Float(32, from.lanes()) || (!from.is_float() && from.bits() <= 16);
  Expr single = fitsSingle ? Halide::cast(Float(32, from.lanes()), x) : toOddSingle(Halide::cast(Float(64, from.lanes()), x));
  return type.is_bfloat() ? singleToBfloat(type, single) : singleToHalf(type, single);
}

template <typename Round> Expr whole(const Expr &x, Round function) {
  if (!x.type().is_float())
    return x;
  return strict::isSmallFloat(x) ? strict::narrow(x, function(strict::widen(x))) : function(x);
}

} // namespace

Expr cast(const Type &type, const Expr &x) {
  Type from = x.type();
  if (from == type)
    return x;
  if (strict::isSmallFloat(x) && type != Float(32, type.lanes()))
    return math::cast(type, strict::widen(x));
  if (strict::isSmallFloat(x))
    return from.is_bfloat() ? bfloatToSingle(x) : halfToSingle(x);
  if (type.is_bool())
    return ne(x, Internal::make_zero(from));
  if (from.is_float() && !type.is_float())
    return toInteger(type, x);
  return type.is_float() && type.bits() == 16 ? toSmallFloat(type, x) : Halide::cast(type, x);
}

Expr floor(const Expr &x) {
  return whole(x, [](const Expr &y) { return Halide::floor(y); });
}
Expr ceil(const Expr &x) {
  return whole(x, [](const Expr &y) { return Halide::ceil(y); });
}
Expr trunc(const Expr &x) {
  return whole(x, [](const Expr &y) { return Halide::trunc(y); });
}
Expr round(const Expr &x) {
  return whole(x, [](const Expr &y) { return Halide::round(y); });
}

} // namespace kiln::math
