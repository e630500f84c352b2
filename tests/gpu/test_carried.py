"""benchmarks/gpu: what is carried to a card is asked there with one command, here with the fake driver in the card's place."""
import importlib
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from gpu import driver
from models import kiln

CASES = ["map", "rows", "product_odd", "step_mlp_64"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("carried") / "carried"
    result = kiln.execute([sys.executable, os.path.join(kiln.ROOT, "benchmarks/gpu/build"), "--target", "host-cuda-sm_80", made, *CASES])
    assert result.code == 0, result
    return made


def run(folder, *arguments, **more):
    environment = {**os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "100", **more}
    done = subprocess.run([sys.executable, folder / "run", "--no-ratios", *arguments], capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout, done.stderr


def test_all_is_right(folder):
    code, out, err = run(folder)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "11 right, 0 wrong"
    assert "shared memory: an array of the launch's size: right" in out and "step_mlp_64: right" in out


def test_a_wrong_answer_is_told(folder, tmp_path):
    """One that is carried is changed by a hundredth."""
    shutil.copytree(folder, tmp_path / "changed")
    with np.load(folder / "rows.npz") as file:
        arrays = dict(file)
    arrays["out.y"] = arrays["out.y"] + np.float32(0.01) * arrays["out.y"].max()
    np.savez(tmp_path / "changed" / "rows.npz", **arrays)
    code, out, _ = run(tmp_path / "changed", "rows", "map")
    assert code == 1 and "rows: WRONG, " in out and "map: right" in out and out.splitlines()[-1] == "8 right, 1 wrong"


def test_kernels_are_timed_by_events(folder):
    """A product's share of the peak, from the times and the peak that are printed beside it."""
    code, out, err = run(folder, "--kernels", "product_odd")
    assert (code, err) == (0, "")
    peak = float(re.search(r"at most (\S+) GFLOP/s", out)[1])
    total = sum(float(us) for us in re.findall(r"([\d.]+) us +[\d.]+ %", out))
    rate, share = map(float, re.search(r"(\S+) GFLOP/s, (\S+) % of", out).groups())
    assert rate == pytest.approx(2 * 129 * 131 * 67 / total * 1e-3, 1e-3)
    assert share == pytest.approx(100 * rate / peak, 1e-2) and 20 < share < 100  # the fake's clock counts instructions
    assert "product_odd: right" in out


class Planted:
    """A card whose launches take what they are told to, in milliseconds."""

    def __init__(self, times):
        self.times, self.rounds = list(times), []

    def allocate(self, size):
        return 0

    def load(self, text):
        return text

    def clear(self, address, size):
        pass

    def launch(self, module, entry, grid, block, arguments):
        self.rounds.append(arguments[2].value)

    def elapsed(self, work):
        work()
        return self.times.pop(0)


def test_the_peak_is_what_a_long_launch_reaches(monkeypatch):
    monkeypatch.syspath_prepend(os.path.join(kiln.ROOT, "benchmarks/gpu"))
    peak = importlib.import_module("peak")
    card = Planted([0.5, 2, 8])
    assert peak.multiply_adds(card, blocks=3) == 2 * 16 * 3 * 256 * 1024 / 8e-3
    assert card.rounds == [64, 256, 1024]
    assert peak.reading(Planted([0.25, 0.5]), blocks=3, rounds=4) == 16 * 3 * 256 * 4 / 0.5e-3


def test_without_a_card(folder):
    code, out, err = run(folder, KILN_FAKE_CARDS="0")
    assert code == 1 and out == "" and err.startswith("no card: ")
