//===- Spatial.h - what convolutions and pools have in common: windows over a picture --------------------------===//
//
// In: the attributes kernel_shape, strides, dilations, pads, auto_pad, ceil_mode of a node, and its picture. Out: one entry per spatial
// dimension, everything checked, padding settled.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_SPATIAL_H
#define KILN_FRONTEND_ONNX_SPATIAL_H
#include "frontend/onnx/Rule.h"

namespace kiln::onnx {

struct Spatial {
  Shape kernel, strides, dilations, low, high;
  Shape added; ///< of `high`: what ceil_mode makes windows reach beyond the padding

  size_t rank() const { return kernel.size(); }
};

/// `kernel`: the sizes that the weights say; empty where only the attribute does.
Spatial readSpatial(Call &call, Shape kernel);

/// "zyx" and its last letters: one letter per spatial dimension. Refuses more than four.
std::string spatialLetters(const Call &call, size_t rank);

/// An attribute of one positive number per spatial dimension, ones when absent.
Shape perDimension(Call &call, const char *name, size_t rank, int64_t least);

} // namespace kiln::onnx

#endif
