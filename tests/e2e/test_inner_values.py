"""--also: what layers give, beside a model's outputs."""
import numpy as np
import pytest

from models import kiln


def refused(*arguments, words):
    done = kiln.kiln(*arguments, check=False)
    assert done.code == 1 and done.err.startswith("kiln: error: ") and done.err.count("\n") == 1, done
    for word in words:
        assert word in done.err, done


def test_layers_of_a_graph(tmp_path):
    """softmax(f6 @ classes.weight + classes.bias), by NumPy, is what the model answers."""
    inner = ["f6", "classes.weight", "classes.bias"]
    kiln.kiln("run", "zoo:lenet5", "--random-inputs", "--also", ",".join(inner), "--output", tmp_path / "out.npz", *kiln.settings())
    with np.load(tmp_path / "out.npz") as found:
        values = {name: found[name] for name in found.files}
    assert {name: value.shape for name, value in values.items()} == {
        "probabilities": (1, 10), "f6": (1, 84), "classes.weight": (84, 10), "classes.bias": (10,)}
    assert np.abs(values["f6"]).max() < 1, "behind its tanh"
    scores = values["f6"].astype("f8") @ values["classes.weight"] + values["classes.bias"]
    np.testing.assert_allclose(values["probabilities"], np.exp(scores) / np.exp(scores).sum(), rtol=1e-5)


def test_values_of_an_onnx_model(tmp_path):
    """Of LeNet-5 the first layer's value lies between -1 and 1, and the compiled program gives it too."""
    name = next(line.split()[0] for line in kiln.kiln("inspect", kiln.LENET).out.splitlines() if " Tanh " in line) + "_output_0"
    kiln.compile(kiln.LENET, tmp_path / "lenet", extra=["--also", name])
    assert name in kiln.kiln("inspect", tmp_path / "lenet").out
    np.save(tmp_path / "x.npy", np.random.default_rng(0).random((1, 1, 32, 32), np.float32))
    done = kiln.execute([tmp_path / "lenet", "--input", f"image={tmp_path / 'x.npy'}", "--output", f"{name}={tmp_path / 'y.npy'}"])
    assert done.code == 0, done
    found = np.load(tmp_path / "y.npy")
    assert found.shape == (1, 6, 28, 28) and 0 < np.abs(found).max() <= 1


@pytest.mark.parametrize("name, words", [("nothing", ["'nothing'", "kiln inspect"]), ("probabilities", ["'probabilities'", "already"])])
def test_refusals(name, words):
    refused("run", "zoo:lenet5", "--random-inputs", "--also", name, "--output", "y.npz", words=words)
