#include "compiler/passes/LayoutRules.h"

using namespace mlir;

namespace kiln {
Layout packedKernel(const ProductLabels &product, const Layout &left, char lane, int64_t lanes) {
  int64_t rank = static_cast<int64_t>(product.rhs.size()), laneDim = static_cast<int64_t>(product.rhs.find(lane));
  Layout want = Layout::dense(rank);
  want.order = {{laneDim, Part::Inner, lanes}};
  std::vector<bool> placed(rank, false);
  placed[laneDim] = true;
  for (const StoredDim &s : left.order)
    if (size_t d = product.rhs.find(product.lhs[s.dim]); d != std::string::npos && static_cast<int64_t>(d) != laneDim) {
      bool spatial = product.spatial.find(product.lhs[s.dim]) != std::string::npos;
      if (spatial && placed[d]) // the picture's rows are blocked: two stored dimensions, the kernel's are not
        continue;
      want.order.push_back({static_cast<int64_t>(d), spatial ? Part::Whole : s.part, spatial ? 0 : s.block});
      placed[d] = true;
    }
  for (int64_t d = rank; d-- > 0;)
    if (!placed[d])
      want.order.push_back({d});
  want.order.push_back({laneDim, Part::Outer, lanes});
  return want;
}

bool partsAreRuns(JoinOpInterface join, const Layout &layout) {
  Shape shape = shapeOf(join->getResult(0).getType()), extents = layout.extents(shape);
  size_t i = extents.size();
  while (i > 0 && layout.order[i - 1].dim != join.joinDim())
    if (extents[--i] != 1)
      return false;
  int64_t start = 0, block = std::max<int64_t>(layout.order[i - 1].block, 1);
  for (Value part : join->getOperands()) {
    if (start % block)
      return false;
    start += shapeOf(part.getType())[join.joinDim()];
  }
  return layout.order[i - 1].part != Part::Inner;
}
} // namespace kiln
