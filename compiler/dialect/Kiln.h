//===- Kiln.h - the graph dialect -----------------------------------------------------------------------------------===//
//
// The words of kiln's graph (KilnOps.td), for passes and front ends. Needs MLIR only: Halide's types are declared, not included.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_DIALECT_KILN_H
#define KILN_DIALECT_KILN_H
#include "compiler/dialect/Layout.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <functional>

namespace Halide {
struct Expr;
}
namespace kiln {
namespace lower {
class Emitter;
struct Index;
using At = llvm::ArrayRef<Index>;
} // namespace lower

/// What an op is to fusion. Map: each operand at its own coordinate. Leaf: no operands. View: the same bytes under another shape. Join: parts
/// of one buffer. Permute: another loop order. Index: reads at shifted, repeated or missing coordinates (broadcast, slice, pad). Gather: reads
/// where data says. Reduce, Product, Pool need accumulators.
enum class Role { Map, Leaf, View, Join, Permute, Index, Gather, Reduce, Product, Pool };
/// True for what moves elements and computes nothing.
inline bool isMove(Role role) { return role >= Role::View && role <= Role::Gather; }

/// Letters of a product's dimensions. `spatial` lists the windowed ones.
struct ProductLabels {
  std::string lhs, rhs, result, spatial;
  static std::optional<ProductLabels> parse(llvm::StringRef labels, llvm::StringRef spatial = "");
  std::string print() const { return lhs + "," + rhs + "->" + result; }
};

class Gradient;
class LaunchOp;
/// Says in ODS that an op has no derivative.
// NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility): MLIR constructs traits
template <typename Op> class NotDifferentiable : public mlir::OpTrait::TraitBase<Op, NotDifferentiable> {};
/// Says in ODS that an op is not worth computing twice.
// NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility): as above
template <typename Op> class Costly : public mlir::OpTrait::TraitBase<Op, Costly> {};

/// The stored form of a tensor: its encoding, or dense.
Layout layoutOf(mlir::Type type);
mlir::RankedTensorType withLayout(mlir::RankedTensorType type, const Layout &layout); ///< dense: no encoding
mlir::RankedTensorType withoutLayout(mlir::Type type);
Shape shapeOf(mlir::Type type);
int64_t byteSize(mlir::Type elementType); ///< i1 takes one byte
int64_t bytesOf(mlir::Type type); ///< of a tensor's whole storage, halo and padding lanes included

// Used by the generated op definitions.
bool sameShapes(mlir::TypeRange a, mlir::TypeRange b);
mlir::LogicalResult verifySameElements(mlir::Operation *op);
mlir::LogicalResult inferMap(std::optional<mlir::Location> location, mlir::ValueRange operands,
                             llvm::function_ref<mlir::Type(mlir::Type)> element, llvm::SmallVectorImpl<mlir::Type> &types);
/// The constant that `op` yields when all its operands are small constants (or splats), computed by its own algorithm; else null.
mlir::OpFoldResult foldByAlgorithm(mlir::Operation *op, llvm::ArrayRef<mlir::Attribute> operands);
/// True when `v` is computed from parameters and constants alone, so that @init will compute it.
bool dependsOnParametersOnly(mlir::Value v, int depth = 16);
/// The argument that result `k` is tied to (kiln.tied = its kiln.name): the caller may give the same memory for both.
std::optional<unsigned> tiedInput(mlir::FunctionOpInterface func, unsigned k);
/// Numbers of the results in an order for copying them: what overwrites an input comes after what is copied from one.
llvm::SmallVector<unsigned> resultsTiedLast(mlir::FunctionOpInterface func);
/// The model's nodes that a location came from, "conv1 relu1".
std::string nodeNames(mlir::Location location);
/// The launches of a function, and those of the functions that it repeats, where it does.
void eachLaunch(mlir::Operation *module, llvm::StringRef function, llvm::function_ref<void(LaunchOp)> visit);
/// Reads element `i` of a constant as the text of DenseElementsAttr would have it.
llvm::SmallVector<int64_t> integersOf(mlir::ElementsAttr constant);
} // namespace kiln

#include "compiler/dialect/KilnDialect.h.inc"
#include "compiler/dialect/KilnEnums.h.inc"
#include "compiler/dialect/KilnInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/KilnAttributes.h.inc"
#define GET_OP_CLASSES
#include "compiler/dialect/KilnOps.h.inc"
#endif
