"""Small ONNX nets, written a node at a time, and how they are run: by ONNX Runtime, and compiled for a card by the interpreter."""
import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from gpu import driver
from models import kiln

TARGET = "host-cuda-sm_80"
#: Of random nets: sizes of dimensions, ranks, and how many elements a value may have.
SIZES = [1, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 31, 32, 33, 40, 65]
ANY = [1, 2, 3, 4]
LARGEST = 12000


class Net:
    """Nodes, constants and inputs; the shape of each value that was told. Values are numbers of a seed."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants, self.inputs, self.shapes, self.types = [], [], {}, {}, {}

    def pick(self, values):
        return values[self.random.integers(len(values))]

    def chance(self, share):
        return self.random.random() < share

    def input(self, array, name=None):
        name = name or f"x{len(self.inputs)}"
        self.inputs[name] = array
        self.shapes[name] = array.shape
        return name

    def numbers(self, *shape):
        return self.input(self.random.standard_normal(shape).astype(np.float32))

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def integers(self, *values):
        return self.constant(np.array(values, np.int64))

    def weights(self, *shape):
        return self.constant((self.random.standard_normal(shape) / np.sqrt(np.prod(shape[1:]) or 1)).astype(np.float32))

    def node(self, kind, inputs, shape=None, outputs=1, dtype=np.float32, **attributes):
        """The names of what it gives; a value whose shape is told may be an output."""
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        if shape is not None:
            self.shapes[names[0]] = tuple(int(n) for n in shape)
            self.types[names[0]] = dtype
        return names[0] if outputs == 1 else names

    def model(self, outputs=None):
        """Its outputs: the values told of that no node takes, if none are given."""
        ends = [name for node in self.nodes for name in node.output if name in self.shapes]
        used = {name for node in self.nodes for name in node.input}
        self.outputs = outputs or [name for name in ends if name not in used] or ends[-1:]

        def port(name, dtype):
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), self.shapes[name])
        graph = helper.make_graph(self.nodes, "net", [port(name, array.dtype) for name, array in self.inputs.items()],
                                  [port(name, self.types.get(name, np.float32)) for name in self.outputs], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)

    def save(self, path, outputs=None):
        model = self.model(outputs)
        onnx.save(model, path)
        onnx.checker.check_model(path)

    def expected(self, path):
        """What ONNX Runtime answers, by name."""
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        return dict(zip(self.outputs, onnxruntime.InferenceSession(path, options).run(self.outputs, self.inputs)))


def environment():
    """Of the compiler and of what it makes: PTX alone, run by the fake card."""
    return {**os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80", "KILN_PTXAS": ""}


def answers(path, inputs, outputs, extra=()):
    """What the fake card makes of the model, by name, and what the compiler printed; a trap's words in the error."""
    stem = os.path.splitext(path)[0]
    out = kiln.compile(path, stem, "exe", None, TARGET, env=environment(), extra=extra, timeout=600).out
    log = f"{stem}.log"
    try:
        return kiln.infer(None, inputs, outputs, runner=stem, env={**environment(), "KILN_FAKE_LOG": log}, timeout=600), out
    except kiln.Failed as error:
        with open(log, encoding="utf-8") as file:
            raise AssertionError("".join(line for line in file if "trap" in line) + str(error)) from None


def compare(expected, found, tolerance, of=""):
    """By the value's largest number: sums of what cancels are as exact as their terms."""
    for name, value in expected.items():
        if np.issubdtype(value.dtype, np.floating):
            assert np.isfinite(value).all(), f"the net itself is not sound: {name}"
            scale = max(1e-3, np.abs(value).max(initial=0))
            np.testing.assert_allclose(found[name], value, tolerance, tolerance * scale, err_msg=f"{of} {name}")
        else:
            np.testing.assert_array_equal(found[name], value, err_msg=f"{of} {name}")
