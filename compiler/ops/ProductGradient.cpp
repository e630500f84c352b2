// Gradients of contract and window: products of the same kind with the letters' parts exchanged. For a window, per spatial letter:
//
//   result[y] = sum over k of lhs[(y * stride + k * dilation - low) / lhsDilation] * rhs[k]
//   lhs'[p]   = sum over k of g[(p * lhsDilation - k * dilation + low) / stride] * rhs[k]     k counted backwards: the kernel turned round
//   rhs'[k]   = sum over y of lhs[(k * dilation + y * stride - low) / lhsDilation] * g[y]     g slides over lhs
//
// A kernel that covers the whole image stands in one place only: both are contractions, with an element of g for each image.
#include "compiler/dialect/Term.h"

using namespace mlir;
using namespace kiln;

namespace {
// `made` of a product has only the letters that its operands know; what else `wanted` has was summed alone, and is repeated.
Term restore(Term made, const std::string &letters, const std::string &wanted, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> dims;
  for (char c : letters)
    dims.push_back(static_cast<int64_t>(wanted.find(c)));
  return broadcast(made, dims, shape);
}
std::string known(const std::string &wanted, const std::string &a, const std::string &b) {
  std::string letters;
  for (char c : wanted)
    if (a.find(c) != std::string::npos || b.find(c) != std::string::npos)
      letters += c;
  return letters;
}

struct Slide {
  SmallVector<int64_t> strides, low, high, lhsDilation, dilation;
};
Term window(Term x, Term y, const ProductLabels &p, const Slide &s) {
  return x.make<WindowOp>(y.value, p.print(), p.spatial, s.strides, s.low, s.high, s.lhsDilation, s.dilation);
}
} // namespace

void ContractOp::gradient(Gradient &d) {
  ProductLabels p = product();
  Term g = d.cotangent(), lhs = d.operand(0), rhs = d.operand(1);
  std::string left = known(p.lhs, p.result, p.rhs), right = known(p.rhs, p.lhs, p.result);
  d.set(0, restore(contract(g, rhs, {p.result, p.rhs, left, ""}), left, p.lhs, lhs.shape()));
  d.set(1, restore(contract(lhs, g, {p.lhs, p.result, right, ""}), right, p.rhs, rhs.shape()));
}

// The letters and extents of a window's result without the spatial ones, when its kernel is as large as its image and neither is padded or dilated.
static bool standsStill(WindowOp op, std::string &letters, SmallVectorImpl<int64_t> &shape) {
  auto all = [](ArrayRef<int64_t> a, int64_t n) { return llvm::all_of(a, [&](int64_t v) { return v == n; }); };
  if (!all(op.getLow(), 0) || !all(op.getHigh(), 0) || !all(op.getLhsDilation(), 1) || !all(op.getDilation(), 1))
    return false;
  ProductLabels p = op.product();
  auto kernel = cast<ShapedType>(op.getRhs().getType()).getShape(), image = cast<ShapedType>(op.getLhs().getType()).getShape();
  for (char c : p.spatial)
    if (kernel[p.rhs.find(c)] != image[p.lhs.find(c)])
      return false;
  for (auto [c, extent] : llvm::zip(p.result, cast<ShapedType>(op.getType()).getShape()))
    if (p.spatial.find(c) == std::string::npos) {
      letters += c;
      shape.push_back(extent);
    }
  return true;
}

void WindowOp::gradient(Gradient &d) {
  ProductLabels p = product();
  Term g = d.cotangent(), lhs = d.operand(0), rhs = d.operand(1);
  std::string letters;
  if (SmallVector<int64_t> shape; standsStill(*this, letters, shape)) {
    g = reshape(g, shape);
    d.set(0, contract(g, rhs, {letters, p.rhs, p.lhs, ""}));
    d.set(1, contract(lhs, g, {p.lhs, letters, p.rhs, ""}));
    return;
  }
  Slide toLhs, toRhs;
  SmallVector<int64_t> first(rhs.rank(), 0), turn(rhs.rank(), 1);
  for (auto [i, c] : llvm::enumerate(p.spatial)) {
    size_t axis = p.rhs.find(c);
    int64_t kernel = rhs.shape()[axis], image = lhs.shape()[p.lhs.find(c)], result = g.shape()[p.result.find(c)];
    int64_t stride = getStrides()[i], dilation = getDilation()[i], every = getLhsDilation()[i];
    int64_t reach = (kernel - 1) * dilation, spread = (result - 1) * stride, room = (image - 1) * every;
    first[axis] = kernel - 1;
    turn[axis] = -1;
    toLhs.strides.push_back(every);
    toLhs.lhsDilation.push_back(stride);
    toLhs.dilation.push_back(dilation);
    toLhs.low.push_back(reach - getLow()[i]);
    toLhs.high.push_back(room + getLow()[i] - spread); // so that the last image element is the last result
    toRhs.strides.push_back(dilation);
    toRhs.dilation.push_back(stride);
    toRhs.lhsDilation.push_back(every);
    toRhs.low.push_back(getLow()[i]);
    toRhs.high.push_back(reach + spread - room - getLow()[i]);
  }
  d.set(0, window(g, slice(rhs, first, rhs.shape(), turn), {p.result, p.rhs, p.lhs, p.spatial}, toLhs));
  d.set(1, window(lhs, g, {p.lhs, p.result, p.rhs, p.spatial}, toRhs));
}
