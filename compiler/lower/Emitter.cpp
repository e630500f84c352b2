#include "compiler/lower/Emitter.h"
#include "compiler/lower/Math.h"

using namespace mlir;

namespace kiln::lower {
Emitter::~Emitter() = default;

Halide::Type halideType(Type element) {
  if (element.isF32())
    return Halide::Float(32);
  if (element.isF64())
    return Halide::Float(64);
  if (element.isF16())
    return Halide::Float(16);
  if (element.isBF16())
    return Halide::BFloat(16);
  if (element.isInteger(1))
    return Halide::Bool();
  auto integer = cast<IntegerType>(element);
  return integer.isUnsigned() ? Halide::UInt(integer.getWidth()) : Halide::Int(integer.getWidth());
}

Halide::Expr literal(Type type, Attribute value) {
  Halide::Type t = halideType(type);
  if (auto f = dyn_cast<FloatAttr>(value)) {
    llvm::APFloat v = f.getValue();
    bool lost;
    v.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
    return Halide::Internal::make_const(t, v.convertToDouble());
  }
  llvm::APInt v = cast<IntegerAttr>(value).getValue();
  if (t.is_bool())
    return Halide::Internal::make_bool(!v.isZero());
  return t.is_uint() ? Halide::Internal::make_const(t, v.getZExtValue()) : Halide::Internal::make_const(t, v.getSExtValue());
}

Halide::Expr identity(ReduceKind kind, Halide::Type type) {
  switch (kind) {
  case ReduceKind::Add:
    return Halide::Internal::make_zero(type);
  case ReduceKind::Mul:
    return Halide::Internal::make_one(type);
  case ReduceKind::Max:
    return type.is_float() ? Halide::Internal::make_const(type, -std::numeric_limits<double>::infinity()) : type.min();
  case ReduceKind::Min:
    return type.is_float() ? Halide::Internal::make_const(type, std::numeric_limits<double>::infinity()) : type.max();
  }
  return {};
}

// Halide's float max and min may lose a NaN. So a sum of squares goes with them: it is NaN when an element was, and never otherwise
// (squares are positive, so no infinities meet). One multiply-add an element; comparing would be two operations, integer keys five.
static bool losesNan(ReduceKind kind, Halide::Type type) {
  return type.is_float() && (kind == ReduceKind::Max || kind == ReduceKind::Min);
}
static Halide::Type ofSquares(Halide::Type type) { return Halide::Float(std::max(32, type.bits())); }

Exprs start(ReduceKind kind, Halide::Type type) {
  Exprs sum{identity(kind, type)};
  if (losesNan(kind, type))
    sum.push_back(Halide::Internal::make_zero(ofSquares(type)));
  return sum;
}

Exprs only(ReduceKind kind, Halide::Expr element) {
  Exprs sum{element};
  if (losesNan(kind, element.type())) {
    Halide::Expr wide = math::cast(ofSquares(element.type()), element);
    sum.push_back(wide * wide);
  }
  return sum;
}

// Plain operators, not the strict ones of Math.h: a reduction is reassociated into lanes, and Halide proves that only for these.
static Halide::Expr combine(ReduceKind kind, const Halide::Expr &a, const Halide::Expr &b) {
  switch (kind) {
  case ReduceKind::Add:
    return a.type().is_float() ? a + b : math::add(a, b);
  case ReduceKind::Mul:
    return a.type().is_float() ? a * b : math::mul(a, b);
  case ReduceKind::Max:
    return Halide::max(a, b);
  case ReduceKind::Min:
    return Halide::min(a, b);
  }
  return {};
}

Exprs combine(ReduceKind kind, const Exprs &a, const Exprs &b) {
  Exprs both{combine(kind, a[0], b[0])};
  if (a.size() > 1)
    both.push_back(a[1] + b[1]);
  return both;
}

// The NaN is set bit by bit: LLVM is told of Halide's float selects that none of their values is NaN.
Halide::Expr total(ReduceKind kind, const Exprs &sum) {
  Halide::Type type = sum[0].type();
  if (!losesNan(kind, type))
    return sum[0];
  Halide::Type bits = Halide::UInt(type.bits());
  Halide::Expr ones = Halide::select(math::isNan(sum[1]), bits.max(), Halide::Internal::make_zero(bits));
  return Halide::reinterpret(type, Halide::reinterpret(bits, sum[0]) | ones);
}
} // namespace kiln::lower
