"""Training steps' updates where the gradients are made: parts of one flat state, each written by the product that sums its gradient up, or by
one pass where it must not be. The reference is numpy in double precision.
"""
import numpy as np
import pytest

from models import kiln, native
from test_state import TIED, Program, array, numbers, steps

ROWS = 24
# Weights of one state. Tiles that divide; a prime number of rows; rows that are no whole vectors; two large ones with a small one between.
WEIGHTS = {"whole": [(256, 128)], "prime": [(101, 64)], "ragged": [(84, 100)], "many": [(96, 64), (5, 3), (64, 80), (89, 48)],
           "thin": [(700, 10), (260, 16)]}


def step(shapes, rule):
    """Weights w, biases behind them, in one state; gradient x^T y of each, sums of y of the biases."""
    p = Program()
    count = sum(k * n + n for k, n in shapes)
    state, rate = p.input("state", count), p.op("broadcast", p.input("rate"), type=f"tensor<{count}xf32>", dims="array<i64>", shape=array(count))
    weights, biases = [], []
    for i, (k, n) in enumerate(shapes):
        x, y = p.input(f"x{i}", ROWS, k), p.input(f"y{i}", ROWS, n)
        gradient = p.op("contract", x, y, type=f"tensor<{k}x{n}xf32>", labels='"mk,mn->kn"')
        weights.append(p.op("reshape", gradient, type=f"tensor<{k * n}xf32>", shape=array(k * n)))
        biases.append(p.op("reduce", y, type=f"tensor<{n}xf32>", kind="0 : i32", dims=array(0)))
        old = p.op("reshape", p.slice(state, sum(a * b for a, b in shapes[:i]), k * n), type=f"tensor<{k}x{n}xf32>", shape=array(k, n))
        p.output(f"forward{i}", p.op("contract", x, old, type=f"tensor<{ROWS}x{n}xf32>", labels='"mk,kn->mn"'))  # reads what is updated
    g = p.concat(count, *weights, *biases)
    if rule == "clipped":  # read twice: it stays one value
        norm = p.op("reduce", p.op("mul", g, g), type="tensor<f32>", kind="0 : i32", dims=array(0))
        g = p.op("div", g, p.op("broadcast", norm, type=f"tensor<{count}xf32>", dims="array<i64>", shape=array(count)))
    if rule == "decayed":
        g = p.op("add", g, p.op("mul", state, p.scalar(0.25, g)))
    if rule == "momentum":
        g = p.op("add", p.op("mul", p.input("velocity", count), p.scalar(0.5, g)), g)
        p.output("velocity", g, tied=True)
    if rule == "returned":
        p.output("gradient", g)
    p.output("state", p.op("sub", state, p.op("mul", rate, g)), tied=True)
    return p


def stepped(f, shapes, rule):
    f = {name: np.asarray(value, np.float64) for name, value in f.items()}
    g = [(f[f"x{i}"].T @ f[f"y{i}"]).ravel() for i in range(len(shapes))] + [f[f"y{i}"].sum(0) for i in range(len(shapes))]
    g, start = np.concatenate(g), 0
    for i, (k, n) in enumerate(shapes):
        f[f"forward{i}"] = f[f"x{i}"] @ f["state"][start:start + k * n].reshape(k, n)
        start += k * n
    if rule == "clipped":
        g = g / (g @ g)
    if rule == "decayed":
        g = g + 0.25 * f["state"]
    if rule == "momentum":
        g = f["velocity"] = 0.5 * f["velocity"] + g
    if rule == "returned":
        f["gradient"] = g
    return f | {"state": f["state"] - f["rate"] * g}


def check(shapes, rule, target, threads, tied, folder):
    program = step(shapes, rule)
    library = program.library(folder, target)
    count = sum(k * n + n for k, n in shapes)
    feeds = {"state": numbers(count), "rate": np.float32(0.5)} | ({"velocity": numbers(count)} if rule == "momentum" else {})
    for i, (k, n) in enumerate(shapes):
        feeds |= {f"x{i}": numbers(ROWS, k), f"y{i}": numbers(ROWS, n)}
    once = stepped(feeds, shapes, rule)
    for got, want in zip(steps(library, feeds, tied, threads), (once, stepped({k: once[k] for k in feeds}, shapes, rule))):
        for name in got:
            np.testing.assert_allclose(got[name], want[name], rtol=1e-4, atol=2e-4, err_msg=name)


@TIED
@pytest.mark.parametrize("rule", ["sgd", "decayed"])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_update(weights, rule, tied, tmp_path):
    check(WEIGHTS[weights], rule, None, 1, tied, tmp_path)


@pytest.mark.parametrize("target", kiln.host_targets())
def test_threads(target, tmp_path):
    check([(515, 256), (512, 192)], "sgd", target, 2, True, tmp_path)


@TIED
@pytest.mark.parametrize("rule", ["momentum", "clipped", "returned"])
def test_read_twice(rule, tied, tmp_path):
    check(WEIGHTS["many"], rule, None, 1, tied, tmp_path)


def test_weights_are_fetched_early(tmp_path):
    """The kernel that updates weights where their gradient is made asks for them before it sums."""
    for rule, updates in (("sgd", True), ("clipped", False)):
        step(WEIGHTS["whole"], rule).library(tmp_path, None)
        text = kiln.kiln("compile", str(tmp_path / "program.mlir"), "-o", str(tmp_path / "x"), "--emit=obj", "--dump=asm").out
        assert ("prefetch" in text or "prfm" in text) == updates, rule
