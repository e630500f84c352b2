// The gradient of a scan is a scan the other way round. With (h', y) = body(h, x, w) and dh', dy the cotangents of what a step gives:
//
//   scan carry(dh') over(h, x, dy) with(w):   (dh, dx, dw_t) = body's own gradient at (h, x, w), applied to (dh', dy)
//
// The states h that each step began with are stacked by the forward scan, which is replaced by one that does, and so are the results of its
// products, pools and reductions where the way back reads them; maps and moves are computed again. The sum of dw_t over all steps is
// carried, but where it can be one op over what is stacked (StepSum.h): one large product of all steps instead of a small one in each.
#include "compiler/dialect/Reverse.h"
#include "compiler/ops/StepSum.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace kiln;

namespace {
bool isFloat(Value v) { return isa<FloatType>(cast<RankedTensorType>(v.getType()).getElementType()); }

bool isHeavy(Operation &op) {
  auto algorithm = dyn_cast<AlgorithmOpInterface>(op);
  return !algorithm || (algorithm.role() != Role::Map && algorithm.role() != Role::Leaf && !isMove(algorithm.role()));
}

class WayBack {
public:
  WayBack(ScanOp scan, Gradient &d)
      : scan(scan), d(d), owner(std::make_unique<Block>()), body(*owner), inside(scan.getContext()), site{inside, scan.getLoc()} {
    inside.setInsertionPointToEnd(&body);
  }

  void write() {
    findActive();
    enter();
    Reverse reverse(body, nullptr, activeArguments);
    for (auto [j, g] : stateCotangents)
      reverse.seed(map.lookupOrDefault(scan.returned()[j]), g, inside, scan.getLoc());
    for (auto [k, g] : outputCotangents)
      reverse.seed(map.lookupOrDefault(scan.returned()[k]), g, inside, scan.getLoc());
    if (failed(reverse.run(inside)))
      return d.fail();
    collect(reverse);
    keepHeavy();
    leave();
  }

private:
  unsigned states() { return scan.numStates(); }
  bool isInput(unsigned i) { return i >= states() && i < states() + scan.getInputs().size(); }

  /// Arguments of the step that the wanted operands reach, from step to step.
  void findActive() {
    for (unsigned i = 0; i < scan.getNumOperands(); ++i)
      active.push_back(d.wanted(i));
    for (bool grown = true; grown;) {
      grown = false;
      SmallVector<Value> by;
      for (unsigned i = 0; i < active.size(); ++i)
        if (active[i])
          by.push_back(scan.step().getArgument(i));
      Reverse probe(scan.step(), nullptr, by);
      for (unsigned j = 0; j < states(); ++j)
        if (!active[j] && probe.isActive(scan.returned()[j]) && isFloat(scan.returned()[j]))
          grown = active[j] = true;
    }
  }

  // Arguments stand in three groups: carried, cut, used.
  BlockArgument carry(Type type, Value first) {
    firsts.push_back(first);
    return body.insertArgument(firsts.size() - 1, type, scan.getLoc());
  }
  BlockArgument cut(Type type, Value stack, Value kept) {
    BlockArgument argument = body.insertArgument(firsts.size() + cuts.size(), type, scan.getLoc());
    cuts.push_back({argument, stack, kept});
    return argument;
  }

  /// The body's arguments, and its own ops, which compute a step again.
  void enter() {
    for (unsigned j = 0; j < states(); ++j)
      if (active[j]) {
        Term g = d.cotangent(j);
        Type type = scan.getOperand(j).getType();
        stateCotangents.push_back({j, carry(type, g ? g.value : zeros(type))});
      }
    for (auto [i, argument] : llvm::enumerate(scan.step().getArguments())) {
      if (i < states())
        map.map(argument, cut(argument.getType(), {}, argument));
      else if (isInput(i))
        map.map(argument, cut(argument.getType(), scan.getOperand(i), {}));
      else {
        BlockArgument use = body.addArgument(argument.getType(), scan.getLoc());
        map.map(argument, use);
        operandOf[use] = scan.getOperand(i);
      }
      if (active[i])
        activeArguments.push_back(map.lookup(argument));
    }
    for (unsigned k = states(); k < scan.getNumResults(); ++k)
      if (Term g = d.cotangent(k))
        outputCotangents.push_back({k, cut(scan.returned()[k].getType(), g.value, {})});
    SmallVector<Value> heavy; // operands follow a value when its op is replaced
    for (Operation &op : scan.step().without_terminator()) {
      Operation *same = inside.clone(op, map);
      if (isHeavy(op))
        llvm::append_range(heavy, same->getResults());
    }
    end = inside.create<ReturnOp>(scan.getLoc(), heavy);
    inside.setInsertionPoint(end);
  }

  /// What the body returns: next cotangents of the states, then of the inputs, then of the uses.
  void collect(const Reverse &reverse) {
    SmallVector<Value> returned;
    auto argument = [&](unsigned i) { return map.lookup(scan.step().getArgument(i)); };
    for (auto [j, g] : stateCotangents) {
      Value next = reverse.cotangent(argument(j));
      returned.push_back(next ? next
                              : splat(site, cast<RankedTensorType>(g.getType()).getElementType(), shapeOf(g.getType()), 0).value);
    }
    for (unsigned i = states(); i < scan.getNumOperands(); ++i)
      if (Value g = d.wanted(i) ? reverse.cotangent(argument(i)) : Value()) {
        made.push_back(i);
        returned.push_back(g);
      }
    llvm::append_range(returned, end.getOperands());
    end->setOperands(returned);
  }

  void keepHeavy() {
    unsigned count = stateCotangents.size() + made.size();
    SmallVector<Value> heavy(end.getOperands().drop_front(count));
    end->eraseOperands(count, heavy.size());
    auto next = heavy.begin();
    for (Operation &op : scan.step().without_terminator())
      if (isHeavy(op))
        for (Value v : op.getResults())
          (*next++).replaceAllUsesWith(cut(v.getType(), {}, v));
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
      if (&op != end && isOpTriviallyDead(&op))
        op.erase();
  }

  Value zeros(Type type) { return splat(d.where(), cast<RankedTensorType>(type).getElementType(), shapeOf(type), 0).value; }

  /// The scan that keeps what is read on the way back, in place of the old one.
  void extend(const llvm::SetVector<Value> &kept) {
    SmallVector<Value> more;
    llvm::DenseMap<Value, unsigned> at;
    for (unsigned k = states(); k < scan.getNumResults(); ++k)
      at.insert({scan.returned()[k], k});
    for (Value v : kept)
      if (at.insert({v, scan.getNumResults() + more.size()}).second)
        more.push_back(v);
    ScanOp whole = scan;
    if (!more.empty()) {
      OpBuilder here(scan);
      Region copy;
      IRMapping copied;
      scan.getBody().cloneInto(&copy, copied);
      auto returned = copy.front().getTerminator();
      for (Value v : more)
        returned->insertOperands(returned->getNumOperands(), copied.lookup(v));
      whole = here.create<ScanOp>(scan.getLoc(), scan.getSteps(), scan.getReverse(), scan.getStates(), scan.getInputs(),
                                  scan.getUses(), &copy.front());
      d.replaceBy(whole);
    }
    for (Cut &c : cuts)
      if (c.kept && kept.contains(c.kept))
        c.stack = whole.getResult(at.lookup(c.kept));
  }

  void leave() {
    unsigned carried = stateCotangents.size();
    SmallVector<Value> found(end.getOperands().drop_front(carried)), sums, outputs;
    StepSum total{[&](Value v) { return operandOf.lookup(v); }};
    llvm::SetVector<Value> stacked;
    SmallVector<int64_t> sumAt(made.size(), -1); // carried sums by their place, or taken outside
    for (auto [n, i] : llvm::enumerate(made))
      if (isInput(i))
        outputs.push_back(found[n]);
      else if (llvm::SetVector<Value> more = stacked; total.splits(found[n], more))
        stacked = std::move(more);
      else {
        sumAt[n] = static_cast<int64_t>(carried + sums.size());
        BlockArgument sum = carry(found[n].getType(), zeros(found[n].getType()));
        sums.push_back((Term{sum, &site} + Term{found[n], &site}).value);
      }
    SmallVector<Value> returned(end.getOperands().take_front(carried));
    llvm::append_range(returned, sums);
    unsigned firstOutput = returned.size();
    llvm::append_range(returned, outputs);
    for (Value v : stacked)
      if (llvm::none_of(cuts, [&](const Cut &c) { return c.argument == v; }) && !llvm::is_contained(outputs, v)) {
        returned.push_back(v);
        outputs.push_back(v);
      }
    end->setOperands(returned);

    llvm::SetVector<Value> kept;
    for (Cut &c : cuts)
      if (c.kept && (!c.argument.use_empty() || stacked.contains(c.argument)))
        kept.insert(c.kept);
    extend(kept);
    llvm::DenseMap<Value, Value> stacks;
    SmallVector<Value> over, with;
    for (Cut &c : cuts) {
      stacks[c.argument] = c.stack;
      if (!c.argument.use_empty())
        over.push_back(c.stack);
    }
    for (BlockArgument v : body.getArguments())
      if (operandOf.count(v) && !v.use_empty())
        with.push_back(operandOf.lookup(v));
    SmallVector<Value> values(outputs);
    body.eraseArguments([&](BlockArgument v) { return v.getArgNumber() >= firsts.size() && v.use_empty(); });
    auto back =
        d.where().ops.create<ScanOp>(scan.getLoc(), scan.getSteps(), !scan.getReverse(), firsts, over, with, owner.release());
    for (auto [k, v] : llvm::enumerate(values))
      stacks[v] = back.getResult(firstOutput + k);
    for (auto [n, g] : llvm::enumerate(stateCotangents))
      d.set(g.first, {back.getResult(n), &d.where()});
    for (auto [n, i] : llvm::enumerate(made))
      d.set(i, isInput(i)      ? Term{stacks.lookup(found[n]), &d.where()}
               : sumAt[n] >= 0 ? Term{back.getResult(sumAt[n]), &d.where()}
                               : total.write(found[n], stacks, d.where()));
  }

  struct Cut {
    BlockArgument argument;
    Value stack; ///< what it is cut from
    Value kept; ///< or the value of the forward scan's step that is to be stacked for it
  };

  ScanOp scan;
  Gradient &d;
  std::unique_ptr<Block> owner; ///< of the body, until it is a scan's
  Block &body;
  OpBuilder inside;
  Site site;
  ReturnOp end;
  IRMapping map; ///< from the step to the body
  llvm::DenseMap<Value, Value> operandOf; ///< of the body's arguments that are uses
  SmallVector<bool> active;
  SmallVector<Value> activeArguments, firsts;
  SmallVector<Cut> cuts;
  SmallVector<std::pair<unsigned, BlockArgument>> stateCotangents, outputCotangents;
  SmallVector<unsigned> made; ///< operands after the states that get a cotangent
};
} // namespace

void ScanOp::gradient(Gradient &d) { WayBack(*this, d).write(); }
