//===- Windows.h - windows over a picture: padding settled, sizes checked --------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_WINDOWS_H
#define KILN_FRONTEND_BUILDER_WINDOWS_H
#include "frontend/builder/GraphBuilder.h"
#include "frontend/builder/Layers.h"

namespace kiln::builder {

/// Two entries each: y and x.
struct PictureWindows {
  Shape kernel, strides, dilation, low, high;
};

void requirePicture(mlir::Value x); ///< floats [batch, channels, height, width]
PictureWindows windowsOf(mlir::Value x, Pair kernel, Pair strides, Pair dilation, Padding padding,
                         const std::optional<Borders> &borders);

} // namespace kiln::builder

#endif
