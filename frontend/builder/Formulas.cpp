#include "frontend/builder/Formulas.h"
#include <numeric>

using namespace mlir;

namespace kiln::builder {

Value softplusOf(GraphBuilder &b, Value x) {
  Value m = b.detach(b.map<MaxOp>(x, 0.0));
  return b.map<AddOp>(m, b.map<Log1pOp>(b.map<AddOp>(b.map<ExpOp>(b.map<SubOp>(x, m)), b.map<Expm1Op>(b.map<NegOp>(m)))));
}

Value logSoftmaxOf(GraphBuilder &b, Value x) {
  int64_t last = rankOf(x) - 1;
  Value shifted = b.map<SubOp>(x, b.detach(b.reduce(x, ReduceKind::Max, last, true)));
  return b.map<SubOp>(shifted, b.map<LogOp>(b.reduce(b.map<ExpOp>(shifted), ReduceKind::Add, last, true)));
}

Value powerOf(GraphBuilder &b, Value x, double power) {
  return power == 1 ? b.map<AbsOp>(x) : power == 2 ? b.map<MulOp>(x, x) : b.map<PowOp>(b.map<AbsOp>(x), power);
}

Value rootOf(GraphBuilder &b, Value sum, double power) {
  if (power == 1)
    return sum;
  Value none = b.map<EqOp>(sum, 0.0), base = b.select(none, b.fill(sum, 1), sum);
  return b.select(none, sum, power == 2 ? b.map<SqrtOp>(base) : b.map<PowOp>(base, 1 / power));
}

Shape dimsFrom(int64_t begin, int64_t end) {
  Shape dims(static_cast<size_t>(std::max<int64_t>(end - begin, 0)));
  std::iota(dims.begin(), dims.end(), begin);
  return dims;
}

} // namespace kiln::builder
