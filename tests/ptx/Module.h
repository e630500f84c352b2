//===- Module.h - PTX text, read ------------------------------------------------------------------------------------===//
//
// In: the PTX text of one module. Out: its kernels, each a list of instructions whose operands are still words. What the text says wrong
// is an Error that names the line.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_PTX_MODULE_H
#define KILN_TESTS_PTX_MODULE_H
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace ptx {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Statement {
  std::string guard; ///< the predicate register; empty: always
  bool negated = false;
  std::vector<std::string> opcode; ///< "ld.global.b32" at its dots
  std::vector<std::string> operands; ///< at commas outside of braces and brackets
  std::string text; ///< for messages
};

struct Parameter {
  std::string name;
  uint32_t offset, size;
};

/// What the comment "// arguments 4096 r 128 w" tells of a kernel's parameters.
struct Argument {
  uint64_t bytes;
  bool isWritten;
};

/// A named array in shared, local or constant memory.
struct Array {
  std::string name, space;
  uint64_t alignment, size;
  std::vector<uint8_t> bytes; ///< of constants
  bool external = false; ///< shared memory whose size the launch gives
};

struct Kernel {
  std::string name;
  std::vector<Parameter> parameters;
  uint32_t parameterBytes = 0;
  std::vector<Argument> arguments; ///< of each parameter, or none: then a launch may touch all memory
  uint64_t maxThreads = 0; ///< of .maxntid, or 0
  std::vector<Statement> code;
  std::set<std::string> registers; ///< as declared: %r<9> for %r0 to %r8, or a name
  std::map<std::string, size_t> labels;
  std::vector<Array> arrays; ///< its own and the module's
};

struct Module {
  std::string version, target;
  std::map<std::string, Kernel> kernels;
};

/// Bytes of a type such as b32, s64, f16, pred; 0 for what is no type.
uint32_t sizeOfType(const std::string &type);
Module parse(const std::string &text);

} // namespace ptx
#endif
