"""Set-up of the end-to-end suite: kiln and its artefacts are called as a user calls them, and judged by what a user sees."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models import kiln  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def binary():
    if not os.access(kiln.BINARY, os.X_OK):
        pytest.fail(f"no kiln at {kiln.BINARY}; build it, or name it in KILN", pytrace=False)
    return kiln.BINARY


@pytest.fixture(scope="session")
def lenet(tmp_path_factory):
    """LeNet-5 as every artefact, embedded weights: the path that the suffixes of kiln.SUFFIXES follow."""
    name = tmp_path_factory.mktemp("lenet") / "lenet5"
    kiln.compile(kiln.LENET, name, "exe,lib,shared,obj,header", extra=["--prefix", "lenet5"])
    return name
