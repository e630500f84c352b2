"""What ptxas makes of every kernel of the zoo: registers, spills, shared memory; and how much of a tile's main loop is multiply-adds."""
import glob
import json
import os
import re
import subprocess
import sysconfig

import pytest

from models import kiln

TARGET = ["host-cuda-sm_80", "host-cuda-sm_90"]
STEPS = ["mlp", "lenet5", "gpt", "mnist_cnn"]
SITE = sysconfig.get_paths()["purelib"]
PTXAS = f"{SITE}/nvidia/cuda_nvcc/bin/ptxas"
GEMM = """func.func @main(%a: tensor<1024x1024xf32> {kiln.name = "a"}, %b: tensor<1024x1024xf32> {kiln.name = "b"})
    -> (tensor<1024x1024xf32> {kiln.name = "product"}) {
  %0 = kiln.contract %a, %b {labels = "mk,kn->mn"} : (tensor<1024x1024xf32>, tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  return %0 : tensor<1024x1024xf32>
}
"""
CONVOLUTION = """func.func @main(%a: tensor<16x64x56x56xf32> {kiln.name = "a"}, %b: tensor<128x64x3x3xf32> {kiln.name = "b"})
    -> (tensor<16x128x56x56xf32> {kiln.name = "product"}) {
  %0 = kiln.window %a, %b {labels = "ncyx,ocyx->noyx", spatial = "yx", strides = array<i64: 1, 1>, low = array<i64: 1, 1>,
    high = array<i64: 1, 1>, lhs_dilation = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<16x64x56x56xf32>, tensor<128x64x3x3xf32>) -> tensor<16x128x56x56xf32>
  return %0 : tensor<16x128x56x56xf32>
}
"""


def kernels_of(model, folder, target, batch=None):
    """The kernels in the provenance that the compiler leaves in an object."""
    kiln.compile(model, folder / "model", "obj", {"batch": batch} if batch else None, target,
                 env={**os.environ, "KILN_PTXAS": PTXAS})
    with open(folder / "model.o", "rb") as file:
        text = re.search(rb'\{"kernels":\[.*?\],"kiln":', file.read(), re.S)[0].decode()
    return json.loads(text[:text.rindex(',"kiln"')] + "}")["kernels"]


def check(kernels, card):
    """Every kernel runs on the card, and none that multiplies matrices spills."""
    for kernel in kernels:
        made, = kernel["cards"]
        assert made["card"] == card
        assert 0 < made["registers"] <= 255
        print(f"{kernel['name']} {card} {made['registers']:4} registers {made['spills']:5} spilled {kernel['shared']:6} shared  "
              f"{kernel['schedule']}")
        if kernel["schedule"].startswith("gpu_tile"):
            assert made["spills"] == 0, kernel


@pytest.mark.parametrize("target", TARGET)
@pytest.mark.parametrize("model", STEPS)
def test_every_kernel_of_a_model_assembles(model, target, tmp_path):
    check(kernels_of(f"zoo:{model}", tmp_path, target, 4), target[-5:])


@pytest.mark.parametrize("target", TARGET)
@pytest.mark.parametrize("model", STEPS)
def test_every_kernel_of_a_training_step_assembles(model, target, tmp_path):
    kiln.kiln("train", f"zoo:{model}", "--emit=mlir", "-o", tmp_path / "step", *kiln.settings())
    check(kernels_of(tmp_path / "step.mlir", tmp_path, target), target[-5:])


def main_loop(cubin):
    """The instructions of the loop that has the most multiply-adds, of the disassembled code."""
    tool, = glob.glob(f"{SITE}/nvidia/*/bin/nvdisasm")
    text = subprocess.run([tool, "-c", cubin], capture_output=True, text=True, check=True).stdout
    labels, code, best = {}, [], []
    for line in text.splitlines():
        if match := re.match(r"\s*(\.L_\w+):", line):
            labels[match[1]] = len(code)
        elif match := re.match(r"\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?(.*?);", line):
            code.append(match[1])
            back = re.match(r"BRA.*?`?\(?(\.L_\w+)", match[1])
            if back and back[1] in labels:
                loop = code[labels[back[1]]:]
                if sum(op.startswith("FFMA") for op in loop) > sum(op.startswith("FFMA") for op in best):
                    best = loop
    return best


@pytest.mark.parametrize("card", ["sm_80", "sm_90"])
@pytest.mark.parametrize("graph", ["GEMM", "CONVOLUTION"])
def test_a_tile_multiplies_and_adds(graph, card, tmp_path):
    (tmp_path / "graph.mlir").write_text(globals()[graph])
    text = kiln.compile(tmp_path / "graph.mlir", tmp_path / "model", "obj", None, TARGET[0], extra=["--dump=ptx"]).out
    (tmp_path / "kernel.ptx").write_text(text)
    subprocess.run([PTXAS, f"-arch={card}", tmp_path / "kernel.ptx", "-o", tmp_path / "kernel.cubin"], check=True)
    loop = main_loop(tmp_path / "kernel.cubin")
    adds = sum(op.startswith("FFMA") for op in loop)
    print(f"{graph} {card}: {adds} of {len(loop)} instructions are FFMA, {100 * adds / max(1, len(loop)):.1f} %")
    assert adds >= 0.8 * len(loop) > 0
