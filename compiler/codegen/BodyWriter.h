//===- BodyWriter.h - writes a program's body, op by op -----------------------------------------------------------------===//
//
// In and out: ProgramBody.h says it. ProgramBody.cpp holds launches, ProgramLoop.cpp loops.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_BODYWRITER_H
#define KILN_CODEGEN_BODYWRITER_H
#include "compiler/codegen/ProgramBody.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

namespace kiln::codegen {

using ParameterInputs = llvm::MapVector<llvm::StringRef, int64_t>;

class BodyWriter {
public:
  BodyWriter(mlir::ModuleOp module, mlir::func::FuncOp planned, bool isInit, bool clock)
      : module(module), planned(planned), isInit(isInit), clock(clock), builder(mlir::OpBuilder::atBlockEnd(module.getBody())),
        here(builder.getUnknownLoc()), pointer(mlir::LLVM::LLVMPointerType::get(module.getContext())), i32(builder.getI32Type()),
        i64(builder.getI64Type()) {}
  llvm::Error define();
  llvm::Error defineStep(llvm::StringRef name, llvm::ArrayRef<HostWork> work);

private:
  /// What the arguments, results and arena of a loop's function are in the step that is written.
  struct Step {
    llvm::SmallVector<mlir::Value> inputs, outputs;
    mlir::Value arena;
  };

  llvm::Error writeOps();
  llvm::Error repeat(RepeatOp op);
  llvm::Expected<Place> placeOf(mlir::Value value);
  void begin(llvm::StringRef name);
  llvm::Error launch(LaunchOp op, bool checked = false);
  llvm::Error check(LaunchOp op);
  llvm::Error zeroAll(mlir::Value result, int64_t bytes);
  llvm::Error zeroBorder(mlir::Value result, int64_t element);
  llvm::Error copyOutputs();
  void makeBuffers();
  void setBuffer(size_t index, mlir::Value host);
  void failUnlessZero(mlir::Value status, mlir::Value answer);
  void stampTime();

  mlir::Value constant(mlir::Type type, int64_t value);
  mlir::Value at(mlir::Value base, int64_t bytes);
  mlir::Value farther(mlir::Value base, mlir::Value bytes);
  mlir::Value load(mlir::Value base, int64_t bytes);
  mlir::Value address(const Place &place, int64_t further = 0);

  mlir::ModuleOp module;
  mlir::func::FuncOp planned; ///< the function itself, or that of the loop inside which we are
  const Step *step = nullptr;
  bool isInit, clock;
  mlir::OpBuilder builder;
  mlir::Location here;
  mlir::Type pointer, i32, i64;
  mlir::LLVM::LLVMFuncOp function;
  mlir::Block *failed = nullptr; ///< answers its argument
  mlir::Value frame, context, buffers;
  ParameterInputs parameters; ///< of @init: the input of each
  std::string stem = "kiln";  ///< of the names of constants
  unsigned texts = 0, stamps = 0;
};

llvm::Error badPlan(mlir::Operation *op, const std::string &why);

} // namespace kiln::codegen
#endif
