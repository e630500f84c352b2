"""Every layer and activation, compiled and run, against numpy in double precision; those with randomness by what must hold."""
import numpy as np
import pytest

from conftest import Cases, Graph
from layer_references import REFERENCES
from ops.references import uniform

RANDOM = {"draws", "batch_norm_training", "batch_norm_curvature", "dropout", "flip", "shift", "crop_training"}


def drawn(name, shape, dtype):
    rng = np.random.default_rng(list(name.encode()))
    case, kind = name.split(".", 1)
    if kind == "key":
        return np.array([1234567890123, 3])
    if kind == "weight" and case in RANDOM and shape in ([5], [6], [64]):
        return np.float32([1] * (shape[0] - 2) + [0, 0])  # the last rows fill up the batch
    if dtype == np.int64:
        return rng.integers(0, 11, shape)
    x = rng.normal(size=shape).astype(np.float32)
    if kind.endswith("running_var"):
        return np.abs(x) + 0.1
    if kind == "x" and case in ("dropout", "flip", "shift", "crop_training"):
        return np.abs(x) + 1
    if kind == "x" and case in ("step", "relu", "softplus", "softmax", "elu"):
        x.flat[:5] = [0, 80, -80, 30, -1e-3]
    return x


@pytest.fixture(scope="module")
def cases(folder):
    return Cases(Graph(folder / "layers.mlir"), folder, drawn)


def named(c):
    """A layer's own parameters without its name in front, so that references need not know it."""
    return {name.split(".", 1)[1] if "." in name else name: array for name, array in c.items()}


@pytest.mark.parametrize("name", REFERENCES)
def test_layer(cases, name):
    got, want = cases.outputs(name)["y"], REFERENCES[name](named(cases.inputs(name)))
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_every_case_has_a_reference(cases):
    assert cases.names() == set(REFERENCES) | RANDOM


def test_batch_norm_in_training(cases):
    """Rows of weight 0 do not count; running statistics follow by a tenth, the variance unbiased."""
    c, got = named(cases.inputs("batch_norm_training")), cases.outputs("batch_norm_training")
    x = cases.inputs("batch_norm_training")["x"]
    rows = x[:4]
    mean, variance = rows.mean((0, 2, 3)), rows.var((0, 2, 3))
    n = rows.size / rows.shape[1]
    scale, bias = cases.inputs("batch_norm_training")["batch_norm.weight"], c["bias"]
    shape = (1, -1, 1, 1)
    want = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + 1e-5) * scale.reshape(shape) + bias.reshape(shape)
    np.testing.assert_allclose(got["y"], want, rtol=2e-5, atol=1e-5)
    np.testing.assert_allclose(got["batch_norm.running_mean"], 0.9 * c["running_mean"] + 0.1 * mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got["batch_norm.running_var"], 0.9 * c["running_var"] + 0.1 * variance * n / (n - 1), rtol=1e-5)


def test_batch_norm_curvature(cases):
    """First and second derivatives through the batch's statistics, of the rows that count, against central differences in double precision."""
    c, got = cases.inputs("batch_norm_curvature"), cases.outputs("batch_norm_curvature")
    x, scale, bias = c["x"], c["batch_norm.weight"][:, None], c["batch_norm.bias"][:, None]

    def objective(x):
        rows = x[:3]
        mean, variance = rows.mean((0, 2), keepdims=True), rows.var((0, 2), keepdims=True)
        return np.tanh((x - mean) / np.sqrt(variance + 1e-5) * scale + bias).sum()

    def slope(x, step=1e-4):
        moves = step * np.eye(x.size).reshape(x.size, *x.shape)
        return np.reshape([(objective(x + move) - objective(x - move)) / (2 * step) for move in moves], x.shape)
    np.testing.assert_allclose(got["slope"], slope(x), rtol=1e-4, atol=1e-5)
    bend = (slope(x + 1e-3 * c["v"]) - slope(x - 1e-3 * c["v"])) / 2e-3
    np.testing.assert_allclose(got["bend"], bend, rtol=1e-3, atol=2e-4)


def test_draws_in_loops(cases):
    """y = x times numbers of two streams, Philox's with each step of the loops in its counter; the way back draws the same again."""
    c, got = cases.inputs("draws"), cases.outputs("draws")
    seed, step = c["key"]
    rows = [[uniform(1, (5,))((seed, step, 4 * t + u)) * uniform(0, (4, 5))((seed, step, t))[u] for u in range(4)] for t in range(3)]
    np.testing.assert_allclose(got["slope"], rows, rtol=1e-6)
    np.testing.assert_allclose(got["y"], c["x"] * rows, rtol=1e-6)


def test_dropout(cases):
    x, y = cases.inputs("dropout")["x"], cases.outputs("dropout")["y"]
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / 0.75, rtol=1e-6)
    assert abs(kept.mean() - 0.75) < 0.02  # 6400 draws: four deviations


def test_flip(cases):
    x, y = cases.inputs("flip")["x"], cases.outputs("flip")["y"]
    turned = [np.array_equal(b, a[:, :, ::-1]) for a, b in zip(x, y)]
    straight = [np.array_equal(b, a) for a, b in zip(x, y)]
    assert all(a != b for a, b in zip(turned, straight)) and 12 < sum(turned) < 52


@pytest.mark.parametrize("name, border, size", [("shift", 2, (6, 7)), ("crop_training", 0, (4, 5))])
def test_moves(cases, name, border, size):
    """Each result is one part of its padded picture, and all places come."""
    x, y = cases.inputs(name)["x"], cases.outputs(name)["y"]
    padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
    spare = [n - s for n, s in zip(padded.shape[2:], size)]
    places = []
    for a, b in zip(padded[:, 0], y[:, 0]):
        found = [(i, j) for i in range(spare[0] + 1) for j in range(spare[1] + 1)
                 if np.array_equal(a[i:i + size[0], j:j + size[1]].astype(np.float32), b)]
        assert len(found) == 1
        places += found
    assert {i for i, _ in places} == set(range(spare[0] + 1)) and {j for _, j in places} == set(range(spare[1] + 1))
