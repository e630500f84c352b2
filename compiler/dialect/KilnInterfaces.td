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
    InterfaceMethod<"the operands' cotangents from the results', written with ops that are differentiable themselves", "void", "gradient",
                    (ins "::kiln::Gradient &":$gradient)>
  ];
}
/// The result does not change with small changes of the operands (rounding, comparing, counting), or has no operands.
def Kiln_NotDifferentiable : NativeOpTrait<"NotDifferentiable"> { let cppNamespace = "::kiln"; }

/// One element takes longer than to read it from memory: what several kernels want is made once.
def Kiln_Costly : NativeOpTrait<"Costly"> { let cppNamespace = "::kiln"; }

def Kiln_ProductInterface : OpInterface<"ProductOpInterface"> {
  let description = "sums of lhs * rhs with one letter per dimension";
  let cppNamespace = "::kiln";
  let methods = [
    InterfaceMethod<"letters of lhs, rhs and result, and the windowed ones", "::kiln::ProductLabels", "product", (ins)>
  ];
}

def Kiln_LoopInterface : OpInterface<"LoopOpInterface"> {
  let description = "runs a body of ops several times";
  let cppNamespace = "::kiln";
  let methods = [
    InterfaceMethod<"writes the ops of all its steps one after another; gives what its results become", "::llvm::SmallVector<::mlir::Value>",
                    "unroll", (ins "::mlir::OpBuilder &":$ops)>,
    InterfaceMethod<"how often", "int64_t", "stepCount", (ins)>,
    InterfaceMethod<"moves the body to a function of this name, and puts a kiln.repeat of it in the place of the loop", "void", "outline",
                    (ins "::llvm::StringRef":$name)>
  ];
}

def Kiln_ViewInterface : OpInterface<"ViewOpInterface"> {
  let description = "may be bytes of its operand, which is stored densely";
  let cppNamespace = "::kiln";
  let methods = [
    InterfaceMethod<"the element of the operand at which the result begins; none where the result is no run of neighbours",
                    "::std::optional<int64_t>", "viewStart", (ins)>
  ];
}

def Kiln_JoinInterface : OpInterface<"JoinOpInterface"> {
  let description = "may be a buffer whose parts its operands are";
  let cppNamespace = "::kiln";
  let methods = [
    InterfaceMethod<"the dimension along which the operands follow one another", "int64_t", "joinDim", (ins)>
  ];
}
#endif
