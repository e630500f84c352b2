"""The course's worked numbers through `kiln train` and `kiln run`, as a reader types them. (Single layers and losses: tests/builder.)"""
import json
import re

import numpy as np
import pytest

from models import kiln

CORNERS = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]])
TARGETS = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "XOR": (0, 1, 1, 0)}


def column(values):
    return np.float32(values)[:, None]


def answers(model, folder, x, output):
    """What a checkpoint gives for rows of x."""
    np.save(folder / "in.npy", x)
    kiln.kiln("run", model, "--input", f"x={folder / 'in.npy'}", "--output", f"{output}={folder / 'out.npy'}", *kiln.settings())
    return np.load(folder / "out.npy").reshape(len(x), -1)


def accuracy_of(trainer, data):
    np.savez(trainer.folder / "data.npz", **data)
    done = trainer.run("--data", "data.npz", "--resume", "c.safetensors", "--evaluate", "--metrics", "binary-accuracy")
    assert done.code == 0, done
    return json.loads(done.out)["binary-accuracy"]


@pytest.mark.parametrize("gate", TARGETS)
def test_perceptron_rule(trainer, gate):
    """e = t - a with bias, rate 1: AND and OR are learned exactly, XOR is not, however long."""
    native, data = trainer("zoo:perceptron"), {"x": CORNERS, "target": column(TARGETS[gate])}
    left = native.train(data, "--rate", 1, "--epochs", 50)
    assert (accuracy_of(native, data) == 1) == (gate != "XOR")
    # Corrections of whole numbers from zero stay whole numbers.
    weights = np.concatenate([np.ravel(a) for a in left.parameters().values()])
    assert weights.any() or gate == "XOR"
    np.testing.assert_array_equal(weights, np.round(weights))


def test_or_by_hand(trainer):
    """w = (0.5, 0.5), b = -0.25."""
    from safetensors.numpy import save_file
    native, data = trainer("zoo:perceptron"), {"x": CORNERS, "target": column(TARGETS["OR"])}
    save_file({"neuron.weight": column([0.5, 0.5]), "neuron.bias": np.float32([-0.25])}, native.folder / "c.safetensors")
    assert accuracy_of(native, data) == 1
    assert accuracy_of(native, {"x": CORNERS, "target": column(TARGETS["AND"])}) == 0.5


def test_xor_by_two_layers(trainer):
    """Sigmoid neurons, 2-4-1, get 4 of 4."""
    native, data = trainer("zoo:xor"), {"x": CORNERS, "target": column(TARGETS["XOR"])}
    native.train(data)
    assert accuracy_of(native, data) == 1
    got = answers(native.folder / "c.safetensors", native.folder, CORNERS[:, None], "a")
    np.testing.assert_array_equal(got.ravel() > 0.5, np.bool_(TARGETS["XOR"]))


def test_line(trainer):
    """y = 2x + 4 from samples; the quadratic cost of w = 3, b = 2 on x = 1..8 is 5.75."""
    from safetensors.numpy import save_file
    native, x = trainer("zoo:line"), column(range(1, 9))
    data = {"x": x, "target": 2 * x + 4}
    left = native.train(data, "--rate", 0.07, "--epochs", 1000)
    assert left.tensors["line.weight"].item() == pytest.approx(2, abs=1e-4)
    assert left.tensors["line.bias"].item() == pytest.approx(4, abs=1e-3)
    save_file({"line.weight": np.float32([[3]]), "line.bias": np.float32([2])}, native.folder / "c.safetensors")
    done = native.run("--data", "data.npz", "--resume", "c.safetensors", "--evaluate", "--metrics", "none")
    assert json.loads(done.out)["loss"] == 5.75


def test_batches_of_an_epoch(trainer):
    """1000 samples in batches of 20 are 50 iterations."""
    x = np.linspace(-1, 1, 1000, dtype=np.float32)[:, None]
    left = trainer("zoo:line", "--batch", 20).train({"x": x, "target": x}, "--epochs", 3)
    assert left.state["step"] == 150


def test_threshold_of_scores(trainer):
    """A hinge's prediction is a score: above 0 is a yes, with no word said. Targets are -1 and 1."""
    native = trainer("zoo:line", "--loss", "hinge")
    x = column([-3, -2, -1, 1, 2, 3])
    native.train({"x": x, "target": np.sign(x)}, "--rate", 0.1, "--epochs", 50)
    assert accuracy_of(native, {"x": x, "target": np.sign(x)}) == 1
    # Scores within the margin, on their right sides: below a threshold of 0.5, all would be a no.
    from safetensors.numpy import save_file
    save_file({"line.weight": np.float32([[0.1]]), "line.bias": np.float32([0])}, native.folder / "c.safetensors")
    assert accuracy_of(native, {"x": x, "target": np.sign(x)}) == 1
    logits = trainer("zoo:line", "--loss", "binary_cross_entropy")
    save_file({"line.weight": np.float32([[0.1]]), "line.bias": np.float32([0])}, logits.folder / "c.safetensors")
    assert accuracy_of(logits, {"x": x, "target": np.float32(x > 0)}) == 1


def test_dropout_of_accumulated_batches(trainer):
    """Two batches of one update, of the same rows, drop different neurons; without dropout they are one batch twice."""
    rng = np.random.default_rng(3)
    once = {"image": rng.random((8, 28, 28), np.float32), "target": rng.integers(0, 10, 8)}
    twice = {name: np.concatenate([rows, rows]) for name, rows in once.items()}
    options = ("--optimizer", "sgd", "--batch", 8)

    def moved(model):
        single, double = trainer(model, *options), trainer(model, *options, "--accumulate", 2)
        a, b = single.train(once, "--epochs", 1, "--rate", 0.1), double.train(twice, "--epochs", 1, "--rate", 0.1)
        assert a.state["step"] == b.state["step"] == 1
        return max(np.abs(a.tensors[name] - b.tensors[name]).max() for name in a.names)
    assert moved("zoo:mlp") < 1e-6 < 1e-4 < moved("zoo:mlp_dropout")


def convolution(folder, image, filters):
    """A window over the image, without padding."""
    sizes = [1, len(filters), *(np.shape(image)[i] - np.shape(filters)[i] + 1 for i in (2, 3))]
    x, w, y = (f"tensor<{'x'.join(map(str, shape))}xf32>" for shape in (np.shape(image), np.shape(filters), sizes))
    one, none = "array<i64: 1, 1>", "array<i64: 0, 0>"
    (folder / "w.mlir").write_text(f"""
func.func @main(%x: {x} {{kiln.name = "x"}}, %w: {w} {{kiln.name = "w"}}) -> ({y} {{kiln.name = "y"}}) {{
  %0 = kiln.window %x, %w {{labels = "ncyx,ocyx->noyx", spatial = "yx", strides = {one}, low = {none}, high = {none},
                            lhs_dilation = {one}, dilation = {one}}} : ({x}, {w}) -> {y}
  return %0 : {y}
}}""")
    np.savez(folder / "in.npz", x=np.float32(image), w=np.float32(filters))
    kiln.kiln("run", folder / "w.mlir", "--input", folder / "in.npz", "--output", f"y={folder / 'y.npy'}", *kiln.settings())
    return np.load(folder / "y.npy")


def test_edge_filter(tmp_path):
    """3x3 edges (8 in the middle of -1): by hand 0 on even ground, and at a step from 10 to 50 three neighbours of 40 more or less."""
    image = np.full((5, 6), 10.0)
    image[:, 3:] = 50
    edges = -np.ones((3, 3))
    edges[1, 1] = 8
    got = convolution(tmp_path, image[None, None], edges[None, None])
    np.testing.assert_array_equal(got[0, 0], [[0, -120, 120, 0]] * 3)


def layers_of(model):
    """What `kiln inspect` says of a model: rows of a layer's name, its result's shape and its number of parameters."""
    rows = [re.fullmatch(r"(\S+) +(\S+) +\S+ (\S+) +([\d,]+) +[\d,]+", line) for line in kiln.kiln("inspect", model).out.splitlines()]
    return [(row[1], row[3], int(row[4].replace(",", ""))) for row in rows if row]


def test_fields_of_28(tmp_path):
    """A 5x5 field on 28x28 gives 24x24, pooled 2x2 12x12; 20 such filters with biases have 520 parameters, dense 784 to 30 has 23,550."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    assert convolution(tmp_path, np.ones((1, 1, 28, 28)), np.ones((20, 1, 5, 5))).shape == (1, 20, 24, 24)
    shapes = {"filters": (20, 1, 5, 5), "biases": (20,), "weights": (784, 30), "dense_biases": (30,)}
    nodes = [helper.make_node("Conv", ["image", "filters", "biases"], ["fields"], "conv"),
             helper.make_node("MaxPool", ["fields"], ["pooled"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
             helper.make_node("Flatten", ["image"], ["flat"], "flatten"),
             helper.make_node("Gemm", ["flat", "weights", "dense_biases"], ["hidden"], "dense")]
    given = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in shapes.items()]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("pooled", "hidden")]
    graph = helper.make_graph(nodes, "fields", [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 1, 28, 28))], outputs, given)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "fields.onnx")
    assert layers_of(tmp_path / "fields.onnx") == [
        ("conv", "1x20x24x24", 520), ("pool", "1x20x12x12", 0), ("flatten", "1x784", 0), ("dense", "1x30", 23550)]


def test_parameters_of_lenet5():
    """C1 156, C3 2,416, C5 48,120, F6 10,164, classes 850; 61,706 in all."""
    found = {}
    for name, _, parameters in layers_of("zoo:lenet5"):
        found[name.split(".")[0]] = found.get(name.split(".")[0], 0) + parameters
    assert {name: count for name, count in found.items() if count} == {"c1": 156, "c3": 2416, "c5": 48120, "f6": 10164, "classes": 850}
    assert sum(found.values()) == 61706
    assert re.search(r"zoo:lenet5 .*61,706", kiln.kiln("zoo").out)
