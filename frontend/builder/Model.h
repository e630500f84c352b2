//===- Model.h - a model as a description ----------------------------------------------------------------------===//
//
// Layers applied to tensors make a graph of plain objects; nothing is computed. The description is instantiated as often as one likes: as an
// inference graph (Instantiate.h), as training graphs (Training.h). Shapes leave the batch out.
//
//   Sequential net("digits", input("image", {28, 28}));
//   net.add(flatten()).add(Dense(128).activation(relu())).add(Dense(10).activation(softmax()));
//
//   Tensor image = input("image", {1, 28, 28}), x = Conv2D(8, 3).padding(Padding::Same)(image);
//   Model residual("residual", {image}, Dense(10)(flatten()(add({x, Conv2D(8, 3).padding(Padding::Same)(x)}))));
//
// A layer that is applied twice shares its parameters: Layer shared = Dense(8); add({shared(x), shared(y)}).
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_MODEL_H
#define KILN_FRONTEND_BUILDER_MODEL_H
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kiln::builder {

struct LayerBody; ///< Scope.h: for those who write layers
struct Node;

enum class Element { F32, I64 };

/// A value of the description: an input, or a layer applied to others.
class Tensor {
public:
  explicit Tensor(std::shared_ptr<const Node> node) : node(std::move(node)) {}
  std::shared_ptr<const Node> node;
};

class Layer {
public:
  explicit Layer(std::shared_ptr<const LayerBody> body) : body(std::move(body)) {}
  Tensor operator()(const Tensor &x) const { return (*this)(std::vector<Tensor>{x}); }
  Tensor operator()(const std::vector<Tensor> &inputs) const;
  std::shared_ptr<const LayerBody> body;
};

struct Node {
  std::string name; ///< of an input
  Element element = Element::F32;
  std::vector<int64_t> shape; ///< of an input, without the batch
  std::shared_ptr<const LayerBody> layer; ///< null for an input
  std::vector<std::shared_ptr<const Node>> from; ///< the layer's inputs
};

Tensor input(std::string name, std::vector<int64_t> shape, Element element = Element::F32);

struct Model {
  /// `output` is the name of the result.
  Model(std::string name, std::vector<Tensor> inputs, Tensor result, std::string output = "output")
      : name(std::move(name)), inputs(std::move(inputs)), result(std::move(result)), output(std::move(output)) {}
  std::string name;
  std::vector<Tensor> inputs;
  Tensor result;
  std::string output;
};

/// Layers one after the other.
class Sequential {
public:
  Sequential(std::string name, const Tensor &input, std::string output = "output")
      : name(std::move(name)), first(input), last(input), output(std::move(output)) {}
  Sequential &add(const Layer &layer) {
    last = layer(last);
    return *this;
  }
  operator Model() const { return Model(name, {first}, last, output); }

private:
  std::string name;
  Tensor first, last;
  std::string output;
};

} // namespace kiln::builder

#endif
