"""What a model should answer: seeded inputs and ONNX Runtime's outputs for them.

In: a model's path or protobuf. Out: named numpy arrays.
"""
import numpy as np
import onnx
import onnxruntime
from onnx import helper

from .weights import image


def session(model, threads=1):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = model if isinstance(model, (str, bytes)) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def real_inputs(graph):
    given = {t.name for t in graph.initializer}
    return [i for i in graph.input if i.name not in given]


def index_limit(graph, name):
    """How many rows an integer input may choose from: the length of the table it gathers from."""
    tables = {t.name: t.dims for t in graph.initializer}
    rows = [tables[n.input[0]][0] for n in graph.node if n.op_type == "Gather" and n.input[1] == name and n.input[0] in tables]
    return min(rows) if rows else 2


def random_inputs(model, seed, dims=None):
    """Pictures for f32 of rank 4, noise for other floats, valid indices for integers. `dims` fixes named dimensions."""
    feeds = {}
    for i, value in enumerate(real_inputs(model.graph)):
        kind = value.type.tensor_type
        shape = [(dims or {})[d.dim_param] if d.dim_param else d.dim_value for d in kind.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type)
        draw = np.random.Generator(np.random.PCG64([seed, i]))
        if np.issubdtype(dtype, np.integer):
            feeds[value.name] = draw.integers(0, index_limit(model.graph, value.name), shape).astype(dtype)
        elif len(shape) == 4:
            feeds[value.name] = image([seed, i], shape).astype(dtype)
        else:
            feeds[value.name] = draw.standard_normal(shape).astype(dtype)
    return feeds


def run(model, feeds):
    runner = session(model)
    return dict(zip([o.name for o in runner.get_outputs()], runner.run(None, feeds)))


def before_softmax(model):
    """The model cut off before its last softmax, or None where a softmax is not what it ends with."""
    producers = {name: node for node in model.graph.node for name in node.output}
    outputs = [o.name for o in model.graph.output]
    softmaxes = [n for n in (producers[o] for o in outputs) if n.op_type == "Softmax"]
    if not softmaxes:
        return None
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    for node in softmaxes:
        cut.graph.node.remove(node)
        for output in cut.graph.output:
            output.name = node.input[0] if output.name == node.output[0] else output.name
        for other in list(cut.graph.value_info):
            if other.name == node.input[0]:
                cut.graph.value_info.remove(other)
    return cut


def difference(got, expected):
    """Largest difference as a share of the reference's largest magnitude; NaN counts as infinitely wrong."""
    if got.shape != expected.shape:
        raise AssertionError(f"shape {got.shape}, expected {expected.shape}")
    if got.dtype != expected.dtype:
        raise AssertionError(f"dtype {got.dtype}, expected {expected.dtype}")
    apart = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    if np.isnan(apart).any():
        return float("inf")
    return float(apart.max() / max(np.abs(expected.astype(np.float64)).max(), 1e-30))
