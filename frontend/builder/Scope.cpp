#include "frontend/builder/Scope.h"
#include <set>

using namespace mlir;

namespace kiln::builder {

int64_t Parameter::count() const {
  int64_t product = 1;
  for (int64_t size : shape)
    product *= size;
  return product;
}

Layer layer(std::string kind, std::string name, std::function<Value(Scope &, const Inputs &)> write) {
  return Layer(std::make_shared<LayerBody>(LayerBody{std::move(kind), std::move(write), std::move(name)}));
}

Tensor Layer::operator()(const std::vector<Tensor> &inputs) const {
  Node node;
  node.layer = body;
  for (const Tensor &each : inputs)
    node.from.push_back(each.node);
  return Tensor(std::make_shared<Node>(std::move(node)));
}

Tensor input(std::string name, std::vector<int64_t> shape, Element element) {
  Node node;
  node.name = std::move(name);
  node.element = element;
  node.shape = std::move(shape);
  return Tensor(std::make_shared<Node>(std::move(node)));
}

Value Scope::parameter(const std::string &name, Shape shape, const Initializer &initial, Fans fans) {
  checkElements(shape);
  return store.parameter({prefix + name, std::move(shape), initial, fans});
}

Value Scope::statistic(const std::string &name, Shape shape, double initial) {
  checkElements(shape);
  return store.statistic({prefix + name, std::move(shape), Initializer::constant(initial), {}});
}

Value Scope::random(Sizes shape) { return b.random(values->key, streams++, shape); }

Value Scope::inside(const std::string &name, llvm::function_ref<Value()> write) {
  size_t before = prefix.size();
  prefix += name + ".";
  Value result = write();
  prefix.resize(before);
  return result;
}

Value Scope::apply(const Layer &inner, const Inputs &x) {
  const LayerBody &body = *inner.body;
  return inside(body.name.empty() ? body.kind : body.name, [&] { return body.write(*this, x); });
}

namespace {
/// Walks a description from its result; every node and every layer's name once.
class Walk {
public:
  Walk(const Model &model, Scope &scope, const Inputs &inputs) : model(model), scope(scope) {
    for (size_t i = 0; i < inputs.size(); ++i)
      values[model.inputs[i].node.get()] = inputs[i];
  }

  Value valueOf(const Node *node) {
    auto [at, isNew] = values.try_emplace(node);
    if (!isNew)
      return at->second;
    if (!node->layer)
      throw BuildError{"model '" + model.name + "' uses the input '" + node->name + "', which is none of its inputs"};
    Inputs inputs;
    for (const auto &each : node->from)
      inputs.push_back(valueOf(each.get()));
    std::string name = nameOf(node->layer.get());
    scope.b.at(NameLoc::get(StringAttr::get(scope.b.context(), name)));
    try {
      return values[node] = scope.inside(name, [&] { return node->layer->write(scope, inputs); });
    } catch (const BuildError &error) {
      throw BuildError{"layer '" + name + "': " + error.message};
    }
  }

private:
  std::string nameOf(const LayerBody *body) {
    auto [at, isNew] = names.try_emplace(body);
    if (!isNew)
      return at->second;
    std::string wanted = body->name.empty() ? body->kind : body->name, name = wanted;
    for (int i = 1; !taken.insert(name).second; ++i) {
      if (!body->name.empty())
        throw BuildError{"two layers of model '" + model.name + "' are called '" + name + "'"};
      name = wanted + "_" + std::to_string(i);
    }
    return at->second = name;
  }

  const Model &model;
  Scope &scope;
  std::map<const Node *, Value> values;
  std::map<const LayerBody *, std::string> names;
  std::set<std::string> taken;
};
} // namespace

Value write(const Model &model, Scope &scope, const Inputs &inputs) {
  return Walk(model, scope, inputs).valueOf(model.result.node.get());
}

} // namespace kiln::builder
