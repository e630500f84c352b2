#include "compiler/codegen/Assembler.h"
#include "Halide.h"
#include "compiler/codegen/Staging.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include <dlfcn.h>

namespace kiln::codegen {
namespace {
/// Runs it with both of its outputs in `log`.
llvm::Expected<std::string> run(const std::string &path, llvm::ArrayRef<llvm::StringRef> arguments, const std::string &log) {
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), llvm::StringRef(log), llvm::StringRef(log)};
  std::string why;
  int status = llvm::sys::ExecuteAndWait(path, arguments, std::nullopt, redirects, 0, 0, &why);
  auto said = llvm::MemoryBuffer::getFile(log);
  std::string text = said ? (*said)->getBuffer().str() : "";
  if (status != 0)
    return llvm::createStringError("%s: %s", path.c_str(), (why.empty() ? llvm::StringRef(text).trim().str() : why).c_str());
  return text;
}

int64_t numberBefore(llvm::StringRef text, llvm::StringRef what) {
  llvm::SmallVector<llvm::StringRef> matches;
  int64_t number = 0;
  if (llvm::Regex("([0-9]+) " + what.str()).match(text, &matches))
    matches[1].getAsInteger(10, number);
  return number;
}
} // namespace

llvm::Expected<std::string> findAssembler() {
  if (const char *given = getenv("KILN_PTXAS")) {
    if (!*given)
      return std::string();
    if (!llvm::sys::fs::can_execute(given))
      return llvm::createStringError("KILN_PTXAS=%s: expected the path of ptxas", given);
    return std::string(given);
  }
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    return *found;
  Dl_info halide;
  llvm::SmallString<128> wheel;
  if (dladdr(reinterpret_cast<const void *>(&Halide::get_host_target), &halide) && halide.dli_fname) {
    wheel = halide.dli_fname; // site-packages/halide/lib64/libHalide.so
    for (int up = 0; up < 3; ++up)
      llvm::sys::path::remove_filename(wheel);
    llvm::sys::path::append(wheel, "nvidia", "cuda_nvcc", "bin", "ptxas");
  }
  for (llvm::StringRef place : {llvm::StringRef("/usr/local/cuda/bin/ptxas"), llvm::StringRef(wheel)})
    if (llvm::sys::fs::can_execute(place))
      return place.str();
  return std::string();
}

std::string assemblerVersion(const std::string &path) {
  if (path.empty())
    return "";
  ScratchFolder scratch;
  if (llvm::Error error = scratch.create()) {
    llvm::consumeError(std::move(error));
    return path;
  }
  llvm::Expected<std::string> text = run(path, {path, "--version"}, scratch.path("log"));
  if (!text) {
    llvm::consumeError(text.takeError());
    return path;
  }
  return *text;
}

llvm::Expected<Assembled> assemble(const std::string &path, const std::string &ptx, int capability) {
  ScratchFolder scratch;
  if (llvm::Error error = scratch.create())
    return error;
  llvm::Expected<std::string> source = scratch.write("kernel.ptx", ptx);
  if (!source)
    return source.takeError();
  std::string output = scratch.path("kernel.cubin"), card = "-arch=sm_" + std::to_string(capability);
  llvm::Expected<std::string> text = run(path, {path, "-v", card, *source, "-o", output}, scratch.path("log"));
  if (!text)
    return text.takeError();
  auto cubin = llvm::MemoryBuffer::getFile(output, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!cubin)
    return llvm::createStringError("%s wrote no code", path.c_str());
  Assembled result;
  result.cubin = (*cubin)->getBuffer().str();
  result.registers = numberBefore(*text, "registers");
  result.spills = numberBefore(*text, "bytes spill stores") + numberBefore(*text, "bytes spill loads");
  result.stack = numberBefore(*text, "bytes stack frame");
  return result;
}
} // namespace kiln::codegen
