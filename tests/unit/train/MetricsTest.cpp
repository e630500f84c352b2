//===- MetricsTest.cpp - metrics of small sets, counted by hand ---------------------------===//
#include "runtime/train/metrics.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace {
class Metrics : public testing::Test {
protected:
  kiln_metrics metrics = {};
  kiln_error error = {};
  ~Metrics() override { kiln_metrics_close(&metrics); }
  bool open(const char *list, kiln_tensor_info prediction, kiln_tensor_info target, int64_t rows = 100, double threshold = 0.5) {
    return kiln_metrics_open(&metrics, list, &prediction, &target, rows, threshold, &error);
  }
  double value(int32_t index, double loss = 0) { return kiln_metrics_value(&metrics, index, loss); }
};
const kiln_tensor_info threeScores = {"prediction", KILN_F32, 2, {8, 3}}, class8 = {"target", KILN_I64, 1, {8}};

// Targets 0 0 1 1 2 2, predictions 0 1 1 1 2 0: the matrix is [[1,1,0],[0,2,0],[1,0,1]].
const std::vector<float> scores = {.7f, .2f, .1f, .1f, .6f, .3f, .2f, .5f, .3f, 0, 9, 1, -3, -2, -1, .5f, .2f, .3f};
const std::vector<int64_t> classes = {0, 0, 1, 1, 2, 2};

TEST_F(Metrics, OfClasses) {
  ASSERT_TRUE(open("accuracy,top-2,top-3,precision,recall,confusion-matrix,perplexity", threeScores, class8)) << error.text;
  kiln_metrics_add(&metrics, scores.data(), classes.data(), 4); // in two batches, the second with rows that do not count
  kiln_metrics_add(&metrics, scores.data() + 12, classes.data() + 4, 2);
  EXPECT_DOUBLE_EQ(value(0), 4.0 / 6);
  EXPECT_DOUBLE_EQ(value(1), 5.0 / 6) << "row 1: 0 is the last of three";
  EXPECT_DOUBLE_EQ(value(2), 1);
  EXPECT_DOUBLE_EQ(value(3), (1.0 / 2 + 2.0 / 3 + 1) / 3);
  EXPECT_DOUBLE_EQ(value(4), (1.0 / 2 + 1 + 1.0 / 2) / 3);
  EXPECT_TRUE(std::isnan(value(5))) << "a matrix is no number";
  EXPECT_DOUBLE_EQ(value(6, std::log(7.0)), 7);
  json_t *matrix = kiln_metrics_confusion(&metrics);
  char *text = json_dumps(matrix, JSON_COMPACT);
  EXPECT_STREQ(text, "[[1,1,0],[0,2,0],[1,0,1]]");
  free(text);
  json_decref(matrix);
  kiln_metrics_reset(&metrics);
  EXPECT_TRUE(std::isnan(value(0)));
  kiln_metrics_add(&metrics, scores.data(), classes.data(), 1);
  EXPECT_EQ(value(0), 1);
  EXPECT_DOUBLE_EQ(value(3), 1.0 / 3) << "classes that never occur count 0";
}

TEST_F(Metrics, OfOneHotRows) {
  ASSERT_TRUE(open("accuracy,top-2", threeScores, {"target", KILN_F32, 2, {8, 3}}));
  const std::vector<float> hot = {1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1};
  kiln_metrics_add(&metrics, scores.data(), hot.data(), 6);
  EXPECT_DOUBLE_EQ(value(0), 4.0 / 6);
  EXPECT_DOUBLE_EQ(value(1), 5.0 / 6);
}

TEST_F(Metrics, OfSequences) {
  ASSERT_TRUE(open("accuracy", {"prediction", KILN_F32, 3, {2, 3, 2}}, {"target", KILN_I64, 2, {2, 3}}));
  const std::vector<float> prediction = {1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1};
  const std::vector<int64_t> target = {0, 1, 1, 0, 1, 1};
  kiln_metrics_add(&metrics, prediction.data(), target.data(), 2);
  EXPECT_DOUBLE_EQ(value(0), 4.0 / 6);
}

TEST_F(Metrics, Binary) {
  ASSERT_TRUE(open("accuracy,binary-accuracy,precision,recall,roc-auc,mae,rmse", {"prediction", KILN_F32, 2, {8, 1}},
                   {"target", KILN_F32, 2, {8, 1}}));
  const std::vector<float> prediction = {.9f, .4f, .6f, .2f, .5f}, target = {1, 1, 0, 0, 0};
  kiln_metrics_add(&metrics, prediction.data(), target.data(), 5);
  EXPECT_DOUBLE_EQ(value(0), 3.0 / 5);
  EXPECT_DOUBLE_EQ(value(1), 3.0 / 5);
  EXPECT_DOUBLE_EQ(value(2), 1.0 / 2);
  EXPECT_DOUBLE_EQ(value(3), 1.0 / 2);
  EXPECT_DOUBLE_EQ(value(4), 4.0 / 6) << ".9 beats three, .4 beats one, of six pairs";
  EXPECT_NEAR(value(5), (.1 + .6 + .6 + .2 + .5) / 5, 1e-7);
  EXPECT_NEAR(value(6), std::sqrt((.01 + .36 + .36 + .04 + .25) / 5), 1e-7);
}

TEST_F(Metrics, TwoClassesAreBinary) {
  ASSERT_TRUE(open("precision,recall,roc-auc,binary-accuracy", {"prediction", KILN_F32, 2, {8, 2}}, class8));
  const std::vector<float> prediction = {0, 1, 0, 2, 3, 0, 0, .5f}; // margins 1 2 -3 .5
  const std::vector<int64_t> target = {0, 1, 1, 1};
  kiln_metrics_add(&metrics, prediction.data(), target.data(), 4);
  EXPECT_DOUBLE_EQ(value(0), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value(1), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value(2), 1.0 / 3);
  EXPECT_DOUBLE_EQ(value(3), 2.0 / 4);
}

TEST_F(Metrics, ThresholdOfLogits) {
  ASSERT_TRUE(open("binary-accuracy", {"prediction", KILN_F32, 2, {8, 1}}, {"target", KILN_F32, 2, {8, 1}}, 100, 0));
  const std::vector<float> prediction = {.2f, -.2f}, target = {1, 0};
  kiln_metrics_add(&metrics, prediction.data(), target.data(), 2);
  EXPECT_EQ(value(0), 1);
}

// Against the definition: the share of pairs in order, ties counting half.
TEST(Ranking, IsTheShareOfPairs) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    size_t count = 1 + random() % 40;
    std::vector<float> values(count);
    std::vector<uint8_t> labels(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = float(random() % 8), labels[i] = random() % 2;
    double right = 0, pairs = 0;
    for (size_t i = 0; i < count; ++i)
      for (size_t k = 0; k < count; ++k)
        if (labels[i] && !labels[k])
          ++pairs, right += values[i] > values[k] ? 1 : values[i] == values[k] ? 0.5 : 0;
    double found = kiln_roc_auc(values.data(), labels.data(), static_cast<int64_t>(count));
    if (pairs > 0)
      EXPECT_DOUBLE_EQ(found, right / pairs);
    else
      EXPECT_TRUE(std::isnan(found)) << "one class only";
  }
}

TEST_F(Metrics, RefusesWhatDoesNotSuit) {
  EXPECT_FALSE(open("acuracy", threeScores, class8));
  EXPECT_EQ(std::string(error.text).find("metrics: there is none called 'acuracy'; there are accuracy, top-K"), 0u);
  for (const char *list : {"top-0", "top-x", "top-", "mae", "roc-auc", "binary-accuracy", "accuracyy", ",accuracy"})
    EXPECT_FALSE(open(list, threeScores, class8)) << list;
  EXPECT_FALSE(open("rmse", threeScores, class8));
  EXPECT_STREQ(error.text, "metrics: 'rmse' does not suit this model's prediction and target");
  EXPECT_TRUE(open(nullptr, threeScores, class8));
}
} // namespace
