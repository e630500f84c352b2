"""What layers mean, in numpy and double precision. A reference takes a case's inputs by name and gives y."""
import math

import numpy as np

sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
erf = np.vectorize(math.erf)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def prelu(c):
    slope = c["slope"].reshape(1, -1, *[1] * (c["x"].ndim - 2))
    return np.where(c["x"] > 0, c["x"], slope * c["x"])


def windows(x, size, strides, borders, dilation, fill):
    """[n, c, y, x, ky, kx] of a picture padded by ((top, bottom), (left, right))."""
    x = np.pad(x, ((0, 0), (0, 0), *borders), constant_values=fill)
    reach = [(k - 1) * d + 1 for k, d in zip(size, dilation)]
    results = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, strides)]
    out = np.empty((*x.shape[:2], *results, *size))
    for y in range(results[0]):
        for z in range(results[1]):
            at = [i * s for i, s in zip((y, z), strides)]
            out[:, :, y, z] = x[:, :, at[0]:at[0] + reach[0]:dilation[0], at[1]:at[1] + reach[1]:dilation[1]]
    return out


def same(shape, size, strides):
    """TensorFlow's rule: the odd one below and right."""
    borders = []
    for n, k, s in zip(shape, size, strides):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        borders.append((total // 2, total - total // 2))
    return borders


NONE = [(0, 0), (0, 0)]


def conv(strides=(1, 1), borders=NONE, dilation=(1, 1), groups=1, end=lambda y: y):
    def reference(c):
        w = c["weight"]
        around = same(c["x"].shape[2:], w.shape[2:], strides) if borders == "same" else borders
        parts = [np.einsum("ncyxab,ocab->noyx", windows(x, w.shape[2:], strides, around, dilation, 0), v)
                 for x, v in zip(np.split(c["x"], groups, 1), np.split(w, groups))]
        y = np.concatenate(parts, 1)
        return end(y + c["bias"].reshape(1, -1, 1, 1) if "bias" in c else y)
    return reference


def pool(size, combine, strides=None, borders=NONE):
    def reference(c):
        steps = strides or size
        around = same(c["x"].shape[2:], size, steps) if borders == "same" else borders
        return combine(windows(c["x"], size, steps, around, (1, 1), np.nan))
    return reference


def batch_norm(epsilon=1e-5):
    def reference(c):
        shape = (1, -1, *[1] * (c["x"].ndim - 2))
        mean, variance, scale, bias = (c[n].reshape(shape) for n in ("running_mean", "running_var", "weight", "bias"))
        return (c["x"] - mean) / np.sqrt(variance + epsilon) * scale + bias
    return reference


def layer_norm(c):
    x = c["x"]
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * c["weight"] + c["bias"]


def rnn(c):
    h = 0
    for t in range(c["x"].shape[1]):
        h = np.tanh(c["x"][:, t] @ c["weight"] + (h @ c["recurrent"] if t else 0) + c["bias"])
    return h


def lstm(c):
    units = c["recurrent"].shape[0]
    h = memory = np.zeros((c["x"].shape[0], units))
    states = []
    for t in range(c["x"].shape[1]):
        i, f, g, o = np.split(c["x"][:, t] @ c["weight"] + h @ c["recurrent"] + c["bias"], 4, 1)
        memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(memory)
        states.append(h)
    return np.stack(states, 1)


def gru(c):
    h = np.zeros((c["x"].shape[0], c["recurrent"].shape[0]))
    for t in range(c["x"].shape[1]):
        (xz, xr, xh), (hz, hr, hh) = (np.split(v, 3, 1) for v in (c["x"][:, t] @ c["weight"] + c["bias"],
                                                                 h @ c["recurrent"] + c["recurrent_bias"]))
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        h = z * h + (1 - z) * np.tanh(xh + r * hh)
    return h


def attention(heads, causal=False):
    def reference(c):
        x = c["x"]
        batch, length, features = x.shape
        q, k, v = np.split(x @ c["in.weight"] + c.get("in.bias", 0), 3, -1)
        y = np.empty_like(x)
        size = features // heads
        for b in range(batch):
            for h in range(heads):
                part = slice(h * size, (h + 1) * size)
                scores = q[b, :, part] @ k[b, :, part].T / math.sqrt(size)
                if causal:
                    scores[np.triu_indices(length, 1)] = -np.inf
                y[b, :, part] = softmax(scores) @ v[b, :, part]
        return y @ c["out.weight"] + c.get("out.bias", 0)
    return reference


def of_x(formula):
    return lambda c: formula(c["x"])


REFERENCES = {
    "linear": of_x(lambda x: x),
    "step": of_x(lambda x: np.float64(x >= 0)),
    "sigmoid": of_x(sigmoid),
    "tanh": of_x(np.tanh),
    "relu": of_x(lambda x: np.maximum(x, 0)),
    "leaky_relu": of_x(lambda x: np.where(x > 0, x, 0.1 * x)),
    "elu": of_x(lambda x: np.where(x > 0, x, 1.5 * np.expm1(x))),
    "selu": of_x(lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
    "softplus": of_x(lambda x: np.logaddexp(x, 0)),
    "gelu": of_x(lambda x: x * (1 + erf(x / math.sqrt(2))) / 2),
    "silu": of_x(lambda x: x * sigmoid(x)),
    "maxout": of_x(lambda x: x.reshape(*x.shape[:-1], -1, 3).max(-1)),
    "softmax": of_x(softmax),
    "prelu": prelu,
    "prelu_picture": prelu,
    "conv_valid": conv(),
    "conv_same": conv((2, 2), "same", end=lambda y: np.maximum(y, 0)),
    "conv_even": conv(borders="same"),
    "conv_explicit": conv(borders=[(1, 0), (2, 3)]),
    "conv_dilated": conv((1, 2), dilation=(2, 3)),
    "conv_groups": conv(groups=2),
    "conv_depthwise": conv(borders="same", groups=4),
    "max_pool": pool((2, 3), lambda w: w.max((-2, -1))),
    "max_same": pool((3, 3), lambda w: np.nanmax(w, (-2, -1)), (2, 2), "same"),
    "average_pool": pool((2, 2), lambda w: w.mean((-2, -1))),
    "average_same": pool((3, 3), lambda w: np.nanmean(w, (-2, -1)), (2, 2), "same"),
    "norm_pool": pool((2, 2), lambda w: np.sqrt((w ** 2).sum((-2, -1)))),
    "norm_pool_3": pool((2, 2), lambda w: (np.abs(w) ** 3).sum((-2, -1)) ** (1 / 3)),
    "global_average": of_x(lambda x: x.mean((2, 3))),
    "global_max": of_x(lambda x: x.max((2, 3))),
    "flatten": of_x(lambda x: x.reshape(len(x), -1)),
    "reshape": of_x(lambda x: x.reshape(len(x), 9, -1, 2)),
    "batch_norm": batch_norm(),
    "batch_norm_rows": batch_norm(1e-3),
    "crop": of_x(lambda x: x[:, :, 1:7, 2:9]),
    "add": lambda c: 2 * c["x"] + c["z"],
    "concat": lambda c: np.concatenate([c["x"], c["z"]], 2),
    "dense": lambda c: np.tanh(c["x"] @ c["weight"] + c["bias"]),
    "dense_sequence": lambda c: c["x"] @ c["weight"] + c["bias"],
    "layer_norm": layer_norm,
    "embedding": lambda c: c["weight"][c["x"]],
    "positions": lambda c: c["x"] + c["weight"],
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "attention": attention(2),
    "causal": attention(3, True),
    "shared": lambda c: (c["x"] @ c["weight"] + c["bias"]) @ c["weight"] + c["bias"],
}
