//===- DecodeExternalTest.cpp - external data: read from the model's folder, and from nowhere else -------------===//
#include "tests/unit/frontend/Models.h"
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace kiln::onnx;
using namespace kiln::onnx::test;
namespace fs = std::filesystem;

namespace {

class DecodeExternal : public testing::Test {
protected:
  void SetUp() override {
    root = fs::path(testing::TempDir()) / ("kiln_external_" + std::to_string(getpid()));
    fs::create_directories(root / "model" / "sub");
    fs::create_directories(root / "modelx");
    float data[] = {9, 1, 2, 3};
    for (fs::path path :
         {root / "model" / "w.bin", root / "model" / "sub" / "w.bin", root / "secret.bin", root / "modelx" / "w.bin"})
      std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char *>(data), sizeof data);
  }
  void TearDown() override { fs::remove_all(root); }

  static ::onnx::ModelProto external(const std::vector<std::pair<std::string, std::string>> &entries) {
    auto model = addRelu();
    auto *tensor = model.mutable_graph()->mutable_initializer(0);
    tensor->clear_raw_data();
    tensor->set_data_location(::onnx::TensorProto::EXTERNAL);
    for (const auto &[key, value] : entries) {
      auto *entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    return model;
  }
  std::string folder() const { return (root / "model").string(); }

  fs::path root;
};

TEST_F(DecodeExternal, ReadsPartOfFile) {
  for (const char *location : {"w.bin", "sub/w.bin", "./w.bin"}) {
    auto result = decode(external({{"location", location}, {"offset", "4"}, {"length", "12"}}), folder());
    ASSERT_TRUE(result) << result.error();
    float values[3];
    ASSERT_EQ(result->graph.initializers[0].data.size(), sizeof values);
    std::memcpy(values, result->graph.initializers[0].data.view().data(), sizeof values);
    EXPECT_EQ(values[0], 1);
    EXPECT_EQ(values[2], 3);
  }
}

TEST_F(DecodeExternal, StaysInFolder) {
  for (std::string location : {"../secret.bin", "sub/../../secret.bin", "/etc/passwd", "", "..", "sub\\..\\..\\secret.bin"})
    expectRefusal(external({{"location", location}, {"length", "12"}}), {"initialiser 'w'", "inside the model's folder"}, folder());
  expectRefusal(external({{"location", (root / "model" / "w.bin").string()}, {"length", "12"}}), {"inside the model's folder"},
                folder());
  fs::create_symlink(root / "secret.bin", root / "model" / "link.bin");
  fs::create_symlink(root / "modelx", root / "model" / "linked"); // a neighbour whose name begins alike
  for (const char *location : {"link.bin", "linked/w.bin"})
    expectRefusal(external({{"location", location}, {"length", "12"}}), {"initialiser 'w'", "inside the model's folder"}, folder());
  expectRefusal(external({{"location", "w.bin"}, {"length", "12"}}), {"inside the model's folder"}, "");
}

TEST_F(DecodeExternal, ChecksFileOffsetAndLength) {
  expectRefusal(external({{"location", "none.bin"}}), {"initialiser 'w'", "'none.bin'", "cannot open"}, folder());
  expectRefusal(external({{"location", "sub"}}), {"no regular file"}, folder());
  expectRefusal(external({{"location", "w.bin"}, {"offset", "8"}}), {"'w.bin'", "has 16"}, folder());
  expectRefusal(external({{"location", "w.bin"}, {"offset", "18446744073709551615"}}), {"has 16"}, folder());
  expectRefusal(external({{"location", "w.bin"}, {"length", "16"}}), {"16 bytes", "expected 12"}, folder());
  expectRefusal(external({{"location", "w.bin"}, {"offset", "-4"}}), {"offset '-4'"}, folder());
  expectRefusal(external({{"location", "w.bin"}, {"offset", "4x"}}), {"offset '4x'"}, folder());
}

} // namespace
