"""Faults planted in the PTX that ships: the text inside a compiled library is changed, byte for byte, and the library is run. A barrier taken
away is a race, or was one too many; a store or an index that is off is a trap or a wrong answer."""
import os
import re

import numpy as np
import onnx
import pytest

from gpu import driver
from models import kiln, native

SIZES = {"a": (129, 67), "b": (67, 131)}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A product at sizes that divide no tile, as bytes; its feeds; its answer."""
    folder = tmp_path_factory.mktemp("product")
    info = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in (*SIZES.items(), ("y", (129, 131)))]
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["a", "b"], ["y"])], "product", info[:2], info[2:])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), folder / "product.onnx")
    kiln.compile(folder / "product.onnx", folder / "product", "shared", target="host-cuda-sm_80", extra=["--prefix", "m"])
    random = np.random.default_rng(1)
    feeds = {name: random.standard_normal(shape, np.float32) for name, shape in SIZES.items()}
    return (folder / "product.so").read_bytes(), feeds, feeds["a"] @ feeds["b"]


def ends(monkeypatch, folder, binary, feeds, expected):
    """How a run of the library ends: "right", "wrong", or what the interpreter trapped."""
    monkeypatch.setenv("KILN_CUDA_DRIVER", driver.FAKE)
    monkeypatch.setenv("KILN_FAKE_CAPABILITY", "100")
    with driver.Card() as card:
        pass
    path = folder / f"changed{len(os.listdir(folder))}.so"
    path.write_bytes(binary)
    try:
        runner = native.Runner(native.Library(path, "m"), feeds, 1)
    except RuntimeError as error:
        return card.library.kiln_fake_trap().decode() or str(error)
    found = runner.results()["y"]
    runner.close()
    return "right" if np.allclose(found, expected, 1e-4, 1e-4) else "wrong"


def changes(binary, pattern, change):
    """The binary with each match of the pattern changed in turn, to as many bytes."""
    found = list(re.finditer(pattern, binary))
    assert found
    for match in found:
        new = change(match)
        assert len(new) == len(match[0])
        yield binary[:match.start()] + new + binary[match.end():]


def test_as_it_ships(library, monkeypatch, tmp_path):
    assert ends(monkeypatch, tmp_path, *library) == "right"


def test_barriers(library, monkeypatch, tmp_path):
    binary, *rest = library
    found = [ends(monkeypatch, tmp_path, changed, *rest)
             for changed in changes(binary, rb"bar(rier)?(\.cta)?\.sync[^;]*;", lambda m: b" " * len(m[0]))]
    assert all(end == "right" or "race" in end for end in found), found
    assert any("race" in end for end in found), found


@pytest.mark.parametrize("access", [rb"st\.global", rb"st\.shared", rb"ld\.shared"])
def test_offsets(library, monkeypatch, tmp_path, access):
    """Each of the first few offsets, further by one element or, of vectors, askew."""
    binary, *rest = library
    pattern = access + rb"[.\w]*\s+[^;]*?\[%\w+\+\d*?(\d)(?=\])"
    ended = []
    for i, changed in enumerate(changes(binary, pattern, lambda m: m[0][:-1] + b"%d" % ((int(m[1]) + 4) % 10))):
        ended.append(ends(monkeypatch, tmp_path, changed, *rest))
        if i == 3:
            break
    assert "right" not in ended, ended
