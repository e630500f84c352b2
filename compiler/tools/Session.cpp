#include "compiler/tools/Session.h"
extern "C" {
#include "runtime/main/session.h"
}

namespace kiln::tools {
namespace {
/// Answers an exit code, and has said what went wrong.
int runModel(const kiln_model &model, std::vector<const char *> inputs, std::vector<const char *> outputs, int32_t threads) {
  kiln_request request = {};
  request.model = &model;
  request.inputs = inputs.data();
  request.outputs = outputs.data();
  request.threads = threads;
  kiln_session session;
  int code = kiln_session_open(&session, &request);
  if (!code)
    code = kiln_session_run(&session);
  kiln_session_close(&session);
  return code;
}
} // namespace

void SessionOptions::declare(CLI::App &command, const char *inputHelp) {
  build.declare(command);
  command.add_option("--input", inputs, inputHelp)->type_name("NAME=FILE")->allow_extra_args(false);
  command.add_option("--seed", seed, "of the inputs made up")->capture_default_str();
}

llvm::Error Session::open(const SessionOptions &options) {
  auto started = Build::start(options.build);
  if (!started)
    return started.takeError();
  if (llvm::Error error = plugin.load(*started))
    return error;
  in = std::make_unique<TensorFiles>(scratch(), llvm::ArrayRef(info().inputs, size_t(info().input_count)), "input");
  if (llvm::Error error = in->take(options.inputs))
    return error;
  return in->unpack();
}

llvm::Error Session::run(const std::vector<const char *> &outputs, int32_t threads) {
  return isolated([&] { return runModel(plugin.model(), in->files(), outputs, threads); });
}
} // namespace kiln::tools
