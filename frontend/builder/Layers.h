//===- Layers.h - the layers of a description ------------------------------------------------------------------===//
//
// Each class is a layer's options, set by methods of their names, and becomes a Layer where one is expected or is called:
//   net.add(Conv2D(8, 3).padding(Padding::Same).activation(relu()));   Tensor y = Dense(10)(x);
// Pictures are [batch, channels, height, width], sequences [batch, length, features]. Defaults are Keras's: Glorot-uniform weights, zero
// biases. Weights: Dense [inputs, units]; Conv2D [filters, channels / groups, height, width]; recurrent [inputs, gates * units].
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_LAYERS_H
#define KILN_FRONTEND_BUILDER_LAYERS_H
#include "frontend/builder/Activations.h"
#include "frontend/builder/Initializer.h"
#include "frontend/builder/Model.h"
#include <optional>

namespace kiln::builder {

/// An option: a field, and the method that sets it.
#define KILN_OPTION(type, option, initial)                                                                                         \
  auto &option(const type &value) {                                                                                                \
    option##_ = value;                                                                                                             \
    return *this;                                                                                                                  \
  }                                                                                                                                \
  type option##_ = initial;
/// The name of the layer, and its call.
#define KILN_LAYER(type)                                                                                                           \
  KILN_OPTION(std::string, name, "")                                                                                               \
  operator Layer() const;                                                                                                          \
  Tensor operator()(const Tensor &x) const { return Layer(*this)(x); }

struct Pair {
  Pair(int64_t both) : y(both), x(both) {}
  Pair(int64_t y, int64_t x) : y(y), x(x) {}
  int64_t y, x;
};
enum class Padding {
  Valid,
  Same
}; ///< Same: as many results as inputs divided by the stride, rounded up; the odd one below and right
/// On each side, in front and behind.
struct Borders {
  Borders(Pair each) : low(each), high(each) {}
  Borders(Pair low, Pair high) : low(low), high(high) {}
  Pair low, high;
};

//===- products -===//

/// Along the last dimension.
struct Dense {
  explicit Dense(int64_t units) : units(units) {}
  int64_t units;
  KILN_OPTION(Layer, activation, linear())
  KILN_OPTION(bool, bias, true)
  KILN_OPTION(Initializer, weights, Initializer::glorotUniform())
  KILN_OPTION(Initializer, biases, Initializer::zeros())
  KILN_LAYER(Dense)
};
struct Conv2D {
  Conv2D(int64_t filters, Pair kernel) : filters(filters), kernel(kernel) {}
  int64_t filters;
  Pair kernel;
  KILN_OPTION(Pair, strides, 1)
  KILN_OPTION(Pair, dilation, 1)
  KILN_OPTION(int64_t, groups, 1)
  KILN_OPTION(Padding, padding, Padding::Valid)
  KILN_OPTION(std::optional<Borders>, borders, std::nullopt) ///< explicit padding, in place of `padding`
  KILN_OPTION(Layer, activation, linear())
  KILN_OPTION(bool, bias, true)
  KILN_OPTION(Initializer, weights, Initializer::glorotUniform())
  KILN_OPTION(Initializer, biases, Initializer::zeros())
  KILN_LAYER(Conv2D)
};
/// A number per token; i64 inputs.
struct Embedding {
  Embedding(int64_t tokens, int64_t features) : tokens(tokens), features(features) {}
  int64_t tokens, features;
  KILN_OPTION(Initializer, weights, Initializer::uniform(0.05))
  KILN_LAYER(Embedding)
};
/// Adds a trained vector per position.
struct PositionalEmbedding {
  KILN_OPTION(Initializer, weights, Initializer::normal(0.02))
  KILN_LAYER(PositionalEmbedding)
};

//===- pools -===//

struct Pool2D {
  enum class Kind { Max, Average, Norm };
  Pool2D(Kind kind, Pair window) : kind(kind), window(window), strides_(window) {}
  Kind kind;
  Pair window;
  Pool2D &strides(Pair value) { ///< default: the window
    strides_ = value;
    return *this;
  }
  Pair strides_;
  KILN_OPTION(Padding, padding, Padding::Valid)
  KILN_OPTION(std::optional<Borders>, borders, std::nullopt)
  KILN_OPTION(double, power, 2) ///< of Norm: (sum of |x|^p)^(1/p)
  KILN_LAYER(Pool2D)
};
inline Pool2D MaxPool2D(Pair window) { return Pool2D(Pool2D::Kind::Max, window); }
inline Pool2D AveragePool2D(Pair window) { return Pool2D(Pool2D::Kind::Average, window); } ///< padding is not counted
inline Pool2D NormPool2D(Pair window) { return Pool2D(Pool2D::Kind::Norm, window); }
Layer globalAveragePool(); ///< [batch, channels]
Layer globalMaxPool();

//===- norms and noise -===//

/// Over all but dimension 1. In training by the batch's own statistics, while the running ones follow: running += momentum * (batch -
/// running), the variance unbiased, as PyTorch does.
struct BatchNorm {
  KILN_OPTION(double, momentum, 0.1)
  KILN_OPTION(double, epsilon, 1e-5)
  KILN_LAYER(BatchNorm)
};
/// Over the last dimension.
struct LayerNorm {
  KILN_OPTION(double, epsilon, 1e-5)
  KILN_LAYER(LayerNorm)
};
Layer dropout(double rate); ///< in training: 0 with that probability, else x / (1 - rate)
Layer randomFlip(); ///< in training: half of the pictures mirrored, left and right
Layer randomShift(
    int64_t most); ///< in training: each picture moved by up to `most` both ways; zeros come in. (Crop after padding.)
Layer randomCrop(int64_t y, int64_t x); ///< a part of that size: anywhere in training, the middle otherwise

//===- sequences -===//

/// Unrolled over the length, trained through time.
struct Recurrent {
  enum class Kind { Simple, LSTM, GRU };
  Recurrent(Kind kind, int64_t units) : kind(kind), units(units) {}
  Kind kind;
  int64_t units;
  KILN_OPTION(bool, sequences, false) ///< the state after every step, not after the last alone
  KILN_OPTION(Initializer, weights, Initializer::glorotUniform())
  KILN_OPTION(Initializer, recurrent, Initializer::glorotUniform())
  KILN_LAYER(Recurrent)
};
/// tanh(x W + h U + b).
inline Recurrent SimpleRNN(int64_t units) { return Recurrent(Recurrent::Kind::Simple, units); }
/// Gates in the order input, forget, cell, output (Keras); the forget gate's bias starts at 1.
inline Recurrent LSTM(int64_t units) { return Recurrent(Recurrent::Kind::LSTM, units); }
/// Gates in the order update, reset, candidate (Keras, reset_after): candidate = tanh(x W + b + r * (h U + c)).
inline Recurrent GRU(int64_t units) { return Recurrent(Recurrent::Kind::GRU, units); }

/// softmax(q k' / sqrt(size)) v over heads of features / heads each; weights of q, k and v side by side.
struct MultiHeadAttention {
  explicit MultiHeadAttention(int64_t heads) : heads(heads) {}
  int64_t heads;
  KILN_OPTION(bool, causal, false)
  KILN_OPTION(bool, bias, true)
  KILN_OPTION(Initializer, weights, Initializer::glorotUniform())
  KILN_LAYER(MultiHeadAttention)
};

//===- shapes and joins -===//

Layer flatten();
Layer reshape(std::vector<int64_t> shape); ///< without the batch; one size may be -1
Tensor add(const std::vector<Tensor> &values);
Tensor concat(const std::vector<Tensor> &values, int64_t axis = 1); ///< axis 0 is the batch

#undef KILN_LAYER
#undef KILN_OPTION

} // namespace kiln::builder

#endif
