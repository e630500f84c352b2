//===- Power.cpp - sqrt, rsqrt, reciprocal, pow -----------------------------------------------------------------===//
#include "compiler/lower/math/Strict.h"

using namespace Halide;
using namespace kiln::math::strict;

namespace kiln::math {

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
  if (!x.type().is_float())
    return Halide::cast(x.type(), Halide::pow(Halide::cast<double>(x), Halide::cast<double>(y)));
  return Halide::select(isNan(x), x, isNan(y), y, Halide::pow(x, y));
}

} // namespace kiln::math
