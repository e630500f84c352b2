//===- ThreadsTest.cpp - parallel loops and the scratch arena ---===//
#include "Toy.h"
#include <algorithm>
#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <set>
#include <thread>

namespace {
using Body = int (*)(void *, int, uint8_t *);

struct Loop {
  std::vector<std::atomic<int>> visits;
  std::atomic<int> wrong{0};
  explicit Loop(int size) : visits(size) {}
  uint8_t *closure() { return reinterpret_cast<uint8_t *>(this); }
};

kiln_options withThreads(int threads) {
  kiln_options options = {};
  options.threads = threads;
  return options;
}

class Threads : public testing::TestWithParam<int> {};

TEST_P(Threads, EveryTaskRunsOnce) {
  Toy toy;
  Context context(toy, withThreads(GetParam()));
  ASSERT_EQ(context.status, KILN_OK) << context.message();
  for (int size : {0, 1, 2, 3, 7, 64, 1000}) {
    Loop loop(size);
    Body body = [](void *, int index, uint8_t *data) {
      reinterpret_cast<Loop *>(data)->visits[index + 5]++;
      return 0;
    };
    for (int times = 1; times <= 50; ++times) {
      ASSERT_EQ(halide_do_par_for(context, body, -5, size, loop.closure()), 0);
      for (auto &visits : loop.visits)
        ASSERT_EQ(visits, times);
    }
  }
}

// A loop's tasks write what the next loop's tasks read: the loops' ends must order the memory, too.
TEST_P(Threads, LoopsFollowEachOther) {
  Toy toy;
  Context context(toy, withThreads(GetParam()));
  struct Data {
    int from[33] = {}, to[33] = {};
  } data;
  for (int times = 0; times < 3000; ++times) {
    halide_do_par_for(
        context,
        [](void *, int index, uint8_t *closure) {
          auto *data = reinterpret_cast<Data *>(closure);
          data->to[index] = data->from[(index + 7) % 33] + 1;
          return 0;
        },
        0, 33, reinterpret_cast<uint8_t *>(&data));
    std::swap(data.from, data.to);
  }
  for (int value : data.from)
    EXPECT_EQ(value, 3000);
}

TEST_P(Threads, NestedLoopsRunOnTheirWorker) {
  Toy toy;
  Context context(toy, withThreads(GetParam()));
  Loop loop(8 * 8);
  Body outer = [](void *user, int row, uint8_t *data) {
    struct Inner {
      Loop *loop;
      void *user;
      int row;
    } inner = {reinterpret_cast<Loop *>(data), user, row};
    return halide_do_par_for(
        user,
        [](void *user, int column, uint8_t *data) {
          auto *inner = reinterpret_cast<Inner *>(data);
          inner->loop->visits[8 * inner->row + column]++;
          inner->loop->wrong += user != inner->user;
          return 0;
        },
        0, 8, reinterpret_cast<uint8_t *>(&inner));
  };
  EXPECT_EQ(halide_do_par_for(context, outer, 0, 8, loop.closure()), 0);
  EXPECT_EQ(loop.wrong, 0);
  for (auto &visits : loop.visits)
    EXPECT_EQ(visits, 1);
}

TEST_P(Threads, AFailingTaskIsReported) {
  Toy toy;
  Context context(toy, withThreads(GetParam()));
  Body body = [](void *, int index, uint8_t *) { return index == 13 ? -42 : 0; };
  EXPECT_EQ(halide_do_par_for(context, body, 0, 20, nullptr), -42);
  EXPECT_EQ(halide_do_par_for(context, body, 0, 10, nullptr), 0) << "a failure must not last";
}

// Each task's user_context owns an arena that no other running task has.
TEST_P(Threads, ScratchIsTheWorkersOwn) {
  Toy toy;
  toy.model.scratch_size = KILN_SCRATCH_BLOCK(256);
  Context context(toy, withThreads(GetParam()));
  Loop loop(200);
  Body body = [](void *user, int index, uint8_t *data) {
    auto *memory = static_cast<uint8_t *>(halide_malloc(user, 256));
    memset(memory, index, 256);
    std::this_thread::yield();
    auto *loop = reinterpret_cast<Loop *>(data);
    loop->wrong += std::count(memory, memory + 256, static_cast<uint8_t>(index)) != 256;
    loop->wrong += reinterpret_cast<uintptr_t>(memory) % 64 != 0;
    halide_free(user, memory);
    return 0;
  };
  for (int times = 0; times < 10; ++times)
    halide_do_par_for(context, body, 0, 200, loop.closure());
  EXPECT_EQ(loop.wrong, 0);
  EXPECT_EQ(kiln_scratch_peak(context), KILN_SCRATCH_BLOCK(256));
}

// Workers asleep in the kernel are woken; sleeping is what they do after a tenth of a millisecond.
TEST_P(Threads, SleepersWake) {
  Toy toy;
  Context context(toy, withThreads(GetParam()));
  Body body = [](void *, int index, uint8_t *data) {
    reinterpret_cast<Loop *>(data)->visits[index]++;
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    return 0;
  };
  Loop loop(8);
  for (int times = 1; times <= 20; ++times) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    halide_do_par_for(context, body, 0, 8, loop.closure());
    for (auto &visits : loop.visits)
      ASSERT_EQ(visits, times);
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, Threads, testing::Values(1, 2, 3, 8));

// Two tasks that wait for each other end only when two threads run them.
TEST(ThreadPool, TasksReallyRunTogether) {
  Toy toy;
  Context context(toy, withThreads(2));
  Loop loop(2);
  Body body = [](void *, int index, uint8_t *data) {
    auto *loop = reinterpret_cast<Loop *>(data);
    loop->visits[index] = 1;
    while (!loop->visits[1 - index])
      std::this_thread::yield();
    return 0;
  };
  EXPECT_EQ(halide_do_par_for(context, body, 0, 2, loop.closure()), 0);
}

struct HostPool {
  int calls = 0, tasks = 0;
  bool outOfRange = false;
  kiln_options options(int workers) {
    kiln_options options = withThreads(workers);
    options.user = this;
    options.parallel = [](void *user, int32_t tasks, kiln_task body, void *argument) {
      auto *pool = static_cast<HostPool *>(user);
      ++pool->calls;
      pool->tasks += tasks;
      std::thread other([&] {
        for (int32_t task = 1; task < tasks; task += 2)
          body(argument, task, pool->outOfRange ? 2 : 1);
      });
      for (int32_t task = 0; task < tasks; task += 2)
        body(argument, task, 0);
      other.join();
    };
    return options;
  }
};

TEST(ThreadPool, HostsPoolRunsTheLoops) {
  Toy toy;
  HostPool pool;
  Context context(toy, pool.options(2));
  Call call;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
  EXPECT_EQ(pool.calls, 1);
  EXPECT_EQ(pool.tasks, 2);
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(call.y[i], 2 * (i + 1));
}

TEST(ThreadPool, HostsPoolNamesAWorkerThatIsNone) {
  Toy toy;
  HostPool pool;
  pool.outOfRange = true;
  Context context(toy, pool.options(2));
  Call call;
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_INVALID_ARGUMENT);
  EXPECT_EQ(context.message(), "toy: options.parallel: expected tasks and workers in range, found others");
}

TEST(ThreadPool, HostsPoolMustSayItsSize) {
  Toy toy;
  HostPool pool;
  Context context(toy, pool.options(0));
  EXPECT_EQ(context.status, KILN_INVALID_ARGUMENT);
  EXPECT_EQ(context.message(), "toy: options.threads: expected the number of workers of options.parallel, found 0");
}

TEST(Scratch, FreesInAnyOrder) {
  Toy toy;
  toy.model.scratch_size = 6 * KILN_SCRATCH_BLOCK(64);
  Context context(toy, withThreads(1));
  int order[] = {0, 1, 2, 3, 4};
  do {
    uint8_t *blocks[5];
    for (int i = 0; i < 5; ++i) {
      blocks[i] = static_cast<uint8_t *>(halide_malloc(context, 60));
      memset(blocks[i], i, 64);
    }
    std::set<uint8_t *> distinct(blocks, blocks + 5);
    ASSERT_EQ(distinct.size(), 5u);
    for (int step = 0; step < 5; ++step) {
      EXPECT_EQ(std::count(blocks[order[step]], blocks[order[step]] + 64, order[step]), 64);
      halide_free(context, blocks[order[step]]);
      void *more = halide_malloc(context, 1); // in between, and gone again
      halide_free(context, more);
    }
  } while (std::next_permutation(order, order + 5));
  EXPECT_LE(kiln_scratch_peak(context), toy.model.scratch_size) << "memory was not given back";
}

TEST(Scratch, AShortageIsServedByTheAllocator) {
  Toy toy;
  toy.model.scratch_size = KILN_SCRATCH_BLOCK(64);
  Context context(toy, withThreads(1));
  std::vector<void *> blocks;
  for (size_t size : {64, 1000, 100000, 0}) {
    blocks.push_back(halide_malloc(context, size));
    memset(blocks.back(), 1, size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back()) % 64, 0u);
  }
  EXPECT_EQ(kiln_scratch_peak(context),
            KILN_SCRATCH_BLOCK(64) + KILN_SCRATCH_BLOCK(1000) + KILN_SCRATCH_BLOCK(100000) + KILN_SCRATCH_BLOCK(0));
  for (void *block : blocks)
    halide_free(context, block);
  halide_free(context, nullptr);
  EXPECT_EQ(halide_malloc(context, SIZE_MAX - 10), nullptr);
}
} // namespace
