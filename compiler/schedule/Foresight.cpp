//===- Foresight.cpp - what an epilogue reads is fetched while the sum runs -------------------------------------------===//
//
//   sums { for (k) sums += ... ; result[i] = f(sums, old[i]) }   ->   prefetch old[i]; sums { for (k) sums += ... ; result[i] = ... }
//
// for an operand that fetch=NAME says. A tile ends with a few lines from each of many rows, too short for a processor to foresee: cold weights
// cost a gradient's product as much again as its sums.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/Apply.h"

namespace kiln::schedule {
using namespace Halide::Internal;
using Halide::Expr;

namespace {
/// The addresses of one operand that a statement reads outside its loops, in terms of what is known before it.
struct Reads : IRVisitor {
  using IRVisitor::visit;
  const std::string &name;
  std::map<std::string, Expr> lets;
  std::vector<Expr> found;
  Halide::Type type;
  bool sums = false; ///< it holds a loop
  explicit Reads(const std::string &name) : name(name) {}

  void visit(const For *) override { sums = true; }
  void visit(const IfThenElse *) override {}
  void visit(const LetStmt *let) override {
    let->value.accept(this);
    lets[let->name] = Halide::Internal::substitute(lets, let->value);
    let->body.accept(this);
  }
  void visit(const Let *let) override {
    let->value.accept(this);
    lets[let->name] = Halide::Internal::substitute(lets, let->value);
    let->body.accept(this);
  }
  void visit(const Load *load) override {
    if (load->name == name) {
      const Ramp *ramp = load->index.as<Ramp>();
      found.push_back(Halide::Internal::substitute(lets, ramp ? ramp->base : load->index));
      type = load->type.element_of();
    }
    IRVisitor::visit(load);
  }
};

class Foresight : public IRMutator {
public:
  explicit Foresight(std::string name) : name(std::move(name)) {}

private:
  using IRMutator::visit;
  std::string name;

  Stmt visit(const Allocate *sums) override {
    Reads reads(name);
    sums->body.accept(&reads);
    if (!reads.sums || reads.found.empty())
      return IRMutator::visit(sums);
    Stmt result = sums;
    for (size_t i = reads.found.size(); i-- > 0;) {
      if (!reads.found[i].type().is_scalar())
        continue;
      Expr address = Variable::make(Halide::type_of<void *>(), name);
      Expr fetch = Call::make(reads.type, Call::prefetch, {address, reads.found[i], 1, reads.type.bytes()}, Call::Intrinsic);
      result = Block::make(Evaluate::make(fetch), result);
    }
    return result;
  }
};
} // namespace

void foresee(Halide::Pipeline &pipeline, const Schedule &schedule) {
  if (std::string operand = schedule.text("fetch", ""); !operand.empty())
    pipeline.add_custom_lowering_pass(new Foresight(operand));
}
} // namespace kiln::schedule
