//===- Schedule.cpp - every kernel gets a schedule ------------------------------------------------------------------===//
//
// In: kernels. Out: the same with #kiln.schedule, chosen by the rule in schedule/ from the kernel's nest unless it carries one already, and
// with the scratch bytes that the schedule needs (`kiln.scratch`). For a device, kernels of @main get one of its families.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/lower/Kernel.h"
#include "compiler/passes/Passes.h"
#include "compiler/schedule/SpaceGpu.h"
#include "compiler/schedule/SpaceOnce.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {
struct SchedulePass : PassWrapper<SchedulePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SchedulePass)
  SchedulePass(schedule::Machine machine, bool device) : machine(machine) { this->device = device; }
  SchedulePass(const SchedulePass &o) : PassWrapper(o), machine(o.machine) { device = o.device; }
  StringRef getArgument() const override { return "kiln-schedule"; }
  StringRef getDescription() const override { return "give every kernel its default schedule"; }

  void runOnOperation() override {
    Builder builder(&getContext());
    llvm::DenseSet<StringAttr> onDevice;
    if (device)
      eachLaunch(getOperation(), "main", [&](LaunchOp launch) { onDevice.insert(launch.getKernelAttr().getAttr()); });
    for (auto kernel : getOperation().getOps<KernelOp>()) {
      try {
        bool gpu = kernel.getSchedule() ? lower::isForDevice(kernel) : onDevice.contains(kernel.getSymNameAttr());
        schedule::Nest nest = lower::nestOf(kernel, gpu ? lower::Side::Device : lower::Side::Host);
        schedule::Schedule chosen;
        std::string why;
        if (auto attribute = kernel.getSchedule())
          schedule::Schedule::parse(attribute->getText().str(), chosen, why);
        else if (gpu)
          chosen = schedule::gpuDefaults(nest);
        else if (kernel->hasAttr("kiln.once"))
          chosen = schedule::defaultsOnce(nest, machine);
        else
          chosen = schedule::defaults(nest, machine);
        if (!kernel.getSchedule())
          kernel.setScheduleAttr(ScheduleAttr::get(&getContext(), chosen.print()));
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
  Option<bool> device{*this, "device", llvm::cl::desc("schedules for a GPU, for the kernels that @main launches")};
};
} // namespace

std::unique_ptr<Pass> createSchedulePass(schedule::Machine machine, bool device) {
  return std::make_unique<SchedulePass>(machine, device);
}
} // namespace kiln
