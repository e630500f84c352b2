//===- Schedule.cpp - every kernel gets a schedule ------------------------------------------------------------------===//
//
// In: kernels. Out: the same with #kiln.schedule, chosen by the rule in schedule/ from the kernel's nest unless it carries one already, and
// with the scratch bytes that the schedule needs (`kiln.scratch`).
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/lower/Kernel.h"
#include "compiler/passes/Passes.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {
struct SchedulePass : PassWrapper<SchedulePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SchedulePass)
  explicit SchedulePass(schedule::Machine machine) : machine(machine) {}
  SchedulePass(const SchedulePass &o) : PassWrapper(o), machine(o.machine) {}
  StringRef getArgument() const override { return "kiln-schedule"; }
  StringRef getDescription() const override { return "give every kernel its default schedule"; }

  void runOnOperation() override {
    Builder builder(&getContext());
    for (auto kernel : getOperation().getOps<KernelOp>()) {
      try {
        schedule::Nest nest = lower::nestOf(kernel);
        schedule::Schedule chosen;
        std::string why;
        if (auto attribute = kernel.getSchedule())
          schedule::Schedule::parse(attribute->getText().str(), chosen, why);
        else
          kernel.setScheduleAttr(ScheduleAttr::get(&getContext(), (chosen = schedule::defaults(nest, machine)).print()));
        why = schedule::legal(nest, machine, chosen);
        if (!why.empty()) {
          kernel.emitError("schedule ") << chosen.print() << " does not fit: " << why;
          return signalPassFailure();
        }
        kernel->setAttr("kiln.scratch", builder.getI64IntegerAttr(schedule::scratch(nest, chosen)));
      } catch (const std::exception &e) {
        kernel.emitError("cannot be lowered: ") << e.what();
        return signalPassFailure();
      }
    }
  }
  schedule::Machine machine;
};
} // namespace

std::unique_ptr<Pass> createSchedulePass(schedule::Machine machine) { return std::make_unique<SchedulePass>(machine); }
} // namespace kiln
