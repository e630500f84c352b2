#include "compiler/lower/Math.h"

namespace kiln::math {
// Ten rounds of two wide multiplications; the constants are Random123's (golden ratio and sqrt(3) - 1 for the keys).
Expr philox(const Expr (&counter)[4], const Expr (&key)[2]) {
  Expr c[4] = {counter[0], counter[1], counter[2], counter[3]}, k[2] = {key[0], key[1]};
  auto wide = [](uint32_t m, const Expr &x) { return Halide::cast<uint64_t>(Expr(m)) * Halide::cast<uint64_t>(x); };
  auto low = [](const Expr &x) { return Halide::cast<uint32_t>(x); };
  auto high = [](const Expr &x) { return Halide::cast<uint32_t>(x >> 32); };
  for (int round = 0; round < 10; ++round) {
    if (round) {
      k[0] += Expr(uint32_t(0x9E3779B9));
      k[1] += Expr(uint32_t(0xBB67AE85));
    }
    Expr a = wide(0xD2511F53, c[0]), b = wide(0xCD9E8D57, c[2]);
    Expr next[4] = {high(b) ^ c[1] ^ k[0], low(b), high(a) ^ c[3] ^ k[1], low(a)};
    std::copy(std::begin(next), std::end(next), std::begin(c));
  }
  return c[0];
}
} // namespace kiln::math
