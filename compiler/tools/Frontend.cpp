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
