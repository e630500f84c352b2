"""What is carried: templates at odd sizes, models of the zoo, training steps, matrix products. name -> a function that makes the ONNX
model, or (network, batch) of a training step."""
import functools
import os

import numpy as np
import onnx
from models import kiln, make_models
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def graph(nodes, inputs, output, constants=()):
    """A model of nodes (operator, inputs, output, attributes)."""
    made = helper.make_graph([helper.make_node(op, ins, [out], **attributes) for op, ins, out, attributes in nodes], "case",
                             [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
                             [helper.make_tensor_value_info("y", FLOAT, output)],
                             [numpy_helper.from_array(value, name) for name, value in dict(constants).items()])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def weights(*shape):
    return (np.random.default_rng(7).standard_normal(shape) / np.sqrt(np.prod(shape[1:]) or 1)).astype(np.float32)


def product(m, n, k):
    return graph([("MatMul", ["a", "b"], "y", {})], {"a": [m, k], "b": [k, n]}, [m, n])


def window(shape, filters, size, **attributes):
    batch, channels, height, width = shape
    model = graph([("Conv", ["x", "w"], "c", {"kernel_shape": [size, size], **attributes}), ("Relu", ["c"], "y", {})], {"x": list(shape)},
                  None, {"w": weights(filters, channels // attributes.get("group", 1), size, size)})
    return onnx.shape_inference.infer_shapes(model)


#: Every kind of nest, at sizes that divide no tile.
TEMPLATES = {
    "map": lambda: graph([("Sigmoid", ["x"], "s", {}), ("Mul", ["x", "s"], "y", {})], {"x": [3, 1237]}, [3, 1237]),
    "move": lambda: graph([("Transpose", ["x"], "y", {"perm": [2, 0, 1]})], {"x": [5, 33, 71]}, [71, 5, 33]),
    "rows": lambda: graph([("Softmax", ["x"], "y", {"axis": -1})], {"x": [37, 1003]}, [37, 1003]),
    "columns": lambda: graph([("ReduceSum", ["x", "axes"], "y", {"keepdims": 0})], {"x": [301, 77]}, [77], {"axes": np.array([0], np.int64)}),
    "product_odd": lambda: product(129, 131, 67),
    "product_row": lambda: product(1, 1000, 513),
    "window": lambda: window((2, 19, 23, 29), 33, 3, pads=[1, 1, 1, 1]),
    "window_strided": lambda: window((1, 3, 61, 59), 17, 7, strides=[2, 2], pads=[3, 3, 3, 3]),
    "window_depthwise": lambda: window((2, 35, 15, 17), 35, 3, group=35, pads=[1, 1, 1, 1]),
    "pool": lambda: graph([("MaxPool", ["x"], "y", {"kernel_shape": [3, 3], "strides": [2, 2]})], {"x": [2, 13, 31, 27]}, [2, 13, 15, 13]),
    "gather": lambda: graph([("Gather", ["x", "i"], "y", {"axis": 0})], {"x": [91, 45]}, [5, 45], {"i": np.array([90, 0, -1, 7, 7], np.int64)}),
}


def rebatched(name, rows):
    """A model of batch 1 with another batch: its input, and the shapes that it gives to what depends on it."""
    model = onnx.load(make_models.make(kiln.MODELS, name))
    kept = {t.name: t for t in model.graph.initializer}
    for value in model.graph.input:
        if value.name not in kept:
            value.type.tensor_type.shape.dim[0].dim_value = rows
    for node in model.graph.node:
        if node.op_type == "Reshape" and node.input[0] not in kept and node.input[1] in kept:
            shape = numpy_helper.to_array(kept[node.input[1]]).copy()
            if shape[0] == 1:
                shape[0] = rows
                kept[node.input[1]].CopyFrom(numpy_helper.from_array(shape, node.input[1]))
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.shape.dim[0].dim_value = rows
    return model


def stored(path):
    return functools.partial(onnx.load, path)


MODELS = {"lenet5": stored(kiln.LENET), "mlp_fashion": stored(os.path.join(kiln.DATA, "mlp-fashion.onnx")),
          "gpt_small": functools.partial(rebatched, "gpt_small", 1)}
MODELS.update({f"{name}_{rows}": functools.partial(rebatched, name, rows) for name in ("resnet50", "vgg19") for rows in (1, 32)})
STEPS = {f"step_{net}_64": (net, 64) for net in ("mlp", "lenet5", "mnist_cnn")}
PRODUCTS = {f"product_{n}": functools.partial(product, n, n, n) for n in (512, 1024, 2048, 4096)}
ALL = {**TEMPLATES, **MODELS, **STEPS, **PRODUCTS}


def step_feeds(net, rows, shapes):
    random = np.random.default_rng(1)
    return {"image": random.standard_normal(shapes["image"], np.float32), "target": random.integers(0, 10, rows), "rate": np.float32(0.01),
            "weight": np.ones(rows, np.float32), "step": np.int64(1), "seed": np.int64(0),
            "parameters": 0.05 * random.standard_normal(shapes["parameters"], np.float32),
            "statistics": np.ones(shapes.get("statistics", ()), np.float32)}
