"""Loops on a card: a step's kernels are compiled once, and the program launches them for each step on the places that are its own."""
import json
import os
import re

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from gpu import driver
from models import kiln, native

CARD = "host-cuda-sm_80"
RANDOM = np.random.default_rng(11)


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    for key, value in {"KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80", "KILN_PTXAS": ""}.items():
        monkeypatch.setenv(key, value)
    with driver.Card() as card:  # begins anew
        pass
    yield card
    assert card.library.kiln_fake_trap() == b""


def tensor(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def save(path, nodes, inputs, outputs, constants):
    values = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "net", inputs, outputs, values)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def weights(*shape):
    return 0.4 * RANDOM.standard_normal(shape).astype(np.float32)


def recurrent(kind, gates, path, steps=6, batch=2, features=5, hidden=7):
    """Both directions, all steps and the last state."""
    constants = {"W": weights(2, gates * hidden, features), "R": weights(2, gates * hidden, hidden), "B": weights(2, 2 * gates * hidden)}
    outputs = ["y", "h"] + (["c"] if kind == "LSTM" else [])
    node = helper.make_node(kind, ["x", *constants], outputs, hidden_size=hidden, direction="bidirectional")
    shapes = {"y": [steps, 2, batch, hidden], "h": [2, batch, hidden], "c": [2, batch, hidden]}
    save(path, [node], [tensor("x", [steps, batch, features])], [tensor(name, shapes[name]) for name in outputs], constants)
    return {"x": RANDOM.standard_normal((steps, batch, features), np.float32)}


def walk(path, steps=5):
    """A scan whose step reads the row that its state names, and a state that it hands on: s' = next[s], y = table[s] + x[t] + c."""
    body = helper.make_graph(
        [helper.make_node("Gather", ["next", "s"], ["s1"]), helper.make_node("Gather", ["table", "s"], ["row"]),
         helper.make_node("Add", ["row", "x"], ["sum"]), helper.make_node("Add", ["sum", "c"], ["y"]),
         helper.make_node("Tanh", ["y"], ["c1"])], "body",
        [tensor("s", [2], TensorProto.INT64), tensor("c", [2, 3]), tensor("x", [2, 3])],
        [tensor("s1", [2], TensorProto.INT64), tensor("c1", [2, 3]), tensor("y", [2, 3])])
    node = helper.make_node("Scan", ["s0", "c0", "xs"], ["s_last", "c_last", "ys"], body=body, num_scan_inputs=1)
    save(path, [node], [tensor("s0", [2], TensorProto.INT64), tensor("c0", [2, 3]), tensor("xs", [steps, 2, 3])],
         [tensor("s_last", [2], TensorProto.INT64), tensor("c_last", [2, 3]), tensor("ys", [steps, 2, 3])],
         {"next": np.array([3, 0, 4, 1, 2]), "table": weights(5, 3)})
    return {"s0": np.array([2, 1]), "c0": weights(2, 3), "xs": RANDOM.standard_normal((steps, 2, 3), np.float32)}


NETS = {"LSTM": lambda path: recurrent("LSTM", 4, path), "GRU": lambda path: recurrent("GRU", 3, path, hidden=8),
        "RNN": lambda path: recurrent("RNN", 1, path, steps=5), "walk": walk, "walk of even steps": lambda path: walk(path, 4)}


@pytest.mark.parametrize("net", NETS)
def test_as_onnx_runtime(net, tmp_path):
    feeds = NETS[net](tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    names = [output.name for output in session.get_outputs()]
    expected = dict(zip(names, session.run(None, feeds)))
    kiln.compile(tmp_path / "net.onnx", tmp_path / "net", "shared", None, CARD, extra=["--prefix", "m"])
    library = native.Library(tmp_path / "net.so", "m")
    host = native.Runner(library, feeds, 1)
    card = native.CardRunner(library, feeds)
    card.check(card.call())
    card.wait()
    for name in names:
        np.testing.assert_allclose(host.results()[name], expected[name], 1e-5, 1e-5, err_msg=name)
        np.testing.assert_array_equal(card.results()[name], host.results()[name], name)
    host.close()
    card.close()


def test_an_index_that_a_step_makes_is_checked(tmp_path):
    """The third step would read row 9 of 5: the status names it, as on the CPU."""
    feeds = walk(tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    for value in model.graph.initializer:
        if value.name == "next":
            value.CopyFrom(numpy_helper.from_array(np.array([3, 9, 4, 1, 1]), "next"))
    onnx.save(model, tmp_path / "net.onnx")
    said = []
    for target in (None, CARD):
        kiln.compile(tmp_path / "net.onnx", tmp_path / "net", "shared", None, target, extra=["--prefix", "m"])
        os.rename(tmp_path / "net.so", tmp_path / f"{target}.so")
        with pytest.raises(RuntimeError) as failure:
            native.Runner(native.Library(tmp_path / f"{target}.so", "m"), feeds, 1)
        said.append(str(failure.value))
    assert said[0] == said[1] and "9" in said[0]


def kernels(path):
    found = re.search(rb'\{"kernels":\[.*?\],"kiln":', path.read_bytes(), re.S)[0].decode()
    return [kernel["name"] for kernel in json.loads(found[:found.rindex(',"kiln"')] + "}")["kernels"]]


def test_more_steps_are_no_more_kernels(tmp_path, fake):
    made, launches = {}, {}
    for steps in (4, 20):
        feeds = recurrent("LSTM", 4, tmp_path / "net.onnx", steps)
        kiln.compile(tmp_path / "net.onnx", tmp_path / "net", "shared,obj", None, CARD, extra=["--prefix", "m"])
        made[steps] = kernels(tmp_path / "net.o")
        os.rename(tmp_path / "net.so", tmp_path / f"{steps}.so")
        fake.library.kiln_fake_reset()
        runner = native.Runner(native.Library(tmp_path / f"{steps}.so", "m"), feeds, 1)
        launches[steps] = fake.library.kiln_fake_log().decode().count("cuGraphAddKernelNode")
        runner.close()
    assert len(made[4]) == len(made[20]) and len(set(made[20])) == len(made[20])
    assert launches[20] - launches[4] >= 2 * 16  # both directions


def test_a_training_step_through_time(tmp_path):
    """An LSTM over five rows, its last state into three classes: forward and backward, against the CPU's step."""
    constants = {"W": weights(1, 32, 5), "R": weights(1, 32, 8), "B": weights(1, 64), "M": weights(8, 3), "axes": np.array([0])}
    nodes = [helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
             helper.make_node("LSTM", ["steps", "W", "R", "B"], ["", "h"], hidden_size=8), helper.make_node("Squeeze", ["h", "axes"], ["last"]),
             helper.make_node("MatMul", ["last", "M"], ["y"])]
    save(tmp_path / "net.onnx", nodes, [tensor("x", [4, 5, 5])], [tensor("y", [4, 3])], constants)
    kiln.kiln("train", tmp_path / "net.onnx", "--optimizer", "sgd", "--loss", "cross_entropy", "--emit=mlir", "-o", tmp_path / "step",
              "--cache-dir", kiln.CACHE)
    found = {}
    for target in (CARD, None):
        kiln.compile(tmp_path / "step.mlir", tmp_path / f"{target}", "shared", None, target, extra=["--prefix", "m"])
        library = native.Library(tmp_path / f"{target}.so", "m")
        info, random = library.info().contents, np.random.default_rng(2)
        feeds = {"rate": 0.5, "step": 1, "seed": 0, "weight": 1, "target": random.integers(0, 3, 4)}
        for one in (info.inputs[i] for i in range(info.input_count)):
            if one.name.decode() not in feeds:
                feeds[one.name.decode()] = 0.5 * random.standard_normal(tuple(one.shape[:one.rank]), np.float32)
        runner = native.Runner(library, feeds, 1)
        found[target] = runner.results()
        runner.close()
    assert 0.5 < found[None]["loss"] < 3 * 4 and np.abs(found[None]["parameters"] - feeds["parameters"]).max() > 1e-2
    for name, value in found[None].items():
        np.testing.assert_allclose(found[CARD][name], value, 1e-4, 1e-6, err_msg=name)
