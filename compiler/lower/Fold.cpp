// Fold.cpp - constants fold by their op's own algorithm: in: an op and its constant operands; out: the constant it yields, or nothing.
//
// ConstantEmitter evaluates `emit` at every coordinate with literals for operands and lets Halide's simplifier do the arithmetic, so a fold
// can never disagree with the kernel. Only small results and splats are folded; the rest runs as kernels in @init.
#include "compiler/lower/Emitter.h"

using namespace mlir;

namespace kiln {
namespace {
/// Elements of a result worth folding: shapes and indices are small integers; anything else runs faster as a kernel in @init.
int64_t largest(Type element) { return isa<FloatType>(element) ? 64 : 1024; }
constexpr int64_t longestSum = 4096;

/// Simplifies bottom up and every shared node once: an expression is a graph, and Halide's own simplifier would walk it as a tree.
struct Evaluate : Halide::Internal::IRGraphMutator {
  using IRGraphMutator::mutate;
  Halide::Expr mutate(const Halide::Expr &e) override { return Halide::Internal::simplify(IRGraphMutator::mutate(e)); }
};
Halide::Expr evaluated(const Halide::Expr &e) { return Evaluate().mutate(e); }

class ConstantEmitter : public lower::Emitter {
public:
  llvm::DenseMap<Value, DenseElementsAttr> constants;

  Halide::Expr value(Value v, lower::At at) override {
    DenseElementsAttr constant = constants.lookup(v);
    Type element = constant.getElementType();
    if (constant.isSplat())
      return lower::literal(element, constant.getSplatValue<Attribute>());
    int64_t flat = 0;
    for (auto [d, i] : llvm::enumerate(at)) {
      int64_t position = number(i);
      if (position < 0 || position >= constant.getType().getDimSize(d)) {
        failed = true;
        position = 0;
      }
      flat = flat * constant.getType().getDimSize(d) + position;
    }
    return lower::literal(element, constant.getValues<Attribute>()[flat]);
  }
  Halide::Expr padded(Value v, lower::At at, Halide::Expr outside) override {
    for (auto [d, i] : llvm::enumerate(at))
      if (int64_t position = number(i); position < 0 || position >= constants.lookup(v).getType().getDimSize(d))
        return outside;
    return value(v, at);
  }
  lower::Exprs reduce(Operation *, lower::At at, const lower::Reduction &reduction) override {
    lower::Exprs sum = reduction.init;
    int64_t count = 1;
    for (int64_t extent : reduction.extents)
      count *= extent;
    if (count > longestSum)
      failed = true;
    for (int64_t i = 0; i < count && !failed; ++i) {
      lower::Indices r(reduction.extents.size());
      int64_t rest = i;
      for (size_t d = r.size(); d-- > 0; rest /= reduction.extents[d])
        r[d] = lower::Index(rest % reduction.extents[d]);
      sum = reduction.step(at, r, sum);
      for (Halide::Expr &e : sum)
        e = evaluated(e);
    }
    return sum;
  }
  bool failed = false;

private:
  int64_t number(const lower::Index &i) {
    if (i.isConstant())
      return i.constant;
    Halide::Expr e = evaluated(expr(i));
    if (auto value = Halide::Internal::as_const_int(e))
      return *value;
    failed = true;
    return 0;
  }
};

Attribute literalOf(Halide::Expr e, Type element) {
  e = evaluated(e);
  if (auto f = dyn_cast<FloatType>(element)) {
    // NaN and infinities do not survive Halide's printing but do its FloatImm.
    if (auto v = Halide::Internal::as_const_float(e))
      return FloatAttr::get(f, *v);
    return {};
  }
  if (auto v = Halide::Internal::as_const_int(e))
    return IntegerAttr::get(element, *v);
  if (auto v = Halide::Internal::as_const_uint(e))
    return element.isInteger(1) ? Attribute(IntegerAttr::get(element, *v & 1)) : Attribute(IntegerAttr::get(element, *v));
  return {};
}
} // namespace

OpFoldResult foldByAlgorithm(Operation *op, ArrayRef<Attribute> operands) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.getEncoding())
    return {};
  if (type.getNumElements() == 0)
    return DenseElementsAttr::get(type, ArrayRef<Attribute>());
  if (op->getNumOperands() == 0)
    return {};
  ConstantEmitter emitter;
  bool splat = true;
  for (auto [v, attribute] : llvm::zip(op->getOperands(), operands)) {
    auto dense = dyn_cast_or_null<DenseElementsAttr>(attribute);
    if (!dense || dense.getNumElements() == 0)
      return {};
    splat &= dense.isSplat();
    emitter.constants[v] = dense;
  }
  auto algorithm = cast<AlgorithmOpInterface>(op);
  // Splats stay splats under maps and under moves that only rearrange; a pad or concat of equal splats is caught element by element.
  Role role = algorithm.role();
  // The simplifier takes 0 * x for 0, also where x is infinite or no number.
  if (role == Role::Product && isa<FloatType>(type.getElementType()))
    return {};
  splat &= role == Role::Map || role == Role::View || role == Role::Permute || (role == Role::Index && op->getNumOperands() == 1);
  int64_t count = type.getNumElements();
  if (!splat && count > largest(type.getElementType()))
    return {};
  SmallVector<Attribute> values;
  for (int64_t i = 0; i < (splat ? 1 : count); ++i) {
    lower::Indices at(type.getRank());
    int64_t rest = i;
    for (int64_t d = type.getRank(); d-- > 0; rest /= type.getDimSize(d))
      at[d] = lower::Index(rest % type.getDimSize(d));
    Attribute value = literalOf(lower::emit(algorithm, emitter, 0, at), type.getElementType());
    if (!value || emitter.failed)
      return {};
    values.push_back(value);
  }
  return DenseElementsAttr::get(type, values);
}
} // namespace kiln
