// KernelCollapse.cpp - neighbouring axes that run as one loop: longer lanes, fewer tails, no division in the inner loop.
#include "compiler/lower/KernelEmitter.h"

using Halide::Expr;

namespace kiln::lower {
namespace {
struct Variables : Halide::Internal::IRGraphVisitor {
  std::set<std::string> names;
  using IRGraphVisitor::visit;
  void visit(const Halide::Internal::Variable *v) override { names.insert(v->name); }
};
} // namespace

// Notes an index that is used as a number: a group would have to divide to give it, unless the index is a multiple of the group. Axes of
// what is no affine sum stay loops of their own.
void KernelEmitter::touch(const Index &i) const {
  if (!i.terms.empty())
    numbers.push_back(i.terms);
  if (!i.opaque.defined())
    return;
  Variables variables;
  i.opaque.accept(&variables);
  touched.insert(variables.names.begin(), variables.names.end());
}

Expr KernelEmitter::expr(const Index &i) const {
  touch(i);
  return collapsed(i).expr(variables);
}

// c*x + c*W*y becomes c*xy where the group xy holds x (extent W) and y.
Index KernelEmitter::collapsed(Index i) const {
  for (const Group &group : groups) {
    auto first = i.terms.find(group.members[0]);
    if (first == i.terms.end())
      continue;
    int64_t unit = first->second;
    bool all = true;
    for (size_t k = 0; k < group.members.size(); ++k) {
      auto term = i.terms.find(group.members[k]);
      all &= term != i.terms.end() && term->second == unit * group.steps[k];
    }
    if (!all)
      continue;
    for (const std::string &member : group.members)
      i.terms.erase(member);
    i.terms[group.name] = unit;
  }
  return i;
}

Groups KernelEmitter::collapsible() const {
  Layout layout = layoutOf(kernel.getResultTypes()[0]);
  Shape shape = shapeOf(kernel.getResultTypes()[0]), strides = layout.strides(shape);
  const auto &dims = nest.result().dims;
  auto joins = [&](size_t i) { // physical dimensions i and i + 1
    if (layout.order[i].part != Part::Whole || layout.order[i + 1].part != Part::Whole)
      return false;
    const std::string &a = dims[i].axis, &b = dims[i + 1].axis;
    int64_t extent = shape[layout.order[i].dim];
    if (extent == 1 || shape[layout.order[i + 1].dim] == 1 || strides[i + 1] != strides[i] * extent || touched.count(a) ||
        touched.count(b))
      return false;
    auto divides = [&](const std::map<std::string, int64_t> &terms) { // of one axis without the other, or in other steps
      auto x = terms.find(a), y = terms.find(b);
      return (x == terms.end()) != (y == terms.end()) || (x != terms.end() && y->second != x->second * extent);
    };
    if (std::any_of(numbers.begin(), numbers.end(), divides) ||
        std::any_of(nest.operands.begin(), nest.operands.end(), [&](const auto &operand) { return divides(operand.stride); }))
      return false;
    for (const schedule::Stage &stage : nest.stages) {
      bool hasA = false, hasB = false, scaled = false;
      for (const schedule::Dim &dim : stage.dims) {
        hasA |= dim.axis == a;
        hasB |= dim.axis == b;
        scaled |= (dim.axis == a || dim.axis == b) && dim.scale != 1;
      }
      if (hasA != hasB || scaled || (hasA && stage.kind == schedule::Kind::Prologue))
        return false;
    }
    return true;
  };
  Groups result;
  for (size_t i = 0; i + 1 < layout.order.size(); ++i)
    if (joins(i)) {
      if (result.empty() || result.back().back() != i)
        result.push_back({i});
      result.back().push_back(i + 1);
    }
  return result;
}
} // namespace kiln::lower
