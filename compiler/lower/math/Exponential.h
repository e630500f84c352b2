//===- Exponential.h - exp and log as the hyperbolic functions, pow and the activations need them ---------------===//
#ifndef KILN_LOWER_MATH_EXPONENTIAL_H
#define KILN_LOWER_MATH_EXPONENTIAL_H
#include "compiler/lower/math/Strict.h"

namespace kiln::math::exponential {

/// exp(x) / 2^halvings for f32 or f64, over- and underflowing only when the result does. Halvings: 0 or 1.
Expr scaledExp(const Expr &x, int halvings);
/// exp(x) - 1.
Expr expm1(const Expr &x);
/// log((u + correction) / 2^excess), where |correction| is below u's last place; both may be undefined, which is 0. `u` is positive and normal.
Expr logOfSum(const Expr &u, const Expr &correction, const Expr &excess);
/// log(1 + x) for x > -1; -0 gives 0.
Expr log1p(const Expr &x);

} // namespace kiln::math::exponential
#endif
