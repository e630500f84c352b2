//===- Activations.h - activations, layers of one input ---------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_ACTIVATIONS_H
#define KILN_FRONTEND_BUILDER_ACTIVATIONS_H
#include "frontend/builder/Model.h"

namespace kiln::builder {

Layer linear();
Layer step(); ///< 1 where x >= 0, else 0; no derivative
Layer sigmoid();
Layer tanh();
Layer relu();                        ///< its derivative at 0 is 0
Layer leakyRelu(double slope = 0.01);
Layer prelu(double slope = 0.25);    ///< the slope is trained, one for each channel (dimension 1)
Layer elu(double alpha = 1);
Layer selu();
Layer softplus();
Layer gelu();                        ///< x * Phi(x), by erf
Layer silu();
Layer maxout(int64_t pieces);        ///< the largest of each `pieces` neighbours along the last dimension
Layer softmax();                     ///< along the last dimension

} // namespace kiln::builder

#endif
