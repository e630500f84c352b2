"""Bad input to real trainers: one clear error, the exit code, and the checkpoint of before as it was."""
import os
import signal
import subprocess

import numpy as np
import pytest

from conftest import Checkpoint
from models import kiln

RNG = np.random.default_rng(5)
PICTURES = {"image": RNG.normal(size=(200, 28, 28)).astype(np.float32), "target": RNG.integers(0, 10, 200)}


def refused(result, *words):
    assert result.code == 1 and result.err.startswith("trainer: error: ") and result.err.count("\n") == 1, result
    for word in words:
        assert word in result.err, result


def attempt(native, folder, data, *arguments):
    np.savez(folder / "data.npz", **data)
    return kiln.execute([native.path, "--data", "data.npz", "--checkpoint", "c.safetensors", *arguments], cwd=folder)


@pytest.fixture
def mlp(trainer):
    return trainer("zoo:mlp", "--optimizer", "sgd")


def test_loss_that_is_no_number(mlp, tmp_path):
    """With a huge rate the weights explode; the checkpoint of the epoch before stays."""
    assert attempt(mlp, tmp_path, PICTURES, "--epochs", 1).code == 0
    before = (tmp_path / "c.safetensors").read_bytes()
    done = attempt(mlp, tmp_path, PICTURES, "--resume", "c.safetensors", "--rate", 1e30, "--epochs", 3)
    refused(done, "step ", "a lower --rate may help", "the checkpoint of epoch 1 is kept: c.safetensors")
    assert "the loss is" in done.err or "became NaN or infinite" in done.err
    assert (tmp_path / "c.safetensors").read_bytes() == before


def test_pictures_that_are_no_numbers(mlp, tmp_path):
    broken = PICTURES["image"].copy()
    broken[17, 3, 3] = np.nan
    refused(attempt(mlp, tmp_path, {**PICTURES, "image": broken}, "--epochs", 1), "'image' holds NaN or infinity: row 17",
            "there is no checkpoint yet")
    assert sorted(os.listdir(tmp_path)) == ["data.npz"]


@pytest.mark.parametrize("label", [10, -1])
def test_labels_out_of_range(mlp, tmp_path, label):
    target = PICTURES["target"].copy()
    target[33] = label
    refused(attempt(mlp, tmp_path, {**PICTURES, "target": target}), "row 33", "from 0 to 9", f"found {label}")
    assert sorted(os.listdir(tmp_path)) == ["data.npz"]


def test_wrong_shape_and_counts(mlp, tmp_path):
    refused(attempt(mlp, tmp_path, {**PICTURES, "image": np.tile(PICTURES["image"], 2)}), "float32[28,56]", "float32[28,28]")
    refused(attempt(mlp, tmp_path, {**PICTURES, "target": PICTURES["target"][:150]}), "200", "150")
    refused(attempt(mlp, tmp_path, {"image": PICTURES["image"]}), "target")


def test_truncated_data(mlp, tmp_path):
    np.savez(tmp_path / "whole.npz", **PICTURES)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:5000])
    refused(kiln.execute([mlp.path, "--data", "cut.npz"], cwd=tmp_path), "cut.npz")


def test_checkpoint_of_another_model(mlp, trainer, tmp_path):
    line = trainer("zoo:line")
    x = np.ones((8, 1), np.float32)
    line.train({"x": x, "target": x}, "--epochs", 1)
    done = attempt(mlp, tmp_path, PICTURES, "--resume", line.folder / "c.safetensors")
    refused(done, "c.safetensors", "dense")
    whole = attempt(mlp, tmp_path, PICTURES, "--epochs", 1)
    assert whole.code == 0
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "c.safetensors").read_bytes()[:-100])
    refused(attempt(mlp, tmp_path, PICTURES, "--resume", "cut.safetensors"), "cut.safetensors", "cut off")


@pytest.mark.parametrize("threads", [1, 2])
def test_resumed_to_the_bit(trainer, tmp_path, threads):
    """Six epochs at once, and two with four after them, leave the same parameters and Adam's states, and print the same losses."""
    native = trainer("zoo:mlp")
    options = ["--schedule", "cosine", "--threads", threads, "--epochs"]
    at_once, parted = tmp_path / "once", tmp_path / "parted"
    for folder in (at_once, parted):
        folder.mkdir()
    assert attempt(native, at_once, PICTURES, *options, 6, "--log", "l.csv").code == 0
    # The schedule's length is that of six epochs: the first run is interrupted, not shorter.
    np.savez(parted / "data.npz", **PICTURES)
    slow = subprocess.Popen([native.path, "--data", "data.npz", "--checkpoint", "c.safetensors", *map(str, options), "6", "--log", "l.csv"],
                            cwd=parted, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    slow.stdout.readline()
    slow.send_signal(signal.SIGINT)
    _, error = slow.communicate()
    if slow.returncode != 0:  # else it was done before the signal came
        assert slow.returncode == 130 and "go on with: trainer --resume c.safetensors" in error, error
        assert attempt(native, parted, PICTURES, "--resume", "c.safetensors", *options, 6, "--log", "l.csv").code == 0
    a, b = Checkpoint(at_once / "c.safetensors"), Checkpoint(parted / "c.safetensors")
    assert a.tensors.keys() == b.tensors.keys() and a.state["step"] == b.state["step"] == 24
    for name in a.tensors:
        np.testing.assert_array_equal(a.tensors[name], b.tensors[name], name)


def interrupted_within_an_epoch(native, folder, *arguments):
    """A trainer that gets SIGINT within its second epoch: its checkpoint is left."""
    for _ in range(20):
        running = subprocess.Popen([native.path, "--data", "data.npz", "--checkpoint", "c.safetensors", *map(str, arguments)], cwd=folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        running.communicate()
        if running.returncode == 130 and Checkpoint(folder / "c.safetensors").state["row"] > 0:
            return
    pytest.fail("no trainer was caught within an epoch")


def histories(native, folder, data, *arguments):
    """The records of a training at once, and of one that was interrupted and went on."""
    np.savez(folder / "data.npz", **data)
    arguments = ["--epochs", 3, *arguments]
    interrupted_within_an_epoch(native, folder, *arguments)
    parted = ["--resume", "c.safetensors", *arguments]
    found = []
    for more in (parted, arguments):
        done = kiln.execute([native.path, "--data", "data.npz", "--checkpoint", "d.safetensors", *more], cwd=folder)
        assert done.code == 0, done
        found.append([{key: value for key, value in record.items() if key != "seconds"}
                      for record in Checkpoint(folder / "d.safetensors").state["history"]])
    return found


def test_metrics_of_an_epoch_that_was_interrupted(trainer, tmp_path):
    """They cover the whole of it, as its loss does."""
    data = {"image": np.tile(PICTURES["image"], (20, 1, 1)), "target": np.tile(PICTURES["target"], 20)}
    parted, whole = histories(trainer("zoo:mlp"), tmp_path, data, "--metrics", "accuracy,top-3,precision,recall,confusion-matrix")
    assert parted == whole and {"accuracy", "top-3", "confusion-matrix"} <= set(whole[1])
    assert np.sum(whole[1]["confusion-matrix"]) == 4000


def test_sums_of_numbers_of_an_epoch_that_was_interrupted(trainer, tmp_path):
    x = RNG.normal(size=(8000, 2)).astype(np.float32)
    data = {"x": x, "target": (x[:, :1] * x[:, 1:] > 0).astype(np.float32)}
    parted, whole = histories(trainer("zoo:xor"), tmp_path, data, "--metrics", "binary-accuracy,roc-auc,mae,rmse")
    assert parted == whole and {"roc-auc", "mae", "rmse"} <= set(whole[1])


def test_how_to_go_on_with_kiln_train(tmp_path):
    """The trainer that kiln train makes is gone when it ends: what it says goes on all the same, with all that it was compiled with."""
    np.savez(tmp_path / "data.npz", **PICTURES)
    command = [kiln.BINARY, "train", "zoo:mlp", "--optimizer", "momentum", "--momentum", "0.8", "--clip-norm", "0.3", *kiln.settings()]
    running = subprocess.Popen([*command, "--data", "data.npz", "--epochs", "1000000"], cwd=tmp_path, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=300)
    told = "kiln train zoo:mlp --recipe mlp.json --resume mlp.safetensors"
    assert running.returncode == 130 and error.endswith(f"go on with: {told}\n"), error
    left = Checkpoint(tmp_path / "mlp.safetensors").state
    done = kiln.execute([kiln.BINARY, *told.split()[1:], *kiln.settings(), "--epochs", left["epoch"] + 1], cwd=tmp_path)
    assert done.code == 0 and Checkpoint(tmp_path / "mlp.safetensors").state["epoch"] == left["epoch"] + 1, done
    assert '"momentum": 0.8,' in (tmp_path / "mlp.json").read_text()


def test_nowhere_to_write(mlp, tmp_path):
    """Said before the training, not after its first epoch."""
    for option, value in [("--checkpoint", "no/c.safetensors"), ("--log", "no/l.csv"), ("--plot", "no/p.svg")]:
        refused(attempt(mlp, tmp_path, PICTURES, option, value), value, "No such file or directory")
    refused(attempt(mlp, tmp_path, PICTURES, "--plot", "p.png"), "p.png", ".svg")
    assert sorted(os.listdir(tmp_path)) == ["data.npz"]


def test_interrupted(trainer, tmp_path):
    """Ctrl-C: the batch is finished, the checkpoint written, and how to go on is said; it can be gone on from."""
    native = trainer("zoo:mlp")
    np.savez(tmp_path / "data.npz", **PICTURES)
    arguments = [native.path, "--data", "data.npz", "--checkpoint", "c.safetensors", "--epochs"]
    running = subprocess.Popen([*arguments, "1000000"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "interrupted in epoch" in error and "go on with: trainer --resume c.safetensors" in error
    left = Checkpoint(tmp_path / "c.safetensors")
    assert left.state["step"] >= 4
    more = kiln.execute([*arguments, left.state["epoch"] + 1, "--resume", "c.safetensors"], cwd=tmp_path)
    assert more.code == 0 and Checkpoint(tmp_path / "c.safetensors").state["step"] > left.state["step"] - 1, more


def test_killed(trainer, tmp_path):
    """kill -9 at any moment leaves a checkpoint that is whole."""
    native = trainer("zoo:mlp")
    np.savez(tmp_path / "data.npz", **PICTURES)
    running = subprocess.Popen([native.path, "--data", "data.npz", "--checkpoint", "c.safetensors", "--epochs", "1000000"], cwd=tmp_path,
                               stdout=subprocess.PIPE, text=True)
    for _ in range(3):
        running.stdout.readline()
    running.kill()
    running.communicate()
    assert Checkpoint(tmp_path / "c.safetensors").state["epoch"] >= 2
    assert kiln.execute([native.path, "--data", "data.npz", "--resume", "c.safetensors", "--evaluate"], cwd=tmp_path).code == 0
