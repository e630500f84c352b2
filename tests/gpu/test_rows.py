"""Rows on a card, by warps and by blocks: each shape that a row's sums can take, against numpy."""
import re

import numpy as np
import onnx
import pytest

from gpu import driver
from models import kiln

TARGET = "host-cuda-sm_80"
INFO = onnx.helper.make_tensor_value_info
TYPES = {np.float32: onnx.TensorProto.FLOAT, np.float64: onnx.TensorProto.DOUBLE, np.int64: onnx.TensorProto.INT64}


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def normalized(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def constant(name, values, dtype=np.int64):
    return onnx.numpy_helper.from_array(np.array(values, dtype), name)


def node(kind, inputs, output, **attributes):
    return onnx.helper.make_node(kind, inputs, [output], **attributes)


ROWS = {  # what a row gives -> nodes from x to y, numpy
    "softmax": ([node("Softmax", ["x"], "y", axis=-1)], softmax),
    "log_softmax": ([node("LogSoftmax", ["x"], "y", axis=-1)], lambda x: np.log(softmax(x))),
    "normalized": ([node("ReduceMean", ["x", "last"], "m"), node("Sub", ["x", "m"], "d"), node("Mul", ["d", "d"], "dd"),
                    node("ReduceMean", ["dd", "last"], "v"), node("Add", ["v", "small"], "w"), node("Sqrt", ["w"], "s"),
                    node("Div", ["d", "s"], "y")], normalized),
    "sum": ([node("ReduceSum", ["x", "last"], "y", keepdims=0)], lambda x: x.sum(-1)),
    "largest": ([node("ReduceMax", ["x", "last"], "y", keepdims=0)], lambda x: x.max(-1)),
    "where": ([node("ArgMax", ["x"], "y", axis=-1, keepdims=0)], lambda x: x.argmax(-1)),
}


def answers(folder, x, nodes, dtype=None, extra=()):
    """What the nodes make of x on the card, and the compiler's word on its kernels."""
    graph = onnx.helper.make_graph(nodes, "rows", [INFO("x", TYPES[x.dtype.type], x.shape)],
                                   [INFO("y", TYPES[dtype or x.dtype.type], None)],
                                   [constant("last", [x.ndim - 1]), constant("small", 1e-5, x.dtype), *extra])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
    onnx.save(model, folder / "rows.onnx")
    ptx = kiln.compile(folder / "rows.onnx", folder / "rows", target=TARGET, extra=["--dump=ptx"], env=environment()).out
    return kiln.infer(None, {"x": x}, ["y"], runner=folder / "rows", env=environment())["y"], ptx


def environment():
    return {**kiln.os.environ, "KILN_CUDA_DRIVER": driver.FAKE, "KILN_FAKE_CAPABILITY": "80", "KILN_PTXAS": ""}


def barriers(ptx):
    return len(re.findall(r"\bbar(?:rier)?\.", ptx))


@pytest.mark.parametrize("shape", [(3, 17), (256, 65), (2, 5, 3000)], ids=str)
@pytest.mark.parametrize("what", ROWS)
def test_rows(what, shape, tmp_path):
    nodes, expected = ROWS[what]
    x = np.random.default_rng(1).standard_normal(shape, np.float32)
    found, _ = answers(tmp_path, x, nodes, np.int64 if what == "where" else None)
    np.testing.assert_allclose(found, expected(x), 1e-5, 1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
@pytest.mark.parametrize("shape", [(64, 100), (2, 3000)], ids=str)
def test_wide_numbers_go_between_lanes_whole(shape, dtype, tmp_path):
    x = (np.random.default_rng(1).standard_normal(shape) * 1e12).astype(dtype)
    found, _ = answers(tmp_path, x, ROWS["sum"][0])
    np.testing.assert_allclose(found, x.sum(-1), 1e-12)


def test_first_of_equals_is_the_largest(tmp_path):
    x = np.zeros((6, 500), np.float32)
    x[2, 77] = x[2, 400] = x[3, 499] = 1
    x[4, 300] = np.nan
    found, _ = answers(tmp_path, x, ROWS["where"][0], np.int64)
    assert found[:4].tolist() == [0, 0, 77, 499]


def test_a_warp_a_row_waits_for_nobody(tmp_path):
    _, ptx = answers(tmp_path, np.zeros((512, 100), np.float32), ROWS["softmax"][0])
    assert ptx.count("shfl.sync") >= 10
    assert barriers(ptx) == 0


def test_a_row_of_several_warps_meets_once_a_sum(tmp_path):
    _, ptx = answers(tmp_path, np.zeros((4, 8000), np.float32), ROWS["softmax"][0])
    assert ptx.count("shfl.sync") >= 10
    assert barriers(ptx) == 2
