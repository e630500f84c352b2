"""The same model gives the same bytes, whatever the number of workers, the state of the cache, and the folder."""
import os
import signal
import subprocess
import time

import pytest

from models import kiln

MODELS = {"cnn": os.path.join(kiln.DATA, "cnn_bn.dynamo.onnx"), "gpt": os.path.join(kiln.DATA, "gpt_tiny.legacy17.onnx")}
KINDS = "exe,lib,shared,obj,header"


def artefacts(model, folder, cache, jobs):
    folder.mkdir()
    kiln.compile(model, folder / "net", KINDS, cache=cache, extra=["-j", jobs])
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.mark.parametrize("name", MODELS)
def test_same_bytes(name, tmp_path):
    cold = artefacts(MODELS[name], tmp_path / "a", tmp_path / "cache1", "1")
    assert len(cold) == len(kiln.SUFFIXES)
    for folder, cache, jobs in (("b", "cache1", "2"), ("c", "cache2", "2"), ("d", "cache2", "1")):
        again = artefacts(MODELS[name], tmp_path / folder, tmp_path / cache, jobs)
        assert [k for k in cold if again.get(k) != cold[k]] == [], f"differ with -j {jobs} and {cache}"


def alive(group):
    try:
        os.killpg(group, 0)
        return True
    except ProcessLookupError:
        return False


@pytest.mark.parametrize("entries", [0, 2, 8])
def test_a_kill_leaves_the_cache_sound(entries, tmp_path):
    """kill -9 of the parent in the middle of a compile: no output, no workers left, and the next compile is as if from cold."""
    out, cache = tmp_path / "out", tmp_path / "cache"
    out.mkdir()
    arguments = [kiln.BINARY, "compile", MODELS["gpt"], "-o", out / "net", "--emit=exe", *kiln.settings(cache=str(cache))]
    process = subprocess.Popen(arguments, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and (not cache.exists() or len(list(cache.rglob("*"))) < entries):
        time.sleep(0.002)  # the moment is told by what stands in the cache, not by a clock: machines differ
    assert process.poll() is None, "the compile was over before the kill"
    process.send_signal(signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 10
    while alive(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(process.pid), "workers outlive their parent"
    assert not (out / "net").exists()
    kiln.compile(MODELS["gpt"], out / "net", cache=cache)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    kiln.compile(MODELS["gpt"], fresh / "net", cache=tmp_path / "cache2")
    assert (out / "net").read_bytes() == (fresh / "net").read_bytes()


def test_a_damaged_cache_entry_is_not_used(tmp_path):
    """Every file of the cache is overwritten, cut or emptied; the artefact must not change."""
    cold = artefacts(MODELS["cnn"], tmp_path / "a", tmp_path / "cache", "2")
    files = sorted(p for p in (tmp_path / "cache").rglob("*") if p.is_file())
    assert files
    for i, path in enumerate(files):
        data = path.read_bytes()
        path.write_bytes([b"", data[: len(data) // 2], data[:-1] + b"?"][i % 3])
    assert artefacts(MODELS["cnn"], tmp_path / "b", tmp_path / "cache", "2") == cold
