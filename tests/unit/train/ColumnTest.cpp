//===- ColumnTest.cpp - files become columns: sound ones, and each way of being unsound ---===//
#include "runtime/train/column.h"
#include "Files.h"
#include <gtest/gtest.h>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

namespace {
struct Column : kiln_column {
  Column() : kiln_column() {}
  Column(const Column &) = delete;
  ~Column() { kiln_column_free(this); }
  std::vector<double> values() const {
    std::vector<double> result;
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t i = 0; i < kiln_column_elements(this); ++i)
        result.push_back(kiln_column_value(this, row, i));
    return result;
  }
};
using Values = std::vector<double>;

class Reading : public testing::Test {
protected:
  Folder folder;
  kiln_error error = {};
  std::string message() const { return error.text; }
  /// The error without the folder's path.
  std::string idxError(const std::string &bytes) {
    Column column;
    EXPECT_FALSE(kiln_read_idx(&column, folder.put("a.idx", bytes).c_str(), &error));
    std::string text = error.text, start = folder.file("");
    return text.compare(0, start.size(), start) == 0 ? text.substr(start.size()) : text;
  }
};

TEST_F(Reading, IdxOfBytes) {
  std::string bytes = idx({2, 1, 3}, "\x01\x02\x03\xff\x05\x06");
  for (const std::string &file : {bytes, gzip(bytes)}) {
    Column column;
    ASSERT_TRUE(kiln_read_idx(&column, folder.put("a.idx", file).c_str(), &error)) << message();
    EXPECT_EQ(column.dtype, KILN_U8);
    EXPECT_EQ(column.rows, 2);
    EXPECT_EQ(column.rank, 2);
    EXPECT_EQ(column.shape[1], 3);
    EXPECT_EQ(column.values(), (Values{1, 2, 3, 255, 5, 6}));
  }
}

TEST_F(Reading, IdxOfLargerTypesIsBigEndian) {
  Column words, floats, shorts;
  ASSERT_TRUE(kiln_read_idx(&words, folder.put("a", idx({2}, std::string("\0\0\1\2\xff\xff\xff\xfe", 8), 0x0c)).c_str(), &error));
  EXPECT_EQ(words.values(), (Values{258, -2}));
  ASSERT_TRUE(kiln_read_idx(&floats, folder.put("a", idx({1}, std::string("\x3f\xc0\0\0", 4), 0x0d)).c_str(), &error));
  EXPECT_EQ(floats.values(), Values{1.5});
  ASSERT_TRUE(kiln_read_idx(&shorts, folder.put("a", idx({1}, std::string("\x01\0", 2), 0x0b)).c_str(), &error));
  EXPECT_EQ(shorts.values(), Values{256});
}

TEST_F(Reading, UnsoundIdx) {
  std::string good = idx({2, 2}, "abcd");
  EXPECT_EQ(idxError(""), "a.idx: it is no IDX file");
  EXPECT_EQ(idxError("PK\3\4"), "a.idx: it is no IDX file");
  EXPECT_EQ(idxError(idx({2}, "ab", 7)), "a.idx: it is no IDX file");
  EXPECT_EQ(idxError(good.substr(0, 9)), "a.idx: it ends inside its header");
  EXPECT_EQ(idxError(good.substr(0, 15)), "a.idx: expected 4 bytes of data for uint8[2,2]; it is cut off or damaged");
  EXPECT_EQ(idxError(good + "e"), "a.idx: expected 4 bytes of data for uint8[2,2]; found more");
  EXPECT_EQ(idxError(idx({0, 2}, "")), "a.idx: it holds no rows");
  EXPECT_EQ(idxError(idx({}, "")), "a.idx: expected 1 to 9 dimensions, found 0");
  EXPECT_EQ(idxError(idx({60000, 1000}, "")),
            "a.idx: expected data for uint8[60000,1000], more than the file can hold: it is cut off or damaged");
  EXPECT_EQ(idxError(idx({~0u, ~0u, ~0u, ~0u}, "")), "a.idx: its shape is impossibly large");
  std::string packed = gzip(good);
  for (size_t size = 11; size < packed.size(); ++size)
    EXPECT_NE(idxError(packed.substr(0, size)).find("a.idx: "), std::string::npos) << size;
  packed[packed.size() - 6] ^= 1; // the checksum
  EXPECT_EQ(idxError(packed), "a.idx: it is cut off or damaged");
  Column column;
  EXPECT_FALSE(kiln_read_idx(&column, folder.file("none").c_str(), &error));
  EXPECT_EQ(message(), folder.file("none") + ": No such file or directory");
}

TEST_F(Reading, Npy) {
  Column column;
  std::string path = folder.put("a.npy", npy("<i8", "(2, 2)", bytesOf<int64_t>({1, -2, 3, 4})));
  ASSERT_TRUE(kiln_read_npy(&column, path.c_str(), &error)) << message();
  EXPECT_EQ(column.values(), (Values{1, -2, 3, 4}));
  path = folder.put("b.npy", npy("<f2", "(2,)", "abcd"));
  EXPECT_FALSE(kiln_read_npy(&column, path.c_str(), &error));
  EXPECT_EQ(message(), path + ": expected integers, float32 or float64, found 16-bit floats");
  path = folder.put("c.npy", npy("<f4", "()", "abcd"));
  EXPECT_FALSE(kiln_read_npy(&column, path.c_str(), &error));
  EXPECT_NE(message().find("expected 1 to 9 dimensions"), std::string::npos);
}

TEST_F(Reading, Npz) {
  kiln_column columns[2];
  int32_t count = 0;
  std::string path = folder.file("a.npz");
  putNpz(path, {{"x", npy("<f4", "(2,)", bytesOf<float>({1.5f, 2.5f}))}, {"y", npy("|u1", "(3,)", "abc")}});
  ASSERT_TRUE(kiln_read_npz(columns, 2, &count, path.c_str(), &error)) << message();
  ASSERT_EQ(count, 2);
  EXPECT_STREQ(columns[0].name, "x");
  EXPECT_EQ(kiln_column_value(&columns[0], 1, 0), 2.5);
  EXPECT_EQ(kiln_column_value(&columns[1], 2, 0), 'c');
  kiln_column_free(&columns[0]);
  kiln_column_free(&columns[1]);
  EXPECT_FALSE(kiln_read_npz(columns, 1, &count, path.c_str(), &error));
  EXPECT_EQ(message(), path + ": expected at most 1 arrays");
  EXPECT_EQ(count, 0);
  std::string bytes = folder.get("a.npz");
  for (size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_FALSE(kiln_read_npz(columns, 2, &count, folder.put("cut.npz", bytes.substr(0, size)).c_str(), &error)) << size;
  bytes[bytes.find(".npy") + 30] ^= 0x55; // inside the packed data
  EXPECT_FALSE(kiln_read_npz(columns, 2, &count, folder.put("bad.npz", bytes).c_str(), &error));
}

TEST_F(Reading, Csv) {
  struct Case {
    const char *text, *label;
    Values features, labels;
  } cases[] = {
      {"x,y,class\n1,2,0\n3,4,1\n", nullptr, {1, 2, 3, 4}, {0, 1}},
      {"1,2,0\n3,4,1", nullptr, {1, 2, 3, 4}, {0, 1}},
      {"class,x,y\r\n0,1,2\r\n\r\n1,3,4\r\n", "class", {1, 2, 3, 4}, {0, 1}},
      {"7;1;2\n8;3;4\n", "0", {1, 2, 3, 4}, {7, 8}},
      {"1\t0.5\t2\n3\t-1e2\t4\n", "-2", {1, 2, 3, 4}, {0.5, -100}},
      {"a,b,kind\n1, 2,virginica\n3,4,setosa\n5,6,virginica\n", "kind", {1, 2, 3, 4, 5, 6}, {1, 0, 1}},
      {"1,2,setosa\n3,4,virginica\n", nullptr, {1, 2, 3, 4}, {0, 1}},
      {"\"a, b\",\"say \"\"c\"\"\"\n\"1\",2\n", "say \"c\"", {1}, {2}},
  };
  for (const Case &each : cases)
    for (bool packed : {false, true}) {
      Column features, labels;
      std::string path = folder.put("a.csv", packed ? gzip(each.text) : each.text);
      ASSERT_TRUE(kiln_read_csv(&features, &labels, path.c_str(), each.label, &error)) << each.text << message();
      EXPECT_EQ(features.values(), each.features) << each.text;
      EXPECT_EQ(labels.values(), each.labels) << each.text;
    }
}

TEST_F(Reading, UnsoundCsv) {
  const std::pair<const char *, const char *> cases[] = {
      {"", ": it is empty"},
      {"x,y\n", ": it holds no rows"},
      {"x\n1\n", ": expected at least one feature and a label in each line, found 1 field"},
      {"1,2\n3\n", ": line 2: expected 2 fields, found 1"},
      {"1,2\n3,4,5\n", ": line 2: expected 2 fields, found 3"},
      {"x,y\n1,2\na,3\n", ": line 3, field 1: expected a number, found 'a'"},
      {"x,y\n1,2\n,3\n", ": line 3, field 1: expected a number, found ''"},
      {"x,y\n1,2\n1,b\n", ": line 3: expected a number as label, as in the lines before, found 'b'"},
      {"x,y\n\"1,2\n", ": line 2: a quote is not closed"},
  };
  for (auto [text, expected] : cases) {
    Column features, labels;
    std::string path = folder.put("a.csv", text);
    EXPECT_FALSE(kiln_read_csv(&features, &labels, path.c_str(), nullptr, &error));
    EXPECT_EQ(message(), path + expected) << text;
  }
  Column features, labels;
  std::string path = folder.put("a.csv", "x,y\n1,2\n");
  EXPECT_FALSE(kiln_read_csv(&features, &labels, path.c_str(), "z", &error));
  EXPECT_EQ(message(), path + ": there is no column z among its 2");
  EXPECT_FALSE(kiln_read_csv(&features, &labels, path.c_str(), "2", &error));
}

TEST_F(Reading, TextWindows) {
  Column input, target;
  std::string path = folder.put("a.txt", "abcdefgh");
  ASSERT_TRUE(kiln_read_text(&input, &target, path.c_str(), 3, 2, &error));
  EXPECT_EQ(input.values(), (Values{'a', 'b', 'c', 'c', 'd', 'e', 'e', 'f', 'g'}));
  EXPECT_EQ(target.values(), (Values{'b', 'c', 'd', 'd', 'e', 'f', 'f', 'g', 'h'}));
  Column none, late;
  EXPECT_FALSE(kiln_read_text(&none, &none, path.c_str(), 8, 1, &error));
  EXPECT_EQ(message(), path + ": expected more than the 8 bytes of one window, found 8");
  EXPECT_TRUE(kiln_read_text(&none, &late, path.c_str(), 7, 1, &error));
  EXPECT_EQ(none.rows, 1);
  std::string packed = gzip(std::string(3000, 'x') + "yz");
  path = folder.put("a.txt.gz", packed.substr(0, packed.size() - 4));
  EXPECT_FALSE(kiln_read_text(&late, &late, path.c_str(), 8, 1, &error));
  EXPECT_EQ(message(), path + ": it is cut off or damaged");
}

// Whatever is in a file, reading it ends with a column or with a sentence; the sanitizers watch.
TEST_F(Reading, DamageIsSeenOrHarmless) {
  std::string archive = folder.file("a.npz");
  putNpz(archive, {{"x", npy("<f4", "(2,)", bytesOf<float>({1.5f, 2.5f}))}, {"y", npy("|u1", "(3,)", "abc")}});
  const std::string files[] = {idx({3, 4}, "abcdefghijkl"), gzip(idx({3, 4}, "abcdefghijkl")), folder.get("a.npz"),
                               "x,\"y\",class\n1,2,setosa\n3,4,virginica\n5,6e3,setosa\n"};
  int file = memfd_create("damaged", 0); // a disk would take its time over thousands of files
  std::string path = "/proc/self/fd/" + std::to_string(file);
  std::mt19937 random(1);
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = files[round % 4];
    for (int i = 0; i < 3; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 5 == 0)
      bytes.resize(random() % bytes.size());
    ASSERT_EQ(ftruncate(file, 0), 0);
    ASSERT_EQ(pwrite(file, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    kiln_column columns[4] = {};
    int32_t count = 0;
    bool good = round % 4 < 2    ? kiln_read_idx(&columns[0], path.c_str(), &error)
                : round % 4 == 2 ? kiln_read_npz(columns, 4, &count, path.c_str(), &error)
                                 : kiln_read_csv(&columns[0], &columns[1], path.c_str(), nullptr, &error);
    for (kiln_column &column : columns) {
      if (good && column.data)
        kiln_column_value(&column, column.rows - 1, kiln_column_elements(&column) - 1);
      kiln_column_free(&column);
    }
    EXPECT_TRUE(good || error.text[0]);
  }
  close(file);
}
} // namespace
