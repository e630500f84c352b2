//===- Ulp.h - the distance of a float from the truth, in units of its last place -------------------------------===//
#ifndef KILN_TESTS_MATH_ULP_H
#define KILN_TESTS_MATH_ULP_H
#include <cmath>
#include <limits>

namespace kiln::math::test {

/// `truth` has more precision than T. Infinity counts as the power of two after the largest number; a wrong NaN, infinity (where the truth is none)
/// or sign of an exact zero is infinitely wrong.
template <typename T> double ulps(T value, long double truth) {
  using Limits = std::numeric_limits<T>;
  const double wrong = std::numeric_limits<double>::infinity();
  if (std::isnan(value) || std::isnan(truth))
    return std::isnan(value) && std::isnan(truth) ? 0 : wrong;
  if (std::isinf(truth))
    return std::isinf(value) && std::signbit(value) == std::signbit(truth) ? 0 : wrong;
  if (truth == 0)
    return value == 0 && std::signbit(value) == std::signbit(truth) ? 0 : wrong;
  long double top = std::ldexp(1.0L, Limits::max_exponent);
  if (std::fabs(truth) >= top)
    return std::isinf(value) && std::signbit(value) == std::signbit(truth) ? 0 : wrong;
  long double got = std::isinf(value) ? std::copysign(top, (long double)value) : (long double)value;
  int exponent = std::max(std::ilogb(truth), Limits::min_exponent - 1);
  return double(std::fabs(got - truth) / std::ldexp(1.0L, exponent - (Limits::digits - 1)));
}

} // namespace kiln::math::test
#endif
