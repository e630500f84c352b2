// KernelReduce.cpp - how a reduction of an op becomes an accumulating Func, its reduction variables and its stage in the Nest.
#include "compiler/lower/KernelEmitter.h"

using namespace mlir;
using Halide::Expr;
using Halide::Func;
using Halide::Var;

namespace kiln::lower {
namespace {
struct Mentions : Halide::Internal::IRGraphVisitor {
  Halide::Internal::ReductionDomain domain;
  bool found = false;
  using IRGraphVisitor::visit;
  void visit(const Halide::Internal::Variable *v) override { found |= v->reduction_domain.same_as(domain); }
};
/// True when a value depends on a variable of its own reduction.
bool mentions(const Exprs &values, const Halide::RDom &domain) {
  Mentions visitor;
  visitor.domain = domain.domain();
  for (const Expr &e : values)
    e.accept(&visitor);
  return visitor.found;
}
} // namespace

// A Func addressed by the axes that `at` is made of: a dimension that one axis moves is an argument (at `scale` times the axis where the
// consumer strides over it); a blocked dimension is two; a fixed one is none.
KernelEmitter::Stored KernelEmitter::store(At at, const std::string &name) {
  Stored stored;
  stored.func = Func(name);
  stored.definition.assign(at.size(), Index(0));
  schedule::Stage stage{name, schedule::Kind::Row, {}, {}, 1};
  auto argument = [&](const std::string &axis, std::vector<std::pair<int64_t, int64_t>> dims, int64_t inner, int64_t scale) {
    stored.arguments.push_back({axis, std::move(dims), inner});
    stage.dims.push_back({axis, scale});
  };
  // Innermost first: the order of the result's loops, then what else there is.
  for (const schedule::Axis &loop : nest.axes) {
    auto group = llvm::find_if(groups, [&](const Group &g) { return g.name == loop.name; });
    if (group != groups.end()) {
      std::vector<std::pair<int64_t, int64_t>> dims;
      for (size_t k = 0; k < group->members.size(); ++k)
        for (size_t d = 0; d < at.size(); ++d)
          if (at[d].terms.count(group->members[k])) {
            if (!(at[d] == Index::axis(group->members[k])))
              throw std::runtime_error("a reduction is read at a coordinate that mixes loops");
            dims.push_back({static_cast<int64_t>(d), group->steps[k]});
            stored.definition[d] = Index::axis(group->members[k]);
          }
      if (!dims.empty())
        argument(loop.name, dims, 0, 1);
      continue;
    }
    const std::string &axis = loop.name;
    for (int64_t d = 0; d < static_cast<int64_t>(at.size()); ++d) {
      const Index &i = at[d];
      if (!i.affine())
        throw std::runtime_error("a reduction is read at a coordinate that is no loop");
      if (!i.terms.count(axis))
        continue;
      if (i.terms.size() == 1) {
        argument(axis, {{d, 1}}, 0, i.terms.begin()->second);
        stored.definition[d] = Index::axis(axis);
        continue;
      }
      int64_t block = 0, unit = 0;
      for (const auto &[term, coefficient] : i.terms)
        (coefficient == 1 ? unit : block) = coefficient;
      if (i.terms.size() != 2 || unit != 1 || i.constant)
        throw std::runtime_error("a reduction is read at a coordinate that mixes loops");
      argument(axis, {{d, 1}}, i.terms.at(axis) == 1 ? block : -block, 1);
      stored.definition[d] = stored.definition[d] + Index::axis(axis) * i.terms.at(axis);
    }
  }
  nest.stages.push_back(stage);
  funcs[name] = stored.func;
  return stored;
}

Expr KernelEmitter::call(const Stored &stored, At at, int component) {
  Exprs position;
  for (const Argument &argument : stored.arguments) {
    Index i(0);
    for (auto [dim, step] : argument.dims)
      i = i + at[dim] * step;
    i = collapsed(i);
    if (argument.inner) {
      auto [quotient, remainder] = i.divide(std::abs(argument.inner), variables);
      i = argument.inner > 0 ? remainder : quotient;
    }
    touch(Index::of(i.opaque));
    position.push_back(i.expr(variables));
  }
  Halide::FuncRef reference = stored.func(position);
  return stored.func.outputs() == 1 ? Expr(reference) : Expr(reference[component]);
}

// The loops of a sum for a processor: as its operands store each reduced dimension, inner parts of blocks innermost.
std::vector<KernelEmitter::SumLoop> KernelEmitter::hostLoops(const Reduction &reduction, const std::vector<std::string> &names,
                                                             const Stored &stored, Role role) {
  // How do the operands store each reduced dimension? Ask with plain variables first.
  std::map<std::string, std::map<std::string, int64_t>> blocks;
  Indices plain;
  for (size_t i = 0; i < reduction.extents.size(); ++i) {
    variables[names[i]] = {Var(names[i]), reduction.extents[i]};
    plain.push_back(reduction.extents[i] > 1 ? Index::axis(names[i]) : Index(0));
  }
  probe = &blocks;
  reduction.step(stored.definition, plain, reduction.init);
  probe = nullptr;

  std::vector<SumLoop> inner, middle, outerLoops; // innermost first within each
  for (size_t i = reduction.extents.size(); i-- > 0;) {
    int64_t extent = reduction.extents[i], block = 0;
    bool everywhere = true;
    for (const auto &[operand, b] : blocks[names[i]]) {
      everywhere &= b != 0 && (block == 0 || b == block);
      block = std::max(block, b);
    }
    // Padding lanes hold zeros, which only a product of operands that are all blocked may add up.
    bool split = block > 1 && (extent % block == 0 || (everywhere && role == Role::Product));
    if (split) {
      inner.push_back({names[i] + "_in", block, i, 1});
      if (extent > block)
        outerLoops.push_back({names[i], (extent + block - 1) / block, i, block});
    } else if (extent > 1) {
      middle.push_back({names[i], extent, i, 1});
    }
  }
  std::vector<SumLoop> loops = inner;
  loops.insert(loops.end(), middle.begin(), middle.end());
  loops.insert(loops.end(), outerLoops.begin(), outerLoops.end());
  return loops;
}

Exprs KernelEmitter::reduce(Operation *op, At at, const Reduction &reduction) {
  if (probe)
    return reduction.init;
  if (llvm::all_of(reduction.extents, [](int64_t extent) { return extent == 1; }))
    return reduction.step(at, Indices(reduction.extents.size(), Index(0)), reduction.init); // one term: a map
  auto found = accumulators.find(op);
  if (found == accumulators.end()) {
    for (int64_t extent : reduction.extents)
      if (extent == 0)
        return reduction.init;
    Role role = cast<AlgorithmOpInterface>(op).role();
    Env outer = variables;
    std::string name = "sum" + std::to_string(sums++);
    Stored stored = store(at, name);
    schedule::Stage stage = nest.stages.back();
    nest.stages.pop_back();
    for (schedule::Dim &dim : stage.dims)
      if (dim.scale > 1)
        variables[dim.axis].extent *= dim.scale;

    // The op names its reduction axes without knowing the result's, nor those of a sum that reads this one inside its own loop.
    std::vector<std::string> names = reduction.names;
    auto taken = [&](const std::string &axis) {
      return llvm::none_of(nest.axes, [&](const schedule::Axis &a) { return a.name == axis && a.reduction; }) ||
             llvm::any_of(at, [&](const Index &i) { return i.terms.count(axis) != 0; });
    };
    for (std::string &axis : names)
      while (outer.count(axis) && taken(axis))
        axis.insert(0, "r");

    std::vector<SumLoop> loops =
        side == Side::Device ? deviceLoops(reduction, names, role) : hostLoops(reduction, names, stored, role);
    std::vector<Halide::Range> ranges;
    for (const SumLoop &loop : loops)
      ranges.emplace_back(0, static_cast<int>(loop.extent));
    Indices r(reduction.extents.size(), Index(0));
    Halide::RDom domain;
    if (!ranges.empty())
      domain = Halide::RDom(ranges, "r_" + name);
    for (size_t i = 0; i < loops.size(); ++i) {
      const SumLoop &loop = loops[i];
      bool isOuter = loop.factor > 1;
      addAxis(loop.name, loop.extent, true, isOuter ? loop.name + "_in" : "");
      variables[loop.name] = {domain[i], loop.extent};
      if (side == Side::Device)
        bind(loop, reduction, names, r);
      else if (loop.extent > 1)
        r[loop.dim] = r[loop.dim] + Index::axis(loop.name) * loop.factor;
      stage.reduce.push_back(loop.name);
    }
    stage.kind = role == Role::Reduce ? schedule::Kind::Statistic : schedule::Kind::Heavy;
    stage.values = static_cast<int>(reduction.init.size());
    stage.elements = reduction.elements;

    std::vector<Var> args;
    Exprs self;
    for (const Argument &argument : stored.arguments) {
      args.emplace_back(argument.axis);
      self.push_back(Var(argument.axis));
      variables[argument.axis].var = Var(argument.axis);
    }
    Func f = stored.func;
    if (reduction.init.size() == 1)
      f(args) = reduction.init[0];
    else
      f(args) = Halide::Tuple(reduction.init);
    Exprs current;
    for (size_t i = 0; i < reduction.init.size(); ++i)
      current.push_back(reduction.init.size() == 1 ? Expr(f(self)) : Expr(f(self)[i]));
    ++reducing;
    Role enclosing = std::exchange(reducingRole, role);
    size_t firstOperand = nest.operands.size();
    Exprs next = reduction.step(stored.definition, r, current);
    if (side == Side::Device)
      next = onDevice(next, current, stored, loops, domain, stage, firstOperand);
    // A step that is the same at every coordinate (a repeated value) would leave Halide an update without loops.
    if (!mentions(next, domain))
      next[0] = Halide::select(domain[0] >= 0, next[0], next[0]);
    reducingRole = enclosing;
    --reducing;
    if (next.size() == 1) {
      f(args) = next[0];
    } else {
      f(args) = Halide::Tuple(next);
    }
    // One reduction whose lanes run along the result is a register tile; along the reduced axis it is a row.
    if (role == Role::Reduce && !rowKernel) {
      bool across = !stage.dims.empty() && !lane.empty();
      bool seen = false;
      for (size_t i = firstOperand; i < nest.operands.size(); ++i) {
        auto stride = nest.operands[i].stride.find(lane);
        seen |= stride != nest.operands[i].stride.end() && stride->second == 1;
      }
      if (across && seen)
        stage.kind = schedule::Kind::Heavy;
    }
    if (side == Side::Device)
      stage.folds = foldsOnDevice(f);
    nest.stages.push_back(stage);
    funcs[name] = f;
    stored.func = f;
    for (auto &[axis, loop] : outer)
      variables[axis] = loop;
    found = accumulators.emplace(op, stored).first;
  }
  readElsewhere |= !std::equal(at.begin(), at.end(), found->second.definition.begin(), found->second.definition.end());
  Exprs values;
  for (size_t i = 0; i < reduction.init.size(); ++i)
    values.push_back(call(found->second, at, static_cast<int>(i)));
  return values;
}
} // namespace kiln::lower
