//===- Access.cpp - loads, stores, and what threads of a warp hand each other --------------------------------------===//
#include "Rows.h"

namespace ptx {
namespace {
uint64_t extended(uint64_t value, unsigned bytes, bool isSigned) {
  if (!isSigned || bytes == 8)
    return value;
  uint64_t sign = uint64_t(1) << (8 * bytes - 1);
  return (value ^ sign) - sign;
}

template <class Each> void access(Block &block, const Instruction &instruction, int address, size_t count, Each each) {
  const uint64_t *base = block.row(address);
  unsigned whole = instruction.bytes * static_cast<unsigned>(count);
  bool outside = instruction.space != Space::Parameter && instruction.space != Space::Local;
  std::vector<uint64_t> addresses;
  for (uint32_t thread : block.active()) {
    uint64_t at = base[thread] + static_cast<uint64_t>(instruction.offset);
    block.current = thread;
    Memory::align(at, whole);
    for (size_t i = 0; i < count; ++i)
      each(i, at + i * instruction.bytes, thread);
    if (outside && block.statistics.wanted)
      addresses.push_back(at);
  }
  if (outside && block.statistics.wanted)
    block.tally(instruction, whole, addresses);
}
} // namespace

void loadAction(Block &block, const Instruction &instruction) {
  access(block, instruction, instruction.from[0], instruction.to.size(), [&](size_t i, uint64_t address, uint32_t thread) {
    uint64_t value = extended(block.load(instruction, address, instruction.bytes, thread), instruction.bytes, instruction.isSigned);
    if (instruction.to[i] >= 0)
      block.row(instruction.to[i])[thread] = value;
  });
}

void storeAction(Block &block, const Instruction &instruction) {
  access(block, instruction, instruction.from[0], instruction.from.size() - 1, [&](size_t i, uint64_t address, uint32_t thread) {
    uint64_t value = block.row(instruction.from[i + 1])[thread];
    if (instruction.bytes < 8)
      value &= (uint64_t(1) << 8 * instruction.bytes) - 1;
    block.store(instruction, address, instruction.bytes, value, thread);
  });
}

void trapAction(Block &, const Instruction &) { throw Trap("trap"); }

void packAction(Block &block, const Instruction &instruction) {
  unsigned bits = instruction.bytes * 8;
  for (uint32_t thread : block.active()) {
    uint64_t value = 0;
    for (size_t i = 0; i < instruction.from.size(); ++i)
      value |= (block.row(instruction.from[i])[thread] & ((uint64_t(1) << bits) - 1)) << bits * i;
    block.row(instruction.to[0])[thread] = value;
  }
}

void unpackAction(Block &block, const Instruction &instruction) {
  unsigned bits = instruction.bytes * 8;
  for (uint32_t thread : block.active()) {
    uint64_t value = block.row(instruction.from[0])[thread];
    for (size_t i = 0; i < instruction.to.size(); ++i)
      if (instruction.to[i] >= 0)
        block.row(instruction.to[i])[thread] = value >> bits * i & ((uint64_t(1) << bits) - 1);
  }
}

namespace {
enum class Shuffle { Up, Down, Butterfly, Index };

/// d|p, a, b, c, membermask: d is a's value in the thread of the warp that b names; p, whether there is one within the segment.
template <Shuffle mode> void shuffle(Block &block, const Instruction &instruction) {
  std::vector<uint32_t> active(block.active());
  std::vector<uint64_t> values, inside;
  std::vector<bool> here(block.threads);
  for (uint32_t thread : active)
    here[thread] = true;
  const uint64_t *a = block.row(instruction.from[0]), *b = block.row(instruction.from[1]), *c = block.row(instruction.from[2]);
  const uint64_t *members = block.row(instruction.from[3]);
  for (uint32_t thread : active) {
    uint32_t lane = thread % 32, warp = thread - lane;
    block.current = thread;
    for (uint32_t other = 0; other < 32; ++other) {
      bool member = members[thread] >> other & 1, there = warp + other < block.threads && here[warp + other];
      if (other == lane && !member)
        throw Trap("a shuffle by a thread that its mask leaves out");
      if (member && warp + other < block.threads && !there)
        throw Trap("a shuffle that lane " + std::to_string(other) + " of its mask does not take part in");
      if (member && there && static_cast<uint32_t>(members[warp + other]) != static_cast<uint32_t>(members[thread]))
        throw Trap("a shuffle whose lanes " + std::to_string(lane) + " and " + std::to_string(other) + " give different masks");
    }
    uint32_t by = static_cast<uint32_t>(b[thread]) & 31, segment = static_cast<uint32_t>(c[thread] >> 8) & 31;
    uint32_t clamp = static_cast<uint32_t>(c[thread]) & 31, least = lane & segment, most = least | (clamp & ~segment);
    int32_t source = mode == Shuffle::Up          ? static_cast<int32_t>(lane) - static_cast<int32_t>(by)
                     : mode == Shuffle::Down      ? static_cast<int32_t>(lane + by)
                     : mode == Shuffle::Butterfly ? static_cast<int32_t>(lane ^ by)
                                                  : static_cast<int32_t>(least | (by & ~segment));
    bool fits = mode == Shuffle::Up ? source >= static_cast<int32_t>(most) : source <= static_cast<int32_t>(most);
    uint32_t from = warp + (fits ? static_cast<uint32_t>(source) : lane);
    if (from >= block.threads || !here[from] || !(members[thread] >> from % 32 & 1))
      throw Trap("a shuffle from lane " + std::to_string(from % 32) + ", which does not take part");
    values.push_back(a[from] & 0xffffffff);
    inside.push_back(fits);
  }
  for (size_t i = 0; i < active.size(); ++i) {
    block.row(instruction.to[0])[active[i]] = values[i];
    if (instruction.to.size() > 1)
      block.row(instruction.to[1])[active[i]] = inside[i];
  }
}
} // namespace

Action shuffleAction(const std::vector<std::string> &opcode) {
  if (opcode.size() != 4 || opcode[0] != "shfl" || opcode[1] != "sync" || opcode[3] != "b32")
    return nullptr;
  const std::string &mode = opcode[2];
  return mode == "up"     ? shuffle<Shuffle::Up>
         : mode == "down" ? shuffle<Shuffle::Down>
         : mode == "bfly" ? shuffle<Shuffle::Butterfly>
         : mode == "idx"  ? shuffle<Shuffle::Index>
                          : nullptr;
}

} // namespace ptx
