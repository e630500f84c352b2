//===- Optimizer.h - how a step changes the parameters ---------------------------------------------------------===//
//
// PyTorch's formulas, on one flat region. g: gradient, r: the rate (an input of every step), t: the step, from 1.
//
//   sgd       p -= r g
//   momentum  v = m v + g; p -= r v
//   nesterov  v = m v + g; p -= r (g + m v)
//   adagrad   v += g^2; p -= r g / (sqrt(v) + e)
//   rmsprop   v = a v + (1 - a) g^2; p -= r g / (sqrt(v) + e)
//   adam      u = b1 u + (1 - b1) g; v = b2 v + (1 - b2) g^2; p -= r / (1 - b1^t) u / (sqrt(v) / sqrt(1 - b2^t) + e)
//   adamw     p *= 1 - r d, then adam
//
// Weight decay d is PyTorch's: g += d p before all else (adamw: as said); l1: g += l1 sign(p). As in PyTorch and Keras both act on every
// parameter, unless `decayVectors` is false: then parameters of fewer than two dimensions (biases, scales of norms) are left out. Clipping
// comes first, by value and then by the norm of the whole gradient: g *= min(1, n / (|g| + 1e-6)).
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_OPTIMIZER_H
#define KILN_FRONTEND_BUILDER_OPTIMIZER_H
#include <optional>
#include <string>
#include <vector>

namespace kiln::builder {

struct Optimizer {
  std::string name = "adam";
  double momentum = 0.9; ///< m
  double decay = 0.99; ///< a of rmsprop
  double beta1 = 0.9, beta2 = 0.999;
  std::optional<double> epsilon; ///< e; else 1e-8, adagrad 1e-10
  std::optional<double> weightDecay; ///< d; else 0, adamw 0.01
  double l1 = 0;
  bool decayVectors = true;
  double clipValue = 0, clipNorm = 0; ///< 0: none
};

std::vector<std::string> optimizerNames();
double usualRate(const Optimizer &optimizer); ///< what PyTorch takes when none is given; 0.01 for those of sgd

} // namespace kiln::builder

#endif
