"""Whole models compiled for a card, in this process, through the fake driver and the interpreter: what they answer with host pointers and
with device pointers is what ONNX Runtime answers, what PyTorch answered once (data/*.expected.npy), or what the CPU's step does."""
import os

import numpy as np
import onnx
import onnxruntime
import pytest

from gpu import driver
from models import kiln, native

TARGET = "host-cuda-sm_80"


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    """A card that takes PTX alone: another major capability than the cubins', which no interpreter runs."""
    monkeypatch.setenv("KILN_CUDA_DRIVER", driver.FAKE)
    monkeypatch.setenv("KILN_FAKE_CAPABILITY", "100")
    with driver.Card() as card:  # forgets what the test before did
        pass
    yield
    trap = card.library.kiln_fake_trap().decode()
    assert not trap, trap


def compiled(model, folder, dims=None, target=TARGET):
    name = folder / f"model-{target}"
    kiln.compile(model, name, "shared", dims, target, extra=["--prefix", "m"])
    return native.Library(f"{name}.so", "m")


def on_card(library, feeds):
    runner = native.CardRunner(library, feeds)
    runner.check(runner.call())
    runner.wait()
    return runner


def check_model(path, folder, feeds, expected, tolerance=1e-5):
    library = compiled(path, folder)
    host = native.Runner(library, feeds, 1)
    card = on_card(library, feeds)
    for name, value in expected.items():
        np.testing.assert_allclose(host.results()[name], value, tolerance, tolerance)
        np.testing.assert_array_equal(card.results()[name], host.results()[name])
    host.close()
    card.close()


@pytest.mark.parametrize("path", [os.path.join(kiln.DATA, "mlp-fashion.onnx"), kiln.LENET], ids=["mlp", "lenet5"])
def test_against_onnx_runtime(path, tmp_path):
    session = onnxruntime.InferenceSession(path)
    random = np.random.default_rng(5)
    feeds = {i.name: random.random([d if isinstance(d, int) else 1 for d in i.shape], np.float32) for i in session.get_inputs()}
    expected = dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))
    check_model(path, tmp_path, feeds, expected)


@pytest.mark.parametrize("name", ["cnn_bn.dynamo", "gpt_tiny.dynamo"])
def test_against_pytorch(name, tmp_path):
    stem, path = name.split(".")[0], os.path.join(kiln.DATA, f"{name}.onnx")
    session = onnxruntime.InferenceSession(path)
    feeds = {session.get_inputs()[0].name: np.load(os.path.join(kiln.DATA, f"{stem}.input.npy"))}
    check_model(path, tmp_path, feeds, {session.get_outputs()[0].name: np.load(os.path.join(kiln.DATA, f"{stem}.expected.npy"))}, 1e-4)


def test_more_tiles_than_a_launch_has_rows_of_blocks(tmp_path):
    """A card takes 65535 blocks in a launch's second dimension; so many products are one long row of them."""
    shape = (65537, 8, 8)
    info = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in "aby"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("MatMul", ["a", "b"], ["y"])], "products", info[:2], info[2:])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), tmp_path / "products.onnx")
    random = np.random.default_rng(6)
    feeds = {name: random.standard_normal(shape, np.float32) for name in "ab"}
    runner = native.Runner(compiled(tmp_path / "products.onnx", tmp_path), feeds, 1)
    np.testing.assert_allclose(runner.results()["y"], feeds["a"] @ feeds["b"], 1e-5, 1e-5)
    runner.close()
    assert "gpu_tile{" in kiln.kiln("inspect", tmp_path / f"model-{TARGET}.so").out


@pytest.mark.parametrize("net, rows", [("mlp", 8), ("lenet5", 4), ("mnist_cnn", 2), ("bn_cnn", 2), ("lstm", 2)])
def test_a_training_step(net, rows, tmp_path):
    """Three SGD steps, state kept on the card and updated in place, against the CPU's own three."""
    kiln.kiln("train", f"zoo:{net}", "--batch", str(rows), "--optimizer", "sgd", "--emit=mlir", "-o", tmp_path / "step",
              "--cache-dir", kiln.CACHE)
    found = {}
    for target in (TARGET, "host"):
        library = compiled(tmp_path / "step.mlir", tmp_path, target=target)
        info = library.info().contents
        random = np.random.default_rng(2)
        feeds = {"rate": 0.01, "step": 1, "seed": 0, "weight": 1}
        for tensor in (info.inputs[i] for i in range(info.input_count)):
            shape = tuple(tensor.shape[:tensor.rank])
            name = tensor.name.decode()
            if name == "target" or not np.issubdtype(native.DTYPES[tensor.dtype], np.floating):
                feeds.setdefault(name, random.integers(0, 10, shape))
            if name not in feeds:
                feeds[name] = np.ones(shape) if name == "statistics" else 0.05 * random.standard_normal(shape, np.float32)
        runner = native.CardRunner(library, feeds) if target == TARGET else native.Runner(library, feeds, 1, tied=True)
        for _ in range(3 if target == TARGET else 2):  # binding has run the CPU's once
            runner.check(runner.call())
        found[target] = runner.results()
        runner.close()
    for name, value in found["host"].items():
        np.testing.assert_allclose(found[TARGET][name], value, 1e-3, 1e-5, err_msg=name)
