// kiln run: arrays in, arrays out, by way of a compile.
#include "compiler/tools/Session.h"

namespace kiln::tools {
namespace {
struct RunCommand {
  SessionOptions options;
  std::vector<std::string> outputs;
  bool randomInputs = false;
  int32_t threads = 0;

  llvm::Error run() {
    if (outputs.empty())
      return llvm::createStringError("nothing to do: expected --output NAME=FILE.npy; kiln inspect %s lists the outputs",
                                     options.build.source.path.c_str());
    Session session;
    if (llvm::Error error = session.open(options))
      return error;
    const kiln_model_info &info = session.info();
    TensorFiles out(session.scratch(), {info.outputs, size_t(info.output_count)}, "output");
    if (llvm::Error error = out.take(outputs))
      return error;
    if (llvm::Error error = randomInputs ? session.inputs().makeUp(options.seed) : llvm::Error::success())
      return error;
    for (int32_t i = 0; i < info.input_count; ++i)
      if (!session.inputs().given(size_t(i)))
        return llvm::createStringError("missing --input %s=FILE.npy (or --random-inputs)", info.inputs[i].name);
    if (llvm::Error error = session.run(out.files(), threads))
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
              "  kiln run net.onnx --random-inputs --seed 7 --output y=y.npy\n"
              "  kiln run cnn.safetensors --input image=image.npy --also relu --output relu=features.npy");
  state->options.declare(*run, "an input's file; of an .npz, the array of that name; FILE.npz alone gives all inputs");
  state->options.build.declareOutputs(*run);
  run->add_option("--output", state->outputs, "where an output goes: an .npy or .npz; FILE.npz alone takes all outputs")
      ->type_name("NAME=FILE")
      ->allow_extra_args(false);
  run->add_flag("--random-inputs", state->randomInputs, "make up the inputs that no file gives");
  run->add_option("--threads", state->threads, "threads to run with (default: $KILN_NUM_THREADS, else the machine's processors)")
      ->check(CLI::Range(1, 1024));
  return std::make_pair(run, Run([state] { return state->run(); }));
});
} // namespace
} // namespace kiln::tools
