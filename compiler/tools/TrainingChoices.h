//===- TrainingChoices.h - what is fixed when a training step is compiled ------------------------------------------------===//
//
// In: options, a recipe file under them, and under that what the model's own entry in the zoo says. Out: the graphs, and the recipe as JSON that
// the trainer carries. What can change from run to run (rate, epochs, data) is the trainer's business.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_TRAININGCHOICES_H
#define KILN_TOOLS_TRAININGCHOICES_H
#include "compiler/tools/Frontend.h"
#include "frontend/builder/Training.h"
#include "frontend/builder/Zoo.h"
#include "llvm/Support/JSON.h"
#include <CLI/CLI.hpp>

namespace kiln::tools {

class TrainingChoices {
public:
  std::string name, recipeFile; ///< name: of the model, as people and C see it

  void declare(CLI::App &command);
  /// Puts the layers together, and sees to it that `source` loads for training.
  llvm::Error settle(Source &source);
  /// `unseen`: the trainer cannot look at the parameters after each step.
  llvm::Expected<builder::TrainingGraphs> graphs(Loaded &loaded, bool unseen);
  std::string recipe() const; ///< of the graphs made last

private:
  struct Number {
    const char *name;
    double *value;
    double least, most;
    bool whole;
    const char *meaning;
    CLI::Option *option = nullptr;
    /// What is wrong with a value, or "".
    std::string fault(double given) const;
  };
  llvm::Error readRecipe();
  /// The value of a key in the recipe file, where the command line does not say.
  const llvm::json::Value *fromFile(llvm::StringRef key, const CLI::Option *given) const;

  std::string loss, optimizer, model;
  CLI::Option *lossGiven = nullptr, *optimizerGiven = nullptr;
  double batch = 0, seed = 0, accumulate = 1;
  double smoothing = 0, delta = 1, momentum = 0.9, rmsDecay = 0.99, beta1 = 0.9, beta2 = 0.999, epsilon = -1, weightDecay = -1,
         l1 = 0, clipValue = 0, clipNorm = 0, threshold = 0.5;
  bool probabilities = false, matricesOnly = false;
  std::vector<Number> numbers;
  llvm::json::Object file;
  const builder::ZooModel *entry = nullptr;
  std::string checkpoint; ///< the model's file, where it is one that can have any batch
  std::array<std::string, 2> scaled; ///< its graphs
  bool batchGiven = false;
  builder::TrainingOptions options;
};
} // namespace kiln::tools
#endif
