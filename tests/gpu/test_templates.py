"""Every template of a card at sizes that its tiles divide and at sizes that they do not, smaller than a tile, of one element, with one image or
row and with several, in every type that it takes: run by the interpreter, against ONNX Runtime. A model a template, an output a case.

Tolerances are of the largest number of an answer: f32 5e-6 (2e-5 through exponentials, two sums, or 16384 terms), f64 1e-13; integers and
booleans, and what moves numbers without adding any, exact."""
import re

import numpy as np
import pytest

from gpu import nets, templates

F32, F64, I64, I32, I8, U8, BOOL = np.float32, np.float64, np.int64, np.int32, np.int8, np.uint8, np.bool_
SHAPES = [(1,), (3,), (255,), (256,), (1024,), (1025,), (4, 256), (5, 7, 11), (1, 1, 1, 1)]
#: template -> arguments of its cases (templates.py)
SIZES = {
    "elementwise": [(shape, F32) for shape in SHAPES] + [(shape, dtype) for dtype in (F64, I64, I32) for shape in ((1,), (4, 64), (5, 53))] +
                   [(shape, BOOL) for shape in ((1,), (4, 64), (5, 53))],
    "masked": [(shape, F32) for shape in ((1,), (2, 3), (4, 64), (1025,))] + [((7, 9), I64), ((7, 9), U8)],
    "broadcast": [((4, 64), (64,)), ((5, 7), (5, 1)), ((3, 1, 7), (5, 1)), ((1, 1), (33, 65)), ((2, 16, 1, 16), (16, 1))],
    "transpose": [((1, 1), [1, 0]), ((32, 32), [1, 0]), ((31, 33), [1, 0]), ((64, 128), [1, 0]), ((5, 33, 7), [2, 0, 1]), ((5, 33, 7), [0, 2, 1]),
                  ((2, 3, 4, 5), [3, 2, 1, 0]), ((3, 17), [1, 0], I64), ((9, 70), [1, 0], F64), ((9, 70), [1, 0], I8), ((9, 71), [1, 0], BOOL)],
    "concat": [([(1,), (1,)], 0), ([(3, 5), (3, 9)], 1), ([(4, 8), (4, 8), (4, 16)], 1), ([(2, 3, 5), (4, 3, 5)], 0), ([(7, 3), (7, 4)], 1, I64), ([(7, 3), (7, 4)], 1, U8), ([(3,), (5,)], 0, BOOL)],
    "pad": [((1,), [1, 1]), ((5, 7), [1, 0, 2, 1]), ((5, 7), [1, 0, 2, 1], "reflect"), ((4, 8), [0, 4, 0, 4], "edge"), ((2, 3, 9, 9), [0, 0, 1, 1] * 2)],
    "reversed_slice": [((1, 5), 0), ((5, 9), 1), ((4, 64), 1), ((33, 3), 0)],
    "gather": [((1, 1), 1, 0), ((9, 13), 5, 0), ((9, 13), 7, 1), ((16, 64), 32, 0), ((3, 5, 7), 2, 1), ((9, 5), 4, 0, I64), ((9, 5), 4, 0, F64), ((9, 5), 4, 0, BOOL), ((9, 5), 4, 1, I8)],
    "pool": [((1, 1, 1, 1), 1, 1), ((1, 4, 8, 8), 2, 2), ((2, 3, 9, 7), 3, 2, 1), ((2, 3, 9, 7), 3, 2, 1, "AveragePool"),
             ((3, 5, 5, 5), 5, 1, 0, "AveragePool"), ((1, 2, 13, 13), 3, 1, 1)],
    "depthwise": [((1, 1, 3, 3), 3), ((2, 5, 9, 7), 3, 1, 1), ((1, 32, 8, 8), 3, 2, 1)],
    "softmax": [((1, 1), ), ((1, 5), ), ((3, 1), ), ((2, 32), ), ((520, 20), ), ((7, 33), ), ((3, 1100), ), ((1, 4097), )],
    "two_sums": [((1, 2), ), ((520, 33), ), ((4, 512), ), ((3, 1025), ), ((2, 3, 40), )],
    "total": [((1,), [0]), ((7,), [0]), ((1, 33), [1]), ((64, 64), [1]), ((64, 64), [0]), ((301, 7), [0]), ((33, 1), [0]), ((3, 5, 7), [0, 2]),
              ((2, 700), [1]), ((3, 5000), [1]), ((4, 3, 16, 15), [0, 2, 3]), ((9, 100), [1], F64), ((9, 100), [1], I64), ((9, 100), [0], I32),
              ((65, 33), [1], F32, "ReduceMax"), ((65, 33), [0], F32, "ReduceMin"), ((17, 40), [1], F64, "ReduceProd")],
    "largest": [((3, 1), 1), ((4, 60), 1), ((4, 600), 1), ((33, 5), 0), ((1, 1100), 1)],
    "parts": [(16384,), (40000,)],
    "product": [(1, 1, 1), (1, 8, 8), (8, 1, 8), (7, 5, 3), (6, 6, 1), (8, 8, 16), (32, 32, 16), (33, 31, 17), (64, 32, 32), (37, 45, 35), (1, 130, 70),
                (70, 1, 65), (9, 7, 1024), (129, 131, 20), (8, 12, 5, (3,)), (17, 33, 9, (2, 2)), (1, 9, 40, (5,)), (16, 16, 16, (1,))],
    "product_transposed": [(1, 1, 1), (8, 8, 16), (33, 31, 17), (64, 64, 32), (5, 70, 40)],
    "window": [((1, 1, 1, 1), 1, 1), ((1, 16, 8, 8), 16, 1), ((1, 16, 8, 8), 32, 3, 1, 1), ((2, 5, 11, 13), 9, 3, 1, 1), ((1, 3, 15, 15), 8, 5, 2, 2),
               ((3, 4, 9, 9), 6, 3, 1, 2, 2), ((2, 6, 7, 7), 9, 3, 1, 1, 1, 3), ((2, 8, 5, 5), 33, 5), ((1, 19, 6, 6), 17, 2, 3)],
}
#: Whose cases give numbers that no addition made.
EXACT = ["masked", "transpose", "concat", "pad", "reversed_slice", "gather", "largest"]


def tolerance(template, dtype):
    if template in EXACT or not np.issubdtype(dtype, np.floating):
        return 0
    return 1e-13 if dtype == np.float64 else 2e-5 if template in ("softmax", "two_sums", "parts") else 5e-6


@pytest.mark.parametrize("template", SIZES)
def test_template(template, tmp_path):
    net, owners = nets.Net(1), []
    for sizes in SIZES[template]:
        templates.TEMPLATES[template](net, *sizes)
        owners.append((sizes, net.nodes[-1].output[0]))
    path = str(tmp_path / "model.onnx")
    net.save(path, [output for _, output in owners])
    expected = net.expected(path)
    found, text = nets.answers(path, net.inputs, net.outputs, ["--dump=scheduled"])
    families = re.findall(r'schedule<"(\w+)', text)
    assert templates.FAMILIES[template] in families, families
    for sizes, output in owners:
        value = expected[output]
        nets.compare({output: value}, found, tolerance(template, value.dtype), f"{template}{sizes}")


def test_all_of_them():
    assert set(SIZES) == set(templates.TEMPLATES)
