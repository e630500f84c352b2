//===- Floats.cpp - float arithmetic ------------------------------------------------------------------------------===//
//
// Rounded to the nearest, as IEEE has it; other roundings are not known here. Approximations (.approx) are computed as well as C can:
// a card's differ by some last places, so no test may hang on these.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "Rows.h"
#include <cmath>

namespace ptx {
namespace {
/// .ftz: subnormal numbers are zeros of their sign.
template <class T, bool flush> T flushed(T value) {
  return flush && std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(T(0), value) : value;
}
template <class Operation, bool flush, class Signature> struct Flushing;
template <class Operation, bool flush, class R, class... A> struct Flushing<Operation, flush, R (*)(A...)> {
  static R of(A... arguments) { return flushed<R, flush>(Operation::of(flushed<A, flush>(arguments)...)); }
};
template <template <class> class Operation> Action pick(const std::string &type, bool flush) {
  if (type == "f32" && flush)
    return rows<Flushing<Operation<float>, true, decltype(&Operation<float>::of)>>();
  return forFloats<Operation>(type);
}

template <class T> struct Add {
  static T of(T a, T b) { return a + b; }
};
template <class T> struct Subtract {
  static T of(T a, T b) { return a - b; }
};
template <class T> struct Multiply {
  static T of(T a, T b) { return a * b; }
};
template <class T> struct MultiplyAdd {
  static T of(T a, T b, T c) { return std::fma(a, b, c); }
};
template <class T> struct Divide {
  static T of(T a, T b) { return a / b; }
};
template <class T> struct Reciprocal {
  static T of(T a) { return 1 / a; }
};
template <class T> struct SquareRoot {
  static T of(T a) { return std::sqrt(a); }
};
template <class T> struct ReciprocalRoot {
  static T of(T a) { return static_cast<T>(1 / std::sqrt(static_cast<double>(a))); }
};
template <class T> struct PowerOf2 {
  static T of(T a) { return static_cast<T>(std::exp2(static_cast<double>(a))); }
};
template <class T> struct Logarithm2 {
  static T of(T a) { return static_cast<T>(std::log2(static_cast<double>(a))); }
};
template <class T> struct Sine {
  static T of(T a) { return static_cast<T>(std::sin(static_cast<double>(a))); }
};
template <class T> struct Cosine {
  static T of(T a) { return static_cast<T>(std::cos(static_cast<double>(a))); }
};
template <class T> struct Tangent {
  static T of(T a) { return static_cast<T>(std::tanh(static_cast<double>(a))); }
};
/// The number where one is NaN; -0 is less than 0.
template <class T> struct Minimum {
  static T of(T a, T b) { return std::isnan(a) ? b : std::isnan(b) ? a : a == b ? (std::signbit(a) ? a : b) : a < b ? a : b; }
};
template <class T> struct Maximum {
  static T of(T a, T b) { return std::isnan(a) ? b : std::isnan(b) ? a : a == b ? (std::signbit(a) ? b : a) : a > b ? a : b; }
};
template <class T> struct Absolute {
  static T of(T a) { return std::fabs(a); }
};
template <class T> struct Negate {
  static T of(T a) { return -a; }
};
template <class T> struct CopySign { // of the first to the second
  static T of(T a, T b) { return std::copysign(b, a); }
};

template <template <class> class Operation> struct OfHalf {
  static Half of(Half a, Half b) { return toHalf(Operation<float>::of(toFloat(a), toFloat(b))); }
};
} // namespace

Action floatAction(const std::vector<std::string> &opcode) {
  const std::string &name = opcode[0], &type = opcode.back();
  for (size_t i = 1; i + 1 < opcode.size(); ++i)
    if (opcode[i] != "rn" && opcode[i] != "ftz" && opcode[i] != "approx" && opcode[i] != "full")
      return nullptr;
  bool flush = holds(opcode, "ftz"), near = holds(opcode, "approx");
  if (type == "f16" && !flush)
    return name == "add"   ? rows<OfHalf<Add>>()
           : name == "sub" ? rows<OfHalf<Subtract>>()
           : name == "mul" ? rows<OfHalf<Multiply>>()
                           : nullptr;
  if (name == "add")
    return pick<Add>(type, flush);
  if (name == "sub")
    return pick<Subtract>(type, flush);
  if (name == "mul")
    return pick<Multiply>(type, flush);
  if (name == "fma" || name == "mad")
    return pick<MultiplyAdd>(type, flush);
  if (name == "div")
    return pick<Divide>(type, flush);
  if (name == "rcp")
    return pick<Reciprocal>(type, flush);
  if (name == "sqrt")
    return pick<SquareRoot>(type, flush);
  if (name == "min")
    return pick<Minimum>(type, flush);
  if (name == "max")
    return pick<Maximum>(type, flush);
  if (name == "abs")
    return pick<Absolute>(type, flush);
  if (name == "neg")
    return pick<Negate>(type, flush);
  if (name == "copysign")
    return pick<CopySign>(type, false);
  if (!near)
    return nullptr;
  if (name == "rsqrt")
    return pick<ReciprocalRoot>(type, flush);
  if (name == "ex2")
    return pick<PowerOf2>(type, flush);
  if (name == "lg2")
    return pick<Logarithm2>(type, flush);
  if (name == "sin")
    return pick<Sine>(type, flush);
  if (name == "cos")
    return pick<Cosine>(type, flush);
  return name == "tanh" ? pick<Tangent>(type, flush) : nullptr;
}

} // namespace ptx
