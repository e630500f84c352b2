"""Every op with an algorithm, compiled and run, against numpy over odd shapes, special values and extreme integers.

Nearly all cases are results of one model, so that kiln starts once; each is its own kernel. With the operands as constants, folding must give
the same.
"""
import os
import re

import numpy as np
import pytest

from cases import BFLOAT, CASES, TYPES, floats
from models import kiln


def tensor(array):
    element = TYPES.get(array.dtype.str[1:].replace("b1", "?"))
    return "tensor<" + "".join(f"{n}x" for n in array.shape) + element + ">"


def literal(array):
    """A dense constant, bit by bit."""
    if array.size == 0:
        return "dense<>"
    if array.dtype.kind == "b":
        flat = [str(bool(v)).lower() for v in array.flat]
    elif array.dtype.kind == "f":
        flat = [f"0x{v:0{2 * array.itemsize}X}" for v in array.reshape(-1).view(f"u{array.itemsize}")]
    else:
        flat = [str(v) for v in array.flat]
    if array.ndim == 0:
        return f"dense<{flat[0]}>"
    shaped = np.array(flat, dtype=object).reshape(array.shape).tolist()
    return f"dense<{str(shaped).replace(chr(39), '')}>"


def dense(text, type):
    """The array of a printed constant: bytes in hexadecimal, one element for all, or a list."""
    *shape, element = type.split("x")
    shape, dtype = [int(n) for n in shape], np.dtype({mlir: numpy for numpy, mlir in TYPES.items()}[element])
    if not text:
        return np.zeros(shape, dtype)
    if text.startswith('"'):
        raw = bytes.fromhex(text[3:-1])
        if dtype == bool:
            return np.unpackbits(np.frombuffer(raw, np.uint8), count=int(np.prod(shape)), bitorder="little").astype(bool).reshape(shape)
        return np.frombuffer(raw, dtype).reshape(shape)

    def number(t):
        if dtype.kind == "f":
            return np.array(int(t, 16), f"u{dtype.itemsize}").view(dtype) if t.startswith("0x") else np.array(t, dtype)
        return np.array({"true": 1, "false": 0}.get(t) if t in ("true", "false") else int(t), dtype)
    values = [number(t) for t in re.findall(r"[^][, ]+", text)]
    return np.broadcast_to(values[0], shape) if len(values) == 1 else np.array(values).reshape(shape)


def module(cases, fixed):
    """Text and inputs of a model whose result y<i> is case i of `cases`; operands are inputs, or constants when `fixed`."""
    arguments, body, feeds = [], [], {}
    for i, c in cases.items():
        names = []
        for array in map(np.asarray, c.operands):
            name = f"x{len(arguments) + len(body)}"
            if fixed:
                body.append(f"  %{name} = kiln.constant {literal(array)} : {tensor(array)}")
            else:
                arguments.append(f'%{name}: {tensor(array)} {{kiln.name = "{name}"}}')
                feeds[name] = array
            names.append(name)
        types = ", ".join(tensor(np.asarray(a)) for a in c.operands)
        attributes = f" {{{c.attributes}}}" if c.attributes else ""
        if names:
            body.append(f"  %y{i} = kiln.{c.op} {', '.join('%' + n for n in names)}{attributes} : ({types}) -> {tensor(c.want)}")
            continue
        # A leaf is seen where a mask that is known at run time alone lets it through.
        mask, zero = np.ones(c.want.shape, bool), np.zeros_like(c.want)
        for name, array in ((f"m{i}", mask), (f"z{i}", zero)):
            arguments.append(f'%{name}: {tensor(array)} {{kiln.name = "{name}"}}')
            feeds[name] = array
        body.append(f"  %l{i} = kiln.{c.op}{f' {c.attributes}' if c.op == 'constant' else attributes} : {tensor(zero)}")
        body.append(f"  %y{i} = kiln.select %m{i}, %l{i}, %z{i} : ({tensor(mask)}, {tensor(zero)}, {tensor(zero)}) -> {tensor(zero)}")
    results = [tensor(c.want) for c in cases.values()]
    named = ", ".join(f'{t} {{kiln.name = "y{i}"}}' for i, t in zip(cases, results))
    returned = ", ".join(f"%y{i}" for i in cases)
    lines = [f"func.func @main({', '.join(arguments)}) -> ({named}) {{", *body, f"  return {returned} : {', '.join(results)}", "}"]
    return "\n".join(lines) + "\n", feeds


def run(folder, text, feeds):
    model, given, made = folder / "model.mlir", folder / "in.npz", folder / "out.npz"
    model.write_text(text)
    np.savez(given, **feeds)
    kiln.kiln("run", model, *(["--input", given] if feeds else []), "--output", made, *kiln.settings())
    with np.load(made) as archive:
        return {name: archive[name] for name in archive.files}


@pytest.fixture(scope="session")
def computed(tmp_path_factory):
    answers = run(tmp_path_factory.mktemp("run"), *module(dict(enumerate(CASES)), False))
    return [answers[f"y{i}"] for i in range(len(CASES))]


@pytest.fixture(scope="session")
def folded(tmp_path_factory):
    """What --canonicalize leaves of the cases on constants: an array, or None where the op is still there."""
    cases = {n: c for n, c in enumerate(CASES) if c.operands}
    source = tmp_path_factory.mktemp("folded") / "model.mlir"
    source.write_text(module(cases, True)[0])
    done = kiln.execute([os.path.join(os.path.dirname(kiln.BINARY), "kiln-opt"), "--canonicalize", source])
    assert done.code == 0, done
    constants = {name: dense(text, shape) for name, text, shape in
                 re.findall(r"(%\S+) = kiln.constant dense<(.*?)> : tensor<(.*?)>$", done.out, re.M)}
    returned = re.search(r"return (.*?) :", done.out).group(1).split(", ")
    return {i: constants.get(name) for i, name in zip(cases, returned, strict=True)}


def ordered(array):
    """Floats as integers that count in units in the last place; -0 just below 0."""
    bits = array.view(f"i{array.itemsize}").astype(object)
    return np.where(array.view(f"i{array.itemsize}") < 0, -(bits & (2 ** (8 * array.itemsize - 1) - 1)) - 1, bits)


def check(case, got):
    want = case.want
    assert got.shape == want.shape and got.dtype == want.dtype
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want), err_msg="NaN")
    known = ~np.isnan(want)
    got, want = got[known], want[known]
    if case.relative:
        np.testing.assert_array_equal(np.isinf(got), np.isinf(want))
        finite = np.isfinite(want)
        scale = max(np.abs(want[finite]), default=1)
        assert np.abs(got[finite] - want[finite]).max(initial=0) <= case.relative * max(scale, 1e-30)
        return
    if not case.zeros:
        got, want = got + 0.0, want + 0.0  # -0 becomes 0
    distance = np.abs(ordered(got) - ordered(want))
    far = distance > case.ulp
    assert not far.any(), f"{far.sum()} of {far.size} elements are off, by up to {max(distance)} ULP: got {got[far][:8]}, expected {want[far][:8]}"


NAMES = [f"{c.op}-{'-'.join(tensor(np.asarray(a))[7:-1] for a in c.operands)}-{i}" for i, c in enumerate(CASES)]


@pytest.mark.parametrize("i", range(len(CASES)), ids=NAMES)
def test_op(i, computed):
    check(CASES[i], computed[i])


def test_folding(folded):
    """A constant that the compiler computes is what the op means; integers fold, but for products and extremes compared (random never)."""
    for i, value in folded.items():
        if value is not None:
            check(CASES[i], value)
    def whole(c):
        return not c.empty and c.op not in ("contract", "window", "eq") and all(a.dtype.kind in "iub" for a in map(np.asarray, (*c.operands, c.want)))
    left = {NAMES[i] for i, value in folded.items() if value is None and whole(CASES[i])}
    assert not left


def test_every_op_has_a_case():
    """The dialect's ops, from its definition; those that structure a model have no algorithm."""
    with open(os.path.join(kiln.ROOT, "compiler", "dialect", "KilnOps.td")) as file:
        ops = set(re.findall(r'^def \w+Op : Kiln_\w+<"(\w+)"', file.read(), re.M))
    assert len(ops) > 60
    assert ops - {"parameter", "use", "kernel", "return", "launch", "gradient", "scan", "repeat"} == {c.op for c in CASES}


def test_bfloat(tmp_path):
    """bf16 has no numpy type: through it and back."""
    x = floats("f4", (7, 31))
    there, back = "(tensor<7x31xf32>) -> tensor<7x31xbf16>", "(tensor<7x31xbf16>) -> tensor<7x31xf32>"
    text = f"""func.func @main(%x: tensor<7x31xf32> {{kiln.name = "x"}}) -> (tensor<7x31xf32> {{kiln.name = "y"}}) {{
  %0 = kiln.cast %x {{to = bf16}} : {there}
  %1 = kiln.cast %0 {{to = f32}} : {back}
  return %1 : tensor<7x31xf32>
}}
"""
    np.testing.assert_array_equal(run(tmp_path, text, {"x": x})["y"], BFLOAT)
