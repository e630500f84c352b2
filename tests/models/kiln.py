"""Runs the kiln binary and what it makes, for the tests and benchmarks.

The binary is $KILN, or bin/kiln of $KILN_BUILD, or build/bin/kiln of this checkout. Its cache is one inside the build folder, so
that tests neither see nor leave anything in the user's.
"""
import os
import subprocess
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("KILN_BUILD", os.path.join(ROOT, "build"))
BINARY = os.environ.get("KILN", os.path.join(BUILD, "bin", "kiln"))
CACHE = os.path.join(BUILD, "test-cache")
MODELS = os.environ.get("KILN_MODELS", os.path.join(BUILD, "models"))
DATA = os.path.join(ROOT, "tests", "models", "data")
LENET = os.path.join(ROOT, "examples", "lenet5", "lenet5-fashion.onnx")

#: What `-o NAME` with --emit=KIND writes.
SUFFIXES = {"exe": "", "lib": ".a", "shared": ".so", "obj": ".o", "header": ".h"}


class Failed(AssertionError):
    pass


class Result:
    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def __repr__(self):
        return f"{' '.join(self.arguments)}\nexit {self.code}\n{self.out}{self.err}"


def execute(arguments, timeout=1800, **options):
    """Runs a program; never raises for its exit code. A negative code is the signal that ended it."""
    done = subprocess.run([str(a) for a in arguments], capture_output=True, timeout=timeout, **options)
    return Result([str(a) for a in arguments], done.returncode, done.stdout.decode(errors="replace"),
                  done.stderr.decode(errors="replace"))


def kiln(*arguments, check=True, **options):
    result = execute([BINARY, *arguments], **options)
    if check and result.code != 0:
        raise Failed(str(result))
    return result


def settings(dims=None, target=None, cache=CACHE):
    found = ["--cache-dir", cache]
    for name, size in (dims or {}).items():
        found += ["--dim", f"{name}={size}"]
    return found + (["--target", target] if target else [])


def compile(model, name, emit="exe", dims=None, target=None, cache=CACHE, extra=(), check=True, **options):
    return kiln("compile", model, "-o", name, f"--emit={emit}", *settings(dims, target, cache), *extra, check=check, **options)


def files(folder, feeds, outputs):
    """Writes each input as .npy; returns the arguments that name them and the outputs' files, and those files."""
    arguments, made = [], {}
    for i, (name, array) in enumerate(feeds.items()):
        path = os.path.join(folder, f"in{i}.npy")
        np.save(path, np.asarray(array))
        arguments += ["--input", f"{name}={path}"]
    for i, name in enumerate(outputs):
        made[name] = os.path.join(folder, f"out{i}.npy")
        arguments += ["--output", f"{name}={made[name]}"]
    return arguments, made


def infer(model, feeds, outputs, dims=None, target=None, runner=None, **options):
    """Outputs by name, through `kiln run` or, with `runner`, a compiled executable."""
    with tempfile.TemporaryDirectory() as folder:
        arguments, made = files(folder, feeds, outputs)
        if runner:
            result = execute([runner, *arguments], **options)
        else:
            result = kiln("run", model, *arguments, *settings(dims, target), check=False, **options)
        if result.code != 0:
            raise Failed(str(result))
        return {name: np.load(path) for name, path in made.items()}


def host_targets():
    """The instruction sets that this machine can run, best last."""
    with open("/proc/cpuinfo") as file:
        flags = next((line.split(":")[1].split() for line in file if line.startswith("flags")), [])
    found = []
    if {"avx2", "fma", "f16c"} <= set(flags):
        found.append("x86-64-v3")
        if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= set(flags):
            found.append("x86-64-v4")
    return found or ["host"]
