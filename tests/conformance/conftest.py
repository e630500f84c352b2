"""Set-up of the conformance suite: where things are, and what a machine runs."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models import kiln  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "big: a network of many seconds; runs on one instruction set unless KILN_ALL=1")


def pytest_collection_modifyitems(items):
    for item in items:
        target = getattr(item, "callspec", None) and item.callspec.params.get("target")
        if item.get_closest_marker("big") and target != kiln.host_targets()[-1] and not os.environ.get("KILN_ALL"):
            item.add_marker(pytest.mark.skip(reason="big networks run on one instruction set; KILN_ALL=1 runs them on all"))


@pytest.fixture(scope="session", autouse=True)
def binary():
    if not os.access(kiln.BINARY, os.X_OK):
        pytest.fail(f"no kiln at {kiln.BINARY}; build it, or name it in KILN", pytrace=False)
    return kiln.BINARY
