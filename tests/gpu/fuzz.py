"""Random small nets, compiled for a card and run through the interpreter against ONNX Runtime. A handful of seeds run in CI (test_fuzz);
by hand, from tests/: python -m gpu.fuzz 0 200. In: seeds. Out: a line a seed, and the models that went wrong in a folder.

A net is a list of nodes grown from its inputs: each takes a value that is there and adds another. What is not continuous (argmax, comparisons,
rounding) is taken of inputs alone, so that a last place cannot become another answer."""
import glob
import os
import sys
import tempfile

import numpy as np
from onnx import TensorProto

from gpu import nets

SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 32, 33, 40, 65]
ANY = [1, 2, 3, 4]
LARGEST = 12000  # elements of a value


class Net(nets.Net):
    """One with an input or two, and choices among its values."""

    def __init__(self, seed):
        super().__init__(seed)
        self.fresh = set()  # inputs, whose every bit is known
        for _ in range(self.random.integers(1, 3)):
            self.fresh.add(self.numbers(*self.shape(int(self.random.choice([1, 2, 2, 3, 4, 4, 4])))))

    def shape(self, rank):
        while True:
            shape = tuple(int(self.pick(SIZES)) for _ in range(rank))
            if np.prod(shape) <= LARGEST:
                return shape

    def floats(self):
        return [(name, shape) for name, shape in self.shapes.items() if name in self.types or name in self.fresh]

    def value(self, rank=None, fresh=False):
        """A value that is there, rather a late one; of that rank, if any is."""
        found = [name for name, shape in self.floats() if (rank is None or len(shape) in np.atleast_1d(rank)) and
                 (not fresh or name in self.fresh)]
        if not found:
            return None
        return found[-1] if self.chance(0.6) else self.pick(found)


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


def transpose(net):
    x = net.value(rank=[2, 3, 4])
    if x is not None:
        order = [int(i) for i in net.random.permutation(len(net.shapes[x]))]
        net.node("Transpose", [x], [net.shapes[x][i] for i in order], perm=order)


def reshape(net):
    x = net.value()
    left, shape = int(np.prod(net.shapes[x])), []
    for _ in range(int(net.random.integers(0, 4))):
        size = int(net.pick([n for n in range(1, left + 1) if left % n == 0][:8]))
        shape.append(size)
        left //= size
    shape.insert(int(net.random.integers(0, len(shape) + 1)), left)
    net.node("Reshape", [x, net.constant(np.array(shape, np.int64))], shape)


def part(net):
    x = net.value()
    starts, ends, axes, steps, shape = [], [], [], [], list(net.shapes[x])
    for axis, n in enumerate(net.shapes[x]):
        if n > 1 and net.chance(0.6):
            step = int(net.pick([1, 1, 2, 3, -1]))
            first, count = sorted(int(i) for i in net.random.choice(n, 2, replace=False))
            first, end = (count, first - 1 - n if first == 0 else first - 1) if step < 0 else (first, count + 1)
            starts, ends, axes, steps = [*starts, first], [*ends, end], [*axes, axis], [*steps, step]
            shape[axis] = len(range(n)[first:None if end == -1 - n else end:step])
    if starts:
        net.node("Slice", [x, *(net.constant(np.array(what, np.int64)) for what in (starts, ends, axes, steps))], shape)


def join(net):
    x = net.value(rank=ANY)
    shape, axis = net.shapes[x], int(net.random.integers(len(net.shapes[x])))
    others = [name for name, other in net.floats() if len(other) == len(shape) and
              all(i == axis or n == m for i, (n, m) in enumerate(zip(shape, other)))]
    names = [x, *(net.pick(others) for _ in range(net.random.integers(1, 3)))]
    total = sum(net.shapes[name][axis] for name in names)
    if total * np.prod(shape) / shape[axis] <= LARGEST:
        net.node("Concat", names, (*shape[:axis], total, *shape[axis + 1:]), axis=axis)


def pad(net):
    x = net.value(rank=ANY)
    shape, mode = net.shapes[x], net.pick(["constant", "edge", "reflect"])
    most = [min(3, n - 1) if mode == "reflect" else 3 for n in shape]
    pads = [int(net.random.integers(0, n + 1)) if net.chance(0.5) else 0 for n in most * 2]
    out = [n + pads[i] + pads[i + len(shape)] for i, n in enumerate(shape)]
    if np.prod(out) <= LARGEST:
        net.node("Pad", [x, net.constant(np.array(pads, np.int64))], out, mode=mode)


def gather(net):
    x = net.value(rank=ANY)
    shape, axis = net.shapes[x], int(net.random.integers(len(net.shapes[x])))
    count = int(net.pick([1, 2, 3, 7, 17]))
    if np.prod(shape) / shape[axis] * count > LARGEST:
        return
    indices = net.random.integers(-shape[axis], shape[axis], count)
    if net.chance(0.5):
        name = net.input(indices, f"i{len(net.inputs)}")
    else:
        name = net.constant(indices)
    net.node("Gather", [x, name], (*shape[:axis], count, *shape[axis + 1:]), axis=axis)


def split(net):
    x = net.value(rank=ANY)
    axis = int(net.random.integers(len(net.shapes[x])))
    n = net.shapes[x][axis]
    if n > 1:
        first = int(net.random.integers(1, n))
        names = net.node("Split", [x, net.constant(np.array([first, n - first], np.int64))], outputs=2, axis=axis)
        for name, size in zip(names, (first, n - first)):
            net.types[name] = np.float32
            net.shapes[name] = (*net.shapes[x][:axis], size, *net.shapes[x][axis + 1:])


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


def larger(net):
    x = net.value()
    shape = net.shapes[x]
    if net.chance(0.5):
        times = [int(net.pick([1, 1, 2, 3])) for _ in shape]
        if np.prod(shape) * np.prod(times) <= LARGEST:
            net.node("Tile", [x, net.constant(np.array(times, np.int64))], np.multiply(shape, times))
    else:
        wanted = [n if n > 1 else int(net.pick([1, 2, 5])) for n in shape]
        if np.prod(wanted) <= LARGEST:
            net.node("Expand", [x, net.constant(np.array(wanted, np.int64))], wanted)


def running(net):
    x = net.value(rank=ANY)
    axis = int(net.random.integers(len(net.shapes[x])))
    net.node("CumSum", [x, net.constant(np.int64(axis))], net.shapes[x], reverse=int(net.chance(0.3)), exclusive=int(net.chance(0.3)))


def resize(net):
    x = net.value(rank=4)
    if x is None:
        return
    batch, channels, *image = net.shapes[x]
    scale = int(net.pick([2, 3]))
    if batch * channels * np.prod(image) * scale ** 2 <= LARGEST:
        mode = net.pick(["nearest", "linear"])
        net.node("Resize", [x, "", net.constant(np.array([1, 1, scale, scale], np.float32))], (batch, channels, *(n * scale for n in image)),
                 mode=mode, coordinate_transformation_mode="asymmetric", nearest_mode="floor")


GROW = [unary, unary, limited, binary, binary, convolution, convolution, convolution, transposed_convolution, pool, pool, product, product,
        squared, gemm, reduction, reduction, largest, rows, normalization, transpose, transpose, reshape, part, part, join, join, pad, gather,
        split, choice, larger, running, resize]


def net_of(seed):
    net = Net(seed)
    wanted = int(net.random.integers(2, 9))
    while len(net.nodes) < wanted:
        net.pick(GROW)(net)
    return net


def check(seed, folder):
    """Compiles the net of a seed and runs it; an AssertionError says what is wrong."""
    net, path = net_of(seed), os.path.join(folder, f"net{seed}.onnx")
    net.save(path)
    expected = net.expected(path)
    nets.compare(expected, nets.answers(path, net.inputs, net.outputs)[0], 1e-4)


def main(first, last):
    folder = tempfile.mkdtemp(prefix="kiln-fuzz")
    wrong = 0
    for seed in range(first, last):
        try:
            check(seed, folder)
            print(seed, "right", flush=True)
            for name in glob.glob(os.path.join(folder, f"net{seed}*")):
                os.remove(name)
        except Exception as error:  # whatever it is, the next seed is tried, too
            wrong += 1
            print(seed, type(error).__name__, str(error)[:3000], flush=True)
    print(f"{wrong} of {last - first} wrong; their models are in {folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
