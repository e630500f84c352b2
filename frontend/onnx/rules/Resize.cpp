//===- Resize.cpp - pictures made larger or smaller ------------------------------------------------------------===//
//
// Along one dimension at a time: nearest is a repetition where it can be (a view written wide), else a gather with known indices; linear
// and cubic are a product with a small known matrix of weights, result by source.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

namespace {
struct Resizing {
  std::string mode, coordinates, rounding;
  double cubic = -0.75;
  bool excludeOutside = false;
};
struct Line { ///< one dimension
  int64_t from, to;
  double scale;
};
} // namespace

static double sourceOf(Call &call, const Resizing &r, const Line &line, int64_t i) {
  auto x = static_cast<double>(i), from = static_cast<double>(line.from), to = static_cast<double>(line.to);
  if (r.coordinates == "half_pixel")
    return (x + 0.5) / line.scale - 0.5;
  if (r.coordinates == "pytorch_half_pixel")
    return line.to > 1 ? (x + 0.5) / line.scale - 0.5 : 0;
  if (r.coordinates == "asymmetric")
    return x / line.scale;
  if (r.coordinates == "align_corners")
    return line.to > 1 ? x * (from - 1) / (to - 1) : 0;
  if (r.coordinates == "half_pixel_symmetric") {
    double adjustment = to / (line.scale * from), centre = from / 2;
    return centre * (1 - adjustment) + (x + 0.5) / line.scale - 0.5;
  }
  call.refuse("its coordinate_transformation_mode " + quoted(r.coordinates) + " is none that kiln compiles");
}

static int64_t nearestOf(Call &call, const Resizing &r, double x) {
  double at = 0;
  if (r.rounding == "round_prefer_floor")
    at = std::ceil(x - 0.5);
  else if (r.rounding == "round_prefer_ceil")
    at = std::floor(x + 0.5);
  else if (r.rounding == "floor")
    at = std::floor(x);
  else if (r.rounding == "ceil")
    at = std::ceil(x);
  else
    call.refuse("its nearest_mode " + quoted(r.rounding) + " is none that kiln knows");
  return static_cast<int64_t>(at);
}

static Value nearest(Call &call, Value x, int64_t dim, const Resizing &r, const Line &line) {
  GraphBuilder &b = call.builder;
  Shape indices;
  for (int64_t i = 0; i < line.to; ++i)
    indices.push_back(std::clamp<int64_t>(nearestOf(call, r, sourceOf(call, r, line, i)), 0, line.from - 1));
  int64_t times = line.to / line.from;
  bool repeats = line.to % line.from == 0;
  for (int64_t i = 0; i < line.to && repeats; ++i)
    repeats = indices[i] == i / times;
  if (!repeats)
    return b.gather(x, b.integers(indices), dim);
  Shape wide(sizesOf(x).begin(), sizesOf(x).end()), shape = wide, dims(wide.size());
  std::iota(dims.begin(), dims.end(), 0);
  for (size_t i = dim + 1; i < dims.size(); ++i)
    ++dims[i];
  wide.insert(wide.begin() + dim + 1, times);
  shape[dim] = line.to;
  return b.reshape(b.spread(x, dims, wide), shape);
}

/// Weights of the neighbours floor(x) - reach + 1 .. floor(x) + reach at fraction t.
static std::vector<double> weightsAt(const Resizing &r, double t) {
  if (r.mode == "linear")
    return {1 - t, t};
  double a = r.cubic;
  auto near = [&](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  auto far = [&](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}

static Value weighted(Call &call, Value x, int64_t dim, const Resizing &r, const Line &line) {
  GraphBuilder &b = call.builder;
  std::vector<double> matrix(line.to * line.from);
  for (int64_t i = 0; i < line.to; ++i) {
    double at = sourceOf(call, r, line, i);
    auto floor = static_cast<int64_t>(std::floor(at));
    std::vector<double> weights = weightsAt(r, at - static_cast<double>(floor));
    int64_t first = floor - static_cast<int64_t>(weights.size()) / 2 + 1;
    double sum = 0;
    for (size_t k = 0; k < weights.size(); ++k) {
      int64_t source = first + static_cast<int64_t>(k);
      if (r.excludeOutside && (source < 0 || source >= line.from))
        weights[k] = 0;
      sum += weights[k];
    }
    for (size_t k = 0; k < weights.size(); ++k)
      matrix[i * line.from + std::clamp<int64_t>(first + static_cast<int64_t>(k), 0, line.from - 1)] +=
          r.excludeOutside ? weights[k] / sum : weights[k];
  }
  Type element = isFloat(x) ? elementOf(x) : Type(Float32Type::get(b.context()));
  SmallVector<mlir::Attribute> values;
  for (double value : matrix)
    values.push_back(FloatAttr::get(element, value));
  Value table = b.constant(DenseElementsAttr::get(RankedTensorType::get({line.to, line.from}, element), values));
  std::string letters = "abcdefgh", result;
  letters.resize(rankOf(x));
  result = letters;
  result[dim] = 'Z';
  return b.cast(b.contract(b.cast(x, element), table, letters + ",Z" + letters[dim] + "->" + result), elementOf(x));
}

static void resize(Call &call, const std::vector<Line> &lines, const Resizing &r) {
  Value x = call.in(0);
  for (int64_t dim = 0; dim < rankOf(call.in(0)); ++dim) {
    const Line &line = lines[dim];
    if (line.from == line.to && line.scale == 1)
      continue;
    bool fits = line.from >= 1 && line.to >= 1 && line.to <= largestTable / (r.mode == "nearest" ? 1 : line.from);
    if (!fits)
      call.refuse("it resizes dimension " + std::to_string(dim) + " of " + shapeText(call.in(0)) + " to " +
                  std::to_string(line.to));
    x = r.mode == "nearest" ? nearest(call, x, dim, r, line) : weighted(call, x, dim, r, line);
  }
  call.result(x);
}

static void checkMode(Call &call, Resizing &r) {
  if (r.mode == "bilinear" || r.mode == "trilinear")
    r.mode = "linear";
  if (r.mode != "nearest" && r.mode != "linear" && r.mode != "cubic")
    call.refuse("its mode is " + quoted(r.mode) + ", expected nearest, linear or cubic");
  if (rankOf(call.in(0)) > 8)
    call.refuse("its input is " + shapeText(call.in(0)) + ", expected at most 8 dimensions");
}

static Line scaled(int64_t from, double scale) {
  return {from, static_cast<int64_t>(std::floor(static_cast<double>(from) * scale)), scale};
}

/// Upsample (opset 7 to 9) and Resize of opset 10: scales alone, asymmetric, floor.
static void writeUpsample(Call &call) {
  Resizing r{call.text("mode", "nearest"), "asymmetric", "floor"};
  checkMode(call, r);
  std::vector<double> scales;
  if (const auto *given = call.attribute("scales")) {
    if (auto *values = std::get_if<std::vector<float>>(&given->value))
      scales.assign(values->begin(), values->end());
  } else {
    scales = call.numbersIn(1, "scales");
  }
  if (static_cast<int64_t>(scales.size()) != rankOf(call.in(0)))
    call.refuse("it has " + std::to_string(scales.size()) + " scales for " + shapeText(call.in(0)));
  std::vector<Line> lines;
  for (auto [dim, scale] : llvm::enumerate(scales))
    lines.push_back(scaled(sizesOf(call.in(0))[dim], scale));
  resize(call, lines, r);
}

static void writeResize(Call &call) {
  if (call.node.opset < 11)
    return writeUpsample(call);
  Resizing r{call.text("mode", "nearest"), call.text("coordinate_transformation_mode", "half_pixel"),
             call.text("nearest_mode", "round_prefer_floor"), call.number("cubic_coeff_a", -0.75),
             call.integer("exclude_outside", 0) != 0};
  call.ignore({"extrapolation_value"}); // of tf_crop_and_resize, which is refused
  checkMode(call, r);
  if (call.integer("antialias", 0))
    call.refuse("it asks for antialias, which kiln does not compile");
  Sizes from = sizesOf(call.in(0));
  Shape axes = call.integers("axes").value_or(Shape());
  if (axes.empty()) {
    axes.resize(from.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  call.axes(axes, rankOf(call.in(0)));
  std::string policy = call.text("keep_aspect_ratio_policy", "stretch");
  auto given = [&](size_t i) { return call.has(i) && sizesOf(call.in(i)) != Sizes{0}; };
  std::vector<double> scales = given(2) ? call.numbersIn(2, "scales") : std::vector<double>();
  Shape sizes = !given(2) && given(3) ? call.integersIn(3, "sizes") : Shape();
  if (std::max(scales.size(), sizes.size()) != axes.size())
    call.refuse("it has " + std::to_string(scales.size()) + " scales and " + std::to_string(sizes.size()) + " sizes for " +
                std::to_string(axes.size()) + " axes");
  std::vector<Line> lines;
  for (int64_t size : from)
    lines.push_back({size, size, 1});
  if (policy != "stretch" && !sizes.empty()) {
    double common = policy == "not_larger" ? INFINITY : 0;
    for (size_t i = 0; i < axes.size(); ++i) {
      double scale = static_cast<double>(sizes[i]) / static_cast<double>(from[call.axis(axes[i], rankOf(call.in(0)))]);
      common = policy == "not_larger" ? std::min(common, scale) : std::max(common, scale);
    }
    for (size_t i = 0; i < axes.size(); ++i)
      sizes[i] = static_cast<int64_t>(std::floor(common * static_cast<double>(from[call.axis(axes[i], rankOf(call.in(0)))]) + 0.5));
    for (size_t i = 0; i < axes.size(); ++i)
      lines[call.axis(axes[i], rankOf(call.in(0)))].scale = common;
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    Line &line = lines[call.axis(axes[i], rankOf(call.in(0)))];
    if (!scales.empty()) {
      line = scaled(line.from, scales[i]);
      continue;
    }
    line.to = sizes[i];
    if (policy == "stretch")
      line.scale = static_cast<double>(line.to) / static_cast<double>(line.from);
  }
  resize(call, lines, r);
}

static const Rules rules = {
    {"Upsample", 1, 2, writeUpsample},
    {"Resize", 1, 4, writeResize},
};
