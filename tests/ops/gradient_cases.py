"""Cases of test_gradients.py: for each differentiable op operands off its kinks, its result's shape and its attributes."""
from dataclasses import dataclass

import numpy as np

from scan_cases import SCANS

rng = np.random.default_rng(5)


@dataclass
class Case:
    op: str
    operands: tuple
    shape: tuple
    attributes: str = ""
    second: bool = True  # False: linear, its gradient does not depend on x
    scan: object = None  # of a scan: its body; the result is all of its results in one vector


CASES = []
# Ops whose results do not change with small changes, or that have no operands.
FLAT = {"sign", "floor", "ceil", "round", "eq", "lt", "le", "not", "and", "or", "xor", "is_nan", "is_inf", "arg_reduce", "arg_pool", "iota",
        "constant", "random", "bit_and", "bit_or", "bit_xor", "bit_not", "shift_left", "shift_right"}


def case(op, operands, shape=None, attributes="", second=True):
    operands = operands if isinstance(operands, tuple) else (operands,)
    CASES.append(Case(op, operands, operands[0].shape if shape is None else shape, attributes, second))


def array(values):
    return f"array<i64: {', '.join(map(str, values))}>" if len(values) else "array<i64>"


def within(low, high, *shape):
    return rng.uniform(low, high, shape)


def apart(*shape):
    """Distinct values with gaps far wider than the step, so that no extreme changes hands."""
    return (rng.permutation(int(np.prod(shape))) * 0.37 - 2).reshape(shape)


def away(*shape):
    """From -2 to 2, but not within 0.1 of 0."""
    x = within(0.1, 2, *shape)
    return x * rng.choice([-1, 1], shape)


for op, low, high in (("sqrt", 0.3, 3), ("rsqrt", 0.3, 3), ("reciprocal", 0.3, 3), ("exp", -2, 2), ("expm1", -2, 2), ("log", 0.3, 3), ("log1p", -0.6, 3),
                      ("sin", -4, 4), ("cos", -4, 4), ("tan", -1.2, 1.2), ("asin", -0.8, 0.8), ("acos", -0.8, 0.8), ("atan", -3, 3), ("sinh", -2, 2),
                      ("cosh", -2, 2), ("tanh", -2, 2), ("asinh", -3, 3), ("acosh", 1.3, 3), ("atanh", -0.8, 0.8), ("erf", -2, 2), ("sigmoid", -4, 4)):
    case(op, within(low, high, 3, 7))
case("neg", within(-2, 2, 5), second=False)
case("abs", away(3, 5), second=False)
case("cast", within(-2, 2, 7), attributes="to = f64", second=False)
for op in ("add", "sub"):
    case(op, (within(-2, 2, 3, 5), within(-2, 2, 3, 5)), second=False)
case("mul", (within(-2, 2, 3, 5), within(-2, 2, 3, 5)))
case("div", (within(-2, 2, 3, 5), away(3, 5)))
case("pow", (within(0.3, 2, 3, 5), within(-2, 2, 3, 5)))
for op in ("mod", "fmod"):
    x, y = np.array([5.3, -5.3, 7.1, -0.4, 2.2, 9.7]), np.array([2.0, 2.0, -3.0, 1.5, -1.5, 4.0])
    case(op, (x, y), second=False)
for op in ("min", "max"):
    values = apart(2, 11)
    case(op, (values[0], values[1]), second=False)
case("select", (rng.random((3, 5)) < 0.5, within(-2, 2, 3, 5), within(-2, 2, 3, 5)), (3, 5), second=False)

case("broadcast", within(-2, 2, 3, 1, 5), (2, 3, 4, 5), f"dims = {array([1, 2, 3])}, shape = {array([2, 3, 4, 5])}", second=False)
case("broadcast", within(-2, 2), (3, 2), f"dims = {array([])}, shape = {array([3, 2])}", second=False)
case("reshape", within(-2, 2, 3, 4), (2, 6), f"shape = {array([2, 6])}", second=False)
case("transpose", within(-2, 2, 2, 3, 4), (4, 2, 3), f"perm = {array([2, 0, 1])}", second=False)
for starts, sizes, steps in (((1, 2), (2, 3), (1, 1)), ((0, 8), (2, 3), (2, -3)), ((3, 1), (4, 4), (-1, 2))):
    case("slice", within(-2, 2, 4, 9), sizes, f"starts = {array(starts)}, sizes = {array(sizes)}, steps = {array(steps)}", second=False)
case("pad", (within(-2, 2, 2, 3), within(-2, 2)), (5, 3), f"low = {array([1, 0])}, high = {array([2, 0])}", second=False)
case("concat", (within(-2, 2, 2, 3), within(-2, 2, 2, 1), within(-2, 2, 2, 4)), (2, 8), "dim = 1 : i64", second=False)
case("gather", (within(-2, 2, 3, 5, 2), np.array([[4, 0, -1], [0, 0, 2]])), (3, 2, 3, 2), "axis = 1 : i64", second=False)
case("gather", (within(-2, 2, 7), np.array(3)), (), "axis = 0 : i64", second=False)
case("take_along", (within(-2, 2, 3, 5), np.array([[4, 0, -1, 4], [1, 1, 1, 1]])), (2, 4), "axis = 1 : i64", second=False)
case("take_along", (within(-2, 2, 4, 3), np.array([[3, 0, -2]])), (1, 3), "axis = 0 : i64", second=False)

case("reduce", within(-2, 2, 3, 4, 2), (4,), f"kind = 0 : i32, dims = {array([0, 2])}", second=False)
case("reduce", away(3, 4, 2), (4,), f"kind = 1 : i32, dims = {array([0, 2])}")
case("reduce", away(5), (), f"kind = 1 : i32, dims = {array([0])}")
for kind in (2, 3):
    case("reduce", apart(3, 4, 2), (3,), f"kind = {kind} : i32, dims = {array([1, 2])}", second=False)
    case("reduce", apart(3, 4, 2), (4, 2), f"kind = {kind} : i32, dims = {array([0])}", second=False)
for flags in ("", ", exclusive", ", reverse", ", exclusive, reverse"):
    case("cumulative", within(-2, 2, 3, 5), None, f"dim = 1 : i64{flags}", second=False)
for labels, left, right, shape in (("mk,kn->mn", (3, 4), (4, 5), (3, 5)), ("bhqd,bkhd->bhqk", (2, 2, 3, 4), (2, 5, 2, 4), (2, 2, 3, 5)), ("i,j->ij", (3,), (2,), (3, 2)),
                                   ("i,i->", (7,), (7,), ()), ("bij,jk->k", (2, 3, 4), (4, 5), (5,)), ("c,nc->nc", (3,), (2, 3), (2, 3))):
    case("contract", (within(-2, 2, *left), within(-2, 2, *right)), shape, f'labels = "{labels}"')
SLIDES = ("strides", "low", "high", "lhs_dilation", "dilation")
for labels, spatial, left, right, shape, *slides in (
        ("ncyx,ocyx->noyx", "yx", (2, 2, 5, 6), (3, 2, 3, 3), (2, 3, 5, 6), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)),
        ("ncyx,ocyx->noyx", "yx", (1, 2, 7, 8), (2, 2, 3, 2), (1, 2, 4, 3), (2, 3), (1, 0), (1, 1), (1, 1), (1, 1)),
        ("ncyx,ocyx->noyx", "yx", (1, 1, 8, 7), (2, 1, 2, 3), (1, 2, 3, 5), (2, 1), (0, 2), (0, 0), (1, 1), (3, 2)),
        ("ngcyx,gocyx->ngoyx", "yx", (1, 2, 1, 4, 4), (2, 2, 1, 2, 2), (1, 2, 2, 3, 3), (1, 1), (0, 0), (0, 0), (1, 1), (1, 1)),
        ("ncx,ocx->nox", "x", (2, 2, 5), (2, 2, 3), (2, 2, 10), (1,), (2,), (1,), (2,), (1,)),
        ("ncyx,cyx->ncyx", "yx", (1, 3, 6, 5), (3, 3, 3), (1, 3, 2, 3), (2, 1), (-1, 1), (0, -1), (1, 1), (1, 1)),
        ("nczyx,oczyx->nozyx", "zyx", (1, 1, 3, 4, 3), (2, 1, 2, 2, 2), (1, 2, 2, 3, 2), (1, 1, 1), (0, 0, 0), (0, 0, 0), (1, 1, 1), (1, 1, 1))):
    text = ", ".join(f"{n} = {array(v)}" for n, v in zip(SLIDES, slides))
    case("window", (within(-2, 2, *left), within(-2, 2, *right)), shape, f'labels = "{labels}", spatial = "{spatial}", {text}')
WINDOWS = ("window", "strides", "low", "high", "dilation")
for shape, result, *windows in (((2, 2, 5, 7), (2, 2, 3, 3), (1, 1, 3, 3), (1, 1, 2, 2), (0, 0, 1, 0), (0, 0, 1, 0), (1, 1, 1, 1)),
                                ((1, 2, 6, 8), (1, 2, 3, 4), (1, 1, 2, 2), (1, 1, 2, 2), (0, 0, 0, 0), (0, 0, 0, 0), (1, 1, 1, 1)),
                                ((2, 11), (2, 10), (1, 3), (1, 1), (0, 2), (0, 1), (1, 2))):
    text = ", ".join(f"{n} = {array(v)}" for n, v in zip(WINDOWS, windows))
    for kind in (0, 2, 3):
        case("pool", apart(*shape) * 0.3, result, f"kind = {kind} : i32, {text}", second=False)
    taps = int(np.prod(windows[0]))
    index = rng.integers(0, taps, result).astype(np.int32)
    case("pool_take", (within(-2, 2, *shape), index), result, text, second=False)
    whole = f"shape = {array(shape)}, {text}"
    case("unpool", (within(-2, 2, *result), index), shape, whole, second=False)
    case("unpool", within(-2, 2, *result), shape, whole, second=False)

for scan, parts in SCANS.values():
    size = sum(int(np.prod(shape)) * (1 if k < scan.states else scan.steps) for k, (_, shape) in enumerate(scan.returned))
    CASES.append(Case("scan", parts, (size,), scan=scan))
