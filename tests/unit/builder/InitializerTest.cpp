// Philox against the known answers of its authors' Random123, and the initialisers' statistics.
#include "frontend/builder/Initializer.h"
#include "frontend/builder/BuildError.h"
#include "frontend/builder/Philox.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace kiln::builder;

TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

struct Moments {
  double mean = 0, deviation = 0, low = INFINITY, high = -INFINITY;
};

static Moments momentsOf(const Initializer &initializer, Fans fans = {}, uint64_t seed = 7) {
  Moments m;
  std::vector<float> values = initializer.fill(20000, fans, seed, "w");
  for (float v : values) {
    m.mean += v / 20000.0;
    m.low = std::min<double>(m.low, v);
    m.high = std::max<double>(m.high, v);
  }
  for (float v : values)
    m.deviation += (v - m.mean) * (v - m.mean) / 20000;
  m.deviation = std::sqrt(m.deviation);
  return m;
}

TEST(Initializer, Uniform) {
  double glorot = std::sqrt(6.0 / (300 + 100)), he = std::sqrt(6.0 / 300), lecun = std::sqrt(3.0 / 300);
  const std::pair<Initializer, double> cases[] = {{Initializer::uniform(0.25), 0.25},
                                                  {Initializer::glorotUniform(), glorot},
                                                  {Initializer::heUniform(), he},
                                                  {Initializer::lecunUniform(), lecun}};
  for (const auto &[initializer, bound] : cases) {
    Moments m = momentsOf(initializer, {300, 100});
    EXPECT_NEAR(m.mean / bound, 0, 0.02);
    EXPECT_NEAR(m.deviation / bound, std::sqrt(1.0 / 3), 0.01);
    EXPECT_GE(m.low, -bound);
    EXPECT_LE(m.high, bound);
    EXPECT_GT(m.high, 0.99 * bound);
  }
}

/// w w^T (or w^T w, where there are more rows than columns) is the square of the gain on the diagonal and zero elsewhere.
TEST(Initializer, Orthogonal) {
  for (auto [rows, columns] : {std::pair(8, 20), std::pair(20, 8), std::pair(30, 30), std::pair(1, 5)}) {
    std::vector<float> w = Initializer::orthogonal(1.5).fill(rows * columns, {}, 3, "w", rows);
    ASSERT_EQ(w.size(), size_t(rows * columns));
    int vectors = std::min(rows, columns), size = std::max(rows, columns);
    auto at = [&, columns = columns](int vector, int i) {
      return double(rows <= columns ? w[size_t(vector * columns + i)] : w[size_t(i * columns + vector)]);
    };
    for (int a = 0; a < vectors; ++a)
      for (int b = 0; b < vectors; ++b) {
        double sum = 0;
        for (int i = 0; i < size; ++i)
          sum += at(a, i) * at(b, i);
        EXPECT_NEAR(sum, a == b ? 2.25 : 0, 1e-6) << rows << "x" << columns << ": " << a << ", " << b;
      }
  }
  EXPECT_NE(Initializer::orthogonal().fill(9, {}, 1, "a", 3), Initializer::orthogonal().fill(9, {}, 2, "a", 3));
}

TEST(Initializer, Normal) {
  const std::pair<Initializer, double> cases[] = {{Initializer::normal(3), 3},
                                                  {Initializer::glorotNormal(), std::sqrt(2.0 / 400)},
                                                  {Initializer::heNormal(), std::sqrt(2.0 / 300)},
                                                  {Initializer::lecunNormal(), std::sqrt(1.0 / 300)}};
  for (const auto &[initializer, deviation] : cases) {
    Moments m = momentsOf(initializer, {300, 100});
    EXPECT_NEAR(m.mean / deviation, 0, 0.03);
    EXPECT_NEAR(m.deviation / deviation, 1, 0.02);
    EXPECT_GT(m.high, 3 * deviation);
  }
}

TEST(Initializer, DependsOnSeedAndNameAlone) {
  Initializer normal = Initializer::normal(1);
  EXPECT_EQ(normal.fill(9, {}, 1, "a"), normal.fill(9, {}, 1, "a"));
  EXPECT_NE(normal.fill(9, {}, 1, "a"), normal.fill(9, {}, 2, "a"));
  EXPECT_NE(normal.fill(9, {}, 1, "a"), normal.fill(9, {}, 1, "b"));
  EXPECT_EQ(Initializer::ones().fill(2, {}, 1, "a"), (std::vector<float>{1, 1}));
  EXPECT_THROW(Initializer::values({1, 2}).fill(3, {}, 1, "a"), kiln::BuildError);
}
