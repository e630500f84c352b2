//===- FeedTest.cpp - columns become tensors, and tensors batches on another thread -------===//
#include "Files.h"
#include "runtime/train/loader.h"
#include <gtest/gtest.h>
#include <numeric>

namespace {
/// A column over the test's own values.
template <typename T> kiln_column column(const std::vector<T> &values, kiln_dtype dtype, std::vector<int64_t> row) {
  kiln_column result = {};
  int64_t elements = 1;
  for (int64_t extent : row)
    result.shape[result.rank++] = extent, elements *= extent;
  snprintf(result.path, sizeof result.path, "data");
  result.dtype = dtype;
  result.rows = static_cast<int64_t>(values.size()) / elements;
  result.stride = static_cast<size_t>(elements) * sizeof(T);
  result.data = reinterpret_cast<const uint8_t *>(values.data());
  return result;
}

class Feeding : public testing::Test {
protected:
  kiln_feed feed;
  kiln_error error = {};
  bool bind(const kiln_column &column, const kiln_tensor_info &tensor, int64_t classes = 0, double scale = 1, double shift = 0) {
    return kiln_feed_bind(&feed, &column, &tensor, scale, shift, classes, &error);
  }
  template <typename T> std::vector<T> fill(std::vector<uint32_t> rows, size_t size) {
    std::vector<T> values(size);
    kiln_feed_clear(&feed, values.data());
    kiln_feed_fill(&feed, values.data(), rows.data(), static_cast<int64_t>(rows.size()));
    return values;
  }
};

TEST_F(Feeding, ScalesBytes) {
  std::vector<uint8_t> bytes = {0, 51, 255, 102};
  kiln_column from = column(bytes, KILN_U8, {2});
  kiln_tensor_info to = {"x", KILN_F32, 3, {2, 1, 2}};
  ASSERT_TRUE(bind(from, to, 0, 0.5, -1)) << error.text;
  EXPECT_EQ(fill<float>({1, 0}, 4), (std::vector<float>{126.5f, 50, -1, 24.5f}));
}

TEST_F(Feeding, ConvertsNumbers) {
  std::vector<double> numbers = {1.5, -2, 3e9};
  kiln_column from = column(numbers, KILN_F64, {});
  kiln_tensor_info floats = {"x", KILN_F32, 2, {3, 1}}, longs = {"x", KILN_I64, 1, {3}}, doubles = {"x", KILN_F64, 1, {3}};
  ASSERT_TRUE(bind(from, floats, 0, 2, 1));
  EXPECT_EQ(fill<float>({0, 1, 2}, 3), (std::vector<float>{4, -3, 6e9f}));
  ASSERT_TRUE(bind(from, longs));
  EXPECT_EQ(fill<int64_t>({2, 1}, 3), (std::vector<int64_t>{3000000000, -2, 0}));
  ASSERT_TRUE(bind(from, doubles));
  EXPECT_EQ(fill<double>({0, 1, 2}, 3), numbers);
}

TEST_F(Feeding, PutsSmallPicturesIntoTheMiddle) {
  std::vector<uint8_t> bytes = {1, 2, 3, 4, 5, 6};
  kiln_column from = column(bytes, KILN_U8, {2, 3});
  kiln_tensor_info to = {"x", KILN_F32, 4, {1, 1, 5, 5}};
  ASSERT_TRUE(bind(from, to, 0, 1, 10)) << error.text;
  std::vector<float> expected(25, 10);
  for (int i = 0; i < 6; ++i)
    expected[(1 + i / 3) * 5 + 1 + i % 3] = float(11 + i);
  EXPECT_EQ(fill<float>({0}, 25), expected);
  kiln_tensor_info last = {"x", KILN_F32, 4, {1, 4, 3, 1}};
  ASSERT_TRUE(bind(from, last)) << "channels last, padded in one dimension";
  EXPECT_EQ(fill<float>({0}, 12), (std::vector<float>{0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0}));
}

TEST_F(Feeding, PutsColourPlanesIntoTheMiddle) {
  std::vector<uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  kiln_column from = column(bytes, KILN_U8, {2, 2, 2});
  kiln_tensor_info to = {"x", KILN_F32, 4, {1, 2, 4, 2}};
  ASSERT_TRUE(bind(from, to));
  EXPECT_EQ(fill<float>({0}, 16), (std::vector<float>{0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8, 0, 0}));
}

TEST_F(Feeding, RefusesOtherShapes) {
  std::vector<uint8_t> bytes(36);
  kiln_column picture = column(bytes, KILN_U8, {6, 6}), line = column(bytes, KILN_U8, {4});
  kiln_tensor_info small = {"x", KILN_F32, 4, {8, 1, 5, 9}}, longer = {"x", KILN_F32, 2, {8, 5}}, half = {"x", KILN_F16, 2, {8, 4}};
  EXPECT_FALSE(bind(picture, small));
  EXPECT_STREQ(error.text, "data: rows of uint8[6,6] do not fit the model's 'x', whose rows are float32[1,5,9]");
  EXPECT_FALSE(bind(line, longer)) << "features are no picture";
  EXPECT_FALSE(bind(line, half));
  EXPECT_STREQ(error.text, "input 'x': data sets have no elements of float16");
}

TEST_F(Feeding, ChecksLabels) {
  std::vector<uint8_t> labels = {0, 2, 1, 3};
  kiln_column from = column(labels, KILN_U8, {});
  kiln_tensor_info indices = {"target", KILN_I64, 1, {4}}, rows = {"target", KILN_F32, 2, {4, 4}},
                   three = {"target", KILN_F32, 2, {4, 3}};
  ASSERT_TRUE(bind(from, indices, 4));
  EXPECT_EQ(fill<int64_t>({3, 0}, 2), (std::vector<int64_t>{3, 0}));
  EXPECT_FALSE(bind(from, indices, 3));
  EXPECT_STREQ(error.text, "data: row 3: expected a label from 0 to 2, found 3");
  EXPECT_FALSE(bind(from, three, 3));
  ASSERT_TRUE(bind(from, rows, 4));
  EXPECT_EQ(fill<float>({1, 3}, 8), (std::vector<float>{0, 0, 1, 0, 0, 0, 0, 1})) << "one-hot";
  std::vector<double> halves = {0.5};
  EXPECT_FALSE(bind(column(halves, KILN_F64, {}), indices, 4));
  EXPECT_STREQ(error.text, "data: row 0: expected a label from 0 to 3, found 0.5");
  std::vector<int8_t> negative = {-1};
  EXPECT_FALSE(bind(column(negative, KILN_I8, {}), indices, 4));
}

class Loading : public testing::Test {
protected:
  static constexpr int64_t size = 4;
  std::vector<int32_t> numbers = std::vector<int32_t>(50);
  kiln_column from;
  kiln_tensor_info to = {"x", KILN_I64, 1, {size}};
  kiln_feed feed;
  kiln_loader loader;
  kiln_error error = {};
  void SetUp() override {
    std::iota(numbers.begin(), numbers.end(), 100);
    from = column(numbers, KILN_I32, {});
    ASSERT_TRUE(kiln_feed_bind(&feed, &from, &to, 1, 0, 0, &error));
    ASSERT_TRUE(kiln_loader_open(&loader, &feed, 1, size, &error));
  }
  void TearDown() override { kiln_loader_close(&loader); }
  std::vector<std::vector<int64_t>> drain(std::vector<int64_t> *counts = nullptr, std::vector<float> *weights = nullptr) {
    std::vector<std::vector<int64_t>> batches;
    while (const kiln_batch *batch = kiln_loader_next(&loader)) {
      auto *values = static_cast<const int64_t *>(batch->tensors[0]);
      batches.emplace_back(values, values + size);
      if (counts)
        counts->push_back(batch->rows);
      if (weights)
        weights->assign(batch->weight, batch->weight + size);
      for (int i = 0; i < size; ++i)
        EXPECT_EQ(int64_t(batch->chosen[i]) + 100, values[i]);
    }
    return batches;
  }
};

TEST_F(Loading, FillsThePartialBatch) {
  std::vector<uint32_t> order = {5, 4, 3, 2, 1, 0};
  std::vector<int64_t> counts;
  std::vector<float> weights;
  kiln_loader_start(&loader, order.data(), 6, 0);
  EXPECT_EQ(drain(&counts, &weights), (std::vector<std::vector<int64_t>>{{105, 104, 103, 102}, {101, 100, 105, 104}}));
  EXPECT_EQ(counts, (std::vector<int64_t>{4, 2}));
  EXPECT_EQ(weights, (std::vector<float>{1, 1, 0, 0}));
  EXPECT_EQ(kiln_loader_next(&loader), nullptr);
  kiln_loader_start(&loader, order.data(), 1, 0);
  EXPECT_EQ(drain(), (std::vector<std::vector<int64_t>>{{105, 105, 105, 105}})) << "fewer rows than a batch";
}

TEST_F(Loading, BeginsAnywhereAndAnew) {
  std::vector<uint32_t> order(50), other(50, 7);
  std::iota(order.begin(), order.end(), 0);
  for (int round = 0; round < 50; ++round) {
    kiln_loader_start(&loader, other.data(), 50, 0);
    for (int i = 0; i < round % 4; ++i)
      EXPECT_EQ(static_cast<int64_t *>(kiln_loader_next(&loader)->tensors[0])[0], 107);
    kiln_loader_start(&loader, order.data(), 50, 40);
    EXPECT_EQ(drain(), (std::vector<std::vector<int64_t>>{{140, 141, 142, 143}, {144, 145, 146, 147}, {148, 149, 100, 101}}));
  }
  kiln_loader_start(&loader, order.data(), 50, 50);
  EXPECT_EQ(kiln_loader_next(&loader), nullptr) << "an epoch that is done";
}
} // namespace
