#include "compiler/tools/TrainingChoices.h"
#include "compiler/tools/Build.h"
#include "frontend/builder/Checkpoint.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>

namespace kiln::tools {

void TrainingChoices::declare(CLI::App &command) {
  lossGiven = command.add_option("--loss", loss, "what is made small (default: of a zoo model its own, else cross_entropy)")
                  ->check(CLI::IsMember(builder::lossNames()));
  optimizerGiven = command.add_option("--optimizer", optimizer, "how (default: of a zoo model its own, else adam)")
                       ->check(CLI::IsMember(builder::optimizerNames()));
  constexpr double any = 1e30, most = 9e15;
  numbers = {{"batch", &batch, 1, 1 << 24, true, "rows of a step (default: of a zoo model its own, else 64)"},
             {"seed", &seed, 0, most, true, "of first values, order, dropout and augmentation (default: 0)"},
             {"accumulate", &accumulate, 1, 1 << 24, true, "batches whose gradients make one update (default: 1)"},
             {"smoothing", &smoothing, 0, 1, false, "labels: this part of the target goes to all classes evenly (default: 0)"},
             {"huber-delta", &delta, 0, any, false, "huber: where the square ends (default: 1)"},
             {"momentum", &momentum, 0, 1, false, "momentum, nesterov (default: 0.9)"},
             {"rms-decay", &rmsDecay, 0, 1, false, "rmsprop (default: 0.99)"},
             {"beta1", &beta1, 0, 1, false, "adam, adamw (default: 0.9)"},
             {"beta2", &beta2, 0, 1, false, "adam, adamw (default: 0.999)"},
             {"epsilon", &epsilon, 0, any, false, "adagrad, rmsprop, adam, adamw (default: as PyTorch)"},
             {"weight-decay", &weightDecay, 0, any, false, "L2 (default: 0; adamw: 0.01)"},
             {"l1", &l1, 0, any, false, "L1 (default: 0)"},
             {"clip-value", &clipValue, 0, any, false, "no element of the gradient is larger (default: 0, no bound)"},
             {"clip-norm", &clipNorm, 0, any, false, "the gradient's norm is no larger (default: 0, no bound)"}};
  for (Number &number : numbers) {
    CLI::Validator fits(
        [&number](std::string &text) {
          char *end = nullptr;
          double given = std::strtod(text.c_str(), &end);
          return end == text.c_str() || *end ? "expected a number, found '" + text + "'" : number.fault(given);
        },
        "");
    number.option = command.add_option(std::string("--") + number.name, *number.value, number.meaning)
                        ->type_name(number.whole ? "N" : "X")
                        ->check(fits);
  }
  command.add_flag("--probabilities", probabilities, "the model's result is probabilities, though no softmax or sigmoid is seen");
  command.add_flag("--decay-matrices-only", matricesOnly, "weight decay spares biases and the scales of norms");
  command.add_option("--recipe", recipeFile, "read options from a JSON file; those on the command line win")
      ->check(CLI::ExistingFile);
}

std::string TrainingChoices::Number::fault(double given) const {
  if (given >= least && given <= most && (!whole || given == std::floor(given)))
    return "";
  char text[128];
  snprintf(text, sizeof text, "expected a %s from %.15g to %.15g, found %.15g", whole ? "whole number" : "number", least, most,
           given);
  return text;
}

const llvm::json::Value *TrainingChoices::fromFile(llvm::StringRef key, const CLI::Option *given) const {
  return *given ? nullptr : file.get(key);
}

llvm::Error TrainingChoices::readRecipe() {
  if (recipeFile.empty())
    return llvm::Error::success();
  auto bytes = llvm::MemoryBuffer::getFile(recipeFile);
  if (!bytes)
    return llvm::createStringError("cannot read '%s': %s", recipeFile.c_str(), bytes.getError().message().c_str());
  auto parsed = llvm::json::parse((*bytes)->getBuffer());
  if (!parsed)
    return llvm::createStringError("%s: expected JSON: %s", recipeFile.c_str(), llvm::toString(parsed.takeError()).c_str());
  if (!parsed->getAsObject())
    return llvm::createStringError("%s: expected a JSON object of options", recipeFile.c_str());
  file = std::move(*parsed->getAsObject());
  auto wrong = [&](llvm::StringRef key, const char *expected) {
    return llvm::createStringError("%s: %s: expected %s", recipeFile.c_str(), key.str().c_str(), expected);
  };
  for (Number &number : numbers)
    if (const llvm::json::Value *value = fromFile(number.name, number.option)) {
      auto given = value->getAsNumber();
      std::string fault = given ? number.fault(*given) : "expected a number";
      if (!fault.empty())
        return llvm::createStringError("%s: %s: %s", recipeFile.c_str(), number.name, fault.c_str());
      *number.value = *given;
    }
  for (auto [key, option, text, names] : {std::tuple("loss", lossGiven, &loss, builder::lossNames()),
                                          std::tuple("optimizer", optimizerGiven, &optimizer, builder::optimizerNames())})
    if (const llvm::json::Value *value = fromFile(key, option)) {
      auto given = value->getAsString();
      if (!given || !llvm::is_contained(names, *given))
        return wrong(key, ("one of " + llvm::join(names, ", ")).c_str());
      *text = given->str();
    }
  for (auto [key, flag] : {std::pair("probabilities", &probabilities), std::pair("decay-matrices-only", &matricesOnly)})
    if (const llvm::json::Value *value = file.get(key)) {
      if (!value->getAsBoolean())
        return wrong(key, "true or false");
      *flag |= *value->getAsBoolean();
    }
  return llvm::Error::success();
}

llvm::Error TrainingChoices::settle(Source &source) {
  if (llvm::Error error = readRecipe())
    return error;
  llvm::StringRef path = source.path;
  model = path.starts_with("zoo:") ? path.str() : path.rsplit('/').second.empty() ? path.str() : path.rsplit('/').second.str();
  name = path.starts_with("zoo:") ? path.drop_front(4).str() : modelName(source.path);
  if (path.consume_front("zoo:")) {
    entry = builder::findInZoo(path.str());
    if (!entry)
      return llvm::createStringError("there is no model 'zoo:%s'; kiln zoo lists them", path.str().c_str());
  }
  source.training = true;
  batchGiven = batch != 0;
  if (!batchGiven)
    batch = entry ? static_cast<double>(entry->batch) : 64;
  if (path.ends_with(".safetensors")) {
    auto texts = builder::readScaled(source.path);
    if (!texts)
      return texts.takeError();
    if (!(*texts)[0].empty() && !(*texts)[1].empty()) {
      checkpoint = source.path;
      scaled = std::move(*texts);
      source.dims.push_back("batch=" + std::to_string(static_cast<int64_t>(batch)));
    }
  }
  if (entry)
    options.loss = entry->loss;
  if (!loss.empty())
    options.loss = builder::lossNamed(loss);
  options.loss.smoothing = std::max(options.loss.smoothing, smoothing);
  options.loss.delta = delta;
  options.loss.probabilities |= probabilities;
  if (entry)
    options.optimizer = entry->optimizer;
  if (!optimizer.empty())
    options.optimizer = builder::optimizerNamed(optimizer);
  builder::Optimizer &how = options.optimizer;
  for (auto [name, to] : {std::pair("momentum", &how.momentum), std::pair("rms-decay", &how.decay), std::pair("beta1", &how.beta1),
                          std::pair("beta2", &how.beta2), std::pair("l1", &how.l1), std::pair("clip-value", &how.clipValue),
                          std::pair("clip-norm", &how.clipNorm)})
    for (const Number &number : numbers)
      if (llvm::StringRef(number.name) == name && (*number.option || file.get(name)))
        *to = *number.value;
  if (epsilon >= 0)
    how.epsilon = epsilon;
  if (weightDecay >= 0)
    how.weightDecay = weightDecay;
  how.decayVectors &= !matricesOnly;
  options.accumulate = static_cast<int64_t>(accumulate);
  return llvm::Error::success();
}

llvm::Expected<builder::TrainingGraphs> TrainingChoices::graphs(Loaded &loaded, bool unseen) {
  builder::TrainingOptions asked = options;
  asked.largest = unseen;
  // Predictions of a step are for its metrics; large ones (a language model's) cost more than they tell.
  auto result = loaded.module->lookupSymbol<mlir::func::FuncOp>("main").getResultTypes()[0];
  asked.prediction = mlir::cast<mlir::ShapedType>(result).getNumElements() <= 1 << 16;
  int64_t rows = static_cast<int64_t>(batch);
  auto graphs = entry ? builder::buildTraining(entry->build(), rows, static_cast<uint64_t>(seed), asked, *loaded.context)
                      : builder::buildTraining(std::move(static_cast<WeightedModule &>(loaded)), asked);
  if (!graphs)
    return graphs;
  threshold = graphs->threshold;
  if (batchGiven && graphs->batch != rows)
    return llvm::createStringError(
        "--batch %lld: the graph of '%s' is for a batch of %lld; where that is a named dimension, --dim NAME=%lld sets it",
        static_cast<long long>(rows), model.c_str(), static_cast<long long>(graphs->batch), static_cast<long long>(rows));
  batch = static_cast<double>(graphs->batch);
  // What the checkpoint carries answers one question at a time, unless the model's file says otherwise; and it can have any batch.
  for (int64_t count : {1, 2, 3})
    if (entry) {
      auto made = builder::buildInference(entry->build(), count, static_cast<uint64_t>(seed), *loaded.context);
      if (!made)
        return made.takeError();
      if (count == 1)
        graphs->inference.module = std::move(made->module);
      else
        graphs->scaled[static_cast<size_t>(count - 2)] = builder::graphText(*made->module);
    }
  if (!checkpoint.empty()) {
    auto as = builder::readCheckpoint(checkpoint, *loaded.context);
    if (!as)
      return as.takeError();
    graphs->inference.module = std::move(as->module);
    graphs->scaled = scaled;
  }
  return graphs;
}

std::string TrainingChoices::recipe() const {
  const builder::Optimizer &how = options.optimizer;
  llvm::json::Object all{{"model", model},
                         {"loss", options.loss.name},
                         {"optimizer", how.name},
                         {"batch", static_cast<int64_t>(batch)},
                         {"seed", static_cast<int64_t>(seed)},
                         {"accumulate", options.accumulate},
                         {"smoothing", options.loss.smoothing},
                         {"huber-delta", options.loss.delta},
                         {"momentum", how.momentum},
                         {"rms-decay", how.decay},
                         {"beta1", how.beta1},
                         {"beta2", how.beta2},
                         {"l1", how.l1},
                         {"clip-value", how.clipValue},
                         {"clip-norm", how.clipNorm},
                         {"probabilities", options.loss.probabilities},
                         {"decay-matrices-only", !how.decayVectors},
                         {"rate", entry && optimizer.empty() ? entry->rate : builder::usualRate(how)}};
  if (how.epsilon)
    all["epsilon"] = *how.epsilon;
  if (how.weightDecay)
    all["weight-decay"] = *how.weightDecay;
  if (entry)
    all["epochs"] = entry->epochs;
  if (threshold != 0.5)
    all["threshold"] = threshold;
  return llvm::formatv("{0}", llvm::json::Value(std::move(all))).str();
}
} // namespace kiln::tools
