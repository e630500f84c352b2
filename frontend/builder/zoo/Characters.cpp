//===- Characters.cpp - language models on bytes: bigram, LSTM, a small GPT -------------------------------------===//
//
// tokens [batch, length] -> probabilities [batch, length, 256] of the byte that follows each.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/builder/Layers.h"
#include "frontend/builder/Zoo.h"

using namespace kiln::builder;

constexpr int64_t bytes = 256, length = 64;

static Model bigram() {
  Sequential net("bigram", input("tokens", {length}, Element::I64), "probabilities");
  net.add(Embedding(bytes, bytes).weights(Initializer::zeros())).add(softmax());
  return net;
}
static const RegisterModel bigramEntry({"bigram", "the next byte by the last one alone", bigram, lossNamed("cross_entropy"),
                                        optimizerNamed("adam"), 0.01, 64, 10});

static Model lstmText() {
  Sequential net("lstm", input("tokens", {length}, Element::I64), "probabilities");
  net.add(Embedding(bytes, 32)).add(LSTM(128).sequences(true)).add(Dense(bytes).activation(softmax()));
  return net;
}
static const RegisterModel lstmEntry({"lstm", "the next byte by an LSTM of 128 units", lstmText, lossNamed("cross_entropy"),
                                      optimizerNamed("adam"), 0.002, 32, 10});

/// x + attention(norm(x)), then x + mlp(norm(x)).
static Tensor block(const Tensor &x, int64_t features, int64_t heads) {
  Tensor y = add({x, MultiHeadAttention(heads).causal(true).weights(Initializer::normal(0.02))(LayerNorm()(x))});
  Tensor wide = Dense(4 * features).activation(gelu()).weights(Initializer::normal(0.02))(LayerNorm()(y));
  return add({y, Dense(features).weights(Initializer::normal(0.02))(wide)});
}
static Model gpt() {
  constexpr int64_t features = 64;
  Tensor tokens = input("tokens", {length}, Element::I64);
  Tensor x = PositionalEmbedding()(Embedding(bytes, features).weights(Initializer::normal(0.02))(tokens));
  for (int i = 0; i < 2; ++i)
    x = block(x, features, 4);
  return Model("gpt", {tokens}, Dense(bytes).activation(softmax()).bias(false).weights(Initializer::normal(0.02))(LayerNorm()(x)),
               "probabilities");
}
static const RegisterModel gptEntry({"gpt", "the next byte by a GPT of 2 layers, 4 heads, 64 features", gpt,
                                     lossNamed("cross_entropy"), optimizerNamed("adamw"), 0.002, 32, 10});
