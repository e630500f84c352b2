//===- NpyTest.cpp - npy files against bytes written by hand, and hostile ones ---===//
#include "runtime/main/npy.h"
#include "Toy.h"
#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace {
/// A file of version 1 as NumPy writes it: padded so that the data begins at 64 or 128.
std::string npy(std::string header, const std::string &data, int version = 1) {
  size_t before = version == 1 ? 10 : 12;
  header.resize((before + header.size() + 1 + 63) / 64 * 64 - before - 1, ' ');
  header += '\n';
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  for (size_t i = 0; i < before - 8; ++i)
    file += static_cast<char>(header.size() >> 8 * i);
  return file + header + data;
}

std::string dictionary(const std::string &descr, const std::string &shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

struct Npy : testing::Test {
  TestFolder folder;
  std::string path = folder.file("a.npy");
  kiln_npy file = {};
  std::string refused(const std::string &bytes) {
    writeFile(path, bytes);
    if (kiln_npy_open(&file, path.c_str())) {
      kiln_npy_close(&file);
      return "it was opened";
    }
    EXPECT_STRNE(file.error, "");
    return file.error;
  }
};

const std::string six("\0\0\x80?\0\0\0@\0\0@@\0\0\x80@\0\0\xa0@\0\0\xc0@", 24); // 1.0f ... 6.0f

TEST_F(Npy, ReadsEveryVersion) {
  for (int version : {1, 2, 3}) {
    writeFile(path, npy(dictionary("<f4", "(2, 3)"), six, version));
    ASSERT_TRUE(kiln_npy_open(&file, path.c_str())) << file.error;
    EXPECT_EQ(file.dtype, KILN_F32);
    ASSERT_EQ(file.rank, 2);
    EXPECT_EQ(file.shape[0], 2);
    EXPECT_EQ(file.shape[1], 3);
    float values[6];
    EXPECT_TRUE(kiln_npy_read(&file, values, 12));
    EXPECT_TRUE(kiln_npy_read(&file, values + 3, 12));
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(values[i], static_cast<float>(i + 1));
    EXPECT_FALSE(kiln_npy_read(&file, values, 4));
    kiln_npy_close(&file);
  }
}

TEST_F(Npy, ParsesWhatPythonMayWrite) {
  for (const char *text :
       {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", "{\"shape\":(2,3,),'fortran_order':False,'descr':\"<f4\"}",
        " { 'shape' : ( 2L , 3L ) , 'descr' : '<f4' , 'fortran_order' : False , } \n"}) {
    EXPECT_TRUE(kiln_npy_parse(&file, text)) << text << file.error;
    EXPECT_EQ(file.rank, 2);
    EXPECT_EQ(file.shape[1], 3);
  }
  EXPECT_TRUE(kiln_npy_parse(&file, dictionary("<f4", "()").c_str()));
  EXPECT_EQ(file.rank, 0);
  EXPECT_TRUE(kiln_npy_parse(&file, dictionary("<f4", "(7,)").c_str()));
  EXPECT_EQ(file.rank, 1);
}

TEST_F(Npy, EveryDtype) {
  const std::pair<const char *, kiln_dtype> types[] = {{"<f4", KILN_F32},  {"<f8", KILN_F64}, {"<f2", KILN_F16}, {"<V2", KILN_BF16},
                                                       {"|V2", KILN_BF16}, {"|i1", KILN_I8},  {"<i2", KILN_I16}, {"<i4", KILN_I32},
                                                       {"<i8", KILN_I64},  {"|u1", KILN_U8},  {"<u2", KILN_U16}, {"<u4", KILN_U32},
                                                       {"<u8", KILN_U64},  {"|b1", KILN_BOOL}};
  for (auto [name, dtype] : types) {
    ASSERT_TRUE(kiln_npy_parse(&file, dictionary(name, "(1,)").c_str())) << name << file.error;
    EXPECT_EQ(file.dtype, dtype) << name;
  }
}

TEST_F(Npy, RefusesByName) {
  EXPECT_EQ(refused(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", six)),
            "it is in Fortran order, expected C order (numpy.ascontiguousarray)");
  EXPECT_EQ(refused(npy(dictionary(">f4", "(2, 3)"), six)), "it is big endian, expected little endian");
  EXPECT_EQ(refused(npy(dictionary("<c8", "(3,)"), six)), "its dtype '<c8' is not supported");
  EXPECT_EQ(refused(npy(dictionary("|f4", "(2, 3)"), six)), "its dtype '|f4' is not supported");
  EXPECT_EQ(refused(npy(dictionary("", "(2, 3)"), six)), "its dtype '' is not supported");
  EXPECT_EQ(refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }", six)),
            "its dtype is no plain number type");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2, 3)"), six + "x")), "expected 24 bytes of data for float32[2,3], found 25");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2, 3)"), six.substr(1))), "expected 24 bytes of data for float32[2,3], found 23");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2, 3)"), six, 4)), "its format version is 4.0, expected 1.0, 2.0 or 3.0");
  EXPECT_EQ(refused(""), "it is no npy file");
  EXPECT_EQ(refused("PK\3\4 an archive"), "it is no npy file");
}

TEST_F(Npy, HostileHeaders) {
  EXPECT_EQ(refused(npy(dictionary("<f4", "(9223372036854775807, 9223372036854775807)"), six)), "its shape is impossibly large");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(4611686018427387904,)"), six)), "its shape is impossibly large");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(99999999999999999999,)"), six)), "its header's shape holds something other than sizes");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(-2, 3)"), six)), "its header's shape holds something other than sizes");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(1,1,1,1,1,1,1,1,1,6)"), six)), "it has too many dimensions");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2, 3"), six)), "its header's shape holds something other than sizes");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2 3)"), six)), "its header's shape is no tuple");
  EXPECT_EQ(refused(npy(dictionary("<f4", "6"), six)), "its header's shape is no tuple");
  EXPECT_EQ(refused(npy("{'descr': '<f4', 'descr': '<f4', }", six)), "its header has an unexpected key 'descr'");
  EXPECT_EQ(refused(npy("{'descr': '<f4', }", six)), "its header lacks descr, fortran_order or shape");
  EXPECT_EQ(refused(npy("__import__('os')", six)), "its header is no dictionary");
  EXPECT_EQ(refused(npy(dictionary("<f4", "(2, 3)") + "{}", six)), "its header goes on after the dictionary");
  EXPECT_EQ(refused(std::string("\x93NUMPY\x02\0\xff\xff\xff\xff", 12)), "its header is too long");
  EXPECT_EQ(refused(std::string("\x93NUMPY\x02\0\xff", 9)), "it is no npy file");
  EXPECT_EQ(refused(std::string("\x93NUMPY\x01\0\x40\0{'d", 13)), "it ends inside its header");
}

// No damaged byte or cut of a good file may do more than be refused (the sanitizer build watches).
TEST_F(Npy, DamagedFiles) {
  std::string good = npy(dictionary("<f4", "(2, 3)"), six);
  std::mt19937 random(7);
  for (int times = 0; times < 200; ++times) {
    std::string bad = good.substr(0, times % 3 ? good.size() : random() % good.size());
    for (unsigned changes = random() % 3 + 1; changes-- && !bad.empty();)
      bad[random() % std::min<size_t>(bad.size(), 80)] = static_cast<char>(random());
    refused(bad);
  }
  std::string header = dictionary("<f4", "(2, 3)");
  for (int times = 0; times < 50000; ++times) {
    std::string bad = header.substr(0, times % 3 ? header.size() : random() % header.size());
    for (unsigned changes = random() % 3 + 1; changes-- && !bad.empty();)
      bad[random() % bad.size()] = static_cast<char>(random());
    kiln_npy_parse(&file, bad.c_str());
  }
}

TEST_F(Npy, WritesWhatNumPyWrites) {
  file.dtype = KILN_F32;
  file.rank = 2;
  file.shape[0] = 2;
  file.shape[1] = 3;
  ASSERT_TRUE(kiln_npy_create(&file, path.c_str())) << file.error;
  EXPECT_TRUE(kiln_npy_write(&file, six.data(), 10));
  EXPECT_TRUE(kiln_npy_write(&file, six.data() + 10, 14));
  EXPECT_TRUE(kiln_npy_finish(&file));
  EXPECT_EQ(readFile(path), "") << "it must not be there before it is whole";
  EXPECT_TRUE(kiln_npy_commit(&file));
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.npy"});
  // The very bytes of numpy.save(arange(1, 7, dtype='f4').reshape(2, 3)).
  std::string expected("\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 69);
  expected.resize(127, ' ');
  EXPECT_EQ(readFile(path), expected + "\n" + six);
}

TEST_F(Npy, RoundTripsShapes) {
  for (int32_t rank : {0, 1, 2, 9}) {
    file = {};
    file.dtype = KILN_U8;
    file.rank = rank;
    for (int32_t i = 0; i < rank; ++i)
      file.shape[i] = 1 + i % 2;
    int64_t bytes = 1;
    for (int32_t i = 0; i < rank; ++i)
      bytes *= file.shape[i];
    kiln_npy written = file;
    ASSERT_TRUE(kiln_npy_create(&written, path.c_str()));
    EXPECT_TRUE(kiln_npy_write(&written, std::string(bytes, 'z').data(), bytes));
    EXPECT_TRUE(kiln_npy_finish(&written) && kiln_npy_commit(&written));
    kiln_npy read;
    ASSERT_TRUE(kiln_npy_open(&read, path.c_str())) << read.error;
    EXPECT_EQ(read.rank, rank);
    EXPECT_TRUE(std::equal(read.shape, read.shape + rank, file.shape));
    kiln_npy_close(&read);
  }
}

TEST_F(Npy, DiscardLeavesNothingAndKeepsTheOldFile) {
  writeFile(path, "old");
  file.dtype = KILN_U8;
  ASSERT_TRUE(kiln_npy_create(&file, path.c_str()));
  kiln_npy_discard(&file);
  EXPECT_EQ(readFile(path), "old");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.npy"});
  EXPECT_FALSE(kiln_npy_create(&file, folder.file("no/such/folder.npy").c_str()));
  EXPECT_STREQ(file.error, "No such file or directory");
  kiln_npy_discard(&file);
}

TEST_F(Npy, FullDisk) {
  file.dtype = KILN_U8;
  if (!kiln_npy_create(&file, "/dev/full"))
    GTEST_SKIP() << "no /dev/full here";
  bool written = kiln_npy_write(&file, six.data(), six.size()) && kiln_npy_finish(&file);
  EXPECT_FALSE(written);
  EXPECT_STREQ(file.error, "No space left on device");
  kiln_npy_discard(&file);
}
} // namespace
