"""The subcommands of kiln as a user meets them."""
import json
import os
import re
import sys

import numpy as np
import onnx
import pytest

from models import kiln, reference
from refusal import assert_refused

SUBCOMMANDS = ("compile", "run", "inspect", "bench", "compare", "cache")
CNN = os.path.join(kiln.DATA, "cnn_bn.legacy17.onnx")


def test_version():
    assert re.fullmatch(r"kiln \d+\.\d+\.\d+.*\n(.*\n)*", kiln.kiln("--version").out)


def test_help_names_every_subcommand():
    out = kiln.kiln("--help").out
    assert [name for name in SUBCOMMANDS if name not in out] == []


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_help_has_an_example(name):
    out = kiln.kiln(name, "--help").out
    assert f"kiln {name} " in out and "xample" in out


@pytest.mark.parametrize("arguments", [["frobnicate"], ["compile"], ["compile", "--frobnicate"], ["compile", kiln.LENET, "-j", "none"], []])
def test_bad_arguments(arguments, tmp_path):
    assert_refused(kiln.kiln(*arguments, check=False, cwd=tmp_path), folder=tmp_path)


def test_inspect_model():
    out = kiln.kiln("inspect", kiln.LENET).out
    assert "image" in out and "probabilities" in out
    for word in ("1x1x32x32", "Conv", "61,706"):  # LeNet-5 has 61,706 parameters
        assert word.replace(",", "") in out.replace(",", "").replace(" ", "") or word in out, word


def test_inspect_lists_what_is_unsupported():
    result = kiln.kiln("inspect", os.path.join(kiln.DATA, "lstm_text.legacy17.onnx"), check=False)
    assert "LSTM" in result.out + result.err


def test_inspect_dot(tmp_path):
    out = kiln.kiln("inspect", kiln.LENET, "--dot").out
    assert out.lstrip().startswith("digraph") and out.count("->") >= 8
    kiln.kiln("inspect", kiln.LENET, "--dot", tmp_path / "net.dot")
    assert (tmp_path / "net.dot").read_text() == out


def test_inspect_counts():
    """By hand: conv1 makes 6 x 28 x 28 sums of 25 products and an added bias; pool1 adds the 4 elements of 6 x 14 x 14 windows and divides."""
    rows = {line.split()[0]: line.split() for line in kiln.kiln("inspect", kiln.LENET).out.splitlines() if line.startswith("/")}
    assert rows["/0/Conv"][1:] == ["Conv", "f32", "1x6x28x28", "156", f"{6 * 28 * 28 * (2 * 25 + 1):,}"]
    assert rows["/2/AveragePool"][-1] == f"{6 * 14 * 14 * 5:,}"
    assert rows["/9/Gemm"][-2:] == ["10,164", f"{84 * (2 * 120 + 1):,}"]


@pytest.mark.parametrize("kind", ["exe", "lib", "shared", "obj"])
def test_inspect_artefact(lenet, kind):
    out = kiln.kiln("inspect", f"{lenet}{kiln.SUFFIXES[kind]}").out
    assert "lenet5" in out and re.search(r"k_[0-9a-f]+", out)


def test_inspect_of_something_else(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing to see")
    assert_refused(kiln.kiln("inspect", tmp_path / "notes.txt", check=False), "notes.txt")
    assert_refused(kiln.kiln("inspect", "/bin/true", check=False), "true")


def test_bench():
    out = kiln.kiln("bench", kiln.LENET, *kiln.settings()).out
    assert re.search(r"min [\d.]+ us, median [\d.]+ us", out) and "GFLOP/s" in out and re.search(r"k_[0-9a-f]+", out)


def test_bench_json(tmp_path):
    result = kiln.kiln("bench", kiln.LENET, "--json", *kiln.settings())
    report = json.loads(result.out)
    assert 0 < report["min_us"] <= report["median_us"] and report["peak_gflops"] > 0 and report["peak_gbytes"] > 0
    assert abs(sum(kernel["share"] for kernel in report["kernels"]) - 1) < 1e-9
    products = sum(kernel["flops"] for kernel in report["kernels"])
    assert abs(products / 853_996 - 1) < 0.02  # as inspect counts; folding may move a bias or a scale


def test_compare():
    out = kiln.kiln("compare", kiln.LENET, *kiln.settings(), env={**os.environ, "KILN_PYTHON": sys.executable}).out
    assert "probabilities" in out


def test_dump_every_stage(tmp_path):
    for stage in ("graph", "layout", "fused", "scheduled", "planned", "llvm"):
        result = kiln.compile(kiln.LENET, tmp_path / "net", "obj", extra=[f"--dump={stage}"])
        assert ("define" if stage == "llvm" else "func") in result.out, stage
    assert_refused(kiln.compile(kiln.LENET, tmp_path / "net", "obj", extra=["--dump=soup"], check=False), "soup")


def test_timing(tmp_path):
    result = kiln.compile(kiln.LENET, tmp_path / "net", "obj", extra=["--timing"])
    assert re.search(r"\d ?m?s", result.out + result.err)


def test_progress_in_a_pipe_is_plain_lines(tmp_path):
    result = kiln.compile(CNN, tmp_path / "net", "exe", cache=tmp_path / "cache")
    assert "\r" not in result.out + result.err and "\x1b" not in result.out + result.err


def test_several_inputs_and_outputs(tmp_path):
    """Two inputs, two outputs, one of each type; the outputs asked for in another order."""
    from faulty import F32, I64, model
    nodes = [onnx.helper.make_node("Add", ["a", "b"], ["sum"]), onnx.helper.make_node("Cast", ["sum"], ["whole"], to=I64)]
    built = model(nodes, [("a", F32, [3]), ("b", F32, [3])], [("sum", F32, [3]), ("whole", I64, [3])])
    path = tmp_path / "two.onnx"
    path.write_bytes(built.SerializeToString())
    feeds = {"b": np.array([1.5, 2.5, -3.5], np.float32), "a": np.array([1, 2, 3], np.float32)}
    got = kiln.infer(path, feeds, ["whole", "sum"])
    expected = reference.run(built, feeds)
    assert all(np.array_equal(got[k], expected[k]) for k in expected)
    assert got["whole"].dtype == np.int64


def test_cache(tmp_path):
    """Counts what compiling leaves, clears that and nothing else, and says so."""
    folder, limit = tmp_path / "cache", {**os.environ, "KILN_CACHE_LIMIT": "5000000"}
    assert kiln.kiln("cache", "--cache-dir", folder, env=limit).out == f"{folder}: 0 kernels, 0.0 MB of at most 5.0 MB\n"
    kiln.compile(kiln.LENET, tmp_path / "net", "obj", cache=folder)
    kernels = list(folder.glob("*.kernel"))
    size = sum(file.stat().st_size for file in kernels) / 1e6
    assert kernels
    (folder / "mine").write_text("not kiln's")
    (folder / "writing-01234567").write_text("of a compile that was killed")
    held = f"{len(kernels)} kernels, {size:.1f} MB of at most 5.0 MB\n"
    assert kiln.kiln("cache", "--cache-dir", folder, env=limit).out == f"{folder}: {held}"
    assert kiln.kiln("cache", "--clear", "--cache-dir", folder, env=limit).out == f"{folder}: removed {held}"
    assert [file.name for file in folder.iterdir()] == ["mine"]


def test_cache_without_a_folder(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert_refused(kiln.kiln("cache", "--cache-dir", tmp_path / "file", check=False), "file")
