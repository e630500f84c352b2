#include "compiler/codegen/Embedded.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#define KILN_EMBEDDED(name) extern "C" const char kiln_embedded_##name[], kiln_embedded_##name##_end[]
KILN_EMBEDDED(header);
KILN_EMBEDDED(runtime);
KILN_EMBEDDED(main);
KILN_EMBEDDED(train);
KILN_EMBEDDED(jansson);
KILN_EMBEDDED(minizip);
KILN_EMBEDDED(zlib);
KILN_EMBEDDED(runtime_aarch64);
KILN_EMBEDDED(main_aarch64);

namespace kiln::codegen {
namespace {
llvm::StringRef between(const char *begin, const char *end) { return {begin, static_cast<size_t>(end - begin)}; }

/// `here` is of the machine that kiln was built for.
llvm::Expected<llvm::StringRef> choose(const Target &target, llvm::StringRef here, llvm::StringRef aarch64) {
  llvm::StringRef found = !target.isForeign() ? here : llvm::Triple(target.triple).isAArch64() ? aarch64 : "";
  if (found.empty())
    return llvm::createStringError("target %s: this kiln was built without its runtime (a C compiler for it was missing)",
                                   target.name.c_str());
  return found;
}
} // namespace

llvm::Expected<llvm::StringRef> runtimeArchive(const Target &target) {
  return choose(target, between(kiln_embedded_runtime, kiln_embedded_runtime_end),
                between(kiln_embedded_runtime_aarch64, kiln_embedded_runtime_aarch64_end));
}
llvm::Expected<llvm::StringRef> mainArchive(const Target &target) {
  return choose(target, between(kiln_embedded_main, kiln_embedded_main_end),
                between(kiln_embedded_main_aarch64, kiln_embedded_main_aarch64_end));
}
std::vector<llvm::StringRef> trainerArchives() {
  return {between(kiln_embedded_train, kiln_embedded_train_end), between(kiln_embedded_jansson, kiln_embedded_jansson_end),
          between(kiln_embedded_minizip, kiln_embedded_minizip_end), between(kiln_embedded_zlib, kiln_embedded_zlib_end)};
}
llvm::StringRef interfaceHeader() { return between(kiln_embedded_header, kiln_embedded_header_end); }

} // namespace kiln::codegen
