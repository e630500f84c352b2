"""Random small nets, compiled for a card and run through the interpreter against ONNX Runtime. A handful of seeds run in CI (test_fuzz);
by hand, from tests/: python -m gpu.fuzz 0 200. In: seeds. Out: a line a seed, and the models that went wrong in a folder.

A net is a list of nodes grown from its inputs: each takes a value that is there and adds another. What is not continuous (argmax, comparisons,
rounding) is taken of inputs alone, so that a last place cannot become another answer."""
import glob
import os
import sys
import tempfile

import numpy as np

from gpu import fuzz_moves, fuzz_numbers, nets
from gpu.nets import LARGEST, SIZES

GROW = fuzz_numbers.GROW + fuzz_moves.GROW


class Net(nets.Net):
    """One with an input or two, and choices among its values."""

    def __init__(self, seed):
        super().__init__(seed)
        self.fresh = set()  # inputs, whose every bit is known
        for _ in range(self.random.integers(1, 3)):
            self.fresh.add(self.numbers(*self.shape(int(self.random.choice([1, 2, 2, 3, 4, 4, 4])))))

    def shape(self, rank):
        while True:
            shape = tuple(int(self.pick(SIZES)) for _ in range(rank))
            if np.prod(shape) <= LARGEST:
                return shape

    def floats(self):
        return [(name, shape) for name, shape in self.shapes.items() if name in self.types or name in self.fresh]

    def value(self, rank=None, fresh=False):
        """A value that is there, rather a late one; of that rank, if any is."""
        found = [name for name, shape in self.floats() if (rank is None or len(shape) in np.atleast_1d(rank)) and
                 (not fresh or name in self.fresh)]
        if not found:
            return None
        return found[-1] if self.chance(0.6) else self.pick(found)


def net_of(seed):
    net = Net(seed)
    wanted = int(net.random.integers(2, 9))
    while len(net.nodes) < wanted:
        net.pick(GROW)(net)
    return net


def check(seed, folder):
    """Compiles the net of a seed and runs it; an AssertionError says what is wrong."""
    net, path = net_of(seed), os.path.join(folder, f"net{seed}.onnx")
    net.save(path)
    expected = net.expected(path)
    nets.compare(expected, nets.answers(path, net.inputs, net.outputs)[0], 1e-4)


def main(first, last):
    folder = tempfile.mkdtemp(prefix="kiln-fuzz")
    wrong = 0
    for seed in range(first, last):
        try:
            check(seed, folder)
            print(seed, "right", flush=True)
            for name in glob.glob(os.path.join(folder, f"net{seed}*")):
                os.remove(name)
        except Exception as error:  # whatever it is, the next seed is tried, too
            wrong += 1
            print(seed, type(error).__name__, str(error)[:3000], flush=True)
    print(f"{wrong} of {last - first} wrong; their models are in {folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
