//===- KilnInterfaces.td - what every op with an algorithm must say -------------------------------------------------===//
//
// No method has a default body: a forgotten one is a link error, not a surprise. (Autodiff adds its method here.)
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

def Kiln_ProductInterface : OpInterface<"ProductOpInterface"> {
  let description = "sums of lhs * rhs with one letter per dimension";
  let cppNamespace = "::kiln";
  let methods = [
    InterfaceMethod<"letters of lhs, rhs and result, and the windowed ones", "::kiln::ProductLabels", "product", (ins)>
  ];
}
#endif
