//===- Session.h - a model runs on files, as a compiled executable does ----------------------------------------------------------===//
//
// In: a model, files for some of its inputs. Out: it is compiled, loaded, its inputs stand as .npy files, and it runs in a process of its own.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_SESSION_H
#define KILN_TOOLS_SESSION_H
#include "compiler/tools/Plugin.h"
#include "compiler/tools/TensorFiles.h"

namespace kiln::tools {
struct SessionOptions {
  BuildOptions build;
  std::vector<std::string> inputs;
  uint64_t seed = 0; ///< of the inputs made up

  void declare(CLI::App &command, const char *inputHelp);
};

class Session {
public:
  llvm::Error open(const SessionOptions &options);
  /// One npy path for each output, null for one that nobody wants.
  llvm::Error run(const std::vector<const char *> &outputs, int32_t threads = 0);

  const kiln_model_info &info() const { return plugin.model().info; }
  const codegen::ScratchFolder &scratch() const { return plugin.scratch(); }
  TensorFiles &inputs() { return *in; }

private:
  Plugin plugin;
  std::unique_ptr<TensorFiles> in;
};
} // namespace kiln::tools
#endif
