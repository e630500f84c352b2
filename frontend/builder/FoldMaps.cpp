//===- FoldMaps.cpp - elementwise arithmetic on small constants ------------------------------------------------===//
//
// In: a map whose operands are all constants, and which its own fold left alone (folding by algorithm gives up on divisions, roots and
// conversions). Out: its value. Shapes pass through such arithmetic: size / 2, floor(float(size) * scale), sqrt(head size).
// Integers wrap and division truncates as compiler/lower/Math.h says; floats are computed in double and rounded once.
//
//===----------------------------------------------------------------------------------------------------------===//
#include "frontend/builder/GraphBuilder.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;

namespace kiln {

namespace {

constexpr int64_t largest = 4096;

struct Operand {
  explicit Operand(DenseElementsAttr value) : isReal(isa<FloatType>(value.getElementType())) {
    isUnsigned = value.getElementType().isUnsignedInteger();
    if (!isReal) {
      auto numbers = integersOf(value);
      whole.assign(numbers.begin(), numbers.end());
      return;
    }
    for (APFloat number : value.getValues<APFloat>()) {
      bool lost;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
      real.push_back(number.convertToDouble());
    }
  }
  bool isReal, isUnsigned = false;
  std::vector<double> real;
  std::vector<int64_t> whole;
};

std::optional<double> realMap(Operation *op, double x, double y) {
  using Real = std::optional<double>;
  return TypeSwitch<Operation *, Real>(op)
      .Case([&](NegOp) { return -x; })
      .Case([&](AbsOp) { return std::fabs(x); })
      .Case([&](FloorOp) { return std::floor(x); })
      .Case([&](CeilOp) { return std::ceil(x); })
      .Case([&](RoundOp) { return std::nearbyint(x); })
      .Case([&](SqrtOp) { return std::sqrt(x); })
      .Case([&](RsqrtOp) { return 1 / std::sqrt(x); })
      .Case([&](ReciprocalOp) { return 1 / x; })
      .Case([&](ExpOp) { return std::exp(x); })
      .Case([&](LogOp) { return std::log(x); })
      .Case([&](AddOp) { return x + y; })
      .Case([&](SubOp) { return x - y; })
      .Case([&](MulOp) { return x * y; })
      .Case([&](DivOp) { return x / y; })
      .Case([&](PowOp) { return std::pow(x, y); })
      .Case([&](FmodOp) { return std::fmod(x, y); })
      .Case([&](MinOp) { return std::isnan(x) || x < y ? x : y; })
      .Case([&](MaxOp) { return std::isnan(x) || x > y ? x : y; })
      .Default([](Operation *) { return Real(); });
}

std::optional<int64_t> wholeMap(Operation *op, int64_t x, int64_t y, bool isUnsigned) {
  using Whole = std::optional<int64_t>;
  auto a = static_cast<uint64_t>(x), b = static_cast<uint64_t>(y);
  auto remainder = [&]() -> int64_t { return isUnsigned ? static_cast<int64_t>(a % b) : y == -1 ? 0 : x % y; };
  return TypeSwitch<Operation *, Whole>(op)
      .Case([&](NegOp) { return static_cast<int64_t>(0 - a); })
      .Case([&](AbsOp) { return static_cast<int64_t>(x < 0 && !isUnsigned ? 0 - a : a); })
      .Case([&](AddOp) { return static_cast<int64_t>(a + b); })
      .Case([&](SubOp) { return static_cast<int64_t>(a - b); })
      .Case([&](MulOp) { return static_cast<int64_t>(a * b); })
      .Case([&](DivOp) -> int64_t {
        if (y == 0)
          return 0;
        return isUnsigned ? static_cast<int64_t>(a / b) : y == -1 ? static_cast<int64_t>(0 - a) : x / y;
      })
      .Case([&](FmodOp) -> int64_t { return y == 0 ? 0 : remainder(); })
      .Case([&](ModOp) -> int64_t {
        int64_t rest = y == 0 ? 0 : remainder();
        return rest && !isUnsigned && (rest < 0) != (y < 0) ? rest + y : rest;
      })
      .Case([&](MinOp) { return (isUnsigned ? a < b : x < y) ? x : y; })
      .Case([&](MaxOp) { return (isUnsigned ? a > b : x > y) ? x : y; })
      .Case([&](AndOp) -> int64_t { return x && y; })
      .Case([&](OrOp) -> int64_t { return x || y; })
      .Case([&](XorOp) -> int64_t { return !x != !y; })
      .Case([&](NotOp) -> int64_t { return !x; })
      .Default([](Operation *) { return Whole(); });
}

std::optional<int64_t> compare(Operation *op, bool less, bool equal) {
  if (isa<EqOp>(op))
    return equal;
  if (isa<LtOp>(op))
    return less;
  return isa<LeOp>(op) ? std::optional<int64_t>(less || equal) : std::nullopt;
}

/// A real number as an integer of `type`: truncated, saturated, NaN is 0.
int64_t truncated(double x, IntegerType type) {
  if (type.getWidth() == 1)
    return x != 0;
  double low = type.isUnsigned() ? 0 : -std::ldexp(1.0, static_cast<int>(type.getWidth()) - 1);
  double high = std::ldexp(1.0, static_cast<int>(type.getWidth()) - (type.isUnsigned() ? 0 : 1));
  if (std::isnan(x))
    return 0;
  if (x >= high)
    return type.isUnsigned() ? -1 : INT64_MAX >> (64 - type.getWidth());
  if (x <= low)
    return type.isUnsigned() ? 0 : INT64_MIN >> (64 - type.getWidth());
  return type.isUnsigned() ? static_cast<int64_t>(static_cast<uint64_t>(x)) : static_cast<int64_t>(x);
}

Attribute element(Type type, std::optional<double> real, std::optional<int64_t> whole) {
  if (auto real_ = dyn_cast<FloatType>(type))
    return real ? FloatAttr::get(real_, *real) : Attribute();
  if (!whole)
    return {};
  unsigned width = type.getIntOrFloatBitWidth();
  return IntegerAttr::get(type, APInt(64, static_cast<uint64_t>(*whole)).trunc(width));
}

Attribute valueAt(Operation *op, ArrayRef<Operand> operands, Type result, size_t i) {
  const Operand &x = operands.front(), &y = operands.back();
  if (isa<SelectOp>(op)) {
    const Operand &taken = operands[0].whole.empty() || operands[0].whole[i] ? operands[1] : operands[2];
    return taken.isReal ? element(result, taken.real[i], {}) : element(result, {}, taken.whole[i]);
  }
  if (isa<CastOp>(op)) {
    bool toReal = isa<FloatType>(result);
    if (x.isReal)
      return toReal ? element(result, x.real[i], {}) : element(result, {}, truncated(x.real[i], cast<IntegerType>(result)));
    if (result.isInteger(1))
      return element(result, {}, x.whole[i] != 0);
    double value = x.isUnsigned ? static_cast<double>(static_cast<uint64_t>(x.whole[i])) : static_cast<double>(x.whole[i]);
    return element(result, value, x.whole[i]);
  }
  if (x.isReal) {
    auto truth = compare(op, x.real[i] < y.real[i], x.real[i] == y.real[i]);
    return truth ? element(result, {}, truth) : element(result, realMap(op, x.real[i], y.real[i]), {});
  }
  bool less = x.isUnsigned ? static_cast<uint64_t>(x.whole[i]) < static_cast<uint64_t>(y.whole[i]) : x.whole[i] < y.whole[i];
  auto truth = compare(op, less, x.whole[i] == y.whole[i]);
  return element(result, {}, truth ? truth : wholeMap(op, x.whole[i], y.whole[i], x.isUnsigned));
}

} // namespace

DenseElementsAttr foldMap(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto algorithm = dyn_cast<AlgorithmOpInterface>(op);
  if (!algorithm || algorithm.role() != Role::Map || op->getNumOperands() == 0)
    return {};
  SmallVector<Operand> operands;
  bool splat = true;
  for (Value each : op->getOperands()) {
    DenseElementsAttr value;
    if (!matchPattern(each, m_Constant(&value)))
      return {};
    splat &= value.isSplat();
    if (!splat && type.getNumElements() > largest)
      return {};
    operands.emplace_back(value.isSplat() && type.getNumElements() > largest
                              ? value.resizeSplat(RankedTensorType::get({1}, value.getElementType()))
                              : value);
  }
  if (splat && type.getNumElements() > largest)
    if (llvm::any_of(operands, [](const Operand &each) { return each.real.size() + each.whole.size() != 1; }))
      return {};
  SmallVector<Attribute> values;
  for (int64_t i = 0; i < (splat ? 1 : type.getNumElements()); ++i) {
    values.push_back(valueAt(op, operands, type.getElementType(), i));
    if (!values.back())
      return {};
  }
  return DenseElementsAttr::get(type, values);
}

} // namespace kiln
