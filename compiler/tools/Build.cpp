#include "compiler/tools/Build.h"
#include "compiler/codegen/Header.h"
#include "llvm/Support/Path.h"
#include <thread>
#include <unistd.h>

namespace kiln::tools {

void BuildOptions::declare(CLI::App &command) {
  command.add_option("model", source.path, "the model: an .onnx file, an .mlir graph, a checkpoint (.safetensors) or zoo:NAME")
      ->required();
  command.add_option("--dim", source.dims, "size of a named dimension, as batch=8")
      ->type_name("NAME=SIZE")
      ->allow_extra_args(false);
  command
      .add_option("--target", target,
                  "host, x86-64-v3, x86-64-v4 or aarch64; for a GPU with -cuda-sm_80 or -cuda-sm_90 behind it; for both, chosen at "
                  "start: host,host-cuda-sm_80")
      ->capture_default_str();
  command.add_option("-j,--jobs", jobs, "kernels compiled at once (default: the machine's processors)");
  command.add_option("--cache-dir", cacheFolder,
                     "where compiled kernels are kept (default: $XDG_CACHE_HOME/kiln or ~/.cache/kiln)");
  command.add_flag("--timing", timing, "print how long each step took");
}

void BuildOptions::declareOutputs(CLI::App &command) {
  command
      .add_option("--also", source.outputs,
                  "return inner values too: of ONNX by their names, else what layers give, called as kiln inspect calls them")
      ->type_name("NAME,...")
      ->delimiter(',')
      ->allow_extra_args(false);
}

void declareDump(CLI::App &command, std::vector<std::string> &stages) {
  command.add_option("--dump", stages, "print stages to standard output")
      ->type_name("STAGE,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"autodiff", "graph", "outlined", "fused", "layout", "lifted", "hoisted", "merged", "scheduled",
                             "planned", "llvm", "asm", "ptx"}));
}

void dumpTo(CompileOptions &options, const std::vector<std::string> &stages) {
  options.dump = stages;
  options.print = [](llvm::StringRef text) { fwrite(text.data(), 1, text.size(), stdout); };
}

std::string modelName(const std::string &path) {
  llvm::StringRef name = path;
  name.consume_front("zoo:");
  return llvm::sys::path::stem(name).str();
}

llvm::Expected<Build> Build::start(const BuildOptions &options) {
  Build build;
  build.options = options;
  auto target = codegen::findTarget(options.target);
  if (!target)
    return target.takeError();
  build.chosen = *target;
  auto loaded = load(options.source);
  if (!loaded)
    return loaded.takeError();
  build.source = std::move(*loaded);
  build.cache = std::make_unique<codegen::Cache>(
      options.cacheFolder, [](const std::string &why) { fprintf(stderr, "kiln: warning: %s\n", why.c_str()); });
  return build;
}

llvm::Expected<CompiledFacts> Build::compile(CompileOptions compileOptions) {
  compileOptions.target = chosen;
  compileOptions.modelHash = source.hash;
  if (compileOptions.model.empty())
    compileOptions.model = modelName(options.source.path);
  if (compileOptions.prefix.empty())
    compileOptions.prefix = codegen::identifier(compileOptions.model);
  compileOptions.work.parallel = options.jobs ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
  compileOptions.work.cache = cache.get();
  bool terminal = isatty(2);
  compileOptions.work.progress = [terminal](size_t done, size_t all, llvm::StringRef kernel) {
    if (terminal)
      fprintf(stderr, "\r\033[Kkernel %zu of %zu: %s%s", done, all, kernel.str().c_str(), done == all ? "\r\033[K" : "");
    else if (done == all)
      fprintf(stderr, "compiled %zu kernels\n", all);
  };
  auto facts = kiln::compile(*source.module, source.bytes(), compileOptions);
  if (facts && options.timing)
    for (const CompiledFacts::Step &step : facts->steps)
      fprintf(stderr, "%-10s %8.3f s\n", step.name.c_str(), step.seconds);
  return facts;
}
} // namespace kiln::tools
