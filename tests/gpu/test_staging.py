"""How a convolution's operands reach shared memory on a card: right at widths that divide nothing, and in few transactions."""
import json

import numpy as np
import onnx
import onnxruntime
import pytest

from gpu import driver
from models import kiln, native

INFO = onnx.helper.make_tensor_value_info
CASES = {  # name -> image, filter, strides, padding, groups; the most sectors that a load may cost beside those it must
    "3x3": ((1, 16, 14, 14), (32, 16, 3, 3), 1, 1, 1, 1.3),
    "odd": ((2, 16, 7, 7), (30, 16, 3, 3), 1, 1, 1, 2.5),
    "1x1": ((1, 32, 14, 14), (32, 32, 1, 1), 1, 0, 1, 1.2),
    "first": ((1, 3, 33, 35), (16, 3, 7, 7), 2, 3, 1, 2.1),
    "depthwise": ((1, 32, 15, 15), (32, 1, 3, 3), 1, 1, 32, 1.3),
}


def save(path, image, weights, stride, padding, groups):
    values = np.random.default_rng(1).standard_normal(weights, np.float32)
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"], strides=[stride] * 2, pads=[padding] * 4, group=groups)
    graph = onnx.helper.make_graph([node], "convolution", [INFO("x", onnx.TensorProto.FLOAT, image)],
                                   [INFO("y", onnx.TensorProto.FLOAT, None)], [onnx.numpy_helper.from_array(values, "w")])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path)


@pytest.mark.parametrize("case", CASES)
def test_loads(case, monkeypatch, tmp_path):
    *shapes, most = CASES[case]
    save(tmp_path / "c.onnx", *shapes)
    for name, value in (("KILN_CUDA_DRIVER", driver.FAKE), ("KILN_FAKE_CAPABILITY", "100"), ("KILN_FAKE_STATISTICS", "1")):
        monkeypatch.setenv(name, value)
    with driver.Card() as card:
        pass
    ptx = kiln.compile(tmp_path / "c.onnx", tmp_path / "c", "shared", target="host-cuda-sm_80", extra=["--prefix", "m", "--dump=ptx"]).out
    feeds = {"x": np.random.default_rng(2).standard_normal(shapes[0], np.float32)}
    runner = native.Runner(native.Library(tmp_path / "c.so", "m"), feeds, 1)
    counts, = json.loads(card.library.kiln_fake_statistics())["kernels"].values()
    expected, = onnxruntime.InferenceSession(tmp_path / "c.onnx").run(None, feeds)
    np.testing.assert_allclose(runner.results()["y"], expected, 1e-4, 1e-4)
    runner.close()
    loads = {name: count for name, count in counts.items() if name.startswith("ld.global")}
    assert loads
    assert sum(count[1] for count in loads.values()) <= most * sum(count[2] for count in loads.values()), loads
    shared = {name: count for name, count in counts.items() if ".shared" in name}
    assert sum(cost for _, cost, _ in shared.values()) <= 1.1 * sum(ideal for *_, ideal in shared.values()), shared  # bank conflicts
    if case in ("3x3", "1x1", "first"):
        assert "ld.global.nc.v" in ptx  # the filter, whose rows are as long as the result has channels
