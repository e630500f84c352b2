"""Dropout and batch norm of an ONNX file, and of a checkpoint, do in training what they do there, and in an inference what they do there."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models import kiln

RNG = np.random.default_rng(11)


def saved(path, nodes, tensors, inputs, outputs):
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
                              [numpy_helper.from_array(array, name) for name, array in tensors.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def normed(path):
    """y = dense(mean over the picture of batch_norm(x))."""
    tensors = {"scale": np.float32([1, 2, 0.5]), "bias": np.float32([0.1, 0, -0.2]), "mean": np.float32([1, 2, 3]),
               "variance": np.float32([1, 4, 9]), "w": RNG.normal(size=(3, 2)).astype(np.float32), "b": np.zeros(2, np.float32)}
    nodes = [helper.make_node("BatchNormalization", ["x", "scale", "bias", "mean", "variance"], ["n"], "norm", momentum=0.75),
             helper.make_node("Tanh", ["n"], ["t"], "tanh"), helper.make_node("ReduceMean", ["t"], ["p"], "pool", axes=[2], keepdims=0),
             helper.make_node("Gemm", ["p", "w", "b"], ["y"], "dense")]
    return saved(path, nodes, tensors, {"x": (4, 3, 5)}, {"y": (4, 2)})


def test_statistics_follow_the_batches(trainer, tmp_path):
    """running = 0.75 running + 0.25 batch, the variance unbiased: twice, of the same batch, at a rate of 0."""
    native = trainer(normed(tmp_path / "net.onnx"), "--batch", 4, "--loss", "mse", "--optimizer", "sgd")
    x = RNG.normal(2, 3, size=(4, 3, 5)).astype(np.float32)
    left = native.train({"x": x, "target": np.zeros((4, 2), np.float32)}, "--rate", 0, "--epochs", 2)
    assert set(left.names) == {"scale", "bias", "w", "b"}
    for name, start, batch in [("mean", [1, 2, 3], x.mean((0, 2))), ("variance", [1, 4, 9], x.var((0, 2), ddof=1))]:
        want = np.float64(start)
        for _ in range(2):
            want = 0.75 * want + 0.25 * batch
        np.testing.assert_allclose(left.tensors[name], want, rtol=1e-5)


def test_training_takes_the_batch_s_statistics(trainer, tmp_path):
    """The loss of a step is that of NumPy's batch norm of the batch; a checkpoint's inference uses the kept statistics; and it trains as the file did."""
    path = normed(tmp_path / "net.onnx")
    tensors = {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}
    native = trainer(path, "--batch", 4, "--loss", "mse", "--optimizer", "sgd")
    x, target = RNG.normal(2, 3, size=(4, 3, 5)).astype(np.float32), RNG.normal(size=(4, 2)).astype(np.float32)

    def net(mean, variance):
        a = tensors["scale"] / np.sqrt(variance + 1e-5)
        y = (x - mean[None, :, None]) * a[None, :, None] + tensors["bias"][None, :, None]
        return np.tanh(y).mean(2) @ tensors["w"] + tensors["b"]
    left = native.train({"x": x, "target": target}, "--rate", 0, "--epochs", 1)
    want = ((net(x.mean((0, 2)), x.var((0, 2))) - target) ** 2).mean()
    np.testing.assert_allclose(left.state["history"][0]["loss"], want, rtol=1e-5)
    made = tmp_path / "y.npy"
    np.save(tmp_path / "x.npy", x)
    kiln.kiln("run", native.folder / "c.safetensors", "--input", f"x={tmp_path / 'x.npy'}", "--output", f"y={made}", *kiln.settings())
    np.testing.assert_allclose(np.load(made), net(left.tensors["mean"], left.tensors["variance"]), rtol=1e-4, atol=1e-6)
    again = trainer(native.folder / "c.safetensors", "--batch", 4, "--loss", "mse", "--optimizer", "sgd")
    more = again.train({"x": x, "target": target}, "--rate", 0, "--epochs", 1)
    assert set(more.names) == set(left.names)
    np.testing.assert_allclose(more.state["history"][0]["loss"], want, rtol=1e-5)


def test_dropout_drops_in_training_alone(trainer, tmp_path):
    """y = dropout(x) w with w = 1 of 1,000: in training the mean of kept / (1 - 0.25), so about 1, and not 1; in an inference 1."""
    count = 1000
    tensors = {"ratio": np.float32(0.25), "w": np.full((count, 1), 1 / count, np.float32)}
    nodes = [helper.make_node("Dropout", ["x", "ratio"], ["d"], "drop"), helper.make_node("MatMul", ["d", "w"], ["y"], "dense")]
    path = saved(tmp_path / "net.onnx", nodes, tensors, {"x": (1, count)}, {"y": (1, 1)})
    native = trainer(path, "--batch", 1, "--loss", "mae", "--optimizer", "sgd")
    data = {"x": np.ones((50, count), np.float32), "target": np.zeros((50, 1), np.float32)}
    left = native.train(data, "--rate", 0, "--epochs", 1)
    # Of 50 rows the mean's deviation is sqrt(0.25 / 0.75 / 1000 / 50) = 0.0026.
    loss = left.state["history"][0]["loss"]
    assert 1e-5 < abs(loss - 1) < 0.0026 * 5
    done = native.run("--data", "data.npz", "--resume", "c.safetensors", "--evaluate", "--metrics", "none")
    assert done.code == 0 and abs(float(done.out.split(":")[1].rstrip("}\n")) - 1) < 1e-5, done


def test_a_checkpoint_trains_at_any_batch(trainer, tmp_path):
    """Its graph answers one question at a time; as the MODEL of a training it has the batch asked for, and drops what its model dropped."""
    rows = RNG.normal(size=(24, 28, 28)).astype(np.float32)
    data = {"image": rows, "target": RNG.integers(0, 10, 24)}
    first = trainer("zoo:mlp_dropout", "--batch", 8)
    left = first.train(data, "--rate", 0, "--epochs", 1)
    again = trainer(first.folder / "c.safetensors", "--batch", 8)
    more = again.train(data, "--rate", 0, "--epochs", 1)
    assert more.state["step"] == left.state["step"] == 3
    np.testing.assert_allclose(more.state["history"][0]["loss"], left.state["history"][0]["loss"], rtol=1e-5)
    # A checkpoint of a checkpoint, for three rows and for one.
    for batch in (3, 1):
        np.savez(tmp_path / "in.npz", image=rows[:3].reshape(-1, batch, 28, 28))
        kiln.kiln("run", again.folder / "c.safetensors", "--dim", f"batch={batch}", "--input", tmp_path / "in.npz",
                  "--output", tmp_path / f"{batch}.npz", *kiln.settings())
    three, one = (dict(np.load(tmp_path / f"{batch}.npz")) for batch in (3, 1))
    for name, value in three.items():
        np.testing.assert_allclose(one[name].reshape(3, 10), value.reshape(3, 10), rtol=1e-5, atol=1e-7)


def test_a_batch_that_the_file_fixes_is_said(trainer, tmp_path):
    path = normed(tmp_path / "net.onnx")
    done = kiln.kiln("train", path, "--batch", 32, "--emit=mlir", "-o", tmp_path / "step", *kiln.settings(), check=False)
    assert done.code == 1 and "--batch 32" in done.err and "a batch of 4" in done.err and not (tmp_path / "step.mlir").exists(), done
    named = kiln.kiln("run", path, "--dim", "rows=3", "--random-inputs", "--output", f"y={tmp_path / 'y.npy'}", *kiln.settings(), check=False)
    assert named.code == 1 and "rows" in named.err, named
