//===- Exponential.cpp - exp, expm1, log, log1p -----------------------------------------------------------------===//
//
// exp:  x = n log 2 + r, |r| <= log(2)/2; exp(r) = 1 + r + r^2 P(r); times 2^n in two steps, so that subnormal results are rounded once.
//       n comes from adding a number so large that the sum's last place is 1: no conversion that would be undefined for NaN.
// log:  x = 2^k m, m in [sqrt(1/2), sqrt(2)), f = m - 1. f32: f - f^2/2 + f^3 P(f) + k log 2. f64: with s = f / (2 + f), log(1 + f) = 2 atanh(s),
//       arranged as in fdlibm so that the division's error is scaled by f^2.
// P are the minimax polynomials of minimax.py.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Exponential.h"

using namespace Halide;
using namespace kiln::math::strict;

namespace kiln::math {
namespace exponential {
namespace {

struct Reduced {
  Expr n; ///< a whole number, as a float
  Expr bits; ///< whose low bits are n + offset
  Expr rest; ///< x - n log 2
};

Reduced reduce(const Expr &x, int offset) {
  Expr shifter = constant(x, (isDouble(x) ? 0x1.8p52 : 0x1.8p23) + offset);
  Expr shifted = strict::add(strict::mul(x, 1.44269504088896340736), shifter);
  Expr n = strict::sub(shifted, shifter);
  // The first part of log 2 has so few bits that its product with n is exact.
  double high = isDouble(x) ? 0x1.62e42fefa38p-1 : 0.693359375, low = isDouble(x) ? 0x1.ef35793c7673p-45 : -2.12194440054690583e-4;
  Expr rest = strict::sub(strict::sub(x, strict::mul(n, high)), strict::mul(n, low));
  return {n, strict::bits(shifted), rest};
}

} // namespace

namespace {
/// exp(r) for |r| <= log(2)/2.
Expr expNear(const Expr &r) {
  Expr p = isDouble(r) ? horner(r, {0.500000000000001062, 0.166666666666664134, 0.0416666666665302412, 0.00833333333349388698,
                                    0.00138888889436042757, 0.000198412695077585175, 0.0000248014931290505984,
                                    2.75575853996893729e-6, 2.76302365783797255e-7, 2.50003417511910655e-8})
                       : horner(r, {0.4999999347, 0.1666652068, 0.04166838297, 0.008368710987, 0.00138148525});
  return strict::add(strict::add(r, r * r * p), 1);
}
} // namespace

Expr scaledExp(const Expr &x, int halvings) {
  Expr bounded = isDouble(x) ? clamp(-746, x, 711) : clamp(-105, x, 90);
  Reduced by = reduce(bounded, 2 * bias(x) - halvings);
  Expr half = by.bits >> 1;
  Expr scale1 = fromBits(x, half << mantissaBits(x)), scale2 = fromBits(x, (by.bits - half) << mantissaBits(x));
  return strict::mul(strict::mul(expNear(by.rest), scale1), scale2);
}

Expr expm1(const Expr &x) {
  Reduced by = isDouble(x) ? reduce(clamp(-40, x, 710), bias(x) - 1) : reduce(clamp(-20, x, 89), bias(x) - 1);
  Expr r = by.rest;
  Expr p = isDouble(x) ? horner(r, {0.500000000000000001, 0.166666666666666765, 0.0416666666666665085, 0.00833333333332170117,
                                    0.00138888888889625451, 0.000198412698859393856, 0.0000248015871721530421,
                                    2.7557244403338499e-6, 2.75574030057862869e-7, 2.5108967876075239e-8, 2.0875207827549963e-9})
                       : horner(r, {0.5000000044, 0.1666666637, 0.04166636091, 0.008333389003, 0.001394062558, 0.000198460421});
  Expr q = strict::add(r, r * r * p);
  // 2^n (q + 1) - 1, with n one less, which may be as much as the exponent allows, and doubled at the end.
  Expr half = fromBits(x, by.bits << mantissaBits(x));
  Expr scaled = strict::add(strict::mul(half, q), strict::sub(half, 0.5));
  Expr result = Halide::select(strict::eq(by.n, 0), q, strict::mul(scaled, 2));
  return withSignOf(result, x);
}

Expr logOfSum(const Expr &u, const Expr &correction, const Expr &excess) {
  int mantissa = mantissaBits(u);
  uint64_t rootHalf = isDouble(u) ? 0x3fe6a09e667f3bcd : 0x3f3504f3, one = uint64_t(bias(u)) << mantissa;
  Expr moved = strict::bits(u) + mask(u, one - rootHalf);
  Expr exponent = moved >> mantissa;
  Expr m = fromBits(u, (moved & mask(u, (uint64_t(1) << mantissa) - 1)) + mask(u, rootHalf));
  // The exponent becomes a float by standing in the last places of 2^mantissa.
  double base = isDouble(u) ? 0x1p52 : 0x1p23;
  Expr k = strict::sub(fromBits(u, exponent | mask(u, uint64_t(bias(u) + mantissa) << mantissa)), base + bias(u));
  if (excess.defined())
    k = strict::sub(k, excess);
  Expr f = strict::sub(m, 1);
  if (correction.defined()) {
    Expr scale = fromBits(u, (mask(u, 2 * bias(u)) - exponent) << mantissa);
    f = strict::add(f, Halide::select(strict::lt(u, base * 4), strict::mul(correction, scale), constant(u, 0)));
  }
  Expr half = strict::mul(strict::mul(f, f), 0.5);
  if (!isDouble(u)) {
    Expr p = horner(f, {0.333333236, -0.2499999094, 0.2000152465, -0.1666866871, 0.1423027601, -0.1239909142, 0.1181068623,
                        -0.1168972879, 0.06927894212});
    Expr rest = f * f * f * p + k * constant(u, -2.12194440054690583e-4);
    return strict::add(strict::add(f, strict::sub(rest, half)), strict::mul(k, 0.693359375));
  }
  Expr s = strict::div(f, strict::add(f, 2));
  Expr z = s * s;
  Expr p = z * horner(z, {0.66666666666666962, 0.399999999996138449, 0.285714287049461054, 0.222222019551907368,
                          0.18183405602428328, 0.153177823488203753, 0.147612000551063399});
  Expr rest = strict::add(strict::mul(s, strict::add(half, p)), strict::mul(k, 0x1.ef35793c7673p-45));
  return strict::sub(strict::mul(k, 0x1.62e42fefa38p-1), strict::sub(strict::sub(half, rest), f));
}

Expr log1p(const Expr &x) {
  Expr u = strict::add(x, 1), from1 = strict::sub(u, 1), fromX = strict::sub(u, x);
  Expr correction = Halide::select(strict::lt(x, 1), strict::sub(x, from1), strict::sub(constant(x, 1), fromX));
  return logOfSum(u, correction, Expr());
}

namespace {
/// log at the ends of its domain; `x` is its argument, or one less.
Expr withLogSpecials(const Expr &value, const Expr &x, double pole) {
  Expr special = Halide::select(strict::eq(x, pole), fromBits(x, infinityBits(x) | signMask(x)), strict::lt(x, pole), nan(x), x);
  return Halide::select(strict::lt(pole, x) && strict::lt(x, infinity(x)), value, special);
}
} // namespace
} // namespace exponential

Expr exp(const Expr &x) {
  return overFloats(x, [](const Expr &y) { return exponential::scaledExp(y, 0); });
}

Expr expm1(const Expr &x) { return overFloats(x, exponential::expm1); }

Expr log(const Expr &x) {
  return overFloats(x, [](const Expr &y) {
    // Subnormals are brought up by a power of two.
    Expr small = strict::lt(y, isDouble(y) ? 0x1p-1022 : 0x1p-126), zero = constant(y, 0);
    Expr normal = Halide::select(small, strict::mul(y, isDouble(y) ? 0x1p54 : 0x1p24), y);
    Expr value = exponential::logOfSum(normal, Expr(), Halide::select(small, constant(y, isDouble(y) ? 54 : 24), zero));
    return exponential::withLogSpecials(value, y, 0);
  });
}

Expr log1p(const Expr &x) {
  return overFloats(x, [](const Expr &y) {
    Expr value = exponential::log1p(y);
    // Near zero it has the sign of x, also of -0.
    return exponential::withLogSpecials(fromBits(y, magnitudeBits(value) | signBit(y)), y, -1);
  });
}

} // namespace kiln::math
