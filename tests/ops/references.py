"""What ops mean, in numpy and Python integers: an op's result from arrays of any type, never by way of kiln."""
import itertools
import math

import numpy as np


def wide(function):
    """Floats in the next wider type, rounded once at the end: far inside one ULP of the true value."""
    wider = {np.dtype("f2"): np.float64, np.dtype("f4"): np.float64, np.dtype("f8"): np.longdouble}

    def call(*arrays):
        return function(*(a.astype(wider.get(a.dtype, a.dtype)) for a in arrays)).astype(arrays[0].dtype)
    return call


def exact(function):
    """Integers without bounds, wrapped to the type at the end."""
    def call(*arrays):
        dtype = arrays[0].dtype
        bits = 8 * dtype.itemsize
        flat = [function(*map(int, values)) & (2**bits - 1) for values in zip(*(a.flat for a in arrays))]
        return np.array(flat, f"u{dtype.itemsize}").astype(dtype).reshape(arrays[0].shape)
    return call


def truncated(a, b):
    return 0 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def power(a, b):
    if b < 0:
        return {1: 1, -1: -1 if b % 2 else 1}.get(a, 0)
    return pow(a, b, 2**64)


def shifted_left(bits):
    return lambda a, b: a << b if b < bits else 0


def shifted_right(a, b):
    return a >> min(b, 200)


erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def saturated(dtype):
    """A cast of floats: truncation, the nearest end outside the type's range, 0 of NaN."""
    ends = np.iinfo(dtype)

    def one(v):
        if math.isnan(v):
            return 0
        if math.isinf(v):
            return ends.max if v > 0 else ends.min
        return max(ends.min, min(ends.max, int(v)))
    return lambda x: np.array([one(v) for v in x.flat], dtype).reshape(x.shape)


def bfloat(x):
    """f32 rounded half to even to 8 bits of precision, as f32 again."""
    bits = x.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)
    return np.where(np.isnan(x), np.float32(np.nan), rounded)


def pooled(kind, window, strides, low, high, dilation):
    start, fold = {"add": (0, np.add), "max": (-np.inf, np.maximum), "min": (np.inf, np.minimum)}[kind]

    def call(x):
        fill = start if x.dtype.kind == "f" or abs(start) < 2 else (np.iinfo(x.dtype).min if kind == "max" else np.iinfo(x.dtype).max)
        padded = np.pad(x, list(zip(low, high)), constant_values=fill)
        shape = [(n - (w - 1) * d - 1) // s + 1 for n, w, d, s in zip(padded.shape, window, dilation, strides)]
        result = np.full(shape, fill, x.dtype)
        for taps in itertools.product(*map(range, window)):
            part = tuple(slice(k * d, k * d + (n - 1) * s + 1, s) for k, d, n, s in zip(taps, dilation, shape, strides))
            result = fold(result, padded[part])
        return result
    return call


def taps_of(x, window, strides, low, high, dilation):
    """Every window's elements, the padding NaN: the pool's shape and one more dimension, the taps in row-major order; and their flat positions."""
    positions = np.pad(np.arange(x.size).reshape(x.shape), list(zip(low, high)), constant_values=-1)
    shape = [(n - (w - 1) * d - 1) // s + 1 for n, w, d, s in zip(positions.shape, window, dilation, strides)]
    parts = [positions[tuple(slice(k * d, k * d + (n - 1) * s + 1, s) for k, d, n, s in zip(taps, dilation, shape, strides))]
             for taps in itertools.product(*map(range, window))]
    return np.stack(parts, -1)


def arg_pooled(kind, *windows):
    def call(x):
        where = taps_of(x, *windows)
        values = np.where(where >= 0, x.reshape(-1)[where], -np.inf if kind == "max" else np.inf)
        return (np.argmax if kind == "max" else np.argmin)(values, -1).astype("i4")
    return call


def pool_taken(*windows):
    def call(x, index):
        where = np.take_along_axis(taps_of(x, *windows), index[..., None].astype("i8"), -1)[..., 0]
        return np.where(where >= 0, x.reshape(-1)[where], 0)
    return call


def unpooled(shape, *windows):
    def call(g, index=None):
        where, result = taps_of(np.zeros(shape), *windows), np.zeros(int(np.prod(shape)) + 1, g.dtype)
        for k in range(where.shape[-1]):
            np.add.at(result, where[..., k], g if index is None else np.where(index == k, g, 0))
        return result[:-1].reshape(shape)
    return call


def philox(counter, key):
    """Philox4x32-10 on Python's integers: four words."""
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & 0xFFFFFFFF, a >> 32 ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def uniform(stream, shape):
    def call(key):
        seed, step, turn = (int(v) & (2**64 - 1) for v in (*key, 0)[:3])
        words = [philox((i, turn & 0xFFFFFFFF, stream, step & 0xFFFFFFFF), (seed & 0xFFFFFFFF, seed >> 32))[0] for i in range(int(np.prod(shape)))]
        return (np.array([w >> 8 for w in words]) * 2.0**-24).astype("f4").reshape(shape)
    return call


def windowed(labels, spatial, strides, low, high, lhs_dilation, dilation):
    """kiln.window by one einsum per tap, in double precision."""
    operands, out = labels.split("->")
    left, right = operands.split(",")

    def call(x, w):
        kind = x.dtype
        x, w = (a.astype(np.float64) if kind.kind == "f" else a for a in (x, w))
        for i, letter in enumerate(spatial):
            d = left.index(letter)
            stretched = np.zeros([(n - 1) * lhs_dilation[i] + 1 if e == d else n for e, n in enumerate(x.shape)], x.dtype)
            stretched[tuple(slice(None, None, lhs_dilation[i] if e == d else None) for e in range(x.ndim))] = x
            x = np.pad(stretched, [(max(low[i], 0), max(high[i], 0)) if e == d else (0, 0) for e in range(x.ndim)])
            x = x[tuple(slice(max(-low[i], 0), x.shape[d] - max(-high[i], 0)) if e == d else slice(None) for e in range(x.ndim))]
        result = 0
        for taps in itertools.product(*(range(w.shape[right.index(c)]) for c in spatial)):
            xs, ws = [slice(None)] * x.ndim, [slice(None)] * w.ndim
            for i, c in enumerate(spatial):
                reach = (w.shape[right.index(c)] - 1) * dilation[i] + 1
                count = (x.shape[left.index(c)] - reach) // strides[i] + 1
                first = taps[i] * dilation[i]
                xs[left.index(c)], ws[right.index(c)] = slice(first, first + (count - 1) * strides[i] + 1, strides[i]), taps[i]
            kept = "".join(c for c in right if c not in spatial)
            result = result + np.einsum(f"{left},{kept}->{out}", x[tuple(xs)], w[tuple(ws)])
        return result.astype(kind)
    return call
