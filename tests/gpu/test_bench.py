"""kiln bench on a card, here the fake one: its events tell a millisecond for each thousand instructions of threads."""
import json
import os

import pytest

from gpu import driver
from models import kiln

TARGET = ["--target", "host-cuda-sm_80"]


def bench(*arguments, **environment):
    """PTX alone (what KILN_PTXAS="" leaves), for the interpreter runs nothing else."""
    settings = {"KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80", "KILN_PTXAS": "", **environment}
    return kiln.kiln("bench", *arguments, "--seconds", "0.05", *kiln.settings(), check=False, env={**os.environ, **settings})


def test_a_cards_events_time_each_kernel():
    result = bench("zoo:lenet5", *TARGET, "--json")
    assert result.code == 0, result
    report = json.loads(result.out)
    assert report["machine"] == "Fake card 0"
    # 16 multiply-adds and 3 instructions of the loop in each of 16 rounds, and fewer than 64 around them
    assert 32 * 16 / (19 * 16 + 64) * 1e-3 < report["peak_gflops"] < 32 / 19 * 1e-3
    kernels = {kernel["nodes"]: kernel for kernel in report["kernels"]}
    assert set(kernels) == {"c1", "s2", "c3", "s4", "c5", "f6", "classes"}
    for node, products in {"c1": 6 * 28 * 28 * 25, "c3": 16 * 10 * 10 * 150, "c5": 120 * 400, "f6": 120 * 84}.items():
        kernel = kernels[node]
        assert 2 * products <= kernel["flops"] <= 2.1 * products
        assert kernel["us"] > kernel["flops"] / report["peak_gflops"] * 1e-3, "no kernel is faster than the peak"
    assert sum(kernel["share"] for kernel in report["kernels"]) == pytest.approx(1)


def test_a_loops_launches_are_one_line_each():
    result = bench("zoo:lstm", *TARGET, "--json")
    assert result.code == 0, result
    names = [(kernel["kernel"], kernel["nodes"], kernel["us"]) for kernel in json.loads(result.out)["kernels"]]
    assert len(names) < 64, "64 steps of a loop"
    # tokens x gates x (units of the state) multiply-adds, all in one line
    assert max(kernel["flops"] for kernel in json.loads(result.out)["kernels"]) >= 2 * 64 * 512 * 128


def test_without_a_card_it_says_what_is_missing():
    result = bench("zoo:lenet5", *TARGET, KILN_CUDA_DRIVER="/nonexistent/libcuda.so")
    assert result.code == 1 and result.out == ""
    assert "no CUDA driver: /nonexistent/libcuda.so" in result.err


def test_two_programs_are_one_too_many():
    result = bench("zoo:lenet5", "--target", "host,host-cuda-sm_80")
    assert result.code == 1 and "expected a processor or a card, one at a time" in result.err
