//===- Sha256Test.cpp - published vectors, with and without the processor's instructions ---===//
#include "runtime/core/sha256.h"
#include <gtest/gtest.h>
#include <random>
#include <string>

namespace {
std::string hex(const uint8_t *digest) {
  std::string text;
  char two[3];
  for (int i = 0; i < 32; ++i) {
    snprintf(two, sizeof two, "%02x", digest[i]);
    text += two;
  }
  return text;
}

std::string sha256(const std::string &data) {
  uint8_t digest[32], portable[32];
  kiln_sha256(data.data(), data.size(), digest);
  kiln_sha256_portable(data.data(), data.size(), portable);
  EXPECT_EQ(hex(digest), hex(portable));
  return hex(digest);
}

// NIST FIPS 180-4 examples and the million times 'a' of RFC 6234.
TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(
      sha256("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(sha256(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, BothWaysAgreeAtEveryLength) {
  std::mt19937 random(1);
  std::string data;
  for (int length = 0; length < 300; ++length) {
    sha256(data);
    data += static_cast<char>(random());
  }
}
} // namespace
