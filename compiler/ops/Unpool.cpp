// arg_pool, pool_take, unpool, and the gradients of all that works on windows. A pool's result o has taps k that read x[o*stride +
// k*dilation - low]; a tap's number counts them in row-major order.
#include "compiler/dialect/Term.h"
#include "compiler/lower/Emitter.h"
#include "compiler/lower/Math.h"
#include "compiler/ops/Pool.h"

using namespace mlir;
using namespace kiln;

namespace {
Halide::Type elementOf(Value v) { return lower::halideType(cast<ShapedType>(v.getType()).getElementType()); }

// A reduction over the taps of a window: its extents, and the number of the tap at `r`.
struct Taps {
  explicit Taps(const PoolWindows &w) : w(w) {
    for (auto [d, k] : llvm::enumerate(w.window))
      if (k > 1)
        windowed.push_back(static_cast<int64_t>(d));
  }
  lower::Reduction reduction() const {
    lower::Reduction reduction;
    for (int64_t d : windowed) {
      reduction.extents.push_back(w.window[d]);
      reduction.names.push_back("k" + std::to_string(d));
    }
    return reduction;
  }
  Halide::Expr number(lower::Emitter &emitter, lower::At r) const {
    lower::Index flat(0);
    for (auto [i, d] : llvm::enumerate(windowed))
      flat = flat * w.window[d] + r[i];
    return emitter.expr(flat);
  }
  lower::Indices read(lower::At to, lower::At r) const {
    lower::Indices from;
    for (auto [d, i] : llvm::enumerate(to))
      from.push_back(i * w.strides[d] - w.low[d]);
    for (auto [i, d] : llvm::enumerate(windowed))
      from[d] = from[d] + r[i] * w.dilation[d];
    return from;
  }
  PoolWindows w;
  SmallVector<int64_t> windowed;
};

LogicalResult inferOver(std::optional<Location> location, Value x, const PoolWindows &windows, Type element,
                        SmallVectorImpl<Type> &types) {
  SmallVector<int64_t> shape;
  if (failed(inferPool(location, cast<ShapedType>(x.getType()).getShape(), windows, shape)))
    return failure();
  types.push_back(RankedTensorType::get(shape, element));
  return success();
}
LogicalResult verifyIndex(Operation *op, Value index, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(index.getType());
  return type.getShape() == shape && type.getElementType().isInteger(32)
             ? success()
             : op->emitOpError("needs an i32 index for each of its windows, found ") << type;
}
} // namespace

LogicalResult ArgPoolOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                          SmallVectorImpl<Type> &types) {
  return inferOver(location, adaptor.getX(), windowsOf(adaptor), IntegerType::get(context, 32), types);
}
LogicalResult ArgPoolOp::verify() {
  return getKind() == ReduceKind::Max || getKind() == ReduceKind::Min ? success() : emitOpError("needs kind max or min");
}
// Accumulators (best value, its tap); a later tap replaces the best only when it is better.
Halide::Expr ArgPoolOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  Taps taps(windowsOf(*this));
  lower::Reduction reduction = taps.reduction();
  // Finite: a select between infinities is undefined to the code generator.
  Halide::Expr none = getKind() == ReduceKind::Max ? elementOf(getX()).min() : elementOf(getX()).max();
  reduction.init = {none, Halide::Expr(-1)};
  reduction.step = [&](lower::At to, lower::At r, const lower::Exprs &best) -> lower::Exprs {
    Halide::Expr v = emitter.padded(getX(), taps.read(to, r), none);
    Halide::Expr better = best[1] < 0 || (getKind() == ReduceKind::Max ? math::lt(best[0], v) : math::lt(v, best[0]));
    return {Halide::select(better, v, best[0]), Halide::select(better, taps.number(emitter, r), best[1])};
  };
  return emitter.reduce(*this, at, reduction)[1];
}

LogicalResult PoolTakeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  return inferOver(location, adaptor.getX(), windowsOf(adaptor), cast<ShapedType>(adaptor.getX().getType()).getElementType(),
                   types);
}
LogicalResult PoolTakeOp::verify() { return verifyIndex(*this, getIndex(), cast<ShapedType>(getType()).getShape()); }
Halide::Expr PoolTakeOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  Taps taps(windowsOf(*this));
  lower::Reduction reduction = taps.reduction();
  Halide::Expr zero = Halide::Internal::make_zero(elementOf(getX()));
  reduction.init = {zero};
  reduction.step = [&](lower::At to, lower::At r, const lower::Exprs &sum) -> lower::Exprs {
    Halide::Expr here = emitter.value(getIndex(), to) == taps.number(emitter, r);
    return {Halide::select(here, emitter.padded(getX(), taps.read(to, r), zero), sum[0])};
  };
  return emitter.reduce(*this, at, reduction)[0];
}
void PoolTakeOp::gradient(Gradient &d) {
  d.set(0, d.cotangent().make<UnpoolOp>(getIndex(), d.operand(0).shape(), getWindow(), getStrides(), getLow(), getHigh(),
                                        getDilation()));
}

LogicalResult UnpoolOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor, SmallVectorImpl<Type> &types) {
  types.push_back(RankedTensorType::get(adaptor.getShape(), cast<ShapedType>(adaptor.getX().getType()).getElementType()));
  return success();
}
LogicalResult UnpoolOp::verify() {
  SmallVector<int64_t> shape;
  if (failed(inferPool(getLoc(), getShape(), windowsOf(*this), shape)))
    return failure();
  if (shape != cast<ShapedType>(getX().getType()).getShape())
    return emitOpError("has ") << getX().getType() << " for windows that a tensor of its shape has not";
  return getIndex() ? verifyIndex(*this, getIndex(), shape) : success();
}

static bool overlap(UnpoolOp op) {
  for (auto [window, stride, dilation] : llvm::zip(op.getWindow(), op.getStrides(), op.getDilation()))
    if (window > 1 && (stride < window || dilation > 1))
      return true;
  return false;
}
Role UnpoolOp::role() { return overlap(*this) ? Role::Pool : Role::Index; }

Halide::Expr UnpoolOp::emit(lower::Emitter &emitter, unsigned, lower::At at) {
  PoolWindows w = windowsOf(*this);
  Taps taps(w);
  Halide::Expr zero = Halide::Internal::make_zero(elementOf(getX()));
  auto given = [&](const lower::Indices &window, const Halide::Expr &tap, const Halide::Expr &hit) {
    Halide::Expr v = emitter.padded(getX(), window, zero), here = hit;
    if (getIndex()) {
      Halide::Expr chosen = emitter.padded(getIndex(), window, Halide::Expr(-1)) == tap;
      here = here.defined() ? here && chosen : chosen;
    }
    return here.defined() ? Halide::select(here, v, zero) : v;
  };
  if (!overlap(*this)) { // each element lies in one window at most, or behind it
    lower::Indices window;
    Halide::Expr hit, tap(0);
    for (auto [d, i] : llvm::enumerate(at)) {
      lower::Index shifted = i + w.low[d];
      auto [quotient, remainder] = shifted.divide(w.strides[d], emitter.env());
      window.push_back(quotient);
      if (w.window[d] > 1)
        tap = tap * static_cast<int>(w.window[d]) + emitter.expr(remainder);
      if (w.strides[d] > w.window[d]) {
        Halide::Expr inside = emitter.expr(remainder) < static_cast<int>(w.window[d]);
        hit = hit.defined() ? hit && inside : inside;
      }
    }
    return given(window, tap, hit);
  }
  lower::Reduction reduction = taps.reduction();
  reduction.init = {zero};
  reduction.step = [&](lower::At to, lower::At r, const lower::Exprs &sum) -> lower::Exprs {
    lower::Indices window;
    Halide::Expr hit;
    for (auto [d, i] : llvm::enumerate(to)) {
      lower::Index position = i + w.low[d];
      for (auto [j, windowed] : llvm::enumerate(taps.windowed))
        if (windowed == static_cast<int64_t>(d))
          position = position + r[j] * -w.dilation[d];
      if (int stride = static_cast<int>(w.strides[d]); stride > 1) {
        // Shifted to be positive, so that Halide's flooring division is the plain one.
        int reach = static_cast<int>((w.window[d] * w.dilation[d] + stride) / stride * stride);
        Halide::Expr shifted = emitter.expr(position) + reach, divides = shifted % stride == 0;
        hit = hit.defined() ? hit && divides : divides;
        position = lower::Index::of(shifted / stride - reach / stride);
      }
      window.push_back(position);
    }
    return {math::add(sum[0], given(window, taps.number(emitter, r), hit))};
  };
  return emitter.reduce(*this, at, reduction)[0];
}
void UnpoolOp::gradient(Gradient &d) {
  Term g = d.cotangent();
  d.set(0, getIndex() ? g.make<PoolTakeOp>(getIndex(), getWindow(), getStrides(), getLow(), getHigh(), getDilation())
                      : g.make<PoolOp>(ReduceKind::Add, getWindow(), getStrides(), getLow(), getHigh(), getDilation()));
}

void PoolOp::gradient(Gradient &d) {
  Term x = d.operand(0), g = d.cotangent(), index{Value(), nullptr};
  if (getKind() != ReduceKind::Add)
    index = x.make<ArgPoolOp>(getKind(), getWindow(), getStrides(), getLow(), getHigh(), getDilation());
  d.set(0, g.make<UnpoolOp>(index.value, x.shape(), getWindow(), getStrides(), getLow(), getHigh(), getDilation()));
}
