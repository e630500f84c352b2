#include "compiler/codegen/ProgramModel.h"
#include "mlir/IR/Builders.h"
#include "runtime/core/model.h"

namespace kiln::codegen {
using namespace mlir;

namespace {
Location nowhere(Operation *op) { return UnknownLoc::get(op->getContext()); }
LLVM::LLVMPointerType pointer(MLIRContext *context) { return LLVM::LLVMPointerType::get(context); }
OpBuilder atEnd(ModuleOp module) { return OpBuilder::atBlockEnd(module.getBody()); }
} // namespace

Record &Record::address(StringRef symbol) {
  fields.push_back({symbol.str(), 0, 0, {}});
  return *this;
}
Record &Record::i32(int64_t value) {
  fields.push_back({"", 32, value, {}});
  return *this;
}
Record &Record::i64(int64_t value) {
  fields.push_back({"", 64, value, {}});
  return *this;
}
Record &Record::bytes(ArrayRef<uint8_t> value) {
  fields.push_back({"", 8, 0, value.vec()});
  return *this;
}

Type Record::type(OpBuilder &builder) const {
  SmallVector<Type> types;
  for (const Field &field : fields) {
    Type integer = field.width ? Type(builder.getIntegerType(field.width)) : Type(pointer(builder.getContext()));
    types.push_back(field.bytes.empty() ? integer : LLVM::LLVMArrayType::get(integer, field.bytes.size()));
  }
  return LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
}

Value Record::value(OpBuilder &builder) const {
  Location location = builder.getUnknownLoc();
  auto whole = cast<LLVM::LLVMStructType>(type(builder));
  Value value = builder.create<LLVM::UndefOp>(location, whole);
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field &field = fields[i];
    Type part = whole.getBody()[i];
    Value made;
    if (field.width == 0)
      made = field.symbol.empty() ? Value(builder.create<LLVM::ZeroOp>(location, part)) : addressOf(builder, field.symbol);
    else if (field.bytes.empty())
      made = builder.create<LLVM::ConstantOp>(location, part, builder.getIntegerAttr(part, field.number));
    else
      made = builder.create<LLVM::ConstantOp>(
          location, part, builder.getStringAttr(StringRef(reinterpret_cast<const char *>(field.bytes.data()), field.bytes.size())));
    value = builder.create<LLVM::InsertValueOp>(location, value, made, i);
  }
  return value;
}

namespace {
/// Opens the initialiser of a hidden constant.
void openConstant(OpBuilder &builder, ModuleOp module, Type type, StringRef name) {
  auto global =
      builder.create<LLVM::GlobalOp>(nowhere(module), type, /*isConstant=*/true, LLVM::Linkage::External, name, Attribute());
  global.setVisibility_(LLVM::Visibility::Hidden);
  builder.createBlock(&global.getInitializerRegion());
}
} // namespace

void Record::define(ModuleOp module, StringRef name) const {
  OpBuilder builder = atEnd(module);
  openConstant(builder, module, type(builder), name);
  builder.create<LLVM::ReturnOp>(nowhere(module), value(builder));
}

void Record::defineArray(ModuleOp module, StringRef name, ArrayRef<Record> records) {
  OpBuilder builder = atEnd(module);
  Type type = LLVM::LLVMArrayType::get(records[0].type(builder), records.size());
  openConstant(builder, module, type, name);
  Value all = builder.create<LLVM::UndefOp>(nowhere(module), type);
  for (auto [i, record] : llvm::enumerate(records))
    all = builder.create<LLVM::InsertValueOp>(nowhere(module), all, record.value(builder), i);
  builder.create<LLVM::ReturnOp>(nowhere(module), all);
}

void declareConstant(ModuleOp module, StringRef name) {
  OpBuilder builder = atEnd(module);
  auto constant = builder.create<LLVM::GlobalOp>(nowhere(module), builder.getI8Type(), /*isConstant=*/true, LLVM::Linkage::External,
                                                 name, Attribute());
  constant.setVisibility_(LLVM::Visibility::Hidden);
}

void defineBytes(ModuleOp module, StringRef name, StringRef bytes, unsigned alignment) {
  OpBuilder builder = atEnd(module);
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
  builder.create<LLVM::GlobalOp>(nowhere(module), type, /*isConstant=*/true, LLVM::Linkage::Private, name,
                                 builder.getStringAttr(bytes), alignment);
}

void defineText(ModuleOp module, StringRef name, StringRef text) { defineBytes(module, name, text.str() + '\0', 1); }

Value addressOf(OpBuilder &builder, StringRef symbol) {
  return builder.create<LLVM::AddressOfOp>(builder.getUnknownLoc(), pointer(builder.getContext()), symbol);
}

LLVM::LLVMFuncOp declare(ModuleOp module, StringRef name, Type result, ArrayRef<Type> arguments) {
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  OpBuilder builder = atEnd(module);
  auto function = builder.create<LLVM::LLVMFuncOp>(nowhere(module), name, LLVM::LLVMFunctionType::get(result, arguments));
  function.setVisibility_(LLVM::Visibility::Hidden);
  return function;
}

namespace {
/// Names stand in globals of their own; the tensors, as an array of kiln_tensor_info, in one.
void defineTensors(ModuleOp module, const std::vector<Tensor> &tensors, const std::string &name) {
  Record record;
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::string label = name + "_name_" + std::to_string(i);
    defineText(module, label, tensors[i].name);
    const std::vector<int64_t> &shape = tensors[i].shape;
    record.address(label).i32(tensors[i].dtype).i32(static_cast<int64_t>(shape.size()));
    for (size_t d = 0; d < KILN_MAX_RANK; ++d)
      record.i64(d < shape.size() ? shape[d] : 0);
  }
  if (!tensors.empty())
    record.define(module, name);
}

/// `result PREFIX_verb(arguments)` that hands its arguments on to the runtime, the model before them where the runtime wants it.
void defineEntry(ModuleOp module, const std::string &prefix, StringRef verb, bool withModel, Type result,
                 ArrayRef<Type> arguments) {
  SmallVector<Type> passed(arguments);
  if (withModel)
    passed.insert(passed.begin(), pointer(module.getContext()));
  // kiln_device is a type's name.
  LLVM::LLVMFuncOp runtime = declare(module, verb == "device" ? "kiln_device_of" : ("kiln_" + verb).str(), result, passed);
  OpBuilder builder = atEnd(module);
  Location location = nowhere(module);
  auto type = LLVM::LLVMFunctionType::get(result, arguments);
  auto entry = builder.create<LLVM::LLVMFuncOp>(location, prefix + "_" + verb.str(), type);
  builder.setInsertionPointToStart(entry.addEntryBlock(builder));
  SmallVector<Value> values(entry.getArguments());
  if (withModel)
    values.insert(values.begin(), addressOf(builder, modelSymbol));
  auto call = builder.create<LLVM::CallOp>(location, runtime, values);
  call.setTailCallKind(LLVM::TailCallKind::Tail);
  builder.create<LLVM::ReturnOp>(location, call.getResults());
}

void defineEntries(ModuleOp module, const std::string &prefix, bool hasDevice) {
  MLIRContext *context = module.getContext();
  OpBuilder builder = atEnd(module);
  Type address = pointer(context), status = builder.getI32Type(), nothing = LLVM::LLVMVoidType::get(context);
  auto info = builder.create<LLVM::LLVMFuncOp>(nowhere(module), prefix + "_info", LLVM::LLVMFunctionType::get(address, {}));
  builder.setInsertionPointToStart(info.addEntryBlock(builder));
  builder.create<LLVM::ReturnOp>(nowhere(module), addressOf(builder, modelSymbol)); // info is the model's first field
  defineEntry(module, prefix, "create", true, status, {address, address});
  defineEntry(module, prefix, "run", false, status, {address, address, address});
  defineEntry(module, prefix, "message", false, address, {address});
  defineEntry(module, prefix, "destroy", false, nothing, {address});
  if (!hasDevice)
    return;
  defineEntry(module, prefix, "run_device", false, status, {address, address, address});
  defineEntry(module, prefix, "device", false, address, {address});
}

} // namespace

std::string weightsSymbol(StringRef prefix) { return (prefix + "_weights").str(); }

void defineModel(ModuleOp module, const Signature &signature, const Sizes &sizes, const Target &target,
                 const ProgramOptions &options, bool hasBody, StringRef device) {
  const WeightsFacts &weights = options.weights;
  bool embedded = weights.size && weights.file.empty();
  if (embedded)
    declareConstant(module, weightsSymbol(options.prefix));
  defineText(module, "kiln_model_name", options.model);
  defineText(module, "kiln_model_provenance", options.provenance);
  if (!weights.file.empty())
    defineText(module, "kiln_model_weights_file", weights.file);
  defineTensors(module, signature.inputs, "kiln_model_inputs");
  defineTensors(module, signature.outputs, "kiln_model_outputs");
  if (!signature.tied.empty()) {
    Record tied;
    for (size_t i = 0; i < signature.outputs.size(); ++i) // with a clock there is one more
      tied.i32(i < signature.tied.size() ? signature.tied[i] : -1);
    tied.define(module, "kiln_model_tied");
  }
  Record model;
  model.address("kiln_model_name")
      .i32(static_cast<int64_t>(signature.inputs.size()))
      .i32(static_cast<int64_t>(signature.outputs.size()));
  model.address(signature.inputs.empty() ? "" : "kiln_model_inputs").address(signature.outputs.empty() ? "" : "kiln_model_outputs");
  model.i64(KILN_ALIGN(sizes.arena) + KILN_ALIGN(sizes.scratch)).i64(KILN_ALIGN(sizes.scratch)).i64(weights.size);
  model.address("kiln_model_provenance").address(signature.tied.empty() ? "" : "kiln_model_tied");
  model.i64(target.instructions).i64(sizes.arena).i64(sizes.scratch);
  model.address(embedded ? weightsSymbol(options.prefix) : "").address(weights.file.empty() ? "" : "kiln_model_weights_file");
  model.bytes(weights.hash).address(hasBody ? StringRef(bodySymbol) : StringRef()).address(device);
  model.define(module, modelSymbol);
  defineEntries(module, options.prefix, !device.empty());
}

} // namespace kiln::codegen
