#include "frontend/builder/Checkpoint.h"
#include "compiler/dialect/Kiln.h"
#include "frontend/builder/Rebatch.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

namespace json = llvm::json;

namespace kiln::builder {

//===- writing -===//

static std::string namesOf(const std::vector<Part> &parts) {
  json::Array names;
  for (const Part &each : parts)
    names.push_back(each.name);
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(std::move(names));
  return text;
}

static constexpr const char *scaledKeys[] = {"kiln.graph.2", "kiln.graph.3"};

std::string graphText(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, mlir::OpPrintingFlags().enableDebugInfo());
  return text;
}

std::string checkpointOf(const TrainingGraphs &graphs, const std::string &recipe) {
  std::string data;
  json::Object metadata{{"kiln.graph", graphText(*graphs.inference.module)},
                        {"kiln.parameters", namesOf(graphs.parameters)},
                        {"kiln.statistics", namesOf(graphs.statistics)},
                        {"kiln.recipe", recipe}};
  for (auto [key, text] : llvm::zip(scaledKeys, graphs.scaled))
    if (!text.empty())
      metadata[key] = text;
  json::Object header{{"__metadata__", std::move(metadata)}};
  for (const auto *parts : {&graphs.parameters, &graphs.statistics})
    for (const Part &each : *parts) {
      auto begin = static_cast<int64_t>(data.size());
      data += graphs.inference.weights.at(each.name).view();
      json::Array offsets{begin, static_cast<int64_t>(data.size())};
      header[each.name] = json::Object{{"dtype", "F32"}, {"shape", json::Array(each.shape)}, {"data_offsets", std::move(offsets)}};
    }
  std::string text;
  llvm::raw_string_ostream(text) << json::Value(std::move(header));
  text.resize(llvm::alignTo(text.size(), 8), ' ');
  std::string length(8, '\0');
  llvm::support::endian::write64le(length.data(), text.size());
  return length + text + data;
}

//===- reading -===//

namespace {
/// A file whose header is read; errors begin with its path.
struct File {
  std::shared_ptr<llvm::MemoryBuffer> buffer;
  std::string path;
  json::Object header;
  llvm::StringRef data;

  template <typename... Values> llvm::Error refuse(const char *format, Values... values) const {
    return llvm::createStringError(("%s: " + std::string(format)).c_str(), path.c_str(), values...);
  }
  llvm::Expected<std::string> text(const std::string &key) const {
    const json::Object *metadata = header.getObject("__metadata__");
    auto found = metadata ? metadata->getString(key) : std::nullopt;
    if (!found)
      return refuse("it has no '%s' in its metadata, expected a checkpoint of kiln", key.c_str());
    return found->str();
  }
  llvm::Expected<Bytes> tensor(ParameterOp parameter) const;
};
} // namespace

static llvm::Expected<File> open(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, false, false);
  if (!buffer)
    return llvm::createStringError("cannot read '%s': %s", path.c_str(), buffer.getError().message().c_str());
  File file{std::move(*buffer), path, {}, {}};
  llvm::StringRef whole = file.buffer->getBuffer();
  uint64_t length = whole.size() < 8 ? 0 : llvm::support::endian::read64le(whole.data());
  if (whole.size() < 8 || length > whole.size() - 8)
    return file.refuse("its header would have %llu bytes, but it has %llu: it is cut off, or no safetensors file",
                       static_cast<unsigned long long>(length), static_cast<unsigned long long>(whole.size()));
  auto header = json::parse(whole.substr(8, length));
  if (!header)
    return file.refuse("its header is no JSON: %s", llvm::toString(header.takeError()).c_str());
  if (!header->getAsObject())
    return file.refuse("its header is no JSON object");
  file.header = std::move(*header->getAsObject());
  file.data = whole.substr(8 + length);
  return file;
}

llvm::Expected<Bytes> File::tensor(ParameterOp parameter) const {
  llvm::StringRef name = parameter.getSymName();
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(parameter.getType());
  if (!type || !type.hasStaticShape() || !type.getElementType().isF32())
    return refuse("its graph has a parameter '%s' that is no float32", name.str().c_str());
  const json::Object *entry = header.getObject(name);
  const json::Array *shape = entry ? entry->getArray("shape") : nullptr,
                    *offsets = entry ? entry->getArray("data_offsets") : nullptr;
  bool fits = shape && offsets && offsets->size() == 2 && entry->getString("dtype") == std::optional<llvm::StringRef>("F32") &&
              shape->size() == static_cast<size_t>(type.getRank());
  for (size_t i = 0; fits && i < shape->size(); ++i)
    fits = (*shape)[i].getAsInteger() == type.getDimSize(static_cast<unsigned>(i));
  if (!fits)
    return refuse("it has no tensor '%s' of the type that its graph expects", name.str().c_str());
  auto begin = (*offsets)[0].getAsInteger().value_or(-1), end = (*offsets)[1].getAsInteger().value_or(-1);
  if (begin < 0 || end < begin || end > static_cast<int64_t>(data.size()) || end - begin != type.getNumElements() * 4)
    return refuse("tensor '%s' lies at %lld to %lld of %lld bytes, expected %lld of them: the file is cut off", name.str().c_str(),
                  static_cast<long long>(begin), static_cast<long long>(end), static_cast<long long>(data.size()),
                  static_cast<long long>(type.getNumElements() * 4));
  return Bytes(buffer, std::string_view(data.data() + begin, static_cast<size_t>(end - begin)));
}

llvm::Expected<std::string> readCheckpointText(const std::string &path, const std::string &key) {
  auto file = open(path);
  if (!file)
    return file.takeError();
  return file->text(key);
}

llvm::Expected<std::array<std::string, 2>> readScaled(const std::string &path) {
  auto file = open(path);
  if (!file)
    return file.takeError();
  std::array<std::string, 2> texts;
  for (auto [key, text] : llvm::zip(scaledKeys, texts))
    if (auto found = file->text(key))
      text = *found;
    else
      llvm::consumeError(found.takeError());
  return texts;
}

/// The number of rows that a graph's first input has, or -1.
static int64_t batchOf(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  auto type = main && main.getNumArguments() ? mlir::dyn_cast<mlir::RankedTensorType>(main.getArgumentTypes()[0]) : nullptr;
  return type && type.getRank() ? type.getDimSize(0) : -1;
}

llvm::Expected<WeightedModule> readCheckpoint(const std::string &path, mlir::MLIRContext &context, int64_t batch) {
  auto file = open(path);
  if (!file)
    return file.takeError();
  auto graph = file->text("kiln.graph");
  if (!graph)
    return graph.takeError();
  context.loadDialect<KilnDialect, mlir::func::FuncDialect>();
  std::string problem;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    problem += (problem.empty() ? "" : "; ") + diagnostic.str();
    return mlir::success();
  });
  WeightedModule made;
  made.module = mlir::parseSourceString<mlir::ModuleOp>(*graph, &context);
  if (!made.module)
    return file->refuse("its graph is broken: %s", problem.c_str());
  if (batch && batchOf(*made.module) != batch) {
    auto texts = readScaled(path);
    if (!texts)
      return texts.takeError();
    if ((*texts)[0].empty() || (*texts)[1].empty())
      return file->refuse("its graph is for a batch of %lld, and it has none for %lld",
                          static_cast<long long>(batchOf(*made.module)), static_cast<long long>(batch));
    auto two = mlir::parseSourceString<mlir::ModuleOp>((*texts)[0], &context),
         three = mlir::parseSourceString<mlir::ModuleOp>((*texts)[1], &context);
    if (!two || !three)
      return file->refuse("its graph is broken: %s", problem.c_str());
    if (llvm::Error error = rebatch(*two, *three, batch))
      return file->refuse("%s", llvm::toString(std::move(error)).c_str());
    made.module = std::move(two);
  }
  for (ParameterOp each : made.module->getOps<ParameterOp>()) {
    auto bytes = file->tensor(each);
    if (!bytes)
      return bytes.takeError();
    made.weights.emplace(each.getSymName().str(), std::move(*bytes));
  }
  return made;
}

} // namespace kiln::builder
