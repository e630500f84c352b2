// kiln compile: a model becomes files.
#include "compiler/codegen/Header.h"
#include "compiler/tools/Build.h"
#include "compiler/tools/Gradients.h"
#include "llvm/ADT/StringExtras.h"

namespace kiln::tools {
namespace {
struct CompileCommand {
  BuildOptions build;
  std::string output, prefix, weights = "embed";
  std::vector<std::string> emit{"exe"}, dump, gradients;
  bool isStatic = false;
  CLI::Option *givenPrefix = nullptr;

  llvm::Error run() {
    CompileOptions options;
    options.prefix = prefix;
    dumpTo(options, dump);
    options.staticExecutable = isStatic;
    if (output.empty())
      output = modelName(build.source.path);
    if (*givenPrefix && codegen::identifier(prefix) != prefix)
      return llvm::createStringError("--prefix %s: expected a C identifier in lower case", prefix.c_str());
    for (const std::string &kind : emit) {
      if (kind == "exe")
        options.outputs.executable = output;
      else if (kind == "lib")
        options.outputs.library = output + ".a";
      else if (kind == "shared")
        options.outputs.shared = output + ".so";
      else if (kind == "obj")
        options.outputs.object = output + ".o";
      else
        options.header = output + ".h";
    }
    if (weights == "file")
      options.weightsFile = output + ".safetensors";
    options.optionsText = "weights=" + weights + (isStatic ? " static" : "") +
                          (build.source.dims.empty() ? "" : " dims=" + llvm::join(build.source.dims, ",")) +
                          (build.source.outputs.empty() ? "" : " also=" + llvm::join(build.source.outputs, ","));
    build.source.training = !gradients.empty(); // parameters keep their names and stay apart
    auto started = Build::start(build);
    if (!started)
      return started.takeError();
    if (!gradients.empty()) {
      options.optionsText += " grad=" + llvm::join(gradients, ",");
      if (llvm::Error error = addGradients(*started->loaded().module, gradients))
        return error;
    }
    auto facts = started->compile(options);
    if (!facts)
      return facts.takeError();
    return llvm::Error::success();
  }
};

RegisterCommand command(10, [](CLI::App &app) {
  auto state = std::make_shared<CompileCommand>();
  CLI::App *compile = app.add_subcommand("compile", "turn a model into an executable, a library, an object, a header");
  compile->footer("Examples:\n"
                  "  kiln compile lenet5.onnx -o lenet5                 an executable\n"
                  "  kiln compile lenet5.onnx -o lenet5 --emit=lib,header  a static library and its C header\n"
                  "  kiln compile net.onnx --dim batch=8 --target x86-64-v3 --emit=shared,header\n"
                  "  kiln compile net.onnx --dump=planned               print a stage of the compilation");
  state->build.declare(*compile);
  state->build.declareOutputs(*compile);
  compile->add_option("-o,--output", state->output, "name of the outputs, without ending (default: the model's name)");
  compile->add_option("--emit", state->emit, "what to write")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"exe", "lib", "shared", "obj", "header"}))
      ->capture_default_str();
  state->givenPrefix = compile->add_option("--prefix", state->prefix, "prefix of the C symbols (default: the model's name)");
  compile->add_option("--weights", state->weights, "inside the artefact, or in NAME.safetensors beside it")
      ->check(CLI::IsMember({"embed", "file"}))
      ->capture_default_str();
  compile
      ->add_option("--grad", state->gradients, "outputs grad.NAME too: the first output's derivative by these inputs or parameters")
      ->type_name("NAME,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  compile->add_flag("--static", state->isStatic, "a fully static executable");
  declareDump(*compile, state->dump);
  return std::make_pair(compile, Run([state] { return state->run(); }));
});
} // namespace
} // namespace kiln::tools
