"""The table of cases: one line an op (or a few). An op without a line fails test_ops.py.

A case is the op's text, its operands, a reference that knows nothing of kiln, and how far the result may lie from it: in units in the
last place, or relative to the largest magnitude for sums. Shapes are odd on purpose: they divide no vector and no tile.
"""
from dataclasses import dataclass, field

import numpy as np

from references import (arg_pooled, bfloat, erf, exact, philox, pool_taken, pooled, power, saturated, shifted_left, shifted_right, sigmoid,
                        truncated, uniform, unpooled, wide, windowed)

rng = np.random.default_rng(11)
FLOATS, INTEGERS = ("f4", "f8"), ("i1", "i4", "i8", "u1")


def floats(dtype, shape, seed=0):
    """Special values first, then numbers of every size."""
    info, local = np.finfo(dtype), np.random.default_rng(seed)
    special = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, info.max, -info.max, info.tiny, -info.tiny,
               info.smallest_subnormal, -info.smallest_subnormal, info.eps, 1 + info.eps, 1 - info.eps, 10, -10, 88.5, -103.5, 709.5]
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        rest = local.normal(size=count) * 10.0 ** local.uniform(-4, 4, count)
        values = np.concatenate([np.array(special).astype(dtype), rest.astype(dtype)])[:count]
    return values.reshape(shape)


def integers(dtype, shape, seed=0):
    info, local = np.iinfo(dtype), np.random.default_rng(seed)
    count = int(np.prod(shape))
    special = [info.min, info.max, 0, 1, 2, 7, info.max - 1, info.min + 1] + ([] if info.min == 0 else [-1, -2, -7])
    values = np.concatenate([np.array(special, dtype), local.integers(-9 if info.min else 0, 10, count).astype(dtype)])
    return values[:count].reshape(shape)


def ramp(dtype, *shape):
    return (np.arange(np.prod(shape)) - 5).astype(dtype).reshape(shape)


def normal(dtype, *shape):
    return rng.normal(size=shape).astype(dtype)


def pairs(values):
    """Every value against every other."""
    x, y = np.meshgrid(values, values)
    return x, y


@dataclass
class Case:
    op: str
    operands: tuple
    reference: object
    attributes: str = ""
    ulp: int = 0
    relative: float = 0.0
    zeros: bool = True  # the sign of a zero counts
    want: np.ndarray = field(init=False)

    def __post_init__(self):
        with np.errstate(all="ignore"):
            self.want = np.asarray(self.reference(*self.operands))
        self.empty = any(np.size(a) == 0 for a in (*self.operands, self.want))


CASES = []


def case(op, operands, reference, attributes="", **tolerance):
    CASES.append(Case(op, operands if isinstance(operands, tuple) else (operands,), reference, attributes, **tolerance))


# Maps of one operand.
case("detach", floats("f4", (7, 31)), lambda x: x)
for dtype in FLOATS:
    x, small = floats(dtype, (7, 31)), floats(dtype, (5, 3, 11))
    for op, reference in {"neg": np.negative, "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "round": np.rint, "sqrt": np.sqrt,
                          "reciprocal": np.reciprocal}.items():
        case(op, x, reference)
    case("sign", x, lambda x: np.where(np.isnan(x), x, np.sign(x)), zeros=False)
    case("is_nan", x, np.isnan)
    case("is_inf", x, np.isinf)
    for op in ("exp", "expm1", "log", "log1p", "sinh", "cosh", "tanh"):
        case(op, x, wide(getattr(np, op)), ulp=4)
    for op in ("sin", "cos", "tan"):  # of f64 beyond 2^30 they are NaN, as lower/Math.h says
        case(op, x, lambda x, f=wide(getattr(np, op)): np.where((x.dtype == "f8") & (np.abs(x) > 2.0**30), np.nan, f(x)).astype(x.dtype), ulp=4)
    for op in ("asin", "acos", "atan", "asinh", "acosh", "atanh"):
        case(op, small, wide(getattr(np, op.replace("a", "arc", 1))), ulp=4)
    case("rsqrt", x, wide(lambda x: 1 / np.sqrt(x)), ulp=2)
    case("sigmoid", x, wide(sigmoid), ulp=4)
    case("erf", x, lambda x: erf(x.astype(np.float64)).astype(x.dtype), ulp=4)
case("exp", floats("f2", (3, 13)), wide(np.exp), ulp=1)
for dtype in INTEGERS:
    x = integers(dtype, (3, 7))
    case("neg", x, exact(lambda v: -v))
    case("abs", x, exact(abs))
    case("sign", x, np.sign)
    case("bit_not", x, np.invert)
case("floor", integers("i4", (5,)), lambda x: x)
case("not", np.array([True, False, True]), np.logical_not)

# Maps of two operands: every special value against every other.
for dtype in FLOATS:
    x, y = pairs(floats(dtype, (35,)))
    for op, reference in {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "eq": np.equal, "lt": np.less,
                          "le": np.less_equal}.items():
        case(op, (x, y), reference)
    with np.errstate(all="ignore"):
        near = (y == 0) | ~(np.abs(x / y) > 2.0**100)  # beyond, f64 gives NaN: lower/Math.h
    x, y = (x, y) if dtype == "f4" else (np.where(near | np.isinf(x), x, 1), np.where(near | np.isinf(x), y, 3))
    case("fmod", (x, y), np.fmod)
    case("mod", (x, y), np.mod, zeros=False)
    x, y = pairs(floats(dtype, (35,)))
    case("min", (x, y), np.minimum, zeros=False)
    case("max", (x, y), np.maximum, zeros=False)
    case("pow", (x, y), wide(np.power), ulp=4)
for dtype in INTEGERS:
    x, y = pairs(integers(dtype, (19,)))
    for op, reference in {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": truncated,
                          "mod": lambda a, b: a % b if b else 0, "fmod": lambda a, b: a - truncated(a, b) * b if b else 0,
                          "min": min, "max": max, "pow": power}.items():
        case(op, (x, y), exact(reference))
    for op, reference in {"eq": np.equal, "lt": np.less, "le": np.less_equal, "bit_and": np.bitwise_and, "bit_or": np.bitwise_or,
                          "bit_xor": np.bitwise_xor}.items():
        case(op, (x, y), reference)
    by = np.tile(np.array([0, 1, 3, 7, 8, 31, 32, 63, 64, 100, 127, 2, 4, 5, 6, 9, 10, 11, 12], dtype)[:, None], (1, 19))
    case("shift_left", (x, by), exact(shifted_left(8 * np.dtype(dtype).itemsize)))
    case("shift_right", (x, by), exact(shifted_right))
p, q = np.array([[False, False, True, True]] * 3), np.array([[False, True, False, True]] * 3)
for op, reference in {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor, "eq": np.equal}.items():
    case(op, (p, q), reference)
case("select", (np.arange(217).reshape(7, 31) % 3 == 0, floats("f4", (7, 31)), ramp("f4", 7, 31)), np.where)
case("select", (np.arange(9) % 2 == 0, integers("i8", (9,)), ramp("i8", 9)), np.where)

# Casts.
TYPES = {"f2": "f16", "f4": "f32", "f8": "f64", "i1": "i8", "i2": "i16", "i4": "i32", "i8": "i64", "u1": "ui8", "u4": "ui32", "u8": "ui64",
         "?": "i1"}
for source in ("f4", "f8"):
    for to in ("i1", "i4", "i8", "u1", "u4"):
        case("cast", floats(source, (5, 13)), saturated(np.dtype(to)), f"to = {TYPES[to]}")
    case("cast", floats(source, (5, 13)), lambda x: x != 0, "to = i1")
for source, to in (("i8", "i4"), ("i4", "u1"), ("i4", "f4"), ("i8", "f4"), ("u1", "f4"), ("i8", "f8"), ("?", "f4"), ("?", "i8"), ("i4", "?"),
                   ("f8", "f4"), ("f4", "f8"), ("f8", "f2"), ("f2", "f4")):
    x = np.array([True, False, True]) if source == "?" else (floats if source[0] == "f" else integers)(source, (5, 13))
    case("cast", x, lambda x, to=to: x.astype(to), f"to = {TYPES[to]}")

# Moves.
x = floats("f4", (3, 5, 7))
case("broadcast", floats("f4", (5,)), lambda x: np.broadcast_to(x[:, None], (3, 5, 7)), "dims = array<i64: 1>, shape = array<i64: 3, 5, 7>")
case("broadcast", floats("f8", (3, 1)), lambda x: np.broadcast_to(x, (3, 9)), "dims = array<i64: 0, 1>, shape = array<i64: 3, 9>")
case("broadcast", np.float32(2.5), lambda x: np.full((3, 1), x), "dims = array<i64>, shape = array<i64: 3, 1>")
case("reshape", x, lambda x: x.reshape(15, 7), "shape = array<i64: 15, 7>")
case("reshape", ramp("i8", 4, 6), lambda x: x.reshape(3, 1, 8), "shape = array<i64: 3, 1, 8>")
case("transpose", x, lambda x: x.transpose(2, 0, 1), "perm = array<i64: 2, 0, 1>")
case("transpose", ramp("u1", 33, 17), lambda x: x.T, "perm = array<i64: 1, 0>")
case("slice", x, lambda x: x[2::-2, 1:4, ::3], "starts = array<i64: 2, 1, 0>, sizes = array<i64: 2, 3, 3>, steps = array<i64: -2, 1, 3>")
case("pad", (x, np.float32(np.nan)), lambda x, v: np.pad(x, [(1, 0), (0, 0), (2, 3)], constant_values=v),
     "low = array<i64: 1, 0, 2>, high = array<i64: 0, 0, 3>")
case("pad", (ramp("i8", 3), np.array([-7])), lambda x, v: np.pad(x, (4, 5), constant_values=-7), "low = array<i64: 4>, high = array<i64: 5>")
case("concat", (x, ramp("f4", 3, 2, 7), ramp("f4", 3, 0, 7)), lambda *a: np.concatenate(a, 1), "dim = 1 : i64")
case("concat", (p, q, p), lambda *a: np.concatenate(a), "dim = 0 : i64")
case("gather", (x, np.array([[0, -1, 4], [-5, 2, 2]])), lambda x, i: x[:, i, :], "axis = 1 : i64")
case("gather", (ramp("i8", 9), np.array(-9, "i4")), lambda x, i: x[i], "axis = 0 : i64")
case("gather", (ramp("f8", 5, 3), np.array([4, 0], "u1")), lambda x, i: x[i], "axis = 0 : i64")
case("take_along", (ramp("f4", 4, 5), np.array([[0, -1, 2, 1, 0], [3, -4, 2, 1, 0]])), lambda x, i: np.take_along_axis(x, i, 0),
     "axis = 0 : i64")

# Leaves: a constant in the code, one that becomes a parameter, and coordinates.
CONSTANT = np.array([[0.5, -0.0, np.inf], [np.nan, -1, 3e38]], "f4")
case("constant", (), lambda: CONSTANT, "dense<[[0.5, -0.0, 0x7F800000], [0x7FC00000, -1.0, 3.0e38]]>")
case("constant", (), lambda: np.arange(33), f"dense<{list(range(33))}>")
case("constant", (), lambda: np.full((3, 5), True), "dense<true>")
case("iota", (), lambda: np.broadcast_to(np.arange(5, dtype="i8")[:, None], (3, 5, 2)), "dim = 1 : i64")
case("iota", (), lambda: np.arange(37, dtype="f4"), "dim = 0 : i64")

# Reductions. Sums of 300 numbers may be taken in any order.
KINDS = {"add": (0, np.sum), "mul": (1, np.prod), "max": (2, np.max), "min": (3, np.min)}
for name, (kind, reference) in KINDS.items():
    for dtype in ("f4", "f8", "i4", "i8", "u1"):
        data = normal(dtype, 5, 3, 29) if dtype[0] == "f" else integers(dtype, (5, 3, 29))
        case("reduce", data, lambda x, r=reference: r(x, axis=(0, 2), dtype=x.dtype) if r in (np.sum, np.prod) else r(x, axis=(0, 2)),
             f"kind = {kind} : i32, dims = array<i64: 0, 2>", relative={"f4": 1e-6, "f8": 1e-15}.get(dtype, 0))
    special = np.array([[1, np.nan, 2], [np.inf, 1, -np.inf], [np.inf, 3, 2], [-0.0, -0.0, -0.0]], "f4")
    for dtype in ("f4", "f8", "f2"):
        case("reduce", special.astype(dtype), lambda x, r=reference: r(x, axis=1), f"kind = {kind} : i32, dims = array<i64: 1>", zeros=False)
    if kind > 1:  # one NaN of either sign among many numbers, at the ends and in the middle, along the lanes and across them
        many = normal("f4", 9, 67)
        many[[0, 1, 2, 3, 4], [0, 66, 33, 15, 64]] = np.nan
        many[5, 7], many[6, 8], many[7, 9:11] = -np.float32(np.nan), np.inf, (np.inf, -np.inf)
        case("reduce", many, lambda x, r=reference: r(x, axis=1), f"kind = {kind} : i32, dims = array<i64: 1>")
        case("reduce", many, lambda x, r=reference: r(x, axis=0), f"kind = {kind} : i32, dims = array<i64: 0>")
        case("reduce", many.astype("f8"), lambda x, r=reference: r(x, axis=(0, 1)), f"kind = {kind} : i32, dims = array<i64: 0, 1>")
    case("reduce", np.zeros((3, 0), "f4"), lambda x, v={"add": 0, "mul": 1, "max": -np.inf, "min": np.inf}[name]: np.full(3, v, "f4"),
         f"kind = {kind} : i32, dims = array<i64: 1>", zeros=False)
ties = np.array([[3, 1, 3, 2, 3], [-1, -9, 0, 0, -9], [7, 7, 7, 7, 7]])
for dtype in ("f4", "i8", "u1"):
    data = np.abs(ties).astype(dtype) if dtype[0] == "u" else ties.astype(dtype)
    case("arg_reduce", data, lambda x: np.argmax(x, 1), "kind = 2 : i32, dim = 1 : i64")
    case("arg_reduce", data, lambda x: np.argmin(x, 0), "kind = 3 : i32, dim = 0 : i64")
    case("arg_reduce", data, lambda x: 4 - np.argmax(x[:, ::-1], 1), "kind = 2 : i32, dim = 1 : i64, last")
nans = np.array([[1, np.nan, 9, np.nan], [np.nan, 1, -9, np.inf], [2, 3, 3, -np.inf]], "f4")
for kind, reference in ((2, np.argmax), (3, np.argmin)):
    case("arg_reduce", nans, lambda x, r=reference: r(x, 1), f"kind = {kind} : i32, dim = 1 : i64")
    case("arg_reduce", nans, lambda x, r=reference: 3 - r(x[:, ::-1], 1), f"kind = {kind} : i32, dim = 1 : i64, last")
case("arg_reduce", np.array([[-np.inf, -np.inf], [-np.inf, np.inf]], "f4"), lambda x: np.argmax(x, 1), "kind = 2 : i32, dim = 1 : i64")
for dtype in ("f8", "i4"):
    data = ramp(dtype, 3, 7, 2)
    case("cumulative", data, lambda x: np.cumsum(x, 1, dtype=x.dtype), "dim = 1 : i64")
    case("cumulative", data, lambda x: np.cumsum(x, 1, dtype=x.dtype) - x, "dim = 1 : i64, exclusive")
    case("cumulative", data, lambda x: np.cumsum(x[::-1], 0, dtype=x.dtype)[::-1], "dim = 0 : i64, reverse")
case("cumulative", np.array([1, np.inf, 2, np.nan, 3], "f4"), np.cumsum, "dim = 0 : i64")

# Products: matrix, batch, transposed operands, outer, whole sums; special values; every element type.
for labels, left, right in (("mk,kn->mn", (7, 13), (13, 19)), ("bmk,bnk->bmn", (3, 5, 17), (3, 4, 17)), ("km,kn->nm", (13, 33), (13, 5)),
                            ("i,j->ij", (17,), (3,)), ("i,i->", (37,), (37,)), ("mk,k->m", (5, 35), (35,)), ("bhqd,bhkd->bhqk", (1, 3, 5, 8), (1, 3, 7, 8))):
    case("contract", (normal("f4", *left), normal("f4", *right)),
         lambda a, b, t=labels: np.einsum(t, a.astype("f8"), b.astype("f8")).astype("f4"), f'labels = "{labels}"', relative=1e-6)
case("contract", (normal("f8", 7, 13), normal("f8", 13, 19)), np.matmul, 'labels = "mk,kn->mn"', relative=1e-15)
case("contract", (integers("i8", (5, 7)), integers("i8", (7, 3), 1)), np.matmul, 'labels = "mk,kn->mn"')
case("contract", (integers("i4", (5, 7)), integers("i4", (7, 3), 1)), np.matmul, 'labels = "mk,kn->mn"')
case("contract", (np.array([[np.nan, 1], [np.inf, 0], [1, 2]], "f4"), np.array([[0, 1, 2], [3, 0, -1]], "f4")), np.matmul, 'labels = "mk,kn->mn"')
case("contract", (np.zeros((3, 0), "f4"), np.zeros((0, 5), "f4")), np.matmul, 'labels = "mk,kn->mn"')


def window(left, right, labels, spatial, strides, low, high, lhs_dilation, dilation, dtype="f4"):
    text = ", ".join(f"{n} = array<i64: {', '.join(map(str, v))}>" for n, v in
                     (("strides", strides), ("low", low), ("high", high), ("lhs_dilation", lhs_dilation), ("dilation", dilation)))
    operands = (normal(dtype, *left), normal(dtype, *right)) if dtype[0] == "f" else (integers(dtype, left), integers(dtype, right, 1))
    case("window", operands, windowed(labels, spatial, strides, low, high, lhs_dilation, dilation),
         f'labels = "{labels}", spatial = "{spatial}", {text}', relative={"f4": 2e-6, "f8": 1e-14}.get(dtype, 0))


IMAGE, GROUPED = "ncyx,ocyx->noyx", "ngcyx,gocyx->ngoyx"
window((2, 3, 9, 11), (5, 3, 3, 3), IMAGE, "yx", (1, 1), (1, 1), (1, 1), (1, 1), (1, 1))
window((1, 5, 13, 12), (19, 5, 5, 3), IMAGE, "yx", (2, 3), (2, 0), (1, 2), (1, 1), (1, 1))
window((1, 3, 15, 9), (4, 3, 3, 2), IMAGE, "yx", (1, 2), (0, 3), (4, 0), (1, 1), (2, 3))
window((1, 2, 5, 4), (3, 2, 4, 3), IMAGE, "yx", (1, 1), (2, 1), (2, 3), (2, 3), (1, 1))
window((1, 2, 9, 9), (3, 2, 3, 3), IMAGE, "yx", (1, 1), (-1, -2), (-2, 0), (1, 1), (1, 1))
window((2, 19, 5, 7), (17, 19, 3, 3), IMAGE, "yx", (1, 1), (1, 1), (2, 1), (2, 2), (1, 1))  # a strided convolution's gradient
window((1, 3, 4, 5), (4, 3, 3, 1), IMAGE, "yx", (1, 1), (2, 0), (3, 1), (2, 2), (3, 1))  # columns that no tap meets
window((1, 2, 1, 2), (3, 2, 2, 3), IMAGE, "yx", (1, 1), (1, -1), (2, 4), (4, 3), (1, 2))  # fewer rows than phases
window((1, 2, 5, 6), (3, 2, 3, 3), IMAGE, "yx", (1, 2), (1, 2), (1, 1), (2, 3), (1, 1))  # phases in one direction
window((1, 2, 3, 4), (3, 2, 6, 5), IMAGE, "yx", (1, 1), (3, 2), (3, 4), (5, 5), (1, 1))  # too many to split
window((1, 2, 3, 5, 4), (2, 5, 3, 3, 4), GROUPED, "yx", (1, 1), (1, 2), (1, 2), (2, 2), (1, 1))
window((1, 3, 5, 4), (2, 3, 3, 3), IMAGE, "yx", (1, 1), (1, 1), (1, 1), (2, 2), (1, 1), "i4")
window((1, 2, 3, 7, 8), (2, 5, 3, 3, 3), GROUPED, "yx", (1, 1), (1, 1), (1, 1), (1, 1), (1, 1))
window((1, 19, 7, 8), (19, 3, 3), "ncyx,cyx->ncyx", "yx", (2, 2), (1, 1), (1, 1), (1, 1), (1, 1))
window((3, 4, 21), (6, 4, 5), "ncx,ocx->nox", "x", (2,), (2,), (2,), (1,), (1,))
window((1, 2, 5, 6, 7), (3, 2, 3, 3, 3), "nczyx,oczyx->nozyx", "zyx", (1, 2, 1), (1, 0, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1))
window((1, 3, 6, 7), (2, 3, 3, 3), IMAGE, "yx", (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), "f8")
window((1, 3, 6, 7), (2, 3, 3, 3), IMAGE, "yx", (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), "i4")
WINDOWS = ("window", "strides", "low", "high", "dilation")
for name, kind in (("add", 0), ("max", 2), ("min", 3)):
    for dtype, *shape in (("f4", (1, 1, 3, 3), (1, 1, 2, 2), (0, 0, 1, 0), (0, 0, 1, 1), (1, 1, 1, 1)),
                          ("f4", (1, 3, 1, 1), (1, 1, 1, 1), (0, 1, 0, 0), (0, 1, 0, 0), (1, 1, 1, 1)),
                          ("f4", (1, 4, 3, 2), (1, 2, 1, 1), (0, 1, 2, 0), (0, 2, 2, 1), (1, 1, 2, 1)),
                          ("f4", (2, 5, 4, 3), (1, 1, 1, 2), (0, 0, 0, 1), (0, 0, 1, 0), (1, 1, 1, 1)),
                          ("i4", (1, 1, 2, 3), (1, 1, 1, 3), (0, 0, 0, 2), (0, 0, 1, 0), (1, 1, 2, 2))):
        text = ", ".join(f"{n} = array<i64: {', '.join(map(str, v))}>" for n, v in zip(WINDOWS, shape))
        data = normal(dtype, 2, 5, 9, 11) if dtype == "f4" else ramp(dtype, 2, 5, 9, 11)
        case("pool", data, pooled(name, *shape), f"kind = {kind} : i32, {text}", relative=1e-6 if dtype == "f4" else 0)
for kind, name in ((2, "max"), (3, "min")):  # NaN, infinities and padding in one window
    for dtype in ("f4", "f8"):
        case("pool", floats(dtype, (5, 11)), pooled(name, (1, 3), (1, 1), (0, 1), (0, 1), (1, 1)), f"kind = {kind} : i32, window = array<i64: 1, 3>, "
             "strides = array<i64: 1, 1>, low = array<i64: 0, 1>, high = array<i64: 0, 1>, dilation = array<i64: 1, 1>", zeros=False)
    special = normal("f4", 1, 16, 9, 9)
    special[0, ::3, 4, 4], special[0, 1, 0, 0], special[0, 2, :, 5], special[0, 4, 3, 3:5] = np.nan, np.nan, np.inf, (np.inf, -np.inf)
    for step in (1, 2):
        shape = ((1, 1, 3, 3), (1, 1, step, step), (0, 0, 1, 1), (0, 0, 1, 1), (1, 1, 1, 1))
        text = ", ".join(f"{n} = array<i64: {', '.join(map(str, v))}>" for n, v in zip(WINDOWS, shape))
        case("pool", special, pooled(name, *shape), f"kind = {kind} : i32, {text}")
# What pools leave behind and hand back: overlapping windows, windows apart, gaps, padding, dilation; ties, where the first tap wins.
for shape, *windows in (((2, 3, 9, 11), (1, 1, 3, 3), (1, 1, 2, 2), (0, 0, 1, 0), (0, 0, 1, 1), (1, 1, 1, 1)),
                        ((1, 2, 7, 10), (1, 1, 2, 2), (1, 1, 2, 2), (0, 0, 0, 0), (0, 0, 1, 0), (1, 1, 1, 1)),
                        ((2, 9, 8), (1, 2, 3), (1, 3, 4), (0, 1, 0), (0, 1, 0), (1, 1, 1)), ((3, 17), (1, 3), (1, 1), (0, 2), (0, 1), (1, 2)),
                        ((1, 3, 8, 8), (1, 1, 8, 8), (1, 1, 1, 1), (0, 0, 0, 0), (0, 0, 0, 0), (1, 1, 1, 1))):
    text = ", ".join(f"{n} = array<i64: {', '.join(map(str, v))}>" for n, v in zip(WINDOWS, windows))
    whole = f"shape = array<i64: {', '.join(map(str, shape))}>, {text}"
    for data in (normal("f4", *shape), rng.integers(-2, 3, shape).astype("f4")):
        index = arg_pooled("max", *windows)(data)
        case("arg_pool", data, arg_pooled("max", *windows), f"kind = 2 : i32, {text}")
        case("arg_pool", data, arg_pooled("min", *windows), f"kind = 3 : i32, {text}")
        case("pool_take", (data, index), pool_taken(*windows), text)
        case("unpool", (normal("f4", *index.shape), index), unpooled(shape, *windows), whole, relative=1e-6)
    case("unpool", normal("f8", *index.shape), unpooled(shape, *windows), whole, relative=1e-15)
# Random123's known answers for philox4x32 10.
assert philox((0, 0, 0, 0), (0, 0))[0] == 0x6627E8D5
assert philox((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2)[0] == 0x408F276D
assert philox((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0))[0] == 0xD16CFE09
case("random", np.array([0, 0]), uniform(0, (3, 7)), "stream = 0 : i64, shape = array<i64: 3, 7>")
case("random", np.array([0x299F31D0A4093822, 2**40 + 5]), uniform(4000000000, (2, 3, 19)), "stream = 4000000000 : i64, shape = array<i64: 2, 3, 19>")
case("random", np.array([12345678901, 7, 2**33 + 9]), uniform(3, (5, 11)), "stream = 3 : i64, shape = array<i64: 5, 11>")
case("random", np.array([-1, -1]), uniform(7, (1,)), "stream = 7 : i64, shape = array<i64: 1>")

# Empty tensors.
case("exp", np.zeros((0, 3), "f4"), np.exp)
case("add", (np.zeros((3, 0), "i8"), np.zeros((3, 0), "i8")), np.add)
case("transpose", np.zeros((0, 3), "f4"), np.transpose, "perm = array<i64: 1, 0>")
case("reduce", np.zeros((0, 3), "i8"), lambda x: x.sum(1), "kind = 0 : i32, dims = array<i64: 1>")
case("reduce", np.zeros((5, 0, 3), "f4"), lambda x: x.max(0), "kind = 2 : i32, dims = array<i64: 0>")
case("arg_reduce", np.zeros((0, 3), "f4"), lambda x: x.argmax(1), "kind = 2 : i32, dim = 1 : i64")
case("cumulative", np.zeros((2, 0), "f8"), lambda x: x, "dim = 1 : i64")
case("select", (np.zeros((0,), bool), np.zeros((0,), "i4"), np.zeros((0,), "i4")), np.where)
case("cast", np.zeros((2, 0, 3), "f4"), lambda x: x.astype("u1"), "to = ui8")
case("reshape", np.zeros((2, 0, 3), "f4"), lambda x: x.reshape(0, 7), "shape = array<i64: 0, 7>")
case("broadcast", np.zeros((0, 1), "f4"), lambda x: np.broadcast_to(x, (0, 9)), "dims = array<i64: 0, 1>, shape = array<i64: 0, 9>")
case("slice", ramp("f4", 4, 5), lambda x: x[:, 2:2], "starts = array<i64: 0, 2>, sizes = array<i64: 4, 0>, steps = array<i64: 1, 1>")
case("concat", (np.zeros((3, 0), "i8"), np.zeros((3, 0), "i8")), lambda *a: np.concatenate(a, 1), "dim = 1 : i64")
case("concat", (np.zeros((0, 3), "i8"), ramp("i8", 2, 3), np.zeros((0, 3), "i8")), lambda *a: np.concatenate(a), "dim = 0 : i64")
case("gather", (ramp("f4", 4, 5), np.zeros((2, 0), "i8")), lambda x, i: x[:, i], "axis = 1 : i64")
case("contract", (np.zeros((0, 3), "f4"), normal("f4", 3, 5)), np.matmul, 'labels = "mk,kn->mn"')
case("iota", (), lambda: np.zeros((3, 0), "i8"), "dim = 1 : i64")
case("pad", (np.zeros((0,), "f4"), np.float32(1.5)), lambda x, v: np.full(3, v), "low = array<i64: 1>, high = array<i64: 2>")

# bf16 has no numpy type: through it and back.
BFLOAT = bfloat(floats("f4", (7, 31)))
