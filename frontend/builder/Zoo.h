//===- Zoo.h - models that kiln brings along --------------------------------------------------------------------===//
//
// An entry registers itself: a file in zoo/ with a RegisterModel, and there is no list.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_ZOO_H
#define KILN_FRONTEND_BUILDER_ZOO_H
#include "frontend/builder/Loss.h"
#include "frontend/builder/Model.h"
#include "frontend/builder/Optimizer.h"
#include <functional>

namespace kiln::builder {

struct ZooModel {
  std::string name, summary;
  std::function<Model()> build;
  // How it is trained unless something else is asked for.
  Loss loss;
  Optimizer optimizer;
  double rate = 0.001;
  int64_t batch = 64, epochs = 10;
};

struct RegisterModel {
  explicit RegisterModel(ZooModel model);
};

std::vector<const ZooModel *> zoo(); ///< by name
const ZooModel *findInZoo(const std::string &name);
Optimizer optimizerNamed(const std::string &name);
Loss lossNamed(const std::string &name);

} // namespace kiln::builder

#endif
