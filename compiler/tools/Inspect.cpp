// kiln inspect: what a model is made of, or what an artefact says of itself.
#include "compiler/codegen/Staging.h"
#include "compiler/tools/Artefact.h"
#include "compiler/tools/Command.h"
#include "compiler/tools/Layers.h"
#include "compiler/tools/Table.h"
#include "llvm/Support/raw_ostream.h"

namespace kiln::tools {
namespace {
std::string inQuotes(llvm::StringRef text) {
  std::string result = "\"";
  for (char c : text)
    result += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return result + "\"";
}

/// Graphviz text: layers are boxes, values are arrows.
std::string picture(const ModelView &view) {
  std::string text = "digraph model {\n  node [shape=box, fontname=\"sans-serif\"];\n";
  std::map<std::string, std::string> producers;
  for (const Port &input : view.inputs) {
    text += "  " + inQuotes("in:" + input.name) + " [shape=ellipse, label=" + inQuotes(input.name + "\n" + input.shape) + "];\n";
    producers[input.name] = "in:" + input.name;
  }
  for (size_t i = 0; i < view.layers.size(); ++i) {
    const Layer &layer = view.layers[i];
    std::string box = "layer" + std::to_string(i), label = layer.op.empty() ? layer.name : layer.op + "\n" + layer.name;
    text += "  " + box + " [label=" + inQuotes(label + (layer.shape.empty() ? "" : "\n" + layer.shape)) + "];\n";
    for (const std::string &input : layer.inputs)
      if (producers.count(input))
        text += "  " + inQuotes(producers[input]) + " -> " + box + ";\n";
    for (const std::string &output : layer.outputs)
      producers[output] = box;
  }
  for (const Port &output : view.outputs)
    if (producers.count(output.name)) {
      text +=
          "  " + inQuotes("out:" + output.name) + " [shape=ellipse, label=" + inQuotes(output.name + "\n" + output.shape) + "];\n";
      text += "  " + inQuotes(producers[output.name]) + " -> " + inQuotes("out:" + output.name) + ";\n";
    }
  return text + "}\n";
}

std::string summary(const ModelView &view) {
  std::string text = view.about + "\n";
  for (const Port &input : view.inputs)
    text += "input   " + input.name + "  " + input.shape + "\n";
  for (const Port &output : view.outputs)
    text += "output  " + output.name + "  " + output.shape + "\n";
  Table table({"layer", "operator", "output", "parameters", "FLOPs"}, 3);
  int64_t parameters = 0, operations = 0;
  for (const Layer &layer : view.layers) {
    if (layer.op.empty())
      continue;
    table.add(
        {layer.name, layer.op, layer.shape.empty() ? "-" : layer.shape, grouped(layer.parameters), grouped(layer.operations)});
    parameters += layer.parameters;
    operations += layer.operations;
  }
  table.add({"total", std::to_string(table.size()) + " layers", "", grouped(parameters), grouped(operations)});
  return text + "\n" + table.print();
}

struct InspectCommand {
  Source source;
  std::string dot;
  CLI::Option *wantsDot = nullptr;

  llvm::Error run() {
    llvm::StringRef path(source.path);
    bool isModel = path.ends_with(".onnx") || path.ends_with(".mlir") || path.ends_with(".safetensors") || path.starts_with("zoo:");
    if (!isModel) {
      auto text = describeArtefact(source.path);
      if (!text)
        return text.takeError();
      if (*wantsDot)
        return llvm::createStringError("--dot draws models, '%s' is an artefact", source.path.c_str());
      fputs(text->c_str(), stdout);
      return llvm::Error::success();
    }
    std::string refusal;
    auto view = viewModel(source, refusal);
    if (!view)
      return view.takeError();
    if (llvm::Error error = *wantsDot ? draw(picture(*view)) : llvm::Error::success())
      return error;
    if (!*wantsDot)
      fputs(summary(*view).c_str(), stdout);
    return refusal.empty() ? llvm::Error::success() : llvm::createStringError("%s", refusal.c_str());
  }

  llvm::Error draw(const std::string &text) {
    if (dot.empty()) {
      fputs(text.c_str(), stdout);
      return llvm::Error::success();
    }
    codegen::Staging staging;
    auto temporary = staging.add(dot);
    if (!temporary)
      return temporary.takeError();
    std::error_code failed;
    llvm::raw_fd_ostream stream(*temporary, failed);
    stream << text;
    stream.close();
    if (failed || stream.has_error()) {
      failed = failed ? failed : stream.error();
      stream.clear_error();
      return llvm::createStringError("cannot write '%s': %s", dot.c_str(), failed.message().c_str());
    }
    return staging.commit();
  }
};

RegisterCommand command(30, [](CLI::App &app) {
  auto state = std::make_shared<InspectCommand>();
  CLI::App *inspect = app.add_subcommand("inspect", "list a model's layers, or what an artefact was made of");
  inspect->footer("Examples:\n"
                  "  kiln inspect lenet5.onnx                   inputs, outputs, a table of layers, what is unsupported\n"
                  "  kiln inspect net.onnx --dim batch=8        with a named dimension fixed\n"
                  "  kiln inspect net.onnx --dot net.dot        a picture of the graph, for graphviz\n"
                  "  kiln inspect lenet5                        an executable or library that kiln made: kernels, plan, sizes");
  inspect->add_option("file", state->source.path, "a model (.onnx, .mlir), or an executable, library or object that kiln made")
      ->required();
  inspect->add_option("--dim", state->source.dims, "size of a named dimension, as batch=8")
      ->type_name("NAME=SIZE")
      ->allow_extra_args(false);
  state->wantsDot =
      inspect->add_option("--dot", state->dot, "write a graphviz picture of the model (to standard output without a file)")
          ->type_name("FILE")
          ->expected(0, 1);
  return std::make_pair(inspect, Run([state] { return state->run(); }));
});
} // namespace
} // namespace kiln::tools
