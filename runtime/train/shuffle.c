/* In: rows, and the seed and round that order them. Out: the rows in that order. */
#include "runtime/train/shuffle.h"
#include "runtime/train/philox.h"

void kiln_shuffle(uint32_t *rows, uint32_t count, uint64_t seed, uint32_t purpose, uint32_t round) {
  const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  for (uint32_t last = count; last > 1; --last) {
    const uint32_t counter[4] = {last, 0, purpose, round};
    uint32_t words[4];
    kiln_philox(counter, key, words);
    uint64_t bits = (uint64_t)words[1] << 32 | words[0];
    uint32_t place = (uint32_t)(((unsigned __int128)bits * last) >> 64); /* uniform in [0, last) but for 2^-32 */
    uint32_t row = rows[last - 1];
    rows[last - 1] = rows[place];
    rows[place] = row;
  }
}
