"""The nine `light_*` models of the onnx wheel, with real weights.

There every weight is a constant 0.02 (a ConstantOfShape node or an initialiser), so each answer is the same for every input.
Here each becomes an initialiser of the size it has in the original network: He-scaled convolutions and dense layers, batch-norm
scales near one, and statistics from calibrate.py. Structure, names and opset stay as they were.
"""
import os

import numpy as np
import onnx
import onnx.backend.test
from onnx import TensorProto, helper, numpy_helper

from .calibrate import calibrate
from .weights import Weights

NAMES = ("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet", "vgg19",
         "zfnet512")
FOLDER = os.path.join(os.path.dirname(onnx.backend.test.__file__), "data", "light")


def users(graph):
    found = {}
    for node in graph.node:
        for position, name in enumerate(node.input):
            found.setdefault(name, []).append((node, position))
    return found


def role(name, uses):
    """The operator and operand position a weight ends up in, seen through the Reshape or Unsqueeze in front of it."""
    node, position = uses[name][0]
    while node.op_type in ("Reshape", "Unsqueeze"):
        node, position = uses[node.output[0]][0]
    return node.op_type, position


def values(weights, name, shape, place):
    if place in (("Conv", 1), ("Gemm", 1)):
        return weights.he(name, shape, np.prod(shape[1:]))  # every Gemm here has transB = 1
    if place in (("Mul", 1), ("BatchNormalization", 1)):
        return weights.uniform(name, shape, 0.8, 1.2)
    if place == ("BatchNormalization", 4):
        return np.ones(shape, np.float32)
    if place == ("BatchNormalization", 3):
        return np.zeros(shape, np.float32)
    if place in (("Conv", 2), ("Gemm", 2), ("BatchNormalization", 2), ("Add", 1)):
        return weights.normal(name, shape, 0.1)
    raise ValueError(f"{name}: no weights known for operand {place[1]} of {place[0]}")


def light(name, seed):
    model = onnx.load(os.path.join(FOLDER, f"light_{name}.onnx"))
    graph, weights, uses = model.graph, Weights(seed, name), users(model.graph)
    kept = {t.name: t for t in graph.initializer}
    inputs = [i for i in graph.input if i.name not in kept]
    shapes = {}  # of every weight: a ConstantOfShape's result or a float initialiser
    nodes = []
    for node in graph.node:
        if node.op_type == "ConstantOfShape":
            shapes[node.output[0]] = tuple(int(d) for d in numpy_helper.to_array(kept.pop(node.input[0])))
        else:
            nodes.append(node)
    for tensor in list(kept.values()):
        if tensor.data_type == TensorProto.FLOAT:
            del kept[tensor.name]
            if tensor.name in uses:
                shapes[tensor.name] = tuple(tensor.dims)
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept.values())
    for weight in sorted(shapes):
        array = values(weights, weight, shapes[weight], role(weight, uses))
        graph.initializer.append(numpy_helper.from_array(array, weight))
    del graph.input[:]
    graph.input.extend(inputs)
    for tensor in graph.initializer:  # IR version 3: an initialiser is an input, too
        graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    calibrate(model, seed)
    onnx.checker.check_model(model)
    return model
