//===- Assembler.h - PTX becomes code for one card --------------------------------------------------------------------===//
//
// In: PTX. Out: a cubin, and what ptxas says of it. ptxas is $KILN_PTXAS, the one on PATH, the toolkit's usual place, or that of the wheel
// nvidia-cuda-nvcc-cu12 beside this build's other wheels. Without one, artefacts carry PTX alone, and the driver assembles at the start.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_ASSEMBLER_H
#define KILN_CODEGEN_ASSEMBLER_H
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace kiln::codegen {
struct Assembled {
  std::string cubin;
  int64_t registers = 0, spills = 0, stack = 0; ///< of a thread; bytes stored and loaded by spills
};
/// The path of ptxas, or empty; an error when $KILN_PTXAS names none.
llvm::Expected<std::string> findAssembler();
/// What tells this assembler from others, for keys of the cache.
std::string assemblerVersion(const std::string &path);
llvm::Expected<Assembled> assemble(const std::string &path, const std::string &ptx, int capability);
} // namespace kiln::codegen
#endif
