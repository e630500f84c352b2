"""clang-tidy 19 over the C and C++ files that changed: those of the commits that the main branch lacks, or of the last commit
where there are none, and what is not committed yet. KILN_TIDY=all takes every file (scripts/tidy), KILN_BASE another commit to
compare with. Needs build/compile_commands.json.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess

import pytest
import tree

BUILD = pathlib.Path(os.environ.get("KILN_BUILD", tree.ROOT / "build"))


def commit(name):
    found = subprocess.run(["git", "rev-parse", "--verify", "-q", name], cwd=tree.ROOT, capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else None


def base():
    """What to compare with: None means every file is new."""
    upstream, head = commit(os.environ.get("KILN_BASE", "origin/main")), commit("HEAD")
    if upstream and upstream != head:
        return tree.git("merge-base", upstream, "HEAD")[0]
    return commit("HEAD~1")


def compiled():
    """The files that the build compiles, relative to the root."""
    listed = BUILD / "compile_commands.json"
    files = [pathlib.Path(entry["file"]) for entry in json.loads(listed.read_text())] if listed.exists() else []
    return {str(file.relative_to(tree.ROOT)) for file in files if file.is_relative_to(tree.ROOT) and not file.is_relative_to(BUILD)}


def chosen():
    since = base()
    if os.environ.get("KILN_TIDY") == "all" or since is None:
        return sorted(compiled())
    changed = set(tree.git("diff", "--name-only", since)) | set(tree.git("ls-files", "--others", "--exclude-standard"))
    return sorted(compiled() & changed)


def tidy(file):
    """What clang-tidy finds in a file. gcc's precompiled headers and flags mean nothing to clang."""
    ran = subprocess.run(
        ["clang-tidy-19", "--quiet", "-p", str(BUILD), "--extra-arg=-Wno-error", "--extra-arg=-Wno-ignored-gch",
         "--extra-arg=-Wno-unknown-warning-option", file], cwd=tree.ROOT, capture_output=True, text=True)
    return "" if ran.returncode == 0 else ran.stdout.strip() or ran.stderr


def test_changed_files_are_tidy():
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [output for output in pool.map(tidy, chosen()) if output]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_a_fault_is_seen(tmp_path):
    bad = tmp_path / "bad.cpp"
    bad.write_text("int half(int x) { return sizeof(x) == sizeof(x) ? x : 0; }\n")
    ran = subprocess.run(["clang-tidy-19", "--quiet", f"--config-file={tree.ROOT}/.clang-tidy", str(bad), "--"],
                         capture_output=True, text=True)
    assert ran.returncode != 0 and "misc-redundant-expression" in ran.stdout
