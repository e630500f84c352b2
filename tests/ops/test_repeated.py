"""Reductions of a value that is the same at every step: it depends on no reduction variable, and still counts as often as it stands there."""
import numpy as np
import pytest

from models import kiln

N, M = 7, 37
SCALAR, ROW, WIDE = "tensor<7xf32>", "tensor<7x37xf32>", "tensor<1x7x9x37xf32>"
X = np.array([1, -2, 0.5, np.nan, np.inf, 3, -0.25], "f4")
R = np.broadcast_to(X[:, None], (N, M))
POOL = ("window = array<i64: 1, 1, 3, 5>, strides = array<i64: 1, 1, 2, 3>, low = array<i64: 0, 0, 0, 0>, high = array<i64: 0, 0, 0, 0>, "
        "dilation = array<i64: 1, 1, 1, 1>")
POOLED = "tensor<1x7x4x11xf32>"


def spread(factor):
    return np.broadcast_to((X * np.float32(factor))[None, :, None, None], (1, N, 4, 11))


ONE = f"%r = kiln.broadcast %x {{dims = array<i64: 0>, shape = array<i64: 7, 37>}} : ({SCALAR}) -> {ROW}"
IMAGE = f"%r = kiln.broadcast %x {{dims = array<i64: 1>, shape = array<i64: 1, 7, 9, 37>}} : ({SCALAR}) -> {WIDE}"
# name: the repeated value, the op on it, its type, what numpy says
CASES = {
    **{f"reduce_{name}": (ONE, f"kiln.reduce %r {{kind = {kind} : i32, dims = array<i64: 1>}} : ({ROW}) -> {SCALAR}", SCALAR, want)
       for kind, name, want in ((0, "add", X * M), (1, "mul", X.astype("f8") ** M), (2, "max", X), (3, "min", X))},
    "reduce_all": (ONE, f"kiln.reduce %r {{kind = 2 : i32, dims = array<i64: 0, 1>}} : ({ROW}) -> tensor<f32>", "tensor<f32>", X.max()),
    "arg_reduce": (ONE, f"kiln.arg_reduce %r {{kind = 2 : i32, dim = 1 : i64}} : ({ROW}) -> tensor<7xi64>", "tensor<7xi64>", np.zeros(N, "i8")),
    "arg_reduce_last": (ONE, f"kiln.arg_reduce %r {{kind = 3 : i32, dim = 1 : i64, last}} : ({ROW}) -> tensor<7xi64>", "tensor<7xi64>", np.full(N, M - 1)),
    "cumulative": (ONE, f"kiln.cumulative %r {{dim = 1 : i64}} : ({ROW}) -> {ROW}", ROW, X[:, None] * np.arange(1, M + 1, dtype="f4")),
    "cumulative_twice": (f"{ONE}\n  %r_once = kiln.cumulative %r {{dim = 1 : i64}} : ({ROW}) -> {ROW}",  # a sum within the loop of another
                         f"kiln.cumulative %r_once {{dim = 1 : i64}} : ({ROW}) -> {ROW}", ROW, X[:, None] * np.arange(1, M + 1, dtype="f4").cumsum()),
    "contract": (ONE, f'kiln.contract %r, %r {{labels = "mk,nk->mn"}} : ({ROW}, {ROW}) -> tensor<7x7xf32>', "tensor<7x7xf32>", np.outer(X, X) * M),
    "contract_one": (ONE, f'kiln.contract %r, %w {{labels = "mk,kn->mn"}} : ({ROW}, tensor<37x5xf32>) -> tensor<7x5xf32>', "tensor<7x5xf32>", None),
    "pool_add": (IMAGE, f"kiln.pool %r {{kind = 0 : i32, {POOL}}} : ({WIDE}) -> {POOLED}", POOLED, spread(15)),
    "pool_max": (IMAGE, f"kiln.pool %r {{kind = 2 : i32, {POOL}}} : ({WIDE}) -> {POOLED}", POOLED, spread(1)),
    "pool_min": (IMAGE, f"kiln.pool %r {{kind = 3 : i32, {POOL}}} : ({WIDE}) -> {POOLED}", POOLED, spread(1)),
}
W = np.random.default_rng(3).normal(size=(M, 5)).astype("f4")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """All in one model, each in a kernel of its own with the broadcast inside."""
    folder, body = tmp_path_factory.mktemp("repeated"), []
    for i, (made, op, _, _) in enumerate(CASES.values()):
        body += [f"  {line}" for line in (made.replace("%r", f"%r{i}"), f"%y{i} = {op}".replace("%r", f"%r{i}"))]
    types = [c[2] for c in CASES.values()]
    named = ", ".join(f'{t} {{kiln.name = "{name}"}}' for t, name in zip(types, CASES))
    returned = ", ".join(f"%y{i}" for i in range(len(types)))
    text = [f'func.func @main(%x: {SCALAR} {{kiln.name = "x"}}, %w: tensor<37x5xf32> {{kiln.name = "w"}}) -> ({named}) {{', *body,
            f"  return {returned} : {', '.join(types)}", "}"]
    model = folder / "model.mlir"
    model.write_text("\n".join(text) + "\n")
    return kiln.infer(model, {"x": X, "w": W}, CASES)


@pytest.mark.parametrize("name", CASES)
def test_repeated(results, name):
    with np.errstate(all="ignore"):
        want = R.astype("f8") @ W if name == "contract_one" else CASES[name][3]
    np.testing.assert_allclose(results[name], want, rtol=2e-5)
