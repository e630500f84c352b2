"""Artefacts with a program for the processor and one for a card: which of them runs, what is said, and that both say the same."""
import os
import re
import threading

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gpu import driver
from models import kiln, native

CARD, BOTH = "host-cuda-sm_80", "host,host-cuda-sm_80"
HERE = os.path.dirname(os.path.abspath(__file__))
IMAGE = np.random.default_rng(3).random((3, 2, 28, 28), np.float32)  # three slices: three runs of one context
NO_DRIVER = {"KILN_CUDA_DRIVER": "/nonexistent/libcuda.so"}


def environment(**more):
    return {**os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80", **more}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """PTX alone (what KILN_PTXAS="" leaves), for the interpreter runs nothing else."""
    folder = tmp_path_factory.mktemp("programs")
    for name, target in (("cpu", None), ("card", CARD), ("both", BOTH)):
        emit = "exe,lib,shared,obj,header" if name == "both" else "exe"
        kiln.compile("zoo:mlp", folder / name, emit, {"batch": 2}, target, extra=["--prefix", "m"], env={**os.environ, "KILN_PTXAS": ""})
    return folder


def run(program, folder, env):
    arguments, made = kiln.files(folder, {"image": IMAGE}, ["probabilities"])
    result = kiln.execute([program, *arguments], env=env)
    return result, np.load(made["probabilities"]) if result.code == 0 else None


def answers(program, folder, env=None):
    result, found = run(program, folder, env or environment())
    assert result.code == 0, result
    return result.err, found


def test_with_a_card_it_runs_there(programs, tmp_path):
    _, expected = answers(programs / "cpu", tmp_path)
    _, on_card = answers(programs / "card", tmp_path)
    said, found = answers(programs / "both", tmp_path)
    assert said == ""
    np.testing.assert_array_equal(found, on_card)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found != expected).any(), "the card adds in another order: the same bits would be the CPU's"


REFUSALS = {
    "no driver": (NO_DRIVER, "no CUDA driver: /nonexistent/libcuda.so"),
    "no card": ({"KILN_FAKE_CARDS": "0"}, "the CUDA driver finds no card"),
    "low capability": ({"KILN_FAKE_CAPABILITY": "75"}, r"has capability 7.5: kernel 'k_\w+' was compiled for 8.0"),
    "new PTX": ({"KILN_FAKE_VERSION": "10020"}, r"kernel 'k_\w+' is PTX 7.0: the driver \(CUDA 10.2\) is too old for it"),
    "no memory": ({"KILN_FAKE_MEMORY": "1000"}, r"has no memory for \d+ bytes: CUDA_ERROR_OUT_OF_MEMORY"),
}


@pytest.mark.parametrize("why", REFUSALS)
def test_where_no_card_will_do(why, programs, tmp_path):
    """Both programs: the CPU's runs, to the bit, and one sentence says so. The card's alone: the sentence, and nothing runs."""
    settings, sentence = REFUSALS[why]
    said, found = answers(programs / "both", tmp_path, environment(**settings))
    assert len(said.splitlines()) == 1
    assert re.match(rf"mlp: runs on the CPU: .*{sentence}", said), said
    np.testing.assert_array_equal(found, answers(programs / "cpu", tmp_path)[1])
    alone, _ = run(programs / "card", tmp_path, environment(**settings))
    assert alone.code == 1 and len(alone.err.splitlines()) == 1
    assert re.match(rf"mlp: .*{sentence}", alone.err) and "runs on the CPU" not in alone.err, alone.err


def test_who_asks_for_a_card_gets_no_other(programs, tmp_path):
    result, _ = run(programs / "both", tmp_path, environment(**NO_DRIVER, KILN_DEVICE="cuda"))
    assert result.code == 1 and re.match("mlp: no CUDA driver", result.err)
    said, found = answers(programs / "both", tmp_path, environment(KILN_DEVICE="cpu"))
    assert said == ""
    np.testing.assert_array_equal(found, answers(programs / "cpu", tmp_path)[1])


@pytest.mark.parametrize("call, error", [("cuGraphLaunch", "700"), ("cuStreamSynchronize", "719"), ("cuMemcpyHtoDAsync_v2", "1")])
def test_a_run_that_fails_is_no_reason_to_run_elsewhere(call, error, programs, tmp_path):
    which = 2 if call != "cuGraphLaunch" else 1  # creation waits and copies once
    result, _ = run(programs / "both", tmp_path, environment(KILN_FAKE_FAIL=f"{call}:{which}={error}"))
    assert result.code == 1 and len(result.err.splitlines()) == 1
    assert re.match(r"mlp: card 0 \(Fake card 0\): .*CUDA", result.err), result.err


@pytest.fixture(scope="module", params=["a", "so", "o"])
def host(request, programs):
    program = programs / f"host-{request.param}"
    result = kiln.execute(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", programs, os.path.join(HERE, "host.c"),
                           programs / f"both.{request.param}", "-Wl,-rpath," + str(programs), "-pthread", "-o", program])
    assert result.code == 0, result
    return program


def test_a_host_in_c(host):
    """Its header is all that it includes; the workspace has the size that the header tells, wherever it runs."""
    on_card, on_cpu = kiln.execute([host], env=environment()), kiln.execute([host], env=environment(**NO_DRIVER))
    assert on_card.code == 0 and on_cpu.code == 0, (on_card, on_cpu)
    number = re.search(r"^on the CPU: (\d+\.\d+)", on_cpu.out, re.M)
    found = re.fullmatch(r"on Fake card 0: (\S+)\ndevice pointers: (\S+)\ntold 0 times, \d+ bytes of weights\n", on_card.out)
    assert found and found[1] == found[2]
    np.testing.assert_allclose(float(found[1]), float(number[1]), rtol=1e-5)
    assert on_cpu.out.startswith("told 8: mlp: runs on the CPU: no CUDA driver")
    assert "told 1 times" in on_cpu.out


def test_one_set_of_symbols(programs):
    found = kiln.execute(["nm", "--defined-only", "--extern-only", programs / "both.o"]).out
    verbs = ["create", "destroy", "device", "info", "message", "run", "run_device", "weights"]
    assert sorted(line.split()[-1] for line in found.splitlines()) == [f"m_{verb}" for verb in verbs]


def test_inspect_tells_of_both(programs):
    text = kiln.kiln("inspect", programs / "both").out
    assert re.search(r"for (\S+),\1-cuda-sm_80;", text)
    on_card, elsewhere = text.split("where there is a usable card:")[1].split("elsewhere:")
    assert re.search(r"^k_\w+ +card +gpu_", on_card, re.M) and "processor" not in on_card
    assert re.search(r"^k_\w+ +processor +(tile|map|row)", elsewhere, re.M) and "gpu_" not in elsewhere
    for part in ("arena on the card, at run time", "arena, at run time"):
        assert re.search(rf"^{part} +[\d,]+$", elsewhere, re.M)


def test_kiln_run(tmp_path):
    feeds = {"image": IMAGE}
    cpu = kiln.infer("zoo:mlp", feeds, ["probabilities"], {"batch": 2})
    for settings in ({}, NO_DRIVER):
        env = environment(KILN_PTXAS="", **settings)
        found = kiln.infer("zoo:mlp", feeds, ["probabilities"], {"batch": 2}, BOTH, env=env)
        np.testing.assert_allclose(found["probabilities"], cpu["probabilities"], atol=1e-5)
    arguments, _ = kiln.files(tmp_path, feeds, ["probabilities"])
    result = kiln.kiln("run", "zoo:mlp", *arguments, *kiln.settings({"batch": 2}, BOTH), env=environment(KILN_PTXAS="", **NO_DRIVER))
    assert result.err.count("runs on the CPU: no CUDA driver") == 1


def table_model(path):
    """y = table[i] + product: the table is stored alike for both, the matrix as each reads it."""
    random = np.random.default_rng(1)
    table, matrix = random.standard_normal((500, 64), np.float32), random.standard_normal((64, 96), np.float32)
    nodes = [helper.make_node("Gather", ["table", "i"], ["rows"]), helper.make_node("MatMul", ["rows", "matrix"], ["y"])]
    graph = helper.make_graph(nodes, "tables", [helper.make_tensor_value_info("i", TensorProto.INT64, [7])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [7, 96])],
                              [numpy_helper.from_array(table, "table"), numpy_helper.from_array(matrix, "matrix")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return table, matrix


@pytest.mark.parametrize("weights", ["embed", "file"])
def test_weights_that_both_have_stand_once(weights, tmp_path, monkeypatch):
    table, matrix = table_model(tmp_path / "tables.onnx")
    index = np.array([0, 499, 3, -500, 77, 3, 8])
    expected = table[index] @ matrix
    sizes, blobs = {}, [matrix.nbytes, table.nbytes]
    for name, target in (("cpu", None), ("both", BOTH)):
        kiln.compile(tmp_path / "tables.onnx", tmp_path / name, "shared", None, target, env={**os.environ, "KILN_PTXAS": ""},
                     extra=["--prefix", "m", f"--weights={weights}"])
        library = native.Library(tmp_path / f"{name}.so", "m")
        sizes[name] = library.info().contents.weights_size
        for settings in ({"KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80"}, NO_DRIVER):
            for key, value in settings.items():
                monkeypatch.setenv(key, value)
            with driver.Card():  # begins anew
                pass
            runner = native.Runner(library, {"i": index}, 1)
            assert bool(name == "both" and library.device(runner.context)) == (name == "both" and settings is not NO_DRIVER)
            np.testing.assert_allclose(runner.results()["y"], expected, 1e-5, 1e-5)
            if name == "both" and settings is not NO_DRIVER:  # the card is given what its program reads, and no more
                memory = library.device(runner.context).contents.memory
                assert sum(blobs) < memory < sum(blobs) + (32 << 10)
            runner.close()
    assert sizes["both"] in (sizes["cpu"], sizes["cpu"] + matrix.nbytes), "the table once, the matrix as often as it is stored differently"


@pytest.mark.parametrize("target, why", [
    ("host,host", "is named twice"),
    ("host-cuda-sm_80,host-cuda-sm_80", "is named twice"),
    ("host,", "unknown target ''"),
    ("host,host-cuda-sm_75", "unknown target 'host-cuda-sm_75'"),
    ("x86-64-v3,aarch64-cuda-sm_80", "expected one processor, with cards or without, found x86-64-v3 and aarch64"),
])
def test_targets_that_are_none(target, why, tmp_path):
    result = kiln.compile("zoo:mlp", tmp_path / "never", target=target, check=False)
    assert result.code > 0 and why in result.err and len(result.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target", [CARD, BOTH])
def test_a_static_executable_opens_no_driver(target, tmp_path):
    result = kiln.compile("zoo:mlp", tmp_path / "never", target=target, extra=["--static"], check=False)
    assert result.code > 0 and "without --static" in result.err and len(result.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_code_for_two_cards(tmp_path):
    """A card of either is offered its cubin first (the fake driver refuses, and takes PTX); a later one PTX at once."""
    kiln.compile("zoo:mlp", tmp_path / "two", "exe", {"batch": 2}, "host,host-cuda-sm_90,host-cuda-sm_80")
    text = kiln.kiln("inspect", tmp_path / "two").out
    assert re.search(r"^k_\w+ +sm_80: \d+ registers, sm_90: \d+ registers +gpu_", text, re.M), text
    for capability in ("80", "90", "100"):
        log = tmp_path / capability
        said, _ = answers(tmp_path / "two", tmp_path, environment(KILN_FAKE_CAPABILITY=capability, KILN_FAKE_LOG=str(log)))
        assert said == ""
        assert ("this driver runs no cubin" in log.read_text()) == (capability != "100")


def test_several_contexts_on_one_card(programs, monkeypatch):
    """Four threads, a context each, on inputs of their own: each finds what it finds alone, and nothing is made once the contexts are."""
    for key, value in environment().items():
        monkeypatch.setenv(key, value)
    with driver.Card() as card:  # begins anew
        pass
    library = native.Library(programs / "both.so", "m")
    feeds = [{"image": np.random.default_rng(i).random((2, 28, 28), np.float32)} for i in range(4)]
    runners = [native.Runner(library, feed, 1) for feed in feeds]  # which has run each once
    expected = [runner.results()["probabilities"] for runner in runners]
    assert len({array.tobytes() for array in expected}) == 4
    streams = {library.device(runner.context).contents.stream for runner in runners}
    assert len(streams) == 4
    before, faults = len(card.library.kiln_fake_log()), []

    def work(runner, wanted):
        for _ in range(3):
            runner.keep["probabilities"][...] = 0
            runner.check(runner.call())
            if not np.array_equal(runner.results()["probabilities"], wanted):
                faults.append(runner)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(runners, expected)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ran = card.library.kiln_fake_log().decode()[before:]
    assert not faults and ran.count("cuGraphLaunch") >= 12
    for made in ("cuMemAlloc", "cuModuleLoad", "cuStreamCreate", "cuEventCreate", "cuGraphAdd", "cuGraphInstantiate", "cuGraphExecKernelNodeSet"):
        assert made not in ran
    for runner in runners:
        runner.close()
    assert card.library.kiln_fake_live() == 0


def test_each_half_is_what_it_is_alone(tmp_path):
    """A training step's update is written over the state by the gradient's kernels on the processor, in schedules of their own."""
    kiln.kiln("train", "zoo:mlp", "--optimizer", "sgd", "--emit=mlir", "-o", tmp_path / "step", "--cache-dir", kiln.CACHE)

    def dumped(target):
        return kiln.compile(tmp_path / "step.mlir", tmp_path / "step", "obj", target=target, extra=["--dump=merged,scheduled"]).out
    halves = re.split(r"^// for (\S+)\n", dumped(BOTH), flags=re.M)
    assert len(halves) == 9, "two stages of two halves"
    alone = dumped("host")
    assert "kiln.once" in alone
    assert (halves[2] + halves[4]).split() == alone.split()
