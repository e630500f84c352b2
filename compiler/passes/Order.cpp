//===- Order.cpp - state is written last --------------------------------------------------------------------------------===//
//
// In: scheduled @main whose result k may carry kiln.tied = "NAME": the caller may give the memory of the input NAME for it, so that a
// training step updates its state in place. Out: ops in an order in which that is right: every launch that reads what is overwritten comes
// before the launch that writes it, and so does every check of indices: nothing fails once state has changed. The writer itself may read
// the element that it writes, where its schedule visits each once (schedule::aliases). A result for which there is no such order carries
// kiln.late: it is made elsewhere and copied when all else is done.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/lower/Kernel.h"
#include "compiler/passes/Passes.h"
#include "compiler/passes/Storage.h"
#include "mlir/IR/BuiltinOps.h"
#include <set>

using namespace mlir;

namespace kiln {
namespace {
/// Operations of one block with "must come before" between them.
class Order {
public:
  explicit Order(Block &block) {
    for (Operation &op : block) {
      for (Value v : op.getOperands())
        if (v.getDefiningOp())
          edges.insert({place.lookup(v.getDefiningOp()), ops.size()});
      place[&op] = ops.size();
      ops.push_back(&op);
    }
  }

  /// False, and nothing is added, where a circle would come of it.
  bool add(ArrayRef<std::pair<Operation *, Operation *>> beforeAndAfter) {
    auto former = edges;
    for (auto [before, after] : beforeAndAfter)
      edges.insert({place.lookup(before), place.lookup(after)});
    if (sorted().size() == ops.size())
      return true;
    edges = std::move(former);
    return false;
  }

  void apply() {
    Operation *terminator = ops.back();
    for (size_t i : sorted())
      if (ops[i] != terminator)
        ops[i]->moveBefore(terminator);
  }

private:
  /// As they stand, as far as the edges allow.
  std::vector<size_t> sorted() const {
    std::vector<size_t> waits(ops.size(), 0), order;
    for (auto [before, after] : edges)
      ++waits[after];
    std::set<size_t> ready;
    for (size_t i = 0; i < ops.size(); ++i)
      if (!waits[i])
        ready.insert(i);
    while (!ready.empty()) {
      size_t next = *ready.begin();
      ready.erase(ready.begin());
      order.push_back(next);
      for (auto e = edges.lower_bound({next, 0}); e != edges.end() && e->first == next; ++e)
        if (!--waits[e->second])
          ready.insert(e->second);
    }
    return order;
  }

  std::vector<Operation *> ops;
  llvm::DenseMap<Operation *, size_t> place;
  std::set<std::pair<size_t, size_t>> edges;
};

struct OrderPass : PassWrapper<OrderPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OrderPass)
  StringRef getArgument() const override { return "kiln-order"; }
  StringRef getDescription() const override { return "order launches so that tied results overwrite their inputs"; }

  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || !llvm::any_of(llvm::seq(main.getNumResults()), [&](unsigned k) { return main.getResultAttr(k, "kiln.tied"); }))
      return;
    Storage storage(main);
    Order order(main.getBody().front());
    llvm::DenseSet<Value> taken; // one buffer is the memory of one input
    llvm::DenseSet<unsigned> named;
    auto returned = main.getBody().front().getTerminator();
    for (unsigned k = 0; k < main.getNumResults(); ++k) {
      if (!main.getResultAttr(k, "kiln.tied"))
        continue;
      std::optional<unsigned> input = tiedInput(main, k);
      if (!input || !named.insert(*input).second) {
        main.emitError("result ") << k << " is tied to " << main.getResultAttr(k, "kiln.tied")
                                  << ": expected an input of that name and of type " << main.getResultTypes()[k]
                                  << ", tied to one result";
        return signalPassFailure();
      }
      Piece piece = storage.of(returned->getOperand(k));
      bool whole = piece.start == 0 && piece.size == bytesOf(piece.buffer.getType());
      SmallVector<std::pair<Operation *, Operation *>> pairs;
      if (!whole || !isa_and_nonnull<LaunchOp, JoinOpInterface>(piece.buffer.getDefiningOp()) || taken.contains(piece.buffer) ||
          !collect(main, storage, piece.buffer, main.getArgument(*input), pairs) || !order.add(pairs))
        main.setResultAttr(k, "kiln.late", UnitAttr::get(&getContext()));
      else
        taken.insert(piece.buffer);
    }
    order.apply();
  }

  /// What must come before what, when `buffer` is the memory of `input`. False where a launch reads what it has overwritten.
  bool collect(func::FuncOp main, const Storage &storage, Value buffer, Value input,
               SmallVectorImpl<std::pair<Operation *, Operation *>> &pairs) {
    for (auto writer : main.getOps<LaunchOp>())
      for (Value result : writer->getResults()) {
        Piece written = storage.of(result);
        if (written.buffer != buffer)
          continue;
        written.buffer = input; // the same memory
        for (Operation &reader : main.getBody().front()) {
          if (mayFail(&reader) && &reader != writer)
            pairs.push_back({&reader, writer});
          if (!isa<LaunchOp, RepeatOp, func::ReturnOp>(reader))
            continue;
          for (auto [i, operand] : llvm::enumerate(reader.getOperands())) {
            Piece read = storage.of(operand);
            if (!read.overlaps(written))
              continue;
            if (&reader != writer)
              pairs.push_back({&reader, writer});
            else if (read.start != written.start || read.size != written.size || !mayAlias(writer, i))
              return false;
          }
        }
      }
    return true;
  }

  bool mayFail(Operation *op) {
    auto repeat = dyn_cast<RepeatOp>(op);
    return op->hasAttr("checks") ||
           (repeat && llvm::any_of(getOperation().lookupSymbol<func::FuncOp>(repeat.getBody()).getBody().front(),
                                   [&](Operation &inner) { return mayFail(&inner); }));
  }

  bool mayAlias(LaunchOp launch, size_t operand) {
    auto kernel = getOperation().lookupSymbol<KernelOp>(launch.getKernel());
    schedule::Schedule schedule;
    std::string why;
    if (!kernel.getSchedule() || !schedule::Schedule::parse(kernel.getSchedule()->getText().str(), schedule, why))
      return false;
    return llvm::is_contained(schedule::aliases(lower::nestOf(kernel), schedule), "in" + std::to_string(operand));
  }
};
} // namespace

std::unique_ptr<Pass> createOrderPass() { return std::make_unique<OrderPass>(); }
} // namespace kiln
