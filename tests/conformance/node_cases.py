"""The onnx wheel's own operator tests, as kiln can take them.

In: onnx.backend.test's node cases. Out: Case objects: a static model whose shape operands (Reshape's shape, Slice's starts, ...)
are constants, inputs and expected outputs; or a reason why a case can never be asked of kiln.
"""
import functools
import warnings

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

NEWEST_OPSET = 23
#: Operand positions that decide shapes or select code; all from the first named one on when the tuple ends in None.
SHAPE_OPERANDS = {
    "Reshape": (1,), "Expand": (1,), "Tile": (1,), "Slice": (1, 2, 3, 4), "Squeeze": (1,), "Unsqueeze": (1,), "Pad": (1, 2, 3),
    "Resize": (1, 2, 3), "Upsample": (1,), "ConstantOfShape": (0,), "Split": (1,), "Range": (0, 1, 2), "TopK": (1,),
    "OneHot": (1,), "CumSum": (1,), "CumProd": (1,), "Trilu": (1,), "CenterCropPad": (1,), "Dropout": (1, 2), "ReduceSum": (1,),
    "ReduceMean": (1,), "ReduceMax": (1,), "ReduceMin": (1,), "ReduceProd": (1,), "ReduceL1": (1,), "ReduceL2": (1,),
    "ReduceLogSum": (1,), "ReduceLogSumExp": (1,), "ReduceSumSquare": (1,), "SplitToSequence": (1,), "Col2Im": (1, 2),
    "AffineGrid": (1,), "BlackmanWindow": (0,), "HannWindow": (0,), "HammingWindow": (0,), "DFT": (1, 2),
}
FILE_TYPES = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT8, TensorProto.INT16, TensorProto.INT32,
              TensorProto.INT64, TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64, TensorProto.BOOL}


class Case:
    def __init__(self, name, model, feeds, expected, rtol, atol):
        self.name, self.model, self.feeds, self.expected, self.rtol, self.atol = name, model, feeds, expected, rtol, atol

    def opset(self):
        return self.model.opset_import[0].version

    def check(self, got):
        for name, value in self.expected.items():
            assert got[name].dtype == value.dtype, f"{name}: {got[name].dtype}, expected {value.dtype}"
            rtol = max(self.rtol, 2e-3) if value.dtype == np.float16 else self.rtol  # two units in its last place
            np.testing.assert_allclose(got[name], value, rtol=rtol, atol=self.atol, err_msg=name)


def refusal(case):
    """Why a case cannot be asked at all, or None."""
    domains = {o.domain for o in case.model.opset_import} - {"", "ai.onnx"}
    if domains:
        return f"operators of {', '.join(sorted(domains))}"
    for value in [*case.model.graph.input, *case.model.graph.output]:
        if not value.type.HasField("tensor_type"):
            return f"a {value.type.WhichOneof('value')} at the model's border"
        if value.type.tensor_type.elem_type not in FILE_TYPES:
            return f"{TensorProto.DataType.Name(value.type.tensor_type.elem_type)} at the model's border"
    return None


def lowered(model):
    """The model under the newest opset that kiln reads, or None where it uses what came later."""
    if model.opset_import[0].version <= NEWEST_OPSET:
        return model
    older = onnx.ModelProto()
    older.CopyFrom(model)
    older.opset_import[0].version = NEWEST_OPSET
    try:
        onnx.checker.check_model(older)
        onnx.shape_inference.infer_shapes(older, check_type=True, strict_mode=True)
    except Exception:  # checker and inference raise several unrelated types
        return None
    return older


def array(value):
    return numpy_helper.to_array(value) if isinstance(value, TensorProto) else np.asarray(value)


def freeze_shapes(model, feeds):
    frozen = {node.input[i] for node in model.graph.node for i in SHAPE_OPERANDS.get(node.op_type, ()) if i < len(node.input)}
    for value in [i for i in model.graph.input if i.name in frozen and i.name in feeds]:
        model.graph.initializer.append(numpy_helper.from_array(feeds.pop(value.name), value.name))
        model.graph.input.remove(value)


def prepare(case):
    reason = refusal(case)
    if reason:
        return reason
    model = lowered(case.model)
    if model is None:
        return f"an operator of opset {case.model.opset_import[0].version}"
    model = compose.add_prefix(model, f"{case.name}/", rename_value_infos=True)
    for i, node in enumerate(model.graph.node):
        node.name = f"{case.name}/{node.op_type}{i}"
    (inputs, outputs), = case.data_sets
    feeds = {i.name: array(v) for i, v in zip(model.graph.input, inputs)}
    expected = {o.name: array(v) for o, v in zip(model.graph.output, outputs)}
    freeze_shapes(model, feeds)
    return Case(case.name, model, feeds, expected, case.rtol, case.atol)


@functools.cache
def collect():
    """All cases by name: a Case or the reason there is none. Same inputs every time."""
    np.random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases
        return {case.name: prepare(case) for case in collect_testcases()}


def merge(cases):
    """Cases of one opset as one model of unconnected graphs: one start, one compile, many answers."""
    graph = onnx.GraphProto(name="cases")
    for case in cases:
        for field in ("node", "initializer", "input", "output", "value_info"):
            getattr(graph, field).extend(getattr(case.model.graph, field))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", cases[0].opset())])
    model.ir_version = 10
    return model
