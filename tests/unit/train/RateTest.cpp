//===- RateTest.cpp - learning rates that are known --------------------------------------===//
#include "runtime/train/rate.h"
#include <gtest/gtest.h>

namespace {
kiln_rate rate(kiln_schedule schedule) { return {schedule, 0.5, 0.1, 0, 2, 0, 100, 10}; } // 10 epochs of 10 updates

TEST(Rate, Constant) {
  kiln_rate constant = rate(KILN_CONSTANT);
  for (int64_t done : {0, 50, 99})
    EXPECT_EQ(kiln_rate_at(&constant, done, 1), 0.5);
}

TEST(Rate, StepFallsEveryTwoEpochs) {
  kiln_rate step = rate(KILN_STEP);
  EXPECT_EQ(kiln_rate_at(&step, 19, 1), 0.5);
  EXPECT_DOUBLE_EQ(kiln_rate_at(&step, 20, 1), 0.05);
  EXPECT_DOUBLE_EQ(kiln_rate_at(&step, 59, 1), 0.005);
  step.minimum = 0.01;
  EXPECT_EQ(kiln_rate_at(&step, 59, 1), 0.01);
}

TEST(Rate, ExponentialFallsEveryEpoch) {
  kiln_rate exponential = rate(KILN_EXPONENTIAL);
  exponential.decay = 0.5;
  EXPECT_EQ(kiln_rate_at(&exponential, 9, 1), 0.5);
  EXPECT_EQ(kiln_rate_at(&exponential, 10, 1), 0.25);
  EXPECT_EQ(kiln_rate_at(&exponential, 35, 1), 0.0625);
}

TEST(Rate, CosineEndsAtTheMinimum) {
  kiln_rate cosine = rate(KILN_COSINE);
  cosine.minimum = 0.1;
  cosine.total = 101;
  EXPECT_EQ(kiln_rate_at(&cosine, 0, 1), 0.5);
  EXPECT_DOUBLE_EQ(kiln_rate_at(&cosine, 50, 1), 0.3);
  EXPECT_NEAR(kiln_rate_at(&cosine, 25, 1), 0.3 + 0.2 * 0.70710678118654752, 1e-15);
  EXPECT_DOUBLE_EQ(kiln_rate_at(&cosine, 100, 1), 0.1);
  EXPECT_DOUBLE_EQ(kiln_rate_at(&cosine, 500, 1), 0.1);
}

TEST(Rate, WarmUpRisesInEqualSteps) {
  kiln_rate warm = rate(KILN_COSINE);
  warm.warmup = 4;
  EXPECT_EQ(kiln_rate_at(&warm, 0, 1), 0.125);
  EXPECT_EQ(kiln_rate_at(&warm, 2, 1), 0.375);
  EXPECT_EQ(kiln_rate_at(&warm, 3, 1), 0.5);
  EXPECT_EQ(kiln_rate_at(&warm, 4, 1), 0.5) << "the schedule begins after it";
  EXPECT_NEAR(kiln_rate_at(&warm, 99, 1), 0, 1e-16);
}

TEST(Rate, PlateauTakesItsFactor) {
  kiln_rate plateau = rate(KILN_PLATEAU);
  EXPECT_EQ(kiln_rate_at(&plateau, 99, 0.25), 0.125);
  plateau.minimum = 0.2;
  EXPECT_EQ(kiln_rate_at(&plateau, 99, 0.25), 0.2);
}

TEST(Rate, Names) {
  kiln_error error;
  kiln_schedule schedule;
  EXPECT_TRUE(kiln_schedule_find(&schedule, nullptr, &error));
  EXPECT_EQ(schedule, KILN_CONSTANT);
  EXPECT_TRUE(kiln_schedule_find(&schedule, "plateau", &error));
  EXPECT_EQ(schedule, KILN_PLATEAU);
  EXPECT_FALSE(kiln_schedule_find(&schedule, "cosin", &error));
  EXPECT_STREQ(error.text, "schedule: expected constant, step, exponential, cosine or plateau, found 'cosin'");
}
} // namespace
