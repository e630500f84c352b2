"""The PTX interpreter against numpy: Halide's code for each operation, on numbers that are hard for it."""
import halide as hl
import numpy as np
import pytest

from gpu import kernels

COUNT = 1000  # not a multiple of the block's 128
HALIDE = {"f32": hl.Float(32), "f64": hl.Float(64), "f16": hl.Float(16)} | {
    f"{sign}{bits}": (hl.Int if sign == "i" else hl.UInt)(bits) for sign in "iu" for bits in (8, 16, 32, 64)}
NUMPY = {"f32": np.float32, "f64": np.float64, "f16": np.float16} | {
    f"{sign}{bits}": np.dtype(("int" if sign == "i" else "uint") + str(bits)).type for sign in "iu" for bits in (8, 16, 32, 64)}
FLOATS = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 0.5, 1.5, 2.5, -2.5, 3e38, 1e-40, -1e-40, 255.5, 1e10]


def values(kind, seed):
    random = np.random.default_rng(seed)
    dtype = NUMPY[kind]
    if kind[0] == "f":
        numbers = (random.standard_normal(COUNT) * 10.0 ** random.integers(-3, 4, COUNT)).astype(dtype)
        with np.errstate(over="ignore"):
            numbers[seed:seed + len(FLOATS)] = np.array(FLOATS).astype(dtype)
        return numbers
    limits = np.iinfo(dtype)
    numbers = random.integers(limits.min, limits.max, COUNT, dtype, endpoint=True)
    numbers[:4] = [limits.min, limits.max, 0, 1]
    return numbers


def c_division(a, b):
    """Halide's: rounded so that the remainder is never negative; by zero is zero."""
    safe = np.where(b == 0, 1, b)
    quotient = np.array([int(x) // int(y) if y > 0 else -(int(x) // -int(y)) for x, y in zip(a, safe)], object)
    return np.array([0 if y == 0 else int(q) for q, y in zip(quotient, b)], object)


def wrapped(numbers, dtype):
    bits = np.dtype(dtype).itemsize * 8
    return np.array([int(n) & ((1 << bits) - 1) for n in numbers], f"uint{bits}").view(dtype)


def compare(card, kind, function, expected, inputs=1, out=None, tolerance=0):
    arrays = {f"in{i}": values(kind, i) for i in range(inputs)}
    with np.errstate(all="ignore"):
        wanted = expected(*arrays.values())
    wanted = np.asarray(wanted, NUMPY[out or kind])
    kernel = kernels.pointwise(function, HALIDE[kind], COUNT, inputs)
    found = kernel.run(card, {"out": ((COUNT,), wanted.dtype)}, **arrays)["out"]
    if tolerance:
        np.testing.assert_allclose(found, wanted, tolerance, 1e-30)
    else:
        np.testing.assert_array_equal(found, wanted)


FLOAT_OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b), "subtract": (lambda a, b: a - b, lambda a, b: a - b),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b), "divide": (lambda a, b: a / b, lambda a, b: a / b),
    "less": (lambda a, b: hl.select(a < b, a, b), lambda a, b: np.where(a < b, a, b)),
    "not greater": (lambda a, b: hl.select(a <= b, a, b), lambda a, b: np.where(a <= b, a, b)),
    "either": (lambda a, b: hl.select((a > b) | (a == 0), a, b), lambda a, b: np.where((a > b) | (a == 0), a, b)),
    "different": (lambda a, b: hl.select(a != b, a, b), lambda a, b: np.where(a != b, a, b)),
}


@pytest.mark.parametrize("name", FLOAT_OPERATIONS)
@pytest.mark.parametrize("kind", ["f32", "f64"])
def test_floats(card, kind, name):
    """Every bit, but that Halide's division of f32 is exact to the last place alone."""
    compare(card, kind, *FLOAT_OPERATIONS[name], inputs=2, tolerance=2e-7 if name == "divide" else 0)


UNARY = {
    "sqrt": (hl.sqrt, np.sqrt, 0), "floor": (hl.floor, np.floor, 0), "ceil": (hl.ceil, np.ceil, 0), "trunc": (hl.trunc, np.trunc, 0),
    "round": (hl.round, np.round, 0), "abs": (hl.abs, np.abs, 0), "negate": (lambda a: -a, lambda a: -a, 0),
    "exp": (hl.exp, np.exp, 2e-6), "log": (hl.log, np.log, 2e-6),
}


@pytest.mark.parametrize("name", UNARY)
def test_functions(card, name):
    function, expected, tolerance = UNARY[name]
    safe = (lambda a: hl.clamp(a, 0.25, 80.0)) if name in ("exp", "log") else lambda a: hl.select(hl.abs(a) < 1e-30, 0.0, a)
    limit = (lambda a: np.clip(np.nan_to_num(a, nan=1), 0.25, 80)) if name in ("exp", "log") else (
        lambda a: np.where(np.abs(a) < 1e-30, np.float32(0), a))

    def numbers(a):
        return hl.select(hl.is_nan(a), 1.0, a) if name in ("exp", "log") else a
    compare(card, "f32", lambda a: function(safe(numbers(a))), lambda a: expected(limit(a)), tolerance=tolerance)


INTEGER_OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b), "subtract": (lambda a, b: a - b, lambda a, b: a - b),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b), "divide": (lambda a, b: a / b, c_division),
    "modulo": (lambda a, b: a % b, lambda a, b: np.array([int(x) % abs(int(y)) if y else 0 for x, y in zip(a, b)], object)),
    "and": (lambda a, b: a & b, lambda a, b: a & b), "or": (lambda a, b: a | b, lambda a, b: a | b),
    "xor": (lambda a, b: a ^ b, lambda a, b: a ^ b), "not": (lambda a, b: ~a, lambda a, b: ~a),
    "left": (lambda a, b: a << (b & 7), lambda a, b: a << (b & a.dtype.type(7))),
    "right": (lambda a, b: a >> (b & 7), lambda a, b: a >> (b & a.dtype.type(7))),
    "min": (hl.min, np.minimum), "max": (hl.max, np.maximum),
    "by constants": (lambda a, b: a / 7 + b % 12, lambda a, b: a // a.dtype.type(7) + b % b.dtype.type(12)),
}


@pytest.mark.parametrize("name", INTEGER_OPERATIONS)
@pytest.mark.parametrize("kind", ["i8", "u8", "i16", "i32", "u32", "i64", "u64"])
def test_integers(card, kind, name):
    function, expected = INTEGER_OPERATIONS[name]
    compare(card, kind, function, lambda a, b: wrapped(np.asarray(expected(a, b)), a.dtype), inputs=2)


BITS = {
    "leading": (hl.count_leading_zeros, lambda n, bits: bits - n.bit_length()),
    "ones": (hl.popcount, lambda n, bits: bin(n).count("1")),
    "trailing": (hl.count_trailing_zeros, lambda n, bits: (n & -n).bit_length() - 1 if n else bits),
}


@pytest.mark.parametrize("name", BITS)
@pytest.mark.parametrize("kind", ["u16", "u32", "u64"])
def test_bits(card, kind, name):
    function, expected = BITS[name]
    compare(card, kind, lambda a: hl.cast(hl.Int(32), function(a)), lambda a: [expected(int(n), a.itemsize * 8) for n in a], out="i32")


CASTS = [("f32", "i32"), ("f32", "u8"), ("f32", "i64"), ("i32", "f32"), ("i64", "f32"), ("u64", "f64"), ("u32", "f64"), ("u8", "f32"),
         ("i8", "i64"), ("i32", "i8"), ("i64", "i16"), ("u8", "u32"), ("f32", "f64"), ("f64", "f32"), ("f32", "f16"), ("f16", "f32")]


@pytest.mark.parametrize("kind, out", CASTS)
def test_casts(card, kind, out):
    def limited(a):
        return hl.select(hl.is_nan(a), 0.0, hl.clamp(a, 0.0, 200.0)) if kind == "f32" and out[0] in "iu" else a

    def numbers(a):
        return np.clip(np.nan_to_num(a, nan=0), 0, 200) if kind == "f32" and out[0] in "iu" else a
    compare(card, kind, lambda a: hl.cast(HALIDE[out], limited(a)), lambda a: numbers(a).astype(NUMPY[out]), out=out)


def test_product_through_shared_memory(card):
    """Even and odd sizes: Halide shifts edge tiles inwards, so that two blocks write the same values."""
    random = np.random.default_rng(1)
    for m, n, k in ((64, 64, 16), (33, 45, 24), (96, 40, 40)):
        a, b = random.standard_normal((m, k), np.float32), random.standard_normal((k, n), np.float32)
        kernel = kernels.product(m, n, k)
        assert kernel.ptx.count("bar.sync") >= 2
        np.testing.assert_allclose(kernel.run(card, {"out": ((m, n), np.float32)}, a=a, b=b)["out"], a @ b, 1e-5, 1e-5)


def test_shuffles(card):
    x = np.random.default_rng(1).standard_normal((7, 96), np.float32)
    kernel = kernels.row_sums(7, 96)
    assert "shfl.sync" in kernel.ptx
    found = kernel.run(card, {"out": ((7, 32), np.float32)}, x=x)["out"]
    np.testing.assert_allclose(found, np.repeat(x.sum(1)[:, None], 32, 1), 1e-5, 1e-5)
