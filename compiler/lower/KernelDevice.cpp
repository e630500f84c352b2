// KernelDevice.cpp - what an emitter does otherwise for a device: sums as one loop, a product's factors as Funcs that can be staged.
//
// A device has no use for the short loops and blocked dimensions of a processor, but for long ones that cut into even parts. So a sum is one
// loop over all its dimensions, or, where a product's longest dimension fills chunks by itself and no operand's rows lie along the others, that
// one and the others outside it.
// A product's sum runs on over zeros to a whole number of chunks; its factors give zeros there, and repeat their last row or column past
// the result's edge, so that whole tiles can be staged without a condition.
#include "compiler/lower/KernelEmitter.h"

using namespace mlir;
using Halide::Expr;
using Halide::Func;
using Halide::Var;
namespace Internal = Halide::Internal;

namespace kiln::lower {
namespace {
constexpr int64_t chunk = 16, largestChunk = 128, manySteps = 64;

struct Names : Internal::IRGraphVisitor {
  std::set<std::string> variables, buffers;
  using IRGraphVisitor::visit;
  void visit(const Internal::Variable *v) override { variables.insert(v->name); }
  void visit(const Internal::Call *call) override {
    // An ImageParam reads itself through a Func; Halide numbers names that an emitter before this one has used.
    llvm::StringRef name = llvm::StringRef(call->name).split('$').first;
    name.consume_back("_im");
    buffers.insert(name.str());
    IRGraphVisitor::visit(call);
  }
};

Names namesIn(const Expr &e) {
  Names names;
  e.accept(&names);
  return names;
}

/// No more than the last place, and a whole vector of four before it where rows are whole vectors.
Expr noFurther(const Expr &at, int64_t extent) {
  if (extent % 4)
    return Halide::min(at, static_cast<int>(extent - 1));
  return Halide::min(at / 4 * 4, static_cast<int>(extent - 4)) + at % 4;
}
struct Reads : Internal::IRGraphVisitor {
  std::vector<Expr> places; ///< in flat buffers
  using IRGraphVisitor::visit;
  void visit(const Internal::Call *call) override {
    if (call->call_type == Internal::Call::Halide || call->call_type == Internal::Call::Image)
      places.insert(places.end(), call->args.begin(), call->args.begin() + (call->args.size() == 1));
    IRGraphVisitor::visit(call);
  }
};

/// Of a warp's lanes side by side along `axis`, in the middle of all ranges, those that read next to the lane before.
int64_t neighbours(const Expr &e, const std::map<std::string, int64_t> &extents, const std::string &axis) {
  constexpr int warp = 32;
  Reads reads;
  e.accept(&reads);
  int64_t found = 0;
  for (Expr place : reads.places) {
    if (!namesIn(place).buffers.empty()) // it hangs on what is read elsewhere
      continue;
    for (const auto &[name, extent] : extents)
      if (name != axis)
        place = Internal::graph_substitute(name, static_cast<int>(extent / 2), place);
    auto at = [&](int64_t lane) {
      int64_t extent = extents.at(axis), first = std::max<int64_t>(0, std::min(extent / 2, extent - warp));
      return Internal::as_const_int(Internal::simplify(Internal::graph_substitute(axis, static_cast<int>(first + lane), place)));
    };
    for (int64_t lane = 1; lane < std::min<int64_t>(warp, extents.at(axis)); ++lane)
      if (auto before = at(lane - 1), here = at(lane); before && here)
        found += std::abs(*here - *before) == 1;
  }
  return found;
}

/// Steps of a product's sum with the zeros after them: the largest chunk whose zeros are few.
int64_t wholeChunks(int64_t steps) {
  for (int64_t size = largestChunk; size > chunk; size /= 2)
    if (int64_t filled = static_cast<int64_t>(llvm::alignTo(steps, size)); filled * 16 <= steps * 17)
      return filled;
  return static_cast<int64_t>(llvm::alignTo(steps, steps < chunk ? 4 : chunk));
}
} // namespace

Groups KernelEmitter::tileable() const {
  if (side != Side::Device)
    return {};
  int sums = 0;
  std::optional<ProductLabels> labels;
  kernel.getBody().walk([&](AlgorithmOpInterface op) {
    sums += op.role() == Role::Reduce || op.role() == Role::Pool || op.role() == Role::Product;
    if (auto product = dyn_cast<ProductOpInterface>(op.getOperation());
        product && sameShapes(op->getResultTypes(), withoutLayout(kernel.getResultTypes()[0])))
      labels = product.product();
  });
  Layout layout = layoutOf(kernel.getResultTypes()[0]);
  if (sums != 1 || !labels || !layout.isDense())
    return {};
  Shape shape = shapeOf(kernel.getResultTypes()[0]);
  auto brings = [&](size_t position) { // 1: the left factor alone, 2: the right one alone, 0: neither or both
    char letter = labels->result[layout.order[position].dim];
    bool left = labels->lhs.find(letter) != std::string::npos;
    bool right = labels->rhs.find(letter) != std::string::npos && labels->spatial.find(letter) == std::string::npos;
    return shape[layout.order[position].dim] == 1 || left == right ? 0 : left ? 1 : 2;
  };
  Groups result;
  for (size_t i = 0; i + 1 < layout.order.size(); ++i)
    if (brings(i) && brings(i) == brings(i + 1)) {
      if (result.empty() || result.back().back() != i)
        result.push_back({i});
      result.back().push_back(i + 1);
    }
  return result;
}

std::vector<KernelEmitter::SumLoop> KernelEmitter::deviceLoops(const Reduction &reduction, const std::vector<std::string> &names,
                                                               Role role) {
  std::vector<size_t> dims; // innermost first
  int64_t all = 1, longest = 0;
  for (size_t i = reduction.extents.size(); i-- > 0;)
    if (reduction.extents[i] > 1) {
      dims.push_back(i);
      all *= reduction.extents[i];
      longest = std::max(longest, reduction.extents[i]);
    }
  auto filled = [&](int64_t steps) -> int64_t { return role != Role::Product ? steps : wholeChunks(steps); };
  std::vector<SumLoop> loops;
  bool alongFilter = false; // its rows are long, and steps of the sum: one loop reads them as they lie
  kernel.getBody().walk([&](ProductOpInterface product) {
    ProductLabels labels = product.product();
    char last = labels.rhs.back();
    bool isSummed = labels.result.find(last) == std::string::npos || labels.spatial.find(last) != std::string::npos;
    alongFilter |= isSummed && shapeOf(product->getOperand(1).getType()).back() >= 8;
  });
  if (role == Role::Product && !alongFilter && dims.size() > 1 && longest >= manySteps && filled(longest) * 8 <= longest * 9) {
    size_t inner = *llvm::find_if(dims, [&](size_t i) { return reduction.extents[i] == longest; });
    loops.push_back({names[inner], filled(longest), inner, 1, {inner}, longest});
    for (size_t i : dims)
      if (i != inner)
        loops.push_back({names[i], reduction.extents[i], i, 1, {i}, reduction.extents[i]});
    return loops;
  }
  std::string name;
  for (size_t i : dims)
    name += names[i];
  loops.push_back({name, filled(all), dims[0], 1, dims, all});
  return loops;
}

// Plain variables stand for the loops while the sum's step is built; onDevice puts the sum's own in their place.
void KernelEmitter::bind(const SumLoop &loop, const Reduction &reduction, const std::vector<std::string> &names, Indices &r) {
  Var var(loop.name);
  Expr step = loop.steps < loop.extent ? noFurther(var, loop.steps) : Expr(var);
  variables[loop.name] = {step, loop.steps};
  if (loop.members.size() == 1) {
    r[loop.members[0]] = Index::axis(loop.name);
    return;
  }
  Group group{loop.name, {}, {}, loop.steps};
  int64_t before = 1;
  for (size_t i : loop.members) {
    int64_t extent = reduction.extents[i];
    Expr at = step / static_cast<int>(before);
    variables[names[i]] = {i == loop.members.back() ? at : at % static_cast<int>(extent), extent};
    r[i] = Index::axis(names[i]);
    group.members.push_back(names[i]);
    group.steps.push_back(before);
    before *= extent;
  }
  groups.push_back(group);
}

Exprs KernelEmitter::onDevice(Exprs next, const Exprs &current, const Stored &stored, const std::vector<SumLoop> &loops,
                              const Halide::RDom &domain, const schedule::Stage &sum, size_t firstOperand) {
  for (size_t i = firstOperand; i < nest.operands.size(); ++i)
    nest.operands[i].reader = sum.func;
  bool staged = reducingRole == Role::Product && stageFactors(next, current, stored, loops, firstOperand);
  for (const SumLoop &loop : loops)
    if (!staged && loop.steps < loop.extent)
      for (size_t i = 0; i < next.size(); ++i)
        next[i] = Halide::select(Var(loop.name) < static_cast<int>(loop.steps), next[i], current[i]);
  for (Expr &e : next)
    for (size_t i = 0; i < loops.size(); ++i)
      e = Internal::graph_substitute(loops[i].name, Expr(domain[static_cast<int>(i)]), e);
  return next;
}

bool KernelEmitter::stageFactors(Exprs &next, const Exprs &current, const Stored &stored, const std::vector<SumLoop> &loops,
                                 size_t firstOperand) {
  const auto *add = next.size() == 1 ? next[0].as<Internal::Add>() : nullptr;
  const auto *product = add && add->a.same_as(current[0]) ? add->b.as<Internal::Mul>() : nullptr;
  if (!product)
    return false;
  Expr factors[2] = {product->a, product->b};
  Expr calls[2];
  schedule::Stage stages[2];
  Func funcs_[2];
  for (int f = 0; f < 2; ++f) {
    Names names = namesIn(factors[f]);
    std::string name = (f == 0 ? "left" : "right") + std::to_string(sums);
    std::vector<Var> args;
    stages[f] = {name, schedule::Kind::Staged, {}, {}, 1};
    Expr e = factors[f];
    auto addDim = [&](const std::string &axis) {
      args.emplace_back(axis);
      stages[f].dims.push_back({axis, 1});
    };
    for (const Argument &argument : stored.arguments)
      if (names.variables.count(argument.axis)) {
        e = Internal::graph_substitute(argument.axis, noFurther(Var(argument.axis), nest.axis(argument.axis).extent), e);
        addDim(argument.axis);
      }
    for (const SumLoop &loop : loops)
      if (names.variables.count(loop.name)) {
        if (loop.steps < loop.extent)
          e = Halide::select(Var(loop.name) < static_cast<int>(loop.steps), e, Internal::make_zero(e.type()));
        addDim(loop.name);
      }
    if (!names.variables.count(loops[0].name))
      return false;
    funcs_[f] = Func(name);
    funcs_[f](args) = e;
    std::map<std::string, int64_t> extents;
    for (const schedule::Dim &dim : stages[f].dims)
      extents[dim.axis] = nest.axis(dim.axis).extent;
    for (const schedule::Dim &dim : stages[f].dims)
      stages[f].neighbours[dim.axis] = neighbours(e, extents, dim.axis);
    calls[f] = funcs_[f](Exprs(args.begin(), args.end()));
    for (size_t i = firstOperand; i < nest.operands.size(); ++i) {
      bool covers = llvm::all_of(nest.operands[i].stride, [&](const auto &term) {
        return llvm::any_of(stages[f].dims, [&](const schedule::Dim &dim) { return dim.axis == term.first; });
      });
      if (names.buffers.count(nest.operands[i].name) && covers)
        nest.operands[i].reader = name;
    }
  }
  for (int f = 0; f < 2; ++f) {
    nest.stages.push_back(stages[f]);
    funcs[stages[f].func] = funcs_[f];
  }
  next[0] = current[0] + calls[0] * calls[1];
  return true;
}

bool KernelEmitter::foldsOnDevice(const Func &sum) {
  if (!sum.has_update_definition() || sum.rvars(0).empty())
    return false;
  auto proof = Internal::prove_associativity(sum.name(), sum.update_args(0), sum.update_values(0).as_vector());
  return proof.associative() && proof.commutative();
}
} // namespace kiln::lower
