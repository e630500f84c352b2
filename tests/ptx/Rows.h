//===- Rows.h - a function of values, for all active threads ------------------------------------------------------===//
//
// In: `static R of(A...)` of a struct, over C's types. Out: the Action that does it to rows of registers: a value is the low bits of its
// 64; a predicate is 0 or 1.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_PTX_ROWS_H
#define KILN_TESTS_PTX_ROWS_H
#include "Block.h"
#include <cstring>
#include <utility>

namespace ptx {

/// A 16-bit float, as stored: f16 or bf16.
struct Half {
  uint16_t bits;
};
struct BFloat {
  uint16_t bits;
};

template <class T> T decode(uint64_t bits) {
  if constexpr (std::is_same_v<T, bool>)
    return bits != 0;
  T value;
  memcpy(&value, &bits, sizeof value); // little-endian, as the card is
  return value;
}
template <class T> uint64_t encode(T value) {
  uint64_t bits = 0;
  memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class Signature> struct Rows;
template <class R, class... A> struct Rows<R (*)(A...)> {
  template <R (*function)(A...), size_t... I>
  static void loop(Block &block, const Instruction &instruction, std::index_sequence<I...>) {
    if (instruction.from.size() < sizeof...(A))
      throw Trap("too few operands");
    uint64_t *to = block.row(instruction.to[0]);
    const uint64_t *from[] = {block.row(instruction.from[I])...};
    if (block.allActive())
      for (uint32_t thread = 0; thread < block.threads; ++thread)
        to[thread] = encode<R>(function(decode<A>(from[I][thread])...));
    else
      for (uint32_t thread : block.active())
        to[thread] = encode<R>(function(decode<A>(from[I][thread])...));
  }
  template <R (*function)(A...)> static void action(Block &block, const Instruction &instruction) {
    loop<function>(block, instruction, std::index_sequence_for<A...>());
  }
};

template <class Operation> Action rows() { return Rows<decltype(&Operation::of)>::template action<&Operation::of>; }

/// The action of Operation<T> for the T of that name.
template <template <class> class Operation> Action forIntegers(const std::string &type) {
  if (type == "s16")
    return rows<Operation<int16_t>>();
  if (type == "u16" || type == "b16")
    return rows<Operation<uint16_t>>();
  if (type == "s32")
    return rows<Operation<int32_t>>();
  if (type == "u32" || type == "b32")
    return rows<Operation<uint32_t>>();
  if (type == "s64")
    return rows<Operation<int64_t>>();
  if (type == "u64" || type == "b64")
    return rows<Operation<uint64_t>>();
  return nullptr;
}
template <template <class> class Operation> Action forFloats(const std::string &type) {
  return type == "f32" ? rows<Operation<float>>() : type == "f64" ? rows<Operation<double>>() : nullptr;
}

float toFloat(Half value);
float toFloat(BFloat value);
Half toHalf(double value); ///< to the nearest, ties to even
BFloat toBFloat(float value);

inline bool holds(const std::vector<std::string> &opcode, const char *part) {
  for (const std::string &word : opcode)
    if (word == part)
      return true;
  return false;
}

} // namespace ptx
#endif
