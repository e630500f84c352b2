"""Models with one fault each. `FAULTS` maps a fault's name to (how to make the model, words that the error must contain)."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F32, I64 = TensorProto.FLOAT, TensorProto.INT64


def model(nodes, inputs, outputs, constants=None, opset=17, domain=""):
    """Unchecked: onnx's checker would refuse most of these."""
    graph = helper.make_graph(
        nodes, "faulty", [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
        [helper.make_tensor_value_info(n, t, s) for n, t, s in outputs],
        [numpy_helper.from_array(a, n) for n, a in (constants or {}).items()])
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid(domain, opset)])
    built.ir_version = 8
    return built


def one(operator, inputs, out_shape, constants=None, out_type=F32, name="the_node", opset=17, domain=None, **attributes):
    """A model of one node, whose inputs that are no constants are the model's: (name, type, shape)."""
    constants = constants or {}
    names = [i if isinstance(i, str) else i[0] for i in inputs]
    node = helper.make_node(operator, names, ["y"], name=name, domain=domain, **attributes)
    return model([node], [i for i in inputs if not isinstance(i, str)], [("y", out_type, out_shape)], constants, opset)


def f32(*shape):
    return np.ones(shape, np.float32)


def i64(*values):
    return np.array(values, np.int64)


def cycle():
    nodes = [helper.make_node("Add", ["x", "b"], ["a"], name="first"), helper.make_node("Relu", ["a"], ["b"], name="second")]
    return model(nodes, [("x", F32, [2])], [("b", F32, [2])])


def produced_twice():
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="first"), helper.make_node("Abs", ["x"], ["y"], name="second")]
    return model(nodes, [("x", F32, [2])], [("y", F32, [2])])


def short_weight():
    built = one("Add", [("x", F32, [4]), "the_weight"], [4], {"the_weight": f32(4)})
    built.graph.initializer[0].raw_data = built.graph.initializer[0].raw_data[:-4]
    return built


def huge_weight():
    built = one("Add", [("x", F32, [4]), "the_weight"], [4], {"the_weight": f32(4)})
    built.graph.initializer[0].dims[:] = [2**62, 2**62]
    return built


def negative_weight():
    built = one("Add", [("x", F32, [4]), "the_weight"], [4], {"the_weight": f32(4)})
    built.graph.initializer[0].dims[:] = [-4]
    return built


def no_outputs():
    built = one("Relu", [("x", F32, [4])], [4])
    del built.graph.output[:]
    return built


def unknown_dtype():
    built = one("Relu", [("x", F32, [4])], [4])
    built.graph.input[0].type.tensor_type.elem_type = 99
    return built


def many_unsupported():
    nodes = [helper.make_node("Frobnicate", ["x"], ["a"], name="alpha"), helper.make_node("NonMaxSuppression", ["a", "a"], ["b"], name="beta"),
             helper.make_node("GridSample", ["a", "b"], ["y"], name="gamma")]
    return model(nodes, [("x", F32, [1, 2, 3])], [("y", F32, None)])


X = ("x", F32, [2, 3])
PICTURE = ("x", F32, [1, 3, 8, 8])

FAULTS = {
    "cycle": (cycle, ["cycle"]),
    "produced_twice": (produced_twice, ["y"]),
    "missing_initialiser": (lambda: one("Add", [X, "the_weight"], [2, 3]), ["the_weight"]),
    "output_never_made": (lambda: model([helper.make_node("Relu", ["x"], ["z"])], [X], [("y", F32, [2, 3])]), ["y"]),
    "no_outputs": (no_outputs, ["output"]),
    "short_weight": (short_weight, ["the_weight"]),
    "huge_weight": (huge_weight, ["the_weight"]),
    "negative_weight": (negative_weight, ["the_weight"]),
    "unknown_dtype": (unknown_dtype, ["x"]),
    "unknown_operator": (lambda: one("Frobnicate", [X], [2, 3]), ["Frobnicate", "the_node"]),
    "unknown_domain": (lambda: one("Relu", [X], [2, 3], domain="org.example"), ["org.example"]),
    "newer_opset": (lambda: one("Relu", [X], [2, 3], opset=99), ["99"]),
    "all_unsupported_at_once": (many_unsupported, ["Frobnicate", "alpha", "NonMaxSuppression", "beta", "GridSample", "gamma"]),
    "no_broadcast": (lambda: one("Add", [X, "w"], [2, 3], {"w": f32(2, 4)}), ["the_node"]),
    "inner_dimensions": (lambda: one("MatMul", [X, "w"], [2, 4], {"w": f32(5, 4)}), ["the_node"]),
    "reshape_count": (lambda: one("Reshape", [X, "s"], [4], {"s": i64(4)}), ["the_node"]),
    "reshape_two_unknown": (lambda: one("Reshape", [X, "s"], [6], {"s": i64(-1, -1)}), ["the_node"]),
    "concat_shapes": (lambda: one("Concat", [X, "w"], [4, 3], {"w": f32(2, 4)}, axis=0), ["the_node"]),
    "axis_out_of_range": (lambda: one("Softmax", [X], [2, 3], axis=5), ["the_node", "axis"]),
    "bad_permutation": (lambda: one("Transpose", [X], [2, 3], perm=[0, 0]), ["the_node", "perm"]),
    "conv_channels": (lambda: one("Conv", [PICTURE, "w"], [1, 4, 6, 6], {"w": f32(4, 5, 3, 3)}), ["the_node"]),
    "conv_group": (lambda: one("Conv", [PICTURE, "w"], [1, 4, 6, 6], {"w": f32(4, 1, 3, 3)}, group=2), ["the_node"]),
    "conv_stride_zero": (lambda: one("Conv", [PICTURE, "w"], [1, 4, 6, 6], {"w": f32(4, 3, 3, 3)}, strides=[0, 0]), ["the_node"]),
    "conv_window_too_large": (lambda: one("Conv", [PICTURE, "w"], [1, 4, 1, 1], {"w": f32(4, 3, 9, 9)}), ["the_node"]),
    "pool_attribute_missing": (lambda: one("MaxPool", [PICTURE], [1, 3, 6, 6]), ["the_node", "kernel_shape"]),
    "attribute_type": (lambda: one("Concat", [X], [2, 3], axis="zero"), ["the_node", "axis"]),
    "too_few_inputs": (lambda: one("Conv", [PICTURE], [1, 4, 6, 6]), ["the_node"]),
    "too_many_inputs": (lambda: one("Relu", [X, "w"], [2, 3], {"w": f32(2, 3)}), ["the_node"]),
    "types_differ": (lambda: one("Add", [X, ("n", I64, [2, 3])], [2, 3]), ["the_node"]),
    "type_of_float_operator": (lambda: one("Erf", [("n", TensorProto.BOOL, [2])], [2], out_type=TensorProto.BOOL), ["the_node"]),
    "constant_index_out_of_range": (lambda: one("Gather", [X, "i"], [1, 3], {"i": i64(2)}), ["the_node"]),
    "open_dimension": (lambda: one("Relu", [("x", F32, ["batch", 3])], ["batch", 3]), ["--dim", "batch"]),
    "open_without_name": (lambda: one("Relu", [("x", F32, [None, 3])], [None, 3]), ["x"]),
    "shape_from_data": (lambda: one("Reshape", [X, ("s", I64, [1])], [6]), ["the_node"]),
    "absurd_input": (lambda: one("Relu", [("x", F32, [2**40, 2**20])], [2**40, 2**20]), ["x"]),
    "overflowing_input": (lambda: one("Relu", [("x", F32, [2**32, 2**32, 4])], [2**32, 2**32, 4]), ["x"]),
    "negative_input": (lambda: one("Relu", [("x", F32, [-5, 3])], [-5, 3]), ["x"]),
    "absurd_expand": (lambda: one("Expand", [("x", F32, [1]), "s"], [10**15], {"s": i64(10**15)}), ["the_node"]),
    "absurd_constant": (lambda: one("ConstantOfShape", ["s"], [10**15], {"s": i64(10**15)}), ["the_node"]),
    "absurd_pad": (lambda: one("Pad", [("x", F32, [1]), "p"], [10**15], {"p": i64(0, 10**15)}), ["the_node"]),
    "absurd_tile": (lambda: one("Tile", [X, "r"], None, {"r": i64(2**40, 2**40)}), ["the_node"]),
    "absurd_rank": (lambda: one("Relu", [("x", F32, [1] * 40)], [1] * 40), ["x"]),
}
