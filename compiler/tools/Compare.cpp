// kiln compare: a model's layers beside ONNX Runtime's, value by value.
#include "compiler/tools/CompareScript.h"
#include "compiler/tools/Layers.h"
#include "compiler/tools/Session.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include <set>

namespace kiln::tools {
namespace {
/// The Python to ask: $KILN_PYTHON, else that of the checkout which kiln was built in, else the one in PATH.
llvm::Expected<std::string> findPython() {
  if (const char *given = getenv("KILN_PYTHON"))
    return std::string(given);
  llvm::SmallString<128> beside(
      llvm::sys::path::parent_path(llvm::sys::fs::getMainExecutable(nullptr, reinterpret_cast<void *>(&findPython))));
  llvm::sys::path::append(beside, "..", "..", ".venv");
  llvm::sys::path::append(beside, "bin", "python");
  if (llvm::sys::fs::can_execute(beside))
    return beside.str().str();
  auto found = llvm::sys::findProgramByName("python3");
  return found ? llvm::Expected<std::string>(*found)
               : llvm::createStringError("compare needs Python with onnxruntime: no python3 in PATH, and no KILN_PYTHON");
}

struct CompareCommand {
  SessionOptions options;
  Source &source = options.build.source;
  double tolerance = 1e-4;

  llvm::Error run() {
    if (!llvm::StringRef(source.path).ends_with(".onnx"))
      return llvm::createStringError("'%s': expected an .onnx model, which ONNX Runtime can run too", source.path.c_str());
    auto python = findPython();
    if (!python)
      return python.takeError();
    std::string refusal;
    auto view = viewModel(source, refusal);
    if (!view)
      return view.takeError();
    if (!refusal.empty())
      return llvm::createStringError("%s", refusal.c_str());
    chooseValues(*view);
    Session session;
    if (llvm::Error error = session.open(options))
      return error;
    if (llvm::Error error = session.inputs().makeUp(options.seed))
      return error;
    std::vector<std::string> paths;
    std::vector<const char *> out;
    for (int32_t i = 0; i < session.info().output_count; ++i)
      paths.push_back(session.scratch().path("value" + std::to_string(i) + ".npy"));
    for (const std::string &path : paths)
      out.push_back(path.c_str());
    if (llvm::Error error = session.run(out))
      return error;
    return ask(*python, session, paths);
  }

  /// Further outputs: the values that layers hand on to others.
  void chooseValues(const ModelView &view) {
    std::set<std::string> used, own;
    for (const Layer &layer : view.layers)
      used.insert(layer.inputs.begin(), layer.inputs.end());
    for (const Port &output : view.outputs)
      own.insert(output.name);
    for (const Layer &layer : view.layers)
      for (const std::string &output : layer.outputs) {
        if (output.empty() || layer.shape.empty())
          continue;
        producers[output] = {layer.name, layer.op};
        order.push_back(output);
        if (used.count(output) && !own.count(output))
          source.outputs.push_back(output);
      }
  }

  llvm::Error ask(const std::string &python, Session &session, const std::vector<std::string> &paths) {
    llvm::json::Object feeds;
    const kiln_model_info &info = session.info();
    auto files = session.inputs().files();
    for (int32_t i = 0; i < info.input_count; ++i)
      feeds[info.inputs[i].name] = files[size_t(i)];
    std::map<std::string, std::string> made;
    for (int32_t i = 0; i < info.output_count; ++i)
      made[info.outputs[i].name] = paths[size_t(i)];
    llvm::json::Array values;
    for (const std::string &name : order)
      if (made.count(name))
        values.push_back(llvm::json::Object{
            {"name", name}, {"layer", producers[name].first}, {"op", producers[name].second}, {"file", made[name]}});
    llvm::json::Object job{
        {"model", source.path}, {"tolerance", tolerance}, {"inputs", std::move(feeds)}, {"values", std::move(values)}};
    auto script = session.scratch().write("compare.py", compareScript);
    if (!script)
      return script.takeError();
    auto jobFile = session.scratch().write("compare.json", llvm::formatv("{0}", llvm::json::Value(std::move(job))).str());
    if (!jobFile)
      return jobFile.takeError();
    fflush(nullptr);
    std::string why;
    int code = llvm::sys::ExecuteAndWait(python, {python, *script, *jobFile}, std::nullopt, {}, 0, 0, &why);
    if (code < 0)
      return llvm::createStringError("%s: %s", python.c_str(), why.c_str());
    return code ? llvm::make_error<Told>(code) : llvm::Error::success();
  }

  std::map<std::string, std::pair<std::string, std::string>> producers; ///< value -> its layer's name and operator
  std::vector<std::string> order;
};

RegisterCommand command(50, [](CLI::App &app) {
  auto state = std::make_shared<CompareCommand>();
  CLI::App *compare = app.add_subcommand("compare", "hold a model, layer by layer, against ONNX Runtime");
  compare->footer("Each layer's output becomes an output of the model, on both sides; the first that differs is named. Python with "
                  "onnxruntime is\n"
                  "$KILN_PYTHON, or .venv of the checkout, or python3.\n\n"
                  "Examples:\n"
                  "  kiln compare lenet5.onnx\n"
                  "  kiln compare net.onnx --dim batch=2 --input x=x.npy --tolerance 1e-5");
  state->options.declare(*compare, "an input's file, .npy or .npz; the others are made up");
  compare->add_option("--tolerance", state->tolerance, "largest difference, as a part of the value's largest magnitude")
      ->capture_default_str();
  return std::make_pair(compare, Run([state] { return state->run(); }));
});
} // namespace
} // namespace kiln::tools
