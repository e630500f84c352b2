"""What the trainer leaves for other programs, and what it shows on a terminal. The models are hand-made (tests/unit/train)."""
import json
import os
import pathlib
import pty
import struct
import subprocess
import xml.etree.ElementTree

import numpy as np
import pytest
import safetensors

TOYS = pathlib.Path(os.environ.get("KILN_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build")) / "tests/unit/train"


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", extent) for extent in array.shape) + array.tobytes()


@pytest.fixture
def data(tmp_path):
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 101).astype("u1")
    pixels = random.integers(0, 90, (101, 4, 4)).astype("u1")
    pixels[np.arange(101), labels] += 100
    (tmp_path / "x.idx").write_bytes(idx(pixels))
    (tmp_path / "y.idx").write_bytes(idx(labels))
    return pixels, labels


def train(folder, *arguments, toy="classes"):
    command = [TOYS / f"train_toy_{toy}", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)


def test_checkpoints_are_safetensors(tmp_path, data):
    train(tmp_path, "--data", "x.idx", "--labels", "y.idx", "--checkpoint", "c.safetensors", "--validation-split", 0.2)
    for name in ("c.safetensors", "c.best.safetensors"):
        with safetensors.safe_open(tmp_path / name, "numpy") as file:
            shapes = {key: file.get_tensor(key).shape for key in file.keys()}
            assert shapes == {"weight": (3, 36), "bias": (3,), "mean": (1,), "optimizer.0": (111,)}
            assert all(file.get_tensor(key).dtype == np.float32 for key in file.keys())
            metadata = file.metadata()
        assert metadata["kiln.graph"] == "by hand"
        assert json.loads(metadata["kiln.parameters"]) == ["weight", "bias"]
        assert json.loads(metadata["kiln.recipe"]) == json.loads((tmp_path / "c.json").read_text())
        assert json.loads(metadata["kiln.state"])["step"] == 33


def test_weights_are_those_that_predict(tmp_path, data):
    """The checkpoint's weights, applied with NumPy, give the accuracy and loss that the trainer printed."""
    pixels, labels = data
    train(tmp_path, "--data", "x.idx", "--labels", "y.idx", "--checkpoint", "c.safetensors", "--epochs", 2)
    ran = train(tmp_path, "--resume", "c.safetensors", "--evaluate", "--metrics", "accuracy")
    with safetensors.safe_open(tmp_path / "c.safetensors", "numpy") as file:
        weight, bias = file.get_tensor("weight").astype("f8"), file.get_tensor("bias").astype("f8")
    rows = np.pad(pixels / 255, ((0, 0), (1, 1), (1, 1))).reshape(101, 36)
    scores = rows @ weight.T + bias
    loss = np.log(np.exp(scores).sum(1)) - scores[np.arange(101), labels]
    found = json.loads(ran.stdout)
    assert found["accuracy"] == pytest.approx((scores.argmax(1) == labels).mean(), abs=1e-9)
    assert found["loss"] == pytest.approx(loss.mean(), rel=1e-5)


def test_foreign_safetensors_are_a_start(tmp_path, data):
    """Weights that PyPI's safetensors wrote, without any metadata of ours."""
    from safetensors.numpy import save_file
    weight = np.arange(108, dtype="f4").reshape(3, 36)
    save_file({"weight": weight, "bias": np.ones(3, "f4"), "mean": np.zeros(1, "f4")}, tmp_path / "own.safetensors")
    train(tmp_path, "--data", "x.idx", "--labels", "y.idx", "--resume", "own.safetensors", "--rate", 0, "--checkpoint", "c")
    with safetensors.safe_open(tmp_path / "c", "numpy") as file:
        assert np.array_equal(file.get_tensor("weight"), weight)


def test_numpy_arrays(tmp_path):
    x = np.arange(1, 8, dtype="f8").reshape(7, 1)
    np.savez_compressed(tmp_path / "a.npz", x=x, target=2 * x + 4)
    np.savez(tmp_path / "b.npz", x=x.astype("i2"), target=(2 * x + 4).astype("f4"))
    np.save(tmp_path / "x.npy", x.astype("f4"))
    np.save(tmp_path / "y.npy", (2 * x + 4).astype("i8"))
    fits = []
    for arguments in (["a.npz"], ["b.npz"], ["x.npy", "--labels", "y.npy"]):
        train(tmp_path, "--epochs", 50, "--checkpoint", "c", "--data", *arguments, toy="line")
        with safetensors.safe_open(tmp_path / "c", "numpy") as file:
            fits.append((file.get_tensor("weight").item(), file.get_tensor("bias").item()))
    assert fits[0] == fits[1] == fits[2]


def test_first_rows_alone(tmp_path, data):
    """--rows 40 is a data set of 40 rows."""
    pixels, labels = data
    (tmp_path / "few.idx").write_bytes(idx(pixels[:40]))
    (tmp_path / "few-labels.idx").write_bytes(idx(labels[:40]))
    train(tmp_path, "--data", "x.idx", "--labels", "y.idx", "--rows", 40, "--checkpoint", "a.safetensors")
    train(tmp_path, "--data", "few.idx", "--labels", "few-labels.idx", "--checkpoint", "b.safetensors")
    with safetensors.safe_open(tmp_path / "a.safetensors", "numpy") as a, safetensors.safe_open(tmp_path / "b.safetensors", "numpy") as b:
        assert json.loads(a.metadata()["kiln.state"])["step"] == json.loads(b.metadata()["kiln.state"])["step"] > 0
        for key in b.keys():
            np.testing.assert_array_equal(a.get_tensor(key), b.get_tensor(key))
    refused = subprocess.run([TOYS / "train_toy_classes", "--data", "x.idx", "--labels", "y.idx", "--rows", "102"], cwd=tmp_path,
                             capture_output=True, text=True)
    assert refused.returncode == 1 and "102" in refused.stderr and "101" in refused.stderr and refused.stderr.count("\n") == 1


def test_plot_is_svg(tmp_path, data):
    train(tmp_path, "--data", "x.idx", "--labels", "y.idx", "--validation-split", 0.2, "--plot", "p.svg", "--epochs", 5)
    root = xml.etree.ElementTree.parse(tmp_path / "p.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert [len(line.get("points").split()) for line in lines] == [5, 5, 5]  # loss twice, accuracy of validation


def test_bar_on_a_terminal(tmp_path, data):
    terminal, other = pty.openpty()
    ran = subprocess.Popen([TOYS / "train_toy_classes", "--data", "x.idx", "--labels", "y.idx", "--epochs", "2"], cwd=tmp_path,
                           stdout=subprocess.PIPE, stderr=other, env={**os.environ, "TOY_DELAY": "20"}, text=True)
    os.close(other)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    output = ran.communicate()[0]
    assert ran.returncode == 0
    text = shown.decode()
    assert "\r\033[Kepoch 1/2 [" in text and "batch 1/13  loss 1.0986" in text and "samples/s  0:00 left" in text
    assert text.endswith("\r\033[K"), "nothing of it stays"
    assert output.startswith("epoch 1/2  loss ")
