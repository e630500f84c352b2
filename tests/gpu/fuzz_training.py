"""Random small nets, trained on the fake card and on the processor: gradients by every input and parameter of a random graph, and steps of a
random layered net with a random optimizer. A seed of each runs in CI (test_fuzz); by hand, from tests/: python -m gpu.fuzz_training 0 100."""
import os
import sys
import tempfile
import traceback

import numpy as np
import onnx

from gpu import fuzz, fuzz_numbers, nets
from models import kiln, native

# What has no derivative, or one that jumps where two values are equal to the last place, is left out.
GROW = [grow for grow in fuzz.GROW if grow not in (fuzz_numbers.largest, fuzz_numbers.integers)]
OPTIMIZERS = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]


def feeds_of(library, random, given):
    """Random values for each input of a step, and what `given` says."""
    info, feeds = library.info().contents, dict(given)
    for tensor in (info.inputs[i] for i in range(info.input_count)):
        name, shape = tensor.name.decode(), tuple(tensor.shape[:tensor.rank])
        if name in feeds:
            continue
        if np.issubdtype(native.DTYPES[tensor.dtype], np.floating):
            feeds[name] = np.ones(shape) if name == "statistics" else 0.3 * random.standard_normal(shape, np.float32)
        else:
            feeds[name] = random.integers(0, 3, shape)
        if name.startswith("optimizer"):
            feeds[name] = np.abs(feeds[name])  # second moments have no sign
    return feeds


def both(path, folder, given, seed, steps, extra=()):
    """What the card and the processor make of a graph; the state of a step stays in place for as many as `steps`."""
    found, feeds = [], None
    for target in ("host", nets.TARGET):
        name = os.path.join(folder, f"net{seed}-{target}")
        kiln.compile(path, name, "shared", None, target, extra=["--prefix", "m", *extra], env=nets.environment(), timeout=300)
        library = native.Library(f"{name}.so", "m")
        feeds = feeds or feeds_of(library, np.random.default_rng(seed), given)
        runner = native.CardRunner(library, feeds) if target == nets.TARGET else native.Runner(library, feeds, 1, tied=True)
        for _ in range(steps if target == nets.TARGET else steps - 1):  # binding has run the processor's once
            runner.check(runner.call())
        found.append(runner.results())
        runner.close()
    return found


def check_gradients(seed, folder):
    net = fuzz.Net(seed)
    wanted = int(net.random.integers(2, 8))
    while len(net.nodes) < wanted:
        net.pick(GROW)(net)
    used = {name for node in net.nodes for name in node.input}
    total = None
    for end in [name for node in net.nodes for name in node.output if name in net.shapes and name not in used]:
        part = net.node("Mul", [end, net.weights(*net.shapes[end])], net.shapes[end])
        part = net.node("ReduceSum", [part], (), keepdims=0)
        total = part if total is None else net.node("Add", [total, part], ())
    path = os.path.join(folder, f"net{seed}.onnx")
    net.save(path)
    reached = {total}
    for node in reversed(net.nodes):
        if reached & set(node.output):
            reached |= set(node.input)
    names = [name for name, array in net.inputs.items() if array.dtype == np.float32 and name in reached]
    try:
        expected, found = both(path, folder, net.inputs, seed, 1, ["--grad", ",".join(names)])
    except kiln.Failed as error:
        assert "no derivative reaches value" in str(error)  # a net of steps alone is refused, and rightly
        return
    nets.compare(expected, found, 1e-4)


def layered(seed):
    """An image or a row of numbers, layers, and a score for each of three classes; the batch."""
    net = fuzz.Net(seed)
    net.inputs, net.shapes = {}, {}
    batch = int(net.pick([1, 2, 3, 5, 8]))
    shape = (batch, int(net.pick([1, 2, 3])), int(net.pick([5, 8, 11, 14])), int(net.pick([5, 8, 9]))) if net.chance(0.7) else (
        batch, int(net.pick([3, 7, 16, 33])))
    net.fresh = {net.numbers(*shape)}
    grow = [fuzz_numbers.unary, fuzz_numbers.convolution, fuzz_numbers.convolution, fuzz_numbers.pool, fuzz_numbers.normalization, fuzz_numbers.product]
    wanted = int(net.random.integers(2, 7))
    x, shapes = "x0", dict(net.shapes)
    while len(net.nodes) < wanted:
        net.shapes = {x: shapes[x]}  # each layer after the other
        net.pick(grow)(net)
        shapes.update(net.shapes)
        x = list(shapes)[-1]
    net.shapes = shapes
    rest = int(np.prod(net.shapes[x][1:]))
    flat = net.node("Reshape", [x, net.constant(np.array([0, rest], np.int64))], (batch, rest))
    net.node("Gemm", [flat, net.weights(rest, 3), net.weights(3)], (batch, 3))
    return net, batch


def check_steps(seed, folder):
    net, batch = layered(seed)
    model = net.model()
    for value in (model.graph.input[0], model.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    path = os.path.join(folder, f"net{seed}.onnx")
    onnx.save(model, path)
    optimizer = OPTIMIZERS[seed % len(OPTIMIZERS)]
    extra = [["--clip-norm", "0.5"], ["--weight-decay", "0.01"], []][seed // len(OPTIMIZERS) % 3]
    kiln.kiln("train", path, "--batch", str(batch), "--optimizer", optimizer, "--loss", "cross_entropy", *extra, "--emit=mlir", "-o",
              os.path.join(folder, f"net{seed}"), *kiln.settings({"batch": batch}))
    given = {"rate": 0.01, "step": 1, "seed": 0, "weight": 1}
    nets.compare(*both(os.path.join(folder, f"net{seed}.mlir"), folder, given, seed, 3), 1e-3)


def main(first, last):
    os.environ.update(nets.environment())
    folder = tempfile.mkdtemp(prefix="kiln-fuzz")
    wrong = 0
    for seed in range(first, last):
        for check in (check_gradients, check_steps):
            process = os.fork()  # what is wrong may end it
            if process == 0:
                try:
                    check(seed, folder)
                    os._exit(0)
                except BaseException as error:
                    print(seed, check.__name__, "".join(traceback.format_exception_only(error))[:3000], flush=True)
                    os._exit(1)
            status = os.waitpid(process, 0)[1]
            wrong += status != 0
            print(seed, check.__name__, "right" if status == 0 else f"wrong: {status}", flush=True)
    print(f"{wrong} wrong; their models are in {folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
