#include "compiler/tools/Frontend.h"
#include "compiler/dialect/Kiln.h"
#include "frontend/builder/Checkpoint.h"
#include "frontend/builder/Zoo.h"
#include "frontend/onnx/Decode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"

namespace kiln::tools {
namespace {
llvm::Expected<std::map<std::string, int64_t>> parseDims(const std::vector<std::string> &dims) {
  std::map<std::string, int64_t> result;
  for (const std::string &text : dims) {
    auto [name, size] = llvm::StringRef(text).rsplit('=');
    int64_t value;
    if (name.empty() || size.getAsInteger(10, value) || value < 1)
      return llvm::createStringError("--dim %s: expected NAME=SIZE with a positive size, as in --dim batch=8", text.c_str());
    result[name.str()] = value;
  }
  return result;
}

// As compilers write it: model.mlir:3:5, and a colon.
std::string placeOf(mlir::Location location) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (auto place = mlir::dyn_cast<mlir::FileLineColLoc>(location))
    stream << place.getFilename().strref() << ":" << place.getLine() << ":" << place.getColumn() << ": ";
  else if (!mlir::isa<mlir::UnknownLoc>(location))
    stream << location << ": ";
  return text;
}

// What a graph as text may hold: @main, of ops with algorithms on plain tensors of known shape. Kernels and layouts are the compiler's own.
// Empty: nothing is wrong.
std::string faultOf(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  if (!main || !llvm::hasSingleElement(main.getBody()))
    return placeOf(module.getLoc()) + "expected a function @main of one block";
  std::string fault;
  llvm::raw_string_ostream stream(fault);
  auto plain = [](mlir::Type type) {
    auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() || tensor.getEncoding() || !tensor.getElementType().isIntOrFloat())
      return false;
    unsigned bits = tensor.getElementType().getIntOrFloatBitWidth();
    return tensor.getElementType().isInteger(8) || bits == 16 || bits == 32 || bits == 64 ||
           tensor.getElementType().isSignlessInteger(1);
  };
  module.walk([&](mlir::Operation *op) {
    llvm::SmallVector<mlir::Type> types(op->getResultTypes());
    if (auto func = mlir::dyn_cast<mlir::func::FuncOp>(op))
      llvm::append_range(types, func.getArgumentTypes());
    auto odd = llvm::find_if_not(types, plain);
    bool endsStep = mlir::isa<ReturnOp>(op) && mlir::isa<LoopOpInterface>(op->getParentOp());
    if (!endsStep && !mlir::isa<AlgorithmOpInterface, LoopOpInterface, GradientOp, UseOp, ParameterOp, mlir::func::FuncOp,
                                mlir::func::ReturnOp, mlir::ModuleOp>(op))
      stream << placeOf(op->getLoc()) << "'" << op->getName() << "' is no op of a graph";
    else if (odd != types.end())
      stream << placeOf(op->getLoc()) << "expected tensors of known shape, numbers and no layout, found " << *odd;
    return stream.str().empty() ? mlir::WalkResult::advance() : mlir::WalkResult::interrupt();
  });
  return fault;
}
} // namespace

codegen::ParameterBytes Loaded::bytes() const {
  return [this](llvm::StringRef name) -> llvm::Expected<llvm::StringRef> {
    auto found = weights.find(name.str());
    if (found == weights.end())
      return llvm::createStringError("parameter @%s has no bytes: an .mlir graph compiles only when it has none",
                                     name.str().c_str());
    return llvm::StringRef(found->second.view().data(), found->second.view().size());
  };
}

/// A model of the zoo, with its first values.
static llvm::Error loadZoo(llvm::StringRef name, std::map<std::string, int64_t> dims, Loaded &loaded) {
  const builder::ZooModel *entry = builder::findInZoo(name.str());
  if (!entry)
    return llvm::createStringError("there is no model 'zoo:%s'; kiln zoo lists them", name.str().c_str());
  int64_t batch = dims.count("batch") ? dims["batch"] : 1;
  dims.erase("batch");
  if (!dims.empty())
    return llvm::createStringError("--dim %s: the one dimension of zoo:%s is batch", dims.begin()->first.c_str(),
                                   name.str().c_str());
  auto model = builder::buildInference(entry->build(), batch, 0, *loaded.context);
  if (!model)
    return model.takeError();
  static_cast<WeightedModule &>(loaded) = std::move(*model);
  return llvm::Error::success();
}

static llvm::Error loadText(llvm::StringRef text, const std::string &path, Loaded &loaded) {
  std::string problems;
  mlir::ScopedDiagnosticHandler handler(loaded.context.get(), [&](mlir::Diagnostic &diagnostic) {
    llvm::raw_string_ostream(problems) << placeOf(diagnostic.getLocation()) << diagnostic << "\n";
    return mlir::success();
  });
  loaded.module = mlir::parseSourceString<mlir::ModuleOp>(text, loaded.context.get(), path);
  if (!loaded.module)
    return llvm::createStringError("%s", llvm::StringRef(problems).rtrim().str().c_str());
  std::string fault = faultOf(*loaded.module);
  return fault.empty() ? llvm::Error::success() : llvm::createStringError("%s", fault.c_str());
}

/// Makes what layers give results of @main too. A layer is called as `kiln inspect` calls it; of its ops the last one counts.
static llvm::Error returnToo(const std::vector<std::string> &names, mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  llvm::StringMap<mlir::Value> values;
  unsigned number = 0;
  main.walk([&](mlir::Operation *op) {
    if (op->getNumResults() != 1)
      return;
    values["%" + std::to_string(number++)] = op->getResult(0);
    if (std::string name = nodeNames(op->getLoc()); !name.empty())
      values[name] = op->getResult(0);
  });
  mlir::Operation *end = main.getBody().front().getTerminator();
  llvm::SmallVector<mlir::Value> results(end->getOperands());
  llvm::StringSet<> taken;
  for (unsigned i = 0; i < results.size(); ++i)
    if (auto name = main.getResultAttrOfType<mlir::StringAttr>(i, "kiln.name"))
      taken.insert(name);
  for (const std::string &name : names) {
    if (!taken.insert(name).second)
      return llvm::createStringError("'%s' is an output already", name.c_str());
    if (!values.count(name))
      return llvm::createStringError("there is no layer '%s' to give as an output; kiln inspect lists the layers", name.c_str());
    auto attribute = mlir::StringAttr::get(module.getContext(), name);
    main.insertResult(
        results.size(), values[name].getType(),
        mlir::DictionaryAttr::get(module.getContext(),
                                  mlir::NamedAttribute(mlir::StringAttr::get(module.getContext(), "kiln.name"), attribute)));
    results.push_back(values[name]);
  }
  end->setOperands(results);
  return llvm::Error::success();
}

static llvm::Error loadCheckpoint(const std::string &path, std::map<std::string, int64_t> dims, Loaded &loaded) {
  int64_t batch = dims.count("batch") ? dims["batch"] : 0;
  dims.erase("batch");
  if (!dims.empty())
    return llvm::createStringError("--dim %s: the one dimension of a checkpoint's graph is batch", dims.begin()->first.c_str());
  auto model = builder::readCheckpoint(path, *loaded.context, batch);
  if (!model)
    return model.takeError();
  static_cast<WeightedModule &>(loaded) = std::move(*model);
  std::string fault = faultOf(*loaded.module);
  return fault.empty() ? llvm::Error::success() : llvm::createStringError("%s: %s", path.c_str(), fault.c_str());
}

static llvm::Error loadOnnx(const Source &source, std::map<std::string, int64_t> dims, Loaded &loaded) {
  auto model = onnx::decodeFile(source.path);
  if (!model)
    return llvm::createStringError("%s", model.error().c_str());
  onnx::ImportOptions options;
  options.dims = std::move(dims);
  options.outputs = source.outputs;
  options.training = source.training;
  auto import = onnx::importModel(*model, options, *loaded.context);
  if (!import)
    return llvm::createStringError("%s: %s", source.path.c_str(), import.error().c_str());
  static_cast<WeightedModule &>(loaded) = std::move(*import);
  return llvm::Error::success();
}

llvm::Expected<Loaded> load(const Source &source) {
  auto dims = parseDims(source.dims);
  if (!dims)
    return dims.takeError();
  Loaded loaded;
  loaded.context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  loaded.context->loadDialect<KilnDialect, mlir::func::FuncDialect>();
  llvm::StringRef path = source.path;
  bool isZoo = path.starts_with("zoo:");
  std::unique_ptr<llvm::MemoryBuffer> file;
  if (!isZoo) {
    auto read = llvm::MemoryBuffer::getFile(path, false, false);
    if (!read)
      return llvm::createStringError("cannot read '%s': %s", source.path.c_str(), read.getError().message().c_str());
    file = std::move(*read);
  }
  llvm::StringRef bytes = isZoo ? path : file->getBuffer();
  auto digest = llvm::SHA256::hash(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  loaded.hash = llvm::toHex(llvm::ArrayRef<uint8_t>(digest), true);
  bool isText = path.ends_with(".mlir");
  if (!isText)
    file.reset(); // ONNX reads it again, in parts: not twice in memory
  llvm::Error error = isZoo                            ? loadZoo(path.drop_front(4), *dims, loaded)
                      : isText                         ? loadText(bytes, source.path, loaded)
                      : path.ends_with(".safetensors") ? loadCheckpoint(source.path, *dims, loaded)
                                                       : loadOnnx(source, *dims, loaded);
  if (!error && !source.outputs.empty() && loaded.module && !path.ends_with(".onnx"))
    error = returnToo(source.outputs, *loaded.module);
  if (error)
    return error;
  return loaded;
}
} // namespace kiln::tools
