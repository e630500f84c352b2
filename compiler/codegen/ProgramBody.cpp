#include "compiler/codegen/ProgramBody.h"
#include "compiler/codegen/ProgramModel.h"
#include "compiler/dialect/Kiln.h"
#include "mlir/IR/Builders.h"
#include "runtime/core/model.h"
#include "llvm/ADT/MapVector.h"

namespace kiln::codegen {
using namespace mlir;

namespace {
constexpr int64_t bufferBytes = 56, hostAt = 16, dimAt = 40; // halide_buffer_t, which runtime/ has no header of
constexpr int64_t dimensions = 16;                           // zeros that every buffer's `dim` may point at

using ParameterInputs = llvm::MapVector<StringRef, int64_t>;
llvm::Expected<Place> whereIs(func::FuncOp planned, Value value, const ParameterInputs *init);

class Body {
public:
  Body(ModuleOp module, func::FuncOp planned, bool isInit, bool clock)
      : module(module), planned(planned), isInit(isInit), clock(clock), builder(OpBuilder::atBlockEnd(module.getBody())),
        here(builder.getUnknownLoc()), pointer(LLVM::LLVMPointerType::get(module.getContext())), i32(builder.getI32Type()),
        i64(builder.getI64Type()) {}
  llvm::Error define();
  llvm::Error defineStep(StringRef name, ArrayRef<HostWork> work);

private:
  /// What the arguments, results and arena of a loop's function are in the step that is written.
  struct Step {
    SmallVector<Value> inputs, outputs;
    Value arena;
  };

  llvm::Error writeOps();
  llvm::Error repeat(RepeatOp op);
  llvm::Expected<Place> placeOf(Value value) { return whereIs(planned, value, isInit ? &parameters : nullptr); }
  void begin(StringRef name);
  llvm::Error launch(LaunchOp op, bool checked = false);
  llvm::Error check(LaunchOp op);
  llvm::Error zeroAll(Value result, int64_t bytes);
  llvm::Error zeroBorder(Value result, int64_t element);
  llvm::Error copyOutputs();
  void makeBuffers();
  void setBuffer(size_t index, Value host);
  void failUnlessZero(Value status, Value answer);
  void stampTime();

  Value constant(Type type, int64_t value) {
    return builder.create<LLVM::ConstantOp>(here, type, builder.getIntegerAttr(type, value));
  }
  Value at(Value base, int64_t bytes) {
    return bytes ? Value(builder.create<LLVM::GEPOp>(here, pointer, builder.getI8Type(), base,
                                                     ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)}))
                 : base;
  }
  Value load(Value base, int64_t bytes) { return builder.create<LLVM::LoadOp>(here, pointer, at(base, bytes)); }
  Value address(const Place &place, int64_t further = 0);

  ModuleOp module;
  func::FuncOp planned; ///< the function itself, or that of the loop inside which we are
  const Step *step = nullptr;
  bool isInit, clock;
  OpBuilder builder;
  Location here;
  Type pointer, i32, i64;
  LLVM::LLVMFuncOp function;
  Block *failed = nullptr; ///< answers its argument
  Value frame, context, buffers;
  ParameterInputs parameters; ///< of @init: the input of each
  std::string stem = "kiln"; ///< of the names of constants
  unsigned texts = 0, stamps = 0;
};

llvm::Error bad(Operation *op, const std::string &why) {
  std::string where;
  llvm::raw_string_ostream(where) << op->getName();
  return llvm::createStringError("the plan's %s: %s", where.c_str(), why.c_str());
}
} // namespace

/// An offset of 2 GB or more does not fit a constant index of a GEP.
static Value farther(OpBuilder &builder, Value base, Value bytes) {
  return builder.create<LLVM::GEPOp>(builder.getUnknownLoc(), base.getType(), builder.getI8Type(), base,
                                     ArrayRef<LLVM::GEPArg>{bytes});
}

Value Body::address(const Place &place, int64_t further) {
  static const std::map<Place::Base, int64_t> fields = {{Place::Arena, offsetof(kiln_frame, arena)},
                                                        {Place::Weights, offsetof(kiln_frame, weights)},
                                                        {Place::Input, offsetof(kiln_frame, inputs)},
                                                        {Place::Output, offsetof(kiln_frame, outputs)}};
  Value base;
  if (step && place.base != Place::Weights)
    base = place.base == Place::Arena   ? step->arena
           : place.base == Place::Input ? step->inputs[place.index]
                                        : step->outputs[place.index];
  else if (base = load(frame, fields.at(place.base)); place.base == Place::Input || place.base == Place::Output)
    base = load(base, place.index * static_cast<int64_t>(sizeof(void *)));
  return place.offset + further ? farther(builder, base, constant(i64, place.offset + further)) : base;
}

static bool storedAsDense(Value value) { return layoutOf(value.getType()).storedAsDense(shapeOf(value.getType())); }

namespace {
/// `init`: of @init, the input that each parameter is.
llvm::Expected<Place> whereIs(func::FuncOp planned, Value value, const ParameterInputs *init) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return Place{Place::Input, argument.getArgNumber(), 0};
  Operation *op = value.getDefiningOp();
  if (auto view = dyn_cast<ViewOpInterface>(op)) {
    if (!storedAsDense(op->getOperand(0)) || !storedAsDense(value) || !view.viewStart())
      return bad(op, "expected dense storage on both sides of a view");
    llvm::Expected<Place> place = whereIs(planned, op->getOperand(0), init);
    if (place)
      place->offset += *view.viewStart() * byteSize(cast<RankedTensorType>(value.getType()).getElementType());
    return place;
  }
  if (isa<JoinOpInterface>(op)) // begins where its first part does
    return whereIs(planned, op->getOperand(0), init);
  if (auto use = dyn_cast<UseOp>(op)) {
    if (init)
      return Place{Place::Input, init->find(use.getParameter())->second, 0};
    auto offsets = planned->getParentOfType<ModuleOp>()->getAttrOfType<DictionaryAttr>("kiln.weight_offsets");
    auto offset = offsets ? offsets.getAs<IntegerAttr>(use.getParameter()) : IntegerAttr();
    if (!offset)
      return bad(op, "no offset in kiln.weight_offsets for '" + use.getParameter().str() + "'");
    return Place{Place::Weights, 0, offset.getInt()};
  }
  auto offsets = op->getAttrOfType<DenseI64ArrayAttr>("offsets"), within = op->getAttrOfType<DenseI64ArrayAttr>("within");
  unsigned number = cast<OpResult>(value).getResultNumber();
  if (!isa<LaunchOp, RepeatOp>(op) || !offsets || offsets.size() <= number)
    return bad(op, "expected a launch with an offset for each result");
  int64_t offset = offsets[number];
  return offset < 0 ? Place{Place::Output, -1 - offset, within ? within[number] : 0} : Place{Place::Arena, 0, offset};
}
} // namespace

llvm::Expected<Place> placeOf(func::FuncOp planned, Value value) { return whereIs(planned, value, nullptr); }

void Body::makeBuffers() {
  size_t most = 1;
  eachLaunch(planned->getParentOp(), planned.getSymName(),
             [&](LaunchOp op) { most = std::max<size_t>(most, op->getNumOperands() + op->getNumResults()); });
  Type bytes = builder.getI8Type();
  Value zeros = builder.create<LLVM::AllocaOp>(here, pointer, bytes, constant(i64, dimensions * 16), 16);
  builder.create<LLVM::MemsetOp>(here, zeros, constant(bytes, 0), constant(i64, dimensions * 16), false);
  int64_t size = static_cast<int64_t>(most) * bufferBytes;
  buffers = builder.create<LLVM::AllocaOp>(here, pointer, bytes, constant(i64, size), 16);
  builder.create<LLVM::MemsetOp>(here, buffers, constant(bytes, 0), constant(i64, size), false);
  for (size_t i = 0; i < most; ++i)
    builder.create<LLVM::StoreOp>(here, zeros, at(buffers, static_cast<int64_t>(i) * bufferBytes + dimAt));
}

void Body::setBuffer(size_t index, Value host) {
  builder.create<LLVM::StoreOp>(here, host, at(buffers, static_cast<int64_t>(index) * bufferBytes + hostAt));
}

void Body::failUnlessZero(Value status, Value answer) {
  Value bad = builder.create<LLVM::ICmpOp>(here, LLVM::ICmpPredicate::ne, status, constant(i32, 0));
  Block *next = builder.createBlock(failed);
  builder.setInsertionPointToEnd(next->getPrevNode());
  builder.create<LLVM::CondBrOp>(here, bad, failed, ValueRange{answer}, next, ValueRange{});
  builder.setInsertionPointToEnd(next);
}

/// One number more in the output of time stamps.
void Body::stampTime() {
  if (!clock || step)
    return;
  Place place{Place::Output, planned.getNumResults(), static_cast<int64_t>(stamps++) * 8};
  auto now = builder.create<LLVM::CallIntrinsicOp>(here, i64, StringRef("llvm.readcyclecounter"), ValueRange());
  builder.create<LLVM::StoreOp>(here, now->getResult(0), address(place), 8);
}

/// Indices that the data brings are held against their tensor before a kernel reads through them.
llvm::Error Body::check(LaunchOp op) {
  auto checks = op->getAttrOfType<ArrayAttr>("checks");
  for (Attribute attribute : checks ? checks.getValue() : ArrayRef<Attribute>()) {
    auto fields = dyn_cast<DictionaryAttr>(attribute);
    auto operand = fields ? fields.getAs<IntegerAttr>("operand") : IntegerAttr();
    auto limit = fields ? fields.getAs<IntegerAttr>("limit") : IntegerAttr();
    auto node = fields ? fields.getAs<StringAttr>("node") : StringAttr();
    if (!operand || !limit || !node || operand.getInt() < 0 || operand.getInt() >= op->getNumOperands())
      return bad(op, "expected checks of {operand, limit, node}");
    Value indices = op->getOperand(operand.getInt());
    auto type = cast<RankedTensorType>(indices.getType());
    if (!layoutOf(type).isDense())
      return bad(op, "expected dense storage of indices");
    llvm::Expected<Place> place = placeOf(indices);
    if (!place)
      return place.takeError();
    std::string name = stem + "_node_" + std::to_string(texts++);
    defineText(module, name, node.getValue());
    LLVM::LLVMFuncOp callee = declare(module, "kiln_check_indices", i32, {pointer, pointer, pointer, i32, i64, i64});
    Value status = builder
                       .create<LLVM::CallOp>(here, callee,
                                             ValueRange{context, addressOf(builder, name), address(*place),
                                                        constant(i32, byteSize(type.getElementType())),
                                                        constant(i64, type.getNumElements()), constant(i64, limit.getInt())})
                       .getResult();
    failUnlessZero(status, status);
  }
  return llvm::Error::success();
}

llvm::Error Body::zeroAll(Value result, int64_t bytes) {
  llvm::Expected<Place> place = placeOf(result);
  if (!place)
    return place.takeError();
  builder.create<LLVM::MemsetOp>(here, address(*place), constant(builder.getI8Type(), 0), constant(i64, bytes), false);
  return llvm::Error::success();
}

/// The descriptor of kiln_zero_border: rank, element size, then extent, stride, low and high of each stored dimension, innermost first.
llvm::Error Body::zeroBorder(Value result, int64_t element) {
  Type type = result.getType();
  Layout layout = layoutOf(type);
  Shape shape = shapeOf(type), extents = layout.extents(shape), strides = layout.strides(shape);
  Record record;
  record.i64(static_cast<int64_t>(extents.size())).i64(element);
  for (size_t i = 0; i < extents.size(); ++i) {
    const StoredDim &stored = layout.order[i];
    bool whole = stored.part == Part::Whole;
    record.i64(extents[i]).i64(strides[i]).i64(whole ? layout.low[stored.dim] : 0).i64(whole ? layout.high[stored.dim] : 0);
  }
  llvm::Expected<Place> place = placeOf(result);
  if (!place)
    return place.takeError();
  std::string name = stem + "_border_" + std::to_string(texts++);
  record.define(module, name);
  LLVM::LLVMFuncOp callee = declare(module, "kiln_zero_border", LLVM::LLVMVoidType::get(module.getContext()), {pointer, pointer});
  builder.create<LLVM::CallOp>(here, callee, ValueRange{address(*place), addressOf(builder, name)});
  return llvm::Error::success();
}

llvm::Error Body::launch(LaunchOp op, bool checked) {
  if (llvm::Error error = checked ? llvm::Error::success() : check(op))
    return error;
  auto zero = op->getAttrOfType<DenseI64ArrayAttr>("zero");
  SmallVector<Value> arguments = {context};
  auto add = [&](Value value, int64_t further) -> llvm::Error {
    llvm::Expected<Place> place = placeOf(value);
    if (!place)
      return place.takeError();
    size_t index = arguments.size() - 1;
    setBuffer(index, address(*place, further));
    arguments.push_back(at(buffers, static_cast<int64_t>(index) * bufferBytes));
    return llvm::Error::success();
  };
  for (Value operand : op.getOperands_())
    if (llvm::Error error = add(operand, 0))
      return error;
  for (OpResult result : op->getResults()) {
    Layout layout = layoutOf(result.getType());
    int64_t element = byteSize(cast<RankedTensorType>(result.getType()).getElementType());
    bool all = zero && llvm::is_contained(zero.asArrayRef(), result.getResultNumber());
    if (llvm::Error error = all                ? zeroAll(result, bytesOf(result.getType()))
                            : layout.hasHalo() ? zeroBorder(result, element)
                                               : llvm::Error::success())
      return error;
    if (llvm::Error error = add(result, layout.interior(shapeOf(result.getType())) * element))
      return error;
  }
  LLVM::LLVMFuncOp kernel = declare(module, op.getKernel(), i32, SmallVector<Type>(arguments.size(), pointer));
  Value status = builder.create<LLVM::CallOp>(here, kernel, arguments).getResult();
  failUnlessZero(status, constant(i32, KILN_OUT_OF_MEMORY));
  return llvm::Error::success();
}

llvm::Error Body::copyOutputs() {
  Operation *terminator = planned.getBody().front().getTerminator();
  for (unsigned i : resultsTiedLast(planned)) {
    Value value = terminator->getOperand(i);
    if (!isInit && !layoutOf(value.getType()).isDense())
      return bad(terminator, "expected dense storage of the results");
    llvm::Expected<Place> place = placeOf(value);
    if (!place)
      return place.takeError();
    Place output{Place::Output, i, 0};
    if (*place == output)
      continue;
    builder.create<LLVM::MemcpyOp>(here, address(output), address(*place), constant(i64, bytesOf(value.getType())), false);
  }
  return llvm::Error::success();
}

llvm::Error Body::writeOps() {
  for (Operation &op : planned.getBody().front()) {
    auto launched = dyn_cast<LaunchOp>(op);
    auto repeated = dyn_cast<RepeatOp>(op);
    if (!launched && !repeated && !isa<UseOp, ViewOpInterface, JoinOpInterface, func::ReturnOp>(op))
      return bad(&op, "expected only uses, launches, loops, views and joins");
    if (!launched && !repeated)
      continue;
    if (llvm::Error error = launched ? launch(launched) : repeat(repeated))
      return error;
    stampTime();
  }
  return copyOutputs();
}

/// t = 0; do { a step at t; t = t + 1 } while (t < steps). A state is read where the step before has written it (at first, where it stands) and
/// written to the other one of two places, so that the last step writes the result's.
llvm::Error Body::repeat(RepeatOp op) {
  auto callee = planned->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(op.getBody());
  auto scratch = op.getScratch();
  size_t states = op.getStates().size(), inputs = op.getInputs().size();
  if (!callee || !callee.getBody().hasOneBlock() || !scratch || scratch->size() != 1 + states)
    return bad(op, "expected a function of one block and a place for its steps");
  int64_t steps = static_cast<int64_t>(op.getSteps());
  SmallVector<Value> operands, results;
  for (auto [values, addresses] :
       {std::pair(ValueRange(op.getOperands()), &operands), std::pair(ValueRange(op.getResults()), &results)})
    for (Value v : values) {
      llvm::Expected<Place> place = placeOf(v);
      if (!place)
        return place.takeError();
      addresses->push_back(address(*place));
    }
  Step inner;
  inner.arena = address({Place::Arena, 0, (*scratch)[0]});
  SmallVector<Value> start = {constant(i64, 0)};
  for (size_t k = 0; k < states; ++k) {
    Value second = address({Place::Arena, 0, (*scratch)[1 + k]});
    llvm::append_values(start, operands[k], steps % 2 ? results[k] : second, steps % 2 ? second : results[k]);
  }
  Block *before = builder.getInsertionBlock(), *loop = builder.createBlock(failed);
  for (Value v : start)
    loop->addArgument(v.getType(), here);
  builder.setInsertionPointToEnd(before);
  builder.create<LLVM::BrOp>(here, start, loop);
  builder.setInsertionPointToEnd(loop);
  Value t = loop->getArgument(0);
  Value at = op.getReverse() ? Value(builder.create<LLVM::SubOp>(here, constant(i64, steps - 1), t)) : t;
  auto slice = [&](Value base, Type stack) {
    int64_t bytes =
        cast<RankedTensorType>(stack).getNumElements() / steps * byteSize(cast<RankedTensorType>(stack).getElementType());
    return farther(builder, base, builder.create<LLVM::MulOp>(here, at, constant(i64, bytes)));
  };
  SmallVector<Value> next;
  for (size_t k = 0; k < states; ++k) {
    Value now = loop->getArgument(1 + 3 * k), later = loop->getArgument(2 + 3 * k), other = loop->getArgument(3 + 3 * k);
    inner.inputs.push_back(now);
    inner.outputs.push_back(later);
    llvm::append_values(next, later, other, later);
  }
  for (size_t i = states; i < operands.size(); ++i)
    inner.inputs.push_back(i < states + inputs ? slice(operands[i], op.getOperand(i).getType()) : operands[i]);
  for (size_t k = states; k < results.size(); ++k)
    inner.outputs.push_back(slice(results[k], op.getResult(k).getType()));
  const Step *outerStep = std::exchange(step, &inner);
  func::FuncOp outer = std::exchange(planned, callee);
  llvm::Error error = writeOps();
  step = outerStep;
  planned = outer;
  if (error)
    return error;
  next.insert(next.begin(), builder.create<LLVM::AddOp>(here, t, constant(i64, 1)));
  Value more = builder.create<LLVM::ICmpOp>(here, LLVM::ICmpPredicate::slt, next.front(), constant(i64, steps));
  Block *last = builder.getInsertionBlock(), *after = builder.createBlock(failed);
  builder.setInsertionPointToEnd(last);
  builder.create<LLVM::CondBrOp>(here, more, loop, next, after, ValueRange{});
  builder.setInsertionPointToEnd(after);
  return llvm::Error::success();
}

void Body::begin(StringRef name) {
  function = builder.create<LLVM::LLVMFuncOp>(here, name, LLVM::LLVMFunctionType::get(i32, {pointer}));
  function.setVisibility_(LLVM::Visibility::Hidden);
  Block *entry = function.addEntryBlock(builder);
  failed = builder.createBlock(&function.getBody(), function.getBody().end(), {i32}, {here});
  builder.create<LLVM::ReturnOp>(here, failed->getArgument(0));
  builder.setInsertionPointToEnd(entry);
  frame = entry->getArgument(0);
  context = load(frame, offsetof(kiln_frame, context));
  makeBuffers();
}

llvm::Error Body::defineStep(StringRef name, ArrayRef<HostWork> work) {
  begin(name);
  stem = name.str();
  for (const HostWork &one : work)
    if (llvm::Error error = one.checksOnly ? check(one.launch) : launch(one.launch, /*checked=*/true))
      return error;
  builder.create<LLVM::ReturnOp>(here, constant(i32, KILN_OK));
  return llvm::Error::success();
}

llvm::Error Body::define() {
  if (!planned.getBody().hasOneBlock())
    return bad(planned, "expected one block");
  for (const std::string &name : parametersUsed(planned))
    parameters.insert({builder.getStringAttr(name).getValue(), static_cast<int64_t>(parameters.size())});
  begin(bodySymbol);
  stampTime();
  if (llvm::Error error = writeOps())
    return error;
  builder.create<LLVM::ReturnOp>(here, constant(i32, KILN_OK));
  return llvm::Error::success();
}

std::vector<std::string> parametersUsed(func::FuncOp function) {
  std::vector<std::string> names;
  function.walk([&](UseOp use) {
    if (!llvm::is_contained(names, use.getParameter()))
      names.push_back(use.getParameter().str());
  });
  return names;
}

llvm::Error defineHostStep(ModuleOp module, func::FuncOp planned, StringRef name, ArrayRef<HostWork> work) {
  return Body(module, planned, /*isInit=*/false, /*clock=*/false).defineStep(name, work);
}

llvm::Error defineBody(ModuleOp module, func::FuncOp planned, bool isInit, bool clock) {
  return Body(module, planned, isInit, clock).define();
}

} // namespace kiln::codegen
