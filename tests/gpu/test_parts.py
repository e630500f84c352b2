"""Long sums of few results, which a card takes in parts: against numpy, and what ptxas makes of them."""
import os
import re
import subprocess

import numpy as np
import pytest

from gpu import driver
from gpu.assembled import PTXAS
from models import kiln

TARGET = "host-cuda-sm_80"


def text(inputs, lines, results):
    """A graph of f32: inputs name -> shape, the body's lines, results value -> shape."""
    def tensor(shape):
        return f"tensor<{''.join(f'{n}x' for n in shape)}f32>"
    arguments = ", ".join(f'%{name}: {tensor(shape)} {{kiln.name = "{name}"}}' for name, shape in inputs.items())
    types = ", ".join(f'{tensor(shape)} {{kiln.name = "y{i}"}}' for i, shape in enumerate(results.values()))
    body = re.sub(r"\[([\d, ]*)\]f32", lambda m: tensor(int(n) for n in m[1].split(",") if n.strip()), "\n".join(lines))
    return (f"func.func @main({arguments}) -> ({types}) {{\n{body}\nreturn {', '.join(results)} : "
            f"{', '.join(tensor(shape) for shape in results.values())}\n}}\n")


def answers(folder, graph, feeds, outputs):
    (folder / "graph.mlir").write_text(graph)
    environment = {**os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80", "KILN_PTXAS": ""}
    ptx = kiln.compile(folder / "graph.mlir", folder / "graph", target=TARGET, extra=["--dump=ptx"], env=environment).out
    return kiln.infer(None, feeds, outputs, runner=folder / "graph", env=environment), ptx


def check_assembly(ptx, folder):
    """No kernel has a stack: accumulators are registers."""
    for i, kernel in enumerate(re.split(r"(?=^\.version)", ptx, flags=re.M)[1:]):
        path = folder / f"{i}.ptx"
        path.write_text(kernel)
        for card in ("sm_80", "sm_90"):
            said = subprocess.run([PTXAS, "-v", f"-arch={card}", path, "-o", folder / "out.cubin"], capture_output=True, text=True, check=True)
            assert "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads" in said.stderr, said.stderr
        assert "__local_depot" not in kernel


def test_sums(tmp_path):
    graph = text({"x": (40000,), "image": (16, 6, 40, 30)}, [
        "%s = kiln.mul %x, %x : ([40000]f32, [40000]f32) -> [40000]f32",
        "%0 = kiln.reduce %s {kind = 0 : i32, dims = array<i64: 0>} : ([40000]f32) -> []f32",
        "%1 = kiln.reduce %image {kind = 2 : i32, dims = array<i64: 0, 2, 3>} : ([16, 6, 40, 30]f32) -> [6]f32"],
        {"%0": (), "%1": (6,)})
    random = np.random.default_rng(1)
    feeds = {"x": random.standard_normal(40000, np.float32), "image": random.standard_normal((16, 6, 40, 30), np.float32)}
    found, ptx = answers(tmp_path, graph, feeds, ["y0", "y1"])
    assert ptx.count(".visible .entry") == 4
    np.testing.assert_allclose(found["y0"], (feeds["x"].astype(float) ** 2).sum(), 1e-5)
    np.testing.assert_array_equal(found["y1"], feeds["image"].max((0, 2, 3)))
    check_assembly(ptx, tmp_path)


@pytest.mark.parametrize("left, right", [(20, 33), (1, 70), (9, 1)])
def test_products(left, right, tmp_path):
    """A tile, a row across and a single column."""
    graph = text({"a": (left, 2048), "b": (2048, right)}, [
        f'%0 = kiln.contract %a, %b {{labels = "mk,kn->mn"}} : ([{left}, 2048]f32, [2048, {right}]f32) -> [{left}, {right}]f32'],
        {"%0": (left, right)})
    random = np.random.default_rng(1)
    feeds = {"a": random.standard_normal((left, 2048), np.float32), "b": random.standard_normal((2048, right), np.float32)}
    found, ptx = answers(tmp_path, graph, feeds, ["y0"])
    np.testing.assert_allclose(found["y0"], feeds["a"] @ feeds["b"], 1e-4, 1e-3)
    assert ptx.count(".visible .entry") == 2
    check_assembly(ptx, tmp_path)


def test_gradient_of_weights(tmp_path):
    graph = text({"x": (16, 3, 12, 12), "g": (16, 8, 10, 10)}, [
        '%0 = kiln.window %x, %g {labels = "ncyx,noyx->ocyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 0, 0>, '
        'high = array<i64: 0, 0>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : '
        "([16, 3, 12, 12]f32, [16, 8, 10, 10]f32) -> [8, 3, 3, 3]f32"], {"%0": (8, 3, 3, 3)})
    random = np.random.default_rng(1)
    feeds = {"x": random.standard_normal((16, 3, 12, 12), np.float32), "g": random.standard_normal((16, 8, 10, 10), np.float32)}
    found, ptx = answers(tmp_path, graph, feeds, ["y0"])
    expected = np.stack([np.stack([np.einsum("ncyx,noyx->oc", feeds["x"][:, :, i:i + 10, j:j + 10], feeds["g"]) for j in range(3)], -1)
                         for i in range(3)], -2)
    np.testing.assert_allclose(found["y0"], expected, 1e-4, 1e-3)
    assert ptx.count(".visible .entry") == 2
    check_assembly(ptx, tmp_path)
