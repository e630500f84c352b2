//===- Command.h - a subcommand of kiln ----------------------------------------------------------------------------------===//
//
// Each subcommand is one file that registers itself: it declares its options and says what to run. Errors travel as llvm::Error and are
// printed once, by main.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_COMMAND_H
#define KILN_TOOLS_COMMAND_H
#include "llvm/Support/Error.h"
#include <CLI/CLI.hpp>
#include <functional>

namespace kiln::tools {
using Run = std::function<llvm::Error()>;
/// Adds its subcommand to `app` and answers what runs when it is chosen.
using Declare = std::function<std::pair<CLI::App *, Run>(CLI::App &app)>;
struct RegisterCommand {
  RegisterCommand(int order, Declare declare); ///< order: of the help
};

/// An error that its reader has been told already: only the exit code is left.
class Told : public llvm::ErrorInfo<Told> {
public:
  explicit Told(int code) : code(code) {}
  void log(llvm::raw_ostream &stream) const override { stream << "exit " << code; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
  const int code;
  static char ID;
};
} // namespace kiln::tools
#endif
