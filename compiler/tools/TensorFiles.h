//===- TensorFiles.h - the files that hold a run's tensors ----------------------------------------------------------------===//
//
// In: NAME=FILE arguments, FILE an .npy or an .npz (its array of that name; several tensors may share it), or FILE.npz alone: every
// tensor that nothing before it gave. Out: an npy file for each,
// as the generic main reads and writes them; those of archives stand in a scratch folder, and outputs are packed at the end.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_TENSORFILES_H
#define KILN_TOOLS_TENSORFILES_H
#include "compiler/codegen/Staging.h"
#include "kiln/kiln.h"
#include "llvm/ADT/ArrayRef.h"
#include <map>

namespace kiln::tools {

class TensorFiles {
public:
  TensorFiles(const codegen::ScratchFolder &scratch, llvm::ArrayRef<kiln_tensor_info> tensors, const char *kind)
      : scratch(scratch), tensors(tensors), kind(kind), paths(tensors.size()) {}

  /// Each argument finds its tensor; a name that is unknown or comes twice is an error that lists what there is.
  llvm::Error take(llvm::ArrayRef<std::string> arguments);
  llvm::Error unpack(); ///< takes inputs out of their archives
  llvm::Error pack() const; ///< puts outputs into theirs, each archive whole or not at all
  /// Seeded numbers for what has no file: uniform in [-1, 1), whole ones from 0 to 1.
  llvm::Error makeUp(uint64_t seed);
  /// One path a tensor, null where there is none.
  std::vector<const char *> files() const;
  bool given(size_t index) const { return !paths[index].empty(); }

private:
  struct Member {
    size_t tensor;
    std::string archive;
  };
  std::string place(const std::string &archive, size_t tensor);

  const codegen::ScratchFolder &scratch;
  llvm::ArrayRef<kiln_tensor_info> tensors;
  const char *kind;
  std::vector<std::string> paths;
  std::vector<Member> members;
};
} // namespace kiln::tools
#endif
