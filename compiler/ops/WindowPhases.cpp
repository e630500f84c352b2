// WindowPhases.cpp - a window over an image with holes between its elements is as many windows without them as there are holes:
//
//   result[q*L + r] = sum over j of lhs[q + (r + k0*dilation - low) / L + j*dilation] * rhs[k0 + j*L]      L: lhs_dilation
//
// where k0 is the first tap that meets an element at phase r. Each phase has the taps to itself that would else meet zeros, and an unpool with
// windows of one puts it in its places. These are transposed convolutions, and the gradients of strided ones by their image (zoo:resnet's: 16.3
// -> 2.5 ms at batch 64).
#include "compiler/dialect/Term.h"
#include "compiler/ops/Product.h"
#include <numeric>

using namespace mlir;

namespace kiln {
namespace {
constexpr int64_t mostPhases = 16; // each is a launch

/// One letter's share of a phase.
struct Phase {
  int64_t start = 0, first = 0, taps = 1, low = 0, high = 0, results = 1; ///< `start`: r; `first`: k0
};

/// No taps: nothing but holes.
Phase phaseOf(int64_t r, int64_t every, int64_t low, int64_t dilation, int64_t kernel, int64_t image, int64_t results) {
  Phase phase;
  phase.start = r;
  auto off = [&](int64_t k) { return (r + k * dilation - low) % every; };
  while (off(phase.first) != 0)
    ++phase.first;
  phase.taps = phase.first < kernel ? (kernel - phase.first + every - 1) / every : 0;
  phase.results = (results - r + every - 1) / every;
  phase.low = (low - r - phase.first * dilation) / every;
  phase.high = phase.results - 1 + (phase.taps - 1) * dilation + 1 - image - phase.low;
  return phase;
}

struct SplitPhases : OpRewritePattern<WindowOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(WindowOp op, PatternRewriter &rewriter) const override {
    ProductLabels p = op.product();
    ArrayRef<int64_t> image = cast<ShapedType>(op.getLhs().getType()).getShape(), shape = cast<ShapedType>(op.getType()).getShape();
    auto kernel = cast<ShapedType>(op.getRhs().getType()).getShape();
    SmallVector<int64_t> every(p.spatial.size(), 1);
    int64_t count = 1;
    for (size_t i = 0; i < p.spatial.size(); ++i)
      if (op.getStrides()[i] == 1 && std::gcd(op.getDilation()[i], op.getLhsDilation()[i]) == 1) {
        every[i] = op.getLhsDilation()[i];
        count *= every[i];
      }
    if (count == 1 || count > mostPhases)
      return failure();

    Site site{rewriter, op.getLoc()};
    Term sum{Value(), &site};
    for (int64_t number = 0; number < count; ++number) {
      SmallVector<Phase> phases;
      int64_t rest = number;
      for (auto [i, letter] : llvm::enumerate(p.spatial)) {
        int64_t extent = image[p.lhs.find(letter)], results = shape[p.result.find(letter)], taps = kernel[p.rhs.find(letter)];
        bool split = every[i] > 1;
        phases.push_back(split ? phaseOf(rest % every[i], every[i], op.getLow()[i], op.getDilation()[i], taps, extent, results)
                               : Phase{0, 0, taps, op.getLow()[i], op.getHigh()[i], results});
        rest /= every[i];
      }
      if (llvm::any_of(phases, [](const Phase &phase) { return phase.taps == 0 || phase.results < 1; }))
        continue; // zeros
      Term one = placed(op, p, phases, every, site);
      sum = sum ? sum + one : one;
    }
    rewriter.replaceOp(op, sum ? sum.value : splat(site, cast<ShapedType>(op.getType()).getElementType(), shape, 0).value);
    return success();
  }

  static Term placed(WindowOp op, const ProductLabels &p, ArrayRef<Phase> phases, ArrayRef<int64_t> every, const Site &site) {
    Term lhs{op.getLhs(), &site}, rhs{op.getRhs(), &site};
    SmallVector<int64_t> starts(rhs.rank(), 0), sizes(rhs.shape()), steps(rhs.rank(), 1), low, high, holes(op.getLhsDilation());
    SmallVector<int64_t> windows(p.result.size(), 1), strides(windows), before(p.result.size(), 0), after(before);
    for (auto [i, letter] : llvm::enumerate(p.spatial)) {
      size_t in = p.rhs.find(letter), out = p.result.find(letter);
      low.push_back(phases[i].low);
      high.push_back(phases[i].high);
      if (every[i] == 1)
        continue;
      starts[in] = phases[i].first;
      sizes[in] = phases[i].taps;
      steps[in] = every[i];
      holes[i] = 1;
      strides[out] = every[i];
      before[out] = -phases[i].start;
    }
    Term made = lhs.make<WindowOp>(slice(rhs, starts, sizes, steps).value, p.print(), p.spatial, op.getStrides(), low, high, holes,
                                   op.getDilation());
    return made.make<UnpoolOp>(Value(), cast<ShapedType>(op.getType()).getShape(), windows, strides, before, after,
                               SmallVector<int64_t>(windows.size(), 1));
  }
};
} // namespace

void addPhasePatterns(RewritePatternSet &patterns) { patterns.add<SplitPhases>(patterns.getContext()); }
} // namespace kiln
