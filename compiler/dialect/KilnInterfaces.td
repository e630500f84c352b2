//===- KilnInterfaces.td - what every op with an algorithm must say -------------------------------------------------===//
//
// No method has a default body: a forgotten one is a link error, not a surprise.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_INTERFACES
#define KILN_INTERFACES
include "mlir/IR/OpBase.td"

def Kiln_AlgorithmInterface : OpInterface<"AlgorithmOpInterface"> {
  let cppNamespace = "::kiln";
  let methods = [
    InterfaceMethod<"what kind of loops the op needs", "::kiln::Role", "role", (ins)>,
    InterfaceMethod<"the value of one result element at a logical coordinate (each op writes it as emit)", "void", "emitInto",
                    (ins "::kiln::lower::Emitter &":$emitter, "unsigned":$result, "::kiln::lower::At":$at, "::Halide::Expr &":$value)>
  ];
}

/// An op with an algorithm has this, or NotDifferentiable: no third way (a unit test goes through the dialect).
def Kiln_GradientInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::kiln";
  let methods = [
    InterfaceMethod<"the operands' cotangents from the result's, written with ops that are differentiable themselves", "void", "gradient",
                    (ins "::kiln::Gradient &":$gradient)>
  ];
}
/// The result does not change with small changes of the operands (rounding, comparing, counting), or has no operands.
def Kiln_NotDifferentiable : NativeOpTrait<"NotDifferentiable"> { let cppNamespace = "::kiln"; }

def Kiln_ProductInterface : OpInterface<"ProductOpInterface"> {
  let description = "sums of lhs * rhs with one letter per dimension";
  let cppNamespace = "::kiln";
  let methods = [
    InterfaceMethod<"letters of lhs, rhs and result, and the windowed ones", "::kiln::ProductLabels", "product", (ins)>
  ];
}
#endif
