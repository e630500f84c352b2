"""Set-up of the builder suite: the graphs of kiln-builder-cases, and how they are run."""
import json
import os
import re
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models import kiln  # noqa: E402


class Graph:
    """One .mlir file: its inputs by name, and its results for given arrays."""

    DTYPES = {"f32": np.float32, "i64": np.int64, "i1": np.bool_}

    def __init__(self, path):
        self.path = path
        with open(path) as file:
            self.text = file.read()
        head = self.text[self.text.index("@main("):self.text.index(") ->")]
        self.inputs = {}
        for type, name in re.findall(r'tensor<([^>]*)> \{kiln.name = "([^"]*)"\}', head):
            *shape, element = type.split("x")
            self.inputs[name] = ([int(n) for n in shape], self.DTYPES[element])

    def run(self, folder, feeds):
        for name, (shape, dtype) in self.inputs.items():
            assert list(np.shape(feeds[name])) == shape, name
        given, made = os.path.join(folder, "in.npz"), os.path.join(folder, "out.npz")
        np.savez(given, **{name: np.asarray(feeds[name], dtype) for name, (_, dtype) in self.inputs.items()})
        kiln.kiln("run", self.path, "--input", given, "--output", made, *kiln.settings())
        with np.load(made) as archive:
            return {name: archive[name] for name in archive.files}


class Cases:
    """A module of many cases whose inputs are called `case.name`, run once."""

    def __init__(self, graph, folder, draw):
        self.feeds = {name: draw(name, shape, dtype) for name, (shape, dtype) in graph.inputs.items()}
        self.results = graph.run(folder, self.feeds)

    def names(self):
        return {name.split(".")[0] for name in self.feeds}

    def part(self, case, values):
        return {name[len(case) + 1:]: array for name, array in values.items() if name.startswith(case + ".")}

    def inputs(self, case):
        return {name: np.float64(a) if a.dtype == np.float32 else a for name, a in self.part(case, self.feeds).items()}

    def outputs(self, case):
        return self.part(case, self.results)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("graphs")
    done = kiln.execute([os.path.join(os.path.dirname(kiln.BINARY), "kiln-builder-cases"), made])
    assert done.code == 0, done
    return made


class Steps:
    """A model's training graphs and the parts of their regions."""

    def __init__(self, folder, name):
        self.folder = folder
        self.step, self.evaluate = Graph(folder / f"{name}.step.mlir"), Graph(folder / f"{name}.evaluate.mlir")
        with open(folder / f"{name}.json") as file:
            facts = json.load(file)
        self.parameters, self.statistics = facts["parameters"], facts["statistics"]
        self.first = load_file(folder / f"{name}.safetensors")

    def region(self, parts, values=None):
        return np.concatenate([np.ravel((values or self.first)[p["name"]]) for p in parts]).astype(np.float32)

    def split(self, parts, region):
        return {p["name"]: region[p["offset"]:p["offset"] + int(np.prod(p["shape"]))].reshape(p["shape"]) for p in parts}
