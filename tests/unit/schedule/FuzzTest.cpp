//===- FuzzTest.cpp - random shapes and random schedules, seeded ------------------------------------------------------===//
//
// Every default must be legal, and whatever legal() accepts must either be refused by Halide or agree with naive loops.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "Kernels.h"
#include <cstdlib>
#include <random>

namespace kiln::schedule::test {
namespace {
struct Random {
  std::mt19937 engine{20261121};
  int64_t upTo(int64_t most) { return 1 + int64_t(engine() % uint64_t(most)); }
  bool coin() { return engine() & 1; }
};

/// KILN_FUZZ_SEED and KILN_FUZZ_RUNS: other and longer runs by hand.
int64_t setting(const char *name, int64_t otherwise) {
  const char *value = std::getenv(name);
  return value ? std::atoll(value) : otherwise;
}

Kernel anyKernel(Random &random) {
  int64_t block = random.coin() ? 8 : 16;
  switch (random.upTo(10)) {
  case 1:
    return convolution(random.upTo(2), random.upTo(40), random.upTo(60), random.upTo(15), random.coin() ? 3 : 1, random.upTo(2),
                       block, true);
  case 2:
    return planarConvolution(random.upTo(4), random.upTo(7), random.upTo(33), random.upTo(3), random.coin());
  case 3:
    return firstLayer(random.upTo(4), random.upTo(40), random.upTo(17), random.upTo(5), random.upTo(3), block, false);
  case 4:
    return depthwise(random.upTo(40), random.upTo(15), random.upTo(2), block);
  case 5:
    return pool(random.upTo(40), random.upTo(9), random.upTo(3), random.upTo(3), block, random.coin());
  case 6:
    return product(random.upTo(3), random.upTo(70), random.upTo(90), random.upTo(70), random.coin() ? block : 0);
  case 7:
    return productTransposed(random.upTo(2), random.upTo(20), random.upTo(20), random.upTo(70), random.coin());
  case 8:
    return softmax(random.upTo(5), random.upTo(90), random.coin() ? 1 : random.upTo(40));
  case 9:
    return mean({random.upTo(20), random.upTo(3)}, {random.upTo(20), random.upTo(9)}, random.coin());
  default:
    return elementwise({random.upTo(90), random.upTo(9), random.upTo(3)});
  }
}

Schedule mutated(const Nest &nest, Schedule schedule, Random &random) {
  const Axis &axis = nest.axes[size_t(random.upTo(int64_t(nest.axes.size())) - 1)];
  std::string size = std::to_string(random.upTo(9));
  switch (random.upTo(6)) {
  case 1:
    return schedule.with("tile_" + axis.name, size);
  case 2:
    return schedule.with("chunk_" + axis.name, size);
  case 3:
    return schedule.with("block_" + axis.name, std::to_string(random.upTo(4) * schedule.get("tile_" + axis.name, 1)));
  case 4:
    return schedule.with("unroll", size);
  case 5:
    return schedule.with("parallel", schedule.params.count("parallel") ? "" : nest.result().dims.back().axis);
  default:
    return schedule.with("order", axis.name);
  }
}

TEST(Fuzz, DefaultsOfManyShapesAreLegal) {
  Random random;
  for (int i = 0; i < 3000; ++i) {
    Kernel kernel = anyKernel(random);
    Nest nest = build(kernel).nest;
    for (Machine machine : {Machine{4, 31}, Machine{8, 15}, Machine{16, 31}})
      ASSERT_EQ("", legal(nest, machine, defaults(nest, machine))) << kernel.name << " " << defaults(nest, machine).print();
  }
}

TEST(Fuzz, SchedulesAgree) {
  Random random;
  random.engine.seed(unsigned(setting("KILN_FUZZ_SEED", 5)));
  std::vector<Target> machines = targets();
  int changed = 0;
  for (int64_t i = 0, runs = setting("KILN_FUZZ_RUNS", 40); i < runs; ++i) {
    Kernel kernel = anyKernel(random);
    const Target &target = machines[size_t(i) % machines.size()];
    Nest nest = build(kernel).nest;
    Schedule schedule = defaults(nest, target.machine);
    if (i % 3 == 0) {
      EXPECT_TRUE(agrees(kernel, target, schedule));
      continue;
    }
    for (int change = 0; change < 6; ++change)
      if (Schedule next = mutated(nest, schedule, random); legal(nest, target.machine, next).empty())
        schedule = next;
    changed += schedule == defaults(nest, target.machine) ? 0 : 1;
    EXPECT_TRUE(agrees(kernel, target, schedule));
  }
  EXPECT_GT(changed, 10);
}
} // namespace
} // namespace kiln::schedule::test
