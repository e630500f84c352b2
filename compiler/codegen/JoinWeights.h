//===- JoinWeights.h - two programs' weights become one blob ---------------------------------------------------------------===//
//
// In: two planned modules (kiln.weight_offsets) and the blob of each. Out: one blob, and offsets into it in both modules:
//
//   | what the first alone has | what both have, byte for byte: once | what the second alone has |
//
// So each program's weights are one range, and a card is given no more than its own.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_JOINWEIGHTS_H
#define KILN_CODEGEN_JOINWEIGHTS_H
#include "compiler/codegen/Constant.h"

namespace kiln::codegen {
llvm::Error joinWeights(mlir::ModuleOp first, const std::string &firstBlob, mlir::ModuleOp second, const std::string &secondBlob,
                        const std::string &joined);
/// For a weights file: each stretch of the blob once; a name that both have for different bytes is the first's.
std::vector<PackedTensor> packedTensors(mlir::ModuleOp first, mlir::ModuleOp second);
} // namespace kiln::codegen
#endif
