#include "compiler/tools/Artefact.h"
#include "compiler/tools/Table.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

namespace kiln::tools {
namespace {
namespace json = llvm::json;

/// The line of JSON, wherever the file has it: keys are sorted, so it begins with the kernels.
std::optional<json::Object> provenanceIn(llvm::StringRef bytes) {
  constexpr llvm::StringLiteral opening = "{\"kernels\":[";
  for (size_t at = bytes.find(opening); at != llvm::StringRef::npos; at = bytes.find(opening, at + 1)) {
    auto value = json::parse(bytes.slice(at, bytes.find('\0', at)));
    if (!value) {
      llvm::consumeError(value.takeError());
      continue;
    }
    json::Object *object = value->getAsObject();
    if (object && object->get("kiln") && object->getObject("plan"))
      return std::move(*object);
  }
  return std::nullopt;
}

struct Sizes {
  uint64_t loaded = 0, weights = 0;
  void add(const llvm::object::ObjectFile &object) {
    for (const llvm::object::SectionRef &section : object.sections()) {
      auto name = section.getName();
      if (!name)
        llvm::consumeError(name.takeError());
      else if (llvm::object::ELFSectionRef(section).getFlags() & llvm::ELF::SHF_ALLOC && !section.isBSS()) {
        loaded += section.getSize();
        weights += *name == ".lrodata" || *name == ".rodata.kiln_weights" ? section.getSize() : 0;
      }
    }
  }
};

llvm::Expected<Sizes> sizesOf(llvm::MemoryBufferRef file) {
  Sizes sizes;
  auto binary = llvm::object::createBinary(file);
  if (!binary)
    return binary.takeError();
  if (auto *archive = llvm::dyn_cast<llvm::object::Archive>(binary->get())) {
    llvm::Error bad = llvm::Error::success();
    for (const llvm::object::Archive::Child &child : archive->children(bad)) {
      auto member = child.getAsBinary();
      if (!member)
        return joinErrors(std::move(bad), member.takeError());
      if (auto *object = llvm::dyn_cast<llvm::object::ELFObjectFileBase>(member->get()))
        sizes.add(*object);
    }
    if (bad)
      return bad;
  } else if (auto *object = llvm::dyn_cast<llvm::object::ELFObjectFileBase>(binary->get())) {
    sizes.add(*object);
  }
  return sizes;
}

std::string text(const json::Object &object, llvm::StringRef key) { return object.getString(key).value_or("").str(); }

std::string numbers(const json::Array *values) {
  std::string result;
  for (const json::Value &value : values ? *values : json::Array())
    result += (result.empty() ? "" : " ") + std::to_string(value.getAsInteger().value_or(0));
  return result;
}
// Where a kernel runs: on cards, with what it takes of one, or on the processor.
std::string placeOf(const json::Object &kernel) {
  const json::Array *cards = kernel.getArray("cards");
  std::string cell = cards ? "" : "processor";
  for (const json::Value &value : cards ? *cards : json::Array())
    if (const json::Object *card = value.getAsObject()) {
      int64_t spills = card->getInteger("spills").value_or(0);
      cell += (cell.empty() ? "" : ", ") + text(*card, "card") + ": " + std::to_string(card->getInteger("registers").value_or(0)) +
              " registers" + (spills ? ", " + std::to_string(spills) + " bytes spilled" : "");
    }
  return cell.empty() ? "card" : cell;
}

/// The kernels of a program, and its launches in their order; to `code` come the kernels' bytes.
std::string describeProgram(const json::Object &program, int64_t &code) {
  const json::Object *plan = program.getObject("plan");
  const json::Array *kernels = program.getArray("kernels"), *launches = plan ? plan->getArray("launches") : nullptr;
  std::map<std::string, int64_t> uses;
  for (const json::Value &launch : launches ? *launches : json::Array())
    if (const json::Object *object = launch.getAsObject())
      ++uses[text(*object, "kernel")];
  Table table({"kernel", "runs on", "schedule", "launches", "bytes"}, 3);
  for (const json::Value &kernel : kernels ? *kernels : json::Array())
    if (const json::Object *object = kernel.getAsObject()) {
      int64_t bytes = object->getInteger("bytes").value_or(0);
      table.add({text(*object, "name"), placeOf(*object), text(*object, "schedule"), std::to_string(uses[text(*object, "name")]),
                 grouped(bytes)});
      code += bytes;
    }
  Table order({"launch", "nodes", "offsets of results"}, 3);
  for (const json::Value &launch : launches ? *launches : json::Array())
    if (const json::Object *object = launch.getAsObject())
      order.add({text(*object, "kernel"), text(*object, "nodes"), numbers(object->getArray("offsets"))});
  return table.print() + "\n" + order.print() + "\n";
}
} // namespace

llvm::Expected<std::string> describeArtefact(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return llvm::createStringError("cannot read '%s': %s", path.c_str(), file.getError().message().c_str());
  auto found = provenanceIn((*file)->getBuffer());
  auto sizes = sizesOf((*file)->getMemBufferRef());
  if (!found || !sizes) {
    llvm::consumeError(sizes.takeError());
    return llvm::createStringError(
        "'%s' is neither a model (.onnx, .mlir) nor an artefact that kiln made: expected an executable, library or object with "
        "kiln's provenance in it",
        path.c_str());
  }
  const json::Object &all = *found, &plan = *all.getObject("plan");
  std::string result = "model    " + text(all, "model") + "\nsha256   " + text(all, "model_sha256") + "\nmade by  kiln " +
                       text(all, "kiln") + " for " + text(all, "target") + "; options: " + text(all, "options") + "\n\n";
  int64_t code = 0;
  const json::Object *card = all.getObject("on_card");
  if (card)
    result += "where there is a usable card:\n\n" + describeProgram(*card, code) + "elsewhere:\n\n";
  result += describeProgram(all, code);
  Table parts({"part", "bytes"}, 1);
  parts.add({"weights", grouped(int64_t(sizes->weights))});
  parts.add({"kernels", grouped(code)});
  parts.add({"program, runtime and tables", grouped(int64_t(sizes->loaded - sizes->weights) - code)});
  parts.add({"file", grouped(int64_t((*file)->getBufferSize()))});
  const json::Object *cardPlan = card ? card->getObject("plan") : nullptr;
  if (cardPlan)
    parts.add({"arena on the card, at run time", grouped(cardPlan->getInteger("arena").value_or(0))});
  parts.add({"arena, at run time", grouped(plan.getInteger("arena").value_or(0))});
  parts.add({"scratch, at run time, for each thread", grouped(plan.getInteger("scratch").value_or(0))});
  return result + parts.print();
}
} // namespace kiln::tools
