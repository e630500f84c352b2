"""make.py FOLDER NAME...: writes small ONNX models, as FOLDER/NAME.onnx, which the importer's tests read as text afterwards."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F32, I64 = TensorProto.FLOAT, TensorProto.INT64


def node(operator, inputs, output, name, **attributes):
    return helper.make_node(operator, inputs, [output], name=name, **attributes)


def model(nodes, inputs, outputs, constants, opset=17):
    graph = helper.make_graph(nodes, "small", [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs],
                              [helper.make_tensor_value_info(n, t, s) for n, t, s in outputs],
                              [numpy_helper.from_array(np.asarray(a), n) for n, a in constants.items()])
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    built.ir_version = 8
    return built


def convolution():
    """Padding by name, a group, a bias; a pool over what it gives."""
    return model([node("Conv", ["x", "w", "b"], "c", "/conv", auto_pad="SAME_UPPER", strides=[2, 2], group=2),
                  node("Relu", ["c"], "r", "/relu"), node("MaxPool", ["r"], "y", "/pool", kernel_shape=[2, 2], strides=[2, 2])],
                 [("x", F32, [1, 4, 9, 9])], [("y", F32, None)], {"w": np.ones((6, 2, 3, 3), "f4"), "b": np.arange(6, dtype="f4")})


def gemm():
    return model([node("Gemm", ["a", "b", "c"], "y", "/gemm", transA=1, transB=1, alpha=0.5)],
                 [("a", F32, [3, 2]), ("b", F32, [5, 3]), ("c", F32, [5])], [("y", F32, [2, 5])], {})


def shapes():
    """What exporters write for x.reshape(x.shape[0], -1)."""
    return model([node("Shape", ["x"], "s", "/shape"), node("Gather", ["s", "zero"], "n", "/gather"),
                  node("Unsqueeze", ["n", "axes"], "u", "/unsqueeze"), node("Concat", ["u", "rest"], "t", "/concat", axis=0),
                  node("Reshape", ["x", "t"], "y", "/reshape")],
                 [("x", F32, ["batch", 3, 4])], [("y", F32, ["batch", 12])],
                 {"zero": np.int64(0), "axes": np.array([0]), "rest": np.array([-1])})


def constants():
    """A scalar in the graph, a weight beside it, and an Identity and a Dropout that leave no trace."""
    return model([node("Constant", [], "two", "/two", value_float=2.0), node("Mul", ["x", "two"], "m", "/mul"),
                  node("Identity", ["m"], "i", "/identity"), node("Dropout", ["i"], "d", "/dropout"), node("Add", ["d", "w"], "y", "/add")],
                 [("x", F32, [4, 8])], [("y", F32, [4, 8])], {"w": np.arange(32, dtype="f4").reshape(4, 8)})


def refused():
    """Three things that no rule compiles, of which two nodes hang on the first."""
    return model([node("NonZero", ["x"], "n", "/nonzero"), node("Bernoulli", ["x"], "b", "/bernoulli"), node("Relu", ["b"], "r", "/relu"),
                  node("Relu", ["x"], "fine", "/fine"), node("Unique", ["fine"], "u", "/unique")],
                 [("x", F32, [4])], [("r", F32, [4]), ("n", I64, None), ("u", F32, None)], {})


if __name__ == "__main__":
    for name in sys.argv[2:]:
        onnx.save(globals()[name](), f"{sys.argv[1]}/{name}.onnx")
