"""Training steps, compiled and run: the course's examples, gradients against differences of the loss, accumulation, checkpoints."""
import numpy as np
import pytest
from safetensors.numpy import load_file

from conftest import Steps
from layer_references import sigmoid, softmax


class Run:
    """A training under way: regions in, regions out."""

    def __init__(self, folder, name, rate, **more):
        self.steps, self.rate, self.step = Steps(folder, name), rate, 0
        self.state = {name: np.zeros(shape, dtype) for name, (shape, dtype) in self.steps.step.inputs.items()
                      if name.startswith("optimizer.") or name == "gradients"}
        self.state["parameters"] = self.steps.region(self.steps.parameters)
        if self.steps.statistics:
            self.state["statistics"] = self.steps.region(self.steps.statistics)

    def __call__(self, data, target, weight=None, apply=True, parameters=None):
        """The results of a step; the state moves unless `parameters` only asks what would be."""
        weight = np.ones(len(target), np.float32) if weight is None else weight
        feeds = dict(self.state, **data, target=target, weight=weight, rate=self.rate, seed=5, step=self.step + 1, apply=apply)
        if parameters is not None:
            return self.steps.step.run(self.steps.folder, dict(feeds, parameters=parameters))
        made = self.steps.step.run(self.steps.folder, feeds)
        self.state.update({name: made[name] for name in self.state})
        self.step += apply
        return made

    def values(self):
        return self.steps.split(self.steps.parameters, self.state["parameters"])

    def evaluate(self, data, target):
        feeds = dict(self.state, **data, target=target, weight=np.ones(len(target), np.float32))
        return self.steps.evaluate.run(self.steps.folder, feeds)


CORNERS = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]])


def test_perceptron_rule_on_three_points(folder):
    """p1=(1,2) -> 1, p2=(-1,2) -> 0, p3=(0,-1) -> 0 from w=(1,-0.8): (2,1.2), (3,-0.8), (3,0.2), then all three are right."""
    run, seen = Run(folder, "points", 1), []
    points = [((1, 2), 1), ((-1, 2), 0), ((0, -1), 0)]
    for p, t in points:
        run({"x": np.float32([p])}, np.float32([[t]]))
        seen.append(run.state["parameters"].tolist())
    np.testing.assert_allclose(seen, [(2, 1.2), (3, -0.8), (3, 0.2)], rtol=1e-6)
    for p, t in points:
        assert run({"x": np.float32([p])}, np.float32([[t]]))["prediction"] == t
    np.testing.assert_allclose(run.state["parameters"], (3, 0.2), rtol=1e-6)


@pytest.mark.parametrize("targets, learns", [((0, 0, 0, 1), True), ((0, 1, 1, 1), True), ((0, 1, 1, 0), False)], ids=["AND", "OR", "XOR"])
def test_perceptron_rule_with_bias(folder, targets, learns):
    run = Run(folder, "perceptron", 1)
    right = False
    for _ in range(12):
        right = all([run({"x": x[None]}, np.float32([[t]]))["prediction"] == t for x, t in zip(CORNERS, targets)])
        if right:
            break
    assert right == learns


def test_line(folder):
    """The quadratic cost of w=3, b=2 on x=1..8, t=6,8,..20 is 5.75; the data's line y=2x+4 is found."""
    run = Run(folder, "line", 0.07)
    x, t = np.arange(1, 9, dtype=np.float32)[:, None], np.arange(6, 21, 2, dtype=np.float32)[:, None]
    names = [p["name"] for p in run.steps.parameters]
    run.state["parameters"] = run.steps.region(run.steps.parameters, {"line.weight": np.float32([3]), "line.bias": np.float32([2])})
    assert names == ["line.weight", "line.bias"]
    assert run.evaluate({"x": x}, t)["loss"] / 8 == 5.75
    made = run({"x": x}, t)
    assert made["loss"] / 8 == 5.75
    a = 3 * x + 2
    np.testing.assert_allclose(made["parameters"], [3 - 0.07 * ((a - t) * x).mean(), 2 - 0.07 * (a - t).mean()], rtol=1e-6)


def test_neuron(folder):
    """z = sigmoid(w0 x0 + w1 x1 + w2) with w=(2,-3,-3), x=(-1,-2): dz/dw = s(1-s) (x0, x1, 1) = (-0.20, -0.39, 0.20)."""
    run = Run(folder, "neuron", 1)
    before, s = run.state["parameters"], sigmoid(1)
    # d(z - t)^2/dw = 2 (z - t) dz/dw = -dz/dw for t = z + 1/2.
    after = run({"x": np.float32([[-1, -2]])}, np.float32([[s + 0.5]]))["parameters"]
    np.testing.assert_allclose(after - before, s * (1 - s) * np.array([-1, -2, 1]), rtol=1e-5)
    np.testing.assert_array_equal(np.round(after - before, 2), np.float32([-0.20, -0.39, 0.20]))


def test_xor_net_learns(folder):
    run = Run(folder, "xor", 0.1)
    t = np.float32([[0], [1], [1], [0]])
    for _ in range(200):
        loss = run({"x": CORNERS}, t)["loss"]
        if loss < 1:
            break
    assert ((run.evaluate({"x": CORNERS}, t)["prediction"] > 0.5) == (t > 0.5)).all()


def test_softmax_regression_by_hand(folder):
    """The gradient of weights is x' (p - t) / n; rows of weight 0 do not count."""
    run = Run(folder, "softmax_regression", 0.5)
    rng = np.random.default_rng(3)
    x, t, weight = rng.uniform(size=(4, 28, 28)).astype(np.float32), np.array([3, 0, 9, 5]), np.float32([1, 1, 1, 0])
    before = run.values()
    w, b, flat = before["classes.weight"].astype(float), before["classes.bias"].astype(float), x.reshape(4, -1).astype(float)
    p = softmax(flat @ w + b)
    made = run({"image": x}, t, weight)
    error = (p - np.eye(10)[t]) * weight[:, None] / 3
    after = run.values()
    np.testing.assert_allclose(made["prediction"], p, rtol=1e-5)
    np.testing.assert_allclose(made["loss"], -np.log(p[range(3), t[:3]]).sum(), rtol=1e-5)
    np.testing.assert_allclose(after["classes.weight"] - w, -0.5 * flat.T @ error, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(after["classes.bias"] - b, -0.5 * error.sum(0), rtol=1e-4, atol=1e-6)


def test_accumulation(folder):
    """Two halves accumulated are one step on their mean; the first leaves parameters and state as they are."""
    run = Run(folder, "accumulated", 0.01)
    rng = np.random.default_rng(3)
    x, t = rng.uniform(size=(8, 28, 28)).astype(np.float32), rng.integers(0, 10, 8)
    w, b = (run.values()[f"classes.{name}"].astype(float) for name in ("weight", "bias"))
    flat = x.reshape(8, -1).astype(float)
    error = (softmax(flat @ w + b) - np.eye(10)[t]) / 8
    before = dict(run.state)
    run({"image": x[:4]}, t[:4], apply=False)
    for name in ("parameters", "optimizer.0", "optimizer.1"):
        np.testing.assert_array_equal(run.state[name], before[name])
    assert np.abs(run.state["gradients"]).max() > 0
    run({"image": x[4:]}, t[4:], apply=True)
    np.testing.assert_array_equal(run.state["gradients"], 0)
    gradient = np.concatenate([(flat.T @ error).ravel(), error.sum(0)])
    np.testing.assert_allclose(run.state["optimizer.0"], 0.1 * gradient, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(run.state["optimizer.1"], 0.001 * gradient ** 2, rtol=2e-3, atol=1e-12)


def data_of(name, rng):
    if name == "pictures":
        return {"image": rng.normal(size=(6, 2, 8, 8)).astype(np.float32)}, rng.integers(0, 3, 6)
    return {"tokens": rng.integers(0, 7, (3, 5))}, rng.integers(0, 7, (3, 5))


@pytest.mark.parametrize("name", ["pictures", "recurrent_lstm", "recurrent_gru", "attending"])
def test_gradient_is_the_losss(folder, name):
    """With SGD of rate 1 the step's change is the gradient: along it and two random directions the loss's difference must agree."""
    run, rng = Run(folder, name, 1), np.random.default_rng(4)
    data, target = data_of(name, rng)
    p = run.state["parameters"] + 0.05 * rng.normal(size=run.state["parameters"].shape).astype(np.float32)
    gradient = p.astype(float) - run(data, target, parameters=p)["parameters"]
    assert np.isfinite(gradient).all() and (gradient != 0).mean() > 0.5
    directions = [gradient, *rng.normal(size=(2, p.size))]
    for d in directions:
        d = d / np.linalg.norm(d)
        h = 0.01
        up, down = (float(run(data, target, parameters=(p + s * h * d).astype(np.float32))["loss"]) for s in (1, -1))
        assert (up - down) / (2 * h) / len(target) == pytest.approx(gradient @ d, rel=0.03, abs=2e-3)


def test_a_checkpoint_trains_as_its_model_did(folder):
    """Augmentation, dropout and batch norm come back out of a checkpoint's graph: the same draws, the same step; and each one matters."""
    rng = np.random.default_rng(3)
    image, target = rng.normal(size=(6, 2, 9, 8)).astype(np.float32), rng.integers(0, 3, 6)
    first, again = Run(folder, "augmented", 0.1), Run(folder, "augmented_again", 0.1)
    before = first.values()
    a, b = (run({"image": image}, target) for run in (first, again))
    np.testing.assert_allclose(b["prediction"], a["prediction"], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(b["statistics"], a["statistics"], rtol=1e-6, atol=1e-6)
    for name, value in again.values().items():
        assert np.abs(value - before[name]).max() > 0, name
        np.testing.assert_allclose(value, first.values()[name], rtol=1e-5, atol=1e-6, err_msg=name)
    text = first.steps.step.text, again.steps.step.text
    assert text[0].count("kiln.random") == text[1].count("kiln.random") == 1 + 2 + 2 + 1 + 1
    assert first.steps.evaluate.text.count("kiln.random") == again.steps.evaluate.text.count("kiln.random") == 0
    ours, theirs = (run.evaluate({"image": image}, target)["prediction"] for run in (first, again))
    np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-5)


def test_checkpoint_is_a_safetensors_file(folder):
    """PyPI's safetensors reads what the regions hold."""
    steps, tensors = Steps(folder, "pictures"), load_file(folder / "pictures.safetensors")
    parts = steps.parameters + steps.statistics
    assert sorted(tensors) == sorted(p["name"] for p in parts)
    for p in parts:
        assert list(tensors[p["name"]].shape) == p["shape"] and tensors[p["name"]].dtype == np.float32
    np.testing.assert_array_equal(tensors["batch_norm.running_var"], 1)
    assert 0.3 < np.std(tensors["conv2d.weight"]) * np.sqrt((18 + 36) / 2) < 3
