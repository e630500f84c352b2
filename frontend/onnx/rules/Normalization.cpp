//===- Normalization.cpp - batch, layer, group, instance, RMS norms; LRN ---------------------------------------===//
#include "frontend/builder/Marks.h"
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include <numeric>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

static Shape range(int64_t begin, int64_t end) {
  Shape dims(std::max<int64_t>(end - begin, 0));
  std::iota(dims.begin(), dims.end(), begin);
  return dims;
}

/// A vector along dimension `dim` of x's shape.
static Value along(Call &call, Value vector, Value x, int64_t dim, const char *what) {
  if (rankOf(vector) != 1 || sizesOf(vector)[0] != sizesOf(x)[dim])
    call.refuse("its " + std::string(what) + " is " + shapeText(vector) + " for " + shapeText(x) +
                ", expected one value per channel");
  return call.builder.spread(call.builder.cast(vector, elementOf(x)), dim, sizesOf(x));
}

/// (x - mean) / sqrt(variance + epsilon) over dims.
static Value standardized(GraphBuilder &b, Value x, Sizes dims, double epsilon) {
  Value centred = b.map<SubOp>(x, b.mean(x, dims, true));
  Value variance = b.mean(b.map<MulOp>(centred, centred), dims, true);
  return b.map<MulOp>(centred, b.map<RsqrtOp>(b.map<AddOp>(variance, epsilon)));
}

/// x * a + (bias - mean * a) with a = scale / sqrt(variance + epsilon): all but x is constant, and runs once in @init.
static void writeBatchNormalization(Call &call) {
  GraphBuilder &b = call.builder;
  call.ignore({"is_test", "consumed_inputs"});
  Value x = call.floats(0);
  double momentum = call.number("momentum", 0.9);
  if (call.integer("training_mode", 0) && !call.around.trains())
    call.refuse("it is in training mode, which an inference does not compute");
  if (!call.integer("spatial", 1))
    call.refuse("it normalizes every element by itself (spatial=0), which kiln does not compile");
  if (rankOf(x) < 2)
    call.refuse("its input is " + shapeText(x) + ", expected a batch and channels");
  // The arithmetic of the vectors is in the scale's type, which may be wider than x's.
  Value scale = call.in(1), bias = call.in(2), mean = call.in(3), variance = call.in(4);
  for (size_t i = 1; i < 5; ++i)
    along(call, call.in(i), x, 1, "vector");
  auto statistic = [&](Value v) {
    auto use = v.getDefiningOp<UseOp>();
    return use && call.around.isStatistic(use.getParameter()) ? use.getParameter().str() : std::string();
  };
  if (!statistic(mean).empty() && !statistic(variance).empty() && elementOf(x).isF32())
    x = builder::markBatchNorm(b, x, statistic(mean), statistic(variance), 1 - momentum);
  variance = b.cast(variance, elementOf(scale));
  mean = b.cast(mean, elementOf(scale));
  Value a = b.map<DivOp>(scale, b.map<SqrtOp>(b.map<AddOp>(variance, call.number("epsilon", 1e-5f))));
  Value c = b.map<SubOp>(b.cast(bias, elementOf(scale)), b.map<MulOp>(mean, a));
  call.result(b.map<AddOp>(b.map<MulOp>(x, along(call, a, x, 1, "scale")), along(call, c, x, 1, "bias")));
}

static void writeInstanceNormalization(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0);
  if (rankOf(x) < 3)
    call.refuse("its input is " + shapeText(x) + ", expected a batch, channels and a picture");
  Value y = standardized(b, x, range(2, rankOf(x)), call.number("epsilon", 1e-5f));
  call.result(b.map<AddOp>(b.map<MulOp>(y, along(call, call.in(1), x, 1, "scale")), along(call, call.in(2), x, 1, "bias")));
}

/// Scale and bias have a value per group before opset 21, one per channel from then on.
static void writeGroupNormalization(Call &call) {
  GraphBuilder &b = call.builder;
  call.ignore({"stash_type"});
  Value x = call.floats(0);
  int64_t groups = call.integer("num_groups");
  if (rankOf(x) < 3 || groups < 1 || sizesOf(x)[1] % groups)
    call.refuse("it has " + std::to_string(groups) + " groups for " + shapeText(x));
  int64_t each = sizesOf(x)[1] / groups;
  Shape split(sizesOf(x).begin(), sizesOf(x).end());
  split[1] = groups;
  split.insert(split.begin() + 2, each);
  Value y = standardized(b, b.reshape(x, split), range(2, static_cast<int64_t>(split.size())), call.number("epsilon", 1e-5f));
  bool perGroup = call.node.opset < 21;
  if (!perGroup)
    y = b.reshape(y, sizesOf(x));
  y = b.map<AddOp>(b.map<MulOp>(y, along(call, call.in(1), y, 1, "scale")), along(call, call.in(2), y, 1, "bias"));
  call.result(b.reshape(y, sizesOf(x)));
}

/// Statistics are taken in f32 (stash_type); outputs 1 and 2 are the mean and 1/deviation.
static void writeLayerNormalization(Call &call) {
  GraphBuilder &b = call.builder;
  call.ignore({"stash_type"});
  Value x = call.floats(0);
  Type element = elementOf(x), wide = element.isF64() ? element : Type(Float32Type::get(b.context()));
  Shape dims = range(call.axis(call.integer("axis", -1), rankOf(x)), rankOf(x));
  Value precise = b.cast(x, wide), mean = b.mean(precise, dims, true), centred = b.map<SubOp>(precise, mean);
  Value variance = b.mean(b.map<MulOp>(centred, centred), dims, true);
  Value inverse = b.map<RsqrtOp>(b.map<AddOp>(variance, call.number("epsilon", 1e-5f)));
  Value y = b.map<MulOp>(b.cast(b.map<MulOp>(centred, inverse), element), call.in(1));
  if (call.has(2))
    y = b.map<AddOp>(y, call.in(2));
  call.result(y);
  call.result(1, mean);
  call.result(2, inverse);
}

static void writeRMSNormalization(Call &call) {
  GraphBuilder &b = call.builder;
  call.ignore({"stash_type"});
  Value x = call.floats(0);
  Type element = elementOf(x), wide = element.isF64() ? element : Type(Float32Type::get(b.context()));
  Shape dims = range(call.axis(call.integer("axis", -1), rankOf(x)), rankOf(x));
  Value precise = b.cast(x, wide), square = b.mean(b.map<MulOp>(precise, precise), dims, true);
  Value y = b.map<MulOp>(precise, b.map<RsqrtOp>(b.map<AddOp>(square, call.number("epsilon", 1e-5f))));
  call.result(b.map<MulOp>(b.cast(y, element), call.in(1)));
}

static void writeMeanVarianceNormalization(Call &call) {
  GraphBuilder &b = call.builder;
  Shape dims = call.axes(call.integers("axes").value_or(Shape{0, 2, 3}), rankOf(call.floats(0)));
  call.result(standardized(b, call.in(0), dims, 1e-9));
}

/// x / (sum of |x|^p over axis)^(1/p); a zero norm gives 0.
static void writeLpNormalization(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0);
  int64_t p = call.integer("p", 2), axis = call.axis(call.integer("axis", -1), rankOf(x));
  if (p != 1 && p != 2)
    call.refuse("its p is " + std::to_string(p) + ", expected 1 or 2");
  Value norm = b.reduce(p == 1 ? b.map<AbsOp>(x) : b.map<MulOp>(x, x), ReduceKind::Add, axis, true);
  norm = p == 1 ? norm : b.map<SqrtOp>(norm);
  call.result(b.select(b.map<EqOp>(norm, 0.0), b.fill(x, 0), b.map<DivOp>(x, norm)));
}

/// x / (bias + alpha/size * sum of x^2 over `size` neighbouring channels)^beta: the sum is a pool over channels.
static void writeLRN(Call &call) {
  GraphBuilder &b = call.builder;
  Value x = call.floats(0);
  int64_t size = call.integer("size"), rank = rankOf(x);
  double alpha = call.number("alpha", 1e-4f), beta = call.number("beta", 0.75), bias = call.number("bias", 1.0);
  if (rank < 2 || size < 1 || size > INT32_MAX)
    call.refuse("it takes " + std::to_string(size) + " channels of " + shapeText(x));
  GraphBuilder::Pool pool{Shape(rank, 1), Shape(rank, 1), Shape(rank, 0), Shape(rank, 0), Shape(rank, 1)};
  pool.window[1] = size;
  pool.low[1] = (size - 1) / 2;
  pool.high[1] = size - 1 - pool.low[1];
  Value sum = b.pool(b.map<MulOp>(x, x), ReduceKind::Add, pool);
  Value base = b.map<AddOp>(b.map<MulOp>(sum, alpha / static_cast<double>(size)), bias);
  // base^-0.75 = rsqrt(base) * sqrt(rsqrt(base)): the exponent of nearly every model, without a logarithm.
  if (beta == 0.75 && bias > 0 && alpha >= 0) {
    Value root = b.map<RsqrtOp>(base);
    return call.result(b.map<MulOp>(x, b.map<MulOp>(root, b.map<SqrtOp>(root))));
  }
  call.result(b.map<DivOp>(x, b.map<PowOp>(base, beta)));
}

static const Rules rules = {
    {"BatchNormalization", 5, 5, writeBatchNormalization}, {"InstanceNormalization", 3, 3, writeInstanceNormalization},
    {"GroupNormalization", 3, 3, writeGroupNormalization}, {"LayerNormalization", 2, 3, writeLayerNormalization},
    {"RMSNormalization", 2, 2, writeRMSNormalization},     {"MeanVarianceNormalization", 1, 1, writeMeanVarianceNormalization},
    {"LpNormalization", 1, 1, writeLpNormalization},       {"LRN", 1, 1, writeLRN},
};
