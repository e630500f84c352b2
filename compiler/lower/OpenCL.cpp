#include "compiler/lower/OpenCL.h"

using namespace Halide::Internal;
using Halide::Expr;

namespace kiln::lower {
namespace {
/// Halide knows no strict comparison of vectors in OpenCL. C's functions for them answer integers: 0 or -1 of each element.
struct Comparisons : IRMutator {
  using IRMutator::visit;
  Expr visit(const Call *call) override {
    bool less = call->is_intrinsic(Call::strict_lt);
    if (!call->type.is_vector() || !(less || call->is_intrinsic(Call::strict_eq)))
      return IRMutator::visit(call);
    Expr a = mutate(call->args[0]), b = mutate(call->args[1]);
    Halide::Type answers = Halide::Int(a.type().bits(), a.type().lanes());
    return NE::make(Call::make(answers, less ? "isless" : "isequal", {a, b}, Call::PureExtern), make_zero(answers));
  }
};
} // namespace

void addOpenCLPasses(Halide::Pipeline &pipeline) {
  auto *pass = new Comparisons; // Halide keeps the pointer for as long as the pipeline
  pipeline.add_custom_lowering_pass(pass, [pass] { delete pass; });
}

void finishOpenCL(DeviceCode &code, KernelOp kernel) { code.ptx = "//" + argumentsText(code, kernel) + "\n" + code.ptx; }
} // namespace kiln::lower
