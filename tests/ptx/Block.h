//===- Block.h - one thread block, run ----------------------------------------------------------------------------===//
//
// In: a Program, the place of a block in its grid, the memory. Out: the memory after the block has run; or a Trap that says at which
// instruction, and in which thread.
//
// All threads at the lowest instruction run together, so divergent paths meet again where they can. A barrier waits for all threads.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_PTX_BLOCK_H
#define KILN_TESTS_PTX_BLOCK_H
#include "Memory.h"
#include "Program.h"
#include <set>

namespace ptx {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

/// What launches did, for lint: accesses of warps by kernel and opcode, what they cost, and what they would without conflicts.
struct Tally {
  uint64_t accesses = 0, cost = 0, ideal = 0;
};
/// What the blocks of a kernel did that have run: in warps' instructions, and 32-byte sectors of global memory that a block reads at all.
/// A trip: between two barriers something of global memory is read.
struct Work {
  uint64_t blocks = 0, instructions = 0, multiplyAdds = 0, barriers = 0, trips = 0, sectors = 0;
};
struct Statistics {
  bool wanted = false;
  uint64_t sample = 0; ///< blocks of a launch that run, spread over its grid, for estimates; 0: all
  uint64_t instructions = 0, limit = UINT64_MAX; ///< of threads
  std::map<std::string, std::map<std::string, Tally>>
      tallies; ///< "ld.shared.v4.b32": 128-byte wavefronts; "ld.global...": 32-byte sectors
  std::map<std::string, Work> work;
};

/// Ranges of memory that were cleared since the last launch that writes there: first byte, end.
using Cleared = std::set<std::pair<uint64_t, uint64_t>>;

struct Launch {
  Dim3 grid, block;
  uint32_t shared = 0; ///< dynamic
  std::vector<uint8_t> parameters;
};

class Block {
public:
  Block(const Program &program, const Launch &launch, Memory &global, Epochs &epochs, Statistics &statistics);
  void run(Dim3 place);

  uint64_t *row(int index) { return registers.data() + static_cast<size_t>(index) * threads; }
  const std::vector<uint32_t> &active() const { return lanes; }
  bool allActive() const { return lanes.size() == threads; }
  uint64_t load(const Instruction &instruction, uint64_t address, unsigned bytes, uint32_t thread);
  void store(const Instruction &instruction, uint64_t address, unsigned bytes, uint64_t value, uint32_t thread);
  void tally(const Instruction &instruction, unsigned bytes, const std::vector<uint64_t> &addresses);

  const Program &program;
  const Launch &launch;
  const uint32_t threads;
  uint32_t current = 0; ///< the thread that a Trap is about
  Statistics &statistics;

private:
  void runFrom(Dim3 place);
  void fill(Dim3 place);
  void fillOnce();
  size_t step(size_t at, size_t until); ///< runs the active threads to `until` or where their ways part; returns where they are
  void arrive();
  void checkRead(size_t mark);
  void note(const Instruction &instruction);
  std::string where(size_t at) const;
  void count(const Instruction &instruction);

  Memory &global;
  Epochs &epochs;
  std::vector<uint64_t> registers;
  std::vector<bool> assigned; ///< rows of the watched registers
  std::vector<uint32_t> lanes, everyone; ///< active threads, in order
  std::vector<size_t> at; ///< of each thread
  std::vector<bool> waiting;
  std::map<std::string, uint64_t> symbols;
  Work work;
  bool reads = false; ///< since the last barrier
  std::set<uint64_t> sectors; ///< that this block has read
  Memory constants{0x400};
  Memory shared{0x400}; ///< where an sm_90 launch's own begins: address 0 is the system's
  std::vector<Memory> local;
  Dim3 here;
};

/// Runs every block of a launch. Where the kernel tells of its arguments, it may touch them alone, and what it writes is as if never written
/// before, unless it is read, too, or was cleared for this launch.
void run(const Program &program, Launch launch, Memory &global, Epochs &epochs, Statistics &statistics, Cleared &cleared);

} // namespace ptx
#endif
