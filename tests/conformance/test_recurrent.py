"""Recurrent layers and loops of ONNX against ONNX Runtime: what the operator tests of the onnx wheel leave out, and a classifier of sequences."""
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from models import kiln, reference

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
LENGTH, BATCH, FEATURES, HIDDEN = 7, 3, 5, 6


def weights(op, directions, features=FEATURES, hidden=HIDDEN, seed=0):
    rng, rows = np.random.default_rng(seed), GATES[op] * hidden
    return {"W": rng.normal(0, 0.4, (directions, rows, features)), "R": rng.normal(0, 0.4, (directions, rows, hidden)),
            "B": rng.normal(0, 0.4, (directions, 2 * rows))}


def model(nodes, inputs, outputs, tensors, opset=14):
    types = {"f": TensorProto.FLOAT, "i": TensorProto.INT32}
    graph = helper.make_graph(
        nodes, "recurrent", [helper.make_tensor_value_info(n, types[a.dtype.kind], a.shape) for n, a in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(a.astype(np.float32) if a.dtype.kind == "f" else a, n) for n, a in tensors.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def check(made, feeds, tmp_path, tolerance=1e-5):
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    want = reference.run(made.SerializeToString(), feeds)
    got = kiln.infer(path, feeds, want)
    for name, value in want.items():
        assert np.abs(value).max() > 1e-2 and reference.difference(got[name], value) <= tolerance, name


def layer(op, direction="forward", state=False, lengths=None, peepholes=False, **attributes):
    """One node with all its outputs, its input, and its tensors."""
    rng, directions = np.random.default_rng(1), 2 if direction == "bidirectional" else 1
    tensors, feeds = weights(op, directions), {"X": rng.normal(size=(LENGTH, BATCH, FEATURES)).astype(np.float32)}
    names = ["X", "W", "R", "B", "", "", "", ""]
    if lengths is not None:
        (feeds if lengths[1] else tensors)["lengths"], names[4] = np.array(lengths[0], np.int32), "lengths"
    states = ["h"] + (["c"] if op == "LSTM" else []) if state else []
    for i, name in enumerate(states):
        feeds[name], names[5 + i] = rng.normal(size=(directions, BATCH, HIDDEN)).astype(np.float32), name
    if peepholes:
        tensors["P"], names[7] = rng.normal(0, 0.4, (directions, 3 * HIDDEN)), "P"
    while not names[-1]:
        names.pop()
    outputs = ["Y", "Y_h"] + (["Y_c"] if op == "LSTM" else [])
    return model([helper.make_node(op, names, outputs, direction=direction, hidden_size=HIDDEN, **attributes)], feeds, outputs, tensors), feeds


CASES = {
    **{f"{op}-{direction}": dict(op=op, direction=direction, state=True) for op in GATES for direction in ("reverse", "bidirectional")},
    "gru-linear": dict(op="GRU", direction="bidirectional", linear_before_reset=1),
    "lstm-peepholes": dict(op="LSTM", direction="bidirectional", state=True, peepholes=True),
    "lstm-coupled": dict(op="LSTM", input_forget=1),
    "lstm-clip": dict(op="LSTM", clip=0.3),
    "rnn-activations": dict(op="RNN", direction="bidirectional", activations=["Relu", "Softsign"]),
    "gru-activations": dict(op="GRU", activations=["Sigmoid", "Relu"]),
    "full-lengths": dict(op="LSTM", lengths=([LENGTH] * BATCH, False)),
    **{f"{op}-lengths": dict(op=op, direction="bidirectional", state=True, lengths=([3, 7, 1], given)) for op, given in (("LSTM", True), ("GRU", False))},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_layer(case, tmp_path):
    check(*layer(**case), tmp_path)


@pytest.mark.parametrize("change, words", [
    (dict(op="LSTM", activations=["Sigmoid", "HardSigmoid", "Tanh"]), ["its activation is 'HardSigmoid', expected Tanh"]),
    (dict(op="GRU", activations=["Sigmoid"]), ["it names 1 activations, expected 2"]),
])
def test_refused(change, words, tmp_path):
    made, _ = layer(**change)
    (tmp_path / "model.onnx").write_bytes(made.SerializeToString())
    done = kiln.compile(tmp_path / "model.onnx", tmp_path / "out", check=False)
    assert done.code == 1 and not (tmp_path / "out").exists()
    assert all(word in done.err for word in words), done.err
    assert len(done.err.strip().splitlines()) == 1


def test_classifier(tmp_path):
    """As exported: indices, embedding, two LSTM layers (the first both ways), the last step, a dense layer, softmax."""
    rng = np.random.default_rng(2)
    first, second = weights("LSTM", 2, 8, 16, 3), weights("LSTM", 1, 32, 16, 4)
    tensors = {**{f"{k}0": v for k, v in first.items()}, **{f"{k}1": v for k, v in second.items()}, "table": rng.normal(size=(50, 8)),
               "dense": rng.normal(0, 0.4, (16, 4)), "shape": np.array([0, 0, -1], np.int64), "last": np.array(-1, np.int64)}
    nodes = [helper.make_node("Gather", ["table", "tokens"], ["embedded"], axis=0),
             helper.make_node("LSTM", ["embedded", "W0", "R0", "B0"], ["both"], direction="bidirectional", hidden_size=16),
             helper.make_node("Transpose", ["both"], ["turned"], perm=[0, 2, 1, 3]),
             helper.make_node("Reshape", ["turned", "shape"], ["flat"]),
             helper.make_node("LSTM", ["flat", "W1", "R1", "B1"], ["", "state"], hidden_size=16),
             helper.make_node("Gather", ["state", "last"], ["end"], axis=0),
             helper.make_node("MatMul", ["end", "dense"], ["logits"]),
             helper.make_node("Softmax", ["logits"], ["classes"], axis=-1)]
    feeds = {"tokens": rng.integers(0, 50, (12, 3)).astype(np.int32)}
    check(model(nodes, feeds, ["classes"], tensors), feeds, tmp_path)


def test_scan(tmp_path):
    """Two states, two inputs against each other and along different axes, a weight from outside, outputs to the front and to the back."""
    info = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)  # noqa: E731
    body = helper.make_graph(
        [helper.make_node("MatMul", ["a", "M"], ["am"]), helper.make_node("Tanh", ["am"], ["t"]), helper.make_node("Add", ["t", "x"], ["a2"]),
         helper.make_node("Mul", ["b", "y"], ["by"]), helper.make_node("Add", ["by", "half"], ["b2"]), helper.make_node("Add", ["a2", "b2"], ["out"]),
         helper.make_node("Identity", ["a"], ["before"])],
        "body", [info("a", 2, 3), info("b", 1), info("x", 2, 3), info("y", 1)], [info("a2", 2, 3), info("b2", 1), info("out", 2, 3), info("before", 2, 3)],
        [numpy_helper.from_array(np.array([0.5], np.float32), "half")])
    node = helper.make_node("Scan", ["a0", "b0", "xs", "ys"], ["last_a", "last_b", "outs", "befores"], body=body, num_scan_inputs=2, scan_input_axes=[1, -1],
                            scan_input_directions=[0, 1], scan_output_axes=[-1, 0], scan_output_directions=[1, 0])
    rng = np.random.default_rng(5)
    feeds = {name: rng.normal(size=shape).astype(np.float32) for name, shape in (("a0", (2, 3)), ("b0", (1,)), ("xs", (2, 4, 3)), ("ys", (1, 4)))}
    check(model([node], feeds, ["last_a", "last_b", "outs", "befores"], {"M": rng.normal(0, 0.4, (3, 3))}), feeds, tmp_path)
