//===- Activations.cpp - erf, sigmoid, softplus -----------------------------------------------------------------===//
//
// erf:  f32: a rational x P(x^2) / Q(x^2), 1 beyond 3.92 (where it rounds to 1). f64: |x| < 1: x P(x^2); else 1 - exp(-x^2) R(t), where R is
//       exp(x^2) erfc(x) as a polynomial in t = (x - 2) / (x + 2): the factor is so small that the error of x^2 does not show.
// sigmoid, softplus: of exp(-|x|), which never overflows.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Exponential.h"

using namespace Halide;
using namespace kiln::math::strict;

namespace kiln::math {
namespace {

Expr expOfMinus(const Expr &a) { return exponential::scaledExp(fromBits(a, bits(a) | signMask(a)), 0); }

Expr erfOf(const Expr &x) {
  if (!isDouble(x)) {
    Expr a = clamp(-3.9192059, x, 3.9192059), z = a * a;
    // The minimax coefficients in f32, then searched for the neighbours whose rounding errors are least.
    Expr p = horner(z, {1.128379225730896, 0.18516813218593597, 0.05427481234073639, 0.0038433577865362167, 0.00037794315721839666,
                        4.64062668470433e-06, -1.2968004448055126e-08});
    Expr q =
        horner(z, {1.0, 0.4974343478679657, 0.11391079425811768, 0.0154437106102705, 0.0013040683697909117, 6.269430741667747e-05});
    return strict::div(strict::mul(a, p), q);
  }
  Expr a = strict::min(constant(x, 5.99), strict::magnitude(x)), z = strict::mul(a, a);
  Expr near =
      strict::mul(a, horner(z, {1.12837916709551257, -0.376126389031837524, 0.112837916709551198, -0.0268661706451297354,
                                0.005223977625422104, -0.000854832702185421374, 0.000120553328993938826, -0.0000149256474659564853,
                                1.64620434208262378e-6, -1.63646145547528602e-7, 1.47921466098722657e-8, -1.21630450130342099e-9,
                                8.70379425061069686e-11, -4.22289409023881187e-12}));
  Expr t = strict::div(strict::sub(a, 2), strict::add(a, 2));
  Expr r =
      horner(t, {0.255395676310505744, -0.427185847413958393, 0.241658194242466364, -0.0789785810157332111, 0.00373289240434174619,
                 0.00699746173929667295, -0.00084714325160921628, -0.000981977029041757523, 0.0000435556195162426734,
                 0.000174361136048848716, 0.0000275250790074544136, -0.0000275777735128044008, -0.0000139588672270500732,
                 1.36668998963879915e-6, 3.67395655282295925e-6, 1.23168360497237231e-6, -1.6188187493080799e-8});
  Expr far = strict::sub(constant(x, 1), strict::mul(expOfMinus(z), r));
  return withSignOf(Halide::select(strict::lt(a, 1), near, far), x);
}

Expr sigmoidOf(const Expr &x) {
  Expr e = expOfMinus(x), one = constant(x, 1);
  return strict::div(Halide::select(strict::lt(x, 0), e, one), strict::add(e, one));
}

Expr softplusOf(const Expr &x) { return strict::add(strict::max(constant(x, 0), x), exponential::log1p(expOfMinus(x))); }

} // namespace

Expr erf(const Expr &x) { return overFloats(x, erfOf); }
Expr sigmoid(const Expr &x) { return overFloats(x, sigmoidOf); }
Expr softplus(const Expr &x) { return overFloats(x, softplusOf); }

} // namespace kiln::math
