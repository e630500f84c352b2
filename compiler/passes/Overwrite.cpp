//===- Overwrite.cpp - kernels that write over what they read ----------------------------------------------------------===//
//
// In: @main of launches, laid out; result k may carry kiln.tied = "NAME" and be a join: a state whose parts are written one by one. Out: the
// kernel of a part that reads the old part carries kiln.once, where a schedule that visits each element once is as good as any; else it
// writes elsewhere, and a copy follows it: the other parts are still written in place.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/Kernel.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/Storage.h"
#include "compiler/schedule/SpaceGpu.h"
#include "compiler/schedule/SpaceOnce.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace kiln {
namespace {
struct OverwritePass : PassWrapper<OverwritePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OverwritePass)
  OverwritePass(schedule::Machine machine, bool device) : machine(machine) { this->device = device; }
  OverwritePass(const OverwritePass &o) : PassWrapper(o), machine(o.machine) { device = o.device; }
  StringRef getArgument() const override { return "kiln-overwrite"; }
  StringRef getDescription() const override {
    return "mark kernels that overwrite a part of a state that they read, or copy what they make";
  }

  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main)
      return;
    Storage storage(main);
    SmallVector<OpOperand *> apart;
    auto returned = main.getBody().front().getTerminator();
    for (unsigned k = 0; k < main.getNumResults(); ++k)
      if (std::optional<unsigned> input = tiedInput(main, k))
        if (auto join = returned->getOperand(k).getDefiningOp<JoinOpInterface>())
          for (OpOperand &part : join->getOpOperands())
            if (auto writer = viewed(part.get()).buffer.getDefiningOp<LaunchOp>();
                writer && !mayOverwrite(storage, writer, join->getResult(0), main.getArgument(*input)))
              apart.push_back(&part);
    for (OpOperand *part : apart)
      copy(*part);
  }

  /// `join` being the memory of `input`.
  bool mayOverwrite(const Storage &storage, LaunchOp writer, Value join, Value input) {
    Piece written = storage.of(writer.getResult(0));
    if (written.buffer != join)
      return true;
    written.buffer = input;
    std::vector<std::string> read;
    for (auto [i, operand] : llvm::enumerate(writer.getOperands()))
      if (Piece piece = storage.of(operand); piece.overlaps(written)) {
        if (piece.start != written.start || piece.size != written.size)
          return false;
        read.push_back("in" + std::to_string(i));
      }
    if (read.empty())
      return true;
    auto kernel = getOperation().lookupSymbol<KernelOp>(writer.getKernel());
    auto suits = [&](const schedule::Nest &nest, const schedule::Schedule &chosen) {
      std::vector<std::string> may = schedule::aliases(nest, chosen);
      return llvm::all_of(read, [&](const std::string &name) { return llvm::is_contained(may, name); });
    };
    try {
      schedule::Nest nest = lower::nestOf(kernel, device ? lower::Side::Device : lower::Side::Host);
      if (device)
        return suits(nest, schedule::gpuDefaults(nest));
      if (!suits(nest, schedule::defaultsOnce(nest, machine)))
        return false;
      kernel->setAttr("kiln.once", UnitAttr::get(&getContext()));
    } catch (const std::exception &) { // the schedule pass says why
    }
    return true;
  }

  void copy(OpOperand &part) {
    Value v = part.get();
    OpBuilder builder(&getContext());
    builder.setInsertionPoint(getOperation().lookupSymbol<func::FuncOp>("main"));
    std::string name = "place" + std::to_string(added++) + "_main";
    auto kernel = builder.create<KernelOp>(v.getLoc(), name, builder.getFunctionType(v.getType(), v.getType()), ScheduleAttr(),
                                           ArrayAttr(), ArrayAttr());
    Block *block = builder.createBlock(&kernel.getBody(), {}, v.getType(), v.getLoc());
    builder.create<ReturnOp>(v.getLoc(), block->getArgument(0));
    builder.setInsertionPoint(part.getOwner());
    part.set(
        builder.create<LaunchOp>(v.getLoc(), TypeRange(v.getType()), name, ValueRange(v), DenseI64ArrayAttr(), DenseI64ArrayAttr())
            .getResult(0));
  }

  schedule::Machine machine;
  Option<bool> device{*this, "device", llvm::cl::desc("for schedules of a GPU")};
  int added = 0;
};
} // namespace

std::unique_ptr<Pass> createOverwritePass(schedule::Machine machine, bool device) {
  return std::make_unique<OverwritePass>(machine, device);
}
} // namespace kiln
