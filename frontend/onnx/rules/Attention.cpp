//===- Attention.cpp - opset 23's attention and rotary embedding, written out ----------------------------------===//
#include "frontend/onnx/Fault.h"
#include "frontend/onnx/Rule.h"
#include <cmath>

using namespace mlir;
using namespace kiln;
using namespace kiln::onnx;

/// [batch, length, heads * size] -> [batch, heads, length, size]; four dimensions are so already.
static Value splitHeads(Call &call, Value x, const char *attribute) {
  if (rankOf(x) == 4)
    return x;
  int64_t heads = call.integer(attribute);
  if (rankOf(x) != 3 || heads < 1 || sizesOf(x)[2] % heads)
    call.refuse("it has " + std::to_string(heads) + " heads for " + shapeText(x));
  Sizes s = sizesOf(x);
  return call.builder.transpose(call.builder.reshape(x, {s[0], s[1], heads, s[2] / heads}), {0, 2, 1, 3});
}

/// What is added before softmax: the mask (bool: 0 or -inf), and -inf where a query would see what comes after it. Null: nothing.
static Value biasOf(Call &call, int64_t queries, int64_t keys, int64_t past, Type element) {
  GraphBuilder &b = call.builder;
  Value bias;
  double never = -std::numeric_limits<double>::infinity();
  if (call.has(3)) {
    bias = call.in(3);
    if (elementOf(bias).isInteger(1))
      bias = b.select(bias, b.splat(element, {}, 0), b.splat(element, {}, never));
    bias = b.cast(bias, element);
    int64_t last = rankOf(bias) - 1;
    if (last < 0 || sizesOf(bias)[last] > keys)
      call.refuse("its mask is " + shapeText(bias) + " for " + std::to_string(keys) + " keys");
    if (sizesOf(bias)[last] != 1 && sizesOf(bias)[last] < keys) { // a short mask hides the rest
      Shape low(rankOf(bias), 0), high(rankOf(bias), 0);
      high[last] = keys - sizesOf(bias)[last];
      bias = b.pad(bias, b.splat(element, {}, never), low, high);
    }
  }
  if (!call.integer("is_causal", 0))
    return bias;
  Value hidden = b.upperTriangle(queries, keys, past + 1);
  Value causal = b.select(hidden, b.splat(element, {}, never), b.splat(element, {}, 0));
  return bias ? b.map<AddOp>(bias, causal) : causal;
}

/// softmax(softcap(q * k' * scale) + bias) * v; a query that sees nothing gives 0. Fewer key heads than query heads are shared by groups:
/// a letter of their own, no copies.
static void writeAttention(Call &call) {
  GraphBuilder &b = call.builder;
  call.ignore({"q_num_heads", "kv_num_heads", "softmax_precision"});
  Value q = splitHeads(call, call.floats(0), "q_num_heads"), k = splitHeads(call, call.in(1), "kv_num_heads");
  Value v = splitHeads(call, call.in(2), "kv_num_heads");
  if (rankOf(q) != 4 || rankOf(k) != 4 || rankOf(v) != 4)
    call.refuse("its operands are " + shapeText(q) + ", " + shapeText(k) + " and " + shapeText(v) +
                ", expected three or four dimensions");
  for (size_t i : {4, 5})
    if (call.has(i) && rankOf(call.in(i)) != 4)
      call.refuse("its input " + quoted(call.node.inputs[i]) + " is " + shapeText(call.in(i)) + ", expected four dimensions");
  int64_t past = call.has(4) ? sizesOf(call.in(4))[2] : 0;
  if (call.has(4))
    k = b.concat({call.in(4), k}, 2);
  if (call.has(5))
    v = b.concat({call.in(5), v}, 2);
  call.result(1, k);
  call.result(2, v);
  Sizes qs = sizesOf(q), ks = sizesOf(k);
  int64_t batch = qs[0], queries = qs[2], keys = ks[2], shared = ks[1], groups = shared ? qs[1] / shared : 0;
  if (groups < 1 || groups * shared != qs[1] || sizesOf(v)[1] != shared || sizesOf(v)[2] != keys)
    call.refuse("its operands " + shapeText(q) + ", " + shapeText(k) + " and " + shapeText(v) + " do not fit");
  double scale = call.number("scale", 1 / std::sqrt(static_cast<double>(qs[3]))), softcap = call.number("softcap", 0);
  int64_t mode = call.integer("qk_matmul_output_mode", 0);
  Type element = elementOf(q);
  // The scale goes half into each side, as ONNX has it: less is lost in half floats.
  q = b.map<MulOp>(q, std::sqrt(scale));
  k = b.map<MulOp>(k, std::sqrt(scale));
  Value scores = groups == 1 ? b.contract(q, k, "bhqd,bhkd->bhqk")
                             : b.reshape(b.contract(b.reshape(q, {batch, shared, groups, queries, qs[3]}), k, "bhgqd,bhkd->bhgqk"),
                                         {batch, qs[1], queries, keys});
  Value raw = scores, bias = biasOf(call, queries, keys, past, element);
  if (softcap != 0)
    scores = b.map<MulOp>(b.map<TanhOp>(b.map<DivOp>(scores, softcap)), softcap);
  Value capped = scores;
  if (bias)
    scores = b.map<AddOp>(scores, bias);
  Value weights = b.softmax(scores, 3);
  if (bias) {
    Value top = b.reduce(bias, ReduceKind::Max, rankOf(bias) - 1, true);
    weights = b.select(b.map<EqOp>(top, -std::numeric_limits<double>::infinity()), b.fill(weights, 0), weights);
  }
  const Value seen[] = {raw, capped, scores, weights};
  if (mode < 0 || mode > 3)
    call.refuse("its qk_matmul_output_mode is " + std::to_string(mode) + ", expected 0 to 3");
  call.result(3, seen[mode]);
  int64_t size = sizesOf(v)[3];
  Value y = groups == 1 ? b.contract(weights, v, "bhqk,bhkd->bhqd")
                        : b.reshape(b.contract(b.reshape(weights, {batch, shared, groups, queries, keys}), v, "bhgqk,bhkd->bhgqd"),
                                    {batch, qs[1], queries, size});
  call.result(rankOf(call.in(0)) == 4 ? y : b.reshape(b.transpose(y, {0, 2, 1, 3}), {batch, queries, qs[1] * size}));
}

/// Pairs (x1, x2) of the first `rotary_embedding_dim` numbers turn by the angle of their position.
static void writeRotaryEmbedding(Call &call) {
  GraphBuilder &b = call.builder;
  call.ignore({"num_heads"});
  Value x = call.floats(0), heads = splitHeads(call, x, "num_heads"), cosine = call.in(1), sine = call.in(2);
  if (rankOf(heads) != 4)
    call.refuse("its input is " + shapeText(x) + ", expected three or four dimensions");
  Shape s(sizesOf(heads).begin(), sizesOf(heads).end());
  int64_t turned = call.integer("rotary_embedding_dim", 0), half;
  bool interleaved = call.integer("interleaved", 0);
  turned = turned ? turned : s[3];
  half = turned / 2;
  if (call.has(3)) {
    cosine = b.gather(cosine, call.in(3), 0);
    sine = b.gather(sine, call.in(3), 0);
  }
  if (turned < 2 || turned > s[3] || turned % 2 || rankOf(cosine) != 3 || sizesOf(cosine)[2] < half ||
      sizesOf(cosine) != sizesOf(sine))
    call.refuse("its caches " + shapeText(cosine) + " and " + shapeText(sine) + " do not fit " + shapeText(x));
  Shape part = {s[0], s[1], s[2], half};
  auto angle = [&](Value cache) { return b.broadcast(b.unsqueeze(b.slice(cache, 2, 0, half), 1), part); };
  auto pick = [&](int64_t which) {
    return interleaved ? b.slice(heads, 3, which, half, 2) : b.slice(heads, 3, which * half, half);
  };
  Value x1 = pick(0), x2 = pick(1), c = angle(cosine), si = angle(sine);
  Value real = b.map<SubOp>(b.map<MulOp>(c, x1), b.map<MulOp>(si, x2));
  Value imaginary = b.map<AddOp>(b.map<MulOp>(si, x1), b.map<MulOp>(c, x2));
  Value y = interleaved ? b.reshape(b.concat({b.unsqueeze(real, 4), b.unsqueeze(imaginary, 4)}, 4), {s[0], s[1], s[2], turned})
                        : b.concat({real, imaginary}, 3);
  y = b.concat({y, b.slice(heads, 3, turned, s[3] - turned)}, 3);
  call.result(rankOf(x) == 4 ? y : b.reshape(b.transpose(y, {0, 2, 1, 3}), sizesOf(x)));
}

static const Rules rules = {
    {"Attention", 3, 6, writeAttention},
    {"RotaryEmbedding", 3, 4, writeRotaryEmbedding},
};
