"""Nodes of random nets that move numbers: each function adds one to a net (fuzz.py), or none where no value fits."""
import numpy as np

from gpu.nets import ANY, LARGEST


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


def scatter(net):
    x = net.value(rank=ANY)
    shape, axis = net.shapes[x], int(net.random.integers(len(net.shapes[x])))
    count = int(net.random.integers(1, shape[axis] + 1))
    rows = net.random.permutation(shape[axis])[:count]
    indices = np.broadcast_to(rows.reshape([-1 if i == axis else 1 for i in range(len(shape))]), (*shape[:axis], count, *shape[axis + 1:]))
    net.node("ScatterElements", [x, net.constant(indices), net.weights(*indices.shape)], shape, axis=axis)


def blocks(net):
    x = net.value(rank=4)
    if x is None:
        return
    batch, channels, height, width = net.shapes[x]
    if channels % 4 == 0 and net.chance(0.5):
        net.node("DepthToSpace", [x], (batch, channels // 4, height * 2, width * 2), blocksize=2, mode=net.pick(["DCR", "CRD"]))
    elif height % 2 == 0 and width % 2 == 0:
        net.node("SpaceToDepth", [x], (batch, channels * 4, height // 2, width // 2), blocksize=2)
    elif net.chance(0.5):
        net.node("InstanceNormalization", [x, net.weights(channels), net.weights(channels)], net.shapes[x], epsilon=0.1)
    else:
        net.node("LRN", [x], net.shapes[x], size=int(net.pick([1, 3, 5])))


GROW = [transpose, transpose, reshape, part, part, join, join, pad, gather, split, larger, resize, scatter, blocks]
