//===- Loss.h - what a training makes small --------------------------------------------------------------------===//
//
// A loss is written from a model's result and a target, and has one value per row of the batch. The step's gradient is of the mean over the rows,
// each counted with its weight (`sse`: of the sum). What is averaged within a row is said below; d are the values of a row.
//
//   mse                    mean of (y - t)^2 over d         cross_entropy          -log p[label]; [batch, length, classes]: mean over length
//   sse                    sum of (y - t)^2, summed          cross_entropy_one_hot  -sum of t log p over the last dimension
//   quadratic              1/2 sum of (y - t)^2 over d       binary_cross_entropy   mean over d of -(t log p + (1 - t) log(1 - p))
//   mae                    mean of |y - t|                   hinge                  mean of max(0, 1 - t y), t = -1 or 1
//   huber                  e^2/2, beyond delta               perceptron             (a - t) n with the outputs' step a of n held: its
//                          delta (|e| - delta/2); mean                              gradient is the perceptron rule
//
// Cross-entropies work on logits by log-sum-exp: those behind the softmax or sigmoid that ends the model are found in the graph, else the result
// is taken for logits, unless `probabilities` says that it is not: then its logarithm is taken, clamped to at least 1e-7. Label
// smoothing e moves e of the target evenly to all classes. A label out of range gives NaN.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_LOSS_H
#define KILN_FRONTEND_BUILDER_LOSS_H
#include <string>
#include <vector>

namespace kiln::builder {

struct Loss {
  std::string name = "cross_entropy";
  double smoothing = 0; ///< of cross_entropy and cross_entropy_one_hot
  double delta = 1; ///< of huber
  bool probabilities = false; ///< the result is probabilities even if no softmax or sigmoid is seen
};

std::vector<std::string> lossNames();

} // namespace kiln::builder

#endif
