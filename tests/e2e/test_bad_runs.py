"""Wrong inputs and options at run time, to the compiled executable and to `kiln run`: one clear error, no output file."""
import io

import numpy as np
import pytest
from onnx import TensorProto

import faulty
from models import kiln
from refusal import assert_refused

IMAGE = np.zeros((1, 1, 32, 32), np.float32)


@pytest.fixture(params=["executable", "kiln run"])
def program(request, lenet):
    """How to start LeNet-5."""
    return [lenet] if request.param == "executable" else [kiln.BINARY, "run", kiln.LENET, *kiln.settings()]


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def run(program, out, arrays=(), raw=None, extra=None, output="probabilities"):
    """`arrays`: (name, array); `raw`: bytes to stand in image's file; `extra`: arguments instead of the usual ones."""
    arguments = []
    if raw is not None:
        (out.parent / "raw.npy").write_bytes(raw)
        arguments += ["--input", f"image={out.parent}/raw.npy"]
    for i, (name, array) in enumerate(arrays):
        np.save(out.parent / f"{i}.npy", array)
        arguments += ["--input", f"{name}={out.parent}/{i}.npy"]
    if output:
        arguments += ["--output", f"{output}={out}/y.npy"]
    return kiln.execute([*program, *arguments, *(extra or [])], timeout=120)


def npy(array):
    """The bytes numpy writes."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_wrong_input_name(program, out):
    assert_refused(run(program, out, [("picture", IMAGE)]), "picture", "image", folder=out)


def test_wrong_output_name(program, out):
    assert_refused(run(program, out, [("image", IMAGE)], output="classes"), "classes", "probabilities", folder=out)


def test_input_twice(program, out):
    assert_refused(run(program, out, [("image", IMAGE), ("image", IMAGE)]), "image", folder=out)


def test_missing_input(program, out):
    assert_refused(run(program, out), "image", folder=out)


@pytest.mark.parametrize("shape", [(1, 1, 32, 31), (1, 32, 32), (2, 2, 1, 1, 32, 32), (1, 1, 32, 32, 1), (), (1024,)])
def test_wrong_shape(program, out, shape):
    assert_refused(run(program, out, [("image", np.zeros(shape, np.float32))]), "image", "32", folder=out)


@pytest.mark.parametrize("dtype", ["float64", "int32", "uint8", "float16", "complex64", ">f4", "U4", "bool"])
def test_wrong_dtype(program, out, dtype):
    assert_refused(run(program, out, [("image", IMAGE.astype(dtype))]), "image", folder=out)


@pytest.mark.parametrize("name,raw", [
    ("empty", b""), ("not_npy", b"hello, this is no array of numbers at all"), ("cut_header", npy(IMAGE)[:20]),
    ("cut_data", npy(IMAGE)[:-1]), ("more_data", npy(IMAGE) + b"more"), ("no_version", b"\x93NUMPY\x09\x09" + npy(IMAGE)[8:]),
    ("fortran", npy(np.asfortranarray(np.zeros((1, 1, 32, 32), np.float32)[0, 0])).replace(b"(32, 32)", b"(1,1,32,32)")),
    ("huge_shape", npy(IMAGE).replace(b"(1, 1, 32, 32)", b"(99999999999,)")),
    ("overflow", npy(IMAGE).replace(b"(1, 1, 32, 32), }          ", b"(4294967296, 4294967296), }")),
    ("negative", npy(IMAGE).replace(b"(1, 1, 32, 32)", b"(1,-1, 32, 32)")),
])
def test_bad_npy(program, out, name, raw):
    assert_refused(run(program, out, raw=raw), "raw.npy", folder=out)


def test_absent_npy(program, out):
    assert_refused(run(program, out, extra=["--input", "image=absent.npy"]), "absent.npy", folder=out)


@pytest.mark.parametrize("place", ["{out}/no/such/folder/y.npy", "{out}", "/dev/full"])
def test_unwritable_output(program, out, place):
    place = place.replace("{out}", str(out))
    result = run(program, out, [("image", IMAGE)], output=None, extra=["--output", f"probabilities={place}"])
    assert_refused(result, place, folder=out)


@pytest.mark.parametrize("arguments", [["--frobnicate"], ["--input"], ["--input", "image"], ["--input", "=x.npy"], ["stray"]])
def test_bad_arguments(program, out, arguments):
    assert_refused(run(program, out, [("image", IMAGE)], extra=arguments), folder=out)


@pytest.mark.parametrize("count", ["0", "-3", "many", "99999999999999999999"])
def test_bad_bench_count(lenet, count):
    assert_refused(kiln.execute([lenet, "--bench", count], timeout=60), "bench")


def gather(tmp_path):
    """Rows of a table of five, picked by the input; -5..4 are good."""
    table = np.arange(10, dtype=np.float32).reshape(5, 2)
    built = faulty.one("Gather", ["table", ("i", TensorProto.INT64, [3])], [3, 2], {"table": table}, name="pick_rows")
    path = tmp_path / "gather.onnx"
    path.write_bytes(built.SerializeToString())
    return path


@pytest.mark.parametrize("index", [5, -6, 2**40, -(2**63), 2**63 - 1])
def test_index_out_of_range(tmp_path, out, index):
    program = [kiln.BINARY, "run", gather(tmp_path), *kiln.settings()]
    result = run(program, out, [("i", np.array([0, index, 1], np.int64))], output="y")
    assert_refused(result, "pick_rows", str(index), "5", folder=out)


def test_index_in_range(tmp_path):
    got = kiln.infer(gather(tmp_path), {"i": np.array([-5, 4, -1], np.int64)}, ["y"])["y"]
    assert got.tolist() == [[0, 1], [8, 9], [8, 9]]


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def edited(data):
    """One byte of an array's data is another."""
    at = data.index(b"NUMPY") + 1000
    return data[:at] + bytes([data[at] ^ 255]) + data[at + 1:]


@pytest.mark.parametrize("raw, words", [
    (npz(picture=IMAGE), ("image", "picture.npy")), (npz(image=IMAGE)[:2000], ()), (b"", ()), (edited(npz(image=IMAGE)), ("image", "damaged")),
    (npz(image=IMAGE[0, 0]), ("image", "32")), (npz(image=IMAGE.astype(">f4")), ("image",)), (None, ()),
])
def test_bad_npz(out, raw, words):
    if raw is not None:
        (out.parent / "in.npz").write_bytes(raw)
    arguments = ["--input", out.parent / "in.npz", "--output", out / "y.npz"]
    assert_refused(kiln.kiln("run", kiln.LENET, *arguments, *kiln.settings(), check=False), "in.npz", *words, folder=out)


def test_unwritable_npz(out):
    (out.parent / "in.npz").write_bytes(npz(image=IMAGE))
    arguments = ["--input", out.parent / "in.npz", "--output", out / "no" / "y.npz"]
    assert_refused(kiln.kiln("run", kiln.LENET, *arguments, *kiln.settings(), check=False), "y.npz", folder=out)
