//===- SafetensorsTest.cpp - checkpoints on the disk: whole, cut, damaged, and on a full disk ---===//
#include "runtime/train/safetensors.h"
#include "Files.h"
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

namespace {
class Safetensors : public testing::Test {
protected:
  Folder folder;
  kiln_error error = {};
  kiln_safetensors file = {};
  std::vector<float> first = {1, 2, 3, 4, 5, 6}, second = {-7};
  ~Safetensors() override { kiln_safetensors_free(&file); }
  bool write(const std::string &path) {
    json_t *metadata = json_pack("{s:s}", "who", "me"), *wide = json_pack("[i,i]", 2, 3), *scalar = json_array();
    kiln_piece pieces[] = {{"a", wide, first.data(), 6}, {"b \"quoted\"", scalar, second.data(), 1}};
    bool good = kiln_safetensors_write(path.c_str(), metadata, pieces, 2, &error);
    json_decref(metadata);
    json_decref(wide);
    json_decref(scalar);
    return good;
  }
  std::string header(const std::string &text, const std::string &data = "") {
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(text.size());
    bytes[1] = static_cast<char>(text.size() >> 8);
    return bytes + text + data;
  }
  std::string refusal(const std::string &bytes) {
    EXPECT_FALSE(kiln_safetensors_parse(&file, "f", bytes.data(), bytes.size(), &error)) << bytes;
    return error.text;
  }
};

TEST_F(Safetensors, WritesWhatItReads) {
  ASSERT_TRUE(write(folder.file("a"))) << error.text;
  ASSERT_TRUE(kiln_safetensors_read(&file, folder.file("a").c_str(), &error)) << error.text;
  EXPECT_STREQ(kiln_safetensors_text(&file, "who"), "me");
  EXPECT_EQ(kiln_safetensors_text(&file, "else"), nullptr);
  int64_t count = 0;
  const uint8_t *data = kiln_safetensors_floats(&file, "a", &count);
  ASSERT_EQ(count, 6);
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(data), 24), bytesOf(first));
  data = kiln_safetensors_floats(&file, "b \"quoted\"", &count);
  ASSERT_EQ(count, 1);
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(data), 4), bytesOf(second));
  EXPECT_EQ(kiln_safetensors_floats(&file, "c", &count), nullptr);
  std::string bytes = folder.get("a");
  uint64_t size = valuesOf<uint64_t>(bytes.substr(0, 8))[0];
  EXPECT_EQ((8 + size) % 64, 0u) << "data are aligned";
  EXPECT_EQ(bytes.size(), 8 + size + 28);
  EXPECT_FALSE(folder.has("a.tmp"));
}

TEST_F(Safetensors, EveryCutIsSeen) {
  ASSERT_TRUE(write(folder.file("a")));
  std::string bytes = folder.get("a");
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(refusal(bytes.substr(0, size)).find("cut off"), std::string::npos) << size << error.text;
}

TEST_F(Safetensors, DamageIsSeenOrHarmless) {
  ASSERT_TRUE(write(folder.file("a")));
  std::string bytes = folder.get("a");
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::string other = bytes;
    for (int i = 0; i < 3; ++i)
      other[random() % (other.size() - 28)] = static_cast<char>(random());
    if (kiln_safetensors_parse(&file, "f", other.data(), other.size(), &error)) {
      int64_t count = 0;
      if (const uint8_t *data = kiln_safetensors_floats(&file, "a", &count)) {
        ASSERT_GE(data, reinterpret_cast<const uint8_t *>(other.data()));
        ASSERT_LE(data + 4 * count, reinterpret_cast<const uint8_t *>(other.data() + other.size()));
      }
      kiln_safetensors_free(&file);
    }
  }
}

TEST_F(Safetensors, RefusesBadHeaders) {
  EXPECT_EQ(refusal(header("[]")), "f: it is no safetensors file: its header is no JSON object");
  EXPECT_EQ(refusal(header("{")), "f: it is no safetensors file: its header is no JSON object");
  EXPECT_EQ(refusal(header(R"({"a":{"dtype":"F32","shape":[1]}})", "abcd")),
            "f: tensor 'a': expected dtype, shape and data_offsets");
  EXPECT_EQ(refusal(header(R"({"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}})", "abcd")),
            "f: tensor 'a': expected dtype, shape and data_offsets");
  EXPECT_EQ(refusal(header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "abcd")),
            "f: tensor 'a': its shape is no list of sizes");
  EXPECT_EQ(refusal(header(R"({"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,4]}})", "abcd")),
            "f: tensor 'a': its shape is no list of sizes");
  for (const char *offsets : {"[0,8]", "[0,3]", "[-4,0]", "[4,0]", "[4,8]"})
    EXPECT_NE(refusal(header(std::string(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)") + offsets + "}}", "abcd"))
                  .find("f: tensor 'a': expected 4 bytes inside the 4 bytes of data, found offsets"),
              std::string::npos)
        << offsets;
}

TEST_F(Safetensors, FailureKeepsTheOldFile) {
  ASSERT_TRUE(write(folder.file("a")));
  std::string before = folder.get("a");
  first[0] = 100;
  ASSERT_EQ(symlink("/dev/full", folder.file("a.tmp").c_str()), 0); // a disk without room
  EXPECT_FALSE(write(folder.file("a")));
  EXPECT_EQ(error.text, folder.file("a") + ": No space left on device");
  EXPECT_EQ(folder.get("a"), before);
  EXPECT_FALSE(folder.has("a.tmp"));
  EXPECT_TRUE(write(folder.file("a")));
  EXPECT_NE(folder.get("a"), before);
  EXPECT_FALSE(write(folder.file("none/a")));
  EXPECT_EQ(error.text, folder.file("none/a") + ": No such file or directory");
  EXPECT_FALSE(write("/dev/full"));
  EXPECT_FALSE(kiln_safetensors_read(&file, folder.path.c_str(), &error));
  EXPECT_EQ(error.text, folder.path + ": it is no regular file");
}
} // namespace
