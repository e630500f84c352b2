"""Gradients of whole nets, and ten steps of SGD and of Adam, against JAX in double precision on the same weights and batches.

The trainer is compiled with `momentum` of 0, whose state after one step is the gradient itself, and whose updates are SGD's.
"""
import json

import jax
import numpy as np
import pytest

import networks

jax.config.update("jax_enable_x64", True)

PICTURES, TEXT = ("image", (1, 28, 28)), ("tokens", (64,))
# Rate of SGD: steps that change the loss and stay away from chaos.
NETS = {"mlp": ("image", (28, 28), 8, 0.1), "lenet5": ("image", (1, 32, 32), 8, 0.1), "mnist_cnn": (*PICTURES, 8, 0.01),
        "resnet": (*PICTURES, 4, 0.01), "lstm": (*TEXT, 2, 0.5), "gpt": (*TEXT, 2, 0.1)}


def rows(net, batches):
    name, shape, batch, _ = NETS[net]
    rng, count = np.random.default_rng(7), batch * batches
    if name == "tokens":
        return {name: rng.integers(0, 256, (count, *shape)), "target": rng.integers(0, 256, (count, *shape))}
    return {name: rng.normal(size=(count, *shape)).astype(np.float32), "target": rng.integers(0, 10, count)}


def double(tensors):
    return {name: np.asarray(array, np.float64) for name, array in tensors.items()}


def flat(tensors, names):
    return np.concatenate([np.ravel(tensors[name]) for name in names])


def difference(found, want):
    return np.linalg.norm(found - want) / np.linalg.norm(want)


@pytest.mark.parametrize("net", NETS)
def test_gradient(trainer, net):
    data, batch = rows(net, 1), NETS[net][2]
    native = trainer(f"zoo:{net}", "--optimizer", "momentum", "--momentum", 0, "--batch", batch)
    left = native.train(data, "--rate", 0, "--epochs", 1, "--log", "log.jsonl")
    found = left.split(left.tensors["optimizer.0"])
    loss, gradient = networks.loss_of(getattr(networks, net))(double(left.parameters()), data[NETS[net][0]], data["target"])
    gradient = double(gradient)
    whole = np.linalg.norm(flat(gradient, left.names))
    assert whole > 1e-3
    assert difference(flat(found, left.names), flat(gradient, left.names)) <= 1e-4
    # A tensor of next to no gradient (a bias before a batch norm) is held to the whole's size.
    for name in left.names:
        size = max(np.linalg.norm(gradient[name]), 0.01 * whole)
        assert np.linalg.norm(found[name] - gradient[name]) <= 1e-4 * size, name
    assert json.loads((native.folder / "log.jsonl").read_text())["loss"] == pytest.approx(float(loss), rel=1e-5)


def stepped(net, p, data, kind, rate):
    """Ten steps in double precision."""
    gradient_of, size = networks.loss_of(getattr(networks, net)), NETS[net][2]
    u, v = ({name: np.zeros_like(a) for name, a in p.items()} for _ in range(2))
    for t in range(1, 11):
        part = slice((t - 1) * size, t * size)
        g = double(gradient_of(p, data[NETS[net][0]][part], data["target"][part])[1])
        for name in p:
            u[name] = 0.9 * u[name] + 0.1 * g[name]
            v[name] = 0.999 * v[name] + 0.001 * g[name] ** 2
            adam = u[name] / (1 - 0.9 ** t) / (np.sqrt(v[name] / (1 - 0.999 ** t)) + 1e-8)
            p = {**p, name: p[name] - rate * (adam if kind == "adam" else g[name])}
    return p


@pytest.mark.parametrize("kind", ["sgd", "adam"])
@pytest.mark.parametrize("net", NETS)
def test_ten_steps(trainer, net, kind):
    batch, rate = NETS[net][2], NETS[net][3] if kind == "sgd" else 0.001
    options = ["momentum", "--momentum", 0] if kind == "sgd" else ["adam"]
    native, data = trainer(f"zoo:{net}", "--optimizer", *options, "--batch", batch), rows(net, 10)
    first = native.train(data, "--rate", 0, "--epochs", 1).parameters()
    left = native.train(data, "--rate", rate, "--epochs", 1)
    assert left.state["step"] == 10
    want = stepped(net, double(first), data, kind, rate)
    # A bias that a batch norm takes away again has no gradient but rounding, which Adam makes steps of full size.
    names = [name for name in left.names if not (net == "mnist_cnn" and name in ("conv2d.bias", "conv2d_1.bias"))]
    found, want, first = (flat(tensors, names) for tensors in (left.parameters(), want, first))
    assert difference(first, want) > 1e-3, "the steps are too small to tell"
    assert difference(found, want) <= 1e-3
