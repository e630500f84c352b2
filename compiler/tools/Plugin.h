//===- Plugin.h - a model compiled and loaded into this process ----------------------------------------------------------===//
//
// In: the options of a compile. Out: the model's kiln_model, from a shared library in a temporary folder that goes with this object.
// Kernels come from the cache as in any compile.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_PLUGIN_H
#define KILN_TOOLS_PLUGIN_H
#include "compiler/codegen/Staging.h"
#include "compiler/tools/Build.h"
#include "runtime/core/model.h"

namespace kiln::tools {

class Plugin {
public:
  Plugin() = default;
  Plugin(const Plugin &) = delete;
  ~Plugin();
  llvm::Error load(Build &build, CompileOptions options = {});
  const kiln_model &model() const { return *loaded; }
  const codegen::ScratchFolder &scratch() const { return folder; }

  CompiledFacts facts;

private:
  codegen::ScratchFolder folder;
  void *library = nullptr;
  const kiln_model *loaded = nullptr;
};

/// Runs `work` in a process of its own, whose exit code it answers: compiled code that crashes is an error as any other.
llvm::Error isolated(const std::function<int()> &work);
} // namespace kiln::tools
#endif
