// kiln train: a model becomes a native trainer, which then trains, or is left for later.
#include "compiler/codegen/Header.h"
#include "compiler/codegen/Link.h"
#include "compiler/tools/Build.h"
#include "compiler/tools/TrainingChoices.h"
#include "frontend/builder/Checkpoint.h"
#include "llvm/Support/MemoryBuffer.h"
#include <csignal>
#include <sys/mman.h>
#include <unistd.h>

namespace kiln::tools {
namespace {
/// Becomes the program `file`, with this process's streams and signals as any program has them.
llvm::Error become(const std::string &file, const std::string &name, const std::string &command,
                   const std::vector<std::string> &arguments) {
  auto bytes = llvm::MemoryBuffer::getFile(file, false, false);
  int memory = memfd_create(name.c_str(), MFD_CLOEXEC);
  FILE *stream = memory < 0 ? nullptr : fdopen(memory, "wb");
  if (!bytes || !stream || fwrite((*bytes)->getBufferStart(), 1, (*bytes)->getBufferSize(), stream) != (*bytes)->getBufferSize() ||
      fflush(stream) != 0)
    return llvm::createStringError("cannot hold the trainer in memory: %s", strerror(errno));
  codegen::removeUnfinished(); // nothing after this is ours
  std::vector<char *> argv{const_cast<char *>(name.c_str())};
  for (const std::string &argument : arguments)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  setenv("KILN_TRAIN_COMMAND", command.c_str(), 1); // for what it says when it is interrupted
  fflush(nullptr);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  fexecve(memory, argv.data(), environ);
  return llvm::createStringError("cannot run the trainer: %s", strerror(errno));
}

struct TrainCommand {
  BuildOptions build;
  TrainingChoices choices;
  std::string output;
  std::vector<std::string> emit, dump;
  CLI::App *app = nullptr;

  llvm::Error run() {
    bool leave = !emit.empty() || !dump.empty();
    if (llvm::Error error = choices.settle(build.source))
      return error;
    if (output.empty())
      output = choices.name;
    auto started = Build::start(build);
    if (!started)
      return started.takeError();
    bool trains = !leave || wants("exe");
    auto graphs = choices.graphs(started->loaded(), trains && started->target().isDevice());
    if (!graphs)
      return graphs.takeError();
    codegen::ScratchFolder scratch;
    codegen::Staging staging;
    if (llvm::Error error = scratch.create())
      return error;
    std::string trainer = scratch.path("trainer");
    std::string checkpoint = builder::checkpointOf(*graphs, choices.recipe());
    if (wants("exe")) {
      auto staged = staging.add(output, true);
      if (!staged)
        return staged.takeError();
      trainer = *staged;
    }
    if (wants("mlir"))
      if (llvm::Error error = write(*graphs->step, staging))
        return error;
    if (wants("lib") || wants("header"))
      if (llvm::Error error = compileTo(*started, std::move(graphs->step), wants("lib") ? output + ".a" : "",
                                        wants("header") ? output + ".h" : "", codegen::identifier(choices.name)))
        return error;
    if (!dump.empty() && graphs->step && !wants("exe"))
      if (llvm::Error error = compileTo(*started, std::move(graphs->step), "", "", "kiln_step"))
        return error;
    if (leave && !wants("exe"))
      return staging.commit();
    if (!graphs->step)
      return llvm::createStringError("--emit: expected exe alone, or lib and header; the step is compiled under one prefix");
    codegen::TrainerInput input{scratch.path("step.a"), scratch.path("evaluate.a"), checkpoint};
    if (llvm::Error error = compileTo(*started, std::move(graphs->step), input.step, "", "kiln_step"))
      return error;
    if (llvm::Error error = compileTo(*started, std::move(graphs->evaluate), input.evaluate, "", "kiln_evaluate"))
      return error;
    if (llvm::Error error = codegen::linkTrainer(started->target(), input, trainer, scratch))
      return error;
    if (leave)
      return staging.commit();
    return become(trainer, choices.name, "kiln train " + build.source.path, trainerArguments());
  }

private:
  bool wants(llvm::StringRef kind) const { return llvm::is_contained(emit, kind); }

  /// The step as text: kiln bench times its kernels.
  llvm::Error write(mlir::ModuleOp step, codegen::Staging &staging) const {
    auto staged = staging.add(output + ".mlir");
    if (!staged)
      return staged.takeError();
    std::error_code failure;
    llvm::raw_fd_ostream file(*staged, failure);
    step.print(file);
    file.close();
    return file.has_error() ? llvm::createStringError("cannot write '%s.mlir': %s", output.c_str(), file.error().message().c_str())
                            : llvm::Error::success();
  }

  llvm::Error compileTo(Build &with, mlir::OwningOpRef<mlir::ModuleOp> module, const std::string &library,
                        const std::string &header, const std::string &prefix) {
    with.loaded().module = std::move(module);
    with.loaded().weights.clear();
    CompileOptions options;
    options.model = choices.name;
    options.prefix = prefix;
    options.outputs.library = library;
    options.header = header;
    options.optionsText = choices.recipe();
    if (prefix != "kiln_evaluate")
      dumpTo(options, dump);
    auto facts = with.compile(options);
    return facts ? llvm::Error::success() : facts.takeError();
  }

  std::vector<std::string> trainerArguments() const {
    std::vector<std::string> arguments = app->remaining();
    if (!choices.recipeFile.empty())
      arguments.insert(arguments.begin(), {"--recipe", choices.recipeFile});
    return arguments;
  }
};

RegisterCommand command(15, [](CLI::App &app) {
  auto state = std::make_shared<TrainCommand>();
  CLI::App *train = app.add_subcommand("train", "train a model natively, or make a trainer of it");
  state->app = train;
  train->allow_extras();
  train->footer(
      "All further options are the trainer's: --data, --epochs, --rate, --metrics, --checkpoint, --resume and more; a trainer's\n"
      "own --help lists them (kiln train MODEL --emit=exe -o NAME, then ./NAME --help).\n"
      "Examples:\n"
      "  kiln train zoo:lenet5 --data fashion-mnist/ --epochs 2     train; leaves lenet5.safetensors\n"
      "  kiln compile lenet5.safetensors                            what was trained, for inference\n"
      "  kiln train zoo:lenet5 --resume lenet5.safetensors --data fashion-mnist/ --epochs 4\n"
      "  kiln train net.onnx --loss cross_entropy --optimizer adam --data train.npz\n"
      "  kiln train zoo:mlp --emit=exe -o mlp-trainer               a native executable that trains\n"
      "  kiln train zoo:mlp --emit=lib,header -o mlp_step           one step as a C library\n"
      "  kiln train zoo:mlp --emit=mlir && kiln bench mlp.mlir       the time of each kernel of a step\n"
      "  kiln train zoo:mlp --dump=fused                             a stage of the step's compilation");
  state->build.declare(*train);
  state->choices.declare(*train);
  train->add_option("-o,--output", state->output, "name of what --emit leaves, without ending (default: the model's name)");
  train
      ->add_option("--emit", state->emit,
                   "leave the trainer (exe), or one step as a library and its header, or as a graph (mlir), and train nothing")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"exe", "lib", "header", "mlir"}));
  declareDump(*train, state->dump);
  return std::make_pair(train, Run([state] { return state->run(); }));
});
} // namespace
} // namespace kiln::tools
