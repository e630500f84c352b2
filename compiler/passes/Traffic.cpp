#include "compiler/passes/Traffic.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace kiln {
namespace {
/// What is this much smaller than a result is read from cache, whatever it is.
constexpr int64_t small = 16;

int64_t elements(Value v) { return cast<ShapedType>(v.getType()).getNumElements(); }
int64_t bytes(Value v) { return elements(v) * byteSize(cast<ShapedType>(v.getType()).getElementType()); }

/// A product or pool, or maps of one: no kernel with a heart of its own takes it in.
bool isHeavy(Operation *op) {
  llvm::SetVector<Operation *> reached;
  reached.insert(op);
  for (size_t i = 0; i < reached.size(); ++i) {
    auto algorithm = dyn_cast<AlgorithmOpInterface>(reached[i]);
    if (!algorithm || algorithm.role() == Role::Product || algorithm.role() == Role::Pool)
      return algorithm != nullptr;
    if (algorithm.role() == Role::Map)
      for (Value v : algorithm->getOperands())
        if (v.getDefiningOp() && elements(v) == elements(op->getResult(0)))
          reached.insert(v.getDefiningOp());
  }
  return false;
}
} // namespace

bool Traffic::isReadAgain(AlgorithmOpInterface op, ArrayRef<Reads> kernels) const {
  if (op.role() != Role::Map || op->hasTrait<Costly>())
    return false;
  std::optional<int64_t> once = bytesRead(op, [](Value) { return false; });
  int64_t again = 0, written = bytes(op->getResult(0));
  for (const Reads &kernel : kernels)
    again += bytesRead(op, kernel).value_or(0);
  return once && again <= *once + written * static_cast<int64_t>(1 + kernels.size());
}

std::optional<int64_t> Traffic::bytesRead(Operation *op, const Reads &kernel) const {
  int64_t sum = 0;
  llvm::SetVector<Value> reached;
  reached.insert(op->operand_begin(), op->operand_end());
  for (size_t i = 0; i < reached.size(); ++i) {
    Value v = reached[i];
    auto from = dyn_cast_or_null<AlgorithmOpInterface>(v.getDefiningOp());
    if ((from && from.role() == Role::Leaf) || kernel(v))
      continue;
    if (standsInMemory(v) || elements(v) * small <= elements(op->getResult(0)))
      sum += bytes(v);
    else if ((from.role() == Role::Map || from.role() == Role::Index) && !from->hasTrait<Costly>())
      reached.insert(from->operand_begin(), from->operand_end());
    else
      return std::nullopt;
  }
  return sum;
}

bool Traffic::standsInMemory(Value v) const {
  auto from = dyn_cast_or_null<AlgorithmOpInterface>(v.getDefiningOp());
  if (!from || inMemory.contains(from))
    return true;
  return llvm::any_of(v.getUsers(), [&](Operation *user) {
    if (isOutside(user))
      return true;
    Role role = cast<AlgorithmOpInterface>(user).role();
    return role == Role::Product || (role == Role::Pool && windowsOverlap(user)) ||
           ((role == Role::Pool || role == Role::Reduce || role == Role::Gather) && isHeavy(from));
  });
}

bool Traffic::windowsOverlap(Operation *op) {
  auto window = op->getAttrOfType<DenseI64ArrayAttr>("window"), strides = op->getAttrOfType<DenseI64ArrayAttr>("strides");
  return !window || !strides || llvm::any_of(llvm::zip(window.asArrayRef(), strides.asArrayRef()), [](auto both) {
    return std::get<0>(both) > std::get<1>(both);
  });
}
} // namespace kiln
