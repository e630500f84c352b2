"""What --emit, --target, --prefix and --weights write."""
import json
import os
import struct

import numpy as np
import pytest

from models import kiln
from refusal import assert_refused

MACHINES = {"x86-64-v3": "Advanced Micro Devices X86-64", "x86-64-v4": "Advanced Micro Devices X86-64", "aarch64": "AArch64"}


@pytest.mark.parametrize("kind", kiln.SUFFIXES)
def test_one_kind_writes_one_file(kind, tmp_path):
    kiln.compile(kiln.LENET, tmp_path / "net", kind)
    assert [p.name for p in tmp_path.iterdir()] == [f"net{kiln.SUFFIXES[kind]}"]


def test_unknown_kind(tmp_path):
    assert_refused(kiln.compile(kiln.LENET, tmp_path / "net", "exe,dll", check=False), "dll", folder=tmp_path)


def test_unknown_target(tmp_path):
    assert_refused(kiln.compile(kiln.LENET, tmp_path / "net", target="pdp11", check=False), "pdp11", "x86-64-v3", folder=tmp_path)


@pytest.mark.parametrize("target", MACHINES)
def test_targets_give_their_machine_code(target, tmp_path):
    kiln.compile(kiln.LENET, tmp_path / "net", "obj,lib,header", target=target, extra=["--prefix", "net"])
    assert f"Machine:                           {MACHINES[target]}" in kiln.execute(["readelf", "-h", tmp_path / "net.o"]).out
    assert "net_run" in kiln.execute(["nm", tmp_path / "net.o"]).out


@pytest.mark.parametrize("kind", ["exe", "shared"])
def test_a_foreign_target_gives_no_linked_file(kind, tmp_path):
    assert_refused(kiln.compile(kiln.LENET, tmp_path / "net", kind, target="aarch64", check=False), "aarch64", folder=tmp_path)


def test_prefix(tmp_path):
    kiln.compile(kiln.LENET, tmp_path / "net", "obj,header", extra=["--prefix", "clothes"])
    assert "clothes_run" in kiln.execute(["nm", tmp_path / "net.o"]).out
    assert "clothes_run" in (tmp_path / "net.h").read_text()


@pytest.mark.parametrize("prefix", ["9lives", "a-b", "", "int", "x y"])
def test_bad_prefix(prefix, tmp_path):
    assert_refused(kiln.compile(kiln.LENET, tmp_path / "net", "obj", extra=[f"--prefix={prefix}"], check=False), folder=tmp_path)


@pytest.mark.parametrize("place", ["no/such/folder/net", ""])
def test_unwritable_output(place, tmp_path):
    result = kiln.compile(kiln.LENET, f"{tmp_path}/{place}", "exe", check=False)
    assert_refused(result, str(tmp_path), folder=tmp_path)


def test_a_compile_that_fails_leaves_the_old_file(tmp_path):
    (tmp_path / "net").write_text("old")
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    assert kiln.compile(tmp_path / "bad.onnx", tmp_path / "net", check=False).code > 0
    assert (tmp_path / "net").read_text() == "old"


def weights_file(folder):
    (found,) = [p for p in folder.iterdir() if p.suffix == ".safetensors"]
    return found


@pytest.fixture
def apart(tmp_path):
    """LeNet-5 with its weights beside it: (executable, weights file)."""
    kiln.compile(kiln.LENET, tmp_path / "net", "exe", extra=["--weights=file"])
    return tmp_path / "net", weights_file(tmp_path)


def answer(runner):
    image = np.random.default_rng(1).random((1, 1, 32, 32), np.float32)
    return kiln.infer(None, {"image": image}, ["probabilities"], runner=runner)["probabilities"]


def refused(runner, tmp_path, *words):
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 32, 32), np.float32))
    result = kiln.execute([runner, "--input", f"image={tmp_path}/x.npy", "--output", f"probabilities={tmp_path}/y.npy"])
    assert_refused(result, *words)
    assert not (tmp_path / "y.npy").exists()


def test_weights_in_a_file(apart, lenet):
    runner, weights = apart
    assert np.array_equal(answer(runner), answer(lenet))
    assert os.path.getsize(runner) < os.path.getsize(lenet) - 200_000
    data = weights.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    tensors = [v for k, v in header.items() if k != "__metadata__"]
    assert tensors and max(t["data_offsets"][1] for t in tensors) == len(data) - 8 - length


def test_weights_file_missing(apart, tmp_path):
    runner, weights = apart
    weights.unlink()
    refused(runner, tmp_path, weights.name)


@pytest.mark.parametrize("place", [0.5, 0.999])
def test_weights_file_edited(apart, tmp_path, place):
    runner, weights = apart
    data = bytearray(weights.read_bytes())
    data[int(len(data) * place)] ^= 1
    weights.write_bytes(data)
    refused(runner, tmp_path, weights.name)


@pytest.mark.parametrize("share", [0, 0.0001, 0.5, 0.9999])
def test_weights_file_cut(apart, tmp_path, share):
    runner, weights = apart
    data = weights.read_bytes()
    weights.write_bytes(data[: int(len(data) * share)])
    refused(runner, tmp_path, weights.name)


def test_weights_file_of_another_model(apart, tmp_path):
    runner, weights = apart
    other = tmp_path / "other"
    other.mkdir()
    kiln.compile(os.path.join(kiln.DATA, "mlp-fashion.onnx"), other / "net", "exe", extra=["--weights=file"])
    weights.write_bytes(weights_file(other).read_bytes())
    refused(runner, tmp_path, weights.name)


def test_static_executable(lenet, tmp_path):
    kiln.compile(kiln.LENET, tmp_path / "net", "exe", extra=["--static"])
    assert "INTERP" not in kiln.execute(["readelf", "-lW", tmp_path / "net"]).out
    assert np.array_equal(answer(tmp_path / "net"), answer(lenet))
