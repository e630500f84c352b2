//===- ProgramModel.h - the constant kiln_model and the entry points ---------------------------------------------------===//
//
// In: a signature and sizes. Out: globals and functions in a module of MLIR's LLVM dialect. A C struct is laid out by appending its
// fields: an LLVM struct pads as C does, as long as every field is appended in C's order with C's type.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_PROGRAMMODEL_H
#define KILN_CODEGEN_PROGRAMMODEL_H
#include "compiler/codegen/Program.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace kiln::codegen {

/// Name of the function that runs the plan: ProgramBody defines it, the model points at it.
inline constexpr llvm::StringLiteral bodySymbol = "kiln_program_body";
/// The model's own, which the generic main looks for.
inline constexpr llvm::StringLiteral modelSymbol = "kiln_the_model";

/// A constant struct under construction.
class Record {
public:
  Record &address(llvm::StringRef symbol); ///< empty: null
  Record &i32(int64_t value);
  Record &i64(int64_t value);
  Record &bytes(llvm::ArrayRef<uint8_t> value);
  void define(mlir::ModuleOp module, llvm::StringRef name) const; ///< as a hidden constant
  /// Records of one form as an array.
  static void defineArray(mlir::ModuleOp module, llvm::StringRef name, llvm::ArrayRef<Record> records);

private:
  mlir::Type type(mlir::OpBuilder &builder) const;
  mlir::Value value(mlir::OpBuilder &builder) const;

  struct Field {
    std::string symbol;
    unsigned width; ///< of an integer, or of each of `bytes`; 0: the address of `symbol`
    int64_t number;
    std::vector<uint8_t> bytes;
  };
  std::vector<Field> fields;
};

struct Sizes {
  uint64_t arena, scratch;
};

void defineText(mlir::ModuleOp module, llvm::StringRef name, llvm::StringRef text);
void defineBytes(mlir::ModuleOp module, llvm::StringRef name, llvm::StringRef bytes, unsigned alignment);
/// A constant of another object of the artefact.
void declareConstant(mlir::ModuleOp module, llvm::StringRef name);
/// The address of a global or function of the module.
mlir::Value addressOf(mlir::OpBuilder &builder, llvm::StringRef symbol);
/// A function of another object of the artefact, declared once. Hidden: calls to it need no table.
mlir::LLVM::LLVMFuncOp declare(mlir::ModuleOp module, llvm::StringRef name, mlir::Type result,
                               llvm::ArrayRef<mlir::Type> arguments);

/// `hasBody`: it runs on the host. `device`: the symbol of its kiln_device_model, or empty.
void defineModel(mlir::ModuleOp module, const Signature &signature, const Sizes &sizes, const Target &target,
                 const ProgramOptions &options, bool hasBody = true, llvm::StringRef device = "");

} // namespace kiln::codegen
#endif
