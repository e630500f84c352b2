#include "frontend/builder/Zoo.h"
#include <map>

namespace kiln::builder {

static std::map<std::string, ZooModel> &models() {
  static std::map<std::string, ZooModel> all;
  return all;
}

RegisterModel::RegisterModel(ZooModel model) {
  std::string name = model.name;
  models().emplace(std::move(name), std::move(model));
}

std::vector<const ZooModel *> zoo() {
  std::vector<const ZooModel *> all;
  for (const auto &[name, model] : models())
    all.push_back(&model);
  return all;
}

const ZooModel *findInZoo(const std::string &name) {
  auto found = models().find(name);
  return found == models().end() ? nullptr : &found->second;
}

Optimizer optimizerNamed(const std::string &name) {
  Optimizer optimizer;
  optimizer.name = name;
  return optimizer;
}

Loss lossNamed(const std::string &name) {
  Loss loss;
  loss.name = name;
  return loss;
}

} // namespace kiln::builder
