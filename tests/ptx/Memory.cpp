//===- Memory.cpp - memory that knows who wrote it ---------------------------------------------------------------===//
#include "Memory.h"
#include <cstdio>
#include <cstring>

namespace ptx {
namespace {
enum : uint32_t { Many = 0xffffffff }; ///< several readers, or writers of parts of a word

/// Sizes that are known are moves, not calls.
uint64_t get(const uint8_t *place, unsigned bytes) {
  uint64_t value = 0;
  if (bytes == 4)
    memcpy(&value, place, 4);
  else if (bytes == 8)
    memcpy(&value, place, 8);
  else
    memcpy(&value, place, bytes);
  return value;
}
void put(uint8_t *place, uint64_t value, unsigned bytes) {
  if (bytes == 4)
    memcpy(place, &value, 4);
  else if (bytes == 8)
    memcpy(place, &value, 8);
  else
    memcpy(place, &value, bytes);
}

std::string hex(uint64_t number) {
  char text[24];
  snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}
} // namespace

uint64_t Memory::allocate(uint64_t bytes, uint64_t alignment) {
  uint64_t base = (next + alignment - 1) / alignment * alignment;
  next = base + bytes + 4096;
  Piece &piece = pieces[base];
  piece.base = base;
  piece.size = bytes;
  piece.bytes.resize(bytes + 8, 0xff);
  if (checked)
    piece.words.resize(bytes / 4 + 1);
  return base;
}

bool Memory::release(uint64_t address) {
  last = nullptr;
  return pieces.erase(address) == 1;
}

bool Memory::holds(uint64_t address, uint64_t bytes) const {
  auto piece = pieces.upper_bound(address);
  if (piece == pieces.begin())
    return false;
  --piece;
  return address - piece->first <= piece->second.size && bytes <= piece->second.size - (address - piece->first);
}

Memory::Piece &Memory::search(uint64_t address, uint64_t bytes) {
  auto after = pieces.upper_bound(address);
  std::string near = "no memory was allocated before it";
  if (after != pieces.begin()) {
    Piece &piece = std::prev(after)->second;
    uint64_t offset = address - piece.base;
    if (offset < piece.size && bytes <= piece.size - offset) {
      last = &piece;
      return piece;
    }
    near = "it is byte " + std::to_string(offset) + " of " + std::to_string(piece.size);
  }
  throw Trap("out of bounds: " + std::to_string(bytes) + " bytes at " + hex(address) + ", " + near);
}

void Memory::read(uint64_t address, void *to, uint64_t bytes) const {
  if (bytes == 0)
    return;
  const Piece &piece = find(address, bytes);
  memcpy(to, piece.bytes.data() + (address - piece.base), bytes);
}

void Memory::write(uint64_t address, const void *from, uint64_t bytes) {
  if (bytes == 0)
    return;
  Piece &piece = find(address, bytes);
  uint64_t offset = address - piece.base;
  memmove(piece.bytes.data() + offset, from, bytes);
  for (uint64_t word = offset / 4; checked && word <= (offset + bytes - 1) / 4; ++word)
    piece.words[word] = {1, 0, 0, 0, 0};
}

void Memory::set(uint64_t address, uint8_t value, uint64_t bytes) {
  std::vector<uint8_t> values(bytes, value);
  write(address, values.data(), bytes);
}

void Memory::forget(uint64_t address, uint64_t bytes) {
  Piece &piece = find(address, bytes);
  uint64_t offset = address - piece.base;
  memset(piece.bytes.data() + offset, 0xff, bytes);
  for (uint64_t word = offset / 4; checked && bytes && word <= (offset + bytes - 1) / 4; ++word)
    piece.words[word] = {};
}

void Memory::misaligned(uint64_t address, unsigned bytes) {
  throw Trap("misaligned: " + std::to_string(bytes) + " bytes at " + hex(address));
}

uint64_t Memory::load(uint64_t address, unsigned bytes, uint32_t thread, const Epochs &epochs, bool constant) {
  Piece &piece = find(address, bytes);
  uint64_t offset = address - piece.base, value = get(piece.bytes.data() + offset, bytes);
  for (uint64_t i = offset / 4; checked && i <= (offset + bytes - 1) / 4; ++i) {
    Word &word = piece.words[i];
    if (word.writeEpoch == 0)
      throw Trap("poison: read of " + std::to_string(bytes) + " bytes that were never written, at " + hex(address));
    if (word.writeEpoch >= epochs.launch) {
      if (constant)
        throw Trap("race: a load through the constant cache (.nc) of what this launch wrote, at " + hex(address));
      if (word.writeEpoch < epochs.block)
        throw Trap("race: read of what another block of this launch wrote, at " + hex(address));
      if (word.writeEpoch == epochs.now && word.writer != thread && word.writer != Many)
        throw Trap("race: read after write without barrier, of what thread " + std::to_string(word.writer) + " wrote, at " +
                   hex(address));
    }
    if (constant)
      word.constantEpoch = epochs.now;
    if (word.readEpoch >= epochs.launch && word.readEpoch < epochs.block)
      word.reader = Many; // of several blocks: the epoch stays that of another, which any write will meet
    else if (word.readEpoch == epochs.now && word.reader != thread)
      word.reader = Many;
    else
      word.readEpoch = epochs.now, word.reader = thread;
  }
  return value;
}

void Memory::store(uint64_t address, unsigned bytes, uint64_t value, uint32_t thread, const Epochs &epochs) {
  Piece &piece = find(address, bytes);
  uint64_t offset = address - piece.base;
  uint8_t *place = piece.bytes.data() + offset;
  bool same = get(place, bytes) == value;
  for (uint64_t i = offset / 4; checked && i <= (offset + bytes - 1) / 4; ++i) {
    Word &word = piece.words[i];
    if (word.constantEpoch >= epochs.launch)
      throw Trap("race: write over what this launch reads through the constant cache (.nc), at " + hex(address));
    bool whole = bytes >= 4, wrote = word.writeEpoch >= epochs.launch, read = word.readEpoch >= epochs.launch;
    if (!same && whole) {
      if (wrote && word.writeEpoch < epochs.block)
        throw Trap("race: write over what another block of this launch wrote, at " + hex(address));
      if (read && word.readEpoch < epochs.block)
        throw Trap("race: write over what another block of this launch reads, at " + hex(address));
      if (wrote && word.writeEpoch == epochs.now && word.writer != thread && word.writer != Many)
        throw Trap("race: write after write without barrier, of what thread " + std::to_string(word.writer) + " wrote, at " +
                   hex(address));
      if (read && word.readEpoch == epochs.now && word.reader != thread)
        throw Trap("race: write after read without barrier, at " + hex(address));
    }
    word.writeEpoch = epochs.now;
    word.writer = whole ? thread : static_cast<uint32_t>(Many);
  }
  put(place, value, bytes);
}

} // namespace ptx
