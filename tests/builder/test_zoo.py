"""The zoo from the command line, and checkpoints in place of models."""
import json
import os
import struct

import numpy as np
import pytest

from conftest import Graph, Steps
from models import kiln


def refused(result, *parts):
    assert result.code == 1 and result.err.startswith("kiln: error: ") and result.err.count("\n") == 1, result
    for part in parts:
        assert part in result.err


def test_zoo_lists_its_models():
    rows = {line.split()[0]: line for line in kiln.kiln("zoo").out.splitlines() if line.startswith("zoo:")}
    assert {"zoo:lenet5", "zoo:mlp", "zoo:mnist_cnn", "zoo:softmax_regression", "zoo:perceptron", "zoo:xor", "zoo:bn_cnn", "zoo:resnet",
            "zoo:gpt", "zoo:lstm", "zoo:bigram", "zoo:line"} <= set(rows)
    assert "61,706" in rows["zoo:lenet5"] and "1x32x32" in rows["zoo:lenet5"] and rows["zoo:softmax_regression"].endswith(" 7,850")


def test_inspect():
    out = kiln.kiln("inspect", "zoo:lenet5").out
    assert "61,706" in out and "image" in out and "probabilities" in out


@pytest.mark.parametrize("name, inputs", [("lenet5", {"image": (2, 1, 32, 32)}), ("mnist_cnn", {"image": (2, 1, 28, 28)}), ("resnet", {"image": (2, 1, 28, 28)})])
def test_zoo_models_run(tmp_path, name, inputs):
    made = tmp_path / "y.npy"
    feeds = {key: np.random.default_rng(1).normal(size=shape).astype(np.float32) for key, shape in inputs.items()}
    arguments, _ = kiln.files(tmp_path, feeds, [])
    kiln.kiln("run", f"zoo:{name}", *arguments, "--output", f"probabilities={made}", *kiln.settings({"batch": 2}))
    y = np.load(made)
    assert y.shape == (2, 10) and not np.array_equal(y[0], y[1])
    np.testing.assert_allclose(y.sum(1), 1, rtol=1e-5)


def test_zoo_refusals():
    refused(kiln.kiln("run", "zoo:lenet6", "--output", "y.npz", check=False), "'zoo:lenet6'", "kiln zoo")
    refused(kiln.kiln("run", "zoo:mlp", "--dim", "width=3", "--output", "y.npz", check=False), "width", "batch")


def header_of(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + length]), data[8 + length:]


def test_a_checkpoint_takes_the_place_of_a_model(folder, tmp_path):
    """Its prediction is that of the evaluation with the same parameters."""
    steps = Steps(folder, "xor")
    metadata = header_of(folder / "xor.safetensors")[0]["__metadata__"]
    assert json.loads(metadata["kiln.parameters"]) == [p["name"] for p in steps.parameters] and json.loads(metadata["kiln.statistics"]) == []
    x = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]])
    np.save(tmp_path / "x.npy", x)
    kiln.kiln("run", folder / "xor.safetensors", "--input", f"x={tmp_path}/x.npy", "--output", f"a={tmp_path}/a.npy", *kiln.settings())
    first = steps.region(steps.parameters)
    want = Graph(folder / "xor.evaluate.mlir").run(folder, {"parameters": first, "x": x, "target": np.zeros((4, 1)), "weight": np.ones(4)})
    np.testing.assert_allclose(np.load(tmp_path / "a.npy"), want["prediction"], rtol=1e-5)


def test_broken_checkpoints(folder, tmp_path):
    whole, broken = (folder / "xor.safetensors").read_bytes(), tmp_path / "broken.safetensors"
    header, data = header_of(folder / "xor.safetensors")

    def check(content, *parts):
        broken.write_bytes(content)
        refused(kiln.kiln("compile", broken, "-o", tmp_path / "out", check=False), "broken.safetensors", *parts)
        assert os.listdir(tmp_path) == ["broken.safetensors"]

    def with_header(change):
        changed = json.loads(json.dumps(header))
        change(changed)
        text = json.dumps(changed).encode()
        return struct.pack("<Q", len(text)) + text + data
    check(b"", "0")
    check(whole[:7], "7")
    check(whole[:100], "cut off")
    check(whole[:-1], "cut off")
    check(struct.pack("<Q", 2) + b"{]", "JSON")
    check(struct.pack("<Q", 2) + b"[]", "JSON object")
    check(struct.pack("<Q", 2) + b"{}", "kiln.graph")
    check(struct.pack("<Q", 1 << 63) + b"{}", "cut off")
    check(with_header(lambda h: h.pop("hidden.weight")), "'hidden.weight'")
    check(with_header(lambda h: h["hidden.weight"].update(shape=[8])), "'hidden.weight'")
    check(with_header(lambda h: h["hidden.weight"].update(dtype="F64")), "'hidden.weight'")
    check(with_header(lambda h: h["hidden.weight"].update(data_offsets=[-32, 0])), "'hidden.weight'")
    check(with_header(lambda h: h["__metadata__"].update({"kiln.graph": "module {"})), "graph is broken")
    check(with_header(lambda h: h["__metadata__"].update({"kiln.graph": "module { kiln.parameter @\"hidden.weight\" : i32 }"})), "hidden.weight")
    check(with_header(lambda h: h["__metadata__"].update({"kiln.graph": "module {}"})), "@main")
