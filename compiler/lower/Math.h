//===- Math.h - the numbers of a kernel: every scalar function an op may use ------------------------------------===//
//
// In: Halide expressions of f32, f64, f16, bf16, any integer type or Bool. Out: an expression of the same type (Bool for predicates)
// that means what ONNX and IEEE 754 say, also for NaN, infinities, signed zeros, subnormals and extreme integers. Op files use these and never
// Halide's operators: Halide assumes there are no NaNs (max(NaN, 0) is 0, x == x folds to true), floors integer division, leaves integer
// overflow undefined, and calls the C library lane by lane for tanh, sin, and nearly everything in f64.
//
// All functions are free of branches and of calls, so they vectorise on every target. Float operations are strict one by one
// (never by target flag), which keeps the fused multiply-add of everything around them. f16 and bf16 are computed in f32.
// The bound beside a function is on its error in units in the last place, subnormal results included: the unit test measures it at 10^6 points
// each against the C library in higher precision, not at every float. "exact" means correctly rounded.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_MATH_H
#define KILN_LOWER_MATH_H
#include <Halide.h>

namespace kiln::math {
using Halide::Expr;

//===-- Arithmetic: floats exact; integers wrap modulo 2^bits ----------------------------------------------------===//

Expr add(const Expr &a, const Expr &b);
Expr sub(const Expr &a, const Expr &b);
Expr mul(const Expr &a, const Expr &b);
/// Integers truncate toward zero; x / 0 is 0; INT_MIN / -1 is INT_MIN.
Expr div(const Expr &a, const Expr &b);
/// ONNX Mod with fmod = 0, as Python's %: the result has the divisor's sign. Integers: x mod 0 is 0. Floats: fmod, moved by one divisor.
Expr mod(const Expr &a, const Expr &b);
/// ONNX Mod with fmod = 1, as C's % and fmod: the result has the dividend's sign. Integers: x mod 0 is 0. Floats: exact in f32;
/// exact in f64 while |a / b| < 2^118, beyond which it is NaN.
Expr fmod(const Expr &a, const Expr &b);
Expr neg(const Expr &x);
Expr abs(const Expr &x);
/// -1, 0 or 1; of NaN is NaN, of -0 is 0.
Expr sign(const Expr &x);
/// NaN if either is NaN, as numpy; of two zeros, either one.
Expr min(const Expr &a, const Expr &b);
Expr max(const Expr &a, const Expr &b);

//===-- Rounding: exact; integers unchanged ----------------------------------------------------------------------===//

Expr floor(const Expr &x);
Expr ceil(const Expr &x);
Expr trunc(const Expr &x);
/// Half to even.
Expr round(const Expr &x);

//===-- Roots, powers, exponentials, logarithms (bounds in ulp: f32, f64) ----------------------------------------===//

Expr sqrt(const Expr &x); ///< exact
Expr rsqrt(const Expr &x); ///< 1.5, 1.5
Expr reciprocal(const Expr &x); ///< exact
/// Special cases as C99; y may have another type than x. 1, 2. Integers: wrapping; a negative exponent gives 0, except of the bases 1 and -1.
/// Constant exponents 0, 1, 2, 3, -1 and 0.5 are spelled out.
Expr pow(const Expr &x, const Expr &y);
Expr exp(const Expr &x); ///< 1, 1
Expr expm1(const Expr &x); ///< 1.5, 2
Expr log(const Expr &x); ///< 1, 1
Expr log1p(const Expr &x); ///< 1.5, 1.5

//===-- Trigonometric and hyperbolic -----------------------------------------------------------------------------===//

/// sin, cos and tan: f32 for all finite x; f64 for |x| <= 2^30, beyond which they are NaN.
Expr sin(const Expr &x); ///< 1.5, 2
Expr cos(const Expr &x); ///< 1.5, 2
Expr tan(const Expr &x); ///< 3, 3
Expr asin(const Expr &x); ///< 2, 2
Expr acos(const Expr &x); ///< 1.5, 1.5
Expr atan(const Expr &x); ///< 2, 2
Expr sinh(const Expr &x); ///< 2, 2
Expr cosh(const Expr &x); ///< 1.5, 1.5
Expr tanh(const Expr &x); ///< 4.5, 2.5
Expr asinh(const Expr &x); ///< 2, 2
Expr acosh(const Expr &x); ///< 2.5, 2.5
Expr atanh(const Expr &x); ///< 2.5, 2.5

//===-- Activations ----------------------------------------------------------------------------------------------===//

Expr erf(const Expr &x); ///< 5.5 (near 1; 3.3e-7), 2
/// 1 / (1 + exp(-x)).
Expr sigmoid(const Expr &x); ///< 2.5, 2.5
/// log(1 + exp(x)).
Expr softplus(const Expr &x); ///< 2, 2

//===-- Predicates, as Bool: NaN compares false, and is unequal to everything ------------------------------------===//

Expr eq(const Expr &a, const Expr &b);
Expr ne(const Expr &a, const Expr &b);
Expr lt(const Expr &a, const Expr &b);
Expr le(const Expr &a, const Expr &b);
Expr gt(const Expr &a, const Expr &b);
Expr ge(const Expr &a, const Expr &b);
Expr isNan(const Expr &x);
Expr isInf(const Expr &x);

//===-- Logic: operands are Bool, or numbers of which all but zero are true; results are Bool --------------------===//

Expr logicalAnd(const Expr &a, const Expr &b);
Expr logicalOr(const Expr &a, const Expr &b);
Expr logicalXor(const Expr &a, const Expr &b);
Expr logicalNot(const Expr &x);

//===-- Bits: integers only; a shift by the width or more gives 0 (-1 of a negative number shifted right) --------===//

Expr bitAnd(const Expr &a, const Expr &b);
Expr bitOr(const Expr &a, const Expr &b);
Expr bitXor(const Expr &a, const Expr &b);
Expr bitNot(const Expr &x);
Expr shiftLeft(const Expr &a, const Expr &b);
Expr shiftRight(const Expr &a, const Expr &b);

//===-- Choice and conversion ------------------------------------------------------------------------------------===//

/// `condition` is Bool, or a number of which all but zero is true. Both values are computed.
Expr select(const Expr &condition, const Expr &ifTrue, const Expr &ifFalse);
/// Between all types. Float to integer truncates, saturates, and takes NaN to 0; integer to integer wraps; to float rounds to nearest
/// even; to Bool is x != 0; from Bool is 0 or 1. A bool tensor's u8 becomes Bool by cast(Bool(), x) and is made by cast(UInt(8), condition).
Expr cast(const Halide::Type &type, const Expr &x);

//===-- Random numbers -------------------------------------------------------------------------------------------===//

/// Word 0 of Philox4x32-10 (Salmon et al., 2011) of four counter words and two key words, all u32.
Expr philox(const Expr (&counter)[4], const Expr (&key)[2]);

} // namespace kiln::math
#endif
