"""Every C and C++ file is as clang-format 19 writes it (scripts/format does that)."""

import re
import shutil
import subprocess

import pytest
import tree


def unformatted(*files):
    tool = shutil.which("clang-format-19")
    assert tool, "no clang-format-19: run scripts/setup"
    ran = subprocess.run([tool, "--dry-run", *files], cwd=tree.ROOT, capture_output=True, text=True)
    return sorted(set(re.findall(r"^(.+?):\d+:\d+: warning", ran.stderr, re.MULTILINE)))


def test_every_file_is_formatted():
    found = unformatted(*tree.files(*tree.CPP))
    if found:
        pytest.fail("run scripts/format: " + " ".join(found), pytrace=False)


def test_an_unformatted_file_is_seen(tmp_path):
    bad = tmp_path / "bad.cpp"
    bad.write_text("int  main( ){return 0 ;}\n")
    assert unformatted(str(bad)) == [str(bad)]
