"""Bank conflicts and memory sectors, as the interpreter counts them: on kernels of a line, whose numbers are known, and on what kiln makes."""
import json
import os

import numpy as np
import pytest

from gpu import assembled, driver
from models import kiln, native

LINE = """.version 7.0
.target sm_80
.address_size 64
.extern .shared .align 16 .b8 block[];
.visible .entry k(.param .u64 p)
{{
	.reg .b64 %rd<9>;
	.reg .b32 %r<9>;
	.reg .f32 %f<9>;
	mov.u32 %r1, %tid.x;
	mov.f32 %f1, 0f00000000;
	mov.f32 %f2, 0f00000000;
	mov.f32 %f3, 0f00000000;
	mov.f32 %f4, 0f00000000;
	mul.wide.u32 %rd1, %r1, {bytes};
	ld.param.u64 %rd2, [p];
	cvta.to.global.u64 %rd3, %rd2;
	add.s64 %rd4, %rd3, %rd1;
	mov.u64 %rd5, block;
	add.s64 %rd6, %rd5, %rd1;
	{access};
	ret;
}}
"""
VECTORS = {"f32": "%f1", "v2.f32": "{%f1, %f2}", "v4.f32": "{%f1, %f2, %f3, %f4}"}


@pytest.fixture
def counting(monkeypatch):
    monkeypatch.setenv("KILN_FAKE_CAPABILITY", "80")
    monkeypatch.setenv("KILN_FAKE_STATISTICS", "1")
    with driver.Card() as card:
        yield card


def counts(card):
    return json.loads(card.library.kiln_fake_statistics())["kernels"]


def run(card, access, step):
    """What `access` costs where thread i of two warps is at byte i * step."""
    card.launch(card.load(LINE.format(access=access, bytes=step)), "k", (1, 1, 1), (64, 1, 1), [card.put(np.zeros(64 * 64, np.float32))], 16384)
    (name, numbers), = counts(card)["k"].items()
    assert name == access.split()[0]
    return numbers


# kind, bytes from thread to thread -> sectors of a warp, and what they would be if threads were neighbours
SECTORS = [("f32", 4, 4, 4), ("f32", 0, 1, 1), ("f32", 8, 8, 4), ("f32", 32, 32, 4), ("f32", 128, 32, 4), ("v2.f32", 8, 8, 8),
           ("v4.f32", 16, 16, 16), ("v4.f32", 32, 32, 16)]


@pytest.mark.parametrize("kind, step, cost, ideal", SECTORS)
def test_sectors(counting, kind, step, cost, ideal):
    assert run(counting, f"ld.global.{kind} {VECTORS[kind]}, [%rd4]", step) == [2, 2 * cost, 2 * ideal]


# kind, bytes from thread to thread -> wavefronts of a warp, and what they would be without conflicts
BANKS = [("f32", 4, 1, 1), ("f32", 0, 1, 1), ("f32", 8, 2, 1), ("f32", 12, 1, 1), ("f32", 128, 32, 1), ("f32", 132, 1, 1),
         ("v2.f32", 8, 2, 2), ("v2.f32", 16, 4, 2), ("v4.f32", 16, 4, 4), ("v4.f32", 32, 8, 4), ("v4.f32", 128, 32, 4)]


@pytest.mark.parametrize("kind, step, cost, ideal", BANKS)
def test_bank_conflicts(counting, kind, step, cost, ideal):
    assert run(counting, f"st.shared.{kind} [%rd6], {VECTORS[kind]}", step) == [2, 2 * cost, 2 * ideal]


def test_the_constant_cache_holds_nothing_that_is_overwritten(counting):
    """Not even where each thread writes what it alone has read."""
    for load, trapped in (("ld.global.f32", False), ("ld.global.nc.f32", True)):
        module = counting.load(LINE.format(access=f"{load} %f1, [%rd4]; st.global.f32 [%rd4], %f2", bytes=4))
        place = counting.put(np.ones(64, np.float32))
        if trapped:
            with pytest.raises(driver.DriverError, match=r"race: write over what this launch reads through the constant cache \(.nc\)"):
                counting.launch(module, "k", (1, 1, 1), (64, 1, 1), [place])
        else:
            counting.launch(module, "k", (1, 1, 1), (64, 1, 1), [place])
            assert (counting.get(place, 64, np.float32) == 0).all()


@pytest.fixture
def interpreted(monkeypatch, tmp_path):
    """Runs a graph once in the interpreter, counting: its outputs; kernel -> schedule; kernel -> opcode -> numbers."""
    monkeypatch.setenv("KILN_CUDA_DRIVER", driver.FAKE)
    monkeypatch.setenv("KILN_FAKE_CAPABILITY", "100")
    monkeypatch.setenv("KILN_FAKE_STATISTICS", "1")
    monkeypatch.setenv("KILN_PTXAS", "")
    with driver.Card() as card:
        pass

    def run_graph(path, **given):
        kiln.compile(path, tmp_path / "model", "shared", None, "host-cuda-sm_80", extra=["--prefix", "m"])
        schedules = {kernel["name"]: kernel["schedule"] for kernel in assembled.provenance(tmp_path / "model.so") if "shared" in kernel}
        library = native.Library(f"{tmp_path}/model.so", "m")
        info, random, feeds = library.info().contents, np.random.default_rng(1), {}
        for tensor in (info.inputs[i] for i in range(info.input_count)):
            name, shape = tensor.name.decode(), tuple(tensor.shape[:tensor.rank])
            feeds[name] = given.get(name, 0.05 * random.standard_normal(shape))
        runner = native.Runner(library, feeds, 1)
        results = runner.results()
        runner.close()
        return feeds, results, schedules, counts(card)
    return run_graph


def ratios(numbers, space):
    return {name: cost / ideal for name, (_, cost, ideal) in numbers.items() if space in name}


def test_a_product_has_no_conflicts(interpreted, tmp_path):
    """The staged factors are read by all threads, vector beside vector. The one that is turned while it is staged is padded by four: two threads
    of a warp's store meet in a bank, where eight would."""
    (tmp_path / "graph.mlir").write_text("""func.func @main(%a: tensor<256x64xf32> {kiln.name = "a"}, %b: tensor<64x256xf32> {kiln.name = "b"})
    -> (tensor<256x256xf32> {kiln.name = "y"}) {
  %0 = kiln.contract %a, %b {labels = "mk,kn->mn"} : (tensor<256x64xf32>, tensor<64x256xf32>) -> tensor<256x256xf32>
  return %0 : tensor<256x256xf32>
}
""")
    feeds, results, schedules, found = interpreted(tmp_path / "graph.mlir")
    np.testing.assert_allclose(results["y"], feeds["a"] @ feeds["b"], 1e-3, 1e-4)
    (name, numbers), = found.items()
    assert schedules[name].startswith("gpu_tile"), schedules
    shared = ratios(numbers, "shared")
    assert any(opcode.startswith("ld.shared.v4") for opcode in shared)
    assert all(ratio == 1 for opcode, ratio in shared.items() if opcode.startswith("ld")), shared
    assert all(ratio <= 2 for ratio in shared.values()), shared
    assert all(ratio == 1 for ratio in ratios(numbers, "global").values()), numbers


def test_tiles_of_a_training_step_have_no_conflicts(interpreted, tmp_path):
    """All accesses of LeNet-5's step go into a table, build/results/gpu-accesses.txt: of each kernel and opcode how often a warp accesses, how many
    wavefronts or sectors that takes, and how many times what neighbours would take."""
    rows = 4
    kiln.kiln("train", "zoo:lenet5", "--batch", str(rows), "--optimizer", "sgd", "--emit=mlir", "-o", tmp_path / "step", *kiln.settings())
    _, _, schedules, found = interpreted(tmp_path / "step.mlir", rate=0.01, step=1, seed=0, weight=1, target=np.arange(rows))
    assert set(found) == set(schedules)
    lines = []
    for name, numbers in sorted(found.items()):
        lines.append(f"{name} {schedules[name]}")
        for opcode, (accesses, cost, ideal) in sorted(numbers.items()):
            lines.append(f"  {opcode:24} {accesses:8} x {cost / accesses:6.2f}, {cost / ideal:5.2f} of the ideal")
    os.makedirs(os.path.join(kiln.BUILD, "results"), exist_ok=True)
    with open(os.path.join(kiln.BUILD, "results", "gpu-accesses.txt"), "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))
    tiles = [name for name in found if schedules[name].startswith("gpu_tile")]
    assert tiles
    for name in tiles:
        loads = [numbers for opcode, numbers in found[name].items() if opcode.startswith("ld.shared")]
        assert sum(cost for _, cost, _ in loads) <= 1.05 * sum(ideal for *_, ideal in loads), (name, found[name])
        assert all(ratio <= 2 for ratio in ratios(found[name], "shared").values()), (name, found[name])
