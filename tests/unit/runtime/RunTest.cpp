//===- RunTest.cpp - what a call must be, and what is said when it is not ---===//
#include "Toy.h"
#include <gtest/gtest.h>
#include <thread>

namespace {
class Run : public testing::Test {
protected:
  Toy toy;
  Context context{toy};
  Call call;
  std::string refused(kiln_status expected = KILN_INVALID_ARGUMENT) {
    EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), expected);
    for (float value : call.y)
      EXPECT_EQ(value, 0) << "a refused call wrote its output";
    return context.message();
  }
};

TEST_F(Run, Computes) {
  for (int times = 0; times < 3; ++times) {
    ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(call.y[i], 2 * (i + 1));
  }
}

TEST_F(Run, WrongDimension) {
  call.inputs[0].shape[1] = 4;
  EXPECT_EQ(refused(), "toy: input 'x': expected float32[2,3], found float32[2,4]");
  call.inputs[0].shape[1] = 3;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << "an error must not last";
  EXPECT_EQ(context.message(), "");
}

TEST_F(Run, WrongRank) {
  call.inputs[0].rank = 1;
  EXPECT_EQ(refused(), "toy: input 'x': expected float32[2,3], found float32[2]");
  for (int32_t rank : {-1, 9, 1 << 30}) {
    call.inputs[0].rank = rank;
    EXPECT_EQ(refused(), "toy: input 'x': expected float32[2,3], found float32 of impossible rank");
  }
  call.inputs[0].rank = 0;
  EXPECT_EQ(refused(), "toy: input 'x': expected float32[2,3], found float32[]");
}

TEST_F(Run, WrongDtype) {
  call.outputs[0].dtype = KILN_F64;
  EXPECT_EQ(refused(), "toy: output 'y': expected float32[2,3], found float64[2,3]");
  call.outputs[0].dtype = static_cast<kiln_dtype>(77);
  EXPECT_EQ(refused(), "toy: output 'y': expected float32[2,3], found dtype 77[2,3]");
}

TEST_F(Run, HugeShapesAreDescribed) {
  call.inputs[0].rank = 8;
  for (auto &dimension : call.inputs[0].shape)
    dimension = INT64_MIN;
  EXPECT_NE(refused().find("[-9223372036854775808,"), std::string::npos);
}

TEST_F(Run, NullData) {
  call.inputs[1].data = nullptr;
  EXPECT_EQ(refused(), "toy: input 'i': expected data, found NULL");
}

TEST_F(Run, NullTensors) {
  EXPECT_EQ(kiln_run(context, nullptr, call.outputs), KILN_INVALID_ARGUMENT);
  EXPECT_EQ(context.message(), "toy: expected 2 inputs and 1 outputs, found NULL");
  EXPECT_EQ(kiln_run(context, call.inputs, nullptr), KILN_INVALID_ARGUMENT);
}

TEST_F(Run, CrookedData) {
  call.inputs[0].data = reinterpret_cast<char *>(call.x) + 1;
  EXPECT_NE(refused().find("toy: input 'x': expected data aligned to 4, found 0x"), std::string::npos);
}

TEST_F(Run, OverlappingOutput) {
  float both[9] = {};
  call.inputs[0].data = both;
  call.outputs[0].data = both + 3;
  EXPECT_EQ(refused(), "toy: output 'y': expected memory of its own, found that of input 'x'");
}

TEST_F(Run, IndicesOutOfRange) {
  call.i[1] = 10;
  EXPECT_EQ(refused(KILN_OUT_OF_RANGE), "toy: node 'gather_3': expected indices from -10 to 9, found 10 at position 1");
  call.i[1] = INT32_MIN;
  EXPECT_NE(refused(KILN_OUT_OF_RANGE).find("found -2147483648 at position 1"), std::string::npos);
}

TEST_F(Run, WideIndicesOutOfRange) {
  const int64_t indices[] = {4, -5, 0, INT64_C(1) << 32};
  EXPECT_EQ(kiln_check_indices(context, "g", indices, 8, 3, 5), KILN_OK);
  EXPECT_EQ(kiln_check_indices(context, "g", indices, 8, 4, 5), KILN_OUT_OF_RANGE);
  EXPECT_NE(context.message().find("found 4294967296 at position 3"), std::string::npos);
  EXPECT_EQ(kiln_check_indices(context, "g", indices, 8, 0, 0), KILN_OK);
}

TEST_F(Run, LongNamesDoNotOverflowTheMessage) {
  std::string name(5000, 'n');
  toy.inputs[0].name = name.c_str();
  call.inputs[0].dtype = KILN_U8;
  EXPECT_LT(refused().size(), 512u);
  EXPECT_NE(context.message().find("expected float32[2,3]"), std::string::npos);
}

TEST_F(Run, AProgramThatFailsWithoutAWord) {
  toy.model.run = [](const kiln_frame *) { return KILN_IO; };
  EXPECT_EQ(refused(KILN_IO), "toy: the program failed");
}

// The program of one thread waits inside its run until another thread has been turned away.
TEST_F(Run, BusyContext) {
  struct Shared {
    kiln_status second = KILN_OK;
    kiln_context *context;
    Call call;
  };
  static Shared *shared; // a program has no argument of its own
  Shared here;
  here.context = context;
  shared = &here;
  toy.model.run = [](const kiln_frame *) {
    std::thread other([] { shared->second = kiln_run(shared->context, shared->call.inputs, shared->call.outputs); });
    other.join();
    return KILN_OK;
  };
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
  EXPECT_EQ(here.second, KILN_BUSY);
}

TEST(RunEmpty, TensorsOfNoElementsNeedNoData) {
  Toy toy;
  toy.inputs[0].shape[0] = toy.outputs[0].shape[0] = 0;
  toy.model.run = [](const kiln_frame *frame) { return frame->inputs[0] == nullptr ? KILN_OK : KILN_IO; };
  Context context(toy);
  Call call;
  call.inputs[0].shape[0] = call.outputs[0].shape[0] = 0;
  call.inputs[0].data = call.outputs[0].data = nullptr;
  EXPECT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK) << context.message();
}

TEST(RunTwo, TwoThreadsEachWithAContext) {
  Toy toy;
  auto body = [&toy](int threads) {
    kiln_options options = {};
    options.threads = threads;
    Context context(toy, options);
    Call call;
    for (int times = 0; times < 2000; ++times) {
      call.x[times % 6] = static_cast<float>(times);
      ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
      for (int i = 0; i < 6; ++i)
        ASSERT_EQ(call.y[i], 2 * call.x[i]);
    }
  };
  std::thread one(body, 1), two(body, 2);
  one.join();
  two.join();
}
} // namespace
