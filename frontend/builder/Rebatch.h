//===- Rebatch.h - a graph for any number of rows, from the same graph for 2 and for 3 -------------------------===//
//
// A graph has one batch in its types, shapes and sizes, and does not say which of its numbers follow from it. Of two graphs that one description
// gives, all that differs does; and it grows evenly: n2 + (n3 - n2) * (batch - 2). So a checkpoint, which has no description any more, keeps both.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_BUILDER_REBATCH_H
#define KILN_FRONTEND_BUILDER_REBATCH_H
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace kiln::builder {

/// Makes `two`, a graph for a batch of 2, one for `batch` rows; `three` is the same for 3.
llvm::Error rebatch(mlir::ModuleOp two, mlir::ModuleOp three, int64_t batch);

} // namespace kiln::builder

#endif
