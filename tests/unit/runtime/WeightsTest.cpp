//===- WeightsTest.cpp - embedded weights, and every way a weights file can be wrong ---===//
#include "Toy.h"
#include "runtime/core/sha256.h"
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <gtest/gtest.h>

namespace {
std::string safetensors(const std::string &data,
                        std::string header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}") {
  header.resize((8 + header.size() + 63) / 64 * 64 - 8, ' ');
  std::string file(8, '\0');
  for (int i = 0; i < 8; ++i)
    file[i] = static_cast<char>(header.size() >> 8 * i);
  return file + header + data;
}

class Weights : public testing::Test {
protected:
  Weights() {
    toy.model.info.weights_size = data.size();
    toy.model.weights_file = "toy.safetensors";
    kiln_sha256(data.data(), data.size(), toy.model.weights_hash);
    toy.model.run = [](const kiln_frame *frame) {
      memcpy(frame->outputs[0], frame->weights, 16);
      return reinterpret_cast<uintptr_t>(frame->weights) % 64 ? KILN_IO : KILN_OK;
    };
  }
  std::string refused(const std::string &bytes) {
    writeFile(path, bytes);
    return refusedPath(path);
  }
  std::string refusedPath(const std::string &path) {
    kiln_options options = {};
    options.weights_path = path.c_str();
    Context context(toy, options);
    EXPECT_EQ(context.status, KILN_BAD_WEIGHTS);
    EXPECT_NE(context.message().find(path), std::string::npos);
    return context.message();
  }
  Toy toy;
  TestFolder folder;
  std::string path = folder.file("w.safetensors"), data = "0123456789abcdef";
};

TEST_F(Weights, MappedFile) {
  writeFile(path, safetensors(data));
  kiln_options options = {};
  options.weights_path = path.c_str();
  Context context(toy, options);
  ASSERT_EQ(context.status, KILN_OK) << context.message();
  Call call;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
  EXPECT_EQ(std::string(static_cast<char *>(call.outputs[0].data), 16), data);
}

TEST_F(Weights, BesideTheBinary) {
  std::string beside = std::filesystem::read_symlink("/proc/self/exe").parent_path() / toy.model.weights_file;
  Context missing(toy);
  EXPECT_EQ(missing.status, KILN_BAD_WEIGHTS);
  EXPECT_EQ(missing.message(), "toy: weights file '" + beside + "': No such file or directory");
  writeFile(beside, safetensors(data));
  EXPECT_EQ(Context(toy).status, KILN_OK);
  std::filesystem::remove(beside);
}

TEST_F(Weights, BesideASharedLibrary) {
  std::string library = folder.file("libtoy.so");
  std::filesystem::copy(TOY_SHARED, library);
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << dlerror();
  auto create = reinterpret_cast<decltype(&kiln_create)>(dlsym(handle, "toy_create"));
  auto message = reinterpret_cast<decltype(&kiln_message)>(dlsym(handle, "toy_message"));
  auto destroy = reinterpret_cast<decltype(&kiln_destroy)>(dlsym(handle, "toy_destroy"));
  kiln_context *context;
  EXPECT_EQ(create(&toy.model, nullptr, &context), KILN_BAD_WEIGHTS);
  EXPECT_EQ(std::string(message(context)), "toy: weights file '" + folder.file("toy.safetensors") + "': No such file or directory");
  destroy(context);
  writeFile(folder.file("toy.safetensors"), safetensors(data));
  EXPECT_EQ(create(&toy.model, nullptr, &context), KILN_OK) << message(context);
  destroy(context);
  dlclose(handle);
}

TEST_F(Weights, Edited) {
  std::string file = safetensors(data);
  file.back() ^= 1;
  EXPECT_NE(refused(file).find("expected data with SHA-256 9f9f5111f7b27a78..., found "), std::string::npos);
}

TEST_F(Weights, CutOrLonger) {
  std::string file = safetensors(data);
  EXPECT_NE(refused(file.substr(0, file.size() - 1)).find("expected 16 bytes of data, found 15"), std::string::npos);
  EXPECT_NE(refused(file + "x").find("expected 16 bytes of data, found 17"), std::string::npos);
  EXPECT_NE(refused(file.substr(0, 40)).find("its header claims 56 bytes, and the file has 40"), std::string::npos);
  EXPECT_NE(refused("").find("found fewer than 8 bytes"), std::string::npos);
  EXPECT_NE(refused("1234567").find("found fewer than 8 bytes"), std::string::npos);
}

TEST_F(Weights, HostileHeaders) {
  EXPECT_NE(refused(std::string(200, '\xff')).find("its header claims 18446744073709551615 bytes"), std::string::npos);
  std::string crooked = safetensors(data, "{}");
  crooked.erase(10, 4);
  crooked[0] -= 4;
  EXPECT_NE(refused(crooked).find("expected its data at a multiple of 64, found it at byte 60"), std::string::npos);
}

TEST_F(Weights, NoFile) {
  EXPECT_NE(refusedPath(folder.path).find("found no regular file"), std::string::npos);
  EXPECT_NE(refusedPath(folder.file("none")).find("No such file or directory"), std::string::npos);
}

TEST_F(Weights, EmbeddedOnesTakeNoFile) {
  alignas(64) uint8_t embedded[16];
  memset(embedded, 'e', sizeof embedded);
  toy.model.weights = embedded;
  toy.model.weights_file = nullptr;
  Context context(toy);
  Call call;
  ASSERT_EQ(kiln_run(context, call.inputs, call.outputs), KILN_OK);
  EXPECT_EQ(std::string(static_cast<char *>(call.outputs[0].data), 16), std::string(16, 'e'));
  kiln_options options = {};
  options.weights_path = "some.safetensors";
  Context refused(toy, options);
  EXPECT_EQ(refused.status, KILN_INVALID_ARGUMENT);
  EXPECT_NE(refused.message().find("found 'some.safetensors'"), std::string::npos);
}
} // namespace
