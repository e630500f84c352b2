// What a scan need not carry, read or stack is left out.
#include "compiler/dialect/Kiln.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"

using namespace mlir;
using namespace kiln;

namespace {
/// What of a scan is of use: results that somebody reads, the states that these follow from, the operands that the body needs for both.
struct Live {
  llvm::BitVector results, operands;

  explicit Live(ScanOp op) : results(op.getNumResults()), operands(op.getNumOperands()) {
    unsigned states = op.numStates();
    for (OpResult v : op.getResults())
      if (!v.use_empty())
        results.set(v.getResultNumber());
    for (bool grown = true; grown;) {
      grown = false;
      SmallVector<Value> needed;
      for (unsigned i : results.set_bits())
        needed.push_back(op.returned()[i]);
      llvm::DenseSet<Value> seen;
      operands.reset();
      while (!needed.empty()) {
        Value v = needed.pop_back_val();
        if (!seen.insert(v).second)
          continue;
        if (auto argument = dyn_cast<BlockArgument>(v)) {
          operands.set(argument.getArgNumber());
          if (argument.getArgNumber() < states && !results.test(argument.getArgNumber())) {
            results.set(argument.getArgNumber());
            grown = true;
          }
        } else
          llvm::append_range(needed, v.getDefiningOp()->getOperands());
      }
      for (unsigned i : results.set_bits()) // a state is there as operand and as result
        if (i < states)
          operands.set(i);
    }
  }
};

// scan of more than is used -> scan of what is used
struct Prune : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    Live live(op);
    if (live.results.none() || (live.results.all() && live.operands.all()))
      return failure(); // of no use at all: the driver erases it
    rewriter.startOpModification(op);
    Block *body = &op.step();
    Operation *end = body->getTerminator();
    for (unsigned i = op.getNumResults(); i-- > 0;)
      if (!live.results.test(i))
        end->eraseOperand(i);
    for (Operation &inner : llvm::make_early_inc_range(llvm::reverse(*body)))
      if (&inner != end && isOpTriviallyDead(&inner))
        rewriter.eraseOp(&inner);
    SmallVector<Value> groups[3];
    unsigned first = op.numStates(), last = first + op.getInputs().size();
    for (unsigned i = 0; i < op.getNumOperands(); ++i)
      if (live.operands.test(i))
        groups[i < first ? 0 : i < last ? 1 : 2].push_back(op.getOperand(i));
    body->eraseArguments([&](BlockArgument v) { return !live.operands.test(v.getArgNumber()); });
    rewriter.finalizeOpModification(op);
    auto pruned = rewriter.create<ScanOp>(op.getLoc(), op.getSteps(), op.getReverse(), groups[0], groups[1], groups[2], body);
    unsigned next = 0;
    for (unsigned i : live.results.set_bits())
      rewriter.replaceAllUsesWith(op.getResult(i), pruned.getResult(next++));
    rewriter.eraseOp(op);
    return success();
  }
};

// A state that every step hands on as it is, is a use; its last value is its first.
struct FixedState : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op, PatternRewriter &rewriter) const override {
    for (unsigned i = 0; i < op.numStates(); ++i) {
      BlockArgument state = op.step().getArgument(i);
      if (op.returned()[i] != state || (op.getResult(i).use_empty() && state.hasOneUse()))
        continue;
      rewriter.modifyOpInPlace(op, [&] {
        op.getUsesMutable().append(op.getOperand(i));
        BlockArgument use = op.step().addArgument(state.getType(), state.getLoc());
        state.replaceAllUsesExcept(use, op.step().getTerminator());
        for (OpOperand &operand : op.step().getTerminator()->getOpOperands())
          if (operand.get() == state && operand.getOperandNumber() != i)
            operand.set(use);
      });
      rewriter.replaceAllUsesWith(op.getResult(i), op.getOperand(i));
      return success();
    }
    return failure();
  }
};
} // namespace

void ScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<Prune, FixedState>(context);
}
