#include "compiler/dialect/Kiln.h"
#include "compiler/dialect/Term.h"
#include "compiler/lower/Emitter.h"
#include "compiler/lower/Math.h"
#include "compiler/schedule/Space.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace kiln {

void KilnDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "compiler/dialect/KilnAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialect/KilnOps.cpp.inc"
      >();
}

Operation *KilnDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  return elements && elements.getType() == type ? builder.create<ConstantOp>(loc, type, elements) : nullptr;
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> error, StringRef text) {
  std::string why;
  std::optional<Layout> layout = Layout::parse(text.str(), why);
  if (!layout)
    return error() << why;
  return layout->print() == text ? success()
                                 : error() << "layout '" << text << "' is not canonical: write '" << layout->print() << "'";
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> error, StringRef text) {
  std::string why;
  schedule::Schedule parsed;
  return schedule::Schedule::parse(text.str(), parsed, why) ? success() : error() << why;
}

Layout layoutOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (auto attr = dyn_cast_or_null<LayoutAttr>(tensor.getEncoding())) {
    std::string why;
    return *Layout::parse(attr.getText().str(), why);
  }
  return Layout::dense(tensor.getRank());
}
RankedTensorType withLayout(RankedTensorType type, const Layout &layout) {
  Attribute encoding = layout.isDense() ? Attribute() : LayoutAttr::get(type.getContext(), layout.print());
  return RankedTensorType::get(type.getShape(), type.getElementType(), encoding);
}
RankedTensorType withoutLayout(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType());
}
Shape shapeOf(Type type) {
  auto shape = cast<ShapedType>(type).getShape();
  return Shape(shape.begin(), shape.end());
}
int64_t byteSize(Type elementType) { return (elementType.getIntOrFloatBitWidth() + 7) / 8; }
int64_t bytesOf(Type type) { return layoutOf(type).elements(shapeOf(type)) * byteSize(cast<ShapedType>(type).getElementType()); }

bool sameShapes(TypeRange a, TypeRange b) {
  if (a.size() != b.size())
    return false;
  for (auto [x, y] : llvm::zip(a, b))
    if (withoutLayout(x) != withoutLayout(y))
      return false;
  return true;
}

LogicalResult verifySameElements(Operation *op) {
  Type first = cast<ShapedType>(op->getOperand(0).getType()).getElementType();
  for (Type type : op->getOperandTypes())
    if (cast<ShapedType>(type).getElementType() != first)
      return op->emitOpError("needs operands of one element type, found ")
             << first << " and " << cast<ShapedType>(type).getElementType();
  return success();
}

LogicalResult inferMap(std::optional<Location> location, ValueRange operands, function_ref<Type(Type)> element,
                       SmallVectorImpl<Type> &types) {
  auto first = dyn_cast<RankedTensorType>(operands[0].getType());
  if (!first || !first.hasStaticShape())
    return emitOptionalError(location, "needs a tensor of static shape");
  types.push_back(RankedTensorType::get(first.getShape(), element(first.getElementType())));
  return success();
}

std::optional<ProductLabels> ProductLabels::parse(StringRef labels, StringRef spatial) {
  auto [lhs, rest] = labels.split(',');
  auto [rhs, result] = rest.split("->");
  ProductLabels p{lhs.str(), rhs.str(), result.str(), spatial.str()};
  for (const std::string &s : {p.lhs, p.rhs, p.result, p.spatial})
    for (size_t i = 0; i < s.size(); ++i)
      if (!isalpha(s[i]) || s.find(s[i], i + 1) != std::string::npos)
        return std::nullopt;
  for (char c : p.result)
    if (p.lhs.find(c) == std::string::npos && p.rhs.find(c) == std::string::npos)
      return std::nullopt;
  for (char c : p.spatial)
    if (p.lhs.find(c) == std::string::npos || p.rhs.find(c) == std::string::npos || p.result.find(c) == std::string::npos)
      return std::nullopt;
  return p;
}

SmallVector<int64_t> integersOf(ElementsAttr constant) {
  SmallVector<int64_t> result;
  for (APInt v : constant.getValues<APInt>())
    result.push_back(constant.getElementType().isUnsignedInteger() || v.getBitWidth() == 1 ? v.getZExtValue() : v.getSExtValue());
  return result;
}

bool dependsOnParametersOnly(Value v, int depth) {
  Operation *op = v.getDefiningOp();
  if (!op || depth == 0)
    return false;
  return isa<UseOp>(op) || (isa<AlgorithmOpInterface>(op) && llvm::all_of(op->getOperands(), [&](Value operand) {
                              return dependsOnParametersOnly(operand, depth - 1);
                            }));
}

LogicalResult GradientOp::verify() {
  if (getX().size() != getGradients().size())
    return emitOpError("has ") << getGradients().size() << " results for " << getX().size() << " values to differentiate by";
  for (auto [x, gradient] : llvm::zip(getX(), getGradients()))
    if (x.getType() != gradient.getType())
      return emitOpError("has a result of type ") << gradient.getType() << " for a value of type " << x.getType();
  for (Value v : getOperands())
    if (!isa<FloatType>(cast<ShapedType>(v.getType()).getElementType()))
      return emitOpError("differentiates floats, found ") << v.getType();
  return success();
}

std::optional<unsigned> tiedInput(FunctionOpInterface func, unsigned k) {
  auto tied = func.getResultAttrOfType<StringAttr>(k, "kiln.tied");
  for (unsigned i = 0; tied && i < func.getNumArguments(); ++i)
    if (func.getArgAttrOfType<StringAttr>(i, "kiln.name") == tied && func.getArgumentTypes()[i] == func.getResultTypes()[k])
      return i;
  return std::nullopt;
}

SmallVector<unsigned> resultsTiedLast(FunctionOpInterface func) {
  auto results = llvm::to_vector(llvm::seq(func.getNumResults()));
  llvm::stable_sort(results, [&](unsigned a, unsigned b) { return !tiedInput(func, a) && tiedInput(func, b); });
  return results;
}

std::string nodeNames(Location location) {
  llvm::SetVector<StringRef> names;
  location->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner))
      names.insert(named.getName().getValue());
    return WalkResult::advance();
  });
  return llvm::join(names, " ");
}

void eachLaunch(Operation *module, StringRef function, function_ref<void(LaunchOp)> visit) {
  if (Operation *caller = SymbolTable::lookupSymbolIn(module, function))
    caller->walk([&](Operation *op) {
      if (auto launch = dyn_cast<LaunchOp>(op))
        visit(launch);
      else if (auto repeat = dyn_cast<RepeatOp>(op))
        eachLaunch(module, repeat.getBody(), visit);
    });
}

LogicalResult UseOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto parameter = symbols.lookupNearestSymbolFrom<ParameterOp>(*this, getParameterAttr());
  if (!parameter)
    return emitOpError("uses @") << getParameter() << ", but the module has no kiln.parameter of that name";
  if (parameter.getType() != getType())
    return emitOpError("uses @") << getParameter() << " as " << getType() << ", but it is declared as " << parameter.getType();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (!symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr()))
    return emitOpError("launches @") << getKernel() << ", but the module has no kiln.kernel of that name";
  return success();
}

LogicalResult RepeatOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto body = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(*this, getBodyAttr());
  if (!body)
    return emitOpError("repeats @") << getBody() << ", but the module has no function of that name";
  if (body.getNumArguments() != getNumOperands() || body.getNumResults() != getNumResults())
    return emitOpError("has ") << getNumOperands() << " operands and " << getNumResults() << " results, but @" << getBody() << " "
                               << body.getNumArguments() << " and " << body.getNumResults();
  return success();
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  auto build = [](Builder &b, ArrayRef<Type> args, ArrayRef<Type> results, function_interface_impl::VariadicFlag, std::string &) {
    return b.getFunctionType(args, results);
  };
  return function_interface_impl::parseFunctionOp(parser, result, false, getFunctionTypeAttrName(result.name), build,
                                                  getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}
void KernelOp::print(OpAsmPrinter &printer) {
  function_interface_impl::printFunctionOp(printer, *this, false, getFunctionTypeAttrName(), getArgAttrsAttrName(),
                                           getResAttrsAttrName());
}
LogicalResult KernelOp::verify() {
  if (getBody().empty())
    return emitOpError("has no body");
  auto ret = dyn_cast<ReturnOp>(getBody().front().getTerminator());
  if (!ret || !sameShapes(ret.getOperandTypes(), getResultTypes()))
    return emitOpError("must return what its signature says");
  return success();
}
} // namespace kiln

#include "compiler/dialect/KilnDialect.cpp.inc"
#include "compiler/dialect/KilnEnums.cpp.inc"
#include "compiler/dialect/KilnInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "compiler/dialect/KilnAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "compiler/dialect/KilnOps.cpp.inc"
