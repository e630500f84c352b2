#include "compiler/codegen/BodyWriter.h"
#include "compiler/codegen/ProgramModel.h"
#include "compiler/dialect/Kiln.h"
#include "runtime/core/model.h"

namespace kiln::codegen {
using namespace mlir;

namespace {
constexpr int64_t bufferBytes = 56, hostAt = 16, dimAt = 40; // halide_buffer_t, which runtime/ has no header of
constexpr int64_t dimensions = 16;                           // zeros that every buffer's `dim` may point at
} // namespace

llvm::Error badPlan(Operation *op, const std::string &why) {
  std::string where;
  llvm::raw_string_ostream(where) << op->getName();
  return llvm::createStringError("the plan's %s: %s", where.c_str(), why.c_str());
}

Value BodyWriter::constant(Type type, int64_t value) {
  return builder.create<LLVM::ConstantOp>(here, type, builder.getIntegerAttr(type, value));
}
Value BodyWriter::at(Value base, int64_t bytes) {
  return bytes ? Value(builder.create<LLVM::GEPOp>(here, pointer, builder.getI8Type(), base,
                                                   ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)}))
               : base;
}
/// An offset of 2 GB or more does not fit a constant index of a GEP.
Value BodyWriter::farther(Value base, Value bytes) {
  return builder.create<LLVM::GEPOp>(here, pointer, builder.getI8Type(), base, ArrayRef<LLVM::GEPArg>{bytes});
}
Value BodyWriter::load(Value base, int64_t bytes) { return builder.create<LLVM::LoadOp>(here, pointer, at(base, bytes)); }

Value BodyWriter::address(const Place &place, int64_t further) {
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
  return place.offset + further ? farther(base, constant(i64, place.offset + further)) : base;
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
      return badPlan(op, "expected dense storage on both sides of a view");
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
      return badPlan(op, "no offset in kiln.weight_offsets for '" + use.getParameter().str() + "'");
    return Place{Place::Weights, 0, offset.getInt()};
  }
  auto offsets = op->getAttrOfType<DenseI64ArrayAttr>("offsets"), within = op->getAttrOfType<DenseI64ArrayAttr>("within");
  unsigned number = cast<OpResult>(value).getResultNumber();
  if (!isa<LaunchOp, RepeatOp>(op) || !offsets || offsets.size() <= number)
    return badPlan(op, "expected a launch with an offset for each result");
  int64_t offset = offsets[number];
  return offset < 0 ? Place{Place::Output, -1 - offset, within ? within[number] : 0} : Place{Place::Arena, 0, offset};
}
} // namespace

llvm::Expected<Place> placeOf(func::FuncOp planned, Value value) { return whereIs(planned, value, nullptr); }
llvm::Expected<Place> BodyWriter::placeOf(Value value) { return whereIs(planned, value, isInit ? &parameters : nullptr); }

void BodyWriter::makeBuffers() {
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

void BodyWriter::setBuffer(size_t index, Value host) {
  builder.create<LLVM::StoreOp>(here, host, at(buffers, static_cast<int64_t>(index) * bufferBytes + hostAt));
}

void BodyWriter::failUnlessZero(Value status, Value answer) {
  Value bad = builder.create<LLVM::ICmpOp>(here, LLVM::ICmpPredicate::ne, status, constant(i32, 0));
  Block *next = builder.createBlock(failed);
  builder.setInsertionPointToEnd(next->getPrevNode());
  builder.create<LLVM::CondBrOp>(here, bad, failed, ValueRange{answer}, next, ValueRange{});
  builder.setInsertionPointToEnd(next);
}

/// One number more in the output of time stamps.
void BodyWriter::stampTime() {
  if (!clock || step)
    return;
  Place place{Place::Output, planned.getNumResults(), static_cast<int64_t>(stamps++) * 8};
  auto now = builder.create<LLVM::CallIntrinsicOp>(here, i64, StringRef("llvm.readcyclecounter"), ValueRange());
  builder.create<LLVM::StoreOp>(here, now->getResult(0), address(place), 8);
}

/// Indices that the data brings are held against their tensor before a kernel reads through them.
llvm::Error BodyWriter::check(LaunchOp op) {
  auto checks = op->getAttrOfType<ArrayAttr>("checks");
  for (Attribute attribute : checks ? checks.getValue() : ArrayRef<Attribute>()) {
    auto fields = dyn_cast<DictionaryAttr>(attribute);
    auto operand = fields ? fields.getAs<IntegerAttr>("operand") : IntegerAttr();
    auto limit = fields ? fields.getAs<IntegerAttr>("limit") : IntegerAttr();
    auto node = fields ? fields.getAs<StringAttr>("node") : StringAttr();
    if (!operand || !limit || !node || operand.getInt() < 0 || operand.getInt() >= op->getNumOperands())
      return badPlan(op, "expected checks of {operand, limit, node}");
    Value indices = op->getOperand(operand.getInt());
    auto type = cast<RankedTensorType>(indices.getType());
    if (!layoutOf(type).isDense())
      return badPlan(op, "expected dense storage of indices");
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

llvm::Error BodyWriter::zeroAll(Value result, int64_t bytes) {
  llvm::Expected<Place> place = placeOf(result);
  if (!place)
    return place.takeError();
  builder.create<LLVM::MemsetOp>(here, address(*place), constant(builder.getI8Type(), 0), constant(i64, bytes), false);
  return llvm::Error::success();
}

/// The descriptor of kiln_zero_border: rank, element size, then extent, stride, low and high of each stored dimension, innermost first.
llvm::Error BodyWriter::zeroBorder(Value result, int64_t element) {
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

llvm::Error BodyWriter::launch(LaunchOp op, bool checked) {
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

llvm::Error BodyWriter::copyOutputs() {
  Operation *terminator = planned.getBody().front().getTerminator();
  for (unsigned i : resultsTiedLast(planned)) {
    Value value = terminator->getOperand(i);
    if (!isInit && !layoutOf(value.getType()).isDense())
      return badPlan(terminator, "expected dense storage of the results");
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

llvm::Error BodyWriter::writeOps() {
  for (Operation &op : planned.getBody().front()) {
    auto launched = dyn_cast<LaunchOp>(op);
    auto repeated = dyn_cast<RepeatOp>(op);
    if (!launched && !repeated && !isa<UseOp, ViewOpInterface, JoinOpInterface, func::ReturnOp>(op))
      return badPlan(&op, "expected only uses, launches, loops, views and joins");
    if (!launched && !repeated)
      continue;
    if (llvm::Error error = launched ? launch(launched) : repeat(repeated))
      return error;
    stampTime();
  }
  return copyOutputs();
}

void BodyWriter::begin(StringRef name) {
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

llvm::Error BodyWriter::defineStep(StringRef name, ArrayRef<HostWork> work) {
  begin(name);
  stem = name.str();
  func::FuncOp main = planned;
  for (const HostWork &one : work) {
    Step inner;
    if (one.frame->function != main) {
      for (auto [places, addresses] :
           {std::pair(&one.frame->inputs, &inner.inputs), std::pair(&one.frame->outputs, &inner.outputs)})
        for (const Place &place : *places)
          addresses->push_back(address(place));
      inner.arena = address({Place::Arena, 0, one.frame->arena});
      step = &inner;
    }
    planned = one.frame->function;
    llvm::Error error = one.checksOnly ? check(one.launch) : launch(one.launch, /*checked=*/true);
    step = nullptr;
    planned = main;
    if (error)
      return error;
  }
  builder.create<LLVM::ReturnOp>(here, constant(i32, KILN_OK));
  return llvm::Error::success();
}

llvm::Error BodyWriter::define() {
  if (!planned.getBody().hasOneBlock())
    return badPlan(planned, "expected one block");
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
  return BodyWriter(module, planned, /*isInit=*/false, /*clock=*/false).defineStep(name, work);
}

llvm::Error defineBody(ModuleOp module, func::FuncOp planned, bool isInit, bool clock) {
  return BodyWriter(module, planned, isInit, clock).define();
}

} // namespace kiln::codegen
