#include "compiler/codegen/LaunchOrder.h"
#include "compiler/codegen/BodyWriter.h"

namespace kiln::codegen {
using namespace mlir;

Place Frame::resolve(const Place &place) const {
  Place found = place;
  if (place.base == Place::Input)
    found = inputs[place.index];
  else if (place.base == Place::Output)
    found = outputs[place.index];
  else
    found.offset = place.base == Place::Arena ? arena : 0;
  found.offset += place.offset;
  return found;
}

llvm::Expected<Place> Frame::placeOf(Value value) const {
  llvm::Expected<Place> place = codegen::placeOf(function, value);
  return place ? llvm::Expected<Place>(resolve(*place)) : place.takeError();
}

namespace {
class Walker {
public:
  llvm::Error walk(const std::shared_ptr<const Frame> &frame) {
    func::FuncOp function = frame->function;
    if (!function.getBody().hasOneBlock())
      return badPlan(function, "expected one block");
    for (Operation &op : function.getBody().front()) {
      if (auto launch = dyn_cast<LaunchOp>(op))
        order.push_back({launch, frame});
      else if (auto loop = dyn_cast<RepeatOp>(op))
        if (llvm::Error error = repeat(loop, *frame))
          return error;
    }
    return llvm::Error::success();
  }
  std::vector<Launched> order;

private:
  llvm::Error placesOf(ValueRange values, const Frame &frame, SmallVector<Place> &places) {
    for (Value value : values) {
      llvm::Expected<Place> place = frame.placeOf(value);
      if (!place)
        return place.takeError();
      places.push_back(*place);
    }
    return llvm::Error::success();
  }

  /// As BodyWriter::repeat, with numbers for addresses.
  llvm::Error repeat(RepeatOp op, const Frame &outer) {
    auto callee = outer.function->getParentOfType<ModuleOp>().lookupSymbol<func::FuncOp>(op.getBody());
    auto scratch = op.getScratch();
    size_t states = op.getStates().size(), inputs = op.getInputs().size();
    if (!callee || !scratch || scratch->size() != 1 + states)
      return badPlan(op, "expected a function and a place for its steps");
    SmallVector<Place> operands, results, now;
    if (llvm::Error error = placesOf(op.getOperands(), outer, operands))
      return error;
    if (llvm::Error error = placesOf(op.getResults(), outer, results))
      return error;
    int64_t steps = static_cast<int64_t>(op.getSteps());
    now.assign(operands.begin(), operands.begin() + static_cast<ptrdiff_t>(states));
    for (int64_t t = 0; t < steps; ++t) {
      int64_t at = op.getReverse() ? steps - 1 - t : t;
      auto slice = [&](Place place, Value stack) {
        place.offset += at * (kiln::bytesOf(stack.getType()) / steps);
        return place;
      };
      Frame inner;
      inner.function = callee;
      inner.arena = outer.arena + (*scratch)[0];
      inner.inputs = now;
      for (size_t k = 0; k < states; ++k) // the last step writes the result's place
        inner.outputs.push_back((steps - t) % 2 ? results[k] : outer.resolve({Place::Arena, 0, (*scratch)[1 + k]}));
      for (size_t i = states; i < operands.size(); ++i)
        inner.inputs.push_back(i < states + inputs ? slice(operands[i], op.getOperand(i)) : operands[i]);
      for (size_t k = states; k < results.size(); ++k)
        inner.outputs.push_back(slice(results[k], op.getResult(k)));
      now.assign(inner.outputs.begin(), inner.outputs.begin() + static_cast<ptrdiff_t>(states));
      auto frame = std::make_shared<const Frame>(std::move(inner));
      if (llvm::Error error = walk(frame))
        return error;
      if (llvm::Error error = finish(frame))
        return error;
    }
    return llvm::Error::success();
  }

  llvm::Error finish(const std::shared_ptr<const Frame> &frame) {
    func::FuncOp function = frame->function;
    Operation *terminator = function.getBody().front().getTerminator();
    for (unsigned i : resultsTiedLast(function)) {
      Value value = terminator->getOperand(i);
      llvm::Expected<Place> from = frame->placeOf(value);
      if (!from)
        return from.takeError();
      if (!(*from == frame->outputs[i]) && kiln::bytesOf(value.getType()))
        order.push_back({nullptr, frame, frame->outputs[i], *from, kiln::bytesOf(value.getType())});
    }
    return llvm::Error::success();
  }
};
} // namespace

llvm::Expected<std::vector<Launched>> launchOrder(func::FuncOp planned) {
  auto frame = std::make_shared<Frame>();
  frame->function = planned;
  for (unsigned i = 0; i < planned.getNumArguments(); ++i)
    frame->inputs.push_back({Place::Input, i, 0});
  for (unsigned i = 0; i < planned.getNumResults(); ++i)
    frame->outputs.push_back({Place::Output, i, 0});
  Walker walker;
  if (llvm::Error error = walker.walk(frame))
    return error;
  return std::move(walker.order);
}
} // namespace kiln::codegen
