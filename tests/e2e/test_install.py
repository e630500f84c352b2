"""An installed kiln, as another project uses it, and the README's example, as a reader tries it."""
import os
import re
import subprocess

import numpy as np
import onnxruntime
import pytest

from models import kiln

PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(app C)
find_package(kiln 0.1 REQUIRED)
kiln_compile({model} TARGET lenet5 OPTIONS --cache-dir {cache})
kiln_compile({model} TARGET twin PREFIX other OPTIONS --cache-dir {cache})
add_executable(app app.c)
target_link_libraries(app PRIVATE lenet5 twin)
"""


def readme():
    """The README's C example and the command that compiles it."""
    with open(os.path.join(kiln.ROOT, "README.md")) as file:
        text = file.read()
    return re.search(r"```c\n(.*?)```", text, re.DOTALL)[1], re.search(r"`(cc example\.c [^`]*)`", text.replace("\n", " "))[1]


def of_black():
    """The first probability that ONNX Runtime gives a black picture."""
    session = onnxruntime.InferenceSession(kiln.LENET, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": np.zeros((1, 1, 32, 32), np.float32)})[0][0, 0]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    run("cmake", "--install", kiln.BUILD, "--prefix", folder)
    return folder


def test_the_readme_example(lenet, tmp_path):
    code, command = readme()
    (tmp_path / "example.c").write_text(code)
    for suffix in (".a", ".h"):
        (tmp_path / f"lenet5{suffix}").symlink_to(f"{lenet}{suffix}")
    run(*command.split(), "-Wall", "-Werror", f"-I{kiln.ROOT}/runtime/include", cwd=tmp_path)
    assert float(run(tmp_path / "a.out")) == pytest.approx(of_black(), rel=1e-5)


def test_a_project_that_finds_kiln(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.format(model=kiln.LENET, cache=kiln.CACHE))
    code, _ = readme()
    twice = code.replace('#include "lenet5.h"', '#include "lenet5.h"\n#include "twin.h"')
    (tmp_path / "app.c").write_text(twice.replace("lenet5_destroy(context);", "lenet5_destroy(context);\n  puts(other_info()->name);"))
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path / "build")
    probability, name = run(tmp_path / "build" / "app").split()
    assert float(probability) == pytest.approx(of_black(), rel=1e-5)
    assert name == "lenet5-fashion"


def test_the_installed_tools_stand_alone(prefix):
    for tool in ("kiln", "kiln-opt"):
        run(prefix / "bin" / tool, "--help", cwd="/", env={"PATH": "/usr/bin:/bin"})
        libraries = run("ldd", prefix / "bin" / tool)
        assert f"libHalide.so => {prefix}/bin/../lib/kiln/libHalide.so" in libraries and kiln.ROOT not in libraries, libraries


def test_the_installed_interface_is_c(prefix, tmp_path):
    """kiln.h alone, as C99, C11 and C++, with every warning an error."""
    (tmp_path / "a.c").write_text("#include <kiln/kiln.h>\nint main(void) { return sizeof(kiln_options) == 0; }\n")
    for language, standard in (("c", "c99"), ("c", "c11"), ("c++", "c++17")):
        run("cc", "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{prefix}/include", "a.c", "-o", "a",
            cwd=tmp_path)
        run(tmp_path / "a")
