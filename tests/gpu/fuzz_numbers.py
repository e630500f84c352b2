"""Nodes of random nets that make numbers: each function adds one to a net (fuzz.py), or none where no value fits."""
import numpy as np
from onnx import TensorProto

from gpu.nets import ANY, LARGEST, SIZES


def unary(net):
    x = net.value()
    kind = net.pick(["Relu", "Sigmoid", "Tanh", "Abs", "Neg", "LeakyRelu", "Elu", "Softplus", "Erf", "Identity", "Sin", "HardSigmoid"])
    net.node(kind, [x], net.shapes[x])


def limited(net):
    x = net.value()
    y = net.node("Clip", [x, net.constant(np.float32(-1)), net.constant(np.float32(1.5))], net.shapes[x])
    net.node(net.pick(["Exp", "Sqrt"]) if net.chance(0.5) else "Exp", [net.node("Abs", [y], net.shapes[x])], net.shapes[x])


def binary(net):
    x = net.value()
    shape = net.shapes[x]
    others = [name for name, other in net.floats() if joined(shape, other) is not None]
    if net.chance(0.4):
        other = [n if net.chance(0.6) else 1 for n in shape][int(net.random.integers(0, len(shape) + 1)):]
        y = net.constant(net.random.standard_normal(other).astype(np.float32))
        other = tuple(other)
    else:
        y = net.pick(others)
        other = net.shapes[y]
    kind = net.pick(["Add", "Sub", "Mul", "Max", "Min", "Add", "Mul"])
    net.node(kind, [x, y] if net.chance(0.5) else [y, x], joined(shape, other))


def joined(a, b):
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        return None
    return shape if np.prod(shape) <= LARGEST else None


def convolution(net):
    x = net.value(rank=[3, 4])
    if x is None:
        return
    batch, channels, *image = net.shapes[x]
    group = net.pick([1, 1, 1, channels])
    filters = group * int(net.pick([1, 2, 3])) if group > 1 else int(net.pick(SIZES))
    size = [int(min(n, net.pick([1, 2, 3, 3, 5]))) for n in image]
    dilations = [int(net.pick([1, 1, 2])) if n >= 2 * s else 1 for n, s in zip(image, size)]
    strides = [int(net.pick([1, 1, 2, 3])) for _ in image]
    pads = [int(net.random.integers(0, 1 + s // 2)) for s in size * 2]
    out = [(n + pads[i] + pads[i + len(image)] - d * (s - 1) - 1) // stride + 1
           for i, (n, s, d, stride) in enumerate(zip(image, size, dilations, strides))]
    if min(out) < 1 or batch * filters * np.prod(out) > LARGEST:
        return
    inputs = [x, net.weights(filters, channels // group, *size)] + ([net.weights(filters)] if net.chance(0.5) else [])
    net.node("Conv", inputs, (batch, filters, *out), kernel_shape=size, strides=strides, pads=pads, dilations=dilations, group=group)


def transposed_convolution(net):
    x = net.value(rank=4)
    if x is None:
        return
    batch, channels, *image = net.shapes[x]
    filters, size, stride = int(net.pick([1, 2, 3, 8, 9])), int(net.pick([1, 2, 3, 4])), int(net.pick([1, 2, 3]))
    pad = int(net.random.integers(0, (size + 1) // 2))
    out = [(n - 1) * stride + size - 2 * pad for n in image]
    if min(out) < 1 or batch * filters * np.prod(out) > LARGEST:
        return
    net.node("ConvTranspose", [x, net.weights(channels, filters, size, size)], (batch, filters, *out), strides=[stride] * 2, pads=[pad] * 4,
             kernel_shape=[size] * 2)


def pool(net):
    x = net.value(rank=[3, 4])
    if x is None:
        return
    batch, channels, *image = net.shapes[x]
    size = [int(min(n, net.pick([1, 2, 3, 4]))) for n in image]
    strides = [int(net.pick([1, 2, 3])) for _ in image]
    pads = [int(net.random.integers(0, (s + 1) // 2)) for s in size * 2]
    out = [(n + pads[i] + pads[i + len(image)] - s) // stride + 1 for i, (n, s, stride) in enumerate(zip(image, size, strides))]
    kind, attributes = net.pick([("MaxPool", {}), ("AveragePool", {"count_include_pad": 1}), ("AveragePool", {}), ("LpPool", {"p": 2})])
    net.node(kind, [x], (batch, channels, *out), kernel_shape=size, strides=strides, pads=pads, **attributes)


def product(net):
    x = net.value(rank=ANY)
    *rest, k = net.shapes[x]
    n = int(net.pick([*SIZES, 100, 130]))
    if np.prod(rest) * n > LARGEST:
        return
    y = net.node("MatMul", [x, net.weights(k, n)], (*rest, n))
    if net.chance(0.5):
        net.node("Add", [y, net.weights(n)], (*rest, n))


def squared(net):
    """x by its transpose: both operands are computed."""
    x = net.value(rank=[2, 3, 4])
    if x is None:
        return
    *rest, m, k = net.shapes[x]
    if np.prod(rest) * m * m > LARGEST:
        return
    order = [*range(len(rest)), len(rest) + 1, len(rest)]
    scaled = net.node("Mul", [x, net.constant(np.float32(1 / np.sqrt(k)))], net.shapes[x])
    net.node("MatMul", [scaled, net.node("Transpose", [x], (*rest, k, m), perm=order)], (*rest, m, m))


def gemm(net):
    x = net.value(rank=2)
    if x is None:
        return
    m, k = net.shapes[x]
    left, right = int(net.chance(0.5)), int(net.chance(0.5))
    m, k = (k, m) if left else (m, k)
    n = int(net.pick(SIZES))
    net.node("Gemm", [x, net.weights(*((n, k) if right else (k, n))), net.weights(n)], (m, n), transA=left, transB=right, alpha=0.5)


def reduction(net):
    x = net.value(rank=ANY)
    shape = net.shapes[x]
    axes = sorted(int(i) for i in net.random.choice(len(shape), net.random.integers(1, len(shape) + 1), replace=False))
    keep = int(net.chance(0.5))
    out = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
    kind = net.pick(["ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceL2", "ReduceLogSumExp", "ReduceMean"])
    net.node(kind, [x, net.constant(np.array(axes, np.int64))], out, keepdims=keep)


def largest(net):
    x = net.value(fresh=True)
    shape, axis = net.shapes[x], int(net.random.integers(len(net.shapes[x])))
    y = net.node(net.pick(["ArgMax", "ArgMin"]), [x], axis=axis, keepdims=1)
    net.node("Cast", [y], (*shape[:axis], 1, *shape[axis + 1:]), to=TensorProto.FLOAT)


def rows(net):
    x = net.value(rank=ANY)
    net.node(net.pick(["Softmax", "LogSoftmax"]), [x], net.shapes[x], axis=int(net.random.integers(len(net.shapes[x]))))


def normalization(net):
    x = net.value(rank=[2, 3, 4])
    if x is None:
        return
    shape = net.shapes[x]
    if net.chance(0.5):
        axis = int(net.random.integers(1, len(shape)))
        net.node("LayerNormalization", [x, net.weights(*shape[axis:]), net.weights(*shape[axis:])], shape, axis=axis, epsilon=0.1)
    else:
        channels = shape[1]
        deviation = net.constant((0.5 + net.random.random(channels)).astype(np.float32))
        net.node("BatchNormalization", [x, net.weights(channels), net.weights(channels), net.weights(channels), deviation], shape)


def choice(net):
    x = net.value(fresh=True)
    y = net.pick([name for name, other in net.floats() if joined(net.shapes[x], other) is not None])
    mask = net.node(net.pick(["Greater", "LessOrEqual"]), [x, net.constant(np.float32(0.1))])
    if net.chance(0.3):
        mask = net.node("Not", [mask])
    if net.chance(0.3):
        net.node("Cast", [mask], net.shapes[x], to=TensorProto.FLOAT)
    else:
        net.node("Where", [mask, y, net.constant(np.float32(-2))] if net.chance(0.5) else [mask, x, y], joined(net.shapes[x], net.shapes[y]))


def running(net):
    x = net.value(rank=ANY)
    axis = int(net.random.integers(len(net.shapes[x])))
    net.node("CumSum", [x, net.constant(np.int64(axis))], net.shapes[x], reverse=int(net.chance(0.3)), exclusive=int(net.chance(0.3)))


def integers(net):
    """Of an input's whole part: every bit is known."""
    x = net.value(fresh=True)
    shape = net.shapes[x]
    whole = net.node("Cast", [net.node("Mul", [x, net.constant(np.float32(37))])], to=net.pick([TensorProto.INT32, TensorProto.INT64]))
    for _ in range(int(net.random.integers(1, 4))):
        kind = net.pick(["Add", "Sub", "Mul", "Div", "Mod", "Max"])
        number = net.node("CastLike", [net.constant(np.int64(net.pick([2, 3, -5, 7, 16, 100]))), whole])
        whole = net.node(kind, [whole, number])
    if net.chance(0.3):
        whole = net.node("CumSum", [whole, net.constant(np.int64(net.random.integers(len(shape))))])
    if net.chance(0.3):
        axis = int(net.random.integers(len(shape)))
        whole = net.node("ReduceSum", [whole, net.integers(axis)], keepdims=1)
        shape = (*shape[:axis], 1, *shape[axis + 1:])
    net.node("Cast", [whole], shape, to=TensorProto.FLOAT)


def recurrent(net):
    x = net.value(rank=3)
    if x is None:
        return
    length, batch, size = net.shapes[x]
    hidden, kind = int(net.pick([1, 3, 5, 8, 9])), net.pick(["LSTM", "GRU", "RNN"])
    gates, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind], int(net.pick([1, 1, 2]))
    if length > 9:
        return
    inputs = [x, net.weights(ways, gates * hidden, size), net.weights(ways, gates * hidden, hidden), net.weights(ways, 2 * gates * hidden)]
    attributes = {"linear_before_reset": int(net.chance(0.5))} if kind == "GRU" else {}
    direction = "bidirectional" if ways == 2 else net.pick(["forward", "reverse"])
    net.node(kind, inputs, (length, ways, batch, hidden), hidden_size=hidden, direction=direction, **attributes)


def sum_of_products(net):
    x = net.value(rank=[2, 3])
    if x is None:
        return
    shape, letters = net.shapes[x], "abc"[:len(net.shapes[x])]
    y = net.numbers(*shape[-1:], int(net.pick(SIZES))) if net.chance(0.3) else None
    if y is not None and np.prod(shape[:-1]) * net.shapes[y][1] <= LARGEST:
        net.node("Einsum", [x, y], (net.shapes[y][1], *shape[:-1]), equation=f"{letters},{letters[-1]}z->z{letters[:-1]}")
    else:
        out = "".join(net.random.permutation(list(letters))[:int(net.random.integers(1, len(letters) + 1))])
        net.node("Einsum", [x, net.weights(*shape)], [shape[letters.index(letter)] for letter in out], equation=f"{letters},{letters}->{out}")


GROW = [unary, unary, limited, binary, binary, convolution, convolution, convolution, transposed_convolution, pool, pool, product, product,
        squared, gemm, reduction, reduction, largest, rows, normalization, choice, running, integers, integers, recurrent, sum_of_products]
