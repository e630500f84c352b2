"""Faults planted in the PTX that ships, in every template: a barrier taken away is a race or was one too many; an access, a shuffle, a bound
or an index that is off is a trap or a wrong answer, or it was harmless, which is told apart below.

Harmless are a comparison that no thread decides otherwise (a trap planted where it would is never met), and, as many as ALLOWED:
- who writes what all threads know: another thread writes the same;
- how far the last step of a pipelined loop reads ahead, for nobody (in bounds, or it would trap);
- factors of a product beyond its sum's end, where the other factor is zero, and rows that another guard keeps from being written;
- a barrier where the one before or after it separates the same accesses: all of a kernel's together are never too many.
By hand, all faults and not a dozen of a kind: KILN_PLANTED=all."""
import collections
import os

import numpy as np
import pytest

from gpu import driver, nets, planted, templates
from models import kiln, native

CASES = {  # template, its sizes
    "map": ("elementwise", (3, 45)), "map_of_vectors": ("elementwise", (4, 64)), "map_of_bytes": ("masked", (5, 13)),
    "broadcast": ("broadcast", (3, 1, 7), (5, 1)), "transpose": ("transpose", (5, 33, 7), [2, 0, 1]), "concat": ("concat", [(3, 5), (3, 9)], 1),
    "pad": ("pad", (5, 7), [1, 0, 2, 1], "reflect"), "reverse": ("reversed_slice", (5, 9), 1), "gather": ("gather", (9, 13), 5, 0),
    "pool": ("pool", (2, 3, 9, 7), 3, 2, 1, "AveragePool"), "depthwise": ("depthwise", (2, 5, 9, 7), 3, 1, 1),
    "row_of_a_warp": ("two_sums", (520, 50)), "row_of_less": ("two_sums", (520, 20)), "row_of_a_block": ("two_sums", (3, 1100)),
    "row_across": ("total", (301, 7), [0]), "row_sum": ("total", (5, 700), [1]), "largest": ("largest", (4, 60), 1),
    "parts_of_a_sum": ("parts", 40000), "parts_of_a_product": ("product", 9, 7, 1024), "product": ("product", 37, 45, 35),
    "product_of_vectors": ("product", 64, 32, 32), "window": ("window", (2, 5, 11, 13), 9, 3, 1, 1),
}
#: In the families "comparison", "bound" and "index" together: this share of a template's faults.
ALLOWED = 0.1
LIMIT = 12  # faults of a kind in a kernel
STATE = """func.func @main(%a: tensor<9x21xf32> {kiln.name = "a"}, %b: tensor<21x11xf32> {kiln.name = "b"}, %p: tensor<99xf32> {kiln.name = "p"})
    -> (tensor<99xf32> {kiln.name = "p", kiln.tied = "p"}) {
  %rate = kiln.constant dense<0.1> : tensor<99xf32>
  %0 = kiln.contract %a, %b {labels = "mk,kn->mn"} : (tensor<9x21xf32>, tensor<21x11xf32>) -> tensor<9x11xf32>
  %1 = kiln.reshape %0 {shape = array<i64: 99>} : (tensor<9x11xf32>) -> tensor<99xf32>
  %2 = kiln.mul %1, %rate : (tensor<99xf32>, tensor<99xf32>) -> tensor<99xf32>
  %3 = kiln.sub %p, %2 : (tensor<99xf32>, tensor<99xf32>) -> tensor<99xf32>
  return %3 : tensor<99xf32>
}
"""


class Model:
    """A compiled library, loaded; its kernels' texts; its feeds and answers."""

    def __init__(self, folder, source, feeds, expected):
        self.folder, self.feeds, self.expected = folder, feeds, expected
        kiln.compile(source, folder / "model", "shared", target=nets.TARGET, extra=["--prefix", "m"], env=nets.environment())
        self.texts = planted.texts((folder / "model.so").read_bytes())
        self.library = native.Library(folder / "model.so", "m")

    def ends(self, text):
        """How a run ends with this text in the place of its kernel: "right", "wrong", or what the interpreter trapped."""
        (self.folder / "planted.ptx").write_text(text)
        with driver.Card() as card:  # reads the environment again
            pass
        try:
            runner = native.Runner(self.library, self.feeds, 1, tied=True)
        except RuntimeError as error:
            return card.library.kiln_fake_trap().decode() or str(error)
        found = runner.results()
        runner.close()
        try:
            nets.compare(self.expected, found, 2e-5)
        except AssertionError:
            return "wrong"
        return "right"


def state(folder):
    random = np.random.default_rng(1)
    feeds = {name: random.standard_normal(shape, np.float32) for name, shape in (("a", (9, 21)), ("b", (21, 11)), ("p", 99))}
    (folder / "model.mlir").write_text(STATE)
    return Model(folder, folder / "model.mlir", feeds, {"p": feeds["p"] - np.float32(0.1) * (feeds["a"] @ feeds["b"]).reshape(99)})


@pytest.fixture(params=[*CASES, "state"])
def model(request, tmp_path, monkeypatch):
    for name, value in {**nets.environment(), "KILN_FAKE_PTX": str(tmp_path / "planted.ptx"), "KILN_FAKE_LIMIT": "20000000"}.items():
        monkeypatch.setenv(name, value)
    if request.param == "state":
        return state(tmp_path)
    template, *sizes = CASES[request.param]
    net, path = nets.Net(1), tmp_path / "model.onnx"
    templates.TEMPLATES[template](net, *sizes)
    net.save(path)
    return Model(tmp_path, path, net.inputs, net.expected(path))


def sampled(faults):
    """As many of each family, evenly."""
    kinds = collections.defaultdict(list)
    for fault in faults:
        kinds[fault[0]].append(fault)
    for family, found in kinds.items():
        step = 1 if os.environ.get("KILN_PLANTED") == "all" or family == "barrier" else -(-len(found) // LIMIT)
        yield from found[::step]


def test_faults(model):
    counts, doubtful, unseen = collections.Counter(), [], []
    for text in model.texts:
        assert model.ends(text) == "right"
        faults = list(sampled(planted.faults(text)))
        assert faults
        for family, what, changed, probe in faults:
            end = model.ends(changed)
            counts[family] += 1
            if family == "barrier":
                assert end == "right" or "race" in end, (what, end)
            elif end == "right" and probe:
                met = model.ends(probe)
                assert met == "right" or met.startswith("trap"), (what, met)
                if met != "right":
                    doubtful.append(what)
            elif end == "right":
                (doubtful if family == "index" else unseen).append((family, what))
        lines = text.split("\n")
        without = [line for line in lines if not list(planted.barrier(line.strip()))]
        if len(without) < len(lines):
            assert "race" in model.ends("\n".join(without))
    print(dict(counts), doubtful)
    assert not unseen
    assert len(doubtful) <= ALLOWED * sum(counts.values())
