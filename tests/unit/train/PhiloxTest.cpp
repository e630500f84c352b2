//===- PhiloxTest.cpp - the generator's known answers, and orders made with it ---------===//
#include "runtime/train/philox.h"
#include "runtime/train/shuffle.h"
#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <vector>

namespace {
std::vector<uint32_t> philox(std::vector<uint32_t> counter, std::vector<uint32_t> key) {
  std::vector<uint32_t> words(4);
  kiln_philox(counter.data(), key.data(), words.data());
  return words;
}

// Random123's kat_vectors, philox4x32 10.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t all = 0xffffffff;
  EXPECT_EQ(philox({all, all, all, all}, {all, all}), (std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformTakesTheFirstWord) {
  EXPECT_EQ(kiln_uniform(0, 0, 0, 0), static_cast<float>(0x6627e8) * 0x1p-24f);
  EXPECT_EQ(kiln_uniform(0x299f31d0a4093822, 0x03707344, 0x13198a2e, 0x85a308d3243f6a88), static_cast<float>(0xd16cfe) * 0x1p-24f);
}

std::vector<uint32_t> shuffled(uint32_t count, uint64_t seed, uint32_t round) {
  std::vector<uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  kiln_shuffle(rows.data(), count, seed, KILN_SHUFFLE_EPOCH, round);
  return rows;
}

TEST(Shuffle, IsAPermutationOfItsOwnForEverySeedAndRound) {
  std::vector<uint32_t> rows = shuffled(1000, 1, 1), sorted = rows;
  std::sort(sorted.begin(), sorted.end());
  for (uint32_t i = 0; i < 1000; ++i)
    ASSERT_EQ(sorted[i], i);
  EXPECT_EQ(rows, shuffled(1000, 1, 1));
  EXPECT_NE(rows, shuffled(1000, 1, 2));
  EXPECT_NE(rows, shuffled(1000, 2, 1));
  EXPECT_EQ(shuffled(1, 5, 5), std::vector<uint32_t>{0});
}

// Every row comes to every place equally often: chi-square with 9 * 9 degrees of freedom, whose 99.9 % point is 126.
TEST(Shuffle, FavoursNoPlace) {
  constexpr int rounds = 20000, size = 10;
  std::vector<int> seen(size * size);
  for (int round = 0; round < rounds; ++round) {
    std::vector<uint32_t> rows = shuffled(size, 7, round);
    for (int place = 0; place < size; ++place)
      ++seen[place * size + rows[place]];
  }
  double sum = 0, expected = double(rounds) / size;
  for (int count : seen)
    sum += (count - expected) * (count - expected) / expected;
  EXPECT_LT(sum, 126);
  EXPECT_GT(sum, 44); // too even would be no chance either (0.1 % point)
}
} // namespace
