"""kiln compile --grad: a model that also gives its derivatives. The numbers are computed by hand."""
import numpy as np
import pytest

from models import kiln

CHAIN = """func.func @main(%x: tensor<f32> {kiln.name = "x"}, %y: tensor<f32> {kiln.name = "y"}, %z: tensor<f32> {kiln.name = "z"}) -> (tensor<f32> {kiln.name = "f"}) {
  %q = kiln.add %x, %y : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %f = kiln.mul %q, %z : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %f : tensor<f32>
}
"""
NEURON = """func.func @main(%w: tensor<3xf32> {kiln.name = "w"}, %x: tensor<3xf32> {kiln.name = "x"}, %n: tensor<3xi32> {kiln.name = "n"}) -> (tensor<f32> {kiln.name = "z"}) {
  %0 = kiln.contract %w, %x {labels = "i,i->"} : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>
  %1 = kiln.sigmoid %0 : (tensor<f32>) -> tensor<f32>
  return %1 : tensor<f32>
}
"""


def outputs(folder, text, names, feeds):
    """What the compiled executable gives for `feeds`."""
    (folder / "model.mlir").write_text(text)
    kiln.kiln("compile", folder / "model.mlir", "-o", folder / "model", f"--grad={','.join(names)}", *kiln.settings())
    arguments = []
    for name, array in feeds.items():
        np.save(folder / f"{name}.npy", array)
        arguments += ["--input", f"{name}={folder / name}.npy"]
    results = ["grad." + name for name in names]
    for name in results:
        arguments += ["--output", f"{name}={folder / name}.npy"]
    done = kiln.execute([folder / "model", *arguments])
    assert done.code == 0, done
    return [np.load(folder / f"{name}.npy") for name in results]


def test_chain(tmp_path):
    """f = (x + y) z at x = -2, y = 5, z = -4."""
    x, y, z = outputs(tmp_path, CHAIN, ["x", "y", "z"], {"x": np.float32(-2), "y": np.float32(5), "z": np.float32(-4)})
    assert (x, y, z) == (-4, -4, 3) and x.shape == ()


def test_sigmoid_neuron(tmp_path):
    """s(w . x) with w = (2, -3, -3), x = (-1, -2, 1): the derivative by w is s (1 - s) x, s = sigmoid(1); by x, s (1 - s) w."""
    w, x = np.array([2, -3, -3], "f4"), np.array([-1, -2, 1], "f4")
    by_w, by_x = outputs(tmp_path, NEURON, ["w", "x"], {"w": w, "x": x, "n": np.zeros(3, "i4")})
    s = 1 / (1 + np.exp(-1.0))
    np.testing.assert_allclose(by_w, s * (1 - s) * x.astype("f8"), rtol=1e-6)
    np.testing.assert_allclose(by_x, s * (1 - s) * w.astype("f8"), rtol=1e-6)
    np.testing.assert_array_equal(np.round(by_w, 2), np.array([-0.20, -0.39, 0.20], "f4"))


@pytest.mark.parametrize("name, expected", [("n", "w, x"), ("nothing", "w, x")])
def test_refusal(tmp_path, name, expected):
    (tmp_path / "model.mlir").write_text(NEURON)
    done = kiln.execute([kiln.BINARY, "compile", tmp_path / "model.mlir", "-o", tmp_path / "model", f"--grad={name}", *kiln.settings()])
    assert done.code == 1 and done.err == f"kiln: error: --grad {name}: expected a float input or parameter of the model: {expected}\n"
    assert not (tmp_path / "model").exists()


def test_stopped(tmp_path):
    """An op without derivative on every way is named."""
    text = CHAIN.replace("%f = kiln.mul %q, %z :", "%r = kiln.round %q : (tensor<f32>) -> tensor<f32>\n  %f = kiln.mul %r, %z :")
    (tmp_path / "model.mlir").write_text(text)
    done = kiln.execute([kiln.BINARY, "compile", tmp_path / "model.mlir", "-o", tmp_path / "model", "--grad=z,x", *kiln.settings()])
    assert done.code == 1 and "no derivative reaches value 1" in done.err and "'kiln.round'" in done.err
