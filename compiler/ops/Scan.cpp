// scan: its text, what it refuses, and its steps written one after another. Its simplification is in ScanSimplify.cpp, its gradient in ScanGradient.cpp.
//
//   %last, %all = kiln.scan 5 carry(%h = %h0) over(%x = %xs) with(%w = %m) : (state..., input..., use...) -> (state..., stacked output...) {
//     ...
//     kiln.return %next, %output : ...
//   }
#include "compiler/dialect/Term.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace kiln;

static RankedTensorType tensorOf(Type type) { return cast<RankedTensorType>(type); }
static RankedTensorType stackOf(Type type, int64_t steps) {
  SmallVector<int64_t> shape(tensorOf(type).getShape());
  shape.insert(shape.begin(), steps);
  return RankedTensorType::get(shape, tensorOf(type).getElementType());
}
static Type stepOf(Type stack) {
  auto type = tensorOf(stack);
  return type.getRank() ? RankedTensorType::get(type.getShape().drop_front(), type.getElementType()) : type;
}

void ScanOp::build(OpBuilder &ops, OperationState &state, int64_t steps, bool reverse, ValueRange states, ValueRange inputs,
                   ValueRange uses, Block *body) {
  state.addOperands(states);
  state.addOperands(inputs);
  state.addOperands(uses);
  auto &properties = state.getOrAddProperties<Properties>();
  properties.steps = ops.getI64IntegerAttr(steps);
  properties.reverse = reverse ? ops.getUnitAttr() : UnitAttr();
  properties.operandSegmentSizes = {static_cast<int32_t>(states.size()), static_cast<int32_t>(inputs.size()),
                                    static_cast<int32_t>(uses.size())};
  state.addTypes(states.getTypes());
  for (Value output : body->getTerminator()->getOperands().drop_front(states.size()))
    state.addTypes(stackOf(output.getType(), steps));
  if (Region *former = body->getParent())
    former->getBlocks().remove(body);
  state.addRegion()->push_back(body);
}

//===- text -===//

ParseResult ScanOp::parse(OpAsmParser &parser, OperationState &result) {
  int64_t steps = 0;
  if (parser.parseInteger(steps))
    return failure();
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  int32_t counts[3] = {};
  const char *words[] = {"carry", "over", "with"};
  for (unsigned i = 0; i < 3; ++i)
    if (succeeded(parser.parseOptionalKeyword(words[i])) &&
        parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Paren, [&]() -> ParseResult {
          ++counts[i];
          return failure(parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
                         parser.parseOperand(operands.emplace_back()));
        }))
      return failure();
  FunctionType type;
  llvm::SMLoc place = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(type) ||
      parser.resolveOperands(operands, type.getInputs(), place, result.operands))
    return failure();
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    bool isInput = static_cast<int64_t>(i) >= counts[0] && static_cast<int64_t>(i) < counts[0] + counts[1];
    auto tensor = dyn_cast<RankedTensorType>(type.getInput(i));
    if (!tensor)
      return parser.emitError(place, "expected tensors, found ") << type.getInput(i);
    argument.type = isInput ? stepOf(tensor) : Type(tensor);
  }
  auto &properties = result.getOrAddProperties<Properties>();
  properties.steps = parser.getBuilder().getI64IntegerAttr(steps);
  llvm::copy(counts, properties.operandSegmentSizes.begin());
  result.addTypes(type.getResults());
  return parser.parseRegion(*result.addRegion(), arguments);
}

void ScanOp::print(OpAsmPrinter &printer) {
  printer << " " << getSteps();
  unsigned next = 0;
  auto group = [&](StringRef word, ValueRange operands) {
    if (operands.empty())
      return;
    printer << " " << word << "(";
    llvm::interleaveComma(operands, printer, [&](Value v) { printer << step().getArgument(next++) << " = " << v; });
    printer << ")";
  };
  group("carry", getStates());
  group("over", getInputs());
  group("with", getUses());
  printer.printOptionalAttrDict((*this)->getAttrs(), {"steps", "operandSegmentSizes"});
  printer << " : ";
  printer.printFunctionalType(getOperation());
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult ScanOp::verify() {
  if (getSteps() < 1)
    return emitOpError("runs ") << getSteps() << " steps, expected at least 1";
  auto ends = step().empty() ? ReturnOp() : dyn_cast<ReturnOp>(step().back());
  if (!ends)
    return emitOpError("has a body that does not end in kiln.return");
  if (step().getNumArguments() != getNumOperands())
    return emitOpError("has a body of ") << step().getNumArguments() << " arguments for " << getNumOperands() << " operands";
  unsigned first = numStates(), last = first + getInputs().size();
  for (auto [i, argument] : llvm::enumerate(step().getArguments())) {
    auto type = tensorOf(getOperand(i).getType());
    bool isInput = i >= first && i < last;
    if (isInput && (type.getRank() == 0 || type.getDimSize(0) != static_cast<int64_t>(getSteps())))
      return emitOpError("goes over ") << type << ", expected " << getSteps() << " steps along its first dimension";
    if (Type expected = isInput ? stepOf(type) : Type(type); argument.getType() != expected)
      return emitOpError("has a body whose argument ") << i << " is " << argument.getType() << ", expected " << expected;
  }
  if (ends->getNumOperands() != getNumResults() || getNumResults() < first)
    return emitOpError("has ") << getNumResults() << " results, but its body returns " << ends->getNumOperands();
  for (auto [i, v] : llvm::enumerate(ends->getOperands())) {
    bool isState = i < first;
    if (isState && v.getType() != getOperand(i).getType())
      return emitOpError("carries ") << getOperand(i).getType() << ", but its body returns " << v.getType() << " for the next step";
    if (Type expected = isState ? v.getType() : Type(stackOf(v.getType(), getSteps())); getResult(i).getType() != expected)
      return emitOpError("has result ") << i << " of type " << getResult(i).getType() << ", expected " << expected;
  }
  return success();
}

//===- its steps -===//

int64_t ScanOp::stepCount() { return getSteps(); }

void ScanOp::outline(StringRef name) {
  auto around = (*this)->getParentOfType<func::FuncOp>();
  OpBuilder ops(around);
  SmallVector<Type> types;
  for (Value v : returned())
    types.push_back(v.getType());
  auto body = ops.create<func::FuncOp>(getLoc(), name, ops.getFunctionType(step().getArgumentTypes(), types));
  body.setPrivate();
  body.getBody().takeBody(getBody());
  Operation *end = body.getBody().front().getTerminator();
  ops.setInsertionPoint(end);
  ops.create<func::ReturnOp>(end->getLoc(), end->getOperands());
  end->erase();
  for (unsigned i = getNumOperands() - getUses().size(); i < getNumOperands(); ++i)
    body.setArgAttr(i, "kiln.fixed", ops.getUnitAttr());
  ops.setInsertionPoint(*this);
  auto repeat = ops.create<RepeatOp>(getLoc(), getResultTypes(), name, getSteps(), getReverse(), getStates(), getInputs(),
                                     getUses(), DenseI64ArrayAttr(), DenseI64ArrayAttr());
  replaceAllUsesWith(repeat.getResults());
  erase();
}

SmallVector<Value> ScanOp::unroll(OpBuilder &ops) {
  Site site{ops, getLoc()};
  SmallVector<Value> states(getStates());
  SmallVector<SmallVector<Value>> outputs(numOutputs());
  int64_t steps = getSteps();
  for (int64_t i = 0; i < steps; ++i) {
    int64_t t = getReverse() ? steps - 1 - i : i;
    IRMapping map;
    auto argument = step().getArguments().begin();
    for (Value state : states)
      map.map(*argument++, state);
    for (Value input : getInputs()) {
      Term whole{input, &site};
      SmallVector<int64_t> starts(whole.rank(), 0), sizes(whole.shape()), ones(whole.rank(), 1);
      starts[0] = t;
      sizes[0] = 1;
      map.map(*argument++, reshape(slice(whole, starts, sizes, ones), whole.shape().drop_front()).value);
    }
    for (Value use : getUses())
      map.map(*argument++, use);
    for (Operation &op : step().without_terminator())
      ops.clone(op, map);
    for (auto [k, v] : llvm::enumerate(returned()))
      (k < states.size() ? states[k] : outputs[k - states.size()].emplace_back()) = map.lookupOrDefault(v);
  }
  SmallVector<Value> results = states;
  for (auto &parts : outputs) {
    if (getReverse())
      std::reverse(parts.begin(), parts.end());
    for (Value &part : parts) {
      SmallVector<int64_t> shape(tensorOf(part.getType()).getShape());
      shape.insert(shape.begin(), 1);
      part = ops.createOrFold<ReshapeOp>(getLoc(), part, shape);
    }
    results.push_back(parts.size() == 1 ? parts[0] : ops.create<ConcatOp>(getLoc(), parts, 0).getResult());
  }
  return results;
}
