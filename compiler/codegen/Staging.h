//===- Staging.h - outputs appear whole or not at all ------------------------------------------------------------------===//
//
// In: the paths of outputs. Out: a temporary name beside each, to write to; `commit` renames them all. Without it they are removed.
// A folder of scratch files, removed at the end, is here too. What a signal interrupts is removed by removeUnfinished.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_STAGING_H
#define KILN_CODEGEN_STAGING_H
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace kiln::codegen {

class Staging {
public:
  Staging() = default;
  Staging(const Staging &) = delete;
  ~Staging();
  /// A name to write the output to. The file exists already, so a folder that cannot be written is an error now.
  llvm::Expected<std::string> add(const std::string &output, bool isProgram = false);
  llvm::Error commit();

private:
  struct File {
    std::string temporary, output;
    bool isProgram;
  };
  std::vector<File> files;
};

class ScratchFolder {
public:
  ScratchFolder() = default;
  ScratchFolder(const ScratchFolder &) = delete;
  ~ScratchFolder();
  llvm::Error create();
  std::string path(llvm::StringRef name) const { return (folder + "/" + name).str(); }
  llvm::Expected<std::string> write(llvm::StringRef name, llvm::StringRef bytes) const; ///< answers the path

private:
  std::string folder;
};

/// Removes every temporary file and scratch folder that stands now, and keeps all threads from making more: the process is to end.
void removeUnfinished();

} // namespace kiln::codegen
#endif
