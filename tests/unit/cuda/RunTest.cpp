//===- RunTest.cpp - runs on the card: numbers, calls, graphs, streams, several contexts -----------------------------===//
#include "DeviceToy.h"
#include <thread>

using testing::ElementsAre;

namespace {
TEST(CudaRun, HostPointersGiveTheRightNumbers) {
  Fake fake;
  DeviceToy toy;
  {
    Context context(toy);
    ASSERT_EQ(context.status, KILN_OK) << context.message();
    for (int round = 0; round < 3; ++round) {
      DeviceCall call;
      ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message() << fake.trap();
      EXPECT_THAT(call.y, isY());
      EXPECT_THAT(call.t, ElementsAre(108, 215, 322, 429, 536, 643));
      EXPECT_THAT(call.s, ElementsAre(100, 200, 300, 400, 500, 600)) << "the caller gave the new state memory of its own";
    }
    EXPECT_TRUE(context.told.empty());
  }
  EXPECT_EQ(fake.live(), 0);
}

TEST(CudaRun, StateIsUpdatedInPlace) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  DeviceCall call;
  call.outputs[1].data = call.s;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
  EXPECT_THAT(call.s, ElementsAre(116, 230, 344, 458, 572, 686));
}

/// One piece of memory, two graphs and one lone launch... all of it made at creation; then nothing is.
TEST(CudaRun, AllIsMadeAtCreation) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  // arena 128, weights 32, x 24, s 24 (the state's output has its slot), y 24: each to 256
  EXPECT_EQ(fake.count("cuMemAlloc_v2 1280"), 1);
  EXPECT_EQ(fake.count("cuMemAlloc_v2"), 1);
  EXPECT_EQ(fake.count("cuModuleLoadDataEx ptx"), 1);
  EXPECT_EQ(fake.count("cuStreamCreate 1"), 1);
  EXPECT_EQ(fake.count("cuMemcpyHtoDAsync_v2"), 1) << "the weights, once";
  EXPECT_EQ(fake.count("cuGraphInstantiateWithFlags 3 nodes"), 1);
  EXPECT_EQ(fake.count("cuGraphInstantiateWithFlags 2 nodes"), 1);
  EXPECT_EQ(kiln_device_of(context)->memory, 1280u);
  std::string before = fake.log();
  DeviceCall call;
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
  std::string ran = fake.log().substr(before.size());
  for (const char *made : {"cuMemAlloc", "cuModuleLoad", "cuStreamCreate", "cuGraphAdd", "cuGraphInstantiate", "cuFuncSet"})
    EXPECT_EQ(ran.find(made), std::string::npos) << made;
}

TEST(CudaRun, ARunIsCopiesAndGraphs) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  size_t created = fake.log().size();
  DeviceCall call;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
  std::string calls;
  std::string log = fake.log().substr(created);
  for (size_t at = 0; at < log.size(); at = log.find('\n', at) + 1)
    calls += log.substr(at, log.find_first_of(" \n", at) - at) + " ";
  EXPECT_EQ(calls, "cuMemcpyHtoDAsync_v2 cuMemcpyHtoDAsync_v2 " // x and s; then the check waits, for it may read what copies bring
                   "cuStreamSynchronize cuGraphLaunch cuMemcpyDtoHAsync_v2 cuStreamSynchronize cuMemcpyHtoDAsync_v2 cuGraphLaunch "
                   "cuMemcpyDtoHAsync_v2 cuMemcpyDtoHAsync_v2 cuStreamSynchronize ");
}

TEST(CudaRun, LaunchesAreAsTheTablesSay) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  uint64_t memory = strtoull(fake.log().c_str() + fake.log().find("-> 0x") + 3, nullptr, 16);
  auto hex = [&](uint64_t offset) {
    char text[32];
    snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(memory + offset));
    return std::string(text);
  };
  std::string axpy = "cuGraphAddKernelNode axpy grid 2,1,1 block 4,1,1 shared 0 (";
  EXPECT_EQ(fake.count(axpy + hex(0) + " " + hex(0) + " " + hex(512) + " 0x40000000 0x6)"), 1) << fake.log();
  EXPECT_EQ(fake.count(axpy + hex(1024) + " " + hex(64) + " " + hex(256) + " 0x3f000000 0x6)"), 1) << fake.log();
  EXPECT_EQ(fake.count(axpy + hex(768) + " " + hex(768) + " " + hex(1024) + " 0x3f800000 0x6)"), 1) << fake.log();
  EXPECT_EQ(fake.count("cuGraphAddMemsetNode " + hex(0) + " 0 24"), 1);
  EXPECT_EQ(fake.count("cuGraphAddMemcpyNode " + hex(64) + " " + hex(0) + " 24"), 1);
}

/// Tensors that the caller keeps on the card.
struct OnCard {
  explicit OnCard(kiln_context *context, DeviceCall &call) : device(kiln_device_of(context)), context(context) {
    for (int i = 0; i < 5; ++i) {
      kiln_tensor &tensor = i < 3 ? call.inputs[i] : call.outputs[i - 3];
      bytes[i] = i == 1 ? 8 : 24;
      EXPECT_EQ(device->allocate(context, bytes[i], &memory[i]), KILN_OK);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory[i]) % 256, 0u);
      if (i < 3) {
        EXPECT_EQ(device->upload(context, memory[i], tensor.data, bytes[i]), KILN_OK);
      }
      tensor.data = memory[i];
    }
  }
  ~OnCard() {
    for (void *piece : memory)
      EXPECT_EQ(device->release(context, piece), KILN_OK);
  }
  std::vector<float> read(int index) {
    std::vector<float> values(6);
    EXPECT_EQ(device->download(context, values.data(), memory[index], 24), KILN_OK) << kiln_message(context);
    return values;
  }
  const kiln_device *device;
  kiln_context *context;
  void *memory[5];
  size_t bytes[5];
};

TEST(CudaRun, DevicePointersGiveTheRightNumbers) {
  Fake fake;
  DeviceToy toy;
  {
    Context context(toy);
    DeviceCall call;
    OnCard card(context, call);
    ASSERT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_OK) << context.message();
    EXPECT_THAT(card.read(3), isY());
    EXPECT_THAT(card.read(4), ElementsAre(108, 215, 322, 429, 536, 643));
    // in place, and again, and then with host pointers
    call.outputs[1].data = call.inputs[2].data;
    ASSERT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_OK) << context.message();
    ASSERT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_OK) << context.message();
    EXPECT_THAT(card.read(2), ElementsAre(116, 230, 344, 458, 572, 686));
    DeviceCall host;
    ASSERT_EQ(kiln_run(context, host.inputs, host.outputs), KILN_OK) << context.message();
    EXPECT_THAT(host.y, isY());
    EXPECT_THAT(card.read(2), ElementsAre(116, 230, 344, 458, 572, 686));
  }
  EXPECT_EQ(fake.live(), 0);
}

TEST(CudaRun, AGraphIsChangedOnlyWherePointersAre) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  DeviceCall call, other;
  OnCard card(context, call), second(context, other);
  ASSERT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_OK);
  EXPECT_EQ(fake.count("cuGraphExecKernelNodeSetParams"), 3) << "from the context's own slots to the caller's";
  ASSERT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_OK);
  EXPECT_EQ(fake.count("cuGraphExecKernelNodeSetParams"), 3) << "the same pointers";
  call.inputs[0].data = other.inputs[0].data;
  ASSERT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_OK);
  EXPECT_EQ(fake.count("cuGraphExecKernelNodeSetParams"), 4) << "another batch: the one kernel that reads it";
  EXPECT_EQ(fake.count("cuGraphInstantiateWithFlags"), 2);
}

/// Without parts on the host, a run with device pointers only queues.
TEST(CudaRun, DevicePointersDoNotWait) {
  Fake fake;
  DeviceToy toy;
  toy.steps = {toy.steps[1], toy.steps[2], toy.steps[3], toy.steps[7], toy.steps[8]}; // y = 2x + w/2
  toy.device.steps = toy.steps.data();
  toy.device.step_count = 5;
  toy.inputSides[1] = 0;
  Context context(toy);
  ASSERT_EQ(context.status, KILN_OK) << context.message();
  DeviceCall call;
  OnCard card(context, call);
  int waits = fake.count("cuStreamSynchronize");
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(kiln_run_device(context, call.inputs, call.outputs), KILN_OK) << context.message();
  EXPECT_EQ(fake.count("cuStreamSynchronize"), waits);
  EXPECT_EQ(fake.count("cuGraphLaunch 5 nodes"), 3);
  EXPECT_EQ(card.device->wait(context), KILN_OK);
  EXPECT_THAT(card.read(3), ElementsAre(7, 14, 21, 28, 35, 42));
}

TEST(CudaRun, ALoneLaunchNeedsNoGraph) {
  Fake fake;
  DeviceToy toy;
  toy.steps.pop_back(); // without the state's
  toy.device.step_count = static_cast<uint32_t>(toy.steps.size());
  toy.model.info.output_count = 1;
  Context context(toy);
  DeviceCall call;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
  EXPECT_THAT(call.y, isY());
  EXPECT_EQ(fake.count("cuLaunchKernel axpy"), 1);
  EXPECT_EQ(fake.count("cuGraphInstantiateWithFlags"), 1);
}

TEST(CudaRun, OutputsMayEndOnTheHost) {
  Fake fake;
  DeviceToy toy;
  toy.steps[5].host = [](const kiln_frame *frame) { // y here, from the arena's copy of 2x
    for (int i = 0; i < 6; ++i)
      static_cast<float *>(frame->outputs[0])[i] = reinterpret_cast<const float *>(frame->arena + 64)[i] * 10;
    return KILN_OK;
  };
  toy.steps.resize(6);
  toy.device.step_count = 6;
  toy.model.info.output_count = 1;
  toy.outputSides[0] = KILN_SIDE_HOST | KILN_SIDE_HOST_LAST;
  Context context(toy);
  DeviceCall call;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
  EXPECT_THAT(call.y, ElementsAre(20, 40, 60, 80, 100, 120));
  DeviceCall kept;
  OnCard card(context, kept);
  ASSERT_EQ(kiln_run_device(context, kept.inputs, kept.outputs), KILN_OK) << context.message();
  EXPECT_THAT(card.read(3), ElementsAre(20, 40, 60, 80, 100, 120));
}

TEST(CudaRun, BoundTensorsStayOnTheCard) {
  Fake fake;
  DeviceToy toy;
  Context context(toy), other(toy);
  const kiln_device *device = kiln_device_of(context);
  DeviceCall call;
  void *state = device->place(context, 2);
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(device->place(context, 4), state) << "the output that is tied to it";
  EXPECT_EQ(device->place(context, 1), nullptr) << "indices are looked at on the host";
  EXPECT_EQ(device->place(context, 5), nullptr);
  ASSERT_EQ(device->upload(context, state, call.s, sizeof call.s), KILN_OK);
  ASSERT_EQ(device->bind(context, 2, state), KILN_OK);
  int up = fake.count("cuMemcpyHtoDAsync_v2"), down = fake.count("cuMemcpyDtoHAsync_v2");
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
  EXPECT_EQ(fake.count("cuMemcpyHtoDAsync_v2") - up, 6) << "x, and what the host computes within; not the state";
  EXPECT_EQ(fake.count("cuMemcpyDtoHAsync_v2") - down, 6) << "y, and the same";
  EXPECT_THAT(call.y, isY());
  EXPECT_THAT(call.s, ElementsAre(100, 200, 300, 400, 500, 600)) << "untouched";
  EXPECT_THAT(call.t, ElementsAre(0, 0, 0, 0, 0, 0));
  ASSERT_EQ(device->download(context, call.t, state, sizeof call.t), KILN_OK);
  EXPECT_THAT(call.t, ElementsAre(124, 245, 366, 487, 608, 729));

  // Another context reads and writes the same memory; and an output may stay there, too.
  ASSERT_EQ(device->bind(other, 2, state), KILN_OK);
  ASSERT_EQ(device->bind(other, 3, device->place(other, 3)), KILN_OK);
  DeviceCall second;
  ASSERT_EQ(kiln_run(other, second.inputs, second.outputs), KILN_OK) << other.message();
  EXPECT_THAT(second.y, ElementsAre(0, 0, 0, 0, 0, 0));
  ASSERT_EQ(device->download(context, call.t, state, sizeof call.t), KILN_OK);
  EXPECT_THAT(call.t, ElementsAre(132, 260, 388, 516, 644, 772));

  // And back to the caller's own.
  ASSERT_EQ(device->bind(context, 2, nullptr), KILN_OK);
  ASSERT_EQ(kiln_run(context, second.inputs, second.outputs), KILN_OK);
  EXPECT_THAT(second.t, ElementsAre(108, 215, 322, 429, 536, 643));
  EXPECT_EQ(device->bind(context, 5, state), KILN_INVALID_ARGUMENT);
  EXPECT_STREQ(kiln_message(context), "toy: expected a tensor from 0 to 4, found 5");
  EXPECT_EQ(device->bind(context, 2, static_cast<char *>(state) + 4), KILN_INVALID_ARGUMENT);
}

/// A context that is given memory for its state takes none: all of both runs is where the first context has it.
TEST(CudaRun, AContextIsGivenAStatesMemory) {
  Fake fake;
  DeviceToy toy;
  Context first(toy);
  const kiln_device *device = kiln_device_of(first);
  void *given[5] = {nullptr, nullptr, device->place(first, 2), nullptr, nullptr};
  kiln_options options = {};
  options.device_tensors = given;
  Context second(toy, options);
  ASSERT_EQ(second.status, KILN_OK) << second.message();
  EXPECT_EQ(device->memory - kiln_device_of(second)->memory, 256u);
  EXPECT_EQ(kiln_device_of(second)->place(second, 2), given[2]);
  EXPECT_EQ(kiln_device_of(second)->place(second, 4), given[2]) << "the output that is tied to it";
  DeviceCall call;
  ASSERT_EQ(device->upload(first, given[2], call.s, sizeof call.s), KILN_OK);
  ASSERT_EQ(device->wait(first), KILN_OK);
  ASSERT_EQ(kiln_run(second, call.inputs, call.outputs), KILN_OK) << second.message();
  EXPECT_THAT(call.y, isY());
  EXPECT_THAT(call.t, ElementsAre(0, 0, 0, 0, 0, 0)) << "untouched";
  ASSERT_EQ(device->download(first, call.t, given[2], sizeof call.t), KILN_OK);
  EXPECT_THAT(call.t, ElementsAre(108, 215, 322, 429, 536, 643));
  EXPECT_EQ(device->bind(second, 2, nullptr), KILN_INVALID_ARGUMENT);
  EXPECT_STREQ(kiln_message(second), "toy: tensor 2: expected memory, for the context has none of its own");
  given[2] = static_cast<char *>(given[2]) + 4;
  EXPECT_EQ(
      Context(toy, options).message(), "toy: options.device_tensors: expected memory aligned to 16, found " + [&] {
        char text[40];
        snprintf(text, sizeof text, "%p", given[2]);
        return std::string(text);
      }());
}

/// Where a node refuses memory of another kind than its own was.
TEST(CudaRun, AGraphIsMadeAnewWhereItRefusesPointers) {
  for (const char *call : {"cuGraphExecKernelNodeSetParams:1=1", "cuGraphExecKernelNodeSetParams:2=910"}) {
    Fake fake(Settings{{"FAIL", call}});
    DeviceToy toy;
    {
      Context context(toy);
      DeviceCall data;
      OnCard card(context, data);
      ASSERT_EQ(kiln_run_device(context, data.inputs, data.outputs), KILN_OK) << context.message();
      EXPECT_THAT(card.read(3), isY());
      EXPECT_EQ(fake.count("cuGraphInstantiateWithFlags"), 3);
      DeviceCall host;
      ASSERT_EQ(kiln_run(context, host.inputs, host.outputs), KILN_OK) << context.message();
      EXPECT_THAT(host.y, isY());
      EXPECT_EQ(fake.count("cuGraphInstantiateWithFlags"), 3);
    }
    EXPECT_EQ(fake.live(), 0);
  }
}

/// What the host's part of a run uses of a bound tensor is mirrored there.
TEST(CudaRun, BoundTensorsAreSeenByTheHost) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  const kiln_device *device = kiln_device_of(context);
  DeviceCall call;
  void *indices = nullptr;
  ASSERT_EQ(device->allocate(context, sizeof call.i, &indices), KILN_OK);
  ASSERT_EQ(device->upload(context, indices, call.i, sizeof call.i), KILN_OK);
  ASSERT_EQ(device->bind(context, 1, indices), KILN_OK);
  call.i[0] = 77; // would be refused
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
  ASSERT_EQ(device->upload(context, indices, call.i, sizeof call.i), KILN_OK);
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OUT_OF_RANGE);
  ASSERT_EQ(device->release(context, indices), KILN_OK);
}

/// Four threads, each with a context: right numbers, and nothing is made after the contexts are.
TEST(CudaRun, SeveralThreadsMakeNothing) {
  Fake fake;
  DeviceToy toy;
  {
    Context contexts[4] = {Context(toy), Context(toy), Context(toy), Context(toy)};
    size_t before = fake.log().size();
    std::vector<std::thread> threads;
    for (Context &context : contexts)
      threads.emplace_back([&context] {
        for (int i = 0; i < 10; ++i) {
          DeviceCall call;
          call.outputs[1].data = call.s;
          EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
          EXPECT_THAT(call.y, isY());
          EXPECT_THAT(call.s, ElementsAre(108, 215, 322, 429, 536, 643));
        }
      });
    for (std::thread &thread : threads)
      thread.join();
    std::string ran = fake.log().substr(before);
    for (const char *made : {"cuMemAlloc", "cuModuleLoad", "cuStreamCreate", "cuEventCreate", "cuGraphAdd", "cuGraphInstantiate",
                             "cuFuncSet", "cuDevicePrimaryCtxRetain"})
      EXPECT_EQ(ran.find(made), std::string::npos) << made;
  }
  EXPECT_EQ(fake.live(), 0);
}

TEST(CudaRun, SeveralContextsAtOnce) {
  Fake fake;
  DeviceToy toy;
  {
    Context one(toy), two(toy);
    EXPECT_NE(kiln_device_of(one)->stream, kiln_device_of(two)->stream);
    auto work = [](kiln_context *context) {
      for (int i = 0; i < 20; ++i) {
        DeviceCall call;
        EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << kiln_message(context);
        EXPECT_THAT(call.y, isY());
      }
    };
    std::thread first(work, one.context), second(work, two.context);
    first.join();
    second.join();
  }
  EXPECT_EQ(fake.live(), 0);
}

TEST(CudaRun, TheCallersStream) {
  Fake fake(Settings{{"CARDS", "3"}});
  DeviceToy toy;
  Context first(toy);
  kiln_options options = {};
  options.device_stream = kiln_device_of(first)->stream;
  Context second(toy, options);
  ASSERT_EQ(second.status, KILN_OK) << second.message();
  EXPECT_EQ(kiln_device_of(second)->stream, options.device_stream);
  EXPECT_EQ(fake.count("cuStreamCreate"), 1);
  kiln_options other = {};
  other.device_number = 2;
  Context third(toy, other);
  EXPECT_EQ(fake.count("cuDevicePrimaryCtxRetain 2"), 1);
  EXPECT_STREQ(kiln_device_of(third)->name, "Fake card 2");
  EXPECT_EQ(kiln_device_of(third)->capability, 80);
  DeviceCall call;
  ASSERT_EQ(kiln_run(third, call.inputs, call.outputs), KILN_OK);
}

TEST(CudaRun, EachStepIsTimed) {
  Fake fake;
  DeviceToy toy;
  Context context(toy);
  DeviceCall call;
  OnCard card(context, call);
  std::vector<std::pair<std::string, float>> steps;
  auto note = [](void *user, const char *name, float milliseconds) {
    static_cast<decltype(steps) *>(user)->emplace_back(name, milliseconds);
  };
  ASSERT_EQ(card.device->time(context, call.inputs, call.outputs, note, &steps), KILN_OK) << context.message();
  std::string names;
  for (const auto &[name, milliseconds] : steps) {
    names += name + "|";
    EXPECT_EQ(name == "axpy", milliseconds > 0.05f && milliseconds < 1) << name << " " << milliseconds;
  }
  EXPECT_EQ(names, "check|zero|axpy|copy|to host|add one|to device|axpy|axpy|");
  EXPECT_THAT(card.read(3), isY());
}

TEST(CudaRun, ImagesAreChosenByCapability) {
  static const uint8_t cubin[] = "\177ELF, or so the fake driver is to think", unknown[] = "\177ELF of a later assembler";
  struct {
    const char *card, *kind;
    std::vector<kiln_device_image> images;
  } cases[] = {
      {"80", "cubin", {{80, sizeof cubin, cubin, axpy}}},
      {"89", "cubin", {{80, sizeof cubin, cubin, axpy}}},
      {"90", "ptx", {{80, sizeof cubin, cubin, axpy}}},
      {"90", "cubin", {{80, sizeof cubin, cubin, axpy}, {90, sizeof cubin, cubin, nullptr}}},
      {"86", "cubin", {{80, sizeof cubin, cubin, axpy}, {90, sizeof cubin, cubin, nullptr}}},
      {"120", "ptx", {{80, sizeof cubin, cubin, axpy}, {90, sizeof cubin, cubin, nullptr}}},
      {"80", "ptx", {{80, sizeof unknown, unknown, axpy}}},
  };
  for (const auto &one : cases) {
    Fake fake(Settings{{"CAPABILITY", one.card}});
    DeviceToy toy;
    toy.device.images = one.images.data();
    toy.kernels[0].image_count = toy.device.image_count = static_cast<uint32_t>(one.images.size());
    Context context(toy);
    EXPECT_EQ(context.status, KILN_OK) << context.message();
    EXPECT_EQ(fake.count(std::string("cuModuleLoadDataEx ") + one.kind), 1) << one.card << fake.log();
  }
}

/// A driver that loads lazily finds out late that it does not know a cubin.
TEST(CudaRun, ACubinWithoutItsFunctionGivesWayToPtx) {
  static const uint8_t cubin[] = "\177ELF, or so the fake driver is to think";
  Fake fake(Settings{{"FAIL", "cuModuleGetFunction:1=209"}});
  DeviceToy toy;
  toy.images[0] = {80, sizeof cubin, cubin, axpy};
  {
    Context context(toy);
    ASSERT_EQ(context.status, KILN_OK) << context.message();
    DeviceCall call;
    ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
    EXPECT_THAT(call.y, isY());
  }
  EXPECT_EQ(fake.live(), 0);
}

TEST(CudaRun, MuchSharedMemoryIsAskedFor) {
  Fake fake;
  DeviceToy toy;
  toy.steps[2].shared = 100 << 10;
  Context context(toy);
  ASSERT_EQ(context.status, KILN_OK) << context.message();
  EXPECT_EQ(fake.count("cuFuncSetAttribute axpy 102400"), 1);
}
} // namespace
