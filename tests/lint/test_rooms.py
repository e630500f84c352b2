"""Who may include whom. In: every #include of every room. A crossing fails, by file, line and rule."""

import re

import pytest
import tree

COMPILER_CORE = ("compiler/dialect/", "compiler/ops/", "compiler/lower/", "compiler/schedule/Space.h")
CHOICES = ("compiler/schedule/Space.h", "compiler/schedule/SpaceGpu.h", "compiler/schedule/SpaceOnce.h")

# room -> what of ours it may include, and which of the big libraries. The first room whose prefix fits a file is its room.
ROOMS = [
    ("runtime/", ("runtime/",), ()),
    ("compiler/dialect/", COMPILER_CORE, ("mlir", "Halide")),
    ("compiler/ops/", COMPILER_CORE, ("mlir", "Halide")),
    # Kernel.h is lower's door: a kernel in, its Nest or object code out, without Halide. The object is where a schedule is applied.
    ("compiler/lower/", (*COMPILER_CORE, "compiler/schedule/Apply.h", "compiler/schedule/ApplyGpu.h"), ("mlir", "Halide")),
    ("compiler/passes/", ("compiler/passes/", "compiler/dialect/", *CHOICES, "compiler/lower/Kernel.h"), ("mlir",)),
    ("compiler/schedule/Space", ("compiler/schedule/Space",), ()),
    ("compiler/schedule/", ("compiler/schedule/",), ("Halide",)),
    # model.h and device.h are what generated code and the runtime agree on: codegen lays their structs out.
    ("compiler/codegen/", ("compiler/codegen/", "compiler/dialect/", "compiler/lower/", "compiler/schedule/", "runtime/include/",
                           "runtime/core/model.h", "runtime/cuda/device.h"), ("mlir", "Halide")),
    ("frontend/", ("frontend/", "compiler/dialect/"), ("mlir",)),
]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
CXX_HEADER = re.compile(r"[a-z_]+")  # <vector>: no C header is spelled without a dot


def target_of(file, included):
    """Where an include leads: a path of ours, the name of a big library, or None for the rest."""
    if included.startswith(("mlir/", "mlir-c/", "llvm/", "llvm-c/")):
        return "mlir"
    if included.startswith("Halide"):
        return "Halide"
    if included.startswith("kiln/"):
        return "runtime/include/" + included
    if included.startswith(("runtime/", "compiler/", "frontend/", "tests/", "benchmarks/", "examples/")):
        return included
    beside = file.rsplit("/", 1)[0] + "/" + included
    return beside if (tree.ROOT / beside).is_file() else None


def crossings(file, text):
    room = next((room for room in ROOMS if file.startswith(room[0])), None)
    if room is None:
        return []
    prefix, ours, libraries = room
    found = []
    for match in INCLUDE.finditer(text):
        included = match[1] or match[2]
        target = target_of(file, included)
        line = text.count("\n", 0, match.start()) + 1
        if target in ("mlir", "Halide"):
            if target not in libraries:
                found.append(f"{file}:{line}: {prefix} may not use {target} ({included})")
        elif target is not None and not target.startswith(ours):
            found.append(f"{file}:{line}: {prefix} may not include {target}")
        elif prefix == "runtime/" and match[2] and CXX_HEADER.fullmatch(included):
            found.append(f"{file}:{line}: {prefix} is C, {included} is C++")
    return found


@pytest.mark.parametrize("room", [room[0] for room in ROOMS])
def test_no_include_crosses_rooms(room):
    found = []
    for file in tree.files(*tree.CPP):
        if next((other[0] for other in ROOMS if file.startswith(other[0])), None) == room:
            found += crossings(file, tree.text(file))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("file, include, allowed", [
    ("runtime/core/a.c", '"runtime/core/model.h"', True),
    ("runtime/core/a.c", '"compiler/dialect/Kiln.h"', False),
    ("runtime/core/a.c", "<llvm/ADT/StringRef.h>", False),
    ("runtime/core/a.c", "<string>", False),
    ("runtime/core/a.c", "<string.h>", True),
    ("compiler/ops/A.cpp", '"compiler/lower/Math.h"', True),
    ("compiler/ops/A.cpp", '"compiler/schedule/Space.h"', True),
    ("compiler/ops/A.cpp", '"compiler/schedule/Apply.h"', False),
    ("compiler/passes/A.cpp", '"compiler/dialect/Kiln.h"', True),
    ("compiler/lower/A.cpp", '"compiler/schedule/Apply.h"', True),
    ("compiler/passes/A.cpp", '"compiler/ops/Read.h"', False),
    ("compiler/passes/A.cpp", '"compiler/lower/Emitter.h"', False),
    ("compiler/passes/A.cpp", '"compiler/lower/Kernel.h"', True),
    ("compiler/passes/A.cpp", '"Halide.h"', False),
    ("compiler/schedule/Space.cpp", '"Halide.h"', False),
    ("compiler/schedule/Apply.cpp", '"Halide.h"', True),
    ("compiler/schedule/Apply.cpp", '"mlir/IR/Builders.h"', False),
    ("compiler/codegen/A.cpp", '"kiln/kiln.h"', True),
    ("compiler/codegen/A.cpp", '"runtime/core/model.h"', True),
    ("compiler/codegen/A.cpp", '"runtime/core/context.h"', False),
    ("compiler/codegen/A.cpp", '"compiler/passes/Passes.h"', False),
    ("frontend/onnx/A.cpp", '"compiler/codegen/Worker.h"', False),
    ("frontend/onnx/A.cpp", '"frontend/builder/Builder.h"', True),
])
def test_a_crossing_is_seen(file, include, allowed):
    assert (crossings(file, f"// a file\n#include {include}\n") == []) == allowed
