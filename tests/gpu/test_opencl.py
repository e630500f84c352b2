"""The same schedules run for real: whole models as OpenCL C, in parallel, by PoCL's compiler (tests/fake_cuda/Source.h), against the CPU's.

What this alone proves: that loops over blocks and threads, barriers and shared memory mean what they should to another compiler, with
threads that do run at once, over whole models. What PTX says of them, and a barrier too few, is the interpreter's to judge.
"""
import os

import numpy as np
import pytest

from gpu import driver
from models import kiln

from .test_programs import ports

TARGET = "host-opencl"
MODELS = {"mlp": 3, "bn_cnn": 3}  # -> batch: sizes that divide no tile
STEPS = {"lenet5": 4, "gpt": 2}


def environment():
    return {**os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80",
            "POCL_CACHE_DIR": os.path.join(kiln.CACHE, "opencl")}


def run(source, folder, dims=None):
    """The outputs of the CPU's program, then of the card's, by name."""
    for name, target in (("cpu", None), ("card", TARGET)):
        kiln.compile(source, folder / name, "exe", dims, target)
    tensors, random = ports(folder / "cpu"), np.random.default_rng(1)
    feeds = {}
    for name, (dtype, shape) in tensors["Inputs"].items():
        if name.startswith("optimizer"):
            feeds[name] = np.zeros(shape, dtype)  # so that what it becomes is the gradient
        elif dtype == "float32":
            feeds[name] = (0.1 * random.standard_normal(shape)).astype(dtype)
        else:
            feeds[name] = random.integers(1, 3, shape).astype(dtype)
    names = list(tensors["Outputs"])
    return [kiln.infer(None, feeds, names, runner=folder / name, env=environment()) for name in ("cpu", "card")]


def check(expected, found):
    for name, value in expected.items():
        scale = np.abs(value).max()
        assert np.isfinite(scale) and scale > 0, name
        np.testing.assert_allclose(found[name], value, atol=1e-4 * scale, err_msg=name)


@pytest.mark.parametrize("model", MODELS)
def test_a_model(model, tmp_path):
    check(*run(f"zoo:{model}", tmp_path, {"batch": MODELS[model]}))


@pytest.mark.parametrize("model", STEPS)
def test_a_training_step(model, tmp_path):
    kiln.kiln("train", f"zoo:{model}", "--batch", str(STEPS[model]), "--emit=mlir", "-o", tmp_path / "step", *kiln.settings())
    check(*run(tmp_path / "step.mlir", tmp_path))


def test_it_is_a_check_and_no_product():
    result = kiln.compile("zoo:mlp", "never", "exe", target="nothing", check=False)
    assert result.code > 0 and "opencl" not in result.err
    result = kiln.compile("zoo:mlp", "never", "exe", target="host-cuda-sm_80-opencl", check=False)
    assert result.code > 0 and "unknown target 'host-cuda-sm_80" in result.err


# What the driver itself must see, on kernels of a line.

HEAD = "// {0} r {0} w\n/*OpenCL C*/\n__kernel void k(__global float *a, __global float *b, __local int16 *shared) {{ {1} }}\n"


def shifted(card, body, monkeypatch, count=32):
    monkeypatch.setenv("POCL_CACHE_DIR", os.path.join(kiln.CACHE, "opencl"))
    module = card.load(HEAD.format(4 * count, "int i = get_global_id(0); " + body))
    a, b = card.put(np.arange(count, dtype=np.float32)), card.put(np.zeros(count, np.float32))
    card.launch(module, "k", (count // 8, 1, 1), (8, 1, 1), [a, b])
    return card.get(b, count, np.float32)


def test_a_kernel_of_a_line(card, monkeypatch):
    np.testing.assert_array_equal(shifted(card, "b[i] = 2 * a[i];", monkeypatch), 2 * np.arange(32))


@pytest.mark.parametrize("body", ["b[i + 1] = a[i];", "b[i - 1] = a[i];", "b[i] = a[i]; if (i == 31) b[i + 1000] = 0;"])
def test_writes_outside_are_trapped(card, body, monkeypatch):
    with pytest.raises(driver.DriverError, match="guard: kernel k wrote outside of its arguments"):
        shifted(card, body, monkeypatch)


def test_writes_to_what_is_only_read_are_trapped(card, monkeypatch):
    with pytest.raises(driver.DriverError, match="guard: kernel k wrote to what it only reads"):
        shifted(card, "b[i] = a[i]; if (i == 3) a[i] = 7;", monkeypatch)


@pytest.mark.parametrize("body", ["b[i] = a[i + 1];", "b[i] = a[i] + (i ? 0 : a[-1]);", "if (i != 17) b[i] = a[i];", "b[i] = i == 5 ? b[i] : a[i];"])
def test_reads_outside_and_places_left_out_are_nan(card, body, monkeypatch):
    assert np.isnan(shifted(card, body, monkeypatch)).sum() == 1


def test_what_does_not_compile_is_refused(card, monkeypatch):
    with pytest.raises(driver.DriverError, match="OpenCL: .*error"):
        shifted(card, "b[i] = c;", monkeypatch)


def test_without_half_its_threads_a_product_has_holes(tmp_path):
    """In the code of a compiled model, at sizes that divide no tile. (Of a barrier too few PoCL tells nothing: it puts its own around loops.)"""
    (tmp_path / "product.mlir").write_text("""func.func @main(%a: tensor<129x67xf32> {kiln.name = "a"}, %b: tensor<67x131xf32> {kiln.name = "b"})
    -> (tensor<129x131xf32> {kiln.name = "y"}) {
  %0 = kiln.contract %a, %b {labels = "mk,kn->mn"} : (tensor<129x67xf32>, tensor<67x131xf32>) -> tensor<129x131xf32>
  return %0 : tensor<129x131xf32>
}
""")
    kiln.compile(tmp_path / "product.mlir", tmp_path / "product", "exe", None, TARGET)
    program, rows = (tmp_path / "product").read_bytes(), b"get_local_id(1)"
    assert rows in program
    changed = tmp_path / "changed"
    changed.write_bytes(program.replace(rows, b"0".ljust(len(rows))))
    changed.chmod(0o755)
    random = np.random.default_rng(1)
    feeds = {"a": random.standard_normal((129, 67), np.float32), "b": random.standard_normal((67, 131), np.float32)}
    right, wrong = [kiln.infer(None, feeds, ["y"], runner=runner, env=environment())["y"] for runner in (tmp_path / "product", changed)]
    np.testing.assert_allclose(right, feeds["a"] @ feeds["b"], 1e-4, 1e-4)
    assert np.isnan(wrong).any()
