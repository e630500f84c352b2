"""Every loss by row, compiled and run, against numpy in double precision, and the course's number."""
import numpy as np
import pytest

from conftest import Cases, Graph
from layer_references import softmax


def drawn(name, shape, dtype):
    rng = np.random.default_rng(list(name.encode()))
    case, kind = name.split(".")
    if dtype == np.int64:
        return rng.integers(0, 7, shape)
    if kind == "y" and case.endswith("given"):
        return (softmax(rng.normal(size=shape)) if "one_hot" in case or case.startswith("cross") else rng.uniform(size=shape)).astype(np.float32)
    if kind == "t" and "one_hot" in case:
        return np.eye(shape[1], dtype=np.float32)[rng.integers(0, shape[1], shape[0])]
    if kind == "t" and case.startswith("binary") or case == "perceptron" and kind == "t":
        return rng.integers(0, 2, shape).astype(np.float32)
    if kind == "t" and case == "hinge":
        return rng.choice([-1, 1], shape).astype(np.float32)
    x = (2 * rng.normal(size=shape)).astype(np.float32)
    if kind == "y" and "cross_entropy" in case:
        x.flat[:4] = [0, 90, -90, 200]  # no overflow may show
    return x


@pytest.fixture(scope="module")
def cases(folder):
    return Cases(Graph(folder / "losses.mlir"), folder, drawn)


def inner(x):
    return x.reshape(len(x), -1).mean(1)


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def huber(delta):
    def reference(y, t):
        e = np.abs(y - t)
        return inner(np.where(e <= delta, e * e / 2, delta * (e - delta / 2)))
    return reference


def labels(logs, smoothing=0.0):
    def reference(y, t):
        p = logs(y)
        return inner(-(1 - smoothing) * np.take_along_axis(p, t[..., None], -1)[..., 0] - smoothing * p.mean(-1))
    return reference


def one_hot(logs, smoothing=0.0):
    def reference(y, t):
        return -(((1 - smoothing) * t + smoothing / t.shape[-1]) * logs(y)).sum(-1)
    return reference


def binary(y, t):
    return inner(np.logaddexp(0, y) - t * y)


REFERENCES = {
    "mse": lambda y, t: inner((y - t) ** 2),
    "sse": lambda y, t: ((y - t) ** 2).sum(1),
    "quadratic": lambda y, t: ((y - t) ** 2).sum(1) / 2,
    "mae": lambda y, t: inner(np.abs(y - t)),
    "huber": huber(1),
    "huber_wide": huber(2.5),
    "hinge": lambda y, t: inner(np.maximum(0, 1 - t * y)),
    "perceptron": lambda y, t: inner(((y >= 0) - t) * y),
    "binary_cross_entropy": binary,
    "binary_cross_entropy_sigmoid": binary,
    "binary_cross_entropy_given": lambda y, t: inner(-(t * np.log(y) + (1 - t) * np.log(1 - y))),
    "cross_entropy": labels(log_softmax),
    "cross_entropy_smooth": labels(log_softmax, 0.1),
    "cross_entropy_given": labels(np.log),
    "cross_entropy_softmax": labels(log_softmax),
    "cross_entropy_sequence": labels(log_softmax),
    "cross_entropy_one_hot": one_hot(log_softmax),
    "cross_entropy_one_hot_smooth": one_hot(log_softmax, 0.1),
    "cross_entropy_one_hot_given": one_hot(np.log),
    "cross_entropy_one_hot_softmax": one_hot(log_softmax),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_loss(cases, name):
    c = cases.inputs(name)
    np.testing.assert_allclose(cases.outputs(name)["rows"], REFERENCES[name](c["y"], c["t"]), rtol=2e-6, atol=2e-6)


def test_every_loss_has_a_reference(cases):
    assert cases.names() == set(REFERENCES)


def test_special_labels_and_the_course(folder):
    """-log 0.619 = 0.4797 for p = (0.228, 0.619, 0.153) and the second class; a label out of range gives NaN."""
    feeds = {name: np.zeros(shape, dtype) for name, (shape, dtype) in Graph(folder / "losses.mlir").inputs.items()}
    p = np.full((5, 7), 1e-9, np.float32)
    p[:, :3] = 0.228, 0.619, 0.153
    feeds["cross_entropy_given.y"], feeds["cross_entropy_given.t"] = p, np.array([1, 0, 2, 7, -1])
    feeds["cross_entropy.y"], feeds["cross_entropy.t"] = np.log(p), np.array([1, 0, 2, 7, -1])
    got = Graph(folder / "losses.mlir").run(folder, feeds)
    for case in ("cross_entropy_given", "cross_entropy"):
        np.testing.assert_allclose(got[f"{case}.rows"][:3], -np.log([0.619, 0.228, 0.153]), rtol=1e-5)
        assert got[f"{case}.rows"][0] == pytest.approx(0.4797, abs=1e-4) and np.isnan(got[f"{case}.rows"][3:]).all()
    np.testing.assert_allclose(got["binary_cross_entropy_sigmoid.rows"], np.log(2), rtol=1e-6)
