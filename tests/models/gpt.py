"""A small GPT as a framework without LayerNormalization or Gelu operators writes it: opset 13, everything in small pieces."""
import numpy as np
from onnx import TensorProto

from .graph import Graph

TOKENS, WIDTH, HEADS, LAYERS, WORDS = 64, 256, 8, 4, 1000


def scalar(g, name, value):
    return g.constant(name, np.array(value, np.float32))


def layer_norm(g, x, name):
    mean = g.node("ReduceMean", [x], f"{name}.mean", axes=[-1])
    centred = g.node("Sub", [x, mean], f"{name}.centred")
    variance = g.node("ReduceMean", [g.node("Pow", [centred, "two"], f"{name}.square")], f"{name}.variance", axes=[-1])
    deviation = g.node("Sqrt", [g.node("Add", [variance, "epsilon"])], f"{name}.deviation")
    scale = g.constant(f"{name}.scale", g.weights.uniform(f"{name}.scale", WIDTH, 0.8, 1.2))
    bias = g.constant(f"{name}.bias", g.weights.normal(f"{name}.bias", WIDTH, 0.1))
    return g.node("Add", [g.node("Mul", [g.node("Div", [centred, deviation]), scale]), bias], name)


def attention(g, x, name):
    qkv = g.node("Split", [g.linear(x, f"{name}.qkv", WIDTH, 3 * WIDTH), "thirds"], f"{name}.split", 3, axis=-1)
    q, k, v = (g.node("Reshape", [part, "heads"], f"{name}.{n}") for part, n in zip(qkv, "qkv"))
    q = g.node("Transpose", [q], f"{name}.q.t", perm=[0, 2, 1, 3])
    k = g.node("Transpose", [k], f"{name}.k.t", perm=[0, 2, 3, 1])
    v = g.node("Transpose", [v], f"{name}.v.t", perm=[0, 2, 1, 3])
    scores = g.node("Div", [g.node("MatMul", [q, k], f"{name}.scores"), "root"])
    masked = g.node("Where", ["causal", scores, "minus"], f"{name}.masked")
    mixed = g.node("MatMul", [g.node("Softmax", [masked], f"{name}.softmax", axis=-1), v], f"{name}.mix")
    joined = g.node("Reshape", [g.node("Transpose", [mixed], perm=[0, 2, 1, 3]), "joined"], f"{name}.joined")
    return g.linear(joined, f"{name}.out", WIDTH, WIDTH)


def gelu(g, x, name):
    erf = g.node("Erf", [g.node("Div", [x, "sqrt2"])], f"{name}.erf")
    return g.node("Mul", [g.node("Mul", [x, g.node("Add", [erf, "one"])]), "half"], name)


def gpt_small(seed):
    g = Graph("gpt_small", seed, opset=13)
    tokens = g.input("tokens", [1, TOKENS], TensorProto.INT64)
    for name, value in (("two", 2), ("epsilon", 1e-5), ("root", (WIDTH // HEADS) ** 0.5), ("minus", -1e9), ("sqrt2", 2 ** 0.5),
                        ("one", 1), ("half", 0.5)):
        scalar(g, name, value)
    g.constant("thirds", np.array([WIDTH] * 3, np.int64))
    g.constant("heads", np.array([1, TOKENS, HEADS, WIDTH // HEADS], np.int64))
    g.constant("joined", np.array([1, TOKENS, WIDTH], np.int64))
    g.constant("causal", np.tril(np.ones((1, 1, TOKENS, TOKENS), bool)))
    words = g.constant("words", g.weights.normal("words", (WORDS, WIDTH), 1.0))
    places = g.constant("places", g.weights.normal("places", (TOKENS, WIDTH), 0.5))
    h = g.node("Add", [g.node("Gather", [words, tokens], "embedding", axis=0), places], "embedded")
    for i in range(LAYERS):
        h = g.node("Add", [h, attention(g, layer_norm(g, h, f"l{i}.ln1"), f"l{i}.attention")], f"l{i}.residual1")
        wide = gelu(g, g.linear(layer_norm(g, h, f"l{i}.ln2"), f"l{i}.up", WIDTH, 4 * WIDTH, 2.0), f"l{i}.gelu")
        h = g.node("Add", [h, g.linear(wide, f"l{i}.down", 4 * WIDTH, WIDTH)], f"l{i}.residual2")
    weight = g.constant("unembed.weight", g.weights.he("unembed.weight", (WIDTH, WORDS), WIDTH, 1.0))
    g.output(g.node("MatMul", [layer_norm(g, h, "final"), weight], "unembed"), "logits", [1, TOKENS, WORDS])
    return g.model()
