//===- CreateTest.cpp - options, processor, workspace, allocator, error callback ---===//
#include "Toy.h"
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <map>

namespace {
struct Host {
  std::map<void *, size_t> live;
  int allocations = 0, failAt = -1;
  std::vector<std::pair<kiln_status, std::string>> errors;
  kiln_options options() {
    kiln_options options = {};
    options.size = sizeof options;
    options.threads = 1;
    options.user = this;
    options.allocate = [](void *user, size_t bytes, size_t alignment) -> void * {
      auto *host = static_cast<Host *>(user);
      if (host->allocations++ == host->failAt)
        return nullptr;
      void *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
      host->live[memory] = bytes;
      return memory;
    };
    options.release = [](void *user, void *memory) {
      EXPECT_EQ(static_cast<Host *>(user)->live.erase(memory), 1u);
      free(memory);
    };
    options.error = [](void *user, kiln_status status, const char *message) {
      static_cast<Host *>(user)->errors.emplace_back(status, message);
    };
    return options;
  }
};

TEST(Create, WithoutOptions) {
  Toy toy;
  kiln_context *context;
  ASSERT_EQ(kiln_create(&toy.model, nullptr, &context), KILN_OK);
  EXPECT_STREQ(kiln_message(context), "");
  Call call;
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
  EXPECT_EQ(call.y[5], 12);
  kiln_destroy(context);
}

TEST(Create, NullsAreAnswered) {
  Toy toy;
  Call call;
  EXPECT_EQ(kiln_create(&toy.model, nullptr, nullptr), KILN_INVALID_ARGUMENT);
  EXPECT_EQ(kiln_run(nullptr, call.inputs, call.outputs), KILN_INVALID_ARGUMENT);
  EXPECT_STRNE(kiln_message(nullptr), "");
  kiln_destroy(nullptr);
}

TEST(Create, HostAllocatorIsUsedForAllAndNothingIsKept) {
  Toy toy;
  Host host;
  {
    Context context(toy, host.options());
    ASSERT_EQ(context.status, KILN_OK);
    int before = host.allocations;
    EXPECT_GE(before, 2);
    Call call;
    for (int i = 0; i < 10; ++i)
      EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
    EXPECT_EQ(host.allocations, before) << "a run allocates";
  }
  EXPECT_TRUE(host.live.empty());
  EXPECT_TRUE(host.errors.empty());
}

TEST(Create, EveryFailingAllocationIsAStatus) {
  Toy toy;
  for (int failAt = 0;; ++failAt) {
    Host host;
    host.failAt = failAt;
    kiln_options options = host.options();
    options.threads = 3;
    kiln_status status;
    {
      Context context(toy, options);
      status = context.status;
      EXPECT_EQ(context.context == nullptr, failAt == 0);
      Call call;
      EXPECT_EQ(kiln_run(context, call.inputs, call.outputs) == KILN_OK, status == KILN_OK);
    }
    EXPECT_TRUE(host.live.empty());
    if (status == KILN_OK) {
      EXPECT_GE(failAt, 4);
      return;
    }
    EXPECT_EQ(status, KILN_OUT_OF_MEMORY);
    ASSERT_EQ(host.errors.size(), 1u);
    EXPECT_EQ(host.errors[0].first, KILN_OUT_OF_MEMORY);
    EXPECT_NE(host.errors[0].second.find("no memory"), std::string::npos);
  }
}

TEST(Create, AllocatorNeedsBothHalves) {
  Toy toy;
  Host host;
  kiln_options options = host.options();
  options.release = nullptr;
  Context context(toy, options);
  EXPECT_EQ(context.status, KILN_INVALID_ARGUMENT);
  EXPECT_EQ(context.message(), "toy: options.allocate and options.release: expected both or neither, found one");
  EXPECT_EQ(host.allocations, 0);
}

TEST(Create, HostWorkspace) {
  Toy toy;
  kiln_options options = {};
  options.threads = 2;
  size_t needed = toy.model.info.workspace_size + toy.model.info.workspace_per_thread;
  EXPECT_EQ(needed, 64u + 2 * 128u);
  alignas(64) uint8_t memory[64 + 2 * 128 + 64];
  memset(memory, 0xee, sizeof memory);
  options.workspace = memory;
  options.workspace_bytes = needed;
  {
    Context context(toy, options);
    ASSERT_EQ(context.status, KILN_OK) << context.message();
    Call call;
    ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
    EXPECT_EQ(reinterpret_cast<float *>(memory)[5], 12) << "the arena is at the workspace's start";
    EXPECT_EQ(kiln_scratch_peak(context), 128u);
    for (size_t i = needed; i < sizeof memory; ++i)
      EXPECT_EQ(memory[i], 0xee);
  }
  options.workspace_bytes = needed - 1;
  Context small(toy, options);
  EXPECT_EQ(small.status, KILN_INVALID_ARGUMENT);
  EXPECT_EQ(small.message(), "toy: options.workspace_bytes: expected at least 320 with 2 threads, found 319");
  options.workspace_bytes = needed;
  options.workspace = memory + 32;
  Context crooked(toy, options);
  EXPECT_EQ(crooked.status, KILN_INVALID_ARGUMENT);
  EXPECT_NE(crooked.message().find("aligned to 64"), std::string::npos) << crooked.message();
}

TEST(Create, BigArenasAreAlignedToHugePages) {
  Toy toy;
  toy.model.arena_size = 5 << 20;
  toy.model.run = [](const kiln_frame *frame) {
    memset(frame->arena, 1, 5 << 20);
    return reinterpret_cast<uintptr_t>(frame->arena) % (2 << 20) ? KILN_IO : KILN_OK;
  };
  Context context(toy);
  Call call;
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
}

TEST(Create, ArenasBeyondMemoryAreAStatus) {
  Toy toy;
  toy.model.arena_size = uint64_t{1} << 63; // beyond what the sanitizers' allocators take for a mistake
  Context context(toy);
  EXPECT_EQ(context.status, KILN_OUT_OF_MEMORY);
  EXPECT_NE(context.message().find("workspace of 9223372036854"), std::string::npos) << context.message();
}

TEST(Create, MissingInstructionsAreNamed) {
  Toy toy;
  toy.model.cpu = uint64_t{1} << 63;
  Host host;
  Context context(toy, host.options());
  EXPECT_EQ(context.status, KILN_UNSUPPORTED_CPU);
  EXPECT_EQ(context.message(), "toy: compiled for instructions that this processor lacks: feature 63");
  ASSERT_EQ(host.errors.size(), 1u);
  EXPECT_EQ(host.errors[0].first, KILN_UNSUPPORTED_CPU);
  Call call;
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_UNSUPPORTED_CPU);
}

#if defined(__x86_64__)
TEST(Create, InstructionsAreFoundAsTheCompilerFindsThem) {
  const std::pair<uint64_t, bool> features[] = {
      {KILN_CPU_SSE41, __builtin_cpu_supports("sse4.1")},      {KILN_CPU_AVX, __builtin_cpu_supports("avx")},
      {KILN_CPU_AVX2, __builtin_cpu_supports("avx2")},         {KILN_CPU_FMA, __builtin_cpu_supports("fma")},
      {KILN_CPU_F16C, __builtin_cpu_supports("f16c")},         {KILN_CPU_AVX512F, __builtin_cpu_supports("avx512f")},
      {KILN_CPU_AVX512BW, __builtin_cpu_supports("avx512bw")}, {KILN_CPU_AVX512DQ, __builtin_cpu_supports("avx512dq")},
      {KILN_CPU_AVX512VL, __builtin_cpu_supports("avx512vl")}, {KILN_CPU_AVX512CD, __builtin_cpu_supports("avx512cd")}};
  for (auto [bit, there] : features) {
    Toy toy;
    toy.model.cpu = bit;
    EXPECT_EQ(Context(toy).status, there ? KILN_OK : KILN_UNSUPPORTED_CPU) << "bit " << bit;
  }
}
#endif

TEST(Create, OptionsOfOtherVersions) {
  Toy toy;
  struct {
    kiln_options options;
    uint64_t newer;
  } bigger = {};
  bigger.options.size = sizeof bigger;
  kiln_context *context;
  EXPECT_EQ(kiln_create(&toy.model, &bigger.options, &context), KILN_OK);
  kiln_destroy(context);
  bigger.newer = 1;
  EXPECT_EQ(kiln_create(&toy.model, &bigger.options, &context), KILN_INVALID_ARGUMENT);
  EXPECT_NE(std::string(kiln_message(context)).find("options.size"), std::string::npos);
  kiln_destroy(context);
  kiln_options older = {};
  older.size = offsetof(kiln_options, parallel);
  older.threads = 1;
  older.parallel = reinterpret_cast<kiln_parallel>(8); // beyond its end: not looked at
  EXPECT_EQ(kiln_create(&toy.model, &older, &context), KILN_OK);
  kiln_destroy(context);
}

TEST(Create, ThreadsOutOfRange) {
  Toy toy;
  for (int32_t threads : {-1, 100000}) {
    kiln_options options = {};
    options.threads = threads;
    Context context(toy, options);
    EXPECT_EQ(context.status, KILN_INVALID_ARGUMENT);
    EXPECT_NE(context.message().find("found " + std::to_string(threads)), std::string::npos);
  }
  for (const char *value : {"0", "two", "-3", "2x", "99999999999999999999"}) {
    setenv("KILN_NUM_THREADS", value, 1);
    Context context(toy);
    EXPECT_EQ(context.status, KILN_INVALID_ARGUMENT);
    EXPECT_NE(context.message().find(std::string("found '") + value), std::string::npos) << context.message();
  }
  setenv("KILN_NUM_THREADS", "3", 1);
  Context context(toy);
  EXPECT_EQ(context.status, KILN_OK);
  unsetenv("KILN_NUM_THREADS");
}
} // namespace
