"""The onnx wheel's operator tests. Those in node_tests.txt must pass; the others are skipped with the reason in node_skips.txt."""
import os

import pytest

import node_cases
import node_run

HERE = os.path.dirname(os.path.abspath(__file__))


def listed(name):
    path = os.path.join(HERE, name)
    lines = open(path).read().splitlines() if os.path.exists(path) else []
    return [line for line in lines if line and not line.startswith("#")]


MUST_PASS = listed("node_tests.txt")
SKIPPED = dict(line.split(": ", 1) for line in listed("node_skips.txt"))


@pytest.fixture(scope="module")
def results():
    """All that must pass, in a few processes."""
    collected = node_cases.collect()
    return node_run.run([collected[name] for name in MUST_PASS])


def test_every_case_is_listed_once():
    collected = set(node_cases.collect())
    assert MUST_PASS
    assert not set(MUST_PASS) & set(SKIPPED)
    assert set(MUST_PASS) | set(SKIPPED) == collected


#: Here ONNX Runtime gives kiln's answer, too: the tests stretch a length that they do not round.
DISPUTED = {"test_resize_downsample_scales_linear_align_corners", "test_resize_downsample_scales_cubic_align_corners"}


def test_no_wrong_answer_is_skipped():
    """What kiln cannot do it refuses."""
    assert {name for name, reason in SKIPPED.items() if reason.startswith("wrong")} <= DISPUTED


@pytest.mark.parametrize("name", MUST_PASS)
def test_passes(results, name):
    assert results[name] == node_run.PASSED


@pytest.mark.parametrize("name", SKIPPED)
def test_skipped(name):
    pytest.skip(SKIPPED[name])
