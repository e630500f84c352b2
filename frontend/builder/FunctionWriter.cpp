#include "frontend/builder/FunctionWriter.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace kiln::builder {

static MLIRContext *prepared(MLIRContext &context) {
  context.loadDialect<KilnDialect, func::FuncDialect>();
  return &context;
}

FunctionWriter::FunctionWriter(MLIRContext &context)
    : module(ModuleOp::create(UnknownLoc::get(prepared(context)))), ops(&context), b(ops, ops.getUnknownLoc()) {
  function = func::FuncOp::create(ops.getUnknownLoc(), "main", ops.getFunctionType({}, {}));
  module->push_back(function);
  ops.setInsertionPointToStart(function.addEntryBlock());
}

Value FunctionWriter::input(const std::string &name, Type element, Sizes shape) {
  unsigned index = function.getNumArguments();
  for (unsigned i = 0; i < index; ++i)
    if (function.getArgAttrOfType<StringAttr>(i, "kiln.name").getValue() == name)
      throw BuildError{"two inputs are called '" + name + "'"};
  if (checkElements(shape) == 0)
    throw BuildError{"input '" + name + "' would have shape " + sizesText(shape) + ", expected no empty dimension"};
  auto named = DictionaryAttr::get(ops.getContext(), ops.getNamedAttr("kiln.name", ops.getStringAttr(name)));
  function.insertArgument(index, RankedTensorType::get(shape, element), named, NameLoc::get(ops.getStringAttr(name)));
  return function.getArgument(index);
}

Value FunctionWriter::parameter(const std::string &name, RankedTensorType type, bool statistic) {
  auto location = NameLoc::get(ops.getStringAttr(name));
  OpBuilder beforeFunction(function);
  auto made = beforeFunction.create<ParameterOp>(location, name, type, StringAttr());
  if (statistic)
    made->setAttr("kiln.statistic", ops.getUnitAttr());
  return ops.create<UseOp>(location, type, name);
}

void FunctionWriter::result(const std::string &name, Value value, bool tied) {
  results.push_back(value);
  SmallVector<NamedAttribute> named = {ops.getNamedAttr("kiln.name", ops.getStringAttr(name))};
  if (tied)
    named.push_back(ops.getNamedAttr("kiln.tied", ops.getStringAttr(name)));
  attributes.push_back(DictionaryAttr::get(ops.getContext(), named));
}

OwningOpRef<ModuleOp> FunctionWriter::finish() {
  ops.create<func::ReturnOp>(ops.getUnknownLoc(), results);
  function.setType(ops.getFunctionType(function.getArgumentTypes(), ValueRange(results).getTypes()));
  function.setAllResultAttrs(attributes);
  std::string problems;
  ScopedDiagnosticHandler handler(ops.getContext(), [&](Diagnostic &diagnostic) {
    problems += (problems.empty() ? "" : "; ") + diagnostic.str();
    return success();
  });
  if (failed(verify(*module)))
    throw BuildError{problems};
  return std::move(module);
}

} // namespace kiln::builder
