//===- KilnOps.td - the whole opset on one page ------------------------------------------------------------------===//
//
// Value semantics on ranked tensors with static shapes. Every op is a map, a move, a reduction, a product (contract, window), a
// pool, or the one loop, scan; softmax, layer norm, gelu and their like are written with these. Each op says its shape (infer), and its algorithm once (emit):
// the value of one result element at a logical coordinate. Fusion, layouts, schedules and constant folding all follow from `emit`.
// And each says its gradient, in terms of the same ops, or that it has none.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_OPS
#define KILN_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "compiler/dialect/KilnInterfaces.td"

def Kiln_Dialect : Dialect {
  let name = "kiln";
  let cppNamespace = "::kiln";
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

//===- attributes -===//

class Kiln_Attr<string name, string attrMnemonic> : AttrDef<Kiln_Dialect, name> { let mnemonic = attrMnemonic; }

def Kiln_LayoutAttr : Kiln_Attr<"Layout", "layout"> {
  let summary = "how a tensor between launches is stored; an encoding on its type (grammar: Layout.h)";
  let parameters = (ins StringRefParameter<"canonical text of a kiln::Layout">:$text);
  let assemblyFormat = "`<` $text `>`";
  let genVerifyDecl = 1;
}
def Kiln_ScheduleAttr : Kiln_Attr<"Schedule", "schedule"> {
  let summary = "a kernel's schedule as data (grammar: schedule/Space.h)";
  let parameters = (ins StringRefParameter<"family{name=value, ...}">:$text);
  let assemblyFormat = "`<` $text `>`";
  let genVerifyDecl = 1;
}
def Kiln_ReduceKind : I32EnumAttr<"ReduceKind", "how a reduction combines", [
    I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Mul", 1, "mul">, I32EnumAttrCase<"Max", 2, "max">,
    I32EnumAttrCase<"Min", 3, "min">]> { let cppNamespace = "::kiln"; }

//===- operands: what element types an op makes sense on -===//

def Kiln_FloatElement : Type<Or<[F16.predicate, BF16.predicate, F32.predicate, F64.predicate]>, "float">;
def Kiln_IntegerElement : Type<And<[AnyInteger.predicate, Neg<I1.predicate>]>, "integer">;
def Kiln_Floats : RankedTensorOf<[Kiln_FloatElement]>;
def Kiln_Integers : RankedTensorOf<[Kiln_IntegerElement]>;
def Kiln_Numbers : RankedTensorOf<[Kiln_FloatElement, Kiln_IntegerElement]>;
def Kiln_Bools : RankedTensorOf<[I1]>;

//===- bases -===//

class Kiln_Op<string mnemonic, list<Trait> traits = []> : Op<Kiln_Dialect, mnemonic, traits>;

/// An op with an algorithm: one result whose type follows from the operands, folded on small constants by its own algorithm.
class Kiln_Tensor<string mnemonic, string roleName, list<Trait> traits = [], Trait derivative = DeclareOpInterfaceMethods<Kiln_GradientInterface>,
                  bit folds = 1>
    : Kiln_Op<mnemonic, !listconcat(traits, [Pure, InferTypeOpAdaptorWithIsCompatible, DeclareOpInterfaceMethods<Kiln_AlgorithmInterface>, derivative])> {
  let results = (outs AnyRankedTensor:$result);
  let hasFolder = folds;
  let extraClassDeclaration = "::Halide::Expr emit(::kiln::lower::Emitter &emitter, unsigned result, ::kiln::lower::At at);";
  code folding = [{
    void $cppClass::emitInto(::kiln::lower::Emitter &emitter, unsigned result, ::kiln::lower::At at, ::Halide::Expr &value) {
      value = emit(emitter, result, at);
    }
    bool $cppClass::isCompatibleReturnTypes(::mlir::TypeRange a, ::mlir::TypeRange b) { return ::kiln::sameShapes(a, b); }
  }] # !if(folds, [{
    ::mlir::OpFoldResult $cppClass::fold(FoldAdaptor adaptor) { return ::kiln::foldByAlgorithm(getOperation(), adaptor.getOperands()); }
  }], "");
  /// An op whose role depends on its attributes has a roleName of "" and defines role() itself.
  code foldAndRole = folding # !if(!empty(roleName), "", [{ ::kiln::Role $cppClass::role() { return ::kiln::Role::}] # roleName # [{; } }]);
  let extraClassDefinition = foldAndRole;
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// Elementwise: `element` gives the result's element type from the operands', `expr` the value at one coordinate, with in(i) for operand i.
/// `derivative` sets the operands' cotangents: d.set(i, ...) with g for the result's.
class Kiln_Map<string mnemonic, dag arguments_, string element, string expr, string derivative = "", list<Trait> traits = []>
    : Kiln_Tensor<mnemonic, "Map", !listconcat([SameOperandsAndResultShape], traits),
                  !if(!empty(derivative), Kiln_NotDifferentiable, DeclareOpInterfaceMethods<Kiln_GradientInterface>)> {
  let arguments = arguments_;
  code gradientMethod = !if(!empty(derivative), "", [{
    void $cppClass::gradient(::kiln::Gradient &d) {
      ::kiln::Term g = d.cotangent();
      }] # derivative # [{
    }
  }]);
  let extraClassDefinition = gradientMethod # foldAndRole # [{
    ::mlir::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *context, ::std::optional<::mlir::Location> location,
                                                      Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      (void)context;
      return ::kiln::inferMap(location, adaptor.getOperands(), [&](auto x) -> ::mlir::Type { (void)x; return }] # element # [{; }, types);
    }
    ::Halide::Expr $cppClass::emit(::kiln::lower::Emitter &emitter, unsigned, ::kiln::lower::At at) {
      auto in = [&](unsigned i) { return emitter.value(getOperation()->getOperand(i), at); };
      return }] # expr # [{;
    }
  }];
}
/// Derivative of a function y of x: the cotangent of x, given g, that of y.
class Kiln_Unary<string mnemonic, string fn, string dx = "", string element = "x", Constraint operand = Kiln_Numbers,
                 list<Trait> traits = []>
    : Kiln_Map<mnemonic, (ins operand:$x), element, "::kiln::math::" # fn # "(in(0))",
               !if(!empty(dx), "", "[[maybe_unused]] ::kiln::Term x = d.operand(0), y = d.result(); d.set(0, " # dx # ");"), traits>;
/// Derivatives of a function z of x and y: the cotangents of x and y, given g, that of z.
class Kiln_Binary<string mnemonic, string fn, string dx = "", string dy = "", string element = "x", Constraint operand = Kiln_Numbers,
                  list<Trait> traits = []>
    : Kiln_Map<mnemonic, (ins operand:$x, operand:$y), element, "::kiln::math::" # fn # "(in(0), in(1))",
               !if(!empty(dx), "", "[[maybe_unused]] ::kiln::Term x = d.operand(0), y = d.operand(1), z = d.result(); d.set(0, " # dx # "); d.set(1, " # dy # ");"), traits> {
  let hasVerifier = 1;
  let extraClassDefinition = gradientMethod # foldAndRole # [{
    ::mlir::LogicalResult $cppClass::verify() { return ::kiln::verifySameElements(getOperation()); }
    ::mlir::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *context, ::std::optional<::mlir::Location> location,
                                                      Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      (void)context;
      return ::kiln::inferMap(location, adaptor.getOperands(), [&](auto x) -> ::mlir::Type { (void)x; return }] # element # [{; }, types);
    }
    ::Halide::Expr $cppClass::emit(::kiln::lower::Emitter &emitter, unsigned, ::kiln::lower::At at) {
      return ::kiln::math::}] # fn # [{(emitter.value(getX(), at), emitter.value(getY(), at));
    }
  }];
}
defvar Bool = "::mlir::IntegerType::get(context, 1)";
class Kiln_Function<string mnemonic, string fn, string dx> : Kiln_Unary<mnemonic, fn, dx, "x", Kiln_Floats, [Kiln_Costly]>;
class Kiln_Division<string mnemonic, string fn, string dx, string dy> : Kiln_Binary<mnemonic, fn, dx, dy, "x", Kiln_Numbers, [Kiln_Costly]>;
class Kiln_Logic<string mnemonic, string fn> : Kiln_Binary<mnemonic, fn, "", "", Bool, Kiln_Bools>;
class Kiln_Bits<string mnemonic, string fn> : Kiln_Binary<mnemonic, fn, "", "", "x", Kiln_Integers>;

//===- maps: one line each; the meaning of fn, with its bound in ULP, is in lower/Math.h -===//

def NegOp : Kiln_Unary<"neg", "neg", "-g">;
def AbsOp : Kiln_Unary<"abs", "abs", "g * sign(x)">;
def SignOp : Kiln_Unary<"sign", "sign">;
def FloorOp : Kiln_Unary<"floor", "floor">;
def CeilOp : Kiln_Unary<"ceil", "ceil">;
def RoundOp : Kiln_Unary<"round", "round">;
def SqrtOp : Kiln_Function<"sqrt", "sqrt", "0.5 * g / y">;
def RsqrtOp : Kiln_Function<"rsqrt", "rsqrt", "-0.5 * g * y * y * y">;
def ReciprocalOp : Kiln_Function<"reciprocal", "reciprocal", "-(g * y * y)">;
def ExpOp : Kiln_Function<"exp", "exp", "g * y">;
def Expm1Op : Kiln_Function<"expm1", "expm1", "g * (y + 1)">;
def LogOp : Kiln_Function<"log", "log", "g / x">;
def Log1pOp : Kiln_Function<"log1p", "log1p", "g / (x + 1)">;
def SinOp : Kiln_Function<"sin", "sin", "g * cos(x)">;
def CosOp : Kiln_Function<"cos", "cos", "-(g * sin(x))">;
def TanOp : Kiln_Function<"tan", "tan", "g * (y * y + 1)">;
def AsinOp : Kiln_Function<"asin", "asin", "g * rsqrt(1 - x * x)">;
def AcosOp : Kiln_Function<"acos", "acos", "-(g * rsqrt(1 - x * x))">;
def AtanOp : Kiln_Function<"atan", "atan", "g / (x * x + 1)">;
def SinhOp : Kiln_Function<"sinh", "sinh", "g * cosh(x)">;
def CoshOp : Kiln_Function<"cosh", "cosh", "g * sinh(x)">;
def TanhOp : Kiln_Function<"tanh", "tanh", "g * (1 - y * y)">;
def AsinhOp : Kiln_Function<"asinh", "asinh", "g * rsqrt(x * x + 1)">;
def AcoshOp : Kiln_Function<"acosh", "acosh", "g * rsqrt(x * x - 1)">;
def AtanhOp : Kiln_Function<"atanh", "atanh", "g / (1 - x * x)">;
def ErfOp : Kiln_Function<"erf", "erf", "1.1283791670955126 * g * exp(-(x * x))">;
def SigmoidOp : Kiln_Function<"sigmoid", "sigmoid", "g * y * (1 - y)">;
def NotOp : Kiln_Unary<"not", "logicalNot", "", Bool, Kiln_Bools>;
def BitNotOp : Kiln_Unary<"bit_not", "bitNot", "", "x", Kiln_Integers>;
def IsNanOp : Kiln_Unary<"is_nan", "isNan", "", Bool>;
def IsInfOp : Kiln_Unary<"is_inf", "isInf", "", Bool>;

def AddOp : Kiln_Binary<"add", "add", "g", "g">;
def SubOp : Kiln_Binary<"sub", "sub", "g", "-g">;
def MulOp : Kiln_Binary<"mul", "mul", "g * y", "g * x">;
def DivOp : Kiln_Division<"div", "div", "g / y", "-(g * z / y)">;
def ModOp : Kiln_Division<"mod", "mod", "g", "-(g * floor(x / y))">;
def FmodOp : Kiln_Division<"fmod", "fmod", "g", "-(g * trunc(x / y))">;
def PowOp : Kiln_Division<"pow", "pow", "g * y * pow(x, y - 1)", "select(less(x.like(0), x), g * z * log(x), 0)">;
def MinOp : Kiln_Binary<"min", "min", "extreme(g, x, y, z)", "extreme(g, y, x, z)">;
def MaxOp : Kiln_Binary<"max", "max", "extreme(g, x, y, z)", "extreme(g, y, x, z)">;
def EqOp : Kiln_Binary<"eq", "eq", "", "", Bool, AnyRankedTensor>;
def LtOp : Kiln_Binary<"lt", "lt", "", "", Bool>;
def LeOp : Kiln_Binary<"le", "le", "", "", Bool>;
def AndOp : Kiln_Logic<"and", "logicalAnd">;
def OrOp : Kiln_Logic<"or", "logicalOr">;
def XorOp : Kiln_Logic<"xor", "logicalXor">;
def BitAndOp : Kiln_Bits<"bit_and", "bitAnd">;
def BitOrOp : Kiln_Bits<"bit_or", "bitOr">;
def BitXorOp : Kiln_Bits<"bit_xor", "bitXor">;
def ShiftLeftOp : Kiln_Bits<"shift_left", "shiftLeft">;
def ShiftRightOp : Kiln_Bits<"shift_right", "shiftRight">;

def SelectOp : Kiln_Map<"select", (ins Kiln_Bools:$condition, AnyRankedTensor:$x, AnyRankedTensor:$y),
                        "::mlir::cast<::mlir::ShapedType>(adaptor.getX().getType()).getElementType()",
                        "::kiln::math::select(in(0), in(1), in(2))",
                        "::kiln::Term c = d.operand(0); d.set(1, select(c, g, 0)); d.set(2, select(c, 0, g));",
                        [AllElementTypesMatch<["x", "y"]>]>;
/// Float to integer truncates and saturates, NaN becomes 0; anything to i1 is `!= 0`.
def CastOp : Kiln_Map<"cast", (ins AnyRankedTensor:$x, TypeAttr:$to), "adaptor.getTo()",
                      "::kiln::math::cast(::kiln::lower::halideType(getTo()), in(0))",
                      "if (::mlir::isa<::mlir::FloatType>(d.operand(0).element())) d.set(0, convert(g, d.operand(0).element()));">;
/// The value, from which no derivative flows.
def DetachOp : Kiln_Map<"detach", (ins AnyRankedTensor:$x), "x", "in(0)">;

//===- leaves -===//

/// A small constant; large ones are parameters. Any coordinate of a splat is its literal.
def ConstantOp : Kiln_Op<"constant", [Pure, ConstantLike, Kiln_NotDifferentiable, AllTypesMatch<["value", "result"]>, DeclareOpInterfaceMethods<Kiln_AlgorithmInterface>]> {
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let hasFolder = 1;
  let assemblyFormat = "attr-dict $value";
  let extraClassDefinition = [{
    ::mlir::OpFoldResult $cppClass::fold(FoldAdaptor) { return getValue(); }
    ::kiln::Role $cppClass::role() { return ::kiln::Role::Leaf; }
    void $cppClass::emitInto(::kiln::lower::Emitter &emitter, unsigned result, ::kiln::lower::At at, ::Halide::Expr &value) {
      value = emit(emitter, result, at);
    }
  }];
  let extraClassDeclaration = "::Halide::Expr emit(::kiln::lower::Emitter &emitter, unsigned result, ::kiln::lower::At at);";
}
/// result[..., i, ...] = i along `dim`.
def IotaOp : Kiln_Op<"iota", [Pure, Kiln_NotDifferentiable, DeclareOpInterfaceMethods<Kiln_AlgorithmInterface>]> {
  let arguments = (ins I64Attr:$dim);
  let results = (outs Kiln_Numbers:$result);
  let hasVerifier = 1;
  let assemblyFormat = "attr-dict `:` type($result)";
  let extraClassDeclaration = "::Halide::Expr emit(::kiln::lower::Emitter &emitter, unsigned result, ::kiln::lower::At at);";
  let extraClassDefinition = [{
    ::kiln::Role $cppClass::role() { return ::kiln::Role::Leaf; }
    void $cppClass::emitInto(::kiln::lower::Emitter &emitter, unsigned result, ::kiln::lower::At at, ::Halide::Expr &value) {
      value = emit(emitter, result, at);
    }
  }];
}

//===- moves -===//

class Kiln_Move<string mnemonic, string roleName, list<Trait> traits = []> : Kiln_Tensor<mnemonic, roleName, traits>;

/// Operand dimension i becomes result dimension dims[i]; the operand's extent there is the result's, or 1.
def BroadcastOp : Kiln_Move<"broadcast", "Index"> {
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$dims, DenseI64ArrayAttr:$shape);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}
def ReshapeOp : Kiln_Move<"reshape", "View", [DeclareOpInterfaceMethods<Kiln_ViewInterface>]> {
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$shape);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}
/// result dimension i is operand dimension perm[i].
def TransposeOp : Kiln_Move<"transpose", "Permute"> {
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$perm);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}
/// result[i] = x[starts + i * steps]; a negative step reverses.
def SliceOp : Kiln_Move<"slice", "Index", [DeclareOpInterfaceMethods<Kiln_ViewInterface>]> {
  let arguments = (ins AnyRankedTensor:$x, DenseI64ArrayAttr:$starts, DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$steps);
  let hasVerifier = 1;
}
/// Constant padding; `value` is a rank-0 or one-element tensor. Negative padding is a slice.
def PadOp : Kiln_Move<"pad", "Index"> {
  let arguments = (ins AnyRankedTensor:$x, AnyRankedTensor:$value, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high);
  let hasVerifier = 1;
}
def ConcatOp : Kiln_Move<"concat", "Join", [DeclareOpInterfaceMethods<Kiln_JoinInterface>]> {
  let arguments = (ins Variadic<AnyRankedTensor>:$operands_, I64Attr:$dim);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}
/// ONNX Gather: result = x with dimension `axis` replaced by indices' dimensions. Negative indices count from the end; the program
/// refuses others out of range before the launch, the kernel clamps.
def GatherOp : Kiln_Move<"gather", "Gather"> {
  let arguments = (ins AnyRankedTensor:$x, Kiln_Integers:$indices, I64Attr:$axis);
  let hasVerifier = 1;
}
/// ONNX GatherElements: result[i.., j, k..] = x[i.., indices[i.., j, k..], k..] along `axis`.
def TakeAlongOp : Kiln_Move<"take_along", "Gather"> {
  let arguments = (ins AnyRankedTensor:$x, Kiln_Integers:$indices, I64Attr:$axis);
  let hasVerifier = 1;
}

//===- reductions, products, pools: what needs accumulators -===//

/// Removes `dims`. An empty extent gives the kind's identity.
def ReduceOp : Kiln_Tensor<"reduce", "Reduce"> {
  let arguments = (ins Kiln_Numbers:$x, Kiln_ReduceKind:$kind, DenseI64ArrayAttr:$dims);
  let hasVerifier = 1;
}
/// Index (i64) of the maximum or minimum along `dim`, which is removed; the first wins, or the last with `last`.
def ArgReduceOp : Kiln_Tensor<"arg_reduce", "Reduce", [], Kiln_NotDifferentiable> {
  let arguments = (ins Kiln_Numbers:$x, Kiln_ReduceKind:$kind, I64Attr:$dim, UnitAttr:$last);
  let hasVerifier = 1;
}
/// Running sum along `dim`.
def CumulativeOp : Kiln_Tensor<"cumulative", "Reduce"> {
  let arguments = (ins Kiln_Numbers:$x, I64Attr:$dim, UnitAttr:$exclusive, UnitAttr:$reverse);
  let hasVerifier = 1;
}
/// General dot with one letter per dimension, as einsum: "bmk,bkn->bmn". A letter of the operands that the result lacks is summed.
def ContractOp : Kiln_Tensor<"contract", "Product", [DeclareOpInterfaceMethods<Kiln_ProductInterface>]> {
  let arguments = (ins Kiln_Numbers:$lhs, Kiln_Numbers:$rhs, StrAttr:$labels);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}
/// General convolution, labels as contract: "ncyx,ocyx->noyx" with the `spatial` letters "yx" windowed (grouped: "ngcyx,gocyx->ngoyx").
/// Per spatial letter: result y reads lhs (y*stride + ky*dilation - low) / lhs_dilation where that divides and lies inside.
def WindowOp : Kiln_Tensor<"window", "Product", [DeclareOpInterfaceMethods<Kiln_ProductInterface>]> {
  let arguments = (ins Kiln_Numbers:$lhs, Kiln_Numbers:$rhs, StrAttr:$labels, StrAttr:$spatial, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$lhs_dilation, DenseI64ArrayAttr:$dilation);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}
/// Reduces windows along any dimensions (extent 1 where there is none); padding holds the kind's identity. LRN is one over channels.
class Kiln_Pool<string mnemonic, Trait derivative = DeclareOpInterfaceMethods<Kiln_GradientInterface>, string roleName = "Pool", bit folds = 0,
                list<Trait> traits = []>
    : Kiln_Tensor<mnemonic, roleName, traits, derivative, folds> {
  dag windows = (ins DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                 DenseI64ArrayAttr:$dilation);
  let hasVerifier = 1;
}
def PoolOp : Kiln_Pool<"pool", DeclareOpInterfaceMethods<Kiln_GradientInterface>, "Pool", 1> { let arguments = !con((ins Kiln_Numbers:$x, Kiln_ReduceKind:$kind), windows); }
/// Which tap of each window holds its maximum or minimum (i32, taps counted in row-major order; the first one wins): what a pool's gradient
/// must know. A window without any element of x has tap 0.
def ArgPoolOp : Kiln_Pool<"arg_pool", Kiln_NotDifferentiable> {
  let arguments = !con((ins Kiln_Numbers:$x, Kiln_ReduceKind:$kind), windows);
}
/// Per window the element of x at the tap `index`, or 0 when that is padding.
def PoolTakeOp : Kiln_Pool<"pool_take"> { let arguments = !con((ins AnyRankedTensor:$x, AnyRankedTensor:$index), windows); }
/// The transpose of a summing pool, or with `index` of pool_take: each window's value is added to all its taps, or to that one. `shape` is
/// the result's, the pool's operand's. Windows that do not overlap need no sum: then this is a move.
def UnpoolOp : Kiln_Pool<"unpool", DeclareOpInterfaceMethods<Kiln_GradientInterface>, "", 0, [Kiln_Costly]> {
  let arguments = !con((ins AnyRankedTensor:$x, Optional<AnyRankedTensor>:$index, DenseI64ArrayAttr:$shape), windows);
}

//===- derivatives and randomness -===//

/// d sum(y) / d x for every x: what differentiates a function, in the function. The pass autodiff replaces it by ops; the ops after it may
/// use its results for anything, also for a further gradient.
def GradientOp : Kiln_Op<"gradient", [Pure]> {
  let arguments = (ins AnyRankedTensor:$y, Variadic<AnyRankedTensor>:$x);
  let results = (outs Variadic<AnyRankedTensor>:$gradients);
  let assemblyFormat = "$y `wrt` `(` $x `)` attr-dict `:` functional-type(operands, results)";
  let builders = [OpBuilder<(ins "::mlir::Value":$y, "::mlir::ValueRange":$x), [{ build($_builder, $_state, x.getTypes(), y, x); }]>];
  let hasVerifier = 1;
}
/// Uniform in [0, 1): the high 24 bits of word 0 of Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011). Counter:
/// position in the result, low word of key[2], stream, low word of key[1] (the step); key: the two words of key[0] (the seed). key is i64[3], or
/// i64[2] with key[2] = 0. In a loop key[2] is the loop's step: a scan refuses a key that is the same each time (ops/ScanDraws.cpp).
def RandomOp : Kiln_Tensor<"random", "Index", [Kiln_Costly], Kiln_NotDifferentiable, 0> {
  let arguments = (ins AnyRankedTensor:$key, I64Attr:$stream, DenseI64ArrayAttr:$shape);
  let hasVerifier = 1;
}

//===- loops -===//

/// The body runs `steps` times: (state..., output...) = body(state..., input[t]..., use...). A state is carried from step to step, an input is
/// cut along dimension 0 (t = 0, 1, ..., or backwards with `reverse`), a use is the same each time; the body sees nothing else. Results: the last
/// states, then each output of all steps, stacked: step t stands at t.
def ScanOp : Kiln_Op<"scan", [Pure, IsolatedFromAbove, SingleBlock, AttrSizedOperandSegments, DeclareOpInterfaceMethods<Kiln_GradientInterface>, DeclareOpInterfaceMethods<Kiln_LoopInterface>]> {
  let arguments = (ins I64Attr:$steps, UnitAttr:$reverse, Variadic<AnyRankedTensor>:$states, Variadic<AnyRankedTensor>:$inputs, Variadic<AnyRankedTensor>:$uses);
  let results = (outs Variadic<AnyRankedTensor>:$results_);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let skipDefaultBuilders = 1;
  /// `body` is taken: its arguments are those of a step, it ends in kiln.return.
  let builders = [OpBuilder<(ins "int64_t":$steps, "bool":$reverse, "::mlir::ValueRange":$states, "::mlir::ValueRange":$inputs,
                                 "::mlir::ValueRange":$uses, "::mlir::Block *":$body)>];
  let extraClassDeclaration = [{
    unsigned numStates() { return getStates().size(); }
    unsigned numOutputs() { return getNumResults() - getStates().size(); }
    ::mlir::Block &step() { return getBody().front(); }
    /// Next states and outputs, as the body returns them.
    ::mlir::OperandRange returned() { return step().getTerminator()->getOperands(); }
  }];
}

//===- structure -===//

/// A named weight. Its bytes stay with the reader (WeightStore), never in IR.
def ParameterOp : Kiln_Op<"parameter", [Symbol]> {
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, OptionalAttr<StrAttr>:$hash);
  let assemblyFormat = "$sym_name `:` $type attr-dict";
}
def UseOp : Kiln_Op<"use", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a parameter";
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$parameter attr-dict `:` type($result)";
}
/// An outlined, isolated kernel: logical algorithm inside, storage layouts as encodings on its signature.
def KernelOp : Kiln_Op<"kernel", [IsolatedFromAbove, FunctionOpInterface, Symbol]> {
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type, OptionalAttr<Kiln_ScheduleAttr>:$schedule,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region AnyRegion:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
}
def ReturnOp : Kiln_Op<"return", [Pure, Terminator]> {
  let arguments = (ins Variadic<AnyRankedTensor>:$operands_);
  let assemblyFormat = "operands attr-dict `:` type(operands)";
}
/// Runs a kernel. After planning, `offsets` places each result in the arena (bytes) or, as -1-k, in output k, there `within` bytes on.
def LaunchOp : Kiln_Op<"launch", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$operands_, OptionalAttr<DenseI64ArrayAttr>:$offsets,
                       OptionalAttr<DenseI64ArrayAttr>:$within);
  let results = (outs Variadic<AnyRankedTensor>:$results_);
  let assemblyFormat = "$kernel `(` operands `)` attr-dict `:` functional-type(operands, results)";
}
/// Runs the function @body for each step of a loop; operands and results are those of the scan it was (its uses are arguments with kiln.fixed).
/// After planning, `offsets` places each result as a launch's, and `scratch` the memory of a step in the arena: where its own arena
/// begins, and a second place for each state, for states go to and fro between two.
def RepeatOp : Kiln_Op<"repeat", [Pure, AttrSizedOperandSegments, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let arguments = (ins FlatSymbolRefAttr:$body, I64Attr:$steps, UnitAttr:$reverse, Variadic<AnyRankedTensor>:$states, Variadic<AnyRankedTensor>:$inputs,
                       Variadic<AnyRankedTensor>:$uses, OptionalAttr<DenseI64ArrayAttr>:$offsets, OptionalAttr<DenseI64ArrayAttr>:$scratch);
  let results = (outs Variadic<AnyRankedTensor>:$results_);
  let assemblyFormat = "$body $steps `carry` `(` $states `)` `over` `(` $inputs `)` `with` `(` $uses `)` attr-dict `:` functional-type(operands, results)";
}

#endif
