"""Nets that other tools trained and exported, against the outputs those tools computed, to 1e-5."""
import gzip
import os

import numpy as np
import onnx
import pytest

from models import kiln, reference

FASHION = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
TARGETS = pytest.mark.parametrize("target", kiln.host_targets())


def close(got, expected):
    assert got.shape == expected.shape and got.dtype == expected.dtype
    assert np.abs(got - expected).max() <= 1e-5


@TARGETS
@pytest.mark.parametrize("path,border", [(kiln.LENET, 2), (os.path.join(kiln.DATA, "mlp-fashion.onnx"), 0)])
def test_trained(path, border, target, tmp_path):
    """The first 1000 test images of Fashion-MNIST through one executable, one leading dimension more than the model's."""
    if not os.path.exists(FASHION):
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    with gzip.open(FASHION) as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)[: 1000 * 784].reshape(1000, 1, 1, 28, 28)
    images = np.pad(pixels.astype(np.float32) / 255, [(0, 0)] * 3 + [(border, border)] * 2)
    runner = tmp_path / "classify"
    kiln.compile(path, runner, target=target)
    got = kiln.infer(path, {"image": images}, ["probabilities"], runner=runner)["probabilities"]
    close(got.reshape(1000, 10), np.load(path.replace(".onnx", ".expected.npy")))


def exported(name):
    return np.load(os.path.join(kiln.DATA, f"{name}.input.npy")), np.load(os.path.join(kiln.DATA, f"{name}.expected.npy"))


@TARGETS
@pytest.mark.parametrize("form", ["legacy17", "dynamo", "batch"])
@pytest.mark.parametrize("name", ["cnn_bn", "gpt_tiny"])
def test_exported(name, form, target):
    x, expected = exported(name)
    path = os.path.join(kiln.DATA, f"{name}.{form}.onnx")
    close(kiln.infer(path, {"x": x}, ["y"], {"batch": 1} if form == "batch" else None, target)["y"], expected)


@TARGETS
@pytest.mark.parametrize("form", ["legacy17", "dynamo"])
def test_exported_lstm(form, target):
    x, expected = exported("lstm_text")
    close(kiln.infer(os.path.join(kiln.DATA, f"lstm_text.{form}.onnx"), {"x": x}, ["y"], None, target)["y"], expected)


@TARGETS
@pytest.mark.parametrize("name", ["cnn_bn", "gpt_tiny"])
def test_exported_batch_of_four(name, target):
    """The known input stands second in the batch; the whole batch is compared with ONNX Runtime."""
    x, expected = exported(name)
    path = os.path.join(kiln.DATA, f"{name}.batch.onnx")
    batch = reference.random_inputs(onnx.load(path), 4, {"batch": 4})["x"]
    batch[1] = x[0]
    got = kiln.infer(path, {"x": batch}, ["y"], {"batch": 4}, target)["y"]
    close(got[1:2], expected)
    close(got, reference.run(path, {"x": batch})["y"])
