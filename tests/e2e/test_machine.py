"""Faults of the machine: no linker, no room, a processor without the instructions."""
import os
import struct

import numpy as np

from models import kiln
from refusal import assert_refused


def test_missing_linker(tmp_path):
    """With an empty PATH kiln either finds its linker elsewhere and succeeds, or says that there is none."""
    result = kiln.compile(kiln.LENET, tmp_path / "net", "exe", check=False, env={"PATH": str(tmp_path / "empty"), "HOME": str(tmp_path)})
    if result.code == 0:
        assert kiln.execute([tmp_path / "net", "--version"]).code == 0
    else:
        assert_refused(result, "link", folder=tmp_path)


def test_failing_linker(tmp_path):
    """Every linker on the PATH fails with a message: kiln passes the message on."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("cc", "gcc", "clang", "clang-19", "ld", "ld.lld", "ld.lld-19", "lld", "objcopy", "llvm-objcopy-19"):
        (tools / name).write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
        (tools / name).chmod(0o755)
    out = tmp_path / "out"
    out.mkdir()
    result = kiln.compile(kiln.LENET, out / "net", "exe", check=False, env={"PATH": str(tools), "HOME": str(tmp_path)})
    if result.code != 0:
        assert_refused(result, "no space left", folder=out)


def test_unwritable_cache(tmp_path):
    """A cache that cannot be written costs time, or is refused by name; it never gives a broken artefact."""
    (tmp_path / "cache").write_text("a file where a folder should be")
    out = tmp_path / "out"
    out.mkdir()
    result = kiln.compile(kiln.LENET, out / "net", cache=tmp_path / "cache", check=False)
    if result.code == 0:
        assert kiln.execute([out / "net", "--bench", "2"]).code == 0
    else:
        assert_refused(result, "cache", folder=out)


# The KILN_CPU_* bits of runtime/core/model.h.
V3, V4 = 0x1F, 0x3FF


def test_a_processor_without_the_instructions(lenet, tmp_path):
    """The artefact's list of needed instruction sets is given one more, which no processor has: it must answer, not die."""
    data = bytearray(lenet.read_bytes())
    wanted = [struct.pack("<Q", bits) for bits in (V4, V3)]
    places = [i for i in range(0, len(data) - 24, 8) if data[i:i + 8] in wanted]
    # kiln_model: cpu, arena_size, scratch_size; sizes of a LeNet-5.
    places = [i for i in places if all(size < 1 << 24 for size in struct.unpack("<QQ", data[i + 8:i + 24]))
              and struct.unpack("<Q", data[i + 8:i + 16])[0] >= 4096]
    assert len(places) == 1, f"{len(places)} places look like kiln_model.cpu"
    data[places[0]:places[0] + 8] = struct.pack("<Q", V3 | 1 << 40)
    patched = tmp_path / "patched"
    patched.write_bytes(data)
    patched.chmod(0o755)
    out = tmp_path / "out"
    out.mkdir()
    np.save(tmp_path / "x.npy", np.zeros((1, 1, 32, 32), np.float32))
    result = kiln.execute([patched, "--input", f"image={tmp_path}/x.npy", "--output", f"probabilities={out}/y.npy"])
    assert_refused(result, "instruction", folder=out)


def test_no_home_and_no_cache_option(tmp_path):
    env = {"PATH": os.environ["PATH"]}
    result = kiln.execute([kiln.BINARY, "compile", kiln.LENET, "-o", tmp_path / "net"], env=env, cwd=tmp_path)
    assert result.code == 0, result
