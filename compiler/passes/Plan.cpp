//===- Plan.cpp - where every value lives ---------------------------------------------------------------------------===//
//
// In: @main of launches, uses and views. Out: the same with `offsets` on each launch (bytes in the arena; -1-k: output k itself), and on the
// module kiln.arena_size, kiln.scratch_size and kiln.weight_offsets. Offsets are the lowest that fit among the values alive at the same
// time, largest first (greedy by size: Pisarchyk and Lee, Efficient memory management for deep neural net inference, 2020).
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/dialect/Kiln.h"
#include "compiler/passes/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace kiln {
namespace {
constexpr int64_t alignment = 64;
int64_t aligned(int64_t v) { return (v + alignment - 1) / alignment * alignment; }
int64_t bytes(Type type) { return layoutOf(type).elements(shapeOf(type)) * byteSize(cast<ShapedType>(type).getElementType()); }

/// A buffer: the value a launch writes, with the views of it; alive from its first to its last use.
struct Buffer {
  OpResult value;
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
        end = aligned(end + bytes(parameter.getType()));
      }
    getOperation()->setAttr("kiln.weight_offsets", builder.getDictionaryAttr(offsets));
    getOperation()->setAttr("kiln.weights_size", builder.getI64IntegerAttr(end));
    getOperation()->setAttr("kiln.scratch_size", builder.getI64IntegerAttr(scratch));
  }

  void placeValues(func::FuncOp func, Builder &builder) {
    llvm::MapVector<Value, Buffer> buffers;
    llvm::DenseMap<Value, Value> storage; // a view's value -> the value whose buffer it is
    llvm::DenseMap<Value, int64_t> output;
    int64_t time = 0;
    auto returned = cast<func::ReturnOp>(func.getBody().front().getTerminator());
    for (auto [k, v] : llvm::enumerate(returned.getOperands()))
      if (v.getDefiningOp<LaunchOp>())
        output.insert({v, k}); // written in place; a value returned twice is copied the second time
    for (Operation &op : func.getBody().front()) {
      ++time;
      for (Value v : op.getOperands()) {
        Value owner = storage.count(v) ? storage.lookup(v) : v;
        if (auto it = buffers.find(owner); it != buffers.end())
          it->second.last = time;
      }
      if (auto launch = dyn_cast<LaunchOp>(op)) {
        for (OpResult v : launch->getResults())
          if (!output.count(v))
            buffers[v] = {v, aligned(bytes(v.getType())), time, time};
      } else if (op.getNumResults() && op.getNumOperands()) {
        Value source = op.getOperand(0);
        storage[op.getResult(0)] = storage.count(source) ? storage.lookup(source) : source;
      }
    }
    SmallVector<Buffer *> bySize;
    for (auto &entry : buffers)
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
    func.walk([&](LaunchOp launch) {
      SmallVector<int64_t> offsets;
      for (OpResult v : launch->getResults())
        offsets.push_back(output.count(v) ? -1 - output.lookup(v) : buffers.find(v)->second.offset);
      launch.setOffsets(offsets);
    });
    getOperation()->setAttr(func.getSymName() == "main" ? "kiln.arena_size" : ("kiln." + func.getSymName() + "_arena_size").str(),
                            builder.getI64IntegerAttr(arena));
  }
};
} // namespace

std::unique_ptr<Pass> createPlanPass() { return std::make_unique<PlanPass>(); }
} // namespace kiln
