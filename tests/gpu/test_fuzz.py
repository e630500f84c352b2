"""A few of the random nets of fuzz.py, and those that once went wrong: what a seed makes stays what it is for as long as fuzz.py does."""
import numpy as np
import pytest

from gpu import fuzz, fuzz_training, nets

ONCE_WRONG = """
func.func @main(%x: tensor<8x1x9xf32> {kiln.name = "x"}, %a: tensor<3x16xf32> {kiln.name = "a"}) -> (tensor<8x9xf32> {kiln.name = "constant"},
    tensor<3x16xf32> {kiln.name = "sums"}, tensor<3x16xf32> {kiln.name = "shares"}) {
  // An index that is 0 whatever the operand holds: its float was computed on the host, and had no way to the card.
  %0 = kiln.constant dense<-0.453303665> : tensor<8x9xf32>
  %1 = kiln.arg_reduce %x {dim = 1 : i64, kind = 3 : i32} : (tensor<8x1x9xf32>) -> tensor<8x9xi64>
  %2 = kiln.cast %1 {to = f32} : (tensor<8x9xi64>) -> tensor<8x9xf32>
  %3 = kiln.add %2, %0 : (tensor<8x9xf32>, tensor<8x9xf32>) -> tensor<8x9xf32>
  // Sums of sums along one axis: the inner ones stand in a thread's own memory.
  %4 = kiln.cumulative %a {dim = 1 : i64} : (tensor<3x16xf32>) -> tensor<3x16xf32>
  %5 = kiln.cumulative %4 {dim = 1 : i64} : (tensor<3x16xf32>) -> tensor<3x16xf32>
  // The softmax of a softplus: an expression whose parts are used many times over was walked as the tree that it is not, for hours.
  %zero = kiln.constant dense<0.0> : tensor<3x16xf32>
  %6 = kiln.abs %a : (tensor<3x16xf32>) -> tensor<3x16xf32>
  %7 = kiln.neg %6 : (tensor<3x16xf32>) -> tensor<3x16xf32>
  %8 = kiln.exp %7 : (tensor<3x16xf32>) -> tensor<3x16xf32>
  %9 = kiln.log1p %8 : (tensor<3x16xf32>) -> tensor<3x16xf32>
  %10 = kiln.max %a, %zero : (tensor<3x16xf32>, tensor<3x16xf32>) -> tensor<3x16xf32>
  %11 = kiln.add %9, %10 : (tensor<3x16xf32>, tensor<3x16xf32>) -> tensor<3x16xf32>
  %12 = kiln.reduce %11 {dims = array<i64: 1>, kind = 2 : i32} : (tensor<3x16xf32>) -> tensor<3xf32>
  %13 = kiln.broadcast %12 {dims = array<i64: 0>, shape = array<i64: 3, 16>} : (tensor<3xf32>) -> tensor<3x16xf32>
  %14 = kiln.sub %11, %13 : (tensor<3x16xf32>, tensor<3x16xf32>) -> tensor<3x16xf32>
  %15 = kiln.exp %14 : (tensor<3x16xf32>) -> tensor<3x16xf32>
  %16 = kiln.reduce %15 {dims = array<i64: 1>, kind = 0 : i32} : (tensor<3x16xf32>) -> tensor<3xf32>
  %17 = kiln.broadcast %16 {dims = array<i64: 0>, shape = array<i64: 3, 16>} : (tensor<3xf32>) -> tensor<3x16xf32>
  %18 = kiln.div %15, %17 : (tensor<3x16xf32>, tensor<3x16xf32>) -> tensor<3x16xf32>
  return %3, %5, %18 : tensor<8x9xf32>, tensor<3x16xf32>, tensor<3x16xf32>
}
"""


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_random_net(seed, tmp_path):
    fuzz.check(seed, tmp_path)


@pytest.mark.parametrize("check", [fuzz_training.check_gradients, fuzz_training.check_steps])
def test_a_random_training(check, tmp_path, monkeypatch):
    for name, value in nets.environment().items():
        monkeypatch.setenv(name, value)
    check(3, tmp_path)


def test_what_once_went_wrong(tmp_path):
    (tmp_path / "graph.mlir").write_text(ONCE_WRONG)
    random = np.random.default_rng(1)
    feeds = {"x": random.standard_normal((8, 1, 9), "f4"), "a": random.standard_normal((3, 16), "f4")}
    found, ptx = nets.answers(str(tmp_path / "graph.mlir"), feeds, ["constant", "sums", "shares"], ["--dump=ptx"])
    assert "st.local" in ptx  # or this test has lost what it is about
    np.testing.assert_array_equal(found["constant"], np.full((8, 9), -0.453303665, "f4"))
    np.testing.assert_allclose(found["sums"], feeds["a"].cumsum(1).cumsum(1), 1e-5, 1e-5)
    powers = np.exp(np.logaddexp(0, feeds["a"].astype(float)))
    np.testing.assert_allclose(found["shares"], powers / powers.sum(1, keepdims=True), 1e-5)
