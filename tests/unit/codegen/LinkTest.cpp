// The link contract: what an artefact shows, what it needs, that it is the same each time, and what is said when it cannot be made.
#include "Artefact.h"
#include "compiler/codegen/Header.h"
#include "compiler/codegen/Weights.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdlib>
#include <sys/stat.h>

using namespace kiln::codegen;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

namespace {
const char *const twice = R"(
module attributes {kiln.arena_size = 0 : i64, kiln.scratch_size = 0 : i64, kiln.weight_offsets = {w = 0 : i64}} {
  kiln.parameter @w : tensor<4xf32>
  kiln.kernel @k_twice(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
    %0 = kiln.mul %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    kiln.return %0 : tensor<4xf32>
  }
  func.func @main(%x: tensor<4xf32> {kiln.name = "x"}) -> (tensor<4xf32> {kiln.name = "y"}) {
    %w = kiln.use @w : tensor<4xf32>
    %0 = kiln.launch @k_twice(%x, %w) {offsets = array<i64: -1>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    return %0 : tensor<4xf32>
  }
})";

std::string blobOf(float factor) {
  std::vector<float> weights(4, factor);
  return {reinterpret_cast<const char *>(weights.data()), 16};
}

/// Everything kiln can emit of a model that multiplies by `factor`.
class Everything {
public:
  explicit Everything(const std::string &prefix, float factor, bool isStatic = false) {
    outputs = {where + "/exe", where + "/lib" + prefix + ".so", where + "/lib.a", where + "/model.o"};
    writeFile(where + "/blob", blobOf(factor));
    ProgramOptions options;
    options.prefix = prefix;
    options.weights.size = 16;
    Compiled compiled(twice, options);
    LinkInput input = compiled.input(where + "/blob");
    input.staticExecutable = isStatic;
    ScratchFolder scratch;
    EXPECT_EQ(textOf(scratch.create()), "");
    EXPECT_EQ(textOf(kiln::codegen::link(compiled.target, input, outputs, scratch)), "");
    HeaderFacts facts{prefix, "twice", compiled.program.signature};
    writeFile(where + "/" + prefix + ".h", headerText(facts));
  }
  std::string where = folder();
  Outputs outputs;
};

std::string shell(const std::string &command) {
  std::string out = folder() + "/out";
  int status = std::system((command + " >" + out + " 2>&1").c_str());
  return readFile(out) + (status == 0 ? "" : "exit " + std::to_string(WEXITSTATUS(status)) + "\n");
}

/// Names of the defined symbols that other objects can see.
std::vector<std::string> visible(const std::string &object, bool dynamic = false) {
  std::vector<std::string> names;
  auto binary = must(llvm::object::ObjectFile::createObjectFile(object));
  auto *elf = llvm::cast<llvm::object::ELFObjectFileBase>(binary.getBinary());
  auto look = [&](const llvm::object::SymbolRef &symbol) {
    uint32_t flags = must(symbol.getFlags());
    if ((flags & llvm::object::SymbolRef::SF_Global) && !(flags & llvm::object::SymbolRef::SF_Undefined))
      names.push_back(must(symbol.getName()).str());
  };
  if (dynamic)
    for (auto symbol : elf->getDynamicSymbolIterators())
      look(symbol);
  else
    for (auto symbol : elf->symbols())
      look(symbol);
  return names;
}

TEST(Link, OnlyThePrefixIsVisible) {
  Everything made("tiny", 2);
  EXPECT_THAT(visible(made.outputs.shared, true),
              UnorderedElementsAre("tiny_info", "tiny_create", "tiny_run", "tiny_message", "tiny_destroy"));
  EXPECT_THAT(visible(made.outputs.object),
              UnorderedElementsAre("tiny_info", "tiny_create", "tiny_run", "tiny_message", "tiny_destroy", "tiny_weights"));
}

TEST(Link, AKernelNeedsTheRuntimeOnly) {
  Compiled compiled(twice);
  ASSERT_EQ(compiled.kernels.size(), 1u);
  auto object = llvm::MemoryBuffer::getMemBuffer(compiled.kernels[0].made.object, "", false);
  auto binary = must(llvm::object::ObjectFile::createObjectFile(object->getMemBufferRef()));
  for (const llvm::object::SymbolRef &symbol : binary->symbols())
    if (must(symbol.getFlags()) & llvm::object::SymbolRef::SF_Undefined) {
      EXPECT_THAT(must(symbol.getName()).str(),
                  testing::AnyOf("", "halide_do_par_for", "halide_malloc", "halide_free", "memset", "memcpy", "memmove"));
    }
}

TEST(Link, TwoMakesAreTheSame) {
  Everything one("tiny", 2), two("tiny", 2);
  EXPECT_EQ(readFile(one.outputs.object), readFile(two.outputs.object));
  EXPECT_EQ(readFile(one.outputs.library), readFile(two.outputs.library));
  EXPECT_EQ(readFile(one.outputs.shared), readFile(two.outputs.shared));
  EXPECT_EQ(readFile(one.outputs.executable), readFile(two.outputs.executable));
  EXPECT_GT(readFile(one.outputs.executable).size(), 1000u);
  for (const std::string &path : {one.outputs.object, one.outputs.library, one.outputs.shared, one.outputs.executable})
    EXPECT_EQ(readFile(path).find(one.where), std::string::npos) << path << " tells where it was made";
}

const char *const caller = R"(
#include "one.h"
#include "two.h"
#include <stdio.h>
int main(void) {
  kiln_context *a, *b;
  float x[4] = {1, 2, 3, 4}, y[4], z[4];
  if (one_create(0, &a) || two_create(0, &b) || one_call(a, x, y) || two_call(b, y, z)) {
    printf("%s %s\n", one_message(a), two_message(b));
    return 1;
  }
  printf("%g %g %g %g, %d inputs\n", z[0], z[1], z[2], z[3], ONE_INPUTS);
  one_destroy(a);
  two_destroy(b);
  return 0;
}
)";

TEST(Link, TwoModelsLinkIntoOneProgram) {
  Everything one("one", 2), two("two", 5);
  writeFile(one.where + "/caller.c", caller);
  std::string compile = "cc -std=c11 -Wall -Wextra -Werror -I" + one.where + " -I" + two.where + " " + one.where + "/caller.c -o " +
                        one.where + "/caller ";
  EXPECT_EQ(shell(compile + one.outputs.library + " " + two.outputs.library + " -pthread && " + one.where + "/caller"),
            "10 20 30 40, 1 inputs\n");
  EXPECT_EQ(shell(compile + one.outputs.object + " " + two.outputs.object + " -pthread && " + one.where + "/caller"),
            "10 20 30 40, 1 inputs\n");
  EXPECT_EQ(shell(compile + one.outputs.library + " " + two.outputs.shared + " -pthread && LD_LIBRARY_PATH=" + two.where + " " +
                  one.where + "/caller"),
            "10 20 30 40, 1 inputs\n");
}

const char *const hostWithHalide = R"(
#include "one.h"
#include <stdio.h>
struct halide_dim { int32_t min, extent, stride; uint32_t flags; };
struct halide_buffer { uint64_t device; void *interface; void *host; uint64_t flags; uint8_t code, bits; uint16_t lanes; int32_t rank;
                       struct halide_dim *dims; void *padding; };
int host_double(struct halide_buffer *);
int main(void) {
  kiln_context *context;
  float x[4] = {1, 2, 3, 4}, y[4];
  int32_t doubled[4];
  struct halide_dim dim = {0, 4, 1, 0};
  struct halide_buffer buffer = {0, 0, doubled, 0, 0, 32, 1, 1, &dim, 0};
  if (one_create(0, &context) || one_call(context, x, y) || host_double(&buffer))
    return 1;
  printf("%g %d\n", y[3], doubled[3]);
  one_destroy(context);
  return 0;
}
)";

TEST(Link, AHostMayUseHalideItself) {
  Everything one("one", 2);
  std::vector<Answer> answers = must(runJobs({{"halide", {one.where + "/halide.o", must(findTarget("host")).halide}}}, 1));
  ASSERT_EQ(answers[0].error, "");
  writeFile(one.where + "/host.c", hostWithHalide);
  EXPECT_EQ(shell("cd " + one.where + " && cc -std=c11 host.c halide.o lib.a -o host -pthread -ldl -lm && ./host"), "8 6\n");
}

const char *const threads = R"(
#include "one.h"
#include <pthread.h>
#include <stdio.h>
static void *work(void *argument) {
  float scale = *(float *)argument, x[4] = {scale, 0, 0, 0}, y[4];
  kiln_context *context;
  if (one_create(0, &context))
    return "create";
  for (int i = 0; i < 200; ++i)
    if (one_call(context, x, y) || y[0] != 2 * scale)
      return "call";
  one_destroy(context);
  return 0;
}
int main(void) {
  float scales[2] = {3, 7};
  pthread_t threads[2];
  void *wrong[2];
  for (int i = 0; i < 2; ++i)
    pthread_create(&threads[i], 0, work, &scales[i]);
  for (int i = 0; i < 2; ++i)
    pthread_join(threads[i], &wrong[i]);
  puts(wrong[0] || wrong[1] ? "wrong" : "right");
  return 0;
}
)";

TEST(Link, ThreadsWithAContextEachShareAModel) {
  Everything one("one", 2);
  writeFile(one.where + "/threads.c", threads);
  EXPECT_EQ(shell("cd " + one.where + " && cc -std=gnu11 -g -fsanitize=thread threads.c lib.a -o threads -pthread && ./threads"),
            "right\n");
}

TEST(Link, AForeignTargetGivesItsObjects) {
  std::string where = folder();
  writeFile(where + "/blob", blobOf(2));
  ProgramOptions options;
  options.prefix = "tiny";
  options.weights.size = 16;
  Compiled compiled(twice, options, "aarch64");
  Outputs outputs;
  outputs.object = where + "/tiny.o";
  outputs.library = where + "/libtiny.a";
  ScratchFolder scratch;
  ASSERT_EQ(textOf(scratch.create()), "");
  ASSERT_EQ(textOf(kiln::codegen::link(compiled.target, compiled.input(where + "/blob"), outputs, scratch)), "");
  auto binary = must(llvm::object::ObjectFile::createObjectFile(outputs.object));
  EXPECT_EQ(binary.getBinary()->getArch(), llvm::Triple::aarch64);
  EXPECT_THAT(visible(outputs.object),
              UnorderedElementsAre("tiny_info", "tiny_create", "tiny_run", "tiny_message", "tiny_destroy", "tiny_weights"));
  EXPECT_GT(readFile(outputs.library).size(), readFile(outputs.object).size() / 2);
}

TEST(Link, TheExecutableIsSmallAndNeedsTheCLibraryOnly) {
  Everything made("tiny", 2);
  EXPECT_THAT(shell("ldd " + made.outputs.executable), testing::AllOf(HasSubstr("libc.so"), testing::Not(HasSubstr("libstdc++"))));
  EXPECT_LT(readFile(made.outputs.executable).size(), 100u << 10);
  EXPECT_THAT(shell(made.outputs.executable + " --help"), HasSubstr("--input"));
}

TEST(Link, AStaticExecutableNeedsNothing) {
  Everything made("tiny", 2, true);
  EXPECT_THAT(shell("ldd " + made.outputs.executable), HasSubstr("not a dynamic executable"));
  EXPECT_LT(readFile(made.outputs.executable).size(), 1u << 20);
  EXPECT_THAT(shell(made.outputs.executable + " --help"), HasSubstr("--input"));
}

TEST(Link, AMissingLinkerIsSaid) {
  std::string path = getenv("PATH"), empty = folder();
  Outputs executable, object;
  executable.executable = empty + "/exe";
  object.object = empty + "/model.o";
  ProgramOptions options;
  Compiled compiled(twice, options);
  ScratchFolder scratch;
  ASSERT_EQ(textOf(scratch.create()), "");
  setenv("PATH", empty.c_str(), 1);
  std::string driver = textOf(kiln::codegen::link(compiled.target, compiled.input(), executable, scratch));
  std::string linker = textOf(kiln::codegen::link(compiled.target, compiled.input(), object, scratch));
  setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(driver, testing::AllOf(HasSubstr("install gcc"), HasSubstr("--emit=obj,lib,header")));
  EXPECT_THAT(linker, HasSubstr("install lld-19"));
}

TEST(Link, OutputsAppearTogetherOrNotAtAll) {
  std::string where = folder();
  writeFile(where + "/b", "old");
  {
    Staging staging;
    writeFile(must(staging.add(where + "/a", true)), "new a");
    writeFile(must(staging.add(where + "/b")), "new b");
    EXPECT_EQ(readFile(where + "/b"), "old");
  }
  EXPECT_EQ(shell("ls -A " + where), "b\n");
  {
    Staging staging;
    writeFile(must(staging.add(where + "/a", true)), "new a");
    writeFile(must(staging.add(where + "/b")), "new b");
    EXPECT_EQ(textOf(staging.commit()), "");
  }
  EXPECT_EQ(shell("ls -A " + where), "a\nb\n");
  EXPECT_EQ(readFile(where + "/b"), "new b");
  struct stat status;
  ASSERT_EQ(stat((where + "/a").c_str(), &status), 0);
  EXPECT_TRUE(status.st_mode & S_IXUSR);
  Staging staging;
  EXPECT_THAT(textOf(staging.add(where + "/none/c").takeError()), HasSubstr(where + "/none/c"));
  EXPECT_THAT(textOf(staging.add(where).takeError()), HasSubstr("irectory"));
}

TEST(Weights, ASafetensorsFileHasItsDataAligned) {
  std::string where = folder(), blob(200, 'x');
  writeFile(where + "/blob", blob);
  ASSERT_EQ(textOf(writeSafetensors(where + "/blob", {{{"b", KILN_I64, {2, 3}}, 128}, {{"a", KILN_F32, {4}}, 0}}, where + "/w")),
            "");
  std::string file = readFile(where + "/w");
  uint64_t header;
  memcpy(&header, file.data(), 8);
  EXPECT_EQ((8 + header) % 64, 0u);
  EXPECT_EQ(file.substr(8 + header), blob);
  EXPECT_EQ(
      llvm::StringRef(file).substr(8, header).rtrim().str(),
      R"({"a":{"data_offsets":[0,16],"dtype":"F32","shape":[4]},"b":{"data_offsets":[128,176],"dtype":"I64","shape":[2,3]},)"
      R"("padding.16":{"data_offsets":[16,128],"dtype":"U8","shape":[112]},"padding.176":{"data_offsets":[176,200],"dtype":"U8","shape":[24]}})");
}

TEST(Target, ForeignOnesGiveObjects) {
  Target target = must(findTarget("aarch64"));
  EXPECT_EQ(target.machine.lanes, 4);
  Outputs executable;
  executable.executable = "x";
  EXPECT_THAT(textOf(checkOutputs(target, executable)), target.isForeign() ? HasSubstr("--emit=obj") : HasSubstr(""));
  EXPECT_THAT(textOf(findTarget("x86-64-v9").takeError()), HasSubstr("host, x86-64-v3, x86-64-v4, aarch64"));
  EXPECT_EQ(must(findTarget(must(findTarget("host")).name)).halide, must(findTarget("host")).halide);
}
} // namespace
