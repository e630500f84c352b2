//===- Elementary.cpp - transcendental functions (first version: Halide's own) ----------------------------------===//
#include "compiler/lower/math/Strict.h"

using namespace Halide;

namespace kiln::math {
namespace {
template <typename Function> Expr guarded(const Expr &x, Function function) {
  if (strict::isSmallFloat(x))
    return strict::narrow(x, guarded(strict::widen(x), function));
  return Halide::select(isNan(x), x, function(x));
}
Expr one(const Expr &x) { return strict::constant(x, 1); }
} // namespace

#define KILN_FUNCTION(name)                                                                                                        \
  Expr name(const Expr &x) {                                                                                                       \
    return guarded(x, [](const Expr &y) { return Halide::name(y); });                                                              \
  }
KILN_FUNCTION(sqrt)
KILN_FUNCTION(exp)
KILN_FUNCTION(log)
KILN_FUNCTION(sin)
KILN_FUNCTION(cos)
KILN_FUNCTION(tan)
KILN_FUNCTION(asin)
KILN_FUNCTION(acos)
KILN_FUNCTION(atan)
KILN_FUNCTION(sinh)
KILN_FUNCTION(cosh)
KILN_FUNCTION(tanh)
KILN_FUNCTION(asinh)
KILN_FUNCTION(acosh)
KILN_FUNCTION(atanh)
#undef KILN_FUNCTION

Expr erf(const Expr &x) {
  return guarded(x, [](const Expr &y) { return Halide::cast(y.type(), Halide::erf(Halide::cast<float>(y))); });
}
Expr rsqrt(const Expr &x) { return reciprocal(math::sqrt(x)); }
Expr reciprocal(const Expr &x) { return div(one(x), x); }
Expr expm1(const Expr &x) { return sub(math::exp(x), one(x)); }
Expr log1p(const Expr &x) { return math::log(add(x, one(x))); }
Expr sigmoid(const Expr &x) { return reciprocal(add(one(x), math::exp(neg(x)))); }
Expr softplus(const Expr &x) { return add(math::max(x, strict::constant(x, 0)), log1p(math::exp(neg(math::abs(x))))); }
Expr pow(const Expr &x, const Expr &y) {
  if (!x.type().is_float())
    return Halide::cast(x.type(), Halide::pow(Halide::cast<double>(x), Halide::cast<double>(y)));
  return Halide::select(isNan(x), x, isNan(y), y, Halide::pow(x, y));
}

} // namespace kiln::math
