"""Set-up of the CUDA suite: no card is needed. What ships runs in the interpreter behind the fake driver (tests/fake_cuda)."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from gpu import driver  # noqa: E402


@pytest.fixture
def card(monkeypatch):
    """A card, opened; what a test leaves on it is a failure."""
    monkeypatch.setenv("KILN_FAKE_CAPABILITY", "80")
    with driver.Card() as card:
        yield card
