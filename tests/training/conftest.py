"""Set-up of the training suite: zoo models become trainers, which train on arrays; what they leave is read as PyPI's safetensors does."""
import json
import os
import sys

import numpy as np
import pytest
from safetensors import safe_open

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models import kiln  # noqa: E402


class Checkpoint:
    """The tensors and texts of a checkpoint; regions are flat, in the order that `kiln.parameters` names."""

    def __init__(self, path):
        with safe_open(path, "numpy") as file:
            self.tensors = {key: file.get_tensor(key) for key in file.keys()}
            self.texts = file.metadata()
        self.names = json.loads(self.texts["kiln.parameters"])
        self.state = json.loads(self.texts["kiln.state"])

    def parameters(self):
        return {name: self.tensors[name] for name in self.names}

    def split(self, region):
        parts, start = {}, 0
        for name in self.names:
            shape = self.tensors[name].shape
            parts[name] = region[start:start + int(np.prod(shape))].reshape(shape)
            start += parts[name].size
        assert start == region.size
        return parts


class Trainer:
    """A native trainer, run in a folder of its own."""

    def __init__(self, folder, model, *options):
        self.folder, self.path = folder, folder / "trainer"
        kiln.kiln("train", model, "--emit=exe", "-o", self.path, *kiln.settings(), *options)

    def run(self, *arguments, **more):
        return kiln.execute([self.path, *arguments], cwd=self.folder, **more)

    def train(self, data, *arguments):
        """Trains on {name: array}, rows in their order; returns the checkpoint."""
        np.savez(self.folder / "data.npz", **data)
        done = self.run("--data", "data.npz", "--in-order", "--checkpoint", "c.safetensors", *arguments)
        assert done.code == 0, done
        return Checkpoint(self.folder / "c.safetensors")


@pytest.fixture(scope="session")
def trainer(tmp_path_factory):
    """trainer(MODEL, OPTION...): compiled once for each."""
    made = {}

    def make(*key):
        if key not in made:
            made[key] = Trainer(tmp_path_factory.mktemp("trainer"), *key)
        return made[key]
    return make
