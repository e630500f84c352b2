"""Model files that cannot be compiled: one clear error each."""
import os

import numpy as np
import pytest
from onnx import TensorProto, external_data_helper

import faulty
from models import kiln
from refusal import assert_refused


def compile_bytes(data, tmp_path, *extra):
    path, folder = tmp_path / "model.onnx", tmp_path / "out"
    path.write_bytes(data)
    folder.mkdir()
    return kiln.compile(path, folder / "model", "exe,lib,header", extra=extra, check=False, timeout=60), folder


@pytest.mark.parametrize("fault", faulty.FAULTS)
def test_fault(fault, tmp_path):
    make, words = faulty.FAULTS[fault]
    result, folder = compile_bytes(make().SerializeToString(), tmp_path)
    assert_refused(result, *words, folder=folder)


def test_empty_file(tmp_path):
    result, folder = compile_bytes(b"", tmp_path)
    assert_refused(result, "model.onnx", folder=folder)


@pytest.mark.parametrize("share", [0.001, 0.3, 0.7, 0.999])
def test_truncated_file(share, tmp_path):
    with open(kiln.LENET, "rb") as file:
        data = file.read()
    result, folder = compile_bytes(data[: int(len(data) * share)], tmp_path)
    assert_refused(result, "model.onnx", folder=folder)


@pytest.mark.parametrize("seed", range(8))
def test_random_bytes(seed, tmp_path):
    data = np.random.default_rng(seed).integers(0, 256, 10 ** (1 + seed // 2), np.uint8).tobytes()
    result, folder = compile_bytes(data, tmp_path)
    assert_refused(result, "model.onnx", folder=folder)


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bytes_never_fall_over(seed, tmp_path):
    """A model with a few wrong bytes compiles (they may stand in a weight) or is refused, but nothing falls over."""
    draw = np.random.default_rng(seed)
    with open(os.path.join(kiln.DATA, "cnn_bn.legacy17.onnx"), "rb") as file:
        data = bytearray(file.read())
    structure = len(data) - 3000 if seed % 2 else 0  # the graph's end, or anywhere in the first bytes
    for place in draw.integers(structure, structure + 3000, 4):
        data[place] = draw.integers(0, 256)
    result, folder = compile_bytes(bytes(data), tmp_path)
    if result.code != 0:
        assert_refused(result, folder=folder)


def test_no_such_file(tmp_path):
    assert_refused(kiln.compile(tmp_path / "absent.onnx", tmp_path / "x", check=False), "absent.onnx", folder=tmp_path)


def test_a_folder(tmp_path):
    folder = tmp_path / "model.onnx"
    folder.mkdir()
    assert_refused(kiln.compile(folder, tmp_path / "x", check=False), "model.onnx")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("dims,words", [
    ({"batch": 0}, ["batch", "0"]), ({"batch": -1}, ["batch", "-1"]), ({"batch": "many"}, ["many"]), ({"batch": 2**50}, ["batch"]),
    ({"batch": 1, "height": 2}, ["height"]),
])
def test_bad_dim(dims, words, tmp_path):
    made = kiln.compile(os.path.join(kiln.DATA, "cnn_bn.batch.onnx"), tmp_path / "x", dims=dims, check=False)
    assert_refused(made, *words, folder=tmp_path)


def external(location, offset=None, length=None):
    built = faulty.one("Add", [("x", TensorProto.FLOAT, [4]), "the_weight"], [4], {"the_weight": faulty.f32(4)})
    tensor = built.graph.initializer[0]
    external_data_helper.set_external_data(tensor, location, offset, length)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    return built.SerializeToString()


def test_external_data_beside_the_model(tmp_path):
    (tmp_path / "weights.bin").write_bytes(np.arange(6, dtype=np.float32).tobytes())
    (tmp_path / "model.onnx").write_bytes(external("weights.bin", offset=4, length=16))
    got = kiln.infer(tmp_path / "model.onnx", {"x": np.zeros(4, np.float32)}, ["y"])["y"]
    assert got.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("location", ["absent.bin", "../secret.bin", "a/../../secret.bin", "{tmp}/secret.bin", "link.bin", ""])
def test_external_file_absent_or_outside(location, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    location = location.replace("{tmp}", str(tmp_path))
    (folder / "model.onnx").write_bytes(external(location))
    out = tmp_path / "out"
    out.mkdir()
    assert_refused(kiln.compile(folder / "model.onnx", out / "x", check=False), "the_weight", folder=out)


@pytest.mark.parametrize("offset,length", [(0, 32), (1000, 16), (2**63 - 8, 16), (0, 8)])
def test_external_data_of_the_wrong_size(offset, length, tmp_path):
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    (tmp_path / "model.onnx").write_bytes(external("weights.bin", offset, length))
    out = tmp_path / "out"
    out.mkdir()
    assert_refused(kiln.compile(tmp_path / "model.onnx", out / "x", check=False), "the_weight", folder=out)
