//===- Signature.h - what a compiled function takes and gives ----------------------------------------------------------===//
//
// In: a planned func.func, whose arguments and results carry `kiln.name`. Out: names, element types and shapes as kiln.h has them.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_SIGNATURE_H
#define KILN_CODEGEN_SIGNATURE_H
#include "kiln/kiln.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

namespace kiln::codegen {

struct Tensor {
  std::string name;
  kiln_dtype dtype;
  std::vector<int64_t> shape;
  int64_t bytes() const; ///< dense
};

struct Signature {
  std::vector<Tensor> inputs, outputs;
  std::vector<int32_t> tied; ///< per output the input whose memory it may have, or -1; empty: none
};

/// An error names a tensor that kiln.h cannot describe: its element type, or more than KILN_MAX_RANK dimensions.
llvm::Expected<Signature> signatureOf(mlir::func::FuncOp function);
/// A value as it stands in memory: its dense type, or the bytes of its storage as a row when it is stored otherwise.
Tensor storedTensor(llvm::StringRef name, mlir::Type type);
/// The element's C type (KILN_BOOL: uint8_t; half precision: uint16_t), its name as kiln.h prints it, its bytes.
const char *cTypeOf(kiln_dtype dtype);
const char *nameOf(kiln_dtype dtype);
int64_t sizeOf(kiln_dtype dtype);

} // namespace kiln::codegen
#endif
