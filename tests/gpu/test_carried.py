"""benchmarks/gpu: what is carried to a card is asked there with one command, here with the fake driver in the card's place."""
import os
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


def test_without_a_card(folder):
    code, out, err = run(folder, KILN_FAKE_CARDS="0")
    assert code == 1 and out == "" and err.startswith("no card: ")
