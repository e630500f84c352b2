#include "compiler/lower/KernelEmitter.h"
#include "compiler/dialect/Parts.h"
#include "compiler/lower/Math.h"

using namespace mlir;
using Halide::Expr;
using Halide::Func;
using Halide::Var;

namespace kiln::lower {
namespace {
std::string key(At at) {
  std::string text;
  for (const Index &i : at) {
    if (!i.affine())
      return {};
    for (const auto &[name, coefficient] : i.terms)
      text += name + "*" + std::to_string(coefficient) + "+";
    text += std::to_string(i.constant) + ",";
  }
  return text;
}
Halide::Type storageType(Type element) {
  Halide::Type t = halideType(element);
  return t.is_bool() ? Halide::UInt(8) : t;
}
bool isZero(const Expr &e) { return Halide::Internal::is_const_zero(e); }

/// Counts the nodes of an expression, shared ones once: what storing a row saves.
struct Size : Halide::Internal::IRGraphVisitor {
  int nodes = 0;
  void include(const Expr &e) override {
    ++nodes;
    IRGraphVisitor::include(e);
  }
};
} // namespace

KernelEmitter::KernelEmitter(KernelOp op, Side side, Groups groups) : kernel(op), side(side), wanted(std::move(groups)) {
  int reductions = 0;
  kernel.getBody().walk([&](AlgorithmOpInterface o) { reductions += o.role() == Role::Reduce; });
  rowKernel = reductions > 1;
  kernel.getBody().walk([&](Operation *o) {
    if (auto parts = o->getAttrOfType<IntegerAttr>(partsAttribute); parts && side == Side::Device)
      nest.parts = parts.getInt();
  });
  for (BlockArgument argument : kernel.getBody().getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    Halide::ImageParam buffer(storageType(type.getElementType()), 1, "in" + std::to_string(argument.getArgNumber()));
    buffer.dim(0).set_bounds(0, static_cast<int>(layoutOf(type).elements(shapeOf(type)))).set_stride(1);
    buffers.push_back(buffer);
    arguments.push_back(buffer);
  }
  defineResult();
}

// Letters of the product that the kernel computes, when it has the result's rank; else n, c, y, x for four dimensions, or i0, i1, ...
std::string KernelEmitter::nameOf(Value v, int64_t dim) const {
  int64_t rank = cast<RankedTensorType>(v.getType()).getRank();
  std::string letters;
  kernel.getBody().walk([&](ProductOpInterface op) {
    std::string result = op.product().result;
    if (static_cast<int64_t>(result.size()) == rank && sameShapes(op->getResultTypes(), v.getType()))
      letters = result;
  });
  if (!letters.empty())
    return std::string(1, letters[dim]);
  return rank == 4 ? std::string(1, "ncyx"[dim]) : "i" + std::to_string(dim);
}

void KernelEmitter::addAxis(const std::string &name, int64_t extent, bool reduction, const std::string &inner) {
  for (schedule::Axis &axis : nest.axes)
    if (axis.name == name)
      return;
  nest.axes.push_back({name, extent, reduction, inner});
}

void KernelEmitter::defineResult() {
  auto ret = cast<ReturnOp>(kernel.getBody().front().getTerminator());
  auto type = cast<RankedTensorType>(kernel.getResultTypes()[0]);
  Layout layout = layoutOf(type);
  Shape shape = shapeOf(type), extents = layout.extents(shape), strides = layout.strides(shape);
  std::vector<Var> args;
  schedule::Stage stage{"out", schedule::Kind::Result, {}, {}, static_cast<int>(ret.getNumOperands())};
  identity.assign(shape.size(), Index(0));
  struct Dim {
    std::string axis;
    int64_t extent, stride;
  };
  std::vector<Dim> dims; // of the result Func
  auto extentOf = [&](size_t i) { return layout.order[i].part == Part::Whole ? shape[layout.order[i].dim] : extents[i]; };
  for (size_t i = 0; i < layout.order.size(); ++i) {
    const StoredDim &s = layout.order[i];
    std::string name = nameOf(ret.getOperand(0), s.dim), axis = s.part == Part::Inner ? name + "_in" : name;
    variables[axis] = {Var(axis), extentOf(i)};
    if (extentOf(i) > 1)
      identity[s.dim] = identity[s.dim] + Index::axis(axis) * (s.part == Part::Outer ? s.block : 1);
    auto group = llvm::find_if(wanted, [&](const std::vector<size_t> &g) { return llvm::is_contained(g, i); });
    if (group == wanted.end()) {
      addAxis(axis, extentOf(i), false, s.part == Part::Outer ? name + "_in" : "");
      dims.push_back({axis, extentOf(i), strides[i]});
      continue;
    }
    if (group->front() == i) {
      groups.push_back({"", {}, {}, 1});
      dims.push_back({"", 1, strides[i]});
    }
    groups.back().members.push_back(axis);
    groups.back().steps.push_back(groups.back().extent);
    groups.back().name += axis;
    dims.back().extent = groups.back().extent *= extentOf(i);
    dims.back().axis = groups.back().name;
    if (group->back() == i) {
      const Group &g = groups.back();
      addAxis(g.name, g.extent, false);
      variables[g.name] = {Var(g.name), g.extent};
      for (size_t k = 0; k < g.members.size(); ++k) {
        Expr e = Expr(Var(g.name)) / static_cast<int>(g.steps[k]);
        variables[g.members[k]].var = k + 1 == g.members.size() ? e : e % static_cast<int>(variables[g.members[k]].extent);
      }
    }
  }
  if (side == Side::Device && dims.empty()) { // blocks and threads need a loop
    addAxis("one", 1, false);
    variables["one"] = {Var("one"), 1};
    dims.push_back({"one", 1, 1});
  }
  for (const Dim &d : dims) {
    args.emplace_back(d.axis);
    stage.dims.push_back({d.axis, 1});
  }
  lane = args.empty() ? "" : args[0].name();
  Expr inside;
  for (size_t d = 0; d < shape.size(); ++d)
    if (int64_t block = layout.blockOf(d); block && shape[d] % block) {
      Expr here = identity[d].expr(variables) < static_cast<int>(shape[d]);
      inside = inside.defined() ? inside && here : here;
    }
  Exprs values;
  for (Value v : ret.getOperands()) {
    Expr e = value(v, identity);
    if (e.type().is_bool())
      e = Halide::cast<uint8_t>(e);
    values.push_back(inside.defined() ? Halide::select(inside, e, Halide::Internal::make_zero(e.type())) : e);
  }
  result = Func("out");
  if (values.size() == 1)
    result(args) = values[0];
  else
    result(args) = Halide::Tuple(values);
  for (Halide::OutputImageParam buffer : result.output_buffers())
    for (size_t i = 0; i < args.size(); ++i)
      buffer.dim(i).set_bounds(0, static_cast<int>(dims[i].extent)).set_stride(static_cast<int>(dims[i].stride));
  for (size_t i = 0; i < args.size(); ++i)
    result.bound(args[i], 0, static_cast<int>(dims[i].extent));
  nest.stages.push_back(stage);
  funcs["out"] = result;
  if (readElsewhere) // no tile of the result is a tile of the sum
    llvm::erase_if(nest.stages, [](const schedule::Stage &s) { return s.kind == schedule::Kind::Staged; });
}

Expr KernelEmitter::value(Value v, At at) {
  if (auto argument = dyn_cast<BlockArgument>(v))
    return read(argument, at);
  std::string position = key(at);
  auto found = emitted.find({v.getAsOpaquePointer(), position});
  if (!position.empty() && !probe && found != emitted.end())
    return found->second;
  auto op = cast<AlgorithmOpInterface>(v.getDefiningOp());
  Expr e;
  if (rowKernel && side == Side::Host && !probe && op.role() == Role::Map && !v.hasOneUse())
    e = rowStage(v, at);
  if (!e.defined())
    e = emit(op, *this, cast<OpResult>(v).getResultNumber(), at);
  if (!position.empty() && !probe)
    emitted[{v.getAsOpaquePointer(), position}] = e;
  return e;
}

// A map over the whole row that several stages read is stored once per row, when it is worth more than a few instructions (exp(x - max)).
Expr KernelEmitter::rowStage(Value v, At at) {
  if (!sameShapes(v.getType(), withoutLayout(kernel.getResultTypes()[0])))
    return {};
  auto found = rows.find(v.getAsOpaquePointer());
  if (found == rows.end()) {
    for (const Index &i : identity)
      if (i.terms.size() > 1)
        return {};
    int depth = std::exchange(reducing, 0);
    Expr e = emit(cast<AlgorithmOpInterface>(v.getDefiningOp()), *this, cast<OpResult>(v).getResultNumber(), identity);
    reducing = depth;
    Size size;
    e.accept(&size);
    if (size.nodes < 16)
      return {};
    std::string name = "row" + std::to_string(rows.size());
    Stored stored = store(identity, name);
    std::vector<Var> args;
    for (const Argument &a : stored.arguments)
      args.emplace_back(a.axis);
    stored.func(args) = e;
    found = rows.emplace(v.getAsOpaquePointer(), stored).first;
  }
  return call(found->second, at, 0);
}

Expr KernelEmitter::read(BlockArgument argument, At at) {
  auto type = cast<RankedTensorType>(argument.getType());
  Layout layout = layoutOf(type);
  Shape shape = shapeOf(type), strides = layout.strides(shape);
  // Lanes that only exist because the result is padded to its block read any element instead of past the operand.
  Indices safe(at.begin(), at.end());
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (at[d].affine()) {
      auto [low, high] = at[d].range(variables);
      int64_t block = layout.blockOf(d), room = block ? (shape[d] + block - 1) / block * block : shape[d] + layout.high[d];
      if (low < -layout.low[d] || high >= room)
        safe[d] = Index::of(Halide::clamp(expr(at[d]), 0, static_cast<int>(shape[d] - 1)));
    }
  // A block next to its count, innermost, is a row padded to whole blocks: it is walked as one dimension.
  bool paddedRow = layout.order.size() > 1 && layout.order[0].part == Part::Inner && layout.order[1].dim == layout.order[0].dim;
  if (probe)
    for (int64_t d = 0; d < type.getRank(); ++d)
      for (const auto &[name, coefficient] : safe[d].terms)
        if (coefficient == 1)
          (*probe)[name][std::to_string(argument.getArgNumber())] = paddedRow && layout.order[0].dim == d ? 0 : layout.blockOf(d);
  Index offset(0);
  std::map<std::string, int64_t> within; // strides along axes that cross blocks: those inside one
  for (size_t i = 0; i < layout.order.size(); ++i) {
    const StoredDim &s = layout.order[i];
    Index position = safe[s.dim] + Index(layout.low[s.dim]);
    if (i == 0 && paddedRow) {
      offset = offset + position;
      ++i;
      continue;
    }
    if (s.part != Part::Whole) {
      auto [quotient, remainder] = position.divide(s.block, variables);
      if (s.part == Part::Inner && position.affine() && !remainder.affine())
        for (const auto &[name, coefficient] : position.terms)
          within[name] = coefficient * strides[i];
      position = s.part == Part::Inner ? remainder : quotient;
    }
    offset = offset + position * strides[i];
  }
  offset = collapsed(offset);
  if (!probe) {
    touch(Index::of(offset.opaque));
    schedule::Operand operand{"in" + std::to_string(argument.getArgNumber()), {}, false, reducing > 0};
    for (const auto &[name, coefficient] : offset.terms)
      operand.stride[name] = coefficient;
    operand.stride.insert(within.begin(), within.end());
    Layout stored = layoutOf(kernel.getResultTypes()[0]);
    operand.own = !reducing && sameShapes(type, withoutLayout(kernel.getResultTypes()[0])) &&
                  std::equal(at.begin(), at.end(), identity.begin(), identity.end()) &&
                  (layout == stored || (layout.storedAsDense(shape) && stored.storedAsDense(shape)));
    note(operand);
  }
  Expr e = buffers[argument.getArgNumber()](offset.expr(variables));
  return halideType(type.getElementType()).is_bool() ? e != Halide::cast<uint8_t>(0) : e;
}

/// Operands of a nest, each way of reading one once; it says nothing of axes that are no loops.
void KernelEmitter::note(schedule::Operand operand) {
  for (auto axis = operand.stride.begin(); axis != operand.stride.end();)
    axis = Halide::Internal::is_const(variables.at(axis->first).var) ? operand.stride.erase(axis) : std::next(axis);
  for (const schedule::Operand &o : nest.operands)
    if (o.name == operand.name && o.stride == operand.stride && o.own == operand.own && o.heavy == operand.heavy)
      return;
  nest.operands.push_back(std::move(operand));
}

// An axis that is no loop: it has a range, so that what is stored for all taps covers them, and its variable is a number.
Index KernelEmitter::tap(int64_t position, int64_t extent) {
  std::string name = "tap" + std::to_string(position) + "of" + std::to_string(extent);
  variables[name] = {static_cast<int>(position), extent};
  return Index::axis(name);
}

int64_t KernelEmitter::spare(Value v, int64_t dim) const { return isa<BlockArgument>(v) ? layoutOf(v.getType()).high[dim] : 0; }

// Inside everywhere, or what lies outside is the operand's halo, whose zeros are what is asked for.
bool KernelEmitter::covered(Value v, At at, Expr outside) const {
  Shape shape = shapeOf(v.getType());
  Layout layout = isa<BlockArgument>(v) ? layoutOf(v.getType()) : Layout::dense(shape.size());
  for (size_t d = 0; d < shape.size(); ++d) {
    if (!at[d].affine())
      return false;
    auto [low, high] = at[d].range(variables);
    int64_t block = layout.blockOf(d), room = block ? (shape[d] + block - 1) / block * block : shape[d];
    if (low >= 0 && high < room)
      continue;
    if (!isZero(outside) || low < -layout.low[d] || high >= shape[d] + layout.high[d])
      return false;
  }
  return true;
}

Expr KernelEmitter::clamped(Value v, At at, Expr outside) {
  Shape shape = shapeOf(v.getType());
  Indices safe(at.begin(), at.end());
  Expr inside;
  for (size_t d = 0; d < shape.size(); ++d) {
    int64_t low = -1, high = shape[d];
    if (at[d].affine())
      std::tie(low, high) = at[d].range(variables);
    Expr i = expr(at[d]), here;
    int last = static_cast<int>(shape[d] - 1);
    if (low < 0 && high > last)
      here = i >= 0 && i <= last;
    else if (low < 0)
      here = i >= 0;
    else if (high > last)
      here = i <= last;
    else
      continue;
    safe[d] = Index::of(Halide::clamp(i, 0, last));
    inside = inside.defined() ? inside && here : here;
  }
  Expr e = value(v, safe);
  return inside.defined() ? Halide::select(Halide::likely(inside), e, outside) : e;
}

Expr KernelEmitter::padded(Value v, At at, Expr outside) {
  if (probe || covered(v, at, outside))
    return value(v, at);
  // Without a reduction around it, or where only whole vectors are in or out, a condition per element is the cheapest.
  bool acrossLanes = false, isOpaque = false; // a coordinate that is not affine has no range to store a padded copy over
  for (auto [d, extent] : llvm::enumerate(shapeOf(v.getType()))) {
    isOpaque |= !at[d].affine();
    acrossLanes |= at[d].terms.count(lane) && (at[d].range(variables).first < 0 || at[d].range(variables).second >= extent);
  }
  if (side == Side::Device || !reducing || isOpaque || (reducingRole == Role::Pool && !acrossLanes))
    return clamped(v, at, outside);
  auto found = prologues.find(v.getAsOpaquePointer());
  if (found == prologues.end()) {
    // A padded copy over the operand's own dimensions, innermost first; each follows the result axis (else the reduction) that moves it.
    std::string name = "padded" + std::to_string(prologues.size());
    auto type = cast<RankedTensorType>(v.getType());
    Stored stored;
    stored.func = Func(name);
    schedule::Stage stage{name, schedule::Kind::Prologue, {}, {}, 1};
    Env outer = variables;
    Indices inside(type.getRank(), Index(0));
    std::vector<Var> args;
    for (int64_t d = type.getRank(); d-- > 0;) {
      if (at[d].isConstant() && type.getDimSize(d) == 1)
        continue;
      std::string axis;
      for (const auto &[term, coefficient] : at[d].terms)
        for (const schedule::Axis &a : nest.axes)
          if (a.name == term && (axis.empty() || !a.reduction))
            axis = term;
      std::string argument = name + "_" + std::to_string(d);
      auto [low, high] = at[d].range(outer);
      variables[argument] = {Var(argument) + 0, type.getDimSize(d)};
      variables[argument].var = Var(argument);
      inside[d] = Index::of(Var(argument));
      bool out = low < 0 || high >= type.getDimSize(d);
      if (!out) {
        inside[d] = Index::axis(argument);
      }
      args.emplace_back(argument);
      int64_t scale = axis.empty() ? 1 : std::abs(at[d].terms.at(axis)), covers = axis.empty() ? 0 : scale * outer.at(axis).extent;
      stage.dims.push_back({axis, scale, std::max<int64_t>(0, high - low + 1 - covers)});
      stored.arguments.push_back({argument, {{d, 1}}, 0});
    }
    nest.stages.push_back(stage);
    int depth = std::exchange(reducing, 0);
    stored.func(args) = clamped(v, inside, outside);
    reducing = depth;
    funcs[name] = stored.func;
    found = prologues.emplace(v.getAsOpaquePointer(), stored).first;
  }
  const Stored &stored = found->second;
  schedule::Operand operand{stored.func.name(), {}, false, true};
  Exprs position;
  int64_t stride = 1;
  for (const Argument &a : stored.arguments) {
    int64_t d = a.dims[0].first;
    position.push_back(at[d].expr(variables));
    for (const auto &[term, coefficient] : at[d].terms)
      operand.stride[term] = coefficient * stride;
    stride *= shapeOf(v.getType())[d];
  }
  note(operand);
  return stored.func(position);
}
} // namespace kiln::lower
