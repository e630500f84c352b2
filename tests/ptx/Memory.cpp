//===- Memory.cpp - memory that knows who wrote it ---------------------------------------------------------------===//
#include "Memory.h"
#include <cstdio>
#include <cstring>

namespace ptx {
namespace {
enum : uint32_t { Many = 0xffffffff }; ///< several readers

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

Memory::Piece &Memory::insert(uint64_t base, uint64_t bytes) {
  next = base + bytes + 4096;
  Piece &piece = pieces[base];
  piece.base = base;
  piece.size = bytes;
  piece.bytes.resize(bytes + 8, 0xff);
  if (checked)
    piece.words.resize(bytes / 4 + 1);
  return piece;
}

uint64_t Memory::allocate(uint64_t bytes, uint64_t alignment) {
  return insert((next + alignment - 1) / alignment * alignment, bytes).base;
}

uint64_t Memory::allocateAskew(uint64_t bytes, uint64_t alignment) {
  return insert((next + 2 * alignment - 1) / (2 * alignment) * (2 * alignment) + alignment, bytes).base;
}

bool Memory::release(uint64_t address) {
  last = {};
  return pieces.erase(address) == 1;
}

bool Memory::holds(uint64_t address, uint64_t bytes) const {
  auto piece = pieces.upper_bound(address);
  if (piece == pieces.begin())
    return false;
  --piece;
  return address - piece->first <= piece->second.size && bytes <= piece->second.size - (address - piece->first);
}

const Memory::Piece &Memory::pieceOf(uint64_t address, uint64_t bytes) const {
  auto after = pieces.upper_bound(address);
  std::string near = "no memory was allocated before it";
  if (after != pieces.begin()) {
    const Piece &piece = std::prev(after)->second;
    uint64_t offset = address - piece.base;
    if (offset < piece.size && bytes <= piece.size - offset)
      return piece;
    near = "it is byte " + std::to_string(offset) + " of " + std::to_string(piece.size);
  }
  throw Trap("out of bounds: " + std::to_string(bytes) + " bytes at " + hex(address) + ", " + near);
}

uint64_t Memory::open(uint64_t address, uint64_t bytes, bool isWritten, bool kept) {
  if (bytes && !kept)
    forget(address, bytes);
  Piece *piece = bytes ? &pieceOf(address, bytes) : nullptr;
  // Far from all else, and apart by as much as an offset of 32 bits spans.
  uint64_t base = (uint64_t(0x500) + windows.size()) << 36 | 0x80000000 | (address & 0xfff);
  windows.push_back({base, bytes, piece, isWritten, piece ? address - piece->base : 0});
  last = {};
  return base;
}

void Memory::close() {
  windows.clear();
  last = {};
}

void Memory::search(uint64_t address, uint64_t bytes) {
  if (windows.empty()) {
    Piece &piece = pieceOf(address, bytes);
    last = {piece.base, piece.size, &piece, true, 0};
    return;
  }
  uint64_t number = (address >> 36) - 0x500;
  std::string text = "out of bounds: " + std::to_string(bytes) + " bytes at " + hex(address) + ", ";
  if (number >= windows.size())
    throw Trap(text + "which is in none of the " + std::to_string(windows.size()) + " arguments");
  const View &window = windows[number];
  if (address - window.base >= window.size || bytes > window.size - (address - window.base))
    throw Trap(text + "it is byte " + std::to_string(static_cast<int64_t>(address - window.base)) + " of " +
               std::to_string(window.size) + " of argument " + std::to_string(number));
  last = window;
}

void Memory::readOnly(uint64_t address) const {
  throw Trap("out of bounds: a write to argument " + std::to_string((address >> 36) - 0x500) + ", which the kernel only reads");
}

/// From words to bytes.
void Memory::refine(Piece &piece) {
  std::vector<Word> finer((piece.size | 3) + 1);
  for (uint64_t i = 0; i < finer.size(); ++i)
    finer[i] = piece.words[i >> piece.shift];
  piece.words = std::move(finer);
  piece.shift = 0;
}

void Memory::read(uint64_t address, void *to, uint64_t bytes) const {
  if (bytes == 0)
    return;
  const Piece &piece = pieceOf(address, bytes);
  memcpy(to, piece.bytes.data() + (address - piece.base), bytes);
}

void Memory::write(uint64_t address, const void *from, uint64_t bytes) {
  if (bytes == 0)
    return;
  Piece &piece = pieceOf(address, bytes);
  uint64_t offset = address - piece.base;
  memmove(piece.bytes.data() + offset, from, bytes);
  for (uint64_t word = offset >> piece.shift; checked && word <= (offset + bytes - 1) >> piece.shift; ++word)
    piece.words[word] = {1, 0, 0, 0, 0};
}

void Memory::set(uint64_t address, uint8_t value, uint64_t bytes) {
  std::vector<uint8_t> values(bytes, value);
  write(address, values.data(), bytes);
}

/// Of the words at its ends only where all of them is forgotten.
void Memory::forget(uint64_t address, uint64_t bytes) {
  Piece &piece = pieceOf(address, bytes);
  uint64_t offset = address - piece.base, unit = uint64_t(1) << piece.shift;
  memset(piece.bytes.data() + offset, 0xff, bytes);
  for (uint64_t word = (offset + unit - 1) / unit; checked && (word + 1) * unit <= offset + bytes; ++word)
    piece.words[word] = {};
}

void Memory::misaligned(uint64_t address, unsigned bytes) {
  throw Trap("misaligned: " + std::to_string(bytes) + " bytes at " + hex(address));
}

uint64_t Memory::load(uint64_t address, unsigned bytes, uint32_t thread, const Epochs &epochs, bool constant) {
  Span span = find(address, bytes, false);
  uint64_t value = get(span.bytes, bytes);
  for (Word *at = span.first; at != span.last; ++at) {
    Word &word = *at;
    if (word.writeEpoch == 0)
      throw Trap("poison: read of " + std::to_string(bytes) + " bytes that were never written, at " + hex(address));
    if (word.writeEpoch >= epochs.launch) {
      if (constant)
        throw Trap("race: a load through the constant cache (.nc) of what this launch wrote, at " + hex(address));
      if (word.writeEpoch < epochs.block)
        throw Trap("race: read of what another block of this launch wrote, at " + hex(address));
      if (word.writeEpoch == epochs.now && word.writer != thread)
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
  Span span = find(address, bytes, true);
  bool same = get(span.bytes, bytes) == value;
  for (Word *at = span.first; at != span.last; ++at) {
    Word &word = *at;
    if (word.constantEpoch >= epochs.launch)
      throw Trap("race: write over what this launch reads through the constant cache (.nc), at " + hex(address));
    bool wrote = word.writeEpoch >= epochs.launch, read = word.readEpoch >= epochs.launch;
    if (!same) {
      if (wrote && word.writeEpoch < epochs.block)
        throw Trap("race: write over what another block of this launch wrote, at " + hex(address));
      if (read && word.readEpoch < epochs.block)
        throw Trap("race: write over what another block of this launch reads, at " + hex(address));
      if (wrote && word.writeEpoch == epochs.now && word.writer != thread)
        throw Trap("race: write after write without barrier, of what thread " + std::to_string(word.writer) + " wrote, at " +
                   hex(address));
      if (read && word.readEpoch == epochs.now && word.reader != thread)
        throw Trap("race: write after read without barrier, at " + hex(address));
    }
    word.writeEpoch = epochs.now;
    word.writer = thread;
  }
  put(span.bytes, value, bytes);
}

} // namespace ptx
