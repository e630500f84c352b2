"""Loops as programs run them: numpy's answer for odd and even numbers of steps, both ways, states that go round, and indices checked in each step."""
import os

import numpy as np
import pytest

from models import kiln
from references import uniform

ROW, TABLE = "tensor<3xf32>", "tensor<5x3xf32>"


def run(folder, text, feeds, check=True):
    (folder / "model.mlir").write_text(text)
    np.savez(folder / "in.npz", **feeds)
    done = kiln.kiln("run", folder / "model.mlir", "--input", folder / "in.npz", "--output", folder / "out.npz", *kiln.settings(), check=check)
    return dict(np.load(folder / "out.npz")) if done.code == 0 else done


@pytest.mark.parametrize("flag", ["", "reverse"])
@pytest.mark.parametrize("steps", [1, 2, 3, 8])
def test_states(steps, flag, tmp_path):
    """(a, b, c) = (b, c * x, a + w), each first and last value, and stacks of one computed, one handed on and one of the state before."""
    stack = f"tensor<{steps}x3xf32>"
    types = f"({ROW}, {ROW}, {ROW}, {stack}, {ROW}) -> ({ROW}, {ROW}, {ROW}, {stack}, {stack}, {stack})"
    arguments = ", ".join(f'%{n}: {t} {{kiln.name = "{n}"}}' for n, t in (("a", ROW), ("b", ROW), ("c", ROW), ("xs", stack), ("w", ROW)))
    results = ", ".join(f'{t} {{kiln.name = "r{i}"}}' for i, t in enumerate([ROW] * 3 + [stack] * 3))
    text = f"""func.func @main({arguments}) -> ({results}) {{
  %r:6 = kiln.scan {steps} carry(%a0 = %a, %b0 = %b, %c0 = %c) over(%x = %xs) with(%u = %w) {{{flag}}} : {types} {{
    %p = kiln.mul %c0, %x : ({ROW}, {ROW}) -> {ROW}
    %q = kiln.add %a0, %u : ({ROW}, {ROW}) -> {ROW}
    kiln.return %b0, %p, %q, %q, %x, %a0 : {ROW}, {ROW}, {ROW}, {ROW}, {ROW}, {ROW}
  }}
  return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5 : {ROW}, {ROW}, {ROW}, {stack}, {stack}, {stack}
}}
"""
    rng = np.random.default_rng(steps)
    feeds = {n: rng.normal(size=shape).astype("f4") for n, shape in (("a", 3), ("b", 3), ("c", 3), ("xs", (steps, 3)), ("w", 3))}
    a, b, c, xs, w = feeds.values()
    stacks = np.zeros((3, steps, 3), "f4")
    for t in reversed(range(steps)) if flag else range(steps):
        stacks[2, t], stacks[1, t] = a, xs[t]
        a, b, c = b, c * xs[t], a + w
        stacks[0, t] = c
    got = run(tmp_path, text, feeds)
    for name, want in zip((f"r{i}" for i in range(6)), (a, b, c, *stacks), strict=True):
        np.testing.assert_array_equal(got[name], want, err_msg=name)


@pytest.mark.parametrize("bad", [None, 5, -6])
def test_indices(bad, tmp_path):
    text = f"""func.func @main(%t: {TABLE} {{kiln.name = "t"}}, %is: tensor<4x2xi64> {{kiln.name = "is"}}) -> (tensor<4x2x3xf32> {{kiln.name = "rows"}}) {{
  %r = kiln.scan 4 over(%i = %is) with(%u = %t) : (tensor<4x2xi64>, {TABLE}) -> tensor<4x2x3xf32> {{
    %g = kiln.gather %u, %i {{axis = 0 : i64}} : ({TABLE}, tensor<2xi64>) -> tensor<2x3xf32>
    %n = kiln.neg %g : (tensor<2x3xf32>) -> tensor<2x3xf32>
    kiln.return %n : tensor<2x3xf32>
  }}
  return %r : tensor<4x2x3xf32>
}}
"""
    table, indices = np.arange(15, dtype="f4").reshape(5, 3), np.array([[0, 4], [-1, 2], [1, 1], [3, -5]])
    if bad is None:
        np.testing.assert_array_equal(run(tmp_path, text, {"t": table, "is": indices})["rows"], -table[indices])
        return
    indices[2, 1] = bad
    done = run(tmp_path, text, {"t": table, "is": indices}, check=False)
    assert done.code == 1 and str(bad) in done.err and not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("flag", ["", "reverse"])
@pytest.mark.parametrize("form", ["loop", "steps"])
def test_draws(form, flag, tmp_path):
    """A step's number in the key: Philox's numbers for it, whichever way the loop runs and whether it is one; its gradient draws them again."""
    row, stack = "tensor<7xf32>", "tensor<5x7xf32>"
    keys = np.array([[2**40 + 3, 9, t] for t in (4, 0, 2**32 + 1, 2, 3)])
    text = f"""func.func @main(%x: {stack} {{kiln.name = "x"}}, %k: tensor<5x3xi64> {{kiln.name = "k"}}) -> ({stack} {{kiln.name = "y"}}, {stack} {{kiln.name = "slope"}}) {{
  %y = kiln.scan 5 over(%xt = %x, %kt = %k) {{{flag}}} : ({stack}, tensor<5x3xi64>) -> {stack} {{
    %r = kiln.random %kt {{stream = 6 : i64, shape = array<i64: 7>}} : (tensor<3xi64>) -> {row}
    %p = kiln.mul %xt, %r : ({row}, {row}) -> {row}
    kiln.return %p : {row}
  }}
  %g = kiln.gradient %y wrt(%x) : ({stack}, {stack}) -> {stack}
  return %y, %g : {stack}, {stack}
}}
"""
    if form == "steps":
        (tmp_path / "loop.mlir").write_text(text)
        text = kiln.execute([os.path.join(os.path.dirname(kiln.BINARY), "kiln-opt"), "--kiln-autodiff", "--kiln-unroll", tmp_path / "loop.mlir"]).out
        assert "kiln.scan" not in text and text.count("kiln.random") >= 5
    x, numbers = np.linspace(-2, 2, 35, dtype="f4").reshape(5, 7), np.array([uniform(6, (7,))(key) for key in keys])
    got = run(tmp_path, text, {"x": x, "k": keys})
    np.testing.assert_array_equal(got["slope"], numbers)
    np.testing.assert_array_equal(got["y"], x * numbers)
