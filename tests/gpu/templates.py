"""Every kind of nest that a card has a schedule for, at any size: name -> a function that adds a case of it to a net. What each must become:
FAMILIES."""
import numpy as np

FAMILIES = {}  # template -> the family of its schedule, as `--dump=scheduled` prints it
TEMPLATES = {}


def template(family):
    def register(function):
        TEMPLATES[function.__name__] = function
        FAMILIES[function.__name__] = family
        return function
    return register


def random(net, shape, dtype=np.float32):
    dtype = np.dtype(dtype)
    if dtype == bool:
        return net.input(net.random.random(shape) < 0.5)
    if dtype.kind == "f":
        return net.input(net.random.standard_normal(shape).astype(dtype))
    low = -100 if dtype.kind == "i" else 0
    return net.input(net.random.integers(low, 100, shape).astype(dtype))


@template("gpu_map")
def elementwise(net, shape, dtype=np.float32):
    x, y = random(net, shape, dtype), random(net, shape, dtype)
    if np.dtype(dtype) == bool:
        net.node("Xor", [x, net.node("Not", [y])], shape, dtype=dtype)
    else:
        net.node("Add", [x, net.node("Mul", [y, x])], shape, dtype=dtype)


@template("gpu_map")
def masked(net, shape, dtype=np.float32):
    """Of booleans that stand in memory, and numbers."""
    x, mask = random(net, shape, dtype), random(net, shape, bool)
    net.node("Where", [mask, x, net.constant(np.dtype(dtype).type(3))], shape, dtype=dtype)


@template("gpu_map")
def broadcast(net, left, right):
    net.node("Sub", [random(net, left), random(net, right)], np.broadcast_shapes(left, right))


@template("gpu_map")
def transpose(net, shape, order, dtype=np.float32):
    net.node("Transpose", [random(net, shape, dtype)], [shape[i] for i in order], dtype=dtype, perm=order)


@template("gpu_map")
def concat(net, shapes, axis, dtype=np.float32):
    total = list(shapes[0])
    total[axis] = sum(shape[axis] for shape in shapes)
    net.node("Concat", [random(net, shape, dtype) for shape in shapes], total, dtype=dtype, axis=axis)


@template("gpu_map")
def pad(net, shape, pads, mode="constant"):
    rank = len(shape)
    net.node("Pad", [random(net, shape), net.integers(*pads)], [n + pads[i] + pads[i + rank] for i, n in enumerate(shape)], mode=mode)


@template("gpu_map")
def reversed_slice(net, shape, axis):
    net.node("Slice", [random(net, shape), net.integers(-1), net.integers(-1 - shape[axis]), net.integers(axis), net.integers(-1)], shape)


@template("gpu_map")
def gather(net, shape, count, axis, dtype=np.float32):
    """By indices that only a run knows."""
    indices = net.input(net.random.integers(-shape[axis], shape[axis], count))
    net.node("Gather", [random(net, shape, dtype), indices], (*shape[:axis], count, *shape[axis + 1:]), dtype=dtype, axis=axis)


@template("gpu_map")
def pool(net, shape, size, stride, padding=0, kind="MaxPool"):
    out = [(n + 2 * padding - size) // stride + 1 for n in shape[2:]]
    attributes = {"count_include_pad": 1} if kind == "AveragePool" else {}
    net.node(kind, [random(net, shape)], (*shape[:2], *out), kernel_shape=[size] * 2, strides=[stride] * 2, pads=[padding] * 4, **attributes)


@template("gpu_row")
def softmax(net, shape):
    net.node("Softmax", [random(net, shape)], shape, axis=-1)


@template("gpu_row")
def two_sums(net, shape):
    """Of a row; every result hangs on both, and each on all that it sums."""
    x, last = random(net, shape), net.integers(len(shape) - 1)
    one = (*shape[:-1], 1)
    first = net.node("ReduceSum", [x, last], one)
    second = net.node("ReduceSum", [net.node("Mul", [x, x], shape), last], one)
    net.node("Add", [net.node("Mul", [x, first], shape), second], shape)


@template("gpu_row")
def total(net, shape, axes, dtype=np.float32, kind="ReduceSum"):
    net.node(kind, [random(net, shape, dtype), net.integers(*axes)], [n for i, n in enumerate(shape) if i not in axes], dtype=dtype, keepdims=0)


@template("gpu_map")
def largest(net, shape, axis):
    x = random(net, shape)
    places = np.moveaxis(net.inputs[x], axis, -1).reshape(-1, shape[axis])
    places[0, 0] = places[-1, -1] = 10  # where a loop begins and ends; a view, if the axis is the last
    net.node("ArgMax", [x], [n for i, n in enumerate(shape) if i != axis], dtype=np.int64, axis=axis, keepdims=0)


@template("gpu_row")
def parts(net, count):
    """A sum so long that blocks take parts of it."""
    net.node("ReduceSum", [random(net, (count,))], (), keepdims=0)


@template("gpu_tile")
def product(net, m, n, k, batch=()):
    net.node("MatMul", [random(net, (*batch, m, k)), random(net, (*batch, k, n))], (*batch, m, n))


@template("gpu_tile")
def product_transposed(net, m, n, k):
    net.node("Gemm", [random(net, (k, m)), random(net, (n, k)), random(net, (n,))], (m, n), transA=1, transB=1)


@template("gpu_tile")
def window(net, shape, filters, size, stride=1, padding=0, dilation=1, group=1):
    out = [(n + 2 * padding - dilation * (size - 1) - 1) // stride + 1 for n in shape[2:]]
    convolved = net.node("Conv", [random(net, shape), net.weights(filters, shape[1] // group, size, size), net.weights(filters)],
                         (shape[0], filters, *out), strides=[stride] * 2, pads=[padding] * 4, dilations=[dilation] * 2, group=group,
                         kernel_shape=[size] * 2)
    net.node("Relu", [convolved], (shape[0], filters, *out))


@template("gpu_map")
def depthwise(net, shape, size, stride=1, padding=0):
    window(net, shape, shape[1], size, stride, padding, 1, shape[1])
