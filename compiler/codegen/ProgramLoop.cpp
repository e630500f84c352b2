// A loop of a program: the launches of one step, run again with addresses that advance along the stacks.
#include "compiler/codegen/BodyWriter.h"

namespace kiln::codegen {
using namespace mlir;

/// t = 0; do { a step at t; t = t + 1 } while (t < steps). A state is read where the step before has written it (at first, where it stands) and
/// written to the other one of two places, so that the last step writes the result's.
llvm::Error BodyWriter::repeat(RepeatOp op) {
  auto callee = planned->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(op.getBody());
  auto scratch = op.getScratch();
  size_t states = op.getStates().size(), inputs = op.getInputs().size();
  if (!callee || !callee.getBody().hasOneBlock() || !scratch || scratch->size() != 1 + states)
    return badPlan(op, "expected a function of one block and a place for its steps");
  int64_t steps = static_cast<int64_t>(op.getSteps());
  SmallVector<Value> operands, results;
  for (auto [values, addresses] :
       {std::pair(ValueRange(op.getOperands()), &operands), std::pair(ValueRange(op.getResults()), &results)})
    for (Value v : values) {
      llvm::Expected<Place> place = placeOf(v);
      if (!place)
        return place.takeError();
      addresses->push_back(address(*place));
    }
  Step inner;
  inner.arena = address({Place::Arena, 0, (*scratch)[0]});
  SmallVector<Value> start = {constant(i64, 0)};
  for (size_t k = 0; k < states; ++k) {
    Value second = address({Place::Arena, 0, (*scratch)[1 + k]});
    llvm::append_values(start, operands[k], steps % 2 ? results[k] : second, steps % 2 ? second : results[k]);
  }
  Block *before = builder.getInsertionBlock(), *loop = builder.createBlock(failed);
  for (Value v : start)
    loop->addArgument(v.getType(), here);
  builder.setInsertionPointToEnd(before);
  builder.create<LLVM::BrOp>(here, start, loop);
  builder.setInsertionPointToEnd(loop);
  Value t = loop->getArgument(0);
  Value at = op.getReverse() ? Value(builder.create<LLVM::SubOp>(here, constant(i64, steps - 1), t)) : t;
  auto slice = [&](Value base, Type stack) {
    int64_t bytes =
        cast<RankedTensorType>(stack).getNumElements() / steps * byteSize(cast<RankedTensorType>(stack).getElementType());
    return farther(base, builder.create<LLVM::MulOp>(here, at, constant(i64, bytes)));
  };
  SmallVector<Value> next;
  for (size_t k = 0; k < states; ++k) {
    Value now = loop->getArgument(1 + 3 * k), later = loop->getArgument(2 + 3 * k), other = loop->getArgument(3 + 3 * k);
    inner.inputs.push_back(now);
    inner.outputs.push_back(later);
    llvm::append_values(next, later, other, later);
  }
  for (size_t i = states; i < operands.size(); ++i)
    inner.inputs.push_back(i < states + inputs ? slice(operands[i], op.getOperand(i).getType()) : operands[i]);
  for (size_t k = states; k < results.size(); ++k)
    inner.outputs.push_back(slice(results[k], op.getResult(k).getType()));
  const Step *outerStep = std::exchange(step, &inner);
  func::FuncOp outer = std::exchange(planned, callee);
  llvm::Error error = writeOps();
  step = outerStep;
  planned = outer;
  if (error)
    return error;
  next.insert(next.begin(), builder.create<LLVM::AddOp>(here, t, constant(i64, 1)));
  Value more = builder.create<LLVM::ICmpOp>(here, LLVM::ICmpPredicate::slt, next.front(), constant(i64, steps));
  Block *last = builder.getInsertionBlock(), *after = builder.createBlock(failed);
  builder.setInsertionPointToEnd(last);
  builder.create<LLVM::CondBrOp>(here, more, loop, next, after, ValueRange{});
  builder.setInsertionPointToEnd(after);
  return llvm::Error::success();
}

} // namespace kiln::codegen
