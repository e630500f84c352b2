// A planned module as text becomes a shared library that is loaded: what most tests here look at.
#ifndef KILN_TESTS_CODEGEN_ARTEFACT_H
#define KILN_TESTS_CODEGEN_ARTEFACT_H
#include "compiler/codegen/Constant.h"
#include "compiler/codegen/Link.h"
#include "compiler/codegen/Program.h"
#include "compiler/codegen/Workers.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "gmock/gmock.h"
#include <dlfcn.h>

namespace kiln::codegen {

/// The value; an error fails the test with its text.
template <typename T> T must(llvm::Expected<T> value) {
  if (!value)
    throw std::runtime_error(llvm::toString(value.takeError()));
  return std::move(*value);
}
inline std::string textOf(llvm::Error error) { return error ? llvm::toString(std::move(error)) : ""; }

class Planned {
public:
  explicit Planned(const std::string &text);
  mlir::ModuleOp module() { return *owned; }

private:
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> owned;
};

/// A fresh folder of this test's own.
std::string folder();
std::string readFile(const std::string &path);
void writeFile(const std::string &path, const std::string &bytes);

/// Objects of a planned module's @main.
struct Compiled {
  /// `unknown` are bits of instructions that no processor has.
  explicit Compiled(const std::string &planned, ProgramOptions options = {}, const std::string &target = "host",
                    uint64_t unknown = 0);
  LinkInput input(const std::string &blob = "") const;
  Target target;
  std::vector<CompiledKernel> kernels;
  ProgramObject program;
  ProgramOptions options;
};

/// A shared library with entry points under `prefix`.
class Library {
public:
  Library(const std::string &path, const std::string &prefix);
  ~Library();
  const kiln_model_info *(*info)() = nullptr;
  kiln_status (*create)(const kiln_options *, kiln_context **) = nullptr;
  kiln_status (*run)(kiln_context *, const kiln_tensor *, kiln_tensor *) = nullptr;
  const char *(*message)(const kiln_context *) = nullptr;
  void (*destroy)(kiln_context *) = nullptr;
  void *handle;
};

kiln_tensor tensor(void *data, kiln_dtype dtype, std::vector<int64_t> shape);
} // namespace kiln::codegen
#endif
