//===- Convert.cpp - casts and rounding to whole numbers --------------------------------------------------------===//
#include "compiler/lower/math/Strict.h"
#include <cmath>

using namespace Halide;

namespace kiln::math {
namespace {

/// Truncates, saturates, NaN becomes 0. The machine's own conversion is undefined outside the type's range, so the value is first brought
/// inside: `limit` is the first float above the range, and the largest float below it may be further from it than 1.
Expr toInteger(const Type &type, const Expr &x) {
  double limit = std::ldexp(1.0, type.bits() - (type.is_int() ? 1 : 0));
  double lowest = type.is_int() ? -limit : 0.0;
  Expr inside = strict::lt(x, strict::constant(x, limit)) && strict::le(strict::constant(x, lowest), x);
  Expr converted = Halide::cast(type, Halide::select(inside, x, strict::constant(x, 0)));
  Expr above = strict::le(strict::constant(x, limit), x), below = strict::lt(x, strict::constant(x, lowest));
  return Halide::select(above, type.max(), below, type.min(), converted);
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
  if (type.is_bool())
    return logicalNot(logicalNot(x));
  if (from.is_float() && !type.is_float())
    return toInteger(type, strict::isSmallFloat(x) ? strict::widen(x) : x);
  return Halide::cast(type, x);
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
