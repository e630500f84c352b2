//===- Rebatch.cpp - see Rebatch.h --------------------------------------------------------------------------------===//
#include "frontend/builder/Rebatch.h"
#include "compiler/dialect/Kiln.h"
#include "frontend/builder/GraphBuilder.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace kiln::builder {

namespace {
/// Numbers, types and attributes between the two graphs. A BuildError where they are not alike.
class Line {
public:
  explicit Line(int64_t batch) : batch(batch) {}

  void follow(Operation *a, Operation *b) {
    if (a->getName() != b->getName() || a->getNumOperands() != b->getNumOperands() || a->getNumResults() != b->getNumResults() ||
        a->getNumRegions() != b->getNumRegions())
      unlike(a);
    DictionaryAttr left = a->getAttrDictionary(), right = b->getAttrDictionary();
    if (left.size() != right.size())
      unlike(a);
    for (auto [x, y] : llvm::zip(left, right))
      if (x != y) {
        Attribute made = x.getName() == y.getName() ? attribute(x.getValue(), y.getValue()) : Attribute();
        made ? a->setAttr(x.getName(), made) : unlike(a);
      }
    for (auto [x, y] : llvm::zip(a->getResults(), b->getResults()))
      retype(x, y, a);
    for (auto [x, y] : llvm::zip(a->getRegions(), b->getRegions()))
      follow(x, y, a);
  }

private:
  [[noreturn]] void unlike(Operation *at) {
    throw BuildError{"the graph's " + at->getName().getStringRef().str() +
                     " does not grow with the batch as its other operators do"};
  }
  int64_t number(int64_t two, int64_t three) { return two + (three - two) * (batch - 2); }

  void retype(Value two, Value three, Operation *at) {
    Type made = type(two.getType(), three.getType());
    made ? two.setType(made) : unlike(at);
  }

  /// Null, as of attributes: they are not alike.
  Type type(Type a, Type b) {
    if (a == b)
      return a;
    auto x = dyn_cast<RankedTensorType>(a), y = dyn_cast<RankedTensorType>(b);
    if (!x || !y || x.getRank() != y.getRank() || x.getElementType() != y.getElementType())
      return {};
    SmallVector<int64_t> shape;
    for (auto [two, three] : llvm::zip(x.getShape(), y.getShape()))
      shape.push_back(number(two, three));
    checkElements(shape);
    return RankedTensorType::get(shape, x.getElementType());
  }

  Attribute attribute(Attribute a, Attribute b) {
    if (auto x = dyn_cast<IntegerAttr>(a), y = dyn_cast<IntegerAttr>(b); x && y && x.getType() == y.getType())
      return IntegerAttr::get(x.getType(), number(x.getInt(), y.getInt()));
    if (auto x = dyn_cast<DenseI64ArrayAttr>(a), y = dyn_cast<DenseI64ArrayAttr>(b); x && y && x.size() == y.size()) {
      SmallVector<int64_t> numbers;
      for (auto [two, three] : llvm::zip(x.asArrayRef(), y.asArrayRef()))
        numbers.push_back(number(two, three));
      return DenseI64ArrayAttr::get(a.getContext(), numbers);
    }
    auto x = dyn_cast<DenseElementsAttr>(a), y = dyn_cast<DenseElementsAttr>(b);
    if (x && y && x.isSplat() && y.isSplat() && x.getSplatValue<Attribute>() == y.getSplatValue<Attribute>())
      if (Type made = type(x.getType(), y.getType()))
        return DenseElementsAttr::get(cast<ShapedType>(made), x.getSplatValue<Attribute>());
    auto f = dyn_cast<TypeAttr>(a), g = dyn_cast<TypeAttr>(b);
    auto from = f ? dyn_cast<FunctionType>(f.getValue()) : FunctionType(),
         to = g ? dyn_cast<FunctionType>(g.getValue()) : FunctionType();
    if (!from || !to || from.getNumInputs() != to.getNumInputs() || from.getNumResults() != to.getNumResults())
      return {};
    SmallVector<Type> inputs, results;
    for (auto [two, three] : llvm::zip(from.getInputs(), to.getInputs()))
      inputs.push_back(type(two, three));
    for (auto [two, three] : llvm::zip(from.getResults(), to.getResults()))
      results.push_back(type(two, three));
    if (llvm::is_contained(inputs, Type()) || llvm::is_contained(results, Type()))
      return {};
    return TypeAttr::get(FunctionType::get(a.getContext(), inputs, results));
  }

  void follow(Region &a, Region &b, Operation *at) {
    if (a.getBlocks().size() != b.getBlocks().size())
      unlike(at);
    for (auto [x, y] : llvm::zip(a, b)) {
      if (x.getNumArguments() != y.getNumArguments() || x.getOperations().size() != y.getOperations().size())
        unlike(at);
      for (auto [two, three] : llvm::zip(x.getArguments(), y.getArguments()))
        retype(two, three, at);
      for (auto [two, three] : llvm::zip(x, y))
        follow(&two, &three);
    }
  }

  int64_t batch;
};
} // namespace

llvm::Error rebatch(ModuleOp two, ModuleOp three, int64_t batch) {
  try {
    Line(batch).follow(two, three);
  } catch (const BuildError &error) {
    return llvm::createStringError("%s", error.message.c_str());
  }
  return succeeded(verify(two))
             ? llvm::Error::success()
             : llvm::createStringError("the graph does not hold for a batch of %lld", static_cast<long long>(batch));
}

} // namespace kiln::builder
