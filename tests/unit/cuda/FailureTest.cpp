//===- FailureTest.cpp - no driver, no card, no memory, faults: a status and a sentence, and nothing left behind ------===//
#include "DeviceToy.h"
#include <cstdlib>

using testing::ElementsAre;
using testing::HasSubstr;

namespace {
TEST(CudaFailure, NoDriver) {
  DeviceToy toy;
  setenv("KILN_CUDA_DRIVER", "/nowhere/libcuda.so.1", 1);
  Context context(toy);
  EXPECT_EQ(context.status, KILN_NO_DEVICE);
  EXPECT_THAT(context.message(), HasSubstr("toy: no CUDA driver: /nowhere/libcuda.so.1"));
  ASSERT_EQ(context.told.size(), 1u);
  EXPECT_EQ(kiln_device_of(context), nullptr);
  DeviceCall call;
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_NO_DEVICE);
  EXPECT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_NO_DEVICE);
  setenv("KILN_CUDA_DRIVER", "libm.so.6", 1);
  Context other(toy);
  EXPECT_EQ(other.status, KILN_NO_DEVICE);
  EXPECT_EQ(other.message(), "toy: the CUDA driver libm.so.6 has no cuInit: expected one of CUDA 11.4 or later");
  unsetenv("KILN_CUDA_DRIVER");
}

struct Refusal {
  std::map<std::string, std::string> settings;
  kiln_status status;
  const char *message;
};

TEST(CudaFailure, CardsThatWillNotDo) {
  const Refusal refusals[] = {
      {{{"CARDS", "0"}}, KILN_NO_DEVICE, "toy: the CUDA driver finds no card: CUDA_ERROR_NO_DEVICE"},
      {{{"FAIL", "cuInit:1=100"}}, KILN_NO_DEVICE, "does not start: CUDA_ERROR_NO_DEVICE"},
      {{{"FAIL", "cuInit:1=12345"}}, KILN_NO_DEVICE, "does not start: unknown CUDA error (no text)"},
      {{{"CAPABILITY", "75"}}, KILN_NO_DEVICE, "toy: card 0 (Fake card 0) has capability 7.5: kernel 'axpy' was compiled for 8.0"},
      {{{"VERSION", "10020"}}, KILN_NO_DEVICE, "toy: kernel 'axpy' is PTX 7.0: the driver (CUDA 10.2) is too old for it"},
      {{{"MEMORY", "1000"}},
       KILN_OUT_OF_MEMORY,
       "toy: card 0 (Fake card 0) has no memory for 1280 bytes: CUDA_ERROR_OUT_OF_MEMORY"},
      {{{"FAIL", "cuDevicePrimaryCtxRetain:1=2"}}, KILN_OUT_OF_MEMORY, "cannot be used by 'toy': CUDA_ERROR_OUT_OF_MEMORY"},
      {{{"FAIL", "cuCtxPushCurrent_v2:1=201"}}, KILN_NO_DEVICE, "cannot be used by 'toy': CUDA_ERROR_INVALID_CONTEXT"},
      {{{"FAIL", "cuModuleLoadDataEx:1=200"}}, KILN_NO_DEVICE, "does not take kernel 'axpy': CUDA_ERROR_INVALID_IMAGE"},
  };
  for (const Refusal &refusal : refusals) {
    Fake fake(refusal.settings);
    DeviceToy toy;
    {
      Context context(toy);
      EXPECT_EQ(context.status, refusal.status);
      EXPECT_THAT(context.message(), HasSubstr(refusal.message));
      EXPECT_EQ(context.told.size(), 1u);
    }
    EXPECT_EQ(fake.live(), 0) << refusal.message;
  }
}

TEST(CudaFailure, TablesThatWillNotDo) {
  Fake fake;
  DeviceToy toy;
  toy.kernels[0].entry = "other";
  EXPECT_THAT(Context(toy).message(), HasSubstr("does not take kernel 'other': CUDA_ERROR_NOT_FOUND"));
  toy.kernels[0].entry = "axpy";
  toy.images[0].ptx = ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry axpy()\n{\nfrob.b32 %r1, %r2;\n}\n";
  EXPECT_THAT(Context(toy).message(), HasSubstr("CUDA_ERROR_INVALID_PTX (as the fake driver was told): kernel axpy, 'frob.b32"));
  toy.images[0].ptx = axpy;
  toy.steps[2].shared = 300 << 10;
  EXPECT_THAT(Context(toy).message(),
              HasSubstr("card 0 (Fake card 0) has less than the 307200 bytes of shared memory that kernel 'axpy' needs"));
  kiln_options options = {};
  options.device_number = 1;
  Context second(toy, options);
  EXPECT_THAT(second.message(), HasSubstr("expected a card from 0 to 0, found 1"));
}

/// Every call that creation makes fails in turn, the first time, the second, ...: always a status, a message, nothing left behind.
TEST(CudaFailure, EveryCallOfCreation) {
  const char *calls[] = {"cuInit",
                         "cuDriverGetVersion",
                         "cuDeviceGetCount",
                         "cuDeviceGet",
                         "cuDeviceGetName",
                         "cuDeviceGetAttribute",
                         "cuDevicePrimaryCtxRetain",
                         "cuStreamCreate",
                         "cuEventCreate",
                         "cuStreamSynchronize",
                         "cuMemAlloc_v2",
                         "cuMemcpyHtoDAsync_v2",
                         "cuModuleLoadDataEx",
                         "cuModuleGetFunction",
                         "cuGraphCreate",
                         "cuGraphAddKernelNode",
                         "cuGraphAddMemsetNode",
                         "cuGraphAddMemcpyNode",
                         "cuGraphInstantiateWithFlags",
                         "cuGraphUpload"};
  for (const char *call : calls)
    for (int number = 1;; ++number) {
      for (int error : {2, 719}) {
        Fake fake(Settings{{"FAIL", std::string(call) + ":" + std::to_string(number) + "=" + std::to_string(error)}});
        DeviceToy toy;
        bool failed;
        {
          Context context(toy);
          failed = context.status != KILN_OK;
          EXPECT_EQ(failed, context.message() != "") << call;
          EXPECT_EQ(context.told.size(), failed ? 1u : 0u) << call;
        }
        EXPECT_EQ(fake.live(), 0) << call << " " << number;
        EXPECT_TRUE(failed || number > 1) << call << " was never called";
        if (!failed)
          number = 100;
      }
      if (number >= 100)
        break;
    }
}

TEST(CudaFailure, EveryCallOfARun) {
  for (const char *call :
       {"cuCtxPushCurrent_v2", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuGraphLaunch", "cuStreamSynchronize"})
    for (int number = 2; number < 5; ++number) {
      Fake fake(Settings{{"FAIL", std::string(call) + ":" + std::to_string(number) + "=719"}});
      DeviceToy toy;
      {
        Context context(toy);
        ASSERT_EQ(context.status, KILN_OK) << call;
        kiln_status status = KILN_OK;
        for (int i = 0; i < 4 && status == KILN_OK; ++i) {
          DeviceCall data;
          status = kiln_run(context, data.inputs, data.outputs);
        }
        EXPECT_EQ(status, KILN_DEVICE_FAILED) << call;
        EXPECT_THAT(context.message(), HasSubstr("toy: card 0 (Fake card 0): "));
        EXPECT_THAT(context.message(), HasSubstr("CUDA_ERROR_LAUNCH_FAILED"));
      }
      EXPECT_EQ(fake.live(), 0) << call;
    }
}

/// A kernel that runs out of bounds ends the card's context; every later call says so.
TEST(CudaFailure, AFaultOnTheCard) {
  Fake fake;
  DeviceToy toy;
  toy.arguments[4].offset = 100000; // n
  toy.steps[2].grid[0] = 25000;
  {
    Context context(toy);
    ASSERT_EQ(context.status, KILN_OK) << context.message();
    const kiln_device *device = kiln_device_of(context);
    DeviceCall call;
    EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_DEVICE_FAILED);
    EXPECT_THAT(fake.trap(), testing::AnyOf(HasSubstr("out of bounds"), HasSubstr("poison")));
    EXPECT_THAT(context.message(), HasSubstr("a kernel or copy failed in 'toy': CUDA_ERROR_"));
    EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_DEVICE_FAILED);
    EXPECT_THAT(context.message(), HasSubstr("lost to 'toy'"));
    void *memory = nullptr;
    EXPECT_EQ(device->allocate(context, 8, &memory), KILN_DEVICE_FAILED);
    EXPECT_EQ(device->wait(context), KILN_DEVICE_FAILED);
  }
  EXPECT_EQ(fake.live(), 0);
}

TEST(CudaFailure, APartOnTheHostMayFail) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  DeviceCall call;
  call.i[1] = 10;
  call.y[0] = -1;
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OUT_OF_RANGE);
  EXPECT_THAT(context.message(), HasSubstr("node 'gather_3': expected indices from -10 to 9, found 10 at position 1"));
  EXPECT_EQ(call.y[0], -1);
  call.i[1] = 9;
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
  EXPECT_THAT(call.y, isY());
}

TEST(CudaFailure, PointersAskew) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  DeviceCall call;
  const kiln_device *device = kiln_device_of(context);
  void *memory = nullptr;
  ASSERT_EQ(device->allocate(context, 256, &memory), KILN_OK);
  for (kiln_tensor *tensor : {&call.inputs[0], &call.inputs[1], &call.inputs[2], &call.outputs[0], &call.outputs[1]})
    tensor->data = memory;
  call.inputs[1].data = static_cast<char *>(memory) + 8;
  EXPECT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_INVALID_ARGUMENT);
  EXPECT_THAT(context.message(), HasSubstr("input 'i': expected data aligned to 16"));
  call.inputs[1].data = memory;
  EXPECT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_INVALID_ARGUMENT);
  EXPECT_THAT(context.message(), HasSubstr("output 'y': expected memory of its own"));
  EXPECT_EQ(device->release(context, memory), KILN_OK);
  EXPECT_EQ(device->release(context, memory), KILN_DEVICE_FAILED) << "twice";
  EXPECT_EQ(device->release(context, nullptr), KILN_OK);
  EXPECT_EQ(device->allocate(context, uint64_t(1) << 50, &memory), KILN_OUT_OF_MEMORY);
  EXPECT_EQ(memory, nullptr);
}

TEST(CudaChoice, TheCpuWhereThereIsNoCard) {
  DeviceToy toy;
  toy.onCpuToo();
  Fake fake(Settings{{"CARDS", "0"}});
  Context context(toy);
  ASSERT_EQ(context.status, KILN_OK);
  ASSERT_EQ(context.told.size(), 1u) << "once";
  EXPECT_EQ(context.told[0].first, KILN_NO_DEVICE);
  EXPECT_THAT(context.told[0].second, HasSubstr("toy: runs on the CPU: the CUDA driver finds no card"));
  EXPECT_EQ(context.message(), context.told[0].second);
  EXPECT_EQ(kiln_device_of(context), nullptr);
  DeviceCall call;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
  EXPECT_THAT(call.y, ElementsAre(-1, -2, -3, -4, -5, -6));
  EXPECT_EQ(context.message(), "");
  EXPECT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_INVALID_ARGUMENT) << "host memory is not aligned to 16";
  EXPECT_EQ(fake.live(), 0);
}

TEST(CudaChoice, WhatTheOptionsAndTheEnvironmentSay) {
  DeviceToy toy;
  toy.onCpuToo();
  Fake fake(Settings{{"CARDS", "2"}});
  auto runsOn = [&](kiln_processor processor, const char *environment) {
    environment ? setenv("KILN_DEVICE", environment, 1) : unsetenv("KILN_DEVICE");
    kiln_options options = {};
    options.processor = processor;
    Context context(toy, options);
    unsetenv("KILN_DEVICE");
    if (context.status)
      return context.message();
    return std::string(kiln_device_of(context) ? kiln_device_of(context)->name : "CPU");
  };
  EXPECT_EQ(runsOn(KILN_ON_ANY, nullptr), "Fake card 0");
  EXPECT_EQ(runsOn(KILN_ON_CUDA, nullptr), "Fake card 0");
  EXPECT_EQ(runsOn(KILN_ON_CPU, nullptr), "CPU");
  EXPECT_EQ(runsOn(KILN_ON_ANY, "cpu"), "CPU");
  EXPECT_EQ(runsOn(KILN_ON_ANY, "cuda"), "Fake card 0");
  EXPECT_EQ(runsOn(KILN_ON_ANY, "cuda:1"), "Fake card 1");
  EXPECT_EQ(runsOn(KILN_ON_CPU, "cuda:1"), "CPU");
  EXPECT_EQ(runsOn(KILN_ON_ANY, "cuda:2"), "toy: expected a card from 0 to 1, found 2");
  EXPECT_EQ(runsOn(KILN_ON_ANY, "cuda:x"), "toy: KILN_DEVICE: expected cpu, cuda or cuda:NUMBER, found 'cuda:x'");
  EXPECT_EQ(runsOn(KILN_ON_ANY, "gpu"), "toy: KILN_DEVICE: expected cpu, cuda or cuda:NUMBER, found 'gpu'");
  fake.restart({{"CARDS", "0"}});
  EXPECT_THAT(runsOn(KILN_ON_CUDA, nullptr), HasSubstr("toy: the CUDA driver finds no card"));
  EXPECT_THAT(runsOn(KILN_ON_ANY, "cuda"), HasSubstr("toy: the CUDA driver finds no card"));
  toy.model.run = nullptr;
  EXPECT_EQ(runsOn(KILN_ON_CPU, nullptr), "toy: expected to run on a card: this model has no program for the CPU");
  toy.onCpuToo();
  toy.model.device = nullptr;
  EXPECT_EQ(runsOn(KILN_ON_CUDA, nullptr), "toy: options.processor: this model was compiled for the CPU alone");
  EXPECT_EQ(runsOn(KILN_ON_ANY, "cuda"), "CPU") << "a model for the CPU alone does not look at it";
}

TEST(CudaChoice, MemoryOfTheHostRunsOut) {
  Fake fake;
  DeviceToy toy;
  static int left;
  for (int allowed = 0; allowed < 20; ++allowed) {
    left = allowed;
    kiln_options options = {};
    options.allocate = [](void *, size_t bytes, size_t alignment) -> void * {
      return left-- > 0 ? aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment) : nullptr;
    };
    options.release = [](void *, void *memory) { free(memory); };
    kiln_status status;
    {
      Context context(toy, options);
      status = context.status;
      EXPECT_TRUE(status == KILN_OK || status == KILN_OUT_OF_MEMORY);
    }
    EXPECT_EQ(fake.live(), 0);
    if (status == KILN_OK) {
      EXPECT_GE(allowed, 4);
      return;
    }
  }
  FAIL() << "it never had enough";
}
} // namespace
