//===- Pools.cpp - pools over windows and over whole pictures --------------------------------------------------===//
#include "frontend/builder/Formulas.h"
#include "frontend/builder/Scope.h"
#include "frontend/builder/Windows.h"

using namespace mlir;

namespace kiln::builder {

/// How many elements of the picture each window along dimension `i` covers.
static std::vector<double> covered(Value x, const PictureWindows &w, size_t i) {
  std::vector<double> counts;
  int64_t size = sizesOf(x)[i + 2];
  for (int64_t at = -w.low[i]; at + w.kernel[i] <= size + w.high[i]; at += w.strides[i])
    counts.push_back(static_cast<double>(std::min(at + w.kernel[i], size) - std::max<int64_t>(at, 0)));
  return counts;
}

/// The sum by how many elements it has: one number, or a table of the result's size where windows reach over the border.
static Value averaged(GraphBuilder &b, Value x, Value sums, const PictureWindows &w) {
  std::vector<double> rows = covered(x, w, 0), columns = covered(x, w, 1);
  auto count = static_cast<double>(w.kernel[0] * w.kernel[1]);
  SmallVector<float> table;
  bool even = true;
  for (double row : rows)
    for (double column : columns) {
      if (row < 1 || column < 1)
        throw BuildError{"its padding is so wide that a window lies in it alone"};
      table.push_back(static_cast<float>(1 / (row * column)));
      even &= row * column == count;
    }
  if (even)
    return b.divide(sums, count);
  auto type = RankedTensorType::get({static_cast<int64_t>(rows.size()), static_cast<int64_t>(columns.size())},
                                    Float32Type::get(b.context()));
  return b.map<MulOp>(sums, b.cast(b.constant(DenseElementsAttr::get(type, ArrayRef<float>(table))), elementOf(sums)));
}

Pool2D::operator Layer() const {
  const char *kinds[] = {"max_pool2d", "average_pool2d", "norm_pool2d"};
  return layer(kinds[static_cast<int>(kind)], name_, [o = *this](Scope &s, const Inputs &inputs) {
    Value x = inputs[0];
    PictureWindows w = windowsOf(x, o.window, o.strides_, 1, o.padding_, o.borders_);
    GraphBuilder::Pool pool{{1, 1, o.window.y, o.window.x},
                            {1, 1, w.strides[0], w.strides[1]},
                            {0, 0, w.low[0], w.low[1]},
                            {0, 0, w.high[0], w.high[1]},
                            {1, 1, 1, 1}};
    if (o.kind == Kind::Max)
      return s.b.pool(x, ReduceKind::Max, pool);
    if (o.kind == Kind::Average)
      return averaged(s.b, x, s.b.pool(x, ReduceKind::Add, pool), w);
    if (!(o.power_ >= 1))
      throw BuildError{"its power is " + std::to_string(o.power_) + ", expected at least 1"};
    return rootOf(s.b, s.b.pool(powerOf(s.b, x, o.power_), ReduceKind::Add, pool), o.power_);
  });
}

Layer globalAveragePool() {
  return layer("global_average_pool", "", [](Scope &s, const Inputs &x) {
    requirePicture(x[0]);
    return s.b.mean(x[0], {2, 3});
  });
}
Layer globalMaxPool() {
  return layer("global_max_pool", "", [](Scope &s, const Inputs &x) {
    requirePicture(x[0]);
    return s.b.reduce(x[0], ReduceKind::Max, {2, 3});
  });
}

} // namespace kiln::builder
