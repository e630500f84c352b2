//===- Power.cpp - sqrt, rsqrt, reciprocal, pow -----------------------------------------------------------------===//
//
// pow is 2^(y log2 |x|) with C99's special cases around it. log2: x = 2^k m, s = (m - 1) / (m + 1), log(m) = 2 atanh(s).
//   f32: all in f64, where an error of 2^-36 in the logarithm is enough.
//   f64: y multiplies the logarithm's error by up to 1075, so the logarithm is a sum of two doubles, their products made exact by splitting the
//        factors in halves. 2 atanh(s) = 2 s (1 + z/3 + z^2 Q(z) / 2), z = s^2; only Q is a plain double.
//   integers: repeated squaring, modulo 2^bits.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Strict.h"

using namespace Halide;
using namespace kiln::math::strict;

namespace kiln::math {
namespace {

struct Binary {
  Expr exponent, mantissa; ///< |x| = 2^exponent mantissa, mantissa in [sqrt(1/2), sqrt(2))
};

/// For f64 that are positive and normal.
Binary split(const Expr &x) {
  const uint64_t rootHalf = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
  Expr moved = bits(x) + mask(x, one - rootHalf);
  Expr exponent = strict::sub(fromBits(x, (moved >> 52) | mask(x, uint64_t(1075) << 52)), 0x1p52 + 1023);
  return {exponent, fromBits(x, (moved & mask(x, (uint64_t(1) << 52) - 1)) + mask(x, rootHalf))};
}

/// 2^(n + rest) with the exponential of `rest` given; both steps of the scale are in range for |n| <= 1100.
struct Whole {
  Expr n, scale1, scale2;
};

Whole nearest(const Expr &x) {
  Expr shifter = constant(x, 0x1.8p52 + 2046), shifted = strict::add(x, shifter), half = bits(shifted) >> 1;
  return {strict::sub(shifted, shifter), fromBits(x, half << 52), fromBits(x, (bits(shifted) - half) << 52)};
}

/// |x|^y for finite x but 0, in f64 with the precision of f32.
Expr powerOfSingles(const Expr &x, const Expr &y) {
  Binary b = split(x);
  Expr s = strict::div(strict::sub(b.mantissa, 1), strict::add(b.mantissa, 1)), z = s * s;
  Expr p = horner(z, {0.961796679802882894, 0.57708274939795297, 0.411711638177412387, 0.340132613928385661});
  Expr log2 = strict::add(b.exponent, strict::mul(s, constant(x, 2.88539008177792681) + z * p));
  Expr product = clamp(-1100, strict::mul(y, log2), 1100);
  Whole whole = nearest(product);
  Expr r = strict::sub(product, whole.n);
  Expr q = horner(r, {0.693147180545800441, 0.240226510333187925, 0.0555041095368574825, 0.00961804196895543659,
                      0.00133334363165284784, 0.000154657273857444871, 0.0000153138914822467879});
  return strict::mul(strict::mul(strict::add(strict::mul(r, q), 1), whole.scale1), whole.scale2);
}

/// An unevaluated sum; |low| is below the last place of high.
struct Pair {
  Expr high, low;
};

Expr upperHalf(const Expr &x) { return fromBits(x, bits(x) & mask(x, ~uint64_t((1 << 27) - 1))); }

/// A product as it was rounded: compilers for a card make one fused operation of it and a sum after it, strict or not. No arithmetic gives
/// this NaN.
Expr rounded(const Expr &x) { return Halide::select(bits(x) == mask(x, 0x7ff4b1d5eed00001), constant(x, 0), x); }

/// The exact product.
Pair product(const Expr &a, const Expr &b) {
  Expr p = rounded(strict::mul(a, b)), aHigh = upperHalf(a), bHigh = upperHalf(b), aLow = strict::sub(a, aHigh),
       bLow = strict::sub(b, bHigh);
  Expr error = strict::add(strict::sub(strict::mul(aHigh, bHigh), p), strict::mul(aHigh, bLow));
  return {p, strict::add(strict::add(error, strict::mul(aLow, bHigh)), strict::mul(aLow, bLow))};
}

/// The product to about twice the precision.
Pair product(const Pair &a, const Pair &b) {
  Pair p = product(a.high, b.high);
  return {p.high, strict::add(p.low, strict::add(strict::mul(a.high, b.low), strict::mul(a.low, b.high)))};
}

/// a + b, where a is 0 or |a| >= |b.high|.
Pair sum(const Expr &a, const Pair &b) {
  Expr s = strict::add(a, b.high);
  return {s, strict::add(strict::sub(b.high, strict::sub(s, a)), b.low)};
}

/// log2(x) - excess
Pair log2Of(const Expr &x, const Expr &excess) {
  Binary b = split(x);
  Expr f = strict::sub(b.mantissa, 1), d = strict::add(f, 2), dLow = strict::sub(f, strict::sub(d, 2));
  Expr s = strict::div(f, d);
  Pair back = product(s, d);
  Expr rest = strict::sub(strict::sub(strict::sub(f, back.high), back.low), strict::mul(s, dLow));
  Pair ratio = {s, strict::div(rest, d)};
  Pair z = product(ratio, ratio);
  Expr q = horner(z.high, {0.4, 0.285714285714285645, 0.22222222222228479, 0.181818181796436637, 0.153846157629253646,
                           0.133332964083100057, 0.117668181406767019, 0.10456223259772198, 0.107632998090515599});
  Pair third = product(z, {constant(x, 0x1.5555555555555p-2), constant(x, 0x1.5555555555555p-56)});
  third.low = strict::add(third.low, strict::mul(strict::mul(strict::mul(z.high, z.high), 0.5), q));
  Pair series = sum(constant(x, 1), third);
  Pair scaled = product(ratio, {constant(x, 0x1.71547652b82fep+1), constant(x, 0x1.777d0ffda0d24p-55)});
  return sum(strict::sub(b.exponent, excess), product(scaled, series));
}

/// |x|^y for finite x but 0.
Expr powerOfDoubles(const Expr &x, const Expr &y) {
  Expr isSmall = strict::lt(x, 0x1p-1022), zero = constant(x, 0);
  Pair log2 = log2Of(Halide::select(isSmall, strict::mul(x, 0x1p54), x), Halide::select(isSmall, constant(x, 54), zero));
  // A larger y would overflow on the way; the power over- or underflows long before.
  Expr bounded = clamp(-0x1p65, y, 0x1p65);
  Pair exponent = product({bounded, zero}, log2);
  Expr high = clamp(-1100, exponent.high, 1100);
  Expr low = Halide::select(strict::eq(high, exponent.high), exponent.low, zero);
  Whole whole = nearest(high);
  Expr r = strict::mul(strict::add(strict::sub(high, whole.n), low), 0.693147180559945309);
  Expr p = horner(r, {0.500000000000001062, 0.166666666666664134, 0.0416666666665302412, 0.00833333333349388698,
                      0.00138888889436042757, 0.000198412695077585175, 0.0000248014931290505984, 2.75575853996893729e-6,
                      2.76302365783797255e-7, 2.50003417511910655e-8});
  Expr value = strict::add(strict::add(r, r * r * p), 1);
  return strict::mul(strict::mul(value, whole.scale1), whole.scale2);
}

/// C99's cases around |x|^y.
Expr withPowSpecials(const Expr &power, const Expr &x, const Expr &y) {
  Expr a = strict::magnitude(x), one = constant(x, 1), infinite = strict::infinity(x), half = strict::mul(y, 0.5);
  Expr isZero = strict::eq(a, 0), isInfinite = strict::eq(a, infinite);
  Expr isWhole = strict::eq(Halide::trunc(y), y), isOdd = isWhole && !strict::eq(Halide::trunc(half), half);
  Expr value = Halide::select(isZero || isInfinite, Halide::select(isZero == strict::lt(y, 0), infinite, constant(x, 0)), power);
  value = Halide::select(strict::eq(a, 1), one, value);
  value = flip(value, isOdd && signBit(x) != mask(x, 0));
  value = Halide::select(strict::lt(x, 0) && !isWhole && !isInfinite, nan(x), value);
  value = Halide::select(isNan(x), x, isNan(y), y, value);
  return Halide::select(strict::eq(y, 0) || strict::eq(x, 1), one, value);
}

Expr powerOfFloats(const Expr &x, const Expr &y) {
  if (isDouble(x))
    return withPowSpecials(powerOfDoubles(strict::magnitude(x), y), x, y);
  Type wide = Float(64, x.type().lanes());
  Expr power = powerOfSingles(Halide::cast(wide, strict::magnitude(x)), Halide::cast(wide, y));
  return withPowSpecials(Halide::cast(x.type(), power), x, y);
}

Expr powerOfIntegers(const Expr &x, const Expr &y) {
  Expr base = Halide::cast(bitsType(x), x), zero = Internal::make_zero(base.type()), one = Internal::make_one(base.type());
  Expr result = one, square = base;
  auto bit = [&](int i) { return ((y >> i) & 1) != 0; };
  for (int i = 0, last = y.type().bits() - (y.type().is_int() ? 1 : 0); i < last; ++i) {
    result = Halide::select(bit(i), result * square, result);
    square = square * square;
  }
  if (y.type().is_int()) {
    Expr minusOne = zero - one;
    Expr inverse =
        Halide::select(base == one, one, base == minusOne, x.type().is_int() ? Halide::select(bit(0), minusOne, one) : zero, zero);
    result = Halide::select(y < 0, inverse, result);
  }
  return Halide::cast(x.type(), result);
}

/// Exponents known when compiling; undefined for others.
Expr constantPower(const Expr &x, double y) {
  if (y == 0)
    return constant(x, 1);
  if (y == 1)
    return x;
  if (y == 2)
    return strict::mul(x, x);
  if (y == 3)
    return strict::mul(strict::mul(x, x), x);
  if (y == -1)
    return strict::div(constant(x, 1), x);
  if (y == 0.5) // + 0 for -0, whose root is -0 but power 0
    return Halide::select(strict::eq(x, fromBits(x, infinityBits(x) | signMask(x))), strict::infinity(x),
                          Halide::sqrt(strict::add(x, 0.0)));
  return Expr();
}

} // namespace

Expr sqrt(const Expr &x) {
  return overFloats(x, [](const Expr &y) { return Halide::sqrt(y); });
}

Expr reciprocal(const Expr &x) {
  return overFloats(x, [](const Expr &y) { return strict::div(constant(y, 1), y); });
}

Expr rsqrt(const Expr &x) {
  return overFloats(x, [](const Expr &y) { return strict::div(constant(y, 1), Halide::sqrt(y)); });
}

Expr pow(const Expr &x, const Expr &y) {
  if (!x.type().is_float()) {
    if (!y.type().is_float())
      return powerOfIntegers(x, y);
    Type wide = Float(64, x.type().lanes());
    return math::cast(x.type(), powerOfFloats(Halide::cast(wide, x), Halide::cast(wide, y)));
  }
  return overFloats(x, [&](const Expr &base) {
    const auto *fraction = y.as<Internal::FloatImm>();
    const auto *whole = y.as<Internal::IntImm>();
    Expr value = fraction ? constantPower(base, fraction->value) : whole ? constantPower(base, double(whole->value)) : Expr();
    return value.defined() ? value : powerOfFloats(base, math::cast(base.type(), y));
  });
}

} // namespace kiln::math
