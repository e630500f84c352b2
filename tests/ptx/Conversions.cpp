//===- Conversions.cpp - cvt and cvta -----------------------------------------------------------------------------===//
#include "Rows.h"
#include <cmath>
#include <limits>

namespace ptx {

float toFloat(Half value) {
  uint32_t exponent = value.bits >> 10 & 31, fraction = value.bits & 1023;
  double magnitude = exponent == 0    ? std::ldexp(fraction, -24)
                     : exponent == 31 ? (fraction ? std::nan("") : HUGE_VAL)
                                      : std::ldexp(fraction + 1024.0, static_cast<int>(exponent) - 25);
  return static_cast<float>(value.bits & 0x8000 ? -magnitude : magnitude);
}
float toFloat(BFloat value) { return decode<float>(static_cast<uint64_t>(value.bits) << 16); }

Half toHalf(double value) {
  uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value))
    return {0x7fff};
  double magnitude = std::fabs(value);
  if (magnitude == 0)
    return {sign};
  if (magnitude >= 65520)
    return {static_cast<uint16_t>(sign | 0x7c00)};
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  int unit = std::max(exponent - 11, -24); // the last place's power of two
  double places = std::nearbyint(std::ldexp(magnitude, -unit));
  uint32_t bits =
      unit == -24 ? static_cast<uint32_t>(places) : static_cast<uint32_t>(places) - 1024 + (static_cast<uint32_t>(unit + 25) << 10);
  return {static_cast<uint16_t>(sign | bits)};
}
BFloat toBFloat(float value) {
  uint32_t bits = static_cast<uint32_t>(encode(value));
  if (std::isnan(value))
    return {0x7fff};
  return {static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

namespace {
enum class Round { None, Near, Zero, Down, Up };

template <class T> constexpr bool isFloat = std::is_floating_point_v<T> || std::is_same_v<T, Half> || std::is_same_v<T, BFloat>;
template <class T> double number(T value) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat>)
    return toFloat(value);
  else
    return static_cast<double>(value);
}
template <Round round> double rounded(double value) {
  switch (round) {
  case Round::Near:
    return std::nearbyint(value);
  case Round::Zero:
    return std::trunc(value);
  case Round::Down:
    return std::floor(value);
  case Round::Up:
    return std::ceil(value);
  case Round::None:
    break;
  }
  return value;
}
template <class T> T store(double value) {
  if constexpr (std::is_same_v<T, Half>)
    return toHalf(value);
  else if constexpr (std::is_same_v<T, BFloat>)
    return toBFloat(static_cast<float>(value));
  else
    return static_cast<T>(value);
}
/// Beyond the type: its ends; NaN: 0.
template <class T> T saturated(double value) {
  constexpr double least = static_cast<double>(std::numeric_limits<T>::min());
  constexpr double beyond = 2 * static_cast<double>(T(1) << (std::numeric_limits<T>::digits - 1));
  return std::isnan(value) ? T(0)
         : value < least   ? std::numeric_limits<T>::min()
         : value >= beyond ? std::numeric_limits<T>::max()
                           : static_cast<T>(value);
}

/// A narrow integer stands in its register with its sign, or zeros, before it.
template <class T> auto widened(T value) {
  if constexpr (std::is_integral_v<T> && sizeof(T) < 4)
    return static_cast<std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>>(value);
  else
    return value;
}

template <class To, class From, Round round> struct Convert {
  static auto of(From value) {
    if constexpr (!isFloat<From> && !isFloat<To>)
      return widened(static_cast<To>(value));
    else if constexpr (!isFloat<From> && std::is_floating_point_v<To>)
      return static_cast<To>(value); // once rounded, also from 64 bits
    else if constexpr (!isFloat<To>)
      return widened(saturated<To>(rounded<round>(number(value))));
    else
      return store<To>(rounded<round>(number(value)));
  }
};

/// .ftz: a subnormal float is a zero first, so that its floor is not -1.
template <class To, Round round> struct Flushed {
  static auto of(float value) {
    return Convert<To, float, round>::of(std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value) : value);
  }
};
template <class To> Action byRoundFlushed(Round round) {
  return round == Round::Near   ? rows<Flushed<To, Round::Near>>()
         : round == Round::Zero ? rows<Flushed<To, Round::Zero>>()
         : round == Round::Down ? rows<Flushed<To, Round::Down>>()
         : round == Round::Up   ? rows<Flushed<To, Round::Up>>()
                                : nullptr;
}

template <class To, class From> Action byRound(Round round) {
  switch (round) {
  case Round::None:
    if constexpr (isFloat<From> && !isFloat<To>)
      return nullptr;
    return rows<Convert<To, From, Round::None>>();
  case Round::Near:
    return rows<Convert<To, From, Round::Near>>();
  case Round::Zero:
    return rows<Convert<To, From, Round::Zero>>();
  case Round::Down:
    return rows<Convert<To, From, Round::Down>>();
  case Round::Up:
    return rows<Convert<To, From, Round::Up>>();
  }
  return nullptr;
}
template <class To> Action bySource(const std::string &from, Round round, bool flush) {
  if (flush && from == "f32" && round != Round::None)
    return byRoundFlushed<To>(round);
  return from == "u8"     ? byRound<To, uint8_t>(round)
         : from == "s8"   ? byRound<To, int8_t>(round)
         : from == "u16"  ? byRound<To, uint16_t>(round)
         : from == "s16"  ? byRound<To, int16_t>(round)
         : from == "u32"  ? byRound<To, uint32_t>(round)
         : from == "s32"  ? byRound<To, int32_t>(round)
         : from == "u64"  ? byRound<To, uint64_t>(round)
         : from == "s64"  ? byRound<To, int64_t>(round)
         : from == "f16"  ? byRound<To, Half>(round)
         : from == "bf16" ? byRound<To, BFloat>(round)
         : from == "f32"  ? byRound<To, float>(round)
         : from == "f64"  ? byRound<To, double>(round)
                          : nullptr;
}
} // namespace

Action conversionAction(const std::vector<std::string> &opcode) {
  if (opcode[0] != "cvt" || opcode.size() < 3)
    return nullptr;
  Round round = Round::None;
  bool flush = holds(opcode, "ftz");
  for (size_t i = 1; i + 2 < opcode.size(); ++i) {
    const std::string &word = opcode[i];
    if (word == "rni" || word == "rzi" || word == "rmi" || word == "rpi")
      round = word == "rni" ? Round::Near : word == "rzi" ? Round::Zero : word == "rmi" ? Round::Down : Round::Up;
    else if (word != "rn" && word != "ftz")
      return nullptr;
  }
  const std::string &to = opcode[opcode.size() - 2], &from = opcode.back();
  return to == "u8"     ? bySource<uint8_t>(from, round, flush)
         : to == "s8"   ? bySource<int8_t>(from, round, flush)
         : to == "u16"  ? bySource<uint16_t>(from, round, flush)
         : to == "s16"  ? bySource<int16_t>(from, round, flush)
         : to == "u32"  ? bySource<uint32_t>(from, round, flush)
         : to == "s32"  ? bySource<int32_t>(from, round, flush)
         : to == "u64"  ? bySource<uint64_t>(from, round, flush)
         : to == "s64"  ? bySource<int64_t>(from, round, flush)
         : to == "f16"  ? bySource<Half>(from, round, flush)
         : to == "bf16" ? bySource<BFloat>(from, round, flush)
         : to == "f32"  ? bySource<float>(from, round, flush)
         : to == "f64"  ? bySource<double>(from, round, flush)
                        : nullptr;
}

} // namespace ptx
