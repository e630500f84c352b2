//===- Term.h - formulas over tensor values -----------------------------------------------------------------------===//
//
// In: values and numbers, written as one writes a formula. Out: ops of the graph that compute it, constants folded and what 0 and 1 make
// trivial left out. Gradients are written with these, in the ops they belong to, so that they have gradients themselves:
//
//   d sin(x) = g * cos(x)
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_DIALECT_TERM_H
#define KILN_DIALECT_TERM_H
#include "compiler/dialect/Kiln.h"
#include "mlir/IR/Builders.h"

namespace kiln {
/// Where formulas put their ops.
struct Site {
  mlir::OpBuilder &ops;
  mlir::Location location;
};

struct Term {
  mlir::Value value;
  const Site *site = nullptr;

  explicit operator bool() const { return static_cast<bool>(value); }
  mlir::RankedTensorType type() const { return mlir::cast<mlir::RankedTensorType>(value.getType()); }
  mlir::Type element() const { return type().getElementType(); }
  llvm::ArrayRef<int64_t> shape() const { return type().getShape(); }
  int64_t rank() const { return type().getRank(); }
  /// A new op of this term and others, folded where it can be.
  template <typename Op, typename... Arguments> Term make(Arguments &&...arguments) const {
    return {site->ops.createOrFold<Op>(site->location, value, std::forward<Arguments>(arguments)...), site};
  }
  bool isSplat(double number) const;
  bool isConstant() const;
  /// A tensor of this one's shape and element type, of one number.
  Term like(double number) const;
};

Term splat(const Site &site, mlir::Type element, llvm::ArrayRef<int64_t> shape, double number);
/// i32: the coordinate along `dim`.
Term iota(const Site &site, llvm::ArrayRef<int64_t> shape, int64_t dim);

Term operator+(Term x, Term y);
Term operator-(Term x, Term y);
Term operator*(Term x, Term y);
Term operator/(Term x, Term y);
Term operator-(Term x);
inline Term operator+(Term x, double y) { return x + x.like(y); }
inline Term operator-(double x, Term y) { return y.like(x) - y; }
inline Term operator-(Term x, double y) { return x - x.like(y); }
inline Term operator*(double x, Term y) { return y.like(x) * y; }
inline Term operator/(double x, Term y) { return y.like(x) / y; }

Term sign(Term x);
Term exp(Term x);
Term log(Term x);
Term sin(Term x);
Term cos(Term x);
Term sinh(Term x);
Term cosh(Term x);
Term rsqrt(Term x);
Term pow(Term x, Term y);
Term floor(Term x);
Term trunc(Term x);
Term less(Term x, Term y);
Term equal(Term x, Term y);
Term select(Term condition, Term x, Term y);
inline Term select(Term condition, Term x, double y) { return select(condition, x, x.like(y)); }
inline Term select(Term condition, double x, Term y) { return select(condition, y.like(x), y); }
/// Of another element type.
Term convert(Term x, mlir::Type element);
/// x's cotangent of z = max(x, y) or min(x, y): all of g where x is chosen. A tie is shared, but with a constant: relu(0) has derivative 0.
Term extreme(Term g, Term x, Term y, Term z);

Term broadcast(Term x, llvm::ArrayRef<int64_t> dims, llvm::ArrayRef<int64_t> shape);
Term reshape(Term x, llvm::ArrayRef<int64_t> shape);
Term transpose(Term x, llvm::ArrayRef<int64_t> perm);
Term slice(Term x, llvm::ArrayRef<int64_t> starts, llvm::ArrayRef<int64_t> sizes, llvm::ArrayRef<int64_t> steps);
/// With zeros; negative padding cuts.
Term pad(Term x, llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high);
Term sum(Term x, llvm::ArrayRef<int64_t> dims);
Term contract(Term x, Term y, const ProductLabels &labels);

/// What an op's gradient method sees: the cotangents of its results, and for every operand a place for the operand's (none: no influence).
class Gradient {
public:
  /// `cotangents`: one per result, null for a result without influence. `wanted`: of which operands a cotangent is of use.
  Gradient(mlir::Operation *op, mlir::ValueRange cotangents, llvm::ArrayRef<bool> wanted, const Site &site)
      : op(op), site(site), given(cotangents), made(op->getNumOperands()), needed(wanted) {}

  Term cotangent(unsigned k = 0) const { return {given[k], &site}; } ///< of result k; false where it has none
  Term operand(unsigned i) const { return {op->getOperand(i), &site}; }
  Term result() const { return {op->getResult(0), &site}; }
  const Site &where() const { return site; }
  bool wanted(unsigned i) const { return needed[i]; }
  void set(unsigned i, Term g) { made[i] = g.value; }
  mlir::Value get(unsigned i) const { return made[i]; }

  /// The op is to be replaced by another that gives the same results first: a loop that also keeps what its way back reads.
  void replaceBy(mlir::Operation *other) { replacement = other; }
  mlir::Operation *replacedBy() const { return replacement; }
  /// There is no derivative, and it has been said why.
  void fail() { failed = true; }
  bool hasFailed() const { return failed; }

private:
  mlir::Operation *op, *replacement = nullptr;
  Site site;
  llvm::SmallVector<mlir::Value> given, made;
  llvm::SmallVector<bool> needed;
  bool failed = false;
};
} // namespace kiln
#endif
