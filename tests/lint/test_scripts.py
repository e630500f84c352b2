"""The scripts' own promises: what the tally counts, and the one line that set-up says when it cannot install."""

import os
import subprocess
import sys

import pytest
import tree

PASSED = '<testsuite><testcase classname="a" name="good"/></testsuite>'
FAILED = '<testsuite><testcase name="good"/><testcase name="bad"><failure message="1 is not 2">details</failure></testcase></testsuite>'
SKIPPED = '<testsuites><testsuite><testcase name="good"/><testcase name="off"><skipped/></testcase></testsuite></testsuites>'
CTEST = '<testsuite><testcase name="good" status="run"/><testcase name="bad" status="fail"><failure message=""/></testcase></testsuite>'


@pytest.mark.parametrize("report, code, last, exit_code", [
    (PASSED, 0, "1 passed, 0 failed, 0 skipped", 0),
    (FAILED, 1, "1 passed, 1 failed, 0 skipped", 1),
    (SKIPPED, 0, "1 passed, 0 failed, 1 skipped", 0),
    (CTEST, 8, "1 passed, 1 failed, 0 skipped", 1),
    (PASSED, 139, "1 passed, 1 failed, 0 skipped", 1),  # all green, then a crash
    ("<testsuite/>", 0, "0 passed, 1 failed, 0 skipped", 1),  # ran nothing
    (None, 2, "0 passed, 1 failed, 0 skipped", 1),  # left no report
    ("<testsuite><testca", 0, "0 passed, 1 failed, 0 skipped", 1),
])
def test_tally(tmp_path, report, code, last, exit_code):
    (tmp_path / "suites").write_text(f"one {code}\n")
    (tmp_path / "one.log").write_text("the log\n")
    if report is not None:
        (tmp_path / "one.xml").write_text(report)
    ran = subprocess.run([sys.executable, tree.ROOT / "scripts/tally.py", tmp_path], capture_output=True, text=True)
    assert (ran.stdout.splitlines()[-1], ran.returncode) == (last, exit_code)


def test_tally_of_nothing_fails(tmp_path):
    ran = subprocess.run([sys.executable, tree.ROOT / "scripts/tally.py", tmp_path], capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("0 passed, 0 failed, 0 skipped\n", 1)


def set_up(tmp_path, **programs):
    """Runs a copy of scripts/setup with some programs replaced by these shell lines."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("setup", "packages.txt", "requirements.txt"):
        (tmp_path / "scripts" / name).write_text((tree.ROOT / "scripts" / name).read_text())
    for name, line in programs.items():
        program = tmp_path / "bin" / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    return subprocess.run(["bash", tmp_path / "scripts/setup"], capture_output=True, text=True,
                          env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})


def test_set_up_without_root_says_what_to_install(tmp_path):
    ran = set_up(tmp_path, id="echo 1000", dpkg_query="echo installed=g++")
    assert ran.returncode == 1 and ran.stdout == ""
    assert ran.stderr.startswith("kiln setup: not root; as root run: apt-get install -y --no-install-recommends ccache ")
    assert ran.stderr.count("\n") == 1 and " g++ " not in ran.stderr


def test_set_up_without_registry_says_what_to_install(tmp_path):
    ran = set_up(tmp_path, id="echo 0", dpkg_query="echo installed=g++", apt_get="echo unreachable; exit 100")
    assert ran.returncode == 1 and ran.stderr.count("\n") == 1
    assert ran.stderr.startswith("kiln setup: apt-get failed (see build/setup.log); needed: apt-get install -y")
    assert (tmp_path / "build/setup.log").read_text() == "unreachable\n"
