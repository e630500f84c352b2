/* In: a counter and a key. Out: four words. */
#include "runtime/train/philox.h"

void kiln_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]) {
  uint32_t a = counter[0], b = counter[1], c = counter[2], d = counter[3], k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    uint64_t first = UINT64_C(0xd2511f53) * a, second = UINT64_C(0xcd9e8d57) * c;
    a = (uint32_t)(second >> 32) ^ b ^ k0;
    b = (uint32_t)second;
    c = (uint32_t)(first >> 32) ^ d ^ k1;
    d = (uint32_t)first;
    k0 += 0x9e3779b9; /* the golden ratio, and the square root of 3 less 1 */
    k1 += 0xbb67ae85;
  }
  words[0] = a, words[1] = b, words[2] = c, words[3] = d;
}

float kiln_uniform(uint64_t seed, uint64_t step, uint32_t stream, uint64_t index) {
  const uint32_t counter[4] = {(uint32_t)index, (uint32_t)(index >> 32), stream, (uint32_t)step};
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  uint32_t words[4];
  kiln_philox(counter, key, words);
  return (float)(words[0] >> 8) * 0x1p-24f;
}
