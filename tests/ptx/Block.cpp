//===- Block.cpp - one thread block, run --------------------------------------------------------------------------===//
#include "Block.h"
#include <algorithm>
#include <cstring>

namespace ptx {
namespace {
// Where a generic address finds shared and local memory.
constexpr uint64_t sharedWindow = 0x100000000000, localWindow = 0x200000000000, windowSize = 0x100000000000;
} // namespace

Block::Block(const Program &program, const Launch &launch, Memory &global, Epochs &epochs, Statistics &statistics)
    : program(program), launch(launch), threads(static_cast<uint32_t>(launch.block.count())), statistics(statistics),
      global(global), epochs(epochs), registers(static_cast<size_t>(program.registers) * threads), at(threads), waiting(threads) {
  for (uint32_t i = 0; i < threads; ++i)
    everyone.push_back(i);
  bool anyShared = false, anyLocal = false;
  for (const Array &array : program.kernel.arrays) {
    anyShared |= array.space == "shared";
    anyLocal |= array.space == "local";
  }
  if (anyLocal)
    local.assign(threads, Memory(0));
  if (launch.shared && !anyShared) // as Halide writes it: dynamic shared memory at address 0
    shared = Memory(0);
  fillOnce();
}

/// Each array at the least aligned address that its alignment allows.
void Block::fill(Dim3 place) {
  here = place;
  bool named = false;
  shared = constants = Memory(0x400);
  assigned.assign(program.watched * threads, false);
  for (Memory &memory : local)
    memory = Memory(16);
  symbols.clear();
  for (const Array &array : program.kernel.arrays) {
    auto odd = [&](Memory &memory, uint64_t bytes) { return memory.allocateAskew(bytes, array.alignment); };
    if (array.space == "shared") {
      named = true;
      symbols[array.name] = odd(shared, array.external ? launch.shared : array.size);
    } else if (array.space == "local") {
      for (Memory &memory : local)
        symbols[array.name] = odd(memory, array.size);
    } else {
      uint64_t base = constants.allocate(array.size);
      constants.write(base, array.bytes.data(), array.bytes.size());
      symbols[array.name] = base;
    }
  }
  if (!named && launch.shared) {
    shared = Memory(0);
    shared.allocate(launch.shared, 1);
  }
  for (const auto &[index, value] : program.filled) {
    if (value.kind == Filled::Ctaid) {
      const uint32_t ctaid[] = {place.x, place.y, place.z};
      std::fill_n(row(index), threads, ctaid[value.axis]);
    } else if (value.kind == Filled::Symbol) {
      auto symbol = symbols.find(value.symbol);
      if (symbol == symbols.end())
        throw Error("kernel " + program.kernel.name + ": unknown name '" + value.symbol + "'");
      std::fill_n(row(index), threads, symbol->second);
    }
  }
}

/// What is the same in all blocks.
void Block::fillOnce() {
  for (const auto &[index, value] : program.filled)
    for (uint32_t thread = 0; thread < threads; ++thread) {
      const Dim3 &size = launch.block;
      const uint32_t tid[] = {thread % size.x, thread / size.x % size.y, thread / size.x / size.y};
      const uint32_t ntid[] = {size.x, size.y, size.z}, nctaid[] = {launch.grid.x, launch.grid.y, launch.grid.z};
      row(index)[thread] = value.kind == Filled::Tid      ? tid[value.axis]
                           : value.kind == Filled::Ntid   ? ntid[value.axis]
                           : value.kind == Filled::Nctaid ? nctaid[value.axis]
                           : value.kind == Filled::Lane   ? thread % 32
                           : value.kind == Filled::Warp   ? thread / 32
                                                          : value.value;
    }
}

uint64_t Block::load(const Instruction &instruction, uint64_t address, unsigned bytes, uint32_t thread) {
  current = thread;
  if (instruction.space == Space::Parameter) {
    uint64_t value = 0;
    std::copy_n(launch.parameters.begin() + static_cast<int64_t>(address), bytes, reinterpret_cast<uint8_t *>(&value));
    return value;
  }
  if (instruction.space == Space::Shared)
    return shared.load(address, bytes, thread, epochs);
  if (instruction.space == Space::Constant)
    return constants.load(address, bytes, thread, epochs);
  if (instruction.space == Space::Local)
    return local[thread].load(address, bytes, thread, epochs);
  if (instruction.space == Space::Generic && address - sharedWindow < windowSize)
    return shared.load(address - sharedWindow, bytes, thread, epochs);
  if (instruction.space == Space::Generic && address - localWindow < windowSize)
    return local[thread].load(address - localWindow, bytes, thread, epochs);
  return global.load(address, bytes, thread, epochs, instruction.constant);
}

void Block::store(const Instruction &instruction, uint64_t address, unsigned bytes, uint64_t value, uint32_t thread) {
  current = thread;
  if (instruction.space == Space::Shared)
    return shared.store(address, bytes, value, thread, epochs);
  if (instruction.space == Space::Local)
    return local[thread].store(address, bytes, value, thread, epochs);
  if (instruction.space == Space::Generic && address - sharedWindow < windowSize)
    return shared.store(address - sharedWindow, bytes, value, thread, epochs);
  if (instruction.space == Space::Generic && address - localWindow < windowSize)
    return local[thread].store(address - localWindow, bytes, value, thread, epochs);
  global.store(address, bytes, value, thread, epochs);
}

std::string Block::where(size_t instruction) const {
  const Statement *statement = program.code[instruction].statement;
  return " (kernel " + program.kernel.name + ", block " + std::to_string(here.x) + "," + std::to_string(here.y) + "," +
         std::to_string(here.z) + ", thread " + std::to_string(current) + ": " + statement->text + ")";
}

void Block::checkRead(size_t mark) {
  for (uint32_t thread : lanes)
    if (!assigned[mark * threads + thread]) {
      current = thread;
      throw Trap("poison: use of a register that was never written");
    }
}

/// Whether what was written is made of what was written: LLVM works with registers that hold nothing yet where it throws the result away.
void Block::note(const Instruction &instruction) {
  for (uint32_t thread : lanes) {
    bool whole = true;
    for (auto [mark, place] : instruction.doubtful)
      if (!instruction.selects || place == 2 || (place == 0) == (row(instruction.from[2])[thread] != 0))
        whole &= assigned[mark * threads + thread];
    for (size_t mark : instruction.marks)
      assigned[mark * threads + thread] = whole;
  }
}

size_t Block::step(size_t place, size_t until) {
  try {
    std::vector<uint32_t> all;
    if (statistics.instructions > statistics.limit)
      throw Trap("it runs for ever");
    for (; place < until; ++place) {
      const Instruction &instruction = program.code[place];
      statistics.instructions += lanes.size();
      if (statistics.wanted)
        count(instruction);
      bool guarded = instruction.guard >= 0;
      if (instruction.flow == Flow::Barrier) {
        if (guarded)
          throw Trap("a barrier under a predicate");
        return place;
      }
      if (guarded) {
        if (instruction.doubtfulGuard >= 0)
          checkRead(static_cast<size_t>(instruction.doubtfulGuard));
        const uint64_t *predicate = row(instruction.guard);
        all.swap(lanes);
        lanes.clear();
        for (uint32_t thread : all)
          if ((predicate[thread] != 0) != instruction.negated)
            lanes.push_back(thread);
      }
      if (instruction.flow == Flow::Next) {
        if (instruction.strict)
          for (auto [mark, place] : instruction.doubtful)
            checkRead(mark);
        if (!lanes.empty())
          instruction.action(*this, instruction);
        if (!instruction.marks.empty())
          note(instruction);
        if (guarded)
          lanes.swap(all);
        continue;
      }
      size_t target = instruction.flow == Flow::Exit ? program.code.size() : static_cast<size_t>(instruction.target);
      if (!guarded || lanes.size() == all.size()) {
        if (target <= place || target > until || target == program.code.size())
          return target;
        place = target - 1;
        continue;
      }
      if (lanes.empty()) {
        lanes.swap(all);
        continue;
      }
      for (uint32_t thread : all) // their ways part
        at[thread] = place + 1;
      for (uint32_t thread : lanes)
        at[thread] = target;
      lanes.clear();
      return place;
    }
  } catch (Trap &trap) {
    trap.text += where(place);
    throw;
  }
  return place;
}

void Block::count(const Instruction &instruction) {
  uint64_t warps = 0, last = UINT64_MAX;
  for (uint32_t thread : lanes) {
    warps += thread / 32 != last;
    last = thread / 32;
  }
  const std::string &opcode = instruction.statement->opcode[0];
  work.instructions += warps;
  work.multiplyAdds += opcode == "fma" ? warps : 0;
  reads |= opcode == "ld" && instruction.space == Space::Global;
  if (instruction.flow == Flow::Barrier) {
    ++work.barriers;
    work.trips += reads;
    reads = false;
  }
}

/// Every thread waits at a barrier, or some have ended and the others wait for ever.
void Block::arrive() {
  size_t ended = 0, first = program.code.size();
  for (uint32_t thread = 0; thread < threads; ++thread) {
    ended += at[thread] == program.code.size();
    if (waiting[thread]) {
      first = std::min(first, at[thread]);
      current = thread;
    }
  }
  if (ended)
    throw Trap("a barrier that " + std::to_string(ended) + " threads never reach" + where(first));
  for (uint32_t thread = 0; thread < threads; ++thread)
    if (at[thread] != first) {
      current = thread;
      throw Trap("a barrier, while thread " + std::to_string(thread) + " waits at another" + where(first));
    }
  ++epochs.now;
  for (uint32_t thread = 0; thread < threads; ++thread) {
    waiting[thread] = false;
    ++at[thread];
  }
}

void Block::run(Dim3 place) {
  work = {1};
  reads = false;
  sectors.clear();
  runFrom(place);
  if (!statistics.wanted)
    return;
  Work &all = statistics.work[program.kernel.name];
  all.blocks += work.blocks;
  all.instructions += work.instructions;
  all.multiplyAdds += work.multiplyAdds;
  all.barriers += work.barriers;
  all.trips += work.trips + reads;
  all.sectors += sectors.size();
}

void Block::runFrom(Dim3 place) {
  fill(place);
  epochs.block = ++epochs.now;
  const size_t end = program.code.size();
  std::fill(at.begin(), at.end(), 0);
  bool together = true; // all threads are at at[0]
  for (;;) {
    size_t lowest = end, above = end;
    if (together) {
      lowest = at[0];
      lanes = everyone;
    } else {
      lanes.clear();
      for (uint32_t thread = 0; thread < threads; ++thread)
        if (!waiting[thread])
          lowest = std::min(lowest, at[thread]);
      for (uint32_t thread = 0; thread < threads; ++thread)
        if (at[thread] == lowest && !waiting[thread])
          lanes.push_back(thread);
        else if (!waiting[thread])
          above = std::min(above, at[thread]);
    }
    if (lowest == end) {
      if (std::find(waiting.begin(), waiting.end(), true) == waiting.end())
        return;
      arrive();
      together = std::all_of(at.begin(), at.end(), [&](size_t place) { return place == at[0]; });
      continue;
    }
    size_t reached = step(lowest, above);
    bool barrier = !lanes.empty() && reached < end && program.code[reached].flow == Flow::Barrier && reached < above;
    for (uint32_t thread : lanes) {
      at[thread] = reached;
      waiting[thread] = barrier;
    }
    if (together && lanes.size() == threads) {
      if (barrier) {
        arrive();
      }
      if (reached == end)
        return;
      continue;
    }
    together = false;
    if (!barrier && std::all_of(at.begin(), at.end(), [&](size_t place) { return place == at[0]; }) &&
        std::find(waiting.begin(), waiting.end(), true) == waiting.end())
      together = true;
  }
}

void Block::tally(const Instruction &instruction, unsigned bytes, const std::vector<uint64_t> &addresses) {
  std::string name;
  for (const std::string &part : instruction.statement->opcode)
    name += (name.empty() ? "" : ".") + part;
  Tally &tally = statistics.tallies[program.kernel.name][name];
  // As many threads at once as 128 bytes serve: a wavefront each, and one more for every further word that a bank must give them.
  const size_t phase = bytes <= 4 ? 32 : bytes <= 8 ? 16 : 8, unit = instruction.space == Space::Shared ? 4 : 32;
  std::vector<uint64_t> units;
  auto distinct = [&](size_t from, size_t to) {
    units.clear();
    for (size_t i = from; i < to; ++i)
      for (uint64_t at = addresses[i] / unit; at <= (addresses[i] + bytes - 1) / unit; ++at)
        units.push_back(at);
    std::sort(units.begin(), units.end());
    units.erase(std::unique(units.begin(), units.end()), units.end());
  };
  for (size_t i = 0, end = 0; i < lanes.size(); i = end) {
    for (end = i; end < lanes.size() && lanes[end] / 32 == lanes[i] / 32;)
      ++end;
    ++tally.accesses;
    if (unit == 32) {
      distinct(i, end);
      tally.cost += units.size();
      if (instruction.statement->opcode[0] == "ld")
        sectors.insert(units.begin(), units.end());
      std::vector<uint64_t> places(addresses.begin() + static_cast<int64_t>(i), addresses.begin() + static_cast<int64_t>(end));
      std::sort(places.begin(), places.end());
      auto count = static_cast<uint64_t>(std::unique(places.begin(), places.end()) - places.begin());
      tally.ideal += (count * bytes + 31) / 32;
      continue;
    }
    for (size_t first = i; first < end; first += phase) {
      distinct(first, std::min(first + phase, end));
      uint64_t banks[32] = {}, most = 0;
      for (uint64_t word : units)
        most = std::max(most, ++banks[word % 32]);
      tally.cost += most;
      tally.ideal += 1;
    }
  }
}

namespace {
bool meets(uint64_t begin, uint64_t end, std::pair<uint64_t, uint64_t> range) { return range.first < end && begin < range.second; }

/// Shows the launch its arguments alone, until it has ended.
class Windows {
public:
  Windows(const Kernel &kernel, Launch &launch, Memory &memory, Cleared &cleared) : memory(memory) {
    const std::vector<Argument> &arguments = kernel.arguments;
    std::vector<uint64_t> places(arguments.size());
    for (size_t i = 0; i < places.size(); ++i) {
      if (kernel.parameters[i].size != sizeof(uint64_t))
        throw Trap("kernel " + kernel.name + ": parameter " + kernel.parameters[i].name + " is no address");
      memcpy(&places[i], launch.parameters.data() + kernel.parameters[i].offset, sizeof(uint64_t));
      if (!memory.holds(places[i], arguments[i].bytes))
        throw Trap("out of bounds: argument " + std::to_string(i) + " of kernel " + kernel.name + " is not all of it in memory");
    }
    for (size_t i = 0; i < places.size(); ++i) {
      uint64_t begin = places[i], end = begin + arguments[i].bytes;
      bool kept = !arguments[i].isWritten;
      for (auto range = cleared.begin(); !arguments[i].isWritten ? false : range != cleared.end();)
        if (meets(begin, end, *range)) {
          kept = true;
          range = cleared.erase(range);
        } else {
          ++range;
        }
      for (size_t other = 0; other < places.size(); ++other)
        kept |= !arguments[other].isWritten && meets(begin, end, {places[other], places[other] + arguments[other].bytes});
      uint64_t seen = memory.open(begin, arguments[i].bytes, arguments[i].isWritten, kept);
      memcpy(launch.parameters.data() + kernel.parameters[i].offset, &seen, sizeof seen);
    }
  }
  ~Windows() { memory.close(); }

private:
  Memory &memory;
};
} // namespace

void run(const Program &program, Launch launch, Memory &global, Epochs &epochs, Statistics &statistics, Cleared &cleared) {
  uint64_t threads = launch.block.count();
  if (threads == 0 || launch.grid.count() == 0 || threads > 1024 || launch.block.z > 64)
    throw Trap("kernel " + program.kernel.name + ": " + std::to_string(threads) + " threads a block: expected 1 to 1024");
  if (program.kernel.maxThreads && threads > program.kernel.maxThreads)
    throw Trap("kernel " + program.kernel.name + ": " + std::to_string(threads) + " threads a block: .maxntid allows " +
               std::to_string(program.kernel.maxThreads));
  if (launch.parameters.size() != program.kernel.parameterBytes)
    throw Trap("kernel " + program.kernel.name + ": " + std::to_string(launch.parameters.size()) +
               " bytes of parameters: expected " + std::to_string(program.kernel.parameterBytes));
  epochs.launch = ++epochs.now;
  Windows windows(program.kernel, launch, global, cleared);
  Block block(program, launch, global, epochs, statistics);
  const Dim3 &grid = launch.grid;
  uint64_t all = grid.count(), runs = statistics.sample ? std::min(statistics.sample, all) : all;
  for (uint64_t i = 0; i < runs; ++i) {
    uint64_t at = runs < all ? (2 * i + 1) * all / (2 * runs) : i;
    block.run({static_cast<uint32_t>(at % grid.x), static_cast<uint32_t>(at / grid.x % grid.y),
               static_cast<uint32_t>(at / grid.x / grid.y)});
  }
}

} // namespace ptx
