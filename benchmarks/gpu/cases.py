"""What is carried, in the order in which it is asked: templates at odd sizes, networks with peers in PyTorch, training steps, matrix
products, the rest of the zoo. name -> a function that makes the ONNX model, or (network, batch) of a training step."""
import functools
import os

import numpy as np
import onnx
from models import calibrate, kiln, light, make_models
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
#: Weights larger than this are repeated from their first values: a prime number, so that no two rows are alike before it.
BLOCK = 4099


def graph(nodes, inputs, output, constants=(), dtype=FLOAT):
    """A model of nodes (operator, inputs, output, attributes)."""
    made = helper.make_graph([helper.make_node(op, ins, [out], **attributes) for op, ins, out, attributes in nodes], "case",
                             [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
                             [helper.make_tensor_value_info("y", dtype, output)],
                             [numpy_helper.from_array(value, name) for name, value in dict(constants).items()])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model if output else onnx.shape_inference.infer_shapes(model)


def weights(*shape):
    return (np.random.default_rng(7).standard_normal(shape) / np.sqrt(np.prod(shape[1:]) or 1)).astype(np.float32)


def product(m, n, k, *batch):
    return graph([("MatMul", ["a", "b"], "y", {})], {"a": [*batch, m, k], "b": [*batch, k, n]}, [*batch, m, n])


def window(shape, filters, size, operator="Conv", **attributes):
    _, channels, _, _ = shape
    kernel = (filters, channels // attributes.get("group", 1)) if operator == "Conv" else (channels, filters)
    return graph([(operator, ["x", "w"], "c", {"kernel_shape": [size, size], **attributes}), ("Relu", ["c"], "y", {})], {"x": list(shape)},
                 None, {"w": weights(*kernel, size, size)})


def one(operator, shape, output=None, dtype=FLOAT, constants=(), **attributes):
    """A node of one input x and constants."""
    return graph([(operator, ["x", *dict(constants)], "y", attributes)], {"x": list(shape)}, output, constants, dtype)


#: Every kind of nest, at sizes that divide no tile.
TEMPLATES = {
    "map": lambda: graph([("Sigmoid", ["x"], "s", {}), ("Mul", ["x", "s"], "y", {})], {"x": [3, 1237]}, [3, 1237]),
    "move": lambda: one("Transpose", [5, 33, 71], perm=[2, 0, 1]),
    "move_tall": lambda: one("Transpose", [70001, 5], perm=[1, 0]),
    "rows": lambda: one("Softmax", [37, 1003], axis=-1),
    "rows_short": lambda: one("Softmax", [1001, 10], axis=-1),
    "rows_norm": lambda: one("LayerNormalization", [19, 1021], [19, 1021], constants={"s": weights(1021), "b": weights(1021)[::-1].copy()}),
    "rows_largest": lambda: one("ArgMax", [41, 777], [41], TensorProto.INT64, axis=1, keepdims=0),
    "columns": lambda: one("ReduceSum", [301, 77], [77], constants={"axes": np.array([0], np.int64)}, keepdims=0),
    "sum_long": lambda: one("ReduceSum", [3, 200003], [3], constants={"axes": np.array([1], np.int64)}, keepdims=0),
    "product_odd": lambda: product(129, 131, 67),
    "product_row": lambda: product(1, 1000, 513),
    "product_deep": lambda: product(7, 5, 20011),
    "product_tall": lambda: product(70001, 3, 5),
    "product_batched": lambda: product(33, 29, 47, 6),
    "window": lambda: window((2, 19, 23, 29), 33, 3, pads=[1, 1, 1, 1]),
    "window_point": lambda: window((1, 67, 14, 15), 130, 1),
    "window_strided": lambda: window((1, 3, 61, 59), 17, 7, strides=[2, 2], pads=[3, 3, 3, 3]),
    "window_dilated": lambda: window((1, 8, 21, 27), 12, 3, dilations=[2, 3]),
    "window_grouped": lambda: window((1, 12, 17, 18), 20, 3, group=4),
    "window_depthwise": lambda: window((2, 35, 15, 17), 35, 3, group=35, pads=[1, 1, 1, 1]),
    "window_transposed": lambda: window((1, 10, 13, 11), 6, 3, "ConvTranspose", strides=[2, 2]),
    "pool": lambda: one("MaxPool", [2, 13, 31, 27], kernel_shape=[3, 3], strides=[2, 2]),
    "pool_average": lambda: one("AveragePool", [2, 13, 31, 27], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    "gather": lambda: one("Gather", [91, 45], constants={"i": np.array([90, 0, -1, 7, 7], np.int64)}, axis=0),
}


def rebatched(model, rows):
    """A model of batch 1 with another batch: its input, and the shapes that it gives to what depends on it."""
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


def repeated(model):
    """Large weights are repeated; a batch norm's scales are two numbers and its variance is one, so that folding it leaves them so; of a Mul
    that follows a batch norm the same."""
    tensors, uses = {t.name: t for t in model.graph.initializer}, light.users(model.graph)

    def change(name, array):
        tensors[name].CopyFrom(numpy_helper.from_array(array.astype(np.float32), name))
    norms = [node for node in model.graph.node if node.op_type == "BatchNormalization"]
    for name, tensor in tensors.items():
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.size > BLOCK:
            change(name, np.resize(np.ravel(array)[:BLOCK], array.shape))
    for name, tensor in tensors.items():
        if norms and tensor.data_type == FLOAT and name in uses and light.role(name, uses) in (("Mul", 1), ("BatchNormalization", 1)):
            change(name, np.resize([0.75, 1.5], tensor.dims))
    calibrate.calibrate(model, 0)
    for node in norms:
        variance = numpy_helper.to_array(tensors[node.input[4]])
        change(node.input[4], np.full_like(variance, variance.mean()))
    return model


def zoo(name, rows=1):
    model = repeated(onnx.load(make_models.make(kiln.MODELS, name)))
    return model if rows == 1 else rebatched(model, rows)


def inner(make):
    """The model with all that is computed within as outputs, too, in order: of a wrong one, the first of them that is wrong tells where."""
    model = onnx.shape_inference.infer_shapes(make())
    known = {value.name: value for value in model.graph.value_info}
    last = list(model.graph.output)
    del model.graph.output[:]
    model.graph.output.extend(known[name] for node in model.graph.node for name in node.output
                              if name in known and known[name].type.tensor_type.elem_type == FLOAT)
    model.graph.output.extend(last)
    return model


def stored(path):
    return functools.partial(onnx.load, path)


MODELS = {"lenet5": stored(kiln.LENET), "mlp_fashion": stored(os.path.join(kiln.DATA, "mlp-fashion.onnx")),
          "gpt_small": functools.partial(zoo, "gpt_small")}
MODELS.update({f"{name}_{rows}": functools.partial(zoo, name, rows) for name in ("resnet50", "vgg19") for rows in (1, 32)})
STEPS = {f"step_{net}_64": (net, 64) for net in ("mlp", "lenet5", "mnist_cnn")}
STEPS.update({f"step_{net}": (net, 16) for net in ("gpt", "lstm", "resnet", "bn_cnn", "mlp_dropout", "bigram", "softmax_regression", "xor",
                                                   "line", "perceptron")})
PRODUCTS = {f"product_{n}": functools.partial(product, n, n, n) for n in (512, 1024, 2048, 4096)}
OTHERS = {name: functools.partial(zoo, name) for name in make_models.MODELS if name not in ("resnet50", "vgg19", "gpt_small")}
ALL = {**TEMPLATES, **MODELS, **STEPS, **PRODUCTS, **OTHERS}
#: Those that PyTorch does, too (networks.py).
PEERS = [*MODELS, *(f"step_{net}_64" for net in ("mlp", "lenet5", "mnist_cnn")), "step_gpt", "step_lstm", "step_resnet", "step_softmax_regression",
         *PRODUCTS]


def inputs_of(model):
    """How each input of an ONNX model is drawn."""
    from models import reference
    found = {}
    for value in reference.real_inputs(model.graph):
        kind = value.type.tensor_type
        shape, dtype = [d.dim_value for d in kind.shape.dim], helper.tensor_dtype_to_np_dtype(kind.elem_type)
        how = {"kind": "uniform", "low": -1.7, "high": 1.7}
        if np.issubdtype(dtype, np.integer):
            how = {"kind": "integers", "low": 0, "high": int(reference.index_limit(model.graph, value.name))}
        elif len(shape) == 4 and shape[-1] > 100:
            how = {"kind": "picture"}
        found[value.name] = {"shape": shape, "dtype": np.dtype(dtype).name, **how}
    return found


def weights_of(model):
    """(weight, whether its matrix lies on its side for PyTorch's Linear) in the order of their use."""
    tensors = {t.name: t for t in model.graph.initializer if t.data_type == FLOAT and np.prod(t.dims) > 1}
    found = {}
    for node in model.graph.node:
        for name in node.input:
            if name in tensors:
                found.setdefault(name, (numpy_helper.to_array(tensors[name]), node.op_type == "MatMul"))
    return list(found.values())


#: Inputs of a training step that are none of the batch. Rate 1: what a parameter loses is its gradient.
STATE = {"rate": ("constant", 1), "weight": ("constant", 1), "step": ("constant", 1), "seed": ("constant", 0), "apply": ("constant", 1),
         "parameters": ("uniform", -0.1, 0.1), "statistics": ("constant", 1)}


def inputs_of_step(net, tensors):
    """`tensors`: name -> shape, dtype."""
    words = 256 if net in ("gpt", "lstm", "bigram") else 10
    found = {}
    for name, (shape, dtype) in tensors.items():
        how = STATE.get(name, ("integers", 0, words) if np.issubdtype(dtype, np.integer) else ("uniform", -1.7, 1.7))
        found[name] = {"shape": list(shape), "dtype": np.dtype(dtype).name, **dict(zip(("kind", "low", "high"), how))}
    return found
