//===- Scope.h - where a layer writes its ops ------------------------------------------------------------------===//
//
// For those who write layers. A layer is a function from a Scope and its inputs' values to its result. Through the scope it asks for parameters
// and statistics by name; where they come from (kiln.parameter, slices of one flat region) is the Store's business. In training there is
// also a random key, and one weight for each row of the batch: rows of weight 0 only fill it up.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_SCOPE_H
#define KILN_FRONTEND_BUILDER_SCOPE_H
#include "frontend/builder/GraphBuilder.h"
#include "frontend/builder/Initializer.h"
#include "frontend/builder/Model.h"
#include <functional>
#include <map>

namespace kiln::builder {

struct Parameter {
  std::string name;
  Shape shape;
  Initializer initial = Initializer::zeros();
  Fans fans = {};
  int64_t count() const;
};

/// Gives values for names.
class Store {
public:
  virtual ~Store() = default;
  virtual mlir::Value parameter(const Parameter &parameter) = 0;
  virtual mlir::Value statistic(const Parameter &statistic) = 0;
  virtual void update(const std::string &, mlir::Value) {} ///< what a statistic is after the step
};

/// What only a training graph has.
struct TrainingValues {
  mlir::Value key; ///< i64[2]: seed and step
  mlir::Value weight; ///< f32[batch]
};

class Scope;
using Inputs = std::vector<mlir::Value>;
struct LayerBody {
  std::string kind; ///< "dense": what it is called when it has no name
  std::function<mlir::Value(Scope &, const Inputs &)> write;
  std::string name;
};
Layer layer(std::string kind, std::string name, std::function<mlir::Value(Scope &, const Inputs &)> write);

class Scope {
public:
  Scope(GraphBuilder &builder, Store &store, const TrainingValues *training) : b(builder), store(store), values(training) {}

  GraphBuilder &b;
  bool isTraining() const { return values; }
  mlir::Value parameter(const std::string &name, Shape shape, const Initializer &initial, Fans fans = {});
  mlir::Value statistic(const std::string &name, Shape shape, double initial);
  std::string nameOf(const std::string &statistic) const { return prefix + statistic; } ///< in the graph
  void update(const std::string &statistic, mlir::Value value) { store.update(prefix + statistic, value); }
  mlir::Value random(Sizes shape); ///< f32 in [0, 1), another stream at each call; training only
  mlir::Value rowWeights() const { return values->weight; } ///< training only
  mlir::Value apply(const Layer &inner, const Inputs &x); ///< in a scope of the inner layer's name
  mlir::Value inside(const std::string &name, llvm::function_ref<mlir::Value()> write); ///< parameters' names begin with `name.`
  mlir::Type f32() const { return mlir::Float32Type::get(b.context()); }

private:
  Store &store;
  const TrainingValues *values;
  std::string prefix;
  int64_t streams = 0;
};

/// Writes the model's ops; one value for each of its inputs. Layers without a name are called by their kind and a number.
mlir::Value write(const Model &model, Scope &scope, const Inputs &inputs);

} // namespace kiln::builder

#endif
