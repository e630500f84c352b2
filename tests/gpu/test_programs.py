"""Whole programs for a card, through the fake driver and the PTX interpreter: what they answer is what the CPU's program answers."""
import os
import re

import numpy as np
import pytest

from gpu import driver
from models import kiln, make_models

TARGET = "host-cuda-sm_80"
STEPS = ["mlp", "lenet5"]
ZOO = {  # model -> inputs, outputs
    "mlp": ({"image": (2, 28, 28)}, ["probabilities"]),
    "lenet5": ({"image": (2, 1, 32, 32)}, ["probabilities"]),
    "bn_cnn": ({"image": (1, 1, 28, 28)}, ["probabilities"]),
}


def environment(**more):
    return {**os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80", **more}


def inputs(shapes):
    random = np.random.default_rng(3)
    return {name: random.random(shape, np.float32) for name, shape in shapes.items()}


def compile_zoo(model, folder, target=None, emit="exe", batch=2, assembler=""):
    """Without an assembler (what KILN_PTXAS="" says) there is PTX alone, which is what the interpreter runs."""
    name = folder / f"{model}-{target or 'host'}"
    kiln.compile(f"zoo:{model}", name, emit, {"batch": batch}, target, env={**os.environ, "KILN_PTXAS": assembler})
    return name


@pytest.mark.parametrize("model", ZOO)
def test_a_model_answers_as_on_the_cpu(model, tmp_path):
    shapes, outputs = ZOO[model]
    feeds = inputs(shapes)
    batch = next(iter(shapes.values()))[0]
    expected = kiln.infer(None, feeds, outputs, runner=compile_zoo(model, tmp_path, batch=batch))
    found = kiln.infer(None, feeds, outputs, runner=compile_zoo(model, tmp_path, TARGET, batch=batch), env=environment())
    for name in outputs:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-5)


def ports(runner):
    """Inputs and outputs as --help lists them: name -> (dtype, shape)."""
    found, section = {"Inputs": {}, "Outputs": {}}, None
    for line in kiln.execute([runner, "--help"]).out.splitlines():
        section = line.split(":")[0] if not line.startswith(" ") else section
        match = re.match(r"  (\S+) +(float32|int32|int64|uint32|uint64|bool)\[([\d,]*)\]", line)
        if match and section in found:
            found[section][match[1]] = (match[2], tuple(int(n) for n in match[3].split(",") if n))
    return found


def test_resnet50_to_the_end(tmp_path):
    """Every block of every launch, with all traps: a minute."""
    path = make_models.make(kiln.MODELS, "resnet50")
    for name, target in (("cpu", None), ("card", TARGET)):
        kiln.compile(path, tmp_path / name, "exe", None, target, env={**os.environ, "KILN_PTXAS": ""})
    tensors = ports(tmp_path / "cpu")
    feeds, outputs = inputs({name: shape for name, (_, shape) in tensors["Inputs"].items()}), list(tensors["Outputs"])
    expected = kiln.infer(None, feeds, outputs, runner=tmp_path / "cpu")
    found = kiln.infer(None, feeds, outputs, runner=tmp_path / "card", env=environment())
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-4 * np.abs(value).max())


@pytest.mark.parametrize("model", STEPS)
def test_a_training_step_is_as_on_the_cpu(model, tmp_path):
    kiln.kiln("train", f"zoo:{model}", "--emit=mlir", "-o", tmp_path / "step", *kiln.settings())
    for name, target in (("cpu", None), ("card", TARGET)):
        kiln.compile(tmp_path / "step.mlir", tmp_path / name, "exe", None, target, env={**os.environ, "KILN_PTXAS": ""})
    tensors, random = ports(tmp_path / "cpu"), np.random.default_rng(1)
    feeds = {name: (random.random(shape) * 0.1).astype(dtype) if dtype == "float32" else random.integers(1, 3, shape).astype(dtype)
             for name, (dtype, shape) in tensors["Inputs"].items()}
    expected = kiln.infer(None, feeds, list(tensors["Outputs"]), runner=tmp_path / "cpu")
    found = kiln.infer(None, feeds, list(tensors["Outputs"]), runner=tmp_path / "card", env=environment())
    assert np.isfinite(expected["loss"])
    for name, value in expected.items():
        scale = max(1, np.abs(value).max())
        np.testing.assert_allclose(found[name], value, atol=1e-4 * scale, err_msg=name)


def test_without_a_driver_it_says_so(tmp_path):
    shapes, outputs = ZOO["mlp"]
    arguments, _ = kiln.files(tmp_path, inputs(shapes), outputs)
    runner = compile_zoo("mlp", tmp_path, TARGET)
    result = kiln.execute([runner, *arguments], env=environment(KILN_CUDA_DRIVER="/nonexistent/libcuda.so"))
    assert result.code > 0
    assert "no CUDA driver" in result.err


def test_an_unknown_card_is_refused():
    result = kiln.compile("zoo:mlp", "never", "exe", target="host-cuda-sm_75", check=False)
    assert result.code > 0
    assert "unknown target 'host-cuda-sm_75': expected one of host, x86-64-v3" in result.err
    assert "-cuda-sm_80 or -cuda-sm_90" in result.err


def test_ptx_is_printed(tmp_path):
    text = kiln.compile("zoo:mlp", tmp_path / "mlp", "obj", {"batch": 2}, TARGET, extra=["--dump=ptx"]).out
    entries = re.findall(r"\.visible \.entry (k_[0-9a-f]{16})\(", text)
    assert entries and len(set(entries)) == len(entries)
    assert len(re.findall(r"^\.maxntid", text, re.M)) == len(entries)


def test_inspect_tells_where_kernels_run(tmp_path):
    kiln.compile("zoo:mlp", tmp_path / "mlp", "exe", {"batch": 2}, TARGET)
    text = kiln.kiln("inspect", tmp_path / "mlp").out
    assert re.search(r"k_[0-9a-f]{16} +sm_80: \d+ registers +gpu_", text), text
