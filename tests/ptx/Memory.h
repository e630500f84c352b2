//===- Memory.h - memory that knows who wrote it -----------------------------------------------------------------===//
//
// Bytes at addresses, in pieces that were allocated, with what is known of each 4-byte word (of each byte, once something smaller was
// accessed): when, and by which thread, it was last written and read. So that an access which is out of bounds, misaligned, of memory never
// written, or in a race, is a Trap. While a launch runs, threads may see its arguments alone, each through a window far from the others.
//
// Time is counted in epochs: one begins with each launch, each block and each barrier of a block. Two accesses of a word, one of them a
// write, are in a race when they are of one launch and of different blocks, or of different threads of a block in one epoch. Writing what
// stands there already is none: overlapping tiles do that. What a launch reads through the constant cache (.nc), no thread of it may write.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_PTX_MEMORY_H
#define KILN_TESTS_PTX_MEMORY_H
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ptx {

class Trap : public std::exception {
public:
  explicit Trap(std::string text) : text(std::move(text)) {}
  const char *what() const noexcept override { return text.c_str(); }
  std::string text;
};

struct Epochs {
  uint32_t now = 2, launch = 2, block = 2; ///< the running epoch, and those in which the running launch and block began
};

class Memory {
public:
  explicit Memory(uint64_t first, bool checked = true) : next(first), checked(checked) {}
  /// Never written yet. Pieces are apart, so that running over the end of one meets nothing.
  uint64_t allocate(uint64_t bytes, uint64_t alignment = 256);
  /// No better aligned than that.
  uint64_t allocateAskew(uint64_t bytes, uint64_t alignment);
  bool release(uint64_t address);
  bool holds(uint64_t address, uint64_t bytes) const;
  /// Of the host, between launches. A read of bytes never written is not an error: whoever copies a buffer may copy its padding.
  void read(uint64_t address, void *to, uint64_t bytes) const;
  void write(uint64_t address, const void *from, uint64_t bytes);
  void set(uint64_t address, uint8_t value, uint64_t bytes);
  void forget(uint64_t address, uint64_t bytes); ///< as if never written

  /// From now on threads see what was opened, and nothing else: the address by which they do, as aligned as the given one. What is not
  /// `kept` is as if never written before.
  uint64_t open(uint64_t address, uint64_t bytes, bool isWritten, bool kept);
  void close(); ///< as before the first open

  /// Of a thread.
  uint64_t load(uint64_t address, unsigned bytes, uint32_t thread, const Epochs &epochs, bool constant = false);
  void store(uint64_t address, unsigned bytes, uint64_t value, uint32_t thread, const Epochs &epochs);
  /// Aligned to all that one instruction accesses.
  static void align(uint64_t address, unsigned bytes) {
    if (address & (bytes - 1)) // powers of two
      misaligned(address, bytes);
  }

private:
  struct Word {
    uint32_t writeEpoch = 0, writer = 0, readEpoch = 0, reader = 0;
    uint32_t constantEpoch = 0; ///< last read through the constant cache
  };
  struct Piece {
    uint64_t base = 0, size = 0;
    unsigned shift = 2; ///< a word has 1 << shift bytes
    std::vector<uint8_t> bytes;
    std::vector<Word> words;
  };
  /// Bytes of a piece at the addresses by which they are found.
  struct View {
    uint64_t base = 0, size = 0;
    Piece *piece = nullptr;
    bool isWritten = true;
    uint64_t offset = 0; ///< of its first byte in the piece
  };
  struct Span {
    uint8_t *bytes;
    Word *first, *last;
  };
  Span find(uint64_t address, unsigned bytes, bool writes) {
    if (!(address - last.base < last.size && bytes <= last.size - (address - last.base)))
      search(address, bytes);
    if (writes && !last.isWritten)
      readOnly(address);
    if (!checked)
      return {last.piece->bytes.data() + last.offset + (address - last.base), nullptr, nullptr};
    if (bytes < 4 && last.piece->shift)
      refine(*last.piece);
    uint64_t offset = last.offset + (address - last.base);
    Word *words = last.piece->words.data();
    return {last.piece->bytes.data() + offset, words + (offset >> last.piece->shift),
            words + ((offset + bytes - 1) >> last.piece->shift) + 1};
  }
  void search(uint64_t address, uint64_t bytes);
  void refine(Piece &piece);
  Piece &insert(uint64_t base, uint64_t bytes);
  const Piece &pieceOf(uint64_t address, uint64_t bytes) const;
  Piece &pieceOf(uint64_t address, uint64_t bytes) {
    return const_cast<Piece &>(static_cast<const Memory *>(this)->pieceOf(address, bytes));
  }
  [[noreturn]] static void misaligned(uint64_t address, unsigned bytes);
  [[noreturn]] void readOnly(uint64_t address) const;

  uint64_t next;
  bool checked;
  std::map<uint64_t, Piece> pieces;
  std::vector<View> windows;
  View last;
};

} // namespace ptx
#endif
