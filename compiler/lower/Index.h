//===- Index.h - one logical coordinate as an affine sum of axes ------------------------------------------------------===//
//
// Indices stay affine as long as they can, so that a read yields both a Halide expression and the operand's stride along every axis; what
// is not affine (a gathered index, a reshape that does not divide) becomes an opaque Halide expression without strides.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_INDEX_H
#define KILN_LOWER_INDEX_H
#include "Halide.h"
#include <cstdint>
#include <map>
#include <string>

namespace kiln::lower {

/// A loop variable as an index sees it: its Halide variable and its range [0, extent).
struct LoopVar {
  Halide::Expr var;
  int64_t extent;
};
using Env = std::map<std::string, LoopVar>;

/// sum of coefficient * axis, plus a constant, plus an optional opaque expression.
struct Index {
  std::map<std::string, int64_t> terms;
  int64_t constant = 0;
  Halide::Expr opaque;

  Index() = default;
  Index(int64_t value) : constant(value) {}
  static Index axis(const std::string &name) {
    Index i;
    i.terms[name] = 1;
    return i;
  }
  static Index of(Halide::Expr e) {
    Index i;
    i.opaque = std::move(e);
    return i;
  }
  bool affine() const { return !opaque.defined(); }
  bool isConstant() const { return affine() && terms.empty(); }

  Index operator+(const Index &o) const;
  Index operator*(int64_t factor) const;
  Index operator-(int64_t value) const { return *this + Index(-value); }
  bool operator==(const Index &o) const { return affine() && o.affine() && constant == o.constant && terms == o.terms; }

  /// Smallest and largest value over the ranges in `env`; affine indices only.
  std::pair<int64_t, int64_t> range(const Env &env) const;
  Halide::Expr expr(const Env &env) const;
  /// quotient and remainder by `by` > 0: affine when the terms split cleanly, else opaque.
  std::pair<Index, Index> divide(int64_t by, const Env &env) const;
};
} // namespace kiln::lower
#endif
