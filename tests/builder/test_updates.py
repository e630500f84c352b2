"""Every optimizer's update, compiled and run, against PyTorch's formulas in double precision, and by hand-computed numbers."""
import numpy as np
import pytest

from conftest import Cases, Graph

RATE, STEP, DECAYED = 0.05, 3, 9
NAMES = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"]


def drawn(name, shape, dtype):
    kind = name.split(".")[1]
    x = np.random.default_rng(list(name.encode())).normal(size=shape).astype(np.float32)
    return {"rate": np.float32(RATE), "step": np.float32(STEP), "s0": np.abs(x) / 10, "s1": np.abs(x) / 10}.get(kind, x)


@pytest.fixture(scope="module")
def cases(folder):
    return Cases(Graph(folder / "updates.mlir"), folder, drawn)


def update(name, p, g, s, decay, rate=RATE, step=STEP):
    """p and the states after the step; `decay` is one number for each element."""
    if name == "adamw":
        p = p * (1 - rate * decay)
    else:
        g = g + decay * p
    if name == "sgd":
        return p - rate * g, []
    if name in ("momentum", "nesterov"):
        v = 0.9 * s[0] + g
        return p - rate * (v if name == "momentum" else g + 0.9 * v), [v]
    if name == "adagrad":
        v = s[0] + g * g
        return p - rate * g / (np.sqrt(v) + 1e-10), [v]
    if name == "rmsprop":
        v = 0.99 * s[0] + 0.01 * g * g
        return p - rate * g / (np.sqrt(v) + 1e-8), [v]
    u, v = 0.9 * s[0] + 0.1 * g, 0.999 * s[1] + 0.001 * g * g
    return p - rate / (1 - 0.9 ** step) * u / (np.sqrt(v) / np.sqrt(1 - 0.999 ** step) + 1e-8), [u, v]


def check(cases, case, want):
    got = cases.outputs(case)
    np.testing.assert_allclose(got["p"], want[0], rtol=3e-6, atol=1e-6)
    assert len(got) == 1 + len(want[1])
    for i, state in enumerate(want[1]):
        np.testing.assert_allclose(got[f"s{i}"], state, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end, amounts", [("", 0.0), ("_decay", 0.3), ("_decay_matrices", np.where(np.arange(13) < DECAYED, 0.3, 0))])
def test_update(cases, name, end, amounts):
    c = cases.inputs(name + end)
    usual = 0.01 if name == "adamw" and not end else amounts
    check(cases, name + end, update(name, c["p"], c["g"], [c[k] for k in sorted(c) if k[0] == "s" and k != "step"], usual))


def test_clipping_by_norm(cases):
    c = cases.inputs("clip_norm")
    norm = np.sqrt((c["g"] ** 2).sum())
    assert norm > 0.5
    check(cases, "clip_norm", (c["p"] - RATE * c["g"] * 0.5 / (norm + 1e-6), []))


def test_clipping_by_value_and_l1(cases):
    c = cases.inputs("clip_value_l1")
    check(cases, "clip_value_l1", (c["p"] - RATE * (np.clip(c["g"], -0.25, 0.25) + 0.125 * np.sign(c["p"])), []))


def test_first_steps_by_hand(folder):
    """From zero states p = 1, g = 0.5, rate 0.1: Adam moves by the rate, Adagrad too, RMSprop by ten times, momentum by 0.05."""
    graph = Graph(folder / "updates.mlir")
    feeds = {name: np.zeros(shape, dtype) for name, (shape, dtype) in graph.inputs.items()}
    for name, (shape, dtype) in graph.inputs.items():
        value = {"p": 1, "g": 0.5, "rate": 0.1, "step": 1}.get(name.split(".")[1], 0)
        feeds[name] = np.full(shape, value, dtype)
    got = graph.run(folder, feeds)
    for name, want in {"sgd": 0.95, "momentum": 0.95, "nesterov": 0.905, "adagrad": 0.9, "rmsprop": 0, "adam": 0.9, "adamw": 0.899,
                       "sgd_decay": 0.92, "clip_norm": 1 - 0.05 / np.sqrt(13)}.items():
        np.testing.assert_allclose(got[f"{name}.p"], want, atol=3e-6, err_msg=name)
