//===- Augmentation.h - what augmentation layers do to pictures in training ------------------------------------===//
//
// In: [batch, channels, height, width]. Out: each picture changed by numbers of its own, drawn from the scope's next streams.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_AUGMENTATION_H
#define KILN_FRONTEND_BUILDER_AUGMENTATION_H
#include "frontend/builder/Scope.h"

namespace kiln::builder {

mlir::Value flippedAtRandom(Scope &s, mlir::Value x); ///< half of them mirrored, left and right
mlir::Value shiftedAtRandom(Scope &s, mlir::Value x, int64_t most); ///< by up to `most` pixels each way; zeros come in
mlir::Value croppedAtRandom(Scope &s, mlir::Value x, int64_t height, int64_t width); ///< a part of that size from anywhere
void requireShift(mlir::Value x, int64_t most); ///< refuses what makes no sense
void requireCrop(mlir::Value x, int64_t height, int64_t width);

} // namespace kiln::builder

#endif
