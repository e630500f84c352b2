//===- Attention.cpp - MultiHeadAttention of a sequence to itself -----------------------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Scope.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace kiln::builder {

static Value projected(Scope &s, Value x, const char *name, int64_t results, const MultiHeadAttention &o) {
  return s.inside(name, [&] {
    int64_t inputs = sizesOf(x).back();
    Value w = s.parameter("weight", {inputs, results}, o.weights_, {static_cast<double>(inputs), static_cast<double>(results)});
    Value y = s.b.matmul(x, w);
    return o.bias_ ? s.b.map<AddOp>(y, s.parameter("bias", {results}, Initializer::zeros())) : y;
  });
}

MultiHeadAttention::operator Layer() const {
  return layer("attention", name_, [o = *this](Scope &s, const Inputs &inputs) {
    GraphBuilder &b = s.b;
    Value x = inputs[0];
    if (rankOf(x) != 3 || !isFloat(x) || o.heads < 1 || sizesOf(x)[2] % o.heads)
      throw BuildError{"it has " + std::to_string(o.heads) + " heads for " + shapeText(x) +
                       ", expected floats [batch, length, features] that the heads share evenly"};
    int64_t batch = sizesOf(x)[0], length = sizesOf(x)[1], features = sizesOf(x)[2], size = features / o.heads;
    Value all = b.reshape(projected(s, x, "in", 3 * features, o), {batch, length, 3, o.heads, size});
    auto part = [&](int64_t i) { return b.reshape(b.slice(all, 2, i, 1), {batch, length, o.heads, size}); };
    Value q = b.map<MulOp>(part(0), 1 / std::sqrt(static_cast<double>(size)));
    Value scores = b.contract(q, part(1), "bqhd,bkhd->bhqk");
    if (o.causal_) { // a query sees no key behind it; it always sees itself
      Value hidden = b.broadcast(b.upperTriangle(length, length, 1), sizesOf(scores));
      scores = b.select(hidden, b.fill(scores, -std::numeric_limits<double>::infinity()), scores);
    }
    Value y = b.contract(b.softmax(scores, 3), part(2), "bhqk,bkhd->bqhd");
    return projected(s, b.reshape(y, {batch, length, features}), "out", features, o);
  });
}

} // namespace kiln::builder
