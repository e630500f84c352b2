//===- Integers.cpp - integer arithmetic and bits -----------------------------------------------------------------===//
#include "Rows.h"
#include <limits>

namespace ptx {
namespace {
template <class T> using Unsigned = std::make_unsigned_t<T>;
template <class T>
using Wide = std::conditional_t<sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
                                std::conditional_t<sizeof(T) == 4, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>,
                                                   std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>>>;
template <class T> T low(Wide<T> value) { return static_cast<T>(value); }

template <class T> struct Add {
  static T of(T a, T b) { return static_cast<T>(Unsigned<T>(a) + Unsigned<T>(b)); }
};
template <class T> struct Subtract {
  static T of(T a, T b) { return static_cast<T>(Unsigned<T>(a) - Unsigned<T>(b)); }
};
template <class T> struct MultiplyLow {
  static T of(T a, T b) { return low<T>(static_cast<Wide<T>>(static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b))); }
};
template <class T> struct MultiplyHigh {
  static T of(T a, T b) { return static_cast<T>(static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b) >> 8 * sizeof(T)); }
};
template <class T> struct MultiplyAdd {
  static T of(T a, T b, T c) { return Add<T>::of(MultiplyLow<T>::of(a, b), c); }
};
template <class T> struct MultiplyHighAdd {
  static T of(T a, T b, T c) { return Add<T>::of(MultiplyHigh<T>::of(a, b), c); }
};
template <class T> struct MultiplyWide {
  static Wide<T> of(T a, T b) { return static_cast<Wide<T>>(a) * static_cast<Wide<T>>(b); }
};
template <class T> struct MultiplyWideAdd {
  static Wide<T> of(T a, T b, Wide<T> c) { return Add<Wide<T>>::of(MultiplyWide<T>::of(a, b), c); }
};
/// By zero: what the card gives, all ones.
template <class T> struct Divide {
  static T of(T a, T b) {
    if (b == 0)
      return static_cast<T>(-1);
    if (std::is_signed_v<T> && b == static_cast<T>(-1))
      return Subtract<T>::of(0, a);
    return static_cast<T>(a / b);
  }
};
template <class T> struct Remainder {
  static T of(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == static_cast<T>(-1))
      return 0;
    return static_cast<T>(a % b);
  }
};
template <class T> struct Minimum {
  static T of(T a, T b) { return a < b ? a : b; }
};
template <class T> struct Maximum {
  static T of(T a, T b) { return a > b ? a : b; }
};
template <class T> struct Absolute {
  static T of(T a) { return a < 0 ? Subtract<T>::of(0, a) : a; }
};
template <class T> struct Negate {
  static T of(T a) { return Subtract<T>::of(0, a); }
};
template <class T> struct And {
  static T of(T a, T b) { return a & b; }
};
template <class T> struct Or {
  static T of(T a, T b) { return a | b; }
};
template <class T> struct Xor {
  static T of(T a, T b) { return a ^ b; }
};
template <class T> struct Not {
  static T of(T a) { return static_cast<T>(~a); }
};
/// Distances beyond the width are its width.
template <class T> struct ShiftLeft {
  static T of(T a, uint32_t by) { return by >= 8 * sizeof(T) ? T(0) : static_cast<T>(Unsigned<T>(a) << by); }
};
template <class T> struct ShiftRight {
  static T of(T a, uint32_t by) {
    if (by >= 8 * sizeof(T))
      return std::is_signed_v<T> && a < 0 ? static_cast<T>(-1) : T(0);
    return static_cast<T>(a >> by);
  }
};
template <class T> struct LeadingZeros {
  static uint32_t of(T a) {
    uint32_t count = 0;
    for (int bit = 8 * sizeof(T) - 1; bit >= 0 && !(Unsigned<T>(a) >> bit & 1); --bit)
      ++count;
    return count;
  }
};
template <class T> struct Ones {
  static uint32_t of(T a) { return static_cast<uint32_t>(__builtin_popcountll(Unsigned<T>(a))); }
};
template <class T> struct Reverse {
  static T of(T a) {
    Unsigned<T> result = 0;
    for (size_t bit = 0; bit < 8 * sizeof(T); ++bit)
      result |= static_cast<Unsigned<T>>((Unsigned<T>(a) >> bit & 1) << (8 * sizeof(T) - 1 - bit));
    return static_cast<T>(result);
  }
};
template <class T> struct ExtractBits {
  static T of(T a, uint32_t from, uint32_t count) {
    from &= 255, count &= 255;
    Unsigned<T> bits = static_cast<Unsigned<T>>(ShiftRight<T>::of(a, from));
    if (count >= 8 * sizeof(T))
      return static_cast<T>(bits);
    Unsigned<T> mask = static_cast<Unsigned<T>>((Unsigned<T>(1) << count) - 1);
    uint32_t top = std::min<uint32_t>(from + count - 1, 8 * sizeof(T) - 1);
    bool sign = std::is_signed_v<T> && count && (Unsigned<T>(a) >> top & 1);
    return static_cast<T>((bits & mask) | (sign ? static_cast<Unsigned<T>>(~mask) : 0));
  }
};
struct FunnelLeft {
  static uint32_t of(uint32_t low, uint32_t high, uint32_t by) {
    return static_cast<uint32_t>(((uint64_t(high) << 32 | low) << (by & 31)) >> 32);
  }
};
struct FunnelRight {
  static uint32_t of(uint32_t low, uint32_t high, uint32_t by) {
    return static_cast<uint32_t>((uint64_t(high) << 32 | low) >> (by & 31));
  }
};
struct Permute {
  static uint32_t of(uint32_t a, uint32_t b, uint32_t selector) {
    uint64_t bytes = uint64_t(b) << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i) {
      uint32_t nibble = selector >> 4 * i & 15;
      uint32_t byte = static_cast<uint32_t>(bytes >> 8 * (nibble & 7)) & 255;
      result |= (nibble & 8 ? (byte & 128 ? 255u : 0u) : byte) << 8 * i;
    }
    return result;
  }
};
struct Lookup {
  static uint32_t of(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
    uint32_t result = 0;
    for (int bit = 0; bit < 32; ++bit)
      result |= (table >> ((a >> bit & 1) * 4 + (b >> bit & 1) * 2 + (c >> bit & 1)) & 1) << bit;
    return result;
  }
};

template <template <class> class Operation> Action forWide(const std::string &type) {
  return type == "s16"   ? rows<Operation<int16_t>>()
         : type == "u16" ? rows<Operation<uint16_t>>()
         : type == "s32" ? rows<Operation<int32_t>>()
         : type == "u32" ? rows<Operation<uint32_t>>()
                         : nullptr;
}
template <template <class> class Operation> Action forBits(const std::string &type) {
  return type[0] == 'b' ? forIntegers<Operation>(type) : nullptr;
}
} // namespace

Action integerAction(const std::vector<std::string> &opcode) {
  const std::string &name = opcode[0], &type = opcode.back();
  const std::string second = opcode.size() > 2 ? opcode[1] : "";
  if (name == "shf" && opcode.size() == 4 && opcode[2] == "wrap")
    return second == "l" ? rows<FunnelLeft>() : rows<FunnelRight>();
  if (opcode.size() < 2 || opcode.size() > 3 || (opcode.size() == 3 && name != "mul" && name != "mad"))
    return nullptr;
  if (name == "add")
    return forIntegers<Add>(type);
  if (name == "sub")
    return forIntegers<Subtract>(type);
  if (name == "mul")
    return second == "wide" ? forWide<MultiplyWide>(type)
           : second == "hi" ? forIntegers<MultiplyHigh>(type)
           : second == "lo" ? forIntegers<MultiplyLow>(type)
                            : nullptr;
  if (name == "mad")
    return second == "wide" ? forWide<MultiplyWideAdd>(type)
           : second == "hi" ? forIntegers<MultiplyHighAdd>(type)
           : second == "lo" ? forIntegers<MultiplyAdd>(type)
                            : nullptr;
  if (opcode.size() != 2)
    return nullptr;
  if (name == "div")
    return forIntegers<Divide>(type);
  if (name == "rem")
    return forIntegers<Remainder>(type);
  if (name == "min")
    return forIntegers<Minimum>(type);
  if (name == "max")
    return forIntegers<Maximum>(type);
  if (name == "abs")
    return forIntegers<Absolute>(type);
  if (name == "neg")
    return forIntegers<Negate>(type);
  if (name == "and")
    return forBits<And>(type);
  if (name == "or")
    return forBits<Or>(type);
  if (name == "xor")
    return forBits<Xor>(type);
  if (name == "not")
    return forBits<Not>(type);
  if (name == "shl")
    return forBits<ShiftLeft>(type);
  if (name == "shr")
    return forIntegers<ShiftRight>(type);
  if (name == "clz")
    return forBits<LeadingZeros>(type);
  if (name == "popc")
    return forBits<Ones>(type);
  if (name == "brev")
    return forBits<Reverse>(type);
  if (name == "bfe")
    return forIntegers<ExtractBits>(type);
  if (name == "prmt")
    return rows<Permute>();
  return name == "lop3" ? rows<Lookup>() : nullptr;
}

} // namespace ptx
