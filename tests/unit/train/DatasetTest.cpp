//===- DatasetTest.cpp - files find each other, and the model's names their columns --------===//
#include "runtime/train/dataset.h"
#include "Files.h"
#include <filesystem>
#include <gtest/gtest.h>

namespace {
class Opening : public testing::Test {
protected:
  Folder folder;
  kiln_dataset data = {}, held = {};
  kiln_error error = {};
  const char *two[2] = {"x", "target"}, *three[3] = {"left", "right", "target"};
  ~Opening() override { close(); }
  void close() {
    kiln_dataset_close(&data);
    kiln_dataset_close(&held);
  }
  bool open(const std::string &path, const std::string &labels = "", const char *format = nullptr, bool pair = false) {
    close();
    kiln_source source = {};
    source.data = path.c_str();
    source.labels = labels.empty() ? nullptr : labels.c_str();
    source.format = format;
    source.length = 3;
    source.names = pair ? 3 : 2;
    source.name = pair ? three : two;
    return kiln_dataset_open(&data, &held, &source, &error);
  }
  double first(const kiln_dataset &set, int32_t column) { return kiln_column_value(&set.columns[column], 0, 0); }
  /// The error without the folder's path.
  std::string message() {
    std::string text = error.text;
    for (size_t at; (at = text.find(folder.path)) != std::string::npos;)
      text.erase(at, folder.path.size());
    return text;
  }
};

TEST_F(Opening, MnistFolder) {
  for (const char *end : {"", ".gz"}) {
    Folder own;
    auto put = [&](const std::string &name, const std::string &bytes) { own.put(name + end, *end ? gzip(bytes) : bytes); };
    put("train-images-idx3-ubyte", idx({3, 2, 2}, "abcdefghijkl"));
    put("train-labels-idx1-ubyte", idx({3}, "\1\2\3"));
    ASSERT_TRUE(open(own.path)) << error.text;
    EXPECT_EQ(data.rows, 3);
    EXPECT_EQ(held.rows, 0) << "there need not be any";
    put("t10k-images-idx3-ubyte", idx({1, 2, 2}, "zyxw"));
    put("t10k-labels-idx1-ubyte", idx({1}, "\7"));
    ASSERT_TRUE(open(own.path)) << error.text;
    EXPECT_EQ(first(data, 0), 'a');
    EXPECT_EQ(held.rows, 1);
    EXPECT_EQ(first(held, 1), 7);
    put("t10k-labels-idx1-ubyte", "damaged");
    EXPECT_FALSE(open(own.path)) << "but what is there must be sound";
  }
  EXPECT_FALSE(open(folder.path));
  EXPECT_EQ(message(),
            ": expected a folder with train-images-idx3-ubyte and train-labels-idx1-ubyte (.gz), or train.npz, .csv or .txt");
}

TEST_F(Opening, OtherFolders) {
  folder.put("train.csv", "1,2\n3,4\n");
  folder.put("test.csv", "5,6\n");
  ASSERT_TRUE(open(folder.path)) << error.text;
  EXPECT_EQ(data.rows, 2);
  EXPECT_EQ(first(held, 0), 5);
}

TEST_F(Opening, FormatsByContent) {
  std::string labels = folder.put("y", npy("|u1", "(2,)", "\1\2"));
  ASSERT_TRUE(open(folder.put("x", idx({2, 2}, "abcd")), labels)) << error.text;
  EXPECT_EQ(first(data, 1), 1);
  ASSERT_TRUE(open(folder.put("x.gz", gzip(idx({2, 2}, "abcd"))), labels)) << error.text;
  ASSERT_TRUE(open(folder.put("x", npy("<f4", "(2, 1)", bytesOf<float>({5, 6}))), labels)) << error.text;
  EXPECT_EQ(first(data, 0), 5);
  ASSERT_TRUE(open(folder.put("x", "to be or not"))) << error.text;
  EXPECT_TRUE(data.ordered);
  EXPECT_EQ(data.rows, 3);
  ASSERT_TRUE(open(folder.put("x", "1,2\n3,4\n"), "", "csv")) << error.text;
  EXPECT_EQ(data.rows, 2);
}

TEST_F(Opening, ArraysByName) {
  auto array = [](int value) { return npy("<i4", "(1,)", bytesOf<int32_t>({value})); };
  std::string path = folder.file("a.npz");
  putNpz(path, {{"target", array(1)}, {"x", array(2)}});
  ASSERT_TRUE(open(path)) << error.text;
  EXPECT_EQ(first(data, 0), 2);
  EXPECT_EQ(first(data, 1), 1);
  putNpz(path, {{"x_test", array(1)}, {"x_train", array(2)}, {"y_train", array(3)}, {"y_test", array(4)}});
  ASSERT_TRUE(open(path)) << error.text;
  EXPECT_EQ(first(data, 0), 2);
  EXPECT_EQ(first(data, 1), 3);
  EXPECT_EQ(first(held, 0), 1);
  EXPECT_EQ(first(held, 1), 4);
  putNpz(path, {{"right", array(1)}, {"target", array(2)}, {"left", array(3)}});
  ASSERT_TRUE(open(path, "", nullptr, true)) << error.text;
  EXPECT_EQ(first(data, 0), 3);
  EXPECT_EQ(first(data, 1), 1);
  EXPECT_FALSE(open(path));
  EXPECT_EQ(message(), "/a.npz: expected an array called 'x', found none");
}

TEST_F(Opening, WhatDoesNotFit) {
  std::string x = folder.put("x", idx({3, 2}, "abcdef")), y = folder.put("y", idx({2}, "ab"));
  EXPECT_FALSE(open(x, y));
  EXPECT_EQ(message(), "/x has 3 rows, /y has 2: expected as many");
  EXPECT_FALSE(open(x));
  EXPECT_EQ(message(), "/x: it holds no labels; name their file with --labels");
  EXPECT_FALSE(open(x, folder.file("none")));
  EXPECT_EQ(message(), "/none: No such file or directory");
  EXPECT_FALSE(open(folder.file("none")));
  EXPECT_EQ(message(), "/none: No such file or directory");
  EXPECT_FALSE(open(x, folder.put("z", "no data file")));
  EXPECT_EQ(message(), "/z: expected an IDX or npy file, found text");
  EXPECT_FALSE(open(x, y, "jpeg"));
  EXPECT_EQ(message(), "format: expected idx, npy, npz, csv or text, found 'jpeg'");
  EXPECT_FALSE(open(x, y, nullptr, true));
  EXPECT_EQ(message(), "/x: expected an npz file with an array for each of the model's 2 inputs and its target, found idx");
  EXPECT_FALSE(open(folder.put("w", gzip(std::string(100, 'a')).substr(0, 12))));
  std::string array = folder.file("a.npz");
  putNpz(array, {{"x", npy("|u1", "(3,)", "abc")}, {"target", npy("|u1", "(2,)", "ab")}});
  EXPECT_FALSE(open(array));
  EXPECT_EQ(message(), "/a.npz: x has 3 rows, /a.npz: target has 2: expected as many");
}
} // namespace
