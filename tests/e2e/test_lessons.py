"""The commands on the examples' pages, done as they stand there: all of a page's indented lines, one after another, in a copy of its folder."""
import os
import re
import shutil

import pytest

from models import kiln

#: What is made shorter, and a pattern of what a line of the output has to be.
LESSONS = {
    "first-steps": ({}, [r"binary-accuracy 1 .*\ncheckpoint: and", r"binary-accuracy 1 .*\ncheckpoint: or", r'"binary-accuracy": 1\.0']),
    "fashion-mlp": ({"--metrics": "--rows 640 --epochs 1 --metrics"}, [r"accuracy 0\.\d+  top-2 0\.\d+", r'"accuracy": 0\.\d+', "median"]),
    "overfitting": ({"--epochs 80": "--epochs 20"}, ["validation-accuracy 0.[78]", "stopped: no better epoch since epoch"]),
    "feature-maps": ({"--epochs 2": "--epochs 1 --rows 640"}, ["sheet.png: picture 0: [a-z]+, "]),
    "characters": ({"gen1:1-rev22:21": "gen1:1-gen9:29", "--epochs [34]": "--epochs 1"}, ["validation-perplexity", "In the beginning."]),
}


def commands(page):
    with open(page) as file:
        return [line[4:] for line in file.read().splitlines() if line.startswith("    ")]


@pytest.fixture
def checkout(tmp_path):
    """A folder with what the pages name: the built kiln, the runtime's headers, the wheels, and a copy of the examples."""
    for name, target in {"build": kiln.BUILD, "runtime": f"{kiln.ROOT}/runtime", ".venv": f"{kiln.ROOT}/.venv"}.items():
        os.symlink(target, tmp_path / name)
    (tmp_path / "cache").mkdir()
    os.symlink(kiln.CACHE, tmp_path / "cache" / "kiln")
    shutil.copytree(os.path.join(kiln.ROOT, "examples"), tmp_path / "examples")
    return tmp_path


@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson(lesson, checkout):
    shorter, expected = LESSONS[lesson]
    folder = checkout / "examples" / lesson
    script = "\n".join(commands(folder / "README.md"))
    for pattern, other in shorter.items():
        assert re.search(pattern, script), pattern
        script = re.sub(pattern, other, script)
    settings = {"XDG_CACHE_HOME": str(checkout / "cache"), "KILN_NUM_THREADS": "1"}
    done = kiln.execute(["bash", "-euxo", "pipefail", "-c", script], cwd=folder, env={**os.environ, **settings})
    assert done.code == 0, done
    for pattern in expected:
        assert re.search(pattern, done.out), f"no '{pattern}' in {done}"
    for line in re.findall(r"checkpoint: (.*)", done.out):
        assert os.path.getsize(folder / line) > 0
