// random: uniform floats from a counter, so that one element's value depends on nothing but key, stream and position.
#include "compiler/lower/Emitter.h"
#include "compiler/lower/Math.h"

using namespace mlir;
using namespace kiln;

LogicalResult RandomOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(adaptor.getShape(), Float32Type::get(context)));
  return success();
}
LogicalResult RandomOp::verify() {
  auto key = cast<RankedTensorType>(getKey().getType());
  bool fits = key.getRank() == 1 && (key.getDimSize(0) == 2 || key.getDimSize(0) == 3) && key.getElementType().isInteger(64);
  return fits ? success()
              : emitOpError("needs a key of type tensor<2xi64> (seed, step) or tensor<3xi64> (and a loop's step), found ") << key;
}

Halide::Expr RandomOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  lower::Index flat(0);
  for (auto [d, extent] : llvm::enumerate(getShape()))
    flat = flat * extent + at[d];
  auto word = [](const Halide::Expr &x, int shift) { return Halide::cast<uint32_t>(Halide::cast<uint64_t>(x) >> shift); };
  lower::Index zero(0), one(1), two(2);
  Halide::Expr seed = emitter.value(getKey(), zero), step = emitter.value(getKey(), one);
  bool inLoop = cast<RankedTensorType>(getKey().getType()).getDimSize(0) == 3;
  Halide::Expr turn = inLoop ? word(emitter.value(getKey(), two), 0) : Halide::Expr(uint32_t(0));
  Halide::Expr stream = Halide::Internal::make_const(Halide::UInt(32), static_cast<uint32_t>(getStream()));
  Halide::Expr bits =
      math::philox({Halide::cast<uint32_t>(emitter.expr(flat)), turn, stream, word(step, 0)}, {word(seed, 0), word(seed, 32)});
  return Halide::cast<float>(Halide::cast<int32_t>(bits >> 8)) * Halide::Expr(0x1p-24F);
}
