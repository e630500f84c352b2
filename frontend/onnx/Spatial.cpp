//===- Spatial.cpp - see Spatial.h -----------------------------------------------------------------------------===//
#include "frontend/onnx/Spatial.h"
#include "frontend/onnx/Fault.h"

using namespace mlir;

namespace kiln::onnx {

std::string spatialLetters(const Call &call, size_t rank) {
  if (rank < 1 || rank > 4)
    call.refuse("it has " + std::to_string(rank) + " spatial dimensions, expected 1 to 4");
  return std::string("wzyx").substr(4 - rank);
}

Shape perDimension(Call &call, const char *name, size_t rank, int64_t least) {
  Shape values = call.integers(name).value_or(Shape(rank, 1));
  if (values.size() != rank)
    call.refuse("its attribute " + quoted(name) + " is " + sizesText(values) + ", expected " + std::to_string(rank) + " numbers");
  for (int64_t value : values)
    if (value < least || value > INT32_MAX)
      call.refuse("its attribute " + quoted(name) + " is " + sizesText(values) + ", expected numbers of at least " +
                  std::to_string(least));
  return values;
}

Spatial readSpatial(Call &call, Shape kernel) {
  Spatial s;
  int64_t rank = rankOf(call.in(0)) - 2;
  if (rank < 1)
    call.refuse("its input is " + shapeText(call.in(0)) + ", expected a batch, channels and a picture");
  auto given = call.integers("kernel_shape");
  if (!given && kernel.empty())
    call.refuse("its attribute 'kernel_shape' is missing");
  s.kernel = given ? perDimension(call, "kernel_shape", rank, 1) : kernel;
  if (!kernel.empty() && s.kernel != kernel)
    call.refuse("its kernel_shape is " + sizesText(s.kernel) + ", but its weights are " + shapeText(call.in(1)));
  s.strides = perDimension(call, "strides", rank, 1);
  s.dilations = perDimension(call, "dilations", rank, 1);
  s.low.assign(rank, 0);
  s.high.assign(rank, 0);
  s.added.assign(rank, 0);
  std::string automatic = call.text("auto_pad", "NOTSET");
  auto pads = call.integers("pads");
  bool ceil = call.integer("ceil_mode", 0);
  if (automatic != "NOTSET" && automatic != "VALID" && automatic != "SAME_UPPER" && automatic != "SAME_LOWER")
    call.refuse("its auto_pad is " + quoted(automatic) + ", expected NOTSET, VALID, SAME_UPPER or SAME_LOWER");
  if (automatic == "NOTSET" && pads) {
    if (static_cast<int64_t>(pads->size()) != 2 * rank)
      call.refuse("its pads are " + sizesText(*pads) + ", expected " + std::to_string(2 * rank) + " numbers");
    for (int64_t each : *pads)
      if (each < 0 || each > INT32_MAX)
        call.refuse("its pads are " + sizesText(*pads) + ", expected no negative and no absurd number");
    s.low.assign(pads->begin(), pads->begin() + rank);
    s.high.assign(pads->begin() + rank, pads->end());
  }
  Sizes picture = sizesOf(call.in(0)).drop_front(2);
  for (int64_t i = 0; i < rank; ++i) {
    int64_t reach = (s.kernel[i] - 1) * s.dilations[i] + 1;
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      int64_t outputs = (picture[i] + s.strides[i] - 1) / s.strides[i];
      int64_t total = std::max<int64_t>((outputs - 1) * s.strides[i] + reach - picture[i], 0);
      s.low[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      s.high[i] = total - s.low[i];
    }
    int64_t room = picture[i] + s.low[i] + s.high[i] - reach, rest = room < 0 ? 0 : room % s.strides[i];
    if (!ceil || rest == 0)
      continue;
    // One more window, unless it would begin in the padding behind the picture.
    int64_t last = (room / s.strides[i] + 1) * s.strides[i];
    if (last < picture[i] + s.low[i])
      s.added[i] = s.strides[i] - rest;
    s.high[i] += s.added[i];
  }
  return s;
}

} // namespace kiln::onnx
