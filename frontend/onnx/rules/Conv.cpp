//===- Conv.cpp - convolutions: the dialect's window with labels for what is grouped ---------------------------===//
//
// One group: "ncyx,ocyx->noyx". As many groups as channels: "ncyx,cmyx->ncmyx" (m filters a channel; without m where that is 1).
// Groups in between: "ngcyx,gocyx->ngoyx". Reshapes split and merge the channels; they are views.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/onnx/Spatial.h"

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static Shape joined(std::initializer_list<int64_t> front, Sizes back) {
  Shape shape(front);
  shape.insert(shape.end(), back.begin(), back.end());
  return shape;
}

static Value addBias(Call &call, Value y, size_t i) {
  if (!call.has(i))
    return y;
  Value bias = call.in(i);
  if (rankOf(bias) != 1 || sizesOf(bias)[0] != sizesOf(y)[1])
    call.refuse("its bias is " + shapeText(bias) + ", expected one value for each of " + std::to_string(sizesOf(y)[1]) +
                " channels");
  return call.builder.map<AddOp>(y, call.builder.spread(bias, 1, sizesOf(y)));
}

/// x [n, groups*c, ...], w [groups*o, c, ...] -> [n, groups*o, ...].
static Value convolve(Call &call, Value x, Value w, int64_t groups, const GraphBuilder::Windows &windows) {
  GraphBuilder &b = call.builder;
  Sizes xs = sizesOf(x), ws = sizesOf(w);
  int64_t c = ws[1], o = ws[0] / groups;
  std::string s = spatialLetters(call, xs.size() - 2);
  if (groups == 1)
    return b.window(x, w, "nc" + s + ",oc" + s + "->no" + s, s, windows);
  Value y;
  if (c == 1 && o == 1)
    return b.window(x, b.reshape(w, joined({groups}, ws.drop_front(2))), "nc" + s + ",c" + s + "->nc" + s, s, windows);
  if (c == 1) {
    y = b.window(x, b.reshape(w, joined({groups, o}, ws.drop_front(2))), "nc" + s + ",cm" + s + "->ncm" + s, s, windows);
  } else {
    Value xg = b.reshape(x, joined({xs[0], groups, c}, xs.drop_front(2)));
    Value wg = b.reshape(w, joined({groups, o, c}, ws.drop_front(2)));
    y = b.window(xg, wg, "ngc" + s + ",goc" + s + "->ngo" + s, s, windows);
  }
  return b.reshape(y, joined({xs[0], ws[0]}, sizesOf(y).drop_front(3)));
}

static void writeConv(Call &call) {
  Value x = call.floats(0), w = call.in(1);
  int64_t groups = call.integer("group", 1);
  Sizes xs = sizesOf(x), ws = sizesOf(w);
  if (ws.size() != xs.size() || ws.size() < 3 || groups < 1 || ws[0] % groups || ws[1] * groups != xs[1])
    call.refuse("its weights " + shapeText(w) + " in " + std::to_string(groups) + " groups do not fit " + shapeText(x));
  Spatial s = readSpatial(call, Shape(ws.begin() + 2, ws.end()));
  call.result(addBias(call, convolve(call, x, w, groups, {s.strides, s.low, s.high, Shape(s.rank(), 1), s.dilations}), 2));
}

/// The transposed convolution as a convolution: the input dilated by the stride, the kernel mirrored, its channels swapped.
static void writeConvTranspose(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0), w = call.in(1);
  int64_t groups = call.integer("group", 1);
  Sizes xs = sizesOf(x), ws = sizesOf(w);
  if (ws.size() != xs.size() || ws.size() < 3 || groups < 1 || xs[1] % groups || ws[0] != xs[1])
    call.refuse("its weights " + shapeText(w) + " in " + std::to_string(groups) + " groups do not fit " + shapeText(x));
  size_t rank = xs.size() - 2;
  Shape strides = perDimension(call, "strides", rank, 1), dilations = perDimension(call, "dilations", rank, 1);
  Shape spare = call.given("output_padding") ? perDimension(call, "output_padding", rank, 0) : Shape(rank, 0);
  Shape kernel(ws.begin() + 2, ws.end()), low(rank, 0), high(rank, 0);
  if (call.given("kernel_shape") && perDimension(call, "kernel_shape", rank, 1) != kernel)
    call.refuse("its kernel_shape does not fit its weights " + shapeText(w));
  auto pads = call.integers("pads");
  if (pads && pads->size() != 2 * rank)
    call.refuse("its pads are " + sizesText(*pads) + ", expected " + std::to_string(2 * rank) + " numbers");
  std::string automatic = call.text("auto_pad", "NOTSET");
  std::optional<Shape> wanted = call.integers("output_shape");
  if (wanted && wanted->size() == rank + 2)
    wanted->erase(wanted->begin(), wanted->begin() + 2);
  bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (wanted && wanted->size() != rank)
    call.refuse("its output_shape is " + sizesText(*wanted) + ", expected " + std::to_string(rank) + " numbers");
  Shape given = pads.value_or(Shape());
  if (wanted)
    given.insert(given.end(), wanted->begin(), wanted->end());
  for (int64_t each : given)
    if (each < -INT32_MAX || each > INT32_MAX)
      call.refuse("its pads or output_shape hold the absurd number " + std::to_string(each));
  for (size_t i = 0; i < rank; ++i) {
    int64_t reach = (kernel[i] - 1) * dilations[i] + 1, full = strides[i] * (xs[i + 2] - 1) + spare[i] + reach;
    low[i] = pads && automatic == "NOTSET" ? (*pads)[i] : 0;
    high[i] = pads && automatic == "NOTSET" ? (*pads)[i + rank] : 0;
    if (wanted || same) {
      int64_t total = full - (wanted ? (*wanted)[i] : xs[i + 2] * strides[i]);
      bool upper = automatic == "SAME_UPPER";
      int64_t half = total >> 1; // floored: output_shape may ask for more than there is
      low[i] = upper ? half : total - half;
      high[i] = total - low[i];
    }
    // What the transposed one cuts off, the plain one pads less.
    low[i] = reach - 1 - low[i];
    high[i] = reach - 1 - high[i] + spare[i];
  }
  // [groups*c, o, ...] -> [groups*o, c, ...], mirrored.
  int64_t c = ws[0] / groups, o = ws[1];
  Value mirrored = w;
  for (size_t i = 0; i < rank; ++i)
    mirrored = b.slice(mirrored, static_cast<int64_t>(i) + 2, kernel[i] - 1, kernel[i], -1);
  Shape perm = {0, 2, 1};
  for (size_t i = 0; i < rank; ++i)
    perm.push_back(static_cast<int64_t>(i) + 3);
  mirrored = b.transpose(b.reshape(mirrored, joined({groups, c, o}, kernel)), perm);
  mirrored = b.reshape(mirrored, joined({groups * o, c}, kernel));
  Value y = convolve(call, x, mirrored, groups, {Shape(rank, 1), low, high, strides, dilations});
  call.result(addBias(call, y, 2));
}

static const Rules rules = {
    {"Conv", 2, 3, writeConv},
    {"ConvTranspose", 2, 3, writeConvTranspose},
};
