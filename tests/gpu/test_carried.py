"""benchmarks/gpu: what is carried to a card is asked there with one command, here with the fake driver in the card's place."""
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from gpu import driver
from models import kiln

HERE = os.path.join(kiln.ROOT, "benchmarks/gpu")
CASES = ["map", "rows", "product_odd", "step_mlp_64", "gpt_small", "lenet5"]
PARTS = ["map", "rows", "product_odd", "step_mlp_64"]  # what the interpreter does in seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("carried") / "carried"
    result = kiln.execute([sys.executable, os.path.join(HERE, "build"), made, "--target", "host-cuda-sm_80", "--inner", *CASES[:3], "lenet5"])
    assert result.code == 0, result
    result = kiln.execute([sys.executable, os.path.join(HERE, "build"), made, "--target", "host-cuda-sm_80", *CASES[3:]])
    assert result.code == 0, result
    return made


@pytest.fixture(autouse=True)
def module_path(monkeypatch):
    monkeypatch.syspath_prepend(HERE)
    monkeypatch.syspath_prepend(os.path.join(kiln.ROOT, "tests/models"))
    monkeypatch.syspath_prepend(os.path.join(kiln.ROOT, "tests/gpu"))


def run(folder, *arguments, **more):
    environment = {**os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "100", **more}
    done = subprocess.run([sys.executable, folder / "run", *map(str, arguments)], capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout, done.stderr


def changed(folder, to, name, change):
    """A folder like it, with the case's carried answers changed."""
    shutil.copytree(folder, to)
    with np.load(folder / f"{name}.npz") as file:
        arrays = dict(file)
    change(arrays)
    np.savez(to / f"{name}.npz", **arrays)
    return to


def test_all_is_right(folder, tmp_path):
    code, out, err = run(folder, "--no-ratios", *PARTS, "lenet5.inner", "--json", tmp_path / "lines")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "12 right, 0 wrong"
    assert "shared memory: an array of the launch's size: right" in out and "step_mlp_64: right" in out
    lines = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert [line["case"] for line in lines][-5:] == [*PARTS, "lenet5.inner"] and lines[0]["name"] == "Fake card 0"
    assert all(line["difference"] < 1e-5 for line in lines[-5:])


def test_what_is_carried_is_small(folder):
    """A GPT's millions of weights, which stand in its program as they would anywhere."""
    with open(folder / "gpt_small.json", encoding="utf-8") as file:
        shapes = [shape for shape, _ in json.load(file)["weights"]]
    assert 4 * sum(map(np.prod, shapes)) > 14e6
    assert sum(os.path.getsize(folder / f"gpt_small.{kind}") for kind in ("json", "npz", "so.xz")) < 1.5e6


def test_a_wrong_answer_is_told(folder, tmp_path):
    """One that is carried is changed by a hundredth, at two places."""
    def change(arrays):
        arrays["out.y"][[3, 20], [7, 900]] += np.float32(0.01) * arrays["out.y"].max()
    code, out, _ = run(changed(folder, tmp_path / "changed", "rows", change), "--no-ratios", "rows", "map")
    assert code == 1 and "map: right" in out and out.splitlines()[-1] == "8 right, 1 wrong"
    told = re.search(r"rows: WRONG, (\S+); with host pointers: 'y': 2 of 37111 elements, from \[3, 7\] \((\S+), expected (\S+)\) to \[20, 900\]; "
                     r"0 are no numbers; step by step (\S+)$", out, re.M)
    assert told, out
    assert float(told[1]) == pytest.approx(0.01, 2e-2) and float(told[2]) < float(told[3]) and told[4] == told[1]


def test_a_wrong_gradient_is_told(folder, tmp_path):
    """By a little of the largest, which is less of the parameters themselves than would be told."""
    def change(arrays):
        assert 1e-3 * np.abs(arrays["out.parameters"]).max() > 1.6e-4
        arrays["out.parameters"][-1] += 1.6e-4
    code, out, _ = run(changed(folder, tmp_path / "changed", "step_mlp_64", change), "--no-ratios", "step_mlp_64")
    assert code == 1 and re.search(r"step_mlp_64: WRONG, .* 'parameters': 1 of 235146 elements, from \[235145\]", out), out


def test_the_first_inner_value_that_is_wrong_is_named(folder, tmp_path):
    names = []

    def change(arrays):
        names.extend(name[4:] for name in arrays if name.startswith("out."))
        for name in names[4:]:
            arrays[f"out.{name}"] *= np.float32(1.1)
    code, out, _ = run(changed(folder, tmp_path / "changed", "lenet5.inner", change), "--no-ratios", "lenet5.inner")
    assert code == 1 and f"with host pointers: '{names[4]}': " in out and len(names) == 13


def test_a_case_that_fails_costs_no_other(folder, tmp_path):
    """A program cut off, and a fault on the card, which ends that process's card."""
    shutil.copytree(folder, tmp_path / "cut")
    packed = (folder / "rows.so.xz").read_bytes()
    (tmp_path / "cut" / "rows.so.xz").write_bytes(packed[:len(packed) // 2])
    code, out, _ = run(tmp_path / "cut", "--no-ratios", "map", "rows", "product_odd")
    assert code == 1 and re.search("map: right.*\nrows: WRONG, EOFError: .*\nproduct_odd: right", out) and "9 right, 1 wrong" in out
    code, out, _ = run(folder, "--no-ratios", "map", "rows", KILN_FAKE_FAIL="cuLaunchKernel:2=719")
    assert code == 1 and len(re.findall("(?:map|rows): WRONG, RuntimeError: .*: step '.*': CUDA_ERROR_LAUNCH_FAILED", out)) == 2, out
    assert "shared memory: a named array: right" in out and "shared memory: vectors of 16 bytes: right" in out


def test_what_hangs_or_dies_is_replaced(tmp_path, monkeypatch):
    ask = importlib.import_module("ask")
    (tmp_path / "run").write_text("""
import json, os, sys, time
for name in sys.argv[3:]:
    if name == "hangs":
        time.sleep(1000)
    if name == "dies":
        print("so it dies", file=sys.stderr)
        os.abort()
    print("noise")
    print(json.dumps({"case": name, "pid": os.getpid()}), flush=True)
""")
    monkeypatch.setattr(ask, "HERE", str(tmp_path))
    start = time.monotonic()
    found = dict(ask.answers("check", ["a", "hangs", "b", "c", "dies", "d"], 3, time.monotonic() + 1000))
    assert time.monotonic() - start < 60
    assert found["hangs"] == {"error": "no answer in 3 s"} and found["dies"] == {"error": "so it dies"}
    assert found["b"]["pid"] == found["c"]["pid"] and len({found[name]["pid"] for name in "abd"}) == 3
    assert dict(ask.answers("check", ["a", "b"], 3, time.monotonic() - 1)) == {"a": None, "b": None}


def test_kernels_are_timed_by_events(folder):
    """A product's share of the peak, from the times and the peak that are printed beside it."""
    code, out, err = run(folder, "--no-ratios", "--kernels", "product_odd")
    assert (code, err) == (0, "")
    peak = float(re.search(r"at most (\S+) GFLOP/s", out)[1])
    total = sum(float(us) for us in re.findall(r"([\d.]+) us +[\d.]+ %", out))
    rate, share = map(float, re.search(r"(\S+) GFLOP/s, (\S+) % of", out).groups())
    assert rate == pytest.approx(2 * 129 * 131 * 67 / total * 1e-3, 1e-3)
    assert share == pytest.approx(100 * rate / peak, 1e-2) and 20 < share < 100  # the fake's clock counts instructions
    assert "product_odd: right" in out


def test_without_pytorch(folder):
    """It is not among what this suite installs; what else is asked is answered."""
    code, out, _ = run(folder, "lenet5", PYTHONPATH="")
    assert code == 0 and ("there is no PyTorch here: no times were taken" in out or "PyTorch has no card here" in out)


class Planted:
    """A card whose launches take what they are told to, in milliseconds."""

    def __init__(self, times):
        self.times, self.rounds = list(times), []

    def allocate(self, size):
        return 0

    def load(self, text):
        return text

    def fill(self, address, size):
        pass

    def launch(self, module, entry, grid, block, arguments, times):
        self.rounds.append((arguments[2].value, times))

    def elapsed(self, work):
        work()
        return self.times.pop(0)


def test_the_peak_is_what_long_launches_reach():
    peak = importlib.import_module("peak")
    card = Planted([0.5, 2, 8])
    assert peak.multiply_adds(card, blocks=3) == 2 * 16 * 3 * 256 * 1024 / 8e-3
    assert card.rounds == [(64, 1), (256, 1), (1024, 1)]
    card = Planted([0.25, 0.5, 2, 8])
    assert peak.reading(card, blocks=3, rounds=4) == 16 * 3 * 256 * 4 * 16 / 8e-3
    assert card.rounds == [(1, 1), (4, 1), (4, 4), (4, 16)]


def test_without_a_card(folder):
    code, out, err = run(folder, KILN_FAKE_CARDS="0")
    assert code == 1 and out == "" and err.startswith("no card: ")
