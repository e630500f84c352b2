//===- Plan.cpp - where every value lives ---------------------------------------------------------------------------===//
//
// In: @main of launches, uses, views and joins. Out: the same with `offsets` on each launch (bytes in the arena; -1-k: output k itself,
// `within` bytes from its start), and on the module kiln.arena_size, kiln.scratch_size and kiln.weight_offsets. Offsets are the lowest that fit among the values alive at the same
// time, largest first (greedy by size: Pisarchyk and Lee, Efficient memory management for deep neural net inference, 2020).
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/Storage.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include <list>

using namespace mlir;

namespace kiln {
namespace {
constexpr int64_t alignment = 64;
int64_t aligned(int64_t v) { return (v + alignment - 1) / alignment * alignment; }

/// A buffer of the arena, alive from the first launch that writes into it to its last use.
struct Buffer {
  int64_t size, first, last, offset = 0;
};

struct PlanPass : PassWrapper<PlanPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PlanPass)
  StringRef getArgument() const override { return "kiln-plan"; }
  StringRef getDescription() const override { return "place values in one arena, parameters in one blob"; }

  void runOnOperation() override {
    Builder builder(&getContext());
    int64_t scratch = 0;
    for (auto kernel : getOperation().getOps<KernelOp>())
      if (auto need = kernel->getAttrOfType<IntegerAttr>("kiln.scratch"))
        scratch = std::max(scratch, need.getInt());
    for (auto func : getOperation().getOps<func::FuncOp>())
      placeValues(func, builder);
    SmallVector<NamedAttribute> offsets;
    int64_t end = 0;
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    llvm::SetVector<StringAttr> used;
    if (main)
      main.walk([&](UseOp use) { used.insert(use.getParameterAttr().getAttr()); });
    for (auto parameter : getOperation().getOps<ParameterOp>())
      if (used.contains(parameter.getSymNameAttr())) {
        offsets.push_back(builder.getNamedAttr(parameter.getSymName(), builder.getI64IntegerAttr(end)));
        end = aligned(end + bytesOf(parameter.getType()));
      }
    getOperation()->setAttr("kiln.weight_offsets", builder.getDictionaryAttr(offsets));
    getOperation()->setAttr("kiln.weights_size", builder.getI64IntegerAttr(end));
    getOperation()->setAttr("kiln.scratch_size", builder.getI64IntegerAttr(scratch));
  }

  /// A step's own arena (its function stands before this one), and a second place for each state.
  SmallVector<int64_t> scratchOf(RepeatOp repeat, int64_t begin, int64_t &end) {
    SmallVector<int64_t> starts = {begin};
    end = begin + aligned(getOperation()->getAttrOfType<IntegerAttr>(("kiln." + repeat.getBody() + "_arena_size").str()).getInt());
    for (Value state : repeat.getStates()) {
      starts.push_back(end);
      end += aligned(bytesOf(state.getType()));
    }
    return starts;
  }

  void placeValues(func::FuncOp func, Builder &builder) {
    Storage storage(func);
    for (OpOperand *stray : storage.strays()) {
      stray->getOwner()->emitOpError("needs a launch that writes operand ") << stray->getOperandNumber() << " into its place";
      return signalPassFailure();
    }
    llvm::MapVector<Value, Buffer> buffers;
    llvm::DenseMap<Value, int64_t> output;
    auto returned = cast<func::ReturnOp>(func.getBody().front().getTerminator());
    auto tied = [&](unsigned k) { return func.getResultAttr(k, "kiln.tied") != nullptr; };
    auto results = llvm::to_vector(llvm::seq(func.getNumResults()));
    llvm::stable_sort(results, [&](unsigned a, unsigned b) { return tied(a) && !tied(b); });
    for (unsigned k : results)
      if (Piece piece = storage.of(returned.getOperand(k));
          isa_and_nonnull<LaunchOp, RepeatOp, JoinOpInterface>(piece.buffer.getDefiningOp()) && piece.start == 0 &&
          piece.size == bytesOf(piece.buffer.getType()) && !func.getResultAttr(k, "kiln.late"))
        output.insert({piece.buffer, k}); // written in place; a value returned twice is copied the second time
    std::list<std::pair<RepeatOp, Buffer>> steps; ///< what each loop's steps need beside their operands and results
    int64_t time = 0;
    for (Operation &op : func.getBody().front()) {
      ++time;
      if (!isa<LaunchOp, RepeatOp, func::ReturnOp>(op))
        continue;
      if (auto repeat = dyn_cast<RepeatOp>(op))
        scratchOf(repeat, 0, steps.emplace_back(repeat, Buffer{0, time, time}).second.size);
      for (Value v : op.getOperands())
        if (auto it = buffers.find(storage.of(v).buffer); it != buffers.end())
          it->second.last = time;
      for (OpResult v : op.getResults())
        if (Value buffer = storage.of(v).buffer; !output.count(buffer))
          buffers.insert({buffer, Buffer{aligned(bytesOf(buffer.getType())), time, time}}).first->second.last = time;
    }
    SmallVector<Buffer *> bySize;
    for (auto &entry : buffers)
      bySize.push_back(&entry.second);
    for (auto &entry : steps)
      bySize.push_back(&entry.second);
    llvm::stable_sort(bySize, [](const Buffer *a, const Buffer *b) { return a->size > b->size; });
    int64_t arena = 0;
    SmallVector<Buffer *> placed;
    for (Buffer *buffer : bySize) {
      SmallVector<Buffer *> alive;
      for (Buffer *other : placed)
        if (other->first <= buffer->last && buffer->first <= other->last)
          alive.push_back(other);
      llvm::sort(alive, [](const Buffer *a, const Buffer *b) { return a->offset < b->offset; });
      int64_t offset = 0;
      for (Buffer *other : alive) {
        if (offset + buffer->size <= other->offset)
          break;
        offset = std::max(offset, other->offset + other->size);
      }
      buffer->offset = offset;
      arena = std::max(arena, offset + buffer->size);
      placed.push_back(buffer);
    }
    for (auto &entry : steps)
      entry.first.setScratch(scratchOf(entry.first, entry.second.offset, entry.second.size));
    for (Operation &op : func.getBody().front()) {
      if (!isa<LaunchOp, RepeatOp>(op))
        continue;
      SmallVector<int64_t> offsets, within;
      for (OpResult v : op.getResults()) {
        Piece piece = storage.of(v);
        auto buffer = buffers.find(piece.buffer);
        bool inArena = buffer != buffers.end();
        offsets.push_back(inArena ? buffer->second.offset + piece.start : -1 - output.lookup(piece.buffer));
        within.push_back(inArena ? 0 : piece.start);
      }
      op.setAttr("offsets", builder.getDenseI64ArrayAttr(offsets));
      if (llvm::any_of(within, [](int64_t bytes) { return bytes != 0; }))
        op.setAttr("within", builder.getDenseI64ArrayAttr(within));
    }
    getOperation()->setAttr(func.getSymName() == "main" ? "kiln.arena_size" : ("kiln." + func.getSymName() + "_arena_size").str(),
                            builder.getI64IntegerAttr(arena));
  }
};
} // namespace

std::unique_ptr<Pass> createPlanPass() { return std::make_unique<PlanPass>(); }
} // namespace kiln
