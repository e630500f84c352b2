// kiln run: arrays in, arrays out, by way of a compile.
#include "compiler/tools/Plugin.h"
#include "compiler/tools/Session.h"
#include "compiler/tools/TensorFiles.h"

namespace kiln::tools {
namespace {
struct RunCommand {
  BuildOptions build;
  std::vector<std::string> inputs, outputs;
  bool randomInputs = false;
  uint64_t seed = 0;
  int32_t threads = 0;

  llvm::Error run() {
    if (outputs.empty())
      return llvm::createStringError("nothing to do: expected --output NAME=FILE.npy; kiln inspect %s lists the outputs",
                                     build.source.path.c_str());
    auto started = Build::start(build);
    if (!started)
      return started.takeError();
    Plugin plugin;
    if (llvm::Error error = plugin.load(*started))
      return error;
    const kiln_model_info &info = plugin.model().info;
    TensorFiles in(plugin.scratch(), {info.inputs, size_t(info.input_count)}, "input");
    TensorFiles out(plugin.scratch(), {info.outputs, size_t(info.output_count)}, "output");
    if (llvm::Error error = in.take(inputs))
      return error;
    if (llvm::Error error = out.take(outputs))
      return error;
    if (llvm::Error error = in.unpack())
      return error;
    if (llvm::Error error = randomInputs ? in.makeUp(seed) : llvm::Error::success())
      return error;
    for (int32_t i = 0; i < info.input_count; ++i)
      if (!in.given(size_t(i)))
        return llvm::createStringError("missing --input %s=FILE.npy (or --random-inputs)", info.inputs[i].name);
    if (llvm::Error error = isolated([&] { return runSession(plugin.model(), in.files(), out.files(), threads); }))
      return error;
    return out.pack();
  }
};

RegisterCommand command(20, [](CLI::App &app) {
  auto state = std::make_shared<RunCommand>();
  CLI::App *run = app.add_subcommand("run", "run a model on arrays in .npy or .npz files");
  run->footer("An input with one more leading dimension runs once per slice, and the outputs are stacked.\n\n"
              "Examples:\n"
              "  kiln run lenet5.onnx --input image=images.npy --output probabilities=out.npy\n"
              "  kiln run net.onnx --dim batch=4 --input in.npz --output out.npz\n"
              "  kiln run net.onnx --random-inputs --seed 7 --output y=y.npy");
  state->build.declare(*run);
  run->add_option("--input", state->inputs, "an input's file; of an .npz, the array of that name; FILE.npz alone gives all inputs")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  run->add_option("--output", state->outputs, "where an output goes: an .npy or .npz; FILE.npz alone takes all outputs")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  run->add_flag("--random-inputs", state->randomInputs, "make up the inputs that no file gives");
  run->add_option("--seed", state->seed, "of the inputs made up")->capture_default_str();
  run->add_option("--threads", state->threads, "threads to run with (default: $KILN_NUM_THREADS, else the machine's processors)")
      ->check(CLI::Range(1, 1024));
  return std::make_pair(run, Run([state] { return state->run(); }));
});
} // namespace
} // namespace kiln::tools
