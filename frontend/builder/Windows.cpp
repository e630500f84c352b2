#include "frontend/builder/Windows.h"

using namespace mlir;

namespace kiln::builder {

void requirePicture(Value x) {
  if (rankOf(x) != 4 || !isFloat(x))
    throw BuildError{"its input is " + shapeText(x) + ", expected floats [batch, channels, height, width]"};
}

PictureWindows windowsOf(Value x, Pair kernel, Pair strides, Pair dilation, Padding padding,
                         const std::optional<Borders> &borders) {
  requirePicture(x);
  PictureWindows w{{kernel.y, kernel.x}, {strides.y, strides.x}, {dilation.y, dilation.x}, {0, 0}, {0, 0}};
  for (size_t i = 0; i < 2; ++i)
    if (w.kernel[i] < 1 || w.strides[i] < 1 || w.dilation[i] < 1)
      throw BuildError{"windows, strides and dilations must be positive, found " + sizesText(w.kernel) + ", " +
                       sizesText(w.strides) + " and " + sizesText(w.dilation)};
  if (borders) {
    w.low = {borders->low.y, borders->low.x};
    w.high = {borders->high.y, borders->high.x};
  } else if (padding == Padding::Same) {
    for (size_t i = 0; i < 2; ++i) {
      int64_t size = sizesOf(x)[i + 2], results = (size + w.strides[i] - 1) / w.strides[i];
      int64_t total = std::max<int64_t>((results - 1) * w.strides[i] + (w.kernel[i] - 1) * w.dilation[i] + 1 - size, 0);
      w.low[i] = total / 2;
      w.high[i] = total - w.low[i];
    }
  }
  for (size_t i = 0; i < 2; ++i)
    if (w.low[i] < 0 || w.high[i] < 0)
      throw BuildError{"its padding is " + sizesText(w.low) + " and " + sizesText(w.high) + ", expected no negative numbers"};
  return w;
}

} // namespace kiln::builder
