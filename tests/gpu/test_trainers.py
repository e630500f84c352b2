"""Trainers for a card, through the fake driver and the interpreter: the state stays on the card, and what they leave is what the CPU's leave."""
import os
import re
import signal
import subprocess
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from gpu import driver
from models import kiln

CARD, BOTH = "host-cuda-sm_80", "host,host-cuda-sm_80"
RNG = np.random.default_rng(7)
DATA = {"x": RNG.standard_normal((40, 16), np.float32), "target": RNG.integers(0, 3, 40)}  # five batches
NO_DRIVER = {"KILN_CUDA_DRIVER": "/nonexistent/libcuda.so"}


def write_net(path, hidden):
    """x -> relu(x A + a) B + b"""
    random = np.random.default_rng(1)
    shapes = {"A": (16, hidden), "a": (hidden,), "B": (hidden, 3), "b": (3,)}
    nodes = [helper.make_node("Gemm", ["x", "A", "a"], ["h"]), helper.make_node("Relu", ["h"], ["r"]),
             helper.make_node("Gemm", ["r", "B", "b"], ["y"])]
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 16])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
                              [numpy_helper.from_array(0.3 * random.standard_normal(shape).astype(np.float32), name)
                               for name, shape in shapes.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return sum(int(np.prod(shape)) for shape in shapes.values())


class Trainer:
    def __init__(self, folder, target, hidden=32, optimizer="adam"):
        self.path = folder / f"trainer-{target}-{hidden}"
        self.count = write_net(folder / "net.onnx", hidden)
        kiln.kiln("train", folder / "net.onnx", "--emit=exe", "-o", self.path, "--dim", "batch=8", "--optimizer", optimizer,
                  "--loss", "cross_entropy", *kiln.settings(target=target), env={**os.environ, "KILN_PTXAS": ""})

    def command(self, *arguments):
        return [str(a) for a in (self.path, "--data", "data.npz", "--checkpoint", "c.safetensors", "--rate", 0.01, *arguments)]

    def run(self, folder, *arguments, data=DATA, **settings):
        np.savez(folder / "data.npz", **data)
        return kiln.execute(self.command(*arguments), cwd=folder, env=environment(folder, **settings))

    def train(self, folder, *arguments, **settings):
        """The checkpoint's tensors, and what was said on standard error."""
        folder.mkdir(exist_ok=True)
        done = self.run(folder, *arguments, **settings)
        assert done.code == 0, done
        return load_file(folder / "c.safetensors"), done.err


def environment(folder, **settings):
    return {**os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80", "KILN_FAKE_LOG": str(folder / "log"), **settings}


@pytest.fixture(scope="module")
def trainers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainers")
    return {name: Trainer(folder, target) for name, target in (("cpu", None), ("card", CARD), ("both", BOTH))}


def same(found, expected, rtol=0, atol=0):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol, atol, err_msg=name)


def copies(folder, call):
    """Bytes of each copy."""
    return [int(size) for size in re.findall(rf"^{call} \S+ (\d+)$", (folder / "log").read_text(), re.M)]


@pytest.mark.parametrize("name", ["card", "both"])
def test_it_trains_as_the_cpu_does(name, trainers, tmp_path):
    arguments = ("--epochs", 3, "--validation-split", 0.2, "--metrics", "accuracy")
    expected, _ = trainers["cpu"].train(tmp_path / "cpu", *arguments)
    found, said = trainers[name].train(tmp_path / "card", *arguments)
    assert said == ""
    assert np.abs(expected["optimizer.0"]).max() > 1e-3
    same(found, expected, 1e-3, 1e-5)
    assert (tmp_path / "card" / "log").read_text().count("cuGraphLaunch") >= 15


def test_the_state_goes_up_once_and_comes_back_for_checkpoints(tmp_path):
    """Parameters and Adam's two moments. Whatever their size, a step copies its batch, a few numbers, and its loss."""
    beside, steps = [], {}
    for hidden in (32, 128):
        trainer = Trainer(tmp_path, CARD, hidden)
        sizes = {4 * trainer.count, 8 * trainer.count}
        for epochs, every in ((2, 2), (4, 2)):
            folder = tmp_path / f"{hidden}-{epochs}"
            trainer.train(folder, "--epochs", epochs, "--checkpoint-every", every, "--metrics", "none")
            up, down = copies(folder, "cuMemcpyHtoDAsync_v2"), copies(folder, "cuMemcpyDtoHAsync_v2")
            state_up, state_down = [n for n in up if n in sizes], [n for n in down if n in sizes]
            assert sum(state_up) == 12 * trainer.count, "once"
            assert sum(state_down) == 12 * trainer.count * (epochs // every), "once for a checkpoint"
            steps[hidden, epochs] = sum(up) - sum(state_up), sum(down) - sum(state_down)
    assert steps[32, 2] == steps[128, 2] and steps[32, 4] == steps[128, 4]
    per_epoch = [(b - a) for a, b in zip(steps[32, 2], steps[32, 4])]
    assert 5 * 2 * 8 * 17 * 4 < per_epoch[0] < 5 * 2 * (8 * 17 * 4 + 300) and per_epoch[1] < 5 * 2 * 256, per_epoch


def test_validation_has_no_parameters_of_its_own(tmp_path):
    """The second context's memory on the card is for batches and activations alone: less than the parameters, which are many here."""
    trainer = Trainer(tmp_path, CARD, 2048)
    trainer.train(tmp_path / "t", "--epochs", 1, "--validation-split", 0.2)
    step, evaluation = map(int, re.findall(r"^cuMemAlloc_v2 (\d+) ", (tmp_path / "t" / "log").read_text(), re.M))
    assert step > 12 * trainer.count and 8 * 2048 * 4 < evaluation < 4 * trainer.count, (step, evaluation)


def test_nothing_is_made_while_it_trains(trainers, tmp_path):
    trainers["card"].train(tmp_path, "--epochs", 2, "--validation-split", 0.2)
    log = (tmp_path / "log").read_text()
    ran = log[log.index("cuGraphLaunch"):]
    for made in ("cuMemAlloc", "cuModuleLoad", "cuStreamCreate", "cuGraphInstantiate", "cuGraphAdd"):
        assert made in log and made not in ran


def test_it_goes_on_to_the_bit(trainers, tmp_path):
    card = trainers["card"]
    whole, _ = card.train(tmp_path / "whole", "--epochs", 4)
    card.train(tmp_path / "parts", "--epochs", 2)
    parts, _ = card.train(tmp_path / "parts", "--resume", "c.safetensors", "--epochs", 4)
    same(parts, whole)


def test_an_interrupted_epoch_is_kept(trainers, tmp_path):
    card = trainers["card"]
    whole, _ = card.train(tmp_path / "whole", "--epochs", 40)
    folder = tmp_path / "parts"
    folder.mkdir()
    np.savez(folder / "data.npz", **DATA)
    process = subprocess.Popen(card.command("--epochs", 40), cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True,
                               stdout=subprocess.DEVNULL)
    while not (folder / "log").exists() or (folder / "log").read_text().count("cuGraphLaunch") < 12:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and re.search(r"interrupted in epoch \d+ after step (\d+)", said), said
    parts, _ = card.train(folder, "--resume", "c.safetensors", "--epochs", 40)
    same(parts, whole)


def test_a_failing_launch_keeps_the_last_checkpoint(trainers, tmp_path):
    card = trainers["card"]
    two, _ = card.train(tmp_path / "two", "--epochs", 2)
    (tmp_path / "fails").mkdir()
    launches = (tmp_path / "two" / "log").read_text().count("cuGraphLaunch") // 10  # of a step
    done = card.run(tmp_path / "fails", "--epochs", 5, KILN_FAKE_FAIL=f"cuGraphLaunch:{13 * launches}=700")
    assert done.code == 1 and len(done.err.splitlines()) == 1, done
    assert re.search(r"error: step 13 \(epoch 3, batch 3\): .*card 0 \(Fake card 0\): .*CUDA_ERROR.*; the checkpoint of epoch 2 is kept: "
                     r"c.safetensors$", done.err.strip()), done.err
    same(load_file(tmp_path / "fails" / "c.safetensors"), two)
    assert not [name for name in os.listdir(tmp_path / "fails") if name not in ("data.npz", "log", "c.safetensors", "c.json")]


def test_a_copy_back_that_fails_keeps_the_last_checkpoint(trainers, tmp_path):
    card = trainers["card"]
    two, _ = card.train(tmp_path / "two", "--epochs", 2, "--metrics", "none")
    before = copies(tmp_path / "two", "cuMemcpyDtoHAsync_v2")
    (tmp_path / "fails").mkdir()
    number = len(before) * 3 // 2  # the last of the third epoch: a part of the state
    done = card.run(tmp_path / "fails", "--epochs", 5, "--metrics", "none", KILN_FAKE_FAIL=f"cuMemcpyDtoHAsync_v2:{number}=719")
    assert done.code == 1 and "cannot copy from the card" in done.err, done
    same(load_file(tmp_path / "fails" / "c.safetensors"), two)


def test_without_a_card(trainers, tmp_path):
    """The card's trainer refuses; the one of both trains on the CPU, to the bit as the CPU's, and says so once though it has two models."""
    arguments = ("--epochs", 2, "--validation-split", 0.2)
    done = trainers["card"].run(tmp_path, *arguments, **NO_DRIVER)
    assert done.code == 1 and len(done.err.splitlines()) == 1 and "no CUDA driver" in done.err, done
    assert sorted(os.listdir(tmp_path)) == ["data.npz"]
    found, said = trainers["both"].train(tmp_path / "both", *arguments, **NO_DRIVER)
    assert len(said.splitlines()) == 1 and "net: runs on the CPU: no CUDA driver" in said, said
    same(found, trainers["cpu"].train(tmp_path / "cpu", *arguments)[0])


def test_validation_where_its_model_finds_no_room_on_the_card(trainers, tmp_path):
    arguments = ("--epochs", 3, "--validation-split", 0.2, "--log", "log.csv")
    trainers["both"].train(tmp_path / "card", *arguments)
    found, said = trainers["both"].train(tmp_path / "mixed", *arguments, KILN_FAKE_FAIL="cuMemAlloc_v2:2=2")
    assert len(said.splitlines()) == 1 and "runs on the CPU: card 0 (Fake card 0) has no memory" in said
    tables = [np.genfromtxt(tmp_path / name / "log.csv", delimiter=",", names=True) for name in ("card", "mixed")]
    column = next(name for name in tables[0].dtype.names if re.match("validation.?loss", name))
    assert len(set(tables[0][column])) == 3
    np.testing.assert_allclose(tables[1][column], tables[0][column], 1e-5)
    same(found, load_file(tmp_path / "card" / "c.safetensors"))


def test_evaluation_alone(trainers, tmp_path):
    trainers["cpu"].train(tmp_path, "--epochs", 2)
    said = [trainers[name].run(tmp_path, "--resume", "c.safetensors", "--evaluate", "--metrics", "accuracy") for name in ("cpu", "card")]
    losses = [float(re.search(r'"loss": ([\d.]+)', done.out)[1]) for done in said]
    np.testing.assert_allclose(losses[1], losses[0], 1e-5)


def sentence(done):
    """What a trainer said when it failed, but for its own name."""
    assert done.code == 1 and len(done.err.splitlines()) == 1, done
    return re.sub(r"^\S+: error: ", "", done.err.strip())


def test_parameters_that_become_no_numbers(trainers, tmp_path):
    """Told as on the CPU: the step after which they are none, though the state is not brought to the host to look."""
    said = {}
    for name in ("cpu", "card"):
        one, _ = trainers[name].train(tmp_path / name, "--epochs", 1)
        said[name] = sentence(trainers[name].run(tmp_path / name, "--resume", "c.safetensors", "--epochs", 3, "--rate", "1e30"))
        same(load_file(tmp_path / name / "c.safetensors"), one)
    assert re.search(r"step \d+ \(epoch 2, batch \d\): .* a lower --rate may help; the checkpoint of epoch 1 is kept: c.safetensors$", said["card"])
    assert said["card"] == said["cpu"]


def test_a_losss_last_number(trainers, tmp_path):
    """A row that holds NaN, and a rate at which the loss itself is lost, are told alike, too."""
    for data, rate in (({**DATA, "x": np.where(np.arange(40)[:, None] == 17, np.nan, DATA["x"]).astype(np.float32)}, 0.01), (DATA, 1e22)):
        found = [sentence(trainers[name].run(tmp_path, "--epochs", 2, "--rate", rate, data=data)) for name in ("cpu", "card")]
        assert found[0] == found[1] and ("row 17" in found[0]) == (rate == 0.01), found
        os.remove(tmp_path / "data.npz")
        assert os.listdir(tmp_path) == ["log"] or not os.listdir(tmp_path)


def test_an_epochs_last_step_may_break_them(tmp_path):
    """One batch an epoch: its loss is a number still, the parameters that it leaves are none. No such checkpoint is written."""
    data = {"x": 1e10 * DATA["x"][:8], "target": DATA["target"][:8]}
    said = [sentence(Trainer(tmp_path, target, optimizer="sgd").run(tmp_path, "--epochs", 1, "--rate", "1e30", data=data)) for target in (None, CARD)]
    assert re.search(r"^step 1 \(epoch 1, batch 1\): '[AaBb]' became NaN or infinite in the update, at a loss of \S+; a lower --rate may help; "
                     "there is no checkpoint yet$", said[1]), said
    assert re.sub("loss of [^;]+", "", said[0]) == re.sub("loss of [^;]+", "", said[1])
    assert not (tmp_path / "c.safetensors").exists()
