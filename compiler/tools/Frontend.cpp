#include "compiler/tools/Frontend.h"
#include "compiler/dialect/Kiln.h"
#include "frontend/onnx/Decode.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
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

// What a graph as text may hold: @main, of ops with algorithms on plain tensors of known shape. Kernels and layouts are the compiler's own:
// the verifiers see each op alone, and cannot refuse a launch of what is not there. Empty: nothing is wrong.
std::string faultOf(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  if (!main || !llvm::hasSingleElement(main.getBody()))
    return "expected a function @main of one block";
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
    auto iota = mlir::dyn_cast<IotaOp>(op);
    llvm::SmallVector<mlir::Type> types(op->getResultTypes());
    if (auto func = mlir::dyn_cast<mlir::func::FuncOp>(op))
      llvm::append_range(types, func.getArgumentTypes());
    auto odd = llvm::find_if_not(types, plain);
    if (!mlir::isa<AlgorithmOpInterface, GradientOp, UseOp, ParameterOp, mlir::func::FuncOp, mlir::func::ReturnOp, mlir::ModuleOp>(
            op))
      stream << op->getLoc() << ": '" << op->getName() << "' is no op of a graph";
    else if (odd != types.end())
      stream << op->getLoc() << ": expected tensors of known shape, numbers and no layout, found " << *odd;
    else if (iota && iota.getDim() >= static_cast<uint64_t>(mlir::cast<mlir::RankedTensorType>(iota.getType()).getRank()))
      stream << op->getLoc() << ": dim " << iota.getDim() << " is none of those of " << iota.getType();
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

llvm::Expected<Loaded> load(const Source &source) {
  auto dims = parseDims(source.dims);
  if (!dims)
    return dims.takeError();
  auto file = llvm::MemoryBuffer::getFile(source.path, false, false);
  if (!file)
    return llvm::createStringError("cannot read '%s': %s", source.path.c_str(), file.getError().message().c_str());
  Loaded loaded;
  auto digest =
      llvm::SHA256::hash(llvm::ArrayRef(reinterpret_cast<const uint8_t *>((*file)->getBufferStart()), (*file)->getBufferSize()));
  loaded.hash = llvm::toHex(llvm::ArrayRef<uint8_t>(digest), true);
  loaded.context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  loaded.context->loadDialect<KilnDialect, mlir::func::FuncDialect>();
  if (llvm::StringRef(source.path).ends_with(".mlir")) {
    std::string problems;
    mlir::ScopedDiagnosticHandler handler(loaded.context.get(), [&](mlir::Diagnostic &diagnostic) {
      llvm::raw_string_ostream(problems) << diagnostic.getLocation() << ": " << diagnostic << "\n";
      return mlir::success();
    });
    loaded.module = mlir::parseSourceString<mlir::ModuleOp>((*file)->getBuffer(), loaded.context.get());
    if (!loaded.module)
      return llvm::createStringError("%s", llvm::StringRef(problems).rtrim().str().c_str());
    if (std::string fault = faultOf(*loaded.module); !fault.empty())
      return llvm::createStringError("%s", fault.c_str());
    return loaded;
  }
  file->reset();
  auto model = onnx::decodeFile(source.path);
  if (!model)
    return llvm::createStringError("%s", model.error().c_str());
  onnx::ImportOptions options;
  options.dims = *dims;
  options.outputs = source.outputs;
  auto import = onnx::importModel(*model, options, *loaded.context);
  if (!import)
    return llvm::createStringError("%s", import.error().c_str());
  loaded.module = std::move(import->module);
  loaded.weights = std::move(import->weights);
  return loaded;
}
} // namespace kiln::tools
