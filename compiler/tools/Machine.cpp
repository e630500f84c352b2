#include "compiler/tools/Machine.h"
#include "compiler/tools/Peak.h"
#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace kiln::tools {
namespace {
/// The best of some rounds, each the sum of what all threads reached at once.
double best(unsigned threads, int rounds, const std::function<double(unsigned)> &measure) {
  double most = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> reached(threads);
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
      others.emplace_back([&, i] { reached[i] = measure(i); });
    reached[0] = measure(0);
    for (std::thread &other : others)
      other.join();
    double sum = 0;
    for (double one : reached)
      sum += one;
    most = std::max(most, sum);
  }
  return most;
}

/// Reads by whole cache lines, with sums enough that none waits for another.
uint64_t sumOf(const uint64_t *words, size_t count) {
  uint64_t sums[8] = {};
  for (size_t i = 0; i + 8 <= count; i += 8)
    for (size_t k = 0; k < 8; ++k)
      sums[k] += words[i + k];
  uint64_t all = 0;
  for (uint64_t sum : sums)
    all += sum;
  return all;
}
} // namespace

MachinePeak measurePeak(int64_t lanes, unsigned threads) {
  MachinePeak peak;
  peak.flops = 1e9 * best(threads, 20, [&](unsigned) {
                 double most = 0;
                 for (int i = 0; i < 10; ++i)
                   most = std::max(most, tools::peak(int(lanes)));
                 return most;
               });
  constexpr size_t words = size_t(64) << 17; // 64 MB for each thread
  std::vector<std::unique_ptr<uint64_t[]>> memory;
  for (unsigned i = 0; i < threads; ++i) {
    memory.emplace_back(new uint64_t[words]);
    memset(memory.back().get(), 1, words * sizeof(uint64_t));
  }
  volatile uint64_t kept = 0;
  peak.bandwidth = best(threads, 4, [&](unsigned thread) {
    auto start = std::chrono::steady_clock::now();
    kept = sumOf(memory[thread].get(), words);
    return double(words * sizeof(uint64_t)) / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
  return peak;
}
} // namespace kiln::tools
