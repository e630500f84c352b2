//===- Source.h - a kernel in OpenCL C, run by PoCL ------------------------------------------------------------------===//
//
// In: the text that target host-opencl has in the place of PTX, and launches of it. Out: the card's memory after them, made by real threads
// and another compiler's code; or a Trap.
//
// Each launch sees copies of its arguments alone, with guard zones of NaN around each. What it only reads must stay as it was, the guard
// zones too; what it writes is NaN before, unless it is read, too, or was cleared for this launch.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_FAKE_CUDA_SOURCE_H
#define KILN_TESTS_FAKE_CUDA_SOURCE_H
#include "tests/ptx/Block.h"
#include <memory>

namespace fake {

using ptx::Cleared;

class Source {
public:
  static bool is(const char *text);
  explicit Source(const std::string &text); ///< throws ptx::Error: what the compiler says
  ~Source();
  bool has(const std::string &entry) const;
  size_t arguments() const { return operands.size(); }
  void run(const std::string &entry, const ptx::Launch &launch, ptx::Memory &memory, Cleared &cleared) const;

private:
  struct Operand {
    uint64_t bytes;
    bool isWritten;
  };
  struct Compiled;
  std::vector<Operand> operands;
  std::unique_ptr<Compiled> compiled;
};

} // namespace fake
#endif
