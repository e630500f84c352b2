//===- Hyperbolic.cpp - sinh, cosh, tanh and their inverses -----------------------------------------------------===//
//
// All are even or odd: they are computed of a = |x| and given their sign last.
// sinh:  a < 1: a + a^3 P(a^2); else h - 1 / (4 h) with h = exp(a) / 2, which overflows only when sinh does. cosh: h + 1 / (4 h).
// tanh:  f32: a rational a P(a^2) / Q(a^2), 1 beyond 9.01 (where it rounds to 1); f64: e / (e + 2), e = exp(2 a) - 1.
// asinh: log(1 + a + a^2 / (1 + sqrt(1 + a^2))); beyond 2^60, before the square overflows, log(a) + log 2.
// acosh: log(1 + t + sqrt(2 t + t^2)), t = x - 1, the same beyond. atanh: log(1 + 2 a / (1 - a)) / 2.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Exponential.h"

using namespace Halide;
using namespace kiln::math::strict;

namespace kiln::math {
namespace {

Expr halfExp(const Expr &a) { return exponential::scaledExp(a, 1); }
Expr quarterOver(const Expr &h) { return strict::div(constant(h, 0.25), h); }

Expr sinhOf(const Expr &x) {
  Expr a = strict::magnitude(x), h = halfExp(a), z = a * a;
  Expr p = isDouble(x) ? horner(z, {0.166666666666666669, 0.00833333333333322046, 0.0001984126984139217, 2.75573191674989642e-6,
                                    2.5052121712115037e-8, 1.60573573912405471e-10, 7.75609651070820563e-13})
                       : horner(z, {0.1666666654, 0.008333348237, 0.000198364289, 2.815697059e-6});
  Expr value = Halide::select(strict::lt(a, 1), strict::add(a, a * z * p), strict::sub(h, quarterOver(h)));
  return withSignOf(value, x);
}

Expr tanhOf(const Expr &x) {
  if (isDouble(x)) {
    Expr e = exponential::expm1(strict::min(constant(x, 44), strict::mul(strict::magnitude(x), 2)));
    return withSignOf(strict::div(e, strict::add(e, 2)), x);
  }
  Expr a = clamp(-9.0109, x, 9.0109), z = a * a;
  // The minimax coefficients in f32, then searched for the neighbours whose rounding errors are least.
  Expr p = horner(z, {1.0, 0.13079716265201569, 0.003099151886999607, 1.1103813449153677e-05, -2.001871735046734e-08,
                      5.177486564478251e-11, -8.227985214817254e-14});
  Expr q = horner(z, {1.0, 0.4641304612159729, 0.0244760662317276, 0.0002539135457482189});
  return strict::div(strict::mul(a, p), q);
}

const double farOut = 0x1p60, log2 = 0.693147180559945309;

/// log(1 + inner), or log(2 a) for a that are far out.
Expr logOrFar(const Expr &a, const Expr &inner) {
  Expr isFar = strict::lt(farOut, a);
  Expr value = exponential::log1p(Halide::select(isFar, a, inner));
  value = strict::add(value, Halide::select(isFar, constant(a, log2), constant(a, 0)));
  return Halide::select(strict::lt(a, infinity(a)), value, a);
}

Expr asinhOf(const Expr &x) {
  Expr a = strict::magnitude(x), z = strict::mul(a, a);
  Expr inner = strict::add(a, strict::div(z, strict::add(Halide::sqrt(strict::add(z, 1)), 1)));
  return withSignOf(logOrFar(a, inner), x);
}

Expr acoshOf(const Expr &x) {
  Expr t = strict::sub(x, 1);
  Expr inner = strict::add(t, Halide::sqrt(strict::mul(t, strict::add(t, 2))));
  return Halide::select(strict::lt(x, 1), nan(x), logOrFar(x, inner));
}

Expr atanhOf(const Expr &x) {
  Expr a = strict::magnitude(x);
  Expr inner = strict::div(strict::mul(a, 2), strict::sub(constant(x, 1), a));
  Expr value = strict::mul(exponential::log1p(inner), 0.5);
  Expr special = Halide::select(strict::eq(a, 1), infinity(x), nan(x));
  return withSignOf(Halide::select(strict::lt(a, 1), value, special), x);
}

} // namespace

Expr sinh(const Expr &x) { return overFloats(x, sinhOf); }
Expr cosh(const Expr &x) {
  return overFloats(x, [](const Expr &y) {
    Expr h = halfExp(strict::magnitude(y));
    return strict::add(h, quarterOver(h));
  });
}
Expr tanh(const Expr &x) { return overFloats(x, tanhOf); }
Expr asinh(const Expr &x) { return overFloats(x, asinhOf); }
Expr acosh(const Expr &x) { return overFloats(x, acoshOf); }
Expr atanh(const Expr &x) { return overFloats(x, atanhOf); }

} // namespace kiln::math
