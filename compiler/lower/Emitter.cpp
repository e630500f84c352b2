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

// Plain operators, not the strict ones of Math.h: a reduction is reassociated into lanes, and Halide proves that only for these.
Halide::Expr combine(ReduceKind kind, Halide::Expr a, Halide::Expr b) {
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
} // namespace kiln::lower
