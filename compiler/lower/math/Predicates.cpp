//===- Predicates.cpp - comparisons, logic and bits -------------------------------------------------------------===//
//
// Comparisons of floats are strict, because Halide folds x == x. isNan and isInf look at the bits: LLVM believes that a result of relaxed
// arithmetic (a sum of products, say) is never NaN and would fold a float comparison on it.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/math/Strict.h"

using namespace Halide;

namespace kiln::math {
namespace {
Expr truth(const Expr &x) { return x.type().is_bool() ? x : ne(x, Internal::make_zero(x.type())); }
} // namespace

Expr eq(const Expr &a, const Expr &b) {
  if (strict::isSmallFloat(a))
    return eq(strict::widen(a), strict::widen(b));
  return a.type().is_float() ? strict::eq(a, b) : a == b;
}
Expr ne(const Expr &a, const Expr &b) { return !eq(a, b); }
Expr lt(const Expr &a, const Expr &b) {
  if (strict::isSmallFloat(a))
    return lt(strict::widen(a), strict::widen(b));
  return a.type().is_float() ? strict::lt(a, b) : a < b;
}
Expr le(const Expr &a, const Expr &b) {
  if (strict::isSmallFloat(a))
    return le(strict::widen(a), strict::widen(b));
  return a.type().is_float() ? strict::le(a, b) : a <= b;
}
Expr gt(const Expr &a, const Expr &b) { return lt(b, a); }
Expr ge(const Expr &a, const Expr &b) { return le(b, a); }

Expr isNan(const Expr &x) {
  return x.type().is_float() ? strict::magnitudeBits(x) > strict::infinityBits(x) : Internal::const_false();
}
Expr isInf(const Expr &x) {
  return x.type().is_float() ? strict::magnitudeBits(x) == strict::infinityBits(x) : Internal::const_false();
}

Expr logicalAnd(const Expr &a, const Expr &b) { return truth(a) && truth(b); }
Expr logicalOr(const Expr &a, const Expr &b) { return truth(a) || truth(b); }
Expr logicalXor(const Expr &a, const Expr &b) { return truth(a) != truth(b); }
Expr logicalNot(const Expr &x) { return !truth(x); }

Expr bitAnd(const Expr &a, const Expr &b) { return a & b; }
Expr bitOr(const Expr &a, const Expr &b) { return a | b; }
Expr bitXor(const Expr &a, const Expr &b) { return a ^ b; }
Expr bitNot(const Expr &x) { return ~x; }

namespace {
/// `b`'s unsigned value, at most `most`, in a's type: what is left out is a shift by the width or more.
Expr distance(const Expr &a, const Expr &b, int most) {
  Expr count = Halide::min(Halide::cast(strict::bitsType(b), b), Internal::make_const(strict::bitsType(b), most));
  return Halide::cast(strict::bitsType(a), count);
}
Expr tooFar(const Expr &a, const Expr &b) {
  return Halide::cast(strict::bitsType(b), b) >= Internal::make_const(strict::bitsType(b), a.type().bits());
}
} // namespace

Expr shiftLeft(const Expr &a, const Expr &b) {
  Expr bits = Halide::cast(strict::bitsType(a), a) << distance(a, b, a.type().bits() - 1);
  return Halide::cast(a.type(), Halide::select(tooFar(a, b), Internal::make_zero(bits.type()), bits));
}

Expr shiftRight(const Expr &a, const Expr &b) {
  Expr shifted = a >> distance(a, b, a.type().bits() - 1);
  return a.type().is_int() ? shifted : Halide::select(tooFar(a, b), Internal::make_zero(a.type()), shifted);
}

Expr select(const Expr &condition, const Expr &ifTrue, const Expr &ifFalse) {
  return Halide::select(truth(condition), ifTrue, ifFalse);
}

} // namespace kiln::math
