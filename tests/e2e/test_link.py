"""The link contract: what an artefact shows, what it needs, and what it can stand beside in one program."""
import os
import re
import subprocess
import sys

import pytest

from models import kiln

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(kiln.ROOT, "runtime", "include")
MLP = os.path.join(kiln.DATA, "mlp-fashion.onnx")
#: All that a kernel may call.
KERNEL_CALLS = {"halide_do_par_for", "halide_malloc", "halide_free", "memset", "memcpy", "memmove"}


def symbols(path, *options):
    out = kiln.execute(["nm", "--format=posix", *options, path]).out
    return [line.split()[:2] for line in out.splitlines() if len(line.split()) >= 2]


CALLS = {f"lenet5_{call}" for call in ("info", "create", "run", "message", "destroy")}
KINDS = pytest.mark.parametrize("kind,options", [("obj", ["-g"]), ("lib", ["-g"]), ("shared", ["-D"])])


@KINDS
def test_only_the_prefix_shows(lenet, kind, options):
    """The five calls; in an object, which is not linked yet, the weights too."""
    shown = {name for name, _ in symbols(f"{lenet}{kiln.SUFFIXES[kind]}", "--defined-only", *options)}
    assert shown - {"lenet5_weights"} == CALLS and ("lenet5_weights" not in shown or kind != "shared")


@KINDS
def test_needs_only_the_c_library(lenet, kind, options, tmp_path):
    """Every undefined symbol is one that libc, libm and the threads library define."""
    wanted = {name.split("@")[0] for name, _ in symbols(f"{lenet}{kiln.SUFFIXES[kind]}", "--undefined-only", *options)}
    wanted -= {"lenet5_weights"}  # of the archive's other object
    given = {"_GLOBAL_OFFSET_TABLE_", "__gmon_start__", "__tls_get_addr", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable",
             "__cxa_finalize"}
    for library in ("libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"):
        path = kiln.execute(["cc", f"-print-file-name={library}"]).out.strip()
        given |= {name.split("@")[0] for name, _ in symbols(path, "-D", "--defined-only")}
    assert wanted <= given, wanted - given


def test_kernels_call_only_their_runtime(tmp_path):
    """Every object in a fresh cache."""
    kiln.compile(os.path.join(kiln.DATA, "gpt_tiny.legacy17.onnx"), tmp_path / "net", "obj", cache=tmp_path / "cache")
    calls, count = set(), 0
    for entry in (p for p in (tmp_path / "cache").rglob("*") if p.is_file()):
        data = entry.read_bytes()
        if b"\x7fELF" in data:  # an entry is a header and the object
            (tmp_path / "kernel.o").write_bytes(data[data.index(b"\x7fELF"):])
            calls |= {name for name, _ in symbols(tmp_path / "kernel.o", "--undefined-only")} - {"_GLOBAL_OFFSET_TABLE_"}
            count += len(symbols(tmp_path / "kernel.o", "--defined-only")) > 0
    assert count > 5
    assert calls <= KERNEL_CALLS


def test_nothing_writable_is_shared(lenet):
    """No variables that change: a model is immutable. Its writable sections hold relocated pointers at most."""
    sections = kiln.execute(["readelf", "-SW", f"{lenet}.o"]).out
    found = dict(re.findall(r"\] (\.(?:data|bss|tdata|tbss)\b\S*)\s+\w+\s+\w+\s+\w+\s+(\w+)", sections))
    assert {k: v for k, v in found.items() if not k.startswith(".data.rel.ro") and int(v, 16)} == {}


def build(source, out, libraries, options=(), compiler="cc"):
    folders = {f"-I{os.path.dirname(path)}" for path in libraries}
    command = [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", "-g", os.path.join(HERE, "hosts", source), "-o", out,
               f"-I{INCLUDE}", *sorted(folders), *options, *libraries, "-lm", "-lpthread"]
    done = kiln.execute(command)
    assert done.code == 0, done
    return out


def passes(program, **options):
    done = kiln.execute([program], timeout=300, **options)
    assert done.code == 0, done
    return done


def test_contract(lenet, tmp_path):
    passes(build("contract.c", tmp_path / "contract", [f"{lenet}.a"]))


def test_contract_of_the_shared_library(lenet, tmp_path):
    passes(build("contract.c", tmp_path / "contract", [f"{lenet}.so"], [f"-Wl,-rpath,{os.path.dirname(lenet)}"]))


def test_contract_of_the_object(lenet, tmp_path):
    passes(build("contract.c", tmp_path / "contract", [f"{lenet}.o"]))


def test_static_program(lenet, tmp_path):
    program = build("contract.c", tmp_path / "contract", [f"{lenet}.a"], ["-static"])
    assert "NEEDED" not in kiln.execute(["readelf", "-d", program]).out
    passes(program)


def halide_kernel(folder):
    """A kernel of the host's own with Halide's own runtime: y = 2x + 1, in parallel, with a heap buffer."""
    script = f"""
import halide as hl
x, xo = hl.Var("x"), hl.Var("xo")
a = hl.ImageParam(hl.Float(32), 1, "a")
twice, f = hl.Func("twice"), hl.Func("host_kernel")
twice[x] = a[x] * 2
f[x] = twice[x] + 1
f.parallel(x, 25)
twice.compute_root()
f.compile_to_static_library({str(folder / 'host_kernel')!r}, [a], "host_kernel")
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    return str(folder / "host_kernel.a")


def test_two_models_and_a_halide_host(lenet, tmp_path):
    import halide
    kiln.compile(MLP, tmp_path / "mlp", "lib,header", extra=["--prefix", "mlp"])
    headers = os.path.join(os.path.dirname(halide.__file__), "include")
    program = build("two_models.c", tmp_path / "host", [f"{lenet}.a", str(tmp_path / "mlp.a"), halide_kernel(tmp_path)],
                    [f"-isystem{headers}", "-ldl"])
    passes(program)


def test_two_threads_a_context_each(lenet, tmp_path):
    passes(build("threads.c", tmp_path / "threads", [f"{lenet}.a"]))


def test_two_threads_under_thread_sanitizer(lenet, tmp_path):
    program = build("threads.c", tmp_path / "threads", [f"{lenet}.a"], ["-fsanitize=thread"])
    done = passes(program, env={**os.environ, "TSAN_OPTIONS": "exitcode=66"})
    assert "WARNING: ThreadSanitizer" not in done.err


@pytest.mark.parametrize("compiler,language", [("cc", "c11"), ("c++", "c++17")])
def test_the_header_stands_alone(lenet, tmp_path, compiler, language):
    source = tmp_path / ("only.c" if compiler == "cc" else "only.cpp")
    source.write_text('#include "lenet5.h"\nint main(void) { return lenet5_info() == 0; }\n')
    done = kiln.execute([compiler, f"-std={language}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", source, f"-I{INCLUDE}",
                         f"-I{os.path.dirname(lenet)}", f"{lenet}.a", "-lm", "-lpthread", "-o", tmp_path / "only"])
    assert done.code == 0, done
    assert kiln.execute([tmp_path / "only"]).code == 0
