//===- Program.h - a kernel made ready to run ---------------------------------------------------------------------===//
//
// In: a Kernel's statements. Out: instructions with a function each that does them for all active threads of a block, over registers that
// are rows of 64-bit values, one for each thread. Immediates, special registers and addresses of arrays are registers, too: rows that are
// filled before a block starts. An opcode that is not known is an Error when the kernel is loaded, not when it runs.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_PTX_PROGRAM_H
#define KILN_TESTS_PTX_PROGRAM_H
#include "Module.h"

namespace ptx {

class Block;
struct Instruction;
using Action = void (*)(Block &, const Instruction &);

enum class Flow : uint8_t { Next, Branch, Barrier, Exit };
enum class Space : uint8_t { Parameter, Global, Shared, Local, Constant, Generic };

struct Instruction {
  Action action = nullptr;
  Flow flow = Flow::Next;
  int guard = -1; ///< predicate register
  bool negated = false;
  int target = 0; ///< of a branch
  std::vector<int> to, from; ///< registers
  Space space = Space::Generic;
  bool constant = false; ///< ld.global.nc
  unsigned bytes = 0; ///< of one element that is loaded or stored
  bool isSigned = false;
  int64_t offset = 0; ///< added to an address
  const Statement *statement = nullptr;
  /// The watched among the registers that it reads (with their place in `from`), that guards it (or -1), and among those that it writes.
  std::vector<std::pair<size_t, size_t>> doubtful;
  int doubtfulGuard = -1;
  std::vector<size_t> marks;
  bool strict = false; ///< an access or a shuffle: all it reads must have been written
  bool selects = false; ///< the first or the second, by the third: what is not chosen may be anything
};

/// Register rows that hold one value in all threads, or a thread's place.
struct Filled {
  enum Kind { Immediate, Symbol, Tid, Ntid, Ctaid, Nctaid, Lane, Warp } kind;
  int axis;
  uint64_t value;
  std::string symbol;
};

struct Program {
  explicit Program(const Kernel &kernel);
  const Kernel &kernel;
  std::vector<Instruction> code;
  int registers = 0;
  size_t watched = 0; ///< registers of which threads must note whether what they hold was made of what was written
  std::map<int, Filled> filled;

private:
  int read(const std::string &operand);
  int write(const std::string &operand);
  void decode(const Statement &statement);
  void decodeAccess(Instruction &instruction);
  void watch();
  std::map<std::string, int> names;
  std::map<int, bool> written, used;
};

/// What an opcode without memory or control does, or null where the family does not know it.
Action integerAction(const std::vector<std::string> &opcode);
Action floatAction(const std::vector<std::string> &opcode);
Action conversionAction(const std::vector<std::string> &opcode);
Action choiceAction(const std::vector<std::string> &opcode); ///< mov, selp, setp, testp and the logic of predicates

void loadAction(Block &, const Instruction &);
void storeAction(Block &, const Instruction &);
[[noreturn]] void trapAction(Block &, const Instruction &);
void packAction(Block &, const Instruction &); ///< mov.b64 a, {b, c}
void unpackAction(Block &, const Instruction &);
Action shuffleAction(const std::vector<std::string> &opcode);

} // namespace ptx
#endif
