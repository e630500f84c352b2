"""State that a program updates: results tied to inputs, with the input's own memory and with memory of their own; and what stands beside
them in memory (joins, views). The reference is numpy in float32 on copies.
"""
import numpy as np
import pytest

from models import kiln, native

SIZES = [1, 7, 17, 1000003]
TIED = pytest.mark.parametrize("tied", [True, False], ids=["in-place", "apart"])
rng = np.random.default_rng(5)


class Program:
    """One @main, written line by line."""

    def __init__(self):
        self.arguments, self.body, self.results, self.state, self.types = [], [], [], [], {}

    def input(self, name, *shape, element="f32"):
        self.types[f"%{name}"] = "tensor<" + "".join(f"{n}x" for n in shape) + element + ">"
        self.arguments.append(f'%{name}: {self.types[f"%{name}"]} {{kiln.name = "{name}"}}')
        return f"%{name}"

    def op(self, name, *operands, type=None, **attributes):
        value = f"%{len(self.body)}"
        self.types[value] = type or self.types[operands[0]]
        attributes = ", ".join(f"{k} = {v}" for k, v in attributes.items())
        self.body.append(f"{value} = kiln.{name} {', '.join(operands)} {{{attributes}}} : "
                         f"({', '.join(self.types[v] for v in operands)}) -> {self.types[value]}")
        return value

    def scalar(self, number, like):
        value = f"%{len(self.body)}"
        self.types[value] = self.types[like]
        self.body.append(f"{value} = kiln.constant dense<{number:e}> : {self.types[like]}")
        return value

    def slice(self, x, start, size, step=1):
        return self.op("slice", x, type=f"tensor<{size}xf32>", starts=array(start), sizes=array(size), steps=array(step))

    def concat(self, size, *parts):
        return self.op("concat", *parts, type=f"tensor<{size}xf32>", dim="0 : i64")

    def output(self, name, value, tied=False):
        note = f', kiln.tied = "{name}"' if tied else ""
        self.results.append((value, f'{self.types[value]} {{kiln.name = "{name}"{note}}}'))

    def library(self, folder, target):
        path = folder / "program.mlir"
        path.write_text(f"func.func @main({', '.join(self.arguments)}) -> ({', '.join(t for _, t in self.results)}) {{\n  "
                        + "\n  ".join(self.body) + f"\n  return {', '.join(v for v, _ in self.results)} : "
                        + ", ".join(self.types[v] for v, _ in self.results) + "\n}\n")
        kiln.compile(path, folder / "program", "shared", target=target, extra=["--prefix", "step"])
        return native.Library(folder / "program.so", "step")


def array(*numbers):
    return f"array<i64: {', '.join(map(str, numbers))}>"


def numbers(*shape):
    return rng.normal(size=shape).astype(np.float32)


def steps(library, feeds, tied, threads=1):
    """The results of two steps, the second from the state that the first left."""
    runner = native.Runner(library, feeds, threads, tied)
    first = runner.results()
    if not tied:  # the inputs are as they were
        for i, given in enumerate(runner.given):
            np.testing.assert_array_equal(given, feeds[library.info().contents.inputs[i].name.decode()])
        runner.close()
        runner = native.Runner(library, {**feeds, **{k: v for k, v in first.items() if k in feeds}}, threads)
    else:
        assert runner.call() == 0
    second = runner.results()
    runner.close()
    return first, second


def close(got, expected):
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=2e-5, atol=1e-6, err_msg=name)


def optimizers(n):
    """SGD, momentum and Adam side by side; the kernels of each read what another of them writes."""
    p = Program()
    g, rate = p.input("g", n), p.op("broadcast", p.input("rate"), type=f"tensor<{n}xf32>", dims="array<i64>", shape=array(n))
    scaled = p.op("mul", rate, g)
    p.output("sgd", p.op("sub", p.input("sgd", n), scaled), tied=True)
    momentum = p.op("add", p.op("mul", p.input("velocity", n), p.scalar(0.9, g)), g)
    p.output("momentum", p.op("sub", p.input("momentum", n), p.op("mul", rate, momentum)), tied=True)
    p.output("velocity", momentum, tied=True)
    m = p.op("add", p.op("mul", p.input("m", n), p.scalar(0.9, g)), p.op("mul", g, p.scalar(0.1, g)))
    v = p.op("add", p.op("mul", p.input("v", n), p.scalar(0.99, g)), p.op("mul", p.op("mul", g, g), p.scalar(0.01, g)))
    step = p.op("div", m, p.op("add", p.op("sqrt", v), p.scalar(1e-3, g)))
    p.output("adam", p.op("sub", p.input("adam", n), p.op("mul", rate, step)), tied=True)
    p.output("m", m, tied=True)
    p.output("v", v, tied=True)
    return p


def optimized(f):
    f, g, rate = dict(f), f["g"], f["rate"]
    f["sgd"] = f["sgd"] - rate * g
    f["velocity"] = np.float32(0.9) * f["velocity"] + g
    f["momentum"] = f["momentum"] - rate * f["velocity"]
    f["m"] = np.float32(0.9) * f["m"] + np.float32(0.1) * g
    f["v"] = np.float32(0.99) * f["v"] + np.float32(0.01) * (g * g)
    f["adam"] = f["adam"] - rate * f["m"] / (np.sqrt(f["v"]) + np.float32(1e-3))
    return f


@pytest.mark.parametrize("target", kiln.host_targets())
@pytest.mark.parametrize("n", SIZES)
def test_optimizers(n, target, tmp_path):
    library = optimizers(n).library(tmp_path, target)
    feeds = {"g": numbers(n), "rate": np.float32(0.1)}
    feeds |= {name: numbers(n) for name in ("sgd", "velocity", "momentum", "m", "adam")} | {"v": numbers(n) ** 2}
    once = optimized(feeds)
    twice = optimized(once)
    for threads in (1, 2):
        for tied in (True, False):
            first, second = steps(library, feeds, tied, threads)
            close(first, {k: once[k] for k in first})
            close(second, {k: twice[k] for k in second})


def states(n):
    """What makes order matter: states that change places, one that is read at other coordinates, one that is read after it is written by
    what is not tied, a map that two kernels compute, one that does not change, and one made of parts."""
    p = Program()
    a, b, c, d, e, s = (p.input(name, n) for name in "abcdes")
    half = n // 2
    reversed_ = p.slice(c, n - 1, n, -1)
    p.output("a", b, tied=True)
    p.output("b", a, tied=True)
    p.output("c", p.op("add", c, reversed_), tied=True)
    p.output("d", p.op("mul", d, p.scalar(0.5, d)), tied=True)
    p.output("old", d)
    squares = p.op("mul", p.op("mul", d, d), c)
    p.output("sum", p.op("reduce", squares, type="tensor<f32>", kind="0 : i32", dims=array(0)))
    p.output("backward", p.op("exp", p.slice(squares, n - 1, n, -1)))
    p.output("e", e, tied=True)
    low, high = p.slice(s, 0, half), p.slice(s, half, n - half)
    p.output("s", p.concat(n, p.op("mul", low, p.scalar(0.5, low)), p.op("add", high, p.slice(e, half, n - half))), tied=True)
    return p


def changed(f):
    n, f = len(f["s"]), dict(f)
    f["old"], squares = f["d"], f["d"] * f["d"] * f["c"]
    f["sum"], f["backward"] = squares.sum(), np.exp(squares[::-1])
    f["a"], f["b"], f["c"], f["d"] = f["b"], f["a"], f["c"] + f["c"][::-1], f["d"] * np.float32(0.5)
    f["s"] = np.concatenate([f["s"][:n // 2] * np.float32(0.5), f["s"][n // 2:] + f["e"][n // 2:]])
    return f


@TIED
@pytest.mark.parametrize("n", [2, 7, 33, 4099])
def test_order(n, tied, tmp_path):
    library = states(n).library(tmp_path, None)
    feeds = {name: numbers(n) * np.float32(0.5) for name in "abcdes"}
    once = changed(feeds)
    first, second = steps(library, feeds, tied)
    close(first, {k: once[k] for k in first})
    twice = changed(once)
    close(second, {k: twice[k] for k in second})


def test_executable_keeps_them_apart(tmp_path):
    """The generic main, and kiln run, give every output memory of its own."""
    program = states(33)
    program.library(tmp_path, None)
    feeds = {name: numbers(33) * np.float32(0.5) for name in "abcdes"}
    expected = changed(feeds)
    kiln.compile(tmp_path / "program.mlir", tmp_path / "main")
    for runner in (tmp_path / "main", None):
        close(kiln.infer(tmp_path / "program.mlir", feeds, list(expected), runner=runner), expected)


def test_refused_step_changes_nothing(tmp_path):
    """An index out of range is found before the first state is written, although the gather stands after it."""
    p = Program()
    w = p.input("w", 5)
    i = p.input("i", 3, element="i64")
    p.output("w", p.op("mul", w, p.scalar(2, w)), tied=True)
    p.output("y", p.op("gather", w, i, type="tensor<3xf32>", axis="0 : i64"))
    library = p.library(tmp_path, None)
    runner = native.Runner(library, {"w": np.arange(5), "i": [0, 4, 2]}, 1, tied=True)
    np.testing.assert_array_equal(runner.results()["w"], [0, 2, 4, 6, 8])
    np.testing.assert_array_equal(runner.results()["y"], [0, 4, 2])
    runner.given[1][2] = 5
    assert runner.call() == 2 and b"5" in library.message(runner.context)
    np.testing.assert_array_equal(runner.results()["w"], [0, 2, 4, 6, 8])
    runner.close()


def test_only_its_own_memory(tmp_path):
    """A tied output may lie exactly on its input, on no other and not beside it; another output on none."""
    p = Program()
    w, x = p.input("w", 8), p.input("x", 8)
    p.output("w", p.op("add", w, x), tied=True)
    p.output("y", p.op("sub", w, x))
    library = p.library(tmp_path, None)
    runner = native.Runner(library, {"w": np.ones(8), "x": np.ones(8)}, 1, tied=True)
    w, x, y = runner.inputs[0].data, runner.inputs[1].data, runner.outputs[1].data
    for output, address in ((0, w + 4), (0, x), (0, y), (1, w), (1, x)):
        runner.outputs[0].data, runner.outputs[1].data = w, y
        runner.outputs[output].data = address
        assert runner.call() == 1, (output, address)
        assert b"expected memory of its own" in library.message(runner.context)
    runner.close()


@pytest.mark.parametrize("tie", ["x", "nobody"])
def test_tied_to_nothing(tie, tmp_path):
    path = tmp_path / "bad.mlir"
    path.write_text('func.func @main(%x: tensor<3xf32> {kiln.name = "x"}) -> (tensor<2xf32> {kiln.name = "y", kiln.tied = "' + tie + '"}) {\n'
                    "  %0 = kiln.slice %x {starts = array<i64: 0>, sizes = array<i64: 2>, steps = array<i64: 1>} : (tensor<3xf32>) -> tensor<2xf32>\n"
                    "  return %0 : tensor<2xf32>\n}\n")
    result = kiln.compile(path, tmp_path / "bad", "obj", check=False)
    assert result.code != 0 and f"tied to \"{tie}\": expected an input of that name and of type 'tensor<2xf32>'" in result.err
    assert not (tmp_path / "bad.o").exists()


@pytest.mark.parametrize("target", kiln.host_targets())
def test_flat_gradients_and_views(target, tmp_path):
    """Weights cut from a flat region at odd places; results of several kernels joined in the caller's memory; one joined twice."""
    p = Program()
    flat, x = p.input("flat", 301), p.input("x", 3, 8)
    w = p.op("reshape", p.slice(flat, 1, 160), type="tensor<8x20xf32>", shape=array(8, 20))
    bias = p.slice(flat, 161, 20)
    y = p.op("contract", x, w, type="tensor<3x20xf32>", labels='"bi,io->bo"')
    y = p.op("add", y, p.op("broadcast", bias, type="tensor<3x20xf32>", dims=array(1), shape=array(3, 20)))
    row = p.op("reshape", y, type="tensor<60xf32>", shape=array(60))
    tail = p.op("exp", p.slice(flat, 300, 40, -1))
    p.output("joined", p.concat(281, row, tail, p.slice(flat, 7, 1), row, bias, p.op("tanh", row), tail))
    feeds = {"flat": numbers(301), "x": numbers(3, 8)}
    f = feeds["flat"]
    row, tail = (feeds["x"] @ f[1:161].reshape(8, 20) + f[161:181]).ravel(), np.exp(f[300:260:-1])
    library = p.library(tmp_path, target)
    runner = native.Runner(library, feeds, 1)
    close(runner.results(), {"joined": np.concatenate([row, tail, f[7:8], row, f[161:181], np.tanh(row), tail])})
    runner.close()
