//===- Ulp.h - the distance of a float from the truth, in units of its last place -------------------------------===//
#ifndef KILN_TESTS_MATH_ULP_H
#define KILN_TESTS_MATH_ULP_H
#include <Halide.h>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace kiln::math::test {

/// What is more precise than T: the C library in double for f32, in long double for f64.
template <typename T> using RealFor = std::conditional_t<sizeof(T) == 4, double, long double>;

/// Infinity counts as the power of two after the largest number; a wrong NaN, infinity (where the truth is none) or sign of an exact zero is
/// infinitely wrong.
template <typename T> double ulps(T value, RealFor<T> truth) {
  using Real = RealFor<T>;
  using Limits = std::numeric_limits<T>;
  const double wrong = std::numeric_limits<double>::infinity();
  if (Real(value) == truth && truth != 0)
    return 0;
  if (std::isnan(value) || std::isnan(truth))
    return std::isnan(value) && std::isnan(truth) ? 0 : wrong;
  bool sameSign = std::signbit(value) == std::signbit(truth);
  if (truth == 0)
    return value == 0 && sameSign ? 0 : wrong;
  const Real top = std::ldexp(Real(1), Limits::max_exponent);
  if (std::fabs(truth) >= top)
    return std::isinf(value) && sameSign ? 0 : wrong;
  Real got = std::isinf(value) ? std::copysign(top, Real(value)) : Real(value);
  int exponent = std::max(std::ilogb(truth), Limits::min_exponent - 1);
  return double(std::ldexp(std::fabs(got - truth), Limits::digits - 1 - exponent));
}

struct Worst {
  double error = 0;
  int where = 0;
};

/// The largest error; where `anyZero`, either zero is right.
template <typename T> Worst worstOf(const Halide::Buffer<T> &values, const std::vector<RealFor<T>> &truth, bool anyZero = false) {
  Worst worst;
  for (int i = 0, n = int(truth.size()); i < n; ++i) {
    double error = anyZero && values(i) == 0 && truth[i] == 0 ? 0 : ulps<T>(values(i), truth[i]);
    if (error > worst.error)
      worst = {error, i};
  }
  return worst;
}

/// The same bytes: what one instruction set computed as another did need not be judged again.
inline bool areSame(const Halide::Buffer<> &a, const Halide::Buffer<> &b) {
  return a.data() && b.data() && std::memcmp(a.data(), b.data(), a.size_in_bytes()) == 0;
}

} // namespace kiln::math::test
#endif
