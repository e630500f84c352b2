//===- Trigonometric.cpp - sin, cos, tan and their inverses -----------------------------------------------------===//
//
// sin, cos, tan: x = q pi/2 + r, |r| <= pi/4, then a polynomial of r, chosen and signed by q.
//   f32: every finite x is reduced fully. x / (2 pi) modulo 1 is summed in f64 from exact products with five 26-bit pieces of
//        1 / (2 pi), chosen by the size of x: products with earlier pieces are whole turns.
//   f64: pi/2 in four pieces of which n times the first three is exact for |x| <= 2^30; beyond that the result is NaN.
// asin, acos: P of x^2 up to 1/2; above, by asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)).
// atan: by pi/4 and pi/2 to |t| <= tan(pi/8), then t + t^3 P(t^2); one division.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Strict.h"
#include <cmath>

using namespace Halide;
using namespace kiln::math::strict;

namespace kiln::math {
namespace {

/// pi/2 in three pieces of 22 bits and a rest; 1 / (2 pi) in pieces of 26 bits.
const double halfPiPieces[] = {0x1.921fbp+0, 0x1.5110bp-22, 0x1.184698p-44, 0x1.3198a2e037073p-69};
const double turnPieces[] = {0x1.45f306p-3,   0x1.b9391p-28,   0x1.529fc2p-54, 0x1.d5f47dp-80, 0x1.34ddcp-106,
                             0x1.b6c52bp-131, 0x1.93c439p-158, 0x1.07f94p-188, 0x1.63abdep-210};

struct Angle {
  Expr rest;
  Expr quarters; ///< whole quarter turns; the lowest two bits count
};

/// For f64 of at most 2^51 in magnitude: the nearest whole number, and its low bits.
Expr nearest(const Expr &x, Expr *lowBits) {
  Expr shifted = strict::add(x, 0x1.8p52);
  *lowBits = bits(shifted);
  return strict::sub(shifted, 0x1.8p52);
}

Angle reduceDouble(const Expr &x) {
  Expr quarters;
  Expr n = nearest(strict::mul(x, 0.636619772367581343), &quarters);
  Expr rest = x;
  for (double piece : halfPiPieces)
    rest = strict::sub(rest, strict::mul(n, piece));
  Expr inRange = strict::lt(strict::magnitude(x), 0x1.0000000000001p30);
  return {Halide::select(inRange, rest, nan(x)), quarters};
}

Angle reduceSingle(const Expr &single) {
  Expr x = Halide::cast(Float(64, single.type().lanes()), single), size = strict::magnitude(single);
  // The piece'th product that is not whole turns altogether: x has 24 bits, so from 2^49 on the product with the first piece is whole.
  auto product = [&](int piece) {
    Expr factor = constant(x, turnPieces[piece]);
    for (int skipped = 0; skipped < 4; ++skipped)
      factor = Halide::select(strict::lt(size, std::ldexp(1.0, 49 + 26 * skipped)), factor,
                              constant(x, turnPieces[piece + skipped + 1]));
    return strict::mul(x, factor);
  };
  auto part = [](const Expr &turns) {
    Expr unused;
    return strict::sub(turns, nearest(turns, &unused));
  };
  // The first two products are below 2^51 and their parts multiples of 2^-52, so this much is exact. The others are below 1/8.
  Expr turns = part(strict::add(part(product(0)), part(product(1))));
  for (int piece = 2; piece < 5; ++piece)
    turns = strict::add(turns, product(piece));
  Expr quarters, scaled = strict::mul(turns, 4);
  Expr rest = strict::mul(strict::sub(scaled, nearest(scaled, &quarters)), 1.57079632679489662);
  return {Halide::cast(single.type(), rest), Halide::cast(bitsType(single), quarters)};
}

Angle reduce(const Expr &x) { return isDouble(x) ? reduceDouble(x) : reduceSingle(x); }

Expr sinNear(const Expr &r) {
  Expr z = r * r;
  Expr p = isDouble(r) ? horner(z, {-0.166666666666666323, 0.00833333333332246197, -0.000198412698298401279, 2.75573137018059416e-6,
                                    -2.50507595265053258e-8, 1.58968719009334175e-10})
                       : horner(z, {-0.1666665495, 0.008332178382, -0.0001951732428});
  return strict::add(r, r * z * p);
}

Expr cosNear(const Expr &r) {
  Expr z = strict::mul(r, r);
  Expr p = isDouble(r) ? horner(z, {0.0416666666666666398, -0.00138888888888800665, 0.0000248015872927430394,
                                    -2.7557315198149983e-7, 2.08758281271886843e-9, -1.13646577474956617e-11})
                       : horner(z, {0.04166664687, -0.00138873675, 2.443845053e-5});
  // 1 - z/2 loses what rounding took from it, which is known exactly.
  Expr half = strict::mul(z, 0.5), one = constant(r, 1), head = strict::sub(one, half);
  Expr lost = strict::sub(strict::sub(one, head), half);
  return strict::add(head, strict::add(lost, z * z * p));
}

Expr isSet(const Expr &bits, int bit) {
  return (bits & Internal::make_const(bits.type(), bit)) != Internal::make_zero(bits.type());
}

/// What is below this is its own sine and tangent.
Expr isTiny(const Expr &x) { return strict::lt(strict::magnitude(x), isDouble(x) ? 0x1p-27 : 0x1p-12); }

Expr sinOf(const Expr &x) {
  Angle angle = reduce(x);
  Expr value = Halide::select(isSet(angle.quarters, 1), cosNear(angle.rest), sinNear(angle.rest));
  return Halide::select(isTiny(x), x, flip(value, isSet(angle.quarters, 2)));
}

Expr cosOf(const Expr &x) {
  Angle angle = reduce(x);
  Expr value = Halide::select(isSet(angle.quarters, 1), sinNear(angle.rest), cosNear(angle.rest));
  return flip(value, isSet(angle.quarters + Internal::make_one(angle.quarters.type()), 2));
}

Expr tanOf(const Expr &x) {
  Angle angle = reduce(x);
  Expr sine = sinNear(angle.rest), cosine = cosNear(angle.rest), odd = isSet(angle.quarters, 1);
  Expr value = strict::div(Halide::select(odd, cosine, sine), Halide::select(odd, sine, cosine));
  return Halide::select(isTiny(x), x, flip(value, odd));
}

const double halfPi = 1.57079632679489662, halfPiLow = 6.123233995736766e-17;
/// What f32's pi/2 lacks.
double lowOf(const Expr &x, double value, double low) { return isDouble(x) ? low : value - double(float(value)); }

struct Arcsine {
  Expr isLarge, base, tail; ///< asin(base) = base + tail; if large, of sqrt((1 - |x|) / 2), whose double is acos(|x|)
};

Arcsine arcsine(const Expr &x) {
  Expr a = strict::magnitude(x), isLarge = strict::lt(0.5, a);
  Expr z = Halide::select(isLarge, strict::mul(strict::sub(constant(x, 1), a), 0.5), strict::mul(a, a));
  Expr base = Halide::select(isLarge, Halide::sqrt(z), a);
  Expr p = isDouble(x) ? horner(z, {0.166666666666666784, 0.074999999999893294, 0.0446428571594357583, 0.0303819433492986857,
                                    0.0223721987582812921, 0.0173518775525570849, 0.0139778884729589077, 0.0114212093985561414,
                                    0.0106632331218727523, 0.00412287401125435326, 0.0207476387958926774, -0.0197066200509582696,
                                    0.0318565135524435779})
                       : horner(z, {0.1666672369, 0.0749618251, 0.04537868447, 0.02457094458, 0.04157440941});
  return {isLarge, base, strict::mul(base, z * p)};
}

Expr asinOf(const Expr &x) {
  Arcsine s = arcsine(x);
  Expr twice = strict::mul(strict::add(s.base, strict::sub(s.tail, lowOf(x, halfPi, halfPiLow) / 2)), 2);
  Expr value = Halide::select(s.isLarge, strict::sub(constant(x, halfPi), twice), strict::add(s.base, s.tail));
  return withSignOf(value, x);
}

Expr acosOf(const Expr &x) {
  Arcsine s = arcsine(x);
  Expr isNegative = strict::lt(x, 0), low = constant(x, lowOf(x, halfPi, halfPiLow));
  Expr base = withSignOf(s.base, x), tail = flip(s.tail, isNegative);
  Expr small = strict::sub(constant(x, halfPi), strict::sub(base, strict::sub(low, tail)));
  Expr large = strict::mul(strict::add(s.base, s.tail), 2);
  Expr reflected = strict::mul(strict::sub(constant(x, halfPi), strict::add(s.base, strict::sub(s.tail, low))), 2);
  return Halide::select(s.isLarge, Halide::select(isNegative, reflected, large), small);
}

Expr atanOf(const Expr &x) {
  Expr a = strict::magnitude(x), one = constant(x, 1);
  Expr isFar = strict::lt(2.41421356237309505, a), isMiddle = strict::lt(0.414213562373095049, a);
  Expr over = Halide::select(isFar, constant(x, -1), isMiddle, strict::sub(a, one), a);
  Expr under = Halide::select(isFar, a, isMiddle, strict::add(a, one), one);
  Expr t = strict::div(over, under), z = t * t;
  Expr p = isDouble(x) ? horner(z, {-0.333333333333333169, 0.199999999999832486, -0.142857142828081479, 0.111111108997192449,
                                    -0.0909090077955518168, 0.0769210938738684205, -0.066636203109512318, 0.0585138616017581232,
                                    -0.0505406754885260832, 0.0384179137208984429, -0.018273451180230493})
                       : horner(z, {-0.3333332486, 0.1999892663, -0.1425065477, 0.1063933492, -0.06180705696});
  Expr zero = constant(x, 0);
  Expr high = Halide::select(isFar, constant(x, halfPi), isMiddle, constant(x, halfPi / 2), zero);
  Expr lowest = constant(x, lowOf(x, halfPi, halfPiLow));
  Expr low = Halide::select(isFar, lowest, isMiddle, strict::mul(lowest, 0.5), zero);
  Expr value = strict::add(high, strict::add(t, strict::add(t * z * p, low)));
  return withSignOf(value, x);
}

} // namespace

Expr sin(const Expr &x) { return overFloats(x, sinOf); }
Expr cos(const Expr &x) { return overFloats(x, cosOf); }
Expr tan(const Expr &x) { return overFloats(x, tanOf); }
Expr asin(const Expr &x) { return overFloats(x, asinOf); }
Expr acos(const Expr &x) { return overFloats(x, acosOf); }
Expr atan(const Expr &x) { return overFloats(x, atanOf); }

} // namespace kiln::math
