//===- Build.h - the options that every subcommand which compiles shares ----------------------------------------------------===//
#ifndef KILN_TOOLS_BUILD_H
#define KILN_TOOLS_BUILD_H
#include "compiler/Pipeline.h"
#include "compiler/codegen/Cache.h"
#include "compiler/tools/Command.h"
#include "compiler/tools/Frontend.h"

namespace kiln::tools {

struct BuildOptions {
  Source source;
  std::string target = "host", cacheFolder;
  unsigned jobs = 0;
  bool timing = false;

  void declare(CLI::App &command);
  void declareOutputs(CLI::App &command); ///< --also
};

/// Loads the model, compiles it, reports progress on standard error: one line that moves on a terminal, plain lines in a pipe.
class Build {
public:
  static llvm::Expected<Build> start(const BuildOptions &options);
  llvm::Expected<CompiledFacts> compile(CompileOptions options);
  Loaded &loaded() { return source; }
  const codegen::Target &target() const { return chosen; }

private:
  BuildOptions options;
  Loaded source;
  codegen::Target chosen;
  std::unique_ptr<codegen::Cache> cache;
};

/// --dump: stages of a compilation to print.
void declareDump(CLI::App &command, std::vector<std::string> &stages);
/// The stages that are asked for go to standard output.
void dumpTo(CompileOptions &options, const std::vector<std::string> &stages);

/// A model's name as people and C see it: the file's name without folder and ending.
std::string modelName(const std::string &path);
} // namespace kiln::tools
#endif
