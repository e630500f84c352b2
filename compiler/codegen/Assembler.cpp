#include "compiler/codegen/Assembler.h"
#include "Halide.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Regex.h"
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

namespace kiln::codegen {
namespace {
/// A file without a name, which ends with the processes that have it: a worker may be killed while ptxas runs.
class MemoryFile {
public:
  explicit MemoryFile(const char *name) : descriptor(memfd_create(name, 0)) {}
  MemoryFile(const MemoryFile &) = delete;
  ~MemoryFile() {
    if (descriptor >= 0)
      close(descriptor);
  }
  /// What this process and the ones it starts may open.
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor); }
  bool write(llvm::StringRef text) const {
    for (size_t done = 0; done < text.size();) {
      ssize_t count = ::write(descriptor, text.data() + done, text.size() - done);
      if (count <= 0)
        return false;
      done += static_cast<size_t>(count);
    }
    return descriptor >= 0;
  }
  std::string bytes() const {
    std::string all(static_cast<size_t>(std::max<off_t>(lseek(descriptor, 0, SEEK_END), 0)), 0);
    return pread(descriptor, all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()) ? all : std::string();
  }

private:
  int descriptor;
};

/// Runs it; what it says, on both of its outputs.
llvm::Expected<std::string> run(const std::string &path, llvm::ArrayRef<llvm::StringRef> arguments) {
  MemoryFile log("log");
  std::string said = log.path(), why;
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), llvm::StringRef(said), llvm::StringRef(said)};
  int status = llvm::sys::ExecuteAndWait(path, arguments, std::nullopt, redirects, 0, 0, &why);
  std::string text = log.bytes();
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
  llvm::Expected<std::string> text = run(path, {path, "--version"});
  if (!text) {
    llvm::consumeError(text.takeError());
    return path;
  }
  return *text;
}

llvm::Expected<Assembled> assemble(const std::string &path, const std::string &ptx, int capability) {
  MemoryFile source("ptx"), output("cubin");
  if (!source.write(ptx))
    return llvm::createStringError("cannot keep %zu bytes of PTX in memory", ptx.size());
  std::string card = "-arch=sm_" + std::to_string(capability), from = source.path(), to = output.path();
  llvm::Expected<std::string> text = run(path, {path, "-v", card, from, "-o", to});
  if (!text)
    return text.takeError();
  Assembled result;
  result.cubin = output.bytes();
  if (result.cubin.empty())
    return llvm::createStringError("%s wrote no code", path.c_str());
  result.registers = numberBefore(*text, "registers");
  result.spills = numberBefore(*text, "bytes spill stores") + numberBefore(*text, "bytes spill loads");
  result.stack = numberBefore(*text, "bytes stack frame");
  return result;
}
} // namespace kiln::codegen
