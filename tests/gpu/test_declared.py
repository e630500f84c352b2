"""What kiln declares of the CUDA driver is what NVIDIA's header says: calls, structs, numbers. No card or driver is asked: a compiler is."""
import glob
import os
import re
import subprocess

import pytest

from gpu import assembled, driver
from models import kiln

HERE = os.path.dirname(os.path.abspath(__file__))
OURS = os.path.join(kiln.ROOT, "runtime/cuda/driver.h")
#: The structs of the calls that we use, where the header means a later one by the name.
THEIRS = {"CUDA_KERNEL_NODE_PARAMS": "CUDA_KERNEL_NODE_PARAMS_v1"}
#: Calls of which the header has a later form than we use: older drivers, too, export ours.
EARLIER = {"cuGraphAddKernelNode", "cuGraphExecKernelNodeSetParams", "cuEventElapsedTime"}


def header():
    path, = glob.glob(f"{assembled.SITE}/nvidia/*/include/cuda.h")
    return path


def ours(change=("", "")):
    with open(OURS, encoding="utf-8") as file:
        text = file.read()
    assert change[0] in text
    return text.replace(*change)


def calls(text):
    return re.findall(r"X\(\w+, (cu\w+),", text)


def declared_inc(text):
    """Our header with a prefix before every name of the driver's, the real one, and what is to be equal."""
    lines = []
    numbers = re.findall(r"^  (CU\w+) = \d+", text, re.M)
    structs = {name: re.findall(r"(\w+)(?=[,;])", re.sub(r"/\*.*?\*/", "", body))
               for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", text, re.S)}
    own = sorted({name for name in re.findall(r"\bCU\w+", re.sub(r'"[^"]*"', "", text)) if not name.endswith("_st")})
    lines += [f"#define {name} ours_{name}" for name in own]
    lines += ['#include "driver.h"']
    lines += [f"#undef {name}" for name in own]
    lines += ["#define __CUDA_API_VERSION_INTERNAL // every exported name, none hidden by a macro", f'#include "{header()}"']
    lines += [f"static_assert(ours_{name} == static_cast<int>({name}));" for name in numbers]
    for name, fields in structs.items():
        if name not in own:
            continue
        there = THEIRS.get(name, name)
        lines += [f"template <> struct Theirs<ours_{name}> {{ using type = {there}; }};", f"static_assert(sizeof(ours_{name}) == sizeof({there}));"]
        for field in fields:
            lines += [f"static_assert(offsetof(ours_{name}, {field}) == offsetof({there}, {field}));",
                      f"static_assert(alike<decltype(ours_{name}::{field}), decltype({there}::{field})>());"]
    lines += [f"static_assert({number} == static_cast<int>({name}));" for name, number in driver.NUMBERS.items()]
    assert len(numbers) > 10 and len(structs) > 2 and sum(map(len, structs.values())) > 40
    return "\n".join(lines) + "\n"


def compiled(folder, text):
    (folder / "driver.h").write_text(text)
    (folder / "declared.inc").write_text(declared_inc(text))
    return subprocess.run(["c++", "-std=c++17", "-fsyntax-only", "-Wall", "-Werror", f"-I{folder}", f"-I{kiln.ROOT}/runtime/include",
                           os.path.join(HERE, "declared.cpp")], capture_output=True, text=True, check=False)


def test_the_declarations_are_nvidias(tmp_path):
    done = compiled(tmp_path, ours())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change", [
    ("CU_JIT_ERROR_LOG_BUFFER = 5", "CU_JIT_ERROR_LOG_BUFFER = 3"),
    ("void **kernelParams;\n  void **extra;", "void **extra;\n  void **kernelParams;"),
    ("unsigned value, elementSize;", "unsigned elementSize, value;"),
    ("size_t srcPitch, srcHeight;", "size_t srcPitch;"),
    ("cuMemAlloc_v2, (CUdeviceptr * memory, size_t bytes)", "cuMemAlloc, (CUdeviceptr * memory, size_t bytes)"),
    ("(CUgraphExec executable, CUstream stream)", "(CUgraphExec executable, CUstream stream, unsigned flags)"),
    ("(CUdeviceptr to, unsigned char value, size_t bytes", "(CUdeviceptr to, unsigned value, size_t bytes"),
    ("(void *to, CUdeviceptr from, size_t bytes, CUstream stream)", "(CUdeviceptr to, void *from, size_t bytes, CUstream stream)"),
])
def test_a_wrong_declaration_is_seen(change, tmp_path):
    done = compiled(tmp_path, ours(change))
    assert done.returncode != 0 and "error:" in done.stderr


def test_the_names_are_those_of_today():
    """cuMemAlloc in a program is cuMemAlloc_v2 in the library: so the header's macros say, but of those that are meant to be earlier."""
    with open(header(), encoding="utf-8") as file:
        macros = dict(re.findall(r"#define (cu\w+)\s+(?:__CUDA_API_PT[SD][ZS]\()?(cu\w+)", file.read()))
    names = calls(ours())
    assert len(names) > 30
    for name in names:
        today = {name, macros.get(re.sub(r"_v\d+$", "", name), name)}
        if name == "cuGraphInstantiateWithFlags":
            assert macros["cuGraphInstantiate"] == name
        elif name in EARLIER:
            assert len(today) == 2, f"{name} is of today"
        else:
            assert len(today) == 1, today


def test_the_tests_call_only_what_is_declared():
    with open(os.path.join(HERE, "driver.py"), encoding="utf-8") as file:
        used = set(re.findall(r'[".](cu[A-Z]\w+)', file.read()))
    assert len(used) > 10 and used <= set(calls(ours())), used - set(calls(ours()))
