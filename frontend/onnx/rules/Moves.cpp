//===- Moves.cpp - operators that only move elements -----------------------------------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static void writeTranspose(Call &call) {
  Shape perm(rankOf(call.in(0)));
  std::iota(perm.rbegin(), perm.rend(), 0);
  call.result(call.builder.transpose(call.in(0), call.integers("perm").value_or(perm)));
}

static void writeConcat(Call &call) {
  SmallVector<Value> values;
  for (size_t i = 0; i < call.size(); ++i)
    values.push_back(call.in(i));
  call.result(call.builder.concat(values, call.axis(call.integer("axis"), rankOf(values[0]))));
}

/// Starts, ends, axes and steps are attributes before opset 10, inputs from then on. Out of range is cut, as in Python.
static void writeSlice(Call &call) {
  bool asInputs = call.node.opset >= 10;
  auto list = [&](const char *name, size_t i) -> std::optional<Shape> {
    if (!asInputs)
      return call.integers(name);
    return call.has(i) ? std::optional(call.integersIn(i, name)) : std::nullopt;
  };
  Value x = call.in(0);
  Shape starts = list("starts", 1).value_or(Shape()), ends = list("ends", 2).value_or(Shape());
  Shape axes(starts.size()), steps(starts.size(), 1);
  std::iota(axes.begin(), axes.end(), 0);
  axes = list("axes", 3).value_or(axes);
  if (asInputs)
    steps = list("steps", 4).value_or(steps);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    call.refuse("it has " + std::to_string(starts.size()) + " starts, " + std::to_string(ends.size()) + " ends, " +
                std::to_string(axes.size()) + " axes and " + std::to_string(steps.size()) + " steps, expected as many of each");
  call.axes(axes, rankOf(x));
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = call.axis(axes[i], rankOf(x)), size = sizesOf(x)[axis], step = steps[i];
    if (step == 0 || step < -INT32_MAX || step > INT32_MAX) {
      if (step == 0)
        call.refuse("its step along axis " + std::to_string(axis) + " is 0");
      step = step < 0 ? -INT32_MAX : INT32_MAX;
    }
    auto place = [&](int64_t at, int64_t low, int64_t high) { return std::clamp(at < 0 ? at + size : at, low, high); };
    int64_t start = step > 0 ? place(starts[i], 0, size) : place(starts[i], 0, size - 1);
    int64_t end = step > 0 ? place(ends[i], 0, size) : place(ends[i], -1, size - 1);
    int64_t count = size == 0 ? 0 : step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
    x = call.builder.slice(x, axis, start, std::max<int64_t>(count, 0), step);
  }
  call.result(x);
}

/// Sizes: attribute before opset 13, input then; from 18 on num_outputs cuts evenly, the last piece taking less.
static void writeSplit(Call &call) {
  Value x = call.in(0);
  int64_t axis = call.axis(call.integer("axis", 0), rankOf(x)), size = sizesOf(x)[axis];
  auto pieces = static_cast<int64_t>(call.node.outputs.size());
  std::optional<Shape> sizes = call.node.opset < 13 ? call.integers("split") : std::nullopt;
  if (call.has(1))
    sizes = call.integersIn(1, "split");
  if (call.integer("num_outputs", pieces) != pieces)
    call.refuse("it has " + std::to_string(pieces) + " outputs, its attribute 'num_outputs' says " +
                std::to_string(call.integer("num_outputs")));
  if (!sizes) {
    if (size % pieces && call.node.opset < 18)
      call.refuse("it cuts dimension " + std::to_string(axis) + " of " + shapeText(x) + " into " + std::to_string(pieces) +
                  " pieces, which do not come out even");
    int64_t piece = (size + pieces - 1) / pieces;
    sizes = Shape();
    for (int64_t i = 0; i < pieces; ++i)
      sizes->push_back(std::clamp<int64_t>(size - i * piece, 0, piece));
  }
  int64_t sum = 0;
  for (int64_t each : *sizes)
    sum = each < 0 || each > size ? INT32_MIN : sum + each;
  if (static_cast<int64_t>(sizes->size()) != pieces || sum != size)
    call.refuse("it splits " + shapeText(x) + " along axis " + std::to_string(axis) + " into " + sizesText(*sizes) + " for " +
                std::to_string(pieces) + " outputs");
  int64_t start = 0;
  for (int64_t i = 0; i < pieces; start += (*sizes)[i++])
    call.result(i, call.builder.slice(x, axis, start, (*sizes)[i]));
}

//===- padding -===//

/// One side of a mirrored, repeated or wrapped border: `count` slices' worth of x next to its low (or high) end.
static Value border(Call &call, Value x, int64_t dim, int64_t count, bool low, const std::string &mode) {
  GraphBuilder &b = call.builder;
  int64_t size = sizesOf(x)[dim];
  if (mode == "edge") {
    Shape shape(sizesOf(x).begin(), sizesOf(x).end());
    shape[dim] = count;
    return b.broadcast(b.slice(x, dim, low ? 0 : size - 1, 1), shape);
  }
  if (mode == "wrap")
    return low ? b.slice(x, dim, size - count, count) : b.slice(x, dim, 0, count);
  return low ? b.slice(x, dim, count, count, -1) : b.slice(x, dim, size - 2, count, -1); // reflect
}

static Value padOther(Call &call, Value x, Sizes low, Sizes high, const std::string &mode) {
  GraphBuilder &b = call.builder;
  for (int64_t dim = 0; dim < rankOf(x); ++dim) {
    Shape cutLow(rankOf(x), 0), cutHigh(rankOf(x), 0);
    cutLow[dim] = std::min<int64_t>(low[dim], 0);
    cutHigh[dim] = std::min<int64_t>(high[dim], 0);
    x = b.pad(x, b.splat(elementOf(x), {}, 0), cutLow, cutHigh);
    int64_t most = mode == "reflect" ? sizesOf(x)[dim] - 1 : mode == "wrap" ? sizesOf(x)[dim] : INT32_MAX;
    if (low[dim] > most || high[dim] > most || (mode == "edge" && sizesOf(x)[dim] == 0 && (low[dim] > 0 || high[dim] > 0)))
      call.refuse("it pads dimension " + std::to_string(dim) + " of " + shapeText(x) + " by " + std::to_string(low[dim]) + " and " +
                  std::to_string(high[dim]) + " in mode " + mode + ", expected at most " + std::to_string(most));
    SmallVector<Value> parts;
    if (low[dim] > 0)
      parts.push_back(border(call, x, dim, low[dim], true, mode));
    parts.push_back(x);
    if (high[dim] > 0)
      parts.push_back(border(call, x, dim, high[dim], false, mode));
    x = b.concat(parts, dim);
  }
  return x;
}

/// Pads and value: attributes before opset 11, inputs then (and axes from 18 on).
static void writePad(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.in(0), value;
  int64_t rank = rankOf(x);
  Shape pads, axes(rank), low(rank, 0), high(rank, 0);
  std::iota(axes.begin(), axes.end(), 0);
  std::string mode = call.text("mode", "constant");
  if (call.node.opset < 11) {
    pads = call.integers("pads").value_or(Shape());
    value = b.splat(elementOf(x), {}, call.number("value", 0));
  } else {
    pads = call.integersIn(1, "pads");
    value = call.has(2) ? b.reshape(call.in(2), {}) : b.splat(elementOf(x), {}, 0);
    if (call.has(3))
      axes = call.integersIn(3, "axes");
  }
  call.axes(axes, rank);
  if (pads.size() != 2 * axes.size())
    call.refuse("it has " + std::to_string(pads.size()) + " pads for " + std::to_string(axes.size()) +
                " axes, expected two for each");
  for (size_t i = 0; i < axes.size(); ++i) {
    low[call.axis(axes[i], rank)] = pads[i];
    high[call.axis(axes[i], rank)] = pads[i + axes.size()];
  }
  for (int64_t each : pads)
    if (each < INT32_MIN || each > INT32_MAX)
      call.refuse("its pads are " + sizesText(pads) + ", which makes more elements than can be counted");
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
    call.refuse("its mode is " + quoted(mode) + ", expected constant, edge, reflect or wrap");
  if (elementOf(value) != elementOf(x))
    call.refuse("its value is " + shapeText(value) + " for " + shapeText(x));
  call.result(mode == "constant" ? b.pad(x, value, low, high) : padOther(call, x, low, high, mode));
}

//===- blocks -===//

static std::pair<Sizes, int64_t> picture(Call &call) {
  Sizes sizes = sizesOf(call.in(0));
  int64_t block = call.integer("blocksize");
  if (sizes.size() != 4 || block < 1 || block > 65536)
    call.refuse("its input is " + shapeText(call.in(0)) + " and its blocksize " + std::to_string(block) +
                ", expected four dimensions and a positive block");
  return {sizes, block};
}

static void writeDepthToSpace(Call &call) {
  auto [s, block] = picture(call);
  std::string mode = call.text("mode", "DCR");
  if (s[1] % (block * block))
    call.refuse("its " + std::to_string(s[1]) + " channels are no multiple of blocksize squared");
  int64_t channels = s[1] / (block * block);
  GraphBuilder &b = call.builder;
  Value x = mode == "CRD" ? b.transpose(b.reshape(call.in(0), {s[0], channels, block, block, s[2], s[3]}), {0, 1, 4, 2, 5, 3})
                          : b.transpose(b.reshape(call.in(0), {s[0], block, block, channels, s[2], s[3]}), {0, 3, 4, 1, 5, 2});
  call.result(b.reshape(x, {s[0], channels, s[2] * block, s[3] * block}));
}

static void writeSpaceToDepth(Call &call) {
  auto [s, block] = picture(call);
  if (s[2] % block || s[3] % block)
    call.refuse("its picture " + shapeText(call.in(0)) + " is no multiple of blocksize " + std::to_string(block));
  GraphBuilder &b = call.builder;
  Value x = b.reshape(call.in(0), {s[0], s[1], s[2] / block, block, s[3] / block, block});
  call.result(b.reshape(b.transpose(x, {0, 3, 5, 1, 2, 4}), {s[0], s[1] * block * block, s[2] / block, s[3] / block}));
}

/// Keeps one triangle of the last two dimensions: column - row <= k (lower) or >= k (upper).
static void writeTrilu(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.in(0);
  if (rankOf(x) < 2)
    call.refuse("its input is " + shapeText(x) + ", expected two dimensions or more");
  Sizes plane = sizesOf(x).take_back(2);
  // A diagonal beyond the corners is the one at the corner.
  int64_t k = std::clamp<int64_t>(call.has(1) ? call.integerIn(1, "k") : 0, -plane[0] - 1, plane[1] + 1);
  bool upper = call.integer("upper", 1);
  if (countOf(x) == 0)
    return call.result(x);
  Value above = b.upperTriangle(plane[0], plane[1], upper ? k : k + 1), zero = b.fill(x, 0);
  call.result(upper ? b.select(above, x, zero) : b.select(above, zero, x));
}

/// Cuts or pads with zeros on both sides until the axes have the given sizes.
static void writeCenterCropPad(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.in(0);
  Shape sizes = call.integersIn(1, "shape"), low(rankOf(x), 0), high(rankOf(x), 0), all(rankOf(x));
  std::iota(all.begin(), all.end(), 0);
  Shape axes = call.integers("axes").value_or(all);
  call.axes(axes, rankOf(x));
  if (sizes.size() != axes.size())
    call.refuse("its shape is " + sizesText(sizes) + " for " + std::to_string(axes.size()) + " axes");
  for (size_t i = 0; i < axes.size(); ++i) {
    int64_t axis = call.axis(axes[i], rankOf(x));
    if (sizes[i] < 0 || sizes[i] > INT32_MAX)
      call.refuse("its shape is " + sizesText(sizes) + ", expected sizes that are neither negative nor absurd");
    int64_t more = sizes[i] - sizesOf(x)[axis];
    low[axis] = more / 2; // rounds to zero: of an odd difference the larger half is padded, or cut, at the end
    high[axis] = more - low[axis];
  }
  call.result(b.pad(x, b.splat(elementOf(x), {}, 0), low, high));
}

static const Rules rules = {
    {"CenterCropPad", 2, 2, writeCenterCropPad},
    {"Transpose", 1, 1, writeTranspose},
    {"Concat", 1, unlimited, writeConcat},
    {"Slice", 1, 5, writeSlice},
    {"Split", 1, 2, writeSplit},
    {"Pad", 1, 4, writePad},
    {"DepthToSpace", 1, 1, writeDepthToSpace},
    {"SpaceToDepth", 1, 1, writeSpaceToDepth},
    {"Trilu", 1, 2, writeTrilu},
};
