"""The op suite's table of cases (tests/ops: special values, extreme integers, odd shapes, every type) on a card: the same bounds hold of PTX.

A share of the table, and what once was off there; by hand all of it: KILN_OPERATORS=all."""
import os
import sys

import pytest

from gpu import driver, nets
from models import kiln, native

sys.path.append(os.path.join(kiln.ROOT, "tests", "ops"))
import cases  # noqa: E402
import test_ops  # noqa: E402

STEP = 1 if os.environ.get("KILN_OPERATORS") == "all" else 9
#: A subnormal's floor; products of pairs that became fused.
ONCE_WRONG = {"floor", "ceil", "pow"}
CHOSEN = {i: case for i, case in enumerate(cases.CASES) if i % STEP == 0 or case.op in ONCE_WRONG}


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """All in one model, a kernel each."""
    folder, before = tmp_path_factory.mktemp("operators"), dict(os.environ)
    text, feeds = test_ops.module(CHOSEN, False)
    (folder / "model.mlir").write_text(text)
    kiln.compile(folder / "model.mlir", folder / "model", "shared", None, nets.TARGET, extra=["--prefix", "m"], env=nets.environment())
    os.environ.update(nets.environment())
    with driver.Card() as card:
        pass
    try:
        runner = native.Runner(native.Library(folder / "model.so", "m"), feeds, 1)
    except RuntimeError as error:
        raise AssertionError(card.library.kiln_fake_trap().decode()) from error
    finally:
        os.environ.clear()
        os.environ.update(before)
    yield runner.results()
    runner.close()


@pytest.mark.parametrize("i", CHOSEN, ids=[test_ops.NAMES[i] for i in CHOSEN])
def test_operator(i, computed):
    test_ops.check(CHOSEN[i], computed[f"y{i}"])
