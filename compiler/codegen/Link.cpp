#include "compiler/codegen/Link.h"
#include "compiler/codegen/Embedded.h"
#include "compiler/codegen/Linker.h"
#include "compiler/codegen/Localise.h"
#include "compiler/codegen/Program.h"
#include "compiler/codegen/Weights.h"
#include "llvm/Object/ArchiveWriter.h"

namespace kiln::codegen {
namespace {
using Paths = std::vector<std::string>;

Paths operator+(Paths a, const Paths &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class Linking {
public:
  Linking(const Target &target, const LinkInput &input, const ScratchFolder &scratch)
      : target(target), input(input), scratch(scratch) {}
  llvm::Error prepare();
  llvm::Error prepareCore();
  llvm::Error makeObject(const std::string &output) {
    return runLinker(target, Paths{"-r", "-o", output, core} + weights, scratch);
  }
  llvm::Error makeLibrary(const std::string &output);
  llvm::Error makeShared(const std::string &output);
  llvm::Error makeExecutable(const std::string &output);
  llvm::Error makePlugin(const std::string &output) {
    return runLinker(target, Paths{"-shared", "--build-id=none", "-o", output} + objects + weights + Paths{runtime}, scratch);
  }

private:
  llvm::Error put(llvm::StringRef name, llvm::Expected<llvm::StringRef> bytes, std::string &path);

  const Target &target;
  const LinkInput &input;
  const ScratchFolder &scratch;
  Paths objects; ///< program and kernels
  Paths weights; ///< none or one
  std::string runtime, core;
};

llvm::Error Linking::put(llvm::StringRef name, llvm::Expected<llvm::StringRef> bytes, std::string &path) {
  if (!bytes)
    return bytes.takeError();
  llvm::Expected<std::string> written = scratch.write(name, *bytes);
  if (!written)
    return written.takeError();
  path = *written;
  return llvm::Error::success();
}

llvm::Error Linking::prepare() {
  if (llvm::Error error = put("runtime.a", runtimeArchive(target), runtime))
    return error;
  objects.emplace_back();
  if (llvm::Error error = put("program.o", input.program, objects.back()))
    return error;
  for (size_t i = 0; i < input.kernels.size(); ++i) {
    objects.emplace_back();
    if (llvm::Error error = put("kernel" + std::to_string(i) + ".o", input.kernels[i], objects.back()))
      return error;
  }
  if (input.weights.empty())
    return llvm::Error::success();
  weights.push_back(scratch.path("weights.o"));
  return writeWeightsObject(input.weights, weightsSymbol(input.prefix), target, weights.back());
}

llvm::Error Linking::prepareCore() {
  std::string joined = scratch.path("joined.o");
  core = scratch.path(input.prefix + ".o");
  if (llvm::Error error = runLinker(target, Paths{"-r", "-o", joined} + objects + Paths{runtime}, scratch))
    return error;
  Paths keep;
  for (const char *entry : {"_info", "_create", "_run", "_message", "_destroy"})
    keep.push_back(input.prefix + entry);
  if (input.hasDevice)
    keep.insert(keep.end(), {input.prefix + "_run_device", input.prefix + "_device"});
  return localise(joined, keep, core);
}

llvm::Error Linking::makeLibrary(const std::string &output) {
  std::vector<llvm::NewArchiveMember> members;
  for (const std::string &path : Paths{core} + weights) {
    auto member = llvm::NewArchiveMember::getFile(path, /*Deterministic=*/true);
    if (!member)
      return member.takeError();
    member->MemberName = path == core ? "model.o" : "weights.o";
    members.push_back(std::move(*member));
  }
  return llvm::writeArchive(output, members, llvm::SymtabWritingMode::NormalSymtab, llvm::object::Archive::K_GNU,
                            /*Deterministic=*/true, /*Thin=*/false);
}

const Paths tight = {"-Wl,--gc-sections",   "-Wl,-s",  "-Wl,--build-id=none", "-Wl,--hash-style=gnu",
                     "-Wl,-z,relro,-z,now", "-pthread"};

llvm::Error Linking::makeShared(const std::string &output) {
  return runDriver(Paths{"-shared", "-o", output, core} + weights + tight + Paths{"-Wl,-z,defs", "-Wl,-soname," + input.soname},
                   scratch);
}

llvm::Error Linking::makeExecutable(const std::string &output) {
  std::string main;
  if (llvm::Error error = put("main.a", mainArchive(target), main))
    return error;
  Paths kind = input.staticExecutable ? Paths{"-static"} : Paths{"-pie"};
  return runDriver(Paths{"-o", output} + kind + objects + weights + Paths{main, runtime} + tight, scratch);
}
} // namespace

llvm::Error checkOutputs(const Target &target, const Outputs &outputs) {
  if (target.isForeign() && outputs.needsDriver())
    return llvm::createStringError(
        "target %s: expected --emit=obj, lib or header; executables and shared libraries need its C library", target.name.c_str());
  return llvm::Error::success();
}

llvm::Error linkPlugin(const Target &target, const LinkInput &input, const std::string &output, const ScratchFolder &scratch) {
  Linking linking(target, input, scratch);
  if (llvm::Error error = linking.prepare())
    return error;
  return linking.makePlugin(output);
}

llvm::Error linkTrainer(const Target &target, const TrainerInput &input, const std::string &output, const ScratchFolder &scratch) {
  if (target.isForeign())
    return llvm::createStringError("target %s: a trainer is an executable of this machine's kind", target.name.c_str());
  Paths objects;
  uint64_t size = input.checkpoint.size();
  std::pair<const char *, llvm::StringRef> data[] = {
      {"kiln_checkpoint_zero", input.checkpoint},
      {"kiln_checkpoint_zero_size", {reinterpret_cast<const char *>(&size), sizeof size}}};
  for (auto [symbol, bytes] : data) {
    llvm::Expected<std::string> blob = scratch.write(symbol, bytes);
    if (!blob)
      return blob.takeError();
    objects.push_back(scratch.path(symbol + std::string(".o")));
    if (llvm::Error error = writeWeightsObject(*blob, symbol, target, objects.back()))
      return error;
  }
  Paths archives;
  for (llvm::StringRef archive : trainerArchives()) {
    llvm::Expected<std::string> path = scratch.write("trainer" + std::to_string(archives.size()) + ".a", archive);
    if (!path)
      return path.takeError();
    archives.push_back(*path);
  }
  return runDriver(Paths{"-pie", "-o", output} + objects + archives + Paths{input.step, input.evaluate, "-lm"} + tight, scratch);
}

llvm::Error link(const Target &target, const LinkInput &input, const Outputs &outputs, const ScratchFolder &scratch) {
  if (llvm::Error error = checkOutputs(target, outputs))
    return error;
  Linking linking(target, input, scratch);
  if (llvm::Error error = linking.prepare())
    return error;
  if (!outputs.executable.empty())
    if (llvm::Error error = linking.makeExecutable(outputs.executable))
      return error;
  if (outputs.object.empty() && outputs.library.empty() && outputs.shared.empty())
    return llvm::Error::success();
  if (llvm::Error error = linking.prepareCore())
    return error;
  if (!outputs.object.empty())
    if (llvm::Error error = linking.makeObject(outputs.object))
      return error;
  if (!outputs.library.empty())
    if (llvm::Error error = linking.makeLibrary(outputs.library))
      return error;
  return outputs.shared.empty() ? llvm::Error::success() : linking.makeShared(outputs.shared);
}

} // namespace kiln::codegen
