//===- Program.h - the host function that runs a plan ------------------------------------------------------------------===//
//
// In: a planned function: kiln.use, kiln.launch with offsets, views and joins. Out: one object with the function, the
// constant kiln_model that describes it (runtime/core/model.h), and the five entry points <prefix>_*. It is built in MLIR's LLVM
// dialect: straight-line code, one call a kernel; nothing is interpreted at run time. A card's program is tables (DeviceModel.h); a model
// may have both, planned apart from each other, and then chooses when a context is made.
//
// What a planned module carries (section "plan" of compiler/README.md has an example):
//   module {kiln.arena_size (of @init: kiln.init_arena_size), kiln.scratch_size : i64; kiln.weight_offsets = {parameter = offset in the weights}}
//   kiln.launch @k(...) {offsets = array<i64: ...>}   per result: bytes from the arena's start, or -1-k: it is output k,
//     within = array<i64: ...>                         and there this far from its start (absent: 0)
//     checks = [{operand = 1, limit = 1000, node = "Gather_3"}]   indices to hold in [-limit, limit) before the launch
//     zero = array<i64: 0>                             results zeroed whole before the launch (a halo always is)
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_PROGRAM_H
#define KILN_CODEGEN_PROGRAM_H
#include "compiler/codegen/Signature.h"
#include "compiler/codegen/Target.h"
#include "mlir/IR/BuiltinOps.h"
#include <array>
#include <optional>

namespace kiln::codegen {

struct WeightsFacts {
  uint64_t size = 0;
  std::array<uint8_t, 32> hash = {}; ///< SHA-256 of the bytes
  std::string file; ///< base name of the weights file; empty: embedded under the symbol weightsSymbol(prefix)
};

/// What is planned for cards, and the kernels that run there.
struct CardProgram {
  mlir::ModuleOp planned;
  const std::vector<struct DeviceKernel> &kernels;
};

struct ProgramOptions {
  std::string function = "main"; ///< of the module
  std::string prefix; ///< of the exported symbols
  std::string model; ///< kiln_model_info.name
  std::string provenance; ///< JSON
  WeightsFacts weights;
  /// For @init, which runs before any weights stand packed: each parameter it uses is an input of its own, in the order of first use,
  /// and every tensor is a row of bytes as it is stored.
  bool isInit = false;
  std::optional<CardProgram> card = {};
  /// For measuring: one more output, `kiln.clock`, receives the processor's time stamp before the first launch and after each.
  bool clock = false;
};

struct ProgramObject {
  std::string object;
  std::string llvm; ///< the LLVM IR, for --dump=llvm
  Signature signature;
  uint64_t arena = 0, scratch = 0; ///< bytes, as in kiln_model: enough for whichever program runs
};

std::string weightsSymbol(llvm::StringRef prefix);
/// `planned` may be what is planned for cards: then the processor has no program of its own.
llvm::Expected<ProgramObject> compileProgram(mlir::ModuleOp planned, const Target &target, const ProgramOptions &options);

} // namespace kiln::codegen
#endif
