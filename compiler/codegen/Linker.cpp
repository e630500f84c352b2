#include "compiler/codegen/Linker.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

namespace kiln::codegen {
namespace {
std::string firstOf(std::initializer_list<const char *> names) {
  for (const char *name : names)
    if (auto found = llvm::sys::findProgramByName(name))
      return *found;
  return "";
}

std::string linkerFor(bool foreign) { return foreign ? firstOf({"ld.lld-19", "ld.lld"}) : firstOf({"ld.lld-19", "ld.lld", "ld"}); }

llvm::Error execute(const std::string &program, const std::vector<std::string> &arguments, const ScratchFolder &scratch) {
  std::string prints = scratch.path("linker-prints.txt");
  std::vector<llvm::StringRef> all = {program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::optional<llvm::StringRef> redirects[] = {llvm::StringRef(), llvm::StringRef(prints), llvm::StringRef(prints)};
  std::string why;
  int result = llvm::sys::ExecuteAndWait(program, all, std::nullopt, redirects, /*SecondsToWait=*/0, /*MemoryLimit=*/0, &why);
  if (result == 0)
    return llvm::Error::success();
  auto text = llvm::MemoryBuffer::getFile(prints);
  if (text && why.empty())
    why = (*text)->getBuffer().rtrim().take_back(1000).str();
  return llvm::createStringError("%s failed (%d): %s", llvm::sys::path::filename(program).str().c_str(), result, why.c_str());
}
} // namespace

llvm::Error runLinker(const Target &target, const std::vector<std::string> &arguments, const ScratchFolder &scratch) {
  std::string linker = linkerFor(target.isForeign());
  if (linker.empty())
    return llvm::createStringError("no linker: expected ld.lld-19%s in PATH; install lld-19 (--emit=header needs none)",
                                   target.isForeign() ? " or ld.lld" : ", ld.lld or ld");
  return execute(linker, arguments, scratch);
}

llvm::Error runDriver(const std::vector<std::string> &arguments, const ScratchFolder &scratch) {
  std::string driver = firstOf({"cc", "gcc", "clang"});
  if (driver.empty())
    return llvm::createStringError(
        "no C compiler to link with: expected cc, gcc or clang in PATH; install gcc and libc6-dev, or ask "
        "for --emit=obj,lib,header, which need none");
  // The driver looks for `ld` in this folder first: lld links large weights without a copy of them in memory.
  std::string linker = linkerFor(false), folder = scratch.path("bin");
  if (linker.empty())
    return llvm::createStringError("no linker: expected ld.lld-19, ld.lld or ld in PATH; install lld-19");
  llvm::sys::fs::create_directory(folder);
  llvm::sys::fs::create_link(linker, folder + "/ld"); // exists already the second time
  std::vector<std::string> all = {"-B" + folder};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return execute(driver, all, scratch);
}

} // namespace kiln::codegen
