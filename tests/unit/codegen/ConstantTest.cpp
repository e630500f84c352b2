// Weights of a model are what @init computes from its parameters, beside those that @main uses as they are.
#include "compiler/codegen/Constant.h"
#include "Artefact.h"

using namespace kiln::codegen;
using testing::HasSubstr;

namespace {
const char *const packed = R"(
module attributes {kiln.init_arena_size = 64 : i64, kiln.scratch_size = 0 : i64, kiln.weights_size = 192 : i64,
                   kiln.weight_offsets = {packed0 = 64 : i64, packed1 = 128 : i64, v = 0 : i64}} {
  kiln.parameter @w : tensor<2x3xf32>
  kiln.parameter @v : tensor<3xf32>
  kiln.parameter @packed0 : tensor<2x3xf32, #kiln.layout<"0,1">>
  kiln.parameter @packed1 : tensor<3xf32>
  kiln.kernel @k_pack(%a: tensor<2x3xf32>) -> tensor<2x3xf32, #kiln.layout<"0,1">> {
    %0 = kiln.neg %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
    kiln.return %0 : tensor<2x3xf32>
  }
  kiln.kernel @k_add(%a: tensor<3xf32>, %b: tensor<3xf32>) -> tensor<3xf32> {
    %0 = kiln.add %a, %b : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    kiln.return %0 : tensor<3xf32>
  }
  func.func @init() -> (tensor<2x3xf32, #kiln.layout<"0,1">>, tensor<3xf32>) {
    %w = kiln.use @w : tensor<2x3xf32>
    %v = kiln.use @v : tensor<3xf32>
    %0 = kiln.launch @k_pack(%w) {offsets = array<i64: -1>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #kiln.layout<"0,1">>
    %1 = kiln.launch @k_add(%v, %v) {offsets = array<i64: 0>} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    %2 = kiln.launch @k_add(%1, %v) {offsets = array<i64: -2>} : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    return %0, %2 : tensor<2x3xf32, #kiln.layout<"0,1">>, tensor<3xf32>
  }
})";

const float w[] = {1, 2, 3, 4, 5, 6}, v[] = {7, 8, 9};

llvm::Expected<llvm::StringRef> parameter(llvm::StringRef name) {
  if (name == "w")
    return llvm::StringRef(reinterpret_cast<const char *>(w), sizeof w);
  if (name == "v")
    return llvm::StringRef(reinterpret_cast<const char *>(v), sizeof v);
  return llvm::createStringError("no '%s'", name.str().c_str());
}

std::vector<float> floats(const std::string &bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

TEST(Constant, RunsInitAndCopiesTheRest) {
  Planned plan(packed);
  std::string path = folder() + "/blob";
  ASSERT_EQ(textOf(packWeights(plan.module(), must(findTarget("host")), parameter, {}, path)), "");
  std::vector<float> expected(48, 0);
  const float first[] = {7, 8, 9}, second[] = {-1, -4, -2, -5, -3, -6}, third[] = {21, 24, 27};
  std::copy(first, first + 3, expected.begin());
  std::copy(second, second + 6, expected.begin() + 16);
  std::copy(third, third + 3, expected.begin() + 32);
  EXPECT_EQ(floats(readFile(path)), expected);
  std::vector<PackedTensor> tensors = packedTensors(plan.module());
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].tensor.name, "v");
  EXPECT_EQ(tensors[0].tensor.dtype, KILN_F32);
  EXPECT_EQ(tensors[1].tensor.dtype, KILN_U8) << "stored column by column";
  EXPECT_EQ(tensors[1].tensor.shape, std::vector<int64_t>{24});
  EXPECT_EQ(tensors[1].offset, 64);
}

TEST(Constant, EveryTargetPacksTheSame) {
  Planned plan(packed);
  std::string path = folder() + "/blob";
  ASSERT_EQ(textOf(packWeights(plan.module(), must(findTarget("aarch64")), parameter, {}, path)), "");
  EXPECT_EQ(floats(readFile(path))[17], -4);
}

TEST(Constant, AParameterOfAnotherSizeIsRefused) {
  Planned plan(packed);
  auto wrong = [](llvm::StringRef name) -> llvm::Expected<llvm::StringRef> {
    llvm::Expected<llvm::StringRef> bytes = parameter(name);
    return bytes && name == "w" ? llvm::Expected<llvm::StringRef>(bytes->drop_back(4)) : std::move(bytes);
  };
  EXPECT_THAT(textOf(packWeights(plan.module(), must(findTarget("host")), wrong, {}, folder() + "/blob")),
              HasSubstr("'w': expected 24 bytes, found 20"));
}
} // namespace
