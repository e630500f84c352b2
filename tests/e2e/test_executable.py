"""The compiled executable as a user meets it."""
import re

import numpy as np
import pytest

from models import kiln, reference


def images(count):
    return np.random.default_rng(5).random((count, 1, 1, 32, 32), np.float32)


@pytest.fixture(scope="module")
def expected():
    runner = reference.session(kiln.LENET)
    return np.stack([runner.run(None, {"image": i})[0] for i in images(4)])


def test_one_image(lenet, expected):
    got = kiln.infer(None, {"image": images(4)[0]}, ["probabilities"], runner=lenet)["probabilities"]
    assert got.shape == (1, 10) and got.dtype == np.float32
    np.testing.assert_allclose(got, expected[0], atol=1e-5)


def test_one_more_dimension_is_a_stack(lenet, expected):
    got = kiln.infer(None, {"image": images(4)}, ["probabilities"], runner=lenet)["probabilities"]
    assert got.shape == (4, 1, 10)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_a_stack_of_none(lenet):
    got = kiln.infer(None, {"image": images(0)}, ["probabilities"], runner=lenet)["probabilities"]
    assert got.shape == (0, 1, 10)


@pytest.mark.parametrize("threads", ["1", "2", "7"])
def test_threads_change_nothing(lenet, expected, threads):
    got = kiln.infer(None, {"image": images(4)}, ["probabilities"], runner=lenet, env={"KILN_NUM_THREADS": threads})
    np.testing.assert_allclose(got["probabilities"], expected, atol=1e-5)


def test_npz(lenet, expected, tmp_path):
    np.savez(tmp_path / "in.npz", image=images(4)[0])
    out = tmp_path / "out.npz"
    kiln.kiln("run", kiln.LENET, "--input", tmp_path / "in.npz", "--output", out, *kiln.settings())
    np.testing.assert_allclose(np.load(out)["probabilities"], expected[0], atol=1e-5)


def test_random_inputs_depend_on_the_seed_alone(tmp_path):
    def answer(seed, name):
        kiln.kiln("run", kiln.LENET, "--random-inputs", "--seed", seed, "--output", f"probabilities={tmp_path}/{name}.npy",
                  *kiln.settings())
        return np.load(tmp_path / f"{name}.npy")

    first = answer("1", "a")
    assert np.array_equal(first, answer("1", "b"))
    assert not np.array_equal(first, answer("2", "c"))


def test_bench(lenet):
    result = kiln.execute([lenet, "--bench", "50"])
    assert result.code == 0, result
    line = re.search(r"min ([\d.]+) us, median ([\d.]+) us over 50 runs", result.out)
    assert line, result
    assert 0 < float(line[1]) <= float(line[2])


def test_help(lenet):
    result = kiln.execute([lenet, "--help"])
    assert result.code == 0 and result.err == ""
    for word in ("--input", "--output", "--bench", "--version", "image", "probabilities", "1x1x32x32"):
        assert word in result.out.replace("1,1,32,32", "1x1x32x32").replace("1, 1, 32, 32", "1x1x32x32"), word


def test_version(lenet):
    result = kiln.execute([lenet, "--version"])
    assert result.code == 0 and result.err == ""
    assert "kiln" in result.out and re.search(r"\d+\.\d+\.\d+", result.out)


def test_no_arguments_says_what_it_wants(lenet):
    result = kiln.execute([lenet])
    assert result.code > 0 and "image" in result.err


def test_a_run_is_silent(lenet, tmp_path):
    np.save(tmp_path / "x.npy", images(4)[0])
    result = kiln.execute([lenet, "--input", f"image={tmp_path}/x.npy", "--output", f"probabilities={tmp_path}/y.npy"])
    assert (result.code, result.out, result.err) == (0, "", "")


def test_needs_the_c_library_alone(lenet):
    needed = re.findall(r"NEEDED.*\[(.+)\]", kiln.execute(["readelf", "-d", lenet]).out)
    assert set(needed) <= {"libc.so.6", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2"}
