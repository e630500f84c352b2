// kiln zoo: the models that kiln brings along.
#include "frontend/builder/Zoo.h"
#include "compiler/tools/Command.h"
#include "compiler/tools/Table.h"
#include "frontend/builder/Training.h"
#include "mlir/IR/MLIRContext.h"

namespace kiln::tools {
namespace {
llvm::Error list() {
  Table table({"model", "input", "loss", "optimizer", "about", "parameters"}, 5);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  for (const builder::ZooModel *each : builder::zoo()) {
    builder::Model model = each->build();
    std::string inputs;
    for (const builder::Tensor &input : model.inputs) {
      inputs += (inputs.empty() ? "" : ", ") + input.node->name + " ";
      for (size_t i = 0; i < input.node->shape.size(); ++i)
        inputs += (i ? "x" : "") + std::to_string(input.node->shape[i]);
    }
    builder::TrainingOptions options;
    options.loss = each->loss;
    options.optimizer = each->optimizer;
    auto graphs = builder::buildTraining(model, 1, 0, options, context);
    if (!graphs)
      return graphs.takeError();
    int64_t parameters = 0;
    for (const builder::Part &part : graphs->parameters)
      parameters += part.count;
    table.add({"zoo:" + each->name, inputs, each->loss.name, each->optimizer.name, each->summary, grouped(parameters)});
  }
  fputs(table.print().c_str(), stdout);
  return llvm::Error::success();
}

RegisterCommand command(60, [](CLI::App &app) {
  CLI::App *zoo = app.add_subcommand("zoo", "list the models that kiln brings along");
  zoo->footer("Examples:\n"
              "  kiln zoo                                what there is\n"
              "  kiln inspect zoo:lenet5                 layers and parameters of one\n"
              "  kiln compile zoo:lenet5 --dim batch=8   it takes the place of a file everywhere");
  return std::make_pair(zoo, Run(list));
});
} // namespace
} // namespace kiln::tools
