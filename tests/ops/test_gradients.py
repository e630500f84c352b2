"""First and second derivatives of every differentiable op against central differences in float64, on odd shapes.

A case is a function of one flat vector: an op on the parts of it, weighted by fixed numbers and summed. Its gradient g comes from
kiln.gradient; the second derivative is the gradient of g weighted by other fixed numbers. All cases are one model, run at all moved points at
once: the executable runs once per slice of an input with one more dimension. Ties and kinks have literal values of their own.
"""
import os
import re

import numpy as np
import pytest

from gradient_cases import CASES, FLAT
from models import kiln

STEP = 1e-5


def dims(shape):
    return "".join(f"{n}x" for n in shape)


class Graph:
    """Text of ops on float64 values."""

    def __init__(self):
        self.lines, self.count = [], 0

    def op(self, name, operands, shape, attributes="", element="f64"):
        self.count += 1
        types = ", ".join(t for _, t in operands)
        result = f"tensor<{dims(shape)}{element}>"
        self.lines.append(f"  %v{self.count} = kiln.{name} {', '.join(v for v, _ in operands)} {{{attributes}}} : ({types}) -> {result}")
        return f"%v{self.count}", result

    def constant(self, array):
        self.count += 1
        element = {"f": "f64", "i": "i64" if array.dtype == np.int64 else "i32", "b": "i1"}[array.dtype.kind]
        flat = np.array([str(v).lower() if array.dtype.kind != "f" else repr(float(v)) for v in array.flat], dtype=object)
        text = str(flat.reshape(array.shape).tolist()).replace("'", "") if array.ndim else flat[0]
        self.lines.append(f"  %v{self.count} = kiln.constant dense<{text}> : tensor<{dims(array.shape)}{element}>")
        return f"%v{self.count}", f"tensor<{dims(array.shape)}{element}>"

    def weighted(self, value, shape, weights):
        """sum(value * weights)"""
        flat = self.op("reshape", [value], (weights.size,), f"shape = array<i64: {weights.size}>")
        return self.op("contract", [flat, self.constant(weights.reshape(-1))], (), 'labels = "i,i->"')

    def scan(self, scan, operands):
        """All results in one vector."""
        self.count += 1
        lines, results = scan.text(operands, self.count)
        self.lines += lines
        flat = [self.op("reshape", [value], (int(np.prod(shape)),), f"shape = {array([int(np.prod(shape))])}") for value, shape in results]
        return self.op("concat", flat, (sum(int(np.prod(shape)) for _, shape in results),), "dim = 0 : i64")

    def gradient(self, y, x):
        self.count += 1
        self.lines.append(f"  %v{self.count} = kiln.gradient {y[0]} wrt({x[0]}) : ({y[1]}, {x[1]}) -> {x[1]}")
        return f"%v{self.count}", x[1]


def array(values):
    return f"array<i64: {', '.join(map(str, values))}>" if len(values) else "array<i64>"


def apply(graph, case, vector):
    """The case's op on the parts of `vector`."""
    operands, at = [], 0
    for part in case.operands:
        if part.dtype.kind != "f":
            operands.append(graph.constant(part))
            continue
        piece = graph.op("slice", [vector], (part.size,), f"starts = {array([at])}, sizes = {array([part.size])}, steps = {array([1])}")
        operands.append(graph.op("reshape", [piece], part.shape, f"shape = {array(part.shape)}"))
        at += part.size
    return graph.scan(case.scan, operands) if case.scan else graph.op(case.op, operands, case.shape, case.attributes)


def start(case):
    return np.concatenate([p.reshape(-1) for p in case.operands if p.dtype.kind == "f"])


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Of every case: f, g = f', s = (g . v)' at its point, and the central differences of f and g . v."""
    folder = tmp_path_factory.mktemp("gradients")
    graph, arguments, results, feeds = Graph(), [], [], {}
    most = max(start(c).size for c in CASES)
    for i, case in enumerate(CASES):
        x, local = start(case), np.random.default_rng(i)
        vector = (f"%x{i}", f"tensor<{x.size}xf64>")
        arguments.append(f'{vector[0]}: {vector[1]} {{kiln.name = "x{i}"}}')
        y = apply(graph, case, vector)
        f = graph.weighted(y, case.shape, local.uniform(0.5, 1.5, case.shape))
        g = graph.gradient(f, vector)
        h = graph.weighted(g, x.shape, local.uniform(0.5, 1.5, x.shape))
        given = [("f", f), ("g", g), ("h", h)]
        if case.second:
            given.append(("s", graph.gradient(h, vector)))
        results += [(f"{name}{i}", value) for name, value in given]
        points = np.repeat(x[None], 2 * most + 1, 0)
        for j in range(x.size):
            points[1 + 2 * j, j] += STEP
            points[2 + 2 * j, j] -= STEP
        feeds[f"x{i}"] = points
    named = ", ".join(f'{t} {{kiln.name = "{n}"}}' for n, (_, t) in results)
    text = [f"func.func @main({', '.join(arguments)}) -> ({named}) {{", *graph.lines,
            f"  return {', '.join(v for _, (v, _) in results)} : {', '.join(t for _, (_, t) in results)}", "}"]
    (folder / "model.mlir").write_text("\n".join(text) + "\n")
    kiln.kiln("compile", folder / "model.mlir", "-o", folder / "model", *kiln.settings())
    arguments = []
    for name, points in feeds.items():
        np.save(folder / f"{name}.npy", points)
        arguments += ["--input", f"{name}={folder / name}.npy"]
    for name, _ in results:
        arguments += ["--output", f"{name}={folder / name}.npy"]
    done = kiln.execute([folder / "model", *arguments])
    assert done.code == 0, done
    return {name: np.load(folder / f"{name}.npy") for name, _ in results}


def differences(values, n):
    return (values[1:2 * n:2] - values[2:2 * n + 1:2]) / (2 * STEP)


NAMES = [f"{c.op}-{i}" for i, c in enumerate(CASES)]


@pytest.mark.parametrize("i", range(len(CASES)), ids=NAMES)
def test_first(i, answers):
    """1e-8 of the largest: what central differences of this step can tell."""
    n = start(CASES[i]).size
    want = differences(answers[f"f{i}"], n)
    assert np.abs(want).max() > 1e-3, "a derivative that is zero tests nothing"
    np.testing.assert_allclose(answers[f"g{i}"][0], want, rtol=0, atol=1e-8 * max(1, np.abs(want).max()))


@pytest.mark.parametrize("i", [pytest.param(i, id=NAMES[i]) for i, c in enumerate(CASES) if c.second])
def test_second(i, answers):
    n = start(CASES[i]).size
    want = differences(answers[f"h{i}"], n)
    np.testing.assert_allclose(answers[f"s{i}"][0], want, rtol=0, atol=1e-7 * max(1, np.abs(want).max()))


def test_every_op_is_here():
    """The dialect's ops as its definition has them: those with a derivative have a case, the others say that they have none."""
    with open(os.path.join(kiln.ROOT, "compiler", "dialect", "KilnOps.td")) as file:
        defined = re.findall(r'^def \w+Op : (Kiln_\w+)<"(\w+)"(.*)$', file.read(), re.M)
    differentiable = set()
    for base, op, rest in defined:
        if base in ("Kiln_Unary", "Kiln_Binary", "Kiln_Function", "Kiln_Logic", "Kiln_Bits"):
            has = re.match(r', "\w+", "[^"]', rest)
        else:
            has = ("Kiln_GradientInterface" in rest) if base == "Kiln_Op" else "Kiln_NotDifferentiable" not in rest
        if has:
            differentiable.add(op)
    differentiable.discard("detach")
    assert len(differentiable) > 40
    assert differentiable == {c.op for c in CASES}
    assert not differentiable & FLAT and {op for _, op, _ in defined} >= FLAT
