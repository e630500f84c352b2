"""zoo:gpt, zoo:lstm and zoo:resnet in JAX: each gives its parameters, its state, and (parameters, state, input) -> logits, state."""
import jax
from jax import numpy as np


def weights(*shapes):
    keys = jax.random.split(jax.random.key(0), len(shapes))
    return [0.02 * jax.random.normal(key, shape) for key, shape in zip(keys, shapes)]


def layer_norm(x, p):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * p[0] + p[1]


def gpt(features=64, heads=4, length=64, layers=2):
    def norm():
        return np.ones(features), np.zeros(features)

    def block():
        into, out, up, down = weights((features, 3 * features), (features, features), (features, 4 * features), (4 * features, features))
        return {"norms": [norm(), norm()], "in": (into, np.zeros(3 * features)), "out": (out, np.zeros(features)),
                "up": (up, np.zeros(4 * features)), "down": (down, np.zeros(features))}

    def attention(p, x):
        rows = x.shape[0]
        q, k, v = np.split(x @ p["in"][0] + p["in"][1], 3, -1)
        q, k, v = (part.reshape(rows, length, heads, -1) for part in (q, k, v))
        scores = np.einsum("bqhd,bkhd->bhqk", q, k) / (features // heads) ** 0.5
        scores = np.where(np.tri(length, dtype=bool), scores, -np.inf)
        y = np.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), v).reshape(rows, length, features)
        return y @ p["out"][0] + p["out"][1]

    def apply(p, state, tokens):
        x = p["table"][tokens] + p["positions"]
        for b in p["blocks"]:
            x = x + attention(b, layer_norm(x, b["norms"][0]))
            wide = jax.nn.gelu(layer_norm(x, b["norms"][1]) @ b["up"][0] + b["up"][1], approximate=False)
            x = x + wide @ b["down"][0] + b["down"][1]
        return layer_norm(x, p["norm"]) @ p["last"], state
    table, positions, last = weights((256, features), (length, features), (features, 256))
    return {"table": table, "positions": positions, "last": last, "norm": norm(), "blocks": [block() for _ in range(layers)]}, [], apply


def lstm(units=128):
    def apply(p, state, tokens):
        inputs = p["table"][tokens].swapaxes(0, 1) @ p["in"] + p["bias"]

        def step(carry, x):
            h, c = carry
            i, f, g, o = np.split(x + h @ p["again"], 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * np.tanh(g)
            h = jax.nn.sigmoid(o) * np.tanh(c)
            return (h, c), h
        zero = np.zeros((tokens.shape[0], units))
        _, all = jax.lax.scan(step, (zero, zero), inputs)
        return all.swapaxes(0, 1) @ p["out"] + p["last"], state
    table, into, again, out = weights((256, 32), (32, 4 * units), (units, 4 * units), (units, 256))
    return {"table": table, "in": into, "again": again, "bias": np.zeros(4 * units), "out": out, "last": np.zeros(256)}, [], apply


def resnet():
    shapes = [(1, 32, 1), (32, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 64, 1)]

    def apply(p, state, x):
        kept = []

        def layer(x, i):
            before, filters, stride = shapes[i]
            x = jax.lax.conv_general_dilated(x, p["conv"][i], (stride, stride), ((1, 1), (1, 1)), dimension_numbers=("NHWC", "HWIO", "NHWC"))
            m, v = x.mean((0, 1, 2)), x.var((0, 1, 2))
            kept.append((0.9 * state[i][0] + 0.1 * m, 0.9 * state[i][1] + 0.1 * v))
            return (x - m) * jax.lax.rsqrt(v + 1e-5) * p["norm"][i][0] + p["norm"][i][1]
        x = jax.nn.relu(layer(x, 0))
        x = jax.nn.relu(x + layer(jax.nn.relu(layer(x, 1)), 2))
        x = jax.nn.relu(layer(x, 3))
        x = jax.nn.relu(x + layer(jax.nn.relu(layer(x, 4)), 5))
        return x.mean((1, 2)) @ p["dense"][0] + p["dense"][1], kept
    parameters = {"conv": weights(*((3, 3, before, filters) for before, filters, _ in shapes)),
                  "norm": [(np.ones(filters), np.zeros(filters)) for _, filters, _ in shapes],
                  "dense": (weights((64, 10))[0], np.zeros(10))}
    return parameters, [(np.zeros(filters), np.ones(filters)) for _, filters, _ in shapes], apply
