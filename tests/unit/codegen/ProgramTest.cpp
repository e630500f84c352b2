// Hand-written plans, compiled, linked and run: the model's description, places of values, views, copies, checks, borders.
#include "Artefact.h"
#include "runtime/core/model.h"

using namespace kiln::codegen;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {
/// y = (x + w) + w through the arena; s = the first sum, seen as 2x2.
const char *const sums = R"(
module attributes {kiln.arena_size = 128 : i64, kiln.scratch_size = 100 : i64, kiln.weight_offsets = {w = 64 : i64}} {
  kiln.parameter @w : tensor<4xf32>
  kiln.kernel @k_add(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
    %0 = kiln.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    kiln.return %0 : tensor<4xf32>
  }
  func.func @main(%x: tensor<4xf32> {kiln.name = "x"}) -> (tensor<4xf32> {kiln.name = "y"}, tensor<2x2xf32> {kiln.name = "s"}, tensor<4xf32> {kiln.name = "same"}) {
    %w = kiln.use @w : tensor<4xf32>
    %0 = kiln.launch @k_add(%x, %w) {offsets = array<i64: 64>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %1 = kiln.launch @k_add(%0, %w) {offsets = array<i64: -1>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %2 = kiln.reshape %0 {shape = array<i64: 2, 2>} : (tensor<4xf32>) -> tensor<2x2xf32>
    return %1, %2, %x : tensor<4xf32>, tensor<2x2xf32>, tensor<4xf32>
  }
})";

std::string fourWeights() {
  std::vector<float> weights(20, -1);
  weights[16] = 10;
  weights[17] = 20;
  weights[18] = 30;
  weights[19] = 40;
  return {reinterpret_cast<const char *>(weights.data()), 80};
}

class Tiny : public testing::Test {
protected:
  void build(const char *planned, ProgramOptions options = {}, const std::string &blob = "", uint64_t unknown = 0) {
    Compiled compiled(planned, options, "host", unknown);
    Outputs outputs;
    outputs.shared = where + "/libtiny.so";
    ScratchFolder scratch;
    ASSERT_EQ(textOf(scratch.create()), "");
    ASSERT_EQ(textOf(kiln::codegen::link(compiled.target, compiled.input(blob), outputs, scratch)), "");
    library = std::make_unique<Library>(outputs.shared, "tiny");
    ASSERT_NE(library->handle, nullptr);
  }
  std::string where = folder();
  std::unique_ptr<Library> library;
};

TEST_F(Tiny, RunsLaunchesViewsAndCopies) {
  writeFile(where + "/blob", fourWeights());
  ProgramOptions options;
  options.model = "sums";
  options.provenance = "{\"kernels\":1}";
  options.weights.size = 80;
  options.weights.hash = {1, 2, 3};
  options.weights.hash[31] = 4;
  build(sums, options, where + "/blob");
  const kiln_model_info *info = library->info();
  EXPECT_STREQ(info->name, "sums");
  EXPECT_STREQ(info->provenance, "{\"kernels\":1}");
  EXPECT_EQ(info->workspace_size, 128u + 128u);
  EXPECT_EQ(info->workspace_per_thread, 128u);
  EXPECT_EQ(info->weights_size, 80u);
  ASSERT_EQ(info->input_count, 1);
  ASSERT_EQ(info->output_count, 3);
  EXPECT_STREQ(info->inputs[0].name, "x");
  EXPECT_STREQ(info->outputs[1].name, "s");
  EXPECT_EQ(info->outputs[1].dtype, KILN_F32);
  EXPECT_EQ(info->outputs[1].rank, 2);
  EXPECT_THAT(info->outputs[1].shape, ElementsAre(2, 2, 0, 0, 0, 0, 0, 0));
  const kiln_model *model = reinterpret_cast<const kiln_model *>(info); // its first field
  EXPECT_EQ(model->cpu, must(findTarget("host")).instructions);
  EXPECT_EQ(model->arena_size, 128u);
  EXPECT_EQ(model->scratch_size, 100u);
  ASSERT_NE(model->weights, nullptr);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(model->weights) % 64, 0u);
  EXPECT_EQ(model->weights[79], fourWeights()[79]);
  EXPECT_EQ(model->weights_file, nullptr);
  EXPECT_THAT(std::vector<int>(model->weights_hash, model->weights_hash + 3), ElementsAre(1, 2, 3));
  EXPECT_EQ(model->weights_hash[31], 4);
  EXPECT_NE(model->run, nullptr);
  EXPECT_EQ(model->device, nullptr);
  kiln_context *context = nullptr;
  ASSERT_EQ(library->create(nullptr, &context), KILN_OK) << library->message(context);
  float x[4] = {1, 2, 3, 4}, y[4], s[4], same[4];
  kiln_tensor inputs[] = {tensor(x, KILN_F32, {4})};
  kiln_tensor results[] = {tensor(y, KILN_F32, {4}), tensor(s, KILN_F32, {2, 2}), tensor(same, KILN_F32, {4})};
  ASSERT_EQ(library->run(context, inputs, results), KILN_OK) << library->message(context);
  EXPECT_THAT(y, ElementsAre(21, 42, 63, 84));
  EXPECT_THAT(s, ElementsAre(11, 22, 33, 44));
  EXPECT_THAT(same, ElementsAre(1, 2, 3, 4));
  library->destroy(context);
}

/// y[i] = x[indices[i]]
const char *const gathers = R"(
module attributes {kiln.arena_size = 0 : i64, kiln.scratch_size = 0 : i64} {
  kiln.kernel @k_gather(%a: tensor<5xf32>, %b: tensor<3xi64>) -> tensor<3xf32> {
    %0 = kiln.gather %a, %b {axis = 0 : i64} : (tensor<5xf32>, tensor<3xi64>) -> tensor<3xf32>
    kiln.return %0 : tensor<3xf32>
  }
  func.func @main(%x: tensor<5xf32> {kiln.name = "x"}, %i: tensor<3xi64> {kiln.name = "i"}) -> (tensor<3xf32> {kiln.name = "y"}) {
    %0 = kiln.launch @k_gather(%x, %i) {offsets = array<i64: -1>, checks = [{operand = 1 : i64, limit = 5 : i64, node = "Gather_3"}]}
      : (tensor<5xf32>, tensor<3xi64>) -> tensor<3xf32>
    return %0 : tensor<3xf32>
  }
})";

TEST_F(Tiny, RefusesIndicesOutOfRange) {
  build(gathers);
  kiln_context *context = nullptr;
  ASSERT_EQ(library->create(nullptr, &context), KILN_OK);
  float x[5] = {10, 11, 12, 13, 14}, y[3] = {};
  int64_t good[3] = {4, 0, -2}, bad[3] = {0, 5, 1}, worse[3] = {0, 0, -6};
  kiln_tensor inputs[] = {tensor(x, KILN_F32, {5}), tensor(good, KILN_I64, {3})}, outputs[] = {tensor(y, KILN_F32, {3})};
  ASSERT_EQ(library->run(context, inputs, outputs), KILN_OK) << library->message(context);
  EXPECT_THAT(y, ElementsAre(14, 10, 13));
  inputs[1].data = bad;
  EXPECT_EQ(library->run(context, inputs, outputs), KILN_OUT_OF_RANGE);
  EXPECT_THAT(library->message(context), HasSubstr("Gather_3"));
  inputs[1].data = worse;
  EXPECT_EQ(library->run(context, inputs, outputs), KILN_OUT_OF_RANGE);
  library->destroy(context);
}

TEST_F(Tiny, AProcessorWithoutItsInstructionsIsToldSo) {
  build(gathers, {}, "", uint64_t(1) << 40);
  kiln_context *context = nullptr;
  EXPECT_EQ(library->create(nullptr, &context), KILN_UNSUPPORTED_CPU);
  EXPECT_THAT(library->message(context), HasSubstr("processor lacks"));
  library->destroy(context);
}

/// x is stored with a halo of one before and two behind, in memory that held 16 ones; y is what is there afterwards, negated.
const char *const halos = R"(
module attributes {kiln.arena_size = 64 : i64, kiln.scratch_size = 0 : i64} {
  kiln.kernel @k_store(%a: tensor<2x3xf32>) -> tensor<2x3xf32, #kiln.layout<"1,0;halo=1:1:2">> {
    %0 = kiln.neg %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
    kiln.return %0 : tensor<2x3xf32>
  }
  kiln.kernel @k_dirty(%a: tensor<16xf32>) -> tensor<16xf32> {
    %0 = kiln.exp %a : (tensor<16xf32>) -> tensor<16xf32>
    kiln.return %0 : tensor<16xf32>
  }
  kiln.kernel @k_whole(%a: tensor<16xf32>) -> tensor<16xf32> {
    %0 = kiln.neg %a : (tensor<16xf32>) -> tensor<16xf32>
    kiln.return %0 : tensor<16xf32>
  }
  func.func @main(%d: tensor<16xf32> {kiln.name = "d"}, %x: tensor<2x3xf32> {kiln.name = "x"}) -> (tensor<16xf32> {kiln.name = "y"}) {
    %0 = kiln.launch @k_dirty(%d) {offsets = array<i64: 0>} : (tensor<16xf32>) -> tensor<16xf32>
    %1 = kiln.launch @k_store(%x) {offsets = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32, #kiln.layout<"1,0;halo=1:1:2">>
    %2 = kiln.launch @k_whole(%0) {offsets = array<i64: -1>} : (tensor<16xf32>) -> tensor<16xf32>
    return %2 : tensor<16xf32>
  }
})";

TEST_F(Tiny, ZeroesTheBorder) {
  build(halos); // %0 is the same memory as %1: it shows what is stored there
  kiln_context *context = nullptr;
  ASSERT_EQ(library->create(nullptr, &context), KILN_OK);
  float d[16] = {}, x[6] = {1, 2, 3, 4, 5, 6}, y[16];
  kiln_tensor inputs[] = {tensor(d, KILN_F32, {16}), tensor(x, KILN_F32, {2, 3})}, outputs[] = {tensor(y, KILN_F32, {16})};
  ASSERT_EQ(library->run(context, inputs, outputs), KILN_OK) << library->message(context);
  EXPECT_THAT(y, ElementsAre(0, 1, 2, 3, 0, 0, 0, 4, 5, 6, 0, 0, -1, -1, -1, -1));
  library->destroy(context);
}

TEST(Program, APlanThatCannotBeCompiledIsAnError) {
  auto error = [](std::string text, const std::string &from, const std::string &to) {
    text.replace(text.find(from), from.size(), to);
    Planned plan(text);
    ProgramOptions options;
    options.prefix = "p";
    auto program = compileProgram(plan.module(), must(findTarget("host")), options);
    return program ? std::string() : llvm::toString(program.takeError());
  };
  EXPECT_THAT(error(sums, "{w = 64 : i64}", "{v = 64 : i64}"), HasSubstr("no offset in kiln.weight_offsets for 'w'"));
  EXPECT_THAT(error(sums, "{offsets = array<i64: 64>} ", ""), HasSubstr("an offset for each result"));
  EXPECT_THAT(error(gathers, "limit = 5 : i64, ", ""), HasSubstr("{operand, limit, node}"));
  EXPECT_THAT(error(sums, "@main", "@other"), HasSubstr("no function 'main'"));
  EXPECT_EQ(error(sums, "64", "64"), "");
}
} // namespace
