#include "compiler/lower/Index.h"

namespace kiln::lower {
namespace {
Halide::Expr plus(const Halide::Expr &a, const Halide::Expr &b) { return !a.defined() ? b : !b.defined() ? a : a + b; }
} // namespace

Index Index::operator+(const Index &o) const {
  Index result = *this;
  for (const auto &[name, coefficient] : o.terms)
    if ((result.terms[name] += coefficient) == 0)
      result.terms.erase(name);
  result.constant += o.constant;
  result.opaque = plus(opaque, o.opaque);
  return result;
}

Index Index::operator*(int64_t factor) const {
  if (factor == 0)
    return Index(0);
  Index result = *this;
  for (auto &term : result.terms)
    term.second *= factor;
  result.constant *= factor;
  if (opaque.defined())
    result.opaque = opaque * static_cast<int>(factor);
  return result;
}

std::pair<int64_t, int64_t> Index::range(const Env &env) const {
  int64_t low = constant, high = constant;
  for (const auto &[name, coefficient] : terms)
    (coefficient > 0 ? high : low) += coefficient * (env.at(name).extent - 1);
  return {low, high};
}

Halide::Expr Index::expr(const Env &env) const {
  Halide::Expr result = opaque;
  for (const auto &[name, coefficient] : terms)
    result = plus(result, coefficient == 1 ? env.at(name).var : env.at(name).var * static_cast<int>(coefficient));
  if (!result.defined())
    return static_cast<int>(constant);
  return constant ? result + static_cast<int>(constant) : result;
}

// Terms whose coefficient `by` divides go to the quotient; what remains must lie in [0, by) to be a remainder.
std::pair<Index, Index> Index::divide(int64_t by, const Env &env) const {
  if (by == 1)
    return {*this, Index(0)};
  if (affine()) {
    Index quotient, remainder;
    for (const auto &[name, coefficient] : terms)
      (coefficient % by == 0 ? quotient : remainder).terms[name] = coefficient % by == 0 ? coefficient / by : coefficient;
    int64_t whole = constant >= 0 ? constant / by : -((-constant + by - 1) / by);
    quotient.constant = whole;
    remainder.constant = constant - whole * by;
    auto [low, high] = remainder.range(env);
    if (low >= 0 && high < by)
      return {quotient, remainder};
  }
  Halide::Expr flat = expr(env);
  return {Index::of(Halide::Internal::simplify(flat / static_cast<int>(by))),
          Index::of(Halide::Internal::simplify(flat % static_cast<int>(by)))};
}
} // namespace kiln::lower
