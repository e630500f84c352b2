//===- Weights.h - the blob of packed tensors as an artefact carries it ------------------------------------------------===//
//
// In: a file of bytes, each tensor at a multiple of 64. Out: its hash; an object that holds it, written without reading it into
// memory; or a safetensors file that a model maps.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_WEIGHTS_H
#define KILN_CODEGEN_WEIGHTS_H
#include "compiler/codegen/Signature.h"
#include "compiler/codegen/Target.h"
#include <array>

namespace kiln::codegen {

/// A tensor of the blob, stored dense; one that is stored otherwise is told as a row of bytes.
struct PackedTensor {
  Tensor tensor;
  int64_t offset;
};

struct BlobFacts {
  uint64_t size;
  std::array<uint8_t, 32> hash;
};
llvm::Expected<BlobFacts> factsOf(const std::string &blob);
/// An ELF object with the one symbol `symbol`, hidden, aligned to 64, in a section of its own (x86-64: of the large data).
llvm::Error writeWeightsObject(const std::string &blob, const std::string &symbol, const Target &target, const std::string &path);
/// [u64 length of the header | header, JSON padded with blanks so that the data begins at a multiple of 64 | blob]
llvm::Error writeSafetensors(const std::string &blob, const std::vector<PackedTensor> &tensors, const std::string &path);

} // namespace kiln::codegen
#endif
