"""Puts sane batch-norm statistics into a model.

In: a model with all weights present. Out: the same model, each BatchNormalization's mean and variance being those of its own
input on one random picture, so that activations stay of order one in depth and different pictures keep different answers.
ONNX Runtime computes them from a copy in which every BatchNormalization is written with ReduceMean.
"""
import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from .weights import image


def normalisation(node):
    """The nodes that compute what `node` does, from its input's own statistics."""
    x, scale, bias = node.input[:3]
    name = node.output[0]
    keep = dict(axes=[0, 2, 3], keepdims=1)
    return [
        helper.make_node("ReduceMean", [x], [f"{name}/mean"], **keep),
        helper.make_node("Sub", [x, f"{name}/mean"], [f"{name}/centred"]),
        helper.make_node("Mul", [f"{name}/centred", f"{name}/centred"], [f"{name}/square"]),
        helper.make_node("ReduceMean", [f"{name}/square"], [f"{name}/exact"], **keep),
        # A channel that hardly moves on this picture must not explode on the next one.
        helper.make_node("ReduceMean", [f"{name}/exact"], [f"{name}/layer"], axes=[1], keepdims=1),
        helper.make_node("Mul", [f"{name}/layer", "/tenth"], [f"{name}/floor"]),
        helper.make_node("Max", [f"{name}/exact", f"{name}/floor"], [f"{name}/var"]),
        helper.make_node("Sqrt", [f"{name}/var"], [f"{name}/deviation"]),
        helper.make_node("Div", [f"{name}/centred", f"{name}/deviation"], [f"{name}/unit"]),
        helper.make_node("Reshape", [scale, "/column"], [f"{name}/scale"]),
        helper.make_node("Reshape", [bias, "/column"], [f"{name}/bias"]),
        helper.make_node("Mul", [f"{name}/unit", f"{name}/scale"], [f"{name}/scaled"]),
        helper.make_node("Add", [f"{name}/scaled", f"{name}/bias"], [name]),
    ]


def measuring(model):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    nodes = [part for node in graph.node
             for part in (normalisation(node) if node.op_type == "BatchNormalization" else [node])]
    layers = [node.output[0] for node in graph.node if node.op_type == "BatchNormalization"]
    del graph.node[:], graph.output[:]
    graph.node.extend(nodes)
    graph.initializer.append(numpy_helper.from_array(np.array([1, -1, 1, 1], np.int64), "/column"))
    graph.initializer.append(numpy_helper.from_array(np.array(0.1, np.float32), "/tenth"))
    graph.output.extend(helper.make_empty_tensor_value_info(f"{n}/{part}") for n in layers for part in ("mean", "var"))
    copy.ir_version = max(copy.ir_version, 4)  # initialisers need not be inputs
    return copy, layers


def calibrate(model, seed):
    copy, layers = measuring(model)
    if not layers:
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])
    given = {t.name for t in copy.graph.initializer}
    (picture,) = [i for i in session.get_inputs() if i.name not in given]
    values = session.run([f"{n}/{p}" for n in layers for p in ("mean", "var")], {picture.name: image(seed, picture.shape)})
    measured = iter(values)
    tensors = {t.name: t for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            for name in node.input[3:5]:
                tensor = tensors[name]
                tensor.CopyFrom(numpy_helper.from_array(next(measured).reshape(-1), name))
