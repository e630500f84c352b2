#include "compiler/passes/Storage.h"

using namespace mlir;

namespace kiln {
Piece viewed(Value v) {
  Piece piece{v, 0, bytesOf(v.getType())};
  while (auto view = piece.buffer.getDefiningOp<ViewOpInterface>()) {
    piece.buffer = view->getOperand(0);
    piece.start += *view.viewStart() * byteSize(cast<ShapedType>(v.getType()).getElementType());
  }
  return piece;
}

SmallVector<int64_t> joinStarts(JoinOpInterface join) {
  Type type = join->getResult(0).getType();
  Layout layout = layoutOf(type);
  Shape shape = shapeOf(type), at(shape.size(), 0);
  SmallVector<int64_t> starts;
  for (Value v : join->getOperands()) {
    starts.push_back((layout.offset(shape, at) - layout.interior(shape)) * byteSize(cast<ShapedType>(type).getElementType()));
    at[join.joinDim()] += shapeOf(v.getType())[join.joinDim()];
  }
  return starts;
}

Storage::Storage(func::FuncOp func) {
  for (auto join : func.getOps<JoinOpInterface>()) {
    Layout layout = layoutOf(join->getResult(0).getType());
    for (auto [use, start] : llvm::zip(join->getOpOperands(), joinStarts(join))) {
      Piece part = viewed(use.get());
      Type type = use.get().getType();
      bool stored = layoutOf(type) == layout || (layoutOf(type).storedAsDense(shapeOf(type)) && layout.isDense());
      bool whole = part.start == 0 && part.size == bytesOf(part.buffer.getType());
      Operation *from = part.buffer.getDefiningOp();
      if (stored && whole && isa_and_nonnull<LaunchOp, JoinOpInterface>(from) && !homes.count(part.buffer))
        homes[part.buffer] = {join->getResult(0), start, part.size};
      else
        notInPlace.push_back(&use);
    }
  }
}

Piece Storage::of(Value v) const {
  Piece piece = viewed(v);
  for (auto home = homes.find(piece.buffer); home != homes.end(); home = homes.find(piece.buffer)) {
    piece.buffer = home->second.buffer;
    piece.start += home->second.start;
  }
  return piece;
}
} // namespace kiln
