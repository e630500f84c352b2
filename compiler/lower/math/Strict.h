//===- Strict.h - float operations that LLVM must not rearrange, and bits of floats -----------------------------===//
//
// The vocabulary in which Math.h is written. Each strict operation is one IEEE operation: no reassociation, no assumption about NaN, infinity
// or signed zeros, and no fusing. (Halide::strict_float() would walk the whole expression below it, also the operands' own.)
// horner() alone is relaxed, so that it becomes fused multiply-adds; its error must not matter to the last bit, so what comes after it is strict.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_MATH_STRICT_H
#define KILN_LOWER_MATH_STRICT_H
#include "compiler/lower/Math.h"
#include <initializer_list>
#include <limits>

namespace kiln::math::strict {

inline Expr call(Halide::Internal::Call::IntrinsicOp op, Halide::Type type, const Expr &a, const Expr &b) {
  return Halide::Internal::Call::make(type, op, {a, b}, Halide::Internal::Call::PureIntrinsic);
}
inline Expr add(const Expr &a, const Expr &b) { return call(Halide::Internal::Call::strict_add, a.type(), a, b); }
inline Expr sub(const Expr &a, const Expr &b) { return call(Halide::Internal::Call::strict_sub, a.type(), a, b); }
inline Expr mul(const Expr &a, const Expr &b) { return call(Halide::Internal::Call::strict_mul, a.type(), a, b); }
inline Expr div(const Expr &a, const Expr &b) { return call(Halide::Internal::Call::strict_div, a.type(), a, b); }
inline Expr lt(const Expr &a, const Expr &b) {
  return call(Halide::Internal::Call::strict_lt, a.type().with_code(halide_type_uint).with_bits(1), a, b);
}
inline Expr eq(const Expr &a, const Expr &b) {
  return call(Halide::Internal::Call::strict_eq, a.type().with_code(halide_type_uint).with_bits(1), a, b);
}
/// Halide's own strict_le is !(b < a) on x86, which is true of NaN.
inline Expr le(const Expr &a, const Expr &b) { return lt(a, b) || eq(a, b); }

/// The smaller or larger; `b` if either is NaN. (A select, because Halide would give strict_min bounds; see unbounded().)
inline Expr min(const Expr &a, const Expr &b) { return Halide::select(lt(a, b), a, b); }
inline Expr max(const Expr &a, const Expr &b) { return Halide::select(lt(b, a), a, b); }

/// A constant of x's type.
inline Expr constant(const Expr &x, double value) { return Halide::Internal::make_const(x.type(), value); }
inline Expr add(const Expr &a, double b) { return add(a, constant(a, b)); }
inline Expr sub(const Expr &a, double b) { return sub(a, constant(a, b)); }
inline Expr mul(const Expr &a, double b) { return mul(a, constant(a, b)); }
inline Expr lt(const Expr &a, double b) { return lt(a, constant(a, b)); }
inline Expr lt(double a, const Expr &b) { return lt(constant(b, a), b); }
inline Expr eq(const Expr &a, double b) { return eq(a, constant(a, b)); }
/// `x` brought between two numbers; NaN stays NaN.
inline Expr clamp(double low, const Expr &x, double high) {
  return strict::min(constant(x, high), strict::max(constant(x, low), x));
}

inline Halide::Type bitsType(const Expr &x) { return Halide::UInt(x.type().bits(), x.type().lanes()); }
inline Expr bits(const Expr &x) { return Halide::reinterpret(bitsType(x), x); }
inline Expr fromBits(const Expr &like, const Expr &bits) { return Halide::reinterpret(like.type(), bits); }
/// A constant of the unsigned type of x's width.
inline Expr mask(const Expr &x, uint64_t value) { return Halide::Internal::make_const(bitsType(x), value); }
inline Expr signMask(const Expr &x) { return mask(x, uint64_t(1) << (x.type().bits() - 1)); }
inline Expr signBit(const Expr &x) { return bits(x) & signMask(x); }
inline Expr magnitudeBits(const Expr &x) { return bits(x) & mask(x, (uint64_t(1) << (x.type().bits() - 1)) - 1); }
inline Expr infinityBits(const Expr &x) {
  if (x.type().is_bfloat())
    return mask(x, 0x7f80);
  return mask(x, x.type().bits() == 64 ? 0x7ff0000000000000 : x.type().bits() == 32 ? 0x7f800000 : 0x7c00);
}
inline Expr infinity(const Expr &x) { return fromBits(x, infinityBits(x)); }
inline Expr nan(const Expr &x) { return fromBits(x, infinityBits(x) | (infinityBits(x) >> 1)); }
inline Expr magnitude(const Expr &x) { return fromBits(x, magnitudeBits(x)); }
/// `x`, which is not negative (or NaN), with the sign of `like`.
inline Expr withSignOf(const Expr &x, const Expr &like) { return fromBits(x, bits(x) | signBit(like)); }
inline Expr flip(const Expr &x, const Expr &condition) {
  return fromBits(x, bits(x) ^ Halide::select(condition, signMask(x), mask(x, 0)));
}

inline bool isDouble(const Expr &x) { return x.type().bits() == 64; }
inline int mantissaBits(const Expr &x) { return isDouble(x) ? 52 : 23; }
inline int bias(const Expr &x) { return isDouble(x) ? 1023 : 127; }

/// `x`, of which Halide then knows no bounds: its interval of a polynomial of a bounded x has 4^degree terms, which are seconds of compile time.
/// LLVM sees that nothing happens.
inline Expr unbounded(const Expr &x) { return fromBits(x, magnitudeBits(x) | signBit(x)); }

/// The polynomial with these coefficients, constant term first.
inline Expr horner(const Expr &bounded, std::initializer_list<double> coefficients) {
  Expr x = unbounded(bounded);
  const double *c = coefficients.end();
  Expr sum = constant(x, *--c);
  while (c != coefficients.begin())
    sum = sum * x + constant(x, *--c);
  return sum;
}

/// f16 and bf16 are stored, never computed in.
inline bool isSmallFloat(const Expr &x) { return x.type().is_float() && x.type().bits() < 32; }
inline Expr widen(const Expr &x) { return math::cast(Halide::Float(32, x.type().lanes()), x); }
inline Expr narrow(const Expr &like, const Expr &wide) { return math::cast(like.type(), wide); }

/// A function of f32 and f64, for f16 and bf16 too.
template <typename Function> Expr overFloats(const Expr &x, Function function) {
  return isSmallFloat(x) ? narrow(x, function(widen(x))) : function(x);
}

} // namespace kiln::math::strict
#endif
