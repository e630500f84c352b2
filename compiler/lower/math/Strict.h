//===- Strict.h - float operations that LLVM must not rearrange, and bits of floats -----------------------------===//
//
// The vocabulary in which Math.h is written. Each strict operation is one IEEE operation: no reassociation, no assumption about NaN, infinity
// or signed zeros, and no fusing. Halide::strict_float() would walk the whole expression below it, also the operands' own.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_MATH_STRICT_H
#define KILN_LOWER_MATH_STRICT_H
#include "compiler/lower/Math.h"

namespace kiln::math::strict {

inline Expr call(Halide::Internal::Call::IntrinsicOp op, Halide::Type type, const Expr &a, const Expr &b) {
  return Halide::Internal::Call::make(type, op, {a, b}, Halide::Internal::Call::PureIntrinsic);
}
inline Expr add(const Expr &a, const Expr &b) { return call(Halide::Internal::Call::strict_add, a.type(), a, b); }
inline Expr sub(const Expr &a, const Expr &b) { return call(Halide::Internal::Call::strict_sub, a.type(), a, b); }
inline Expr mul(const Expr &a, const Expr &b) { return call(Halide::Internal::Call::strict_mul, a.type(), a, b); }
inline Expr div(const Expr &a, const Expr &b) { return call(Halide::Internal::Call::strict_div, a.type(), a, b); }
inline Expr lt(const Expr &a, const Expr &b) {
  return call(Halide::Internal::Call::strict_lt, Halide::Bool(a.type().lanes()), a, b);
}
inline Expr le(const Expr &a, const Expr &b) {
  return call(Halide::Internal::Call::strict_le, Halide::Bool(a.type().lanes()), a, b);
}
inline Expr eq(const Expr &a, const Expr &b) {
  return call(Halide::Internal::Call::strict_eq, Halide::Bool(a.type().lanes()), a, b);
}

/// A constant of x's type.
inline Expr constant(const Expr &x, double value) { return Halide::Internal::make_const(x.type(), value); }
inline Halide::Type bitsType(const Expr &x) { return Halide::UInt(x.type().bits(), x.type().lanes()); }
inline Expr bits(const Expr &x) { return Halide::reinterpret(bitsType(x), x); }
/// A constant of the unsigned type of x's width.
inline Expr mask(const Expr &x, uint64_t value) { return Halide::Internal::UIntImm::make(bitsType(x).element_of(), value); }

inline Expr signBit(const Expr &x) { return mask(x, uint64_t(1) << (x.type().bits() - 1)); }
inline Expr magnitudeBits(const Expr &x) { return bits(x) & mask(x, (uint64_t(1) << (x.type().bits() - 1)) - 1); }
inline Expr infinityBits(const Expr &x) {
  if (x.type().is_bfloat())
    return mask(x, 0x7f80);
  return mask(x, x.type().bits() == 64 ? 0x7ff0000000000000 : x.type().bits() == 32 ? 0x7f800000 : 0x7c00);
}

/// f16 and bf16 are stored, never computed in.
inline bool isSmallFloat(const Expr &x) { return x.type().is_float() && x.type().bits() < 32; }
inline Expr widen(const Expr &x) { return Halide::cast(Halide::Float(32, x.type().lanes()), x); }
inline Expr narrow(const Expr &like, const Expr &wide) { return Halide::cast(like.type(), wide); }

} // namespace kiln::math::strict
#endif
