//===- LossWriter.h - losses as ops; see Loss.h -----------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_LOSSWRITER_H
#define KILN_FRONTEND_BUILDER_LOSSWRITER_H
#include "frontend/builder/GraphBuilder.h"
#include "frontend/builder/Loss.h"

namespace kiln::builder {

/// What the target of such a loss is for a result of this type: labels i64 without the last dimension, or floats of the result's shape.
mlir::RankedTensorType targetOf(const Loss &loss, mlir::RankedTensorType result);
bool isSummed(const Loss &loss); ///< over the rows, not averaged
/// f32[batch].
mlir::Value writeLoss(GraphBuilder &b, const Loss &loss, mlir::Value result, mlir::Value target);
/// Above which a prediction is a yes: 0 of scores (a hinge's, or logits of the binary cross-entropy), else 0.5.
double thresholdOf(const Loss &loss, mlir::Value result);

} // namespace kiln::builder

#endif
