// The cache gives back what was stored, or nothing: whatever is done to its files, and however many processes use them.
#include "compiler/codegen/Cache.h"
#include "Artefact.h"
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace kiln::codegen;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

namespace {
class CacheFolder : public testing::Test {
protected:
  Cache open() {
    return Cache(where, [this](const std::string &text) { warnings.push_back(text); });
  }
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> all;
    for (const auto &entry : std::filesystem::directory_iterator(where))
      all.push_back(entry.path());
    return all;
  }
  std::string where = folder();
  std::vector<std::string> warnings;
};

TEST_F(CacheFolder, KeepsByContent) {
  Cache cache = open();
  std::string one = cache.key({"kernel", "target"}), two = cache.key({"kernelt", "arget"});
  EXPECT_NE(one, two);
  EXPECT_EQ(one, cache.key({"kernel", "target"}));
  EXPECT_EQ(cache.find(one), std::nullopt);
  cache.store(one, {"object", "", std::string("\0x", 2)});
  EXPECT_THAT(cache.find(one), Optional(ElementsAre("object", "", std::string("\0x", 2))));
  EXPECT_EQ(cache.find(two), std::nullopt);
  EXPECT_EQ(cache.hits, 1u);
  EXPECT_EQ(cache.misses, 2u);
  EXPECT_THAT(open().find(one), Optional(testing::SizeIs(3)));
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(CacheFolder, ADamagedEntryIsNoEntry) {
  Cache cache = open();
  std::string key = cache.key({"k"});
  cache.store(key, {std::string(1000, 'o')});
  ASSERT_EQ(files().size(), 1u);
  std::string path = files()[0], whole = readFile(path);
  for (size_t at : {size_t(0), size_t(20), size_t(60), whole.size() - 1}) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    writeFile(path, damaged);
    EXPECT_EQ(cache.find(key), std::nullopt) << "byte " << at;
    EXPECT_THAT(files(), IsEmpty()) << "a damaged entry goes";
  }
  for (size_t size : {size_t(0), size_t(13), size_t(44), whole.size() - 1}) {
    writeFile(path, whole.substr(0, size));
    EXPECT_EQ(cache.find(key), std::nullopt) << size << " bytes";
  }
  writeFile(path, whole);
  EXPECT_NE(cache.find(key), std::nullopt);
}

TEST_F(CacheFolder, TheOnesUsedLongestAgoGo) {
  Cache cache = open();
  auto age = [&](const std::string &key, time_t seconds) {
    timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, (where + "/" + key + ".kernel").c_str(), times, 0), 0);
  };
  std::vector<std::string> keys;
  for (int i = 0; i < 4; ++i) {
    keys.push_back(cache.key({std::to_string(i)}));
    cache.store(keys[i], {std::string(1000, 'o')});
    age(keys[i], 1000 + i);
  }
  EXPECT_NE(cache.find(keys[0]), std::nullopt); // used now, so 1 and 2 are older
  writeFile(where + "/writing-00000000", "killed long ago");
  timespec times[2] = {{5, 0}, {5, 0}};
  utimensat(AT_FDCWD, (where + "/writing-00000000").c_str(), times, 0);
  writeFile(where + "/writing-11111111", "under way");
  cache.limit = 2500;
  cache.clean();
  EXPECT_NE(cache.find(keys[0]), std::nullopt);
  EXPECT_EQ(cache.find(keys[1]), std::nullopt);
  EXPECT_EQ(cache.find(keys[2]), std::nullopt);
  EXPECT_NE(cache.find(keys[3]), std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(where + "/writing-00000000"));
  EXPECT_TRUE(std::filesystem::exists(where + "/writing-11111111"));
}

TEST_F(CacheFolder, AFolderThatCannotBeUsedIsToldOnce) {
  writeFile(where + "/file", "");
  Cache cache(where + "/file/cache", [this](const std::string &text) { warnings.push_back(text); });
  cache.store(cache.key({"k"}), {"object"});
  EXPECT_EQ(cache.find(cache.key({"k"})), std::nullopt);
  EXPECT_THAT(warnings, ElementsAre(testing::HasSubstr(where + "/file/cache")));
}

/// Writers are killed at any moment, readers never see half an entry.
TEST_F(CacheFolder, SurvivesKilledAndConcurrentWriters) {
  Texts value = {std::string(1 << 16, 'v')};
  std::vector<pid_t> writers;
  for (int i = 0; i < 4; ++i) {
    pid_t pid = fork();
    if (pid == 0) {
      Cache cache = open();
      for (int j = 0;; ++j)
        cache.store(cache.key({std::to_string(j % 8)}), value);
    }
    writers.push_back(pid);
  }
  Cache cache = open();
  int found = 0;
  for (int i = 0; i < 400; ++i) {
    if (i == 200)
      for (pid_t pid : writers)
        kill(pid, SIGKILL);
    std::optional<Texts> texts = cache.find(cache.key({std::to_string(i % 8)}));
    if (texts) {
      ++found;
      ASSERT_EQ(*texts, value);
    }
    usleep(500);
  }
  for (pid_t pid : writers)
    waitpid(pid, nullptr, 0);
  EXPECT_GT(found, 0);
}

TEST_F(CacheFolder, KernelsComeFromItUnchanged) {
  Planned plan(R"(module {
    kiln.kernel @k_a(%a: tensor<64xf32>) -> tensor<64xf32> {
      %0 = kiln.exp %a : (tensor<64xf32>) -> tensor<64xf32>
      kiln.return %0 : tensor<64xf32>
    }
    kiln.kernel @k_b(%a: tensor<64xf32>) -> tensor<64xf32> {
      %0 = kiln.neg %a : (tensor<64xf32>) -> tensor<64xf32>
      kiln.return %0 : tensor<64xf32>
    }
    func.func @main(%a: tensor<64xf32>) -> tensor<64xf32> {
      %0 = kiln.launch @k_b(%a) : (tensor<64xf32>) -> tensor<64xf32>
      %1 = kiln.launch @k_a(%0) : (tensor<64xf32>) -> tensor<64xf32>
      return %1 : tensor<64xf32>
    }
  })");
  Target target = must(findTarget("host"));
  WorkOptions options;
  options.parallel = 2;
  std::vector<CompiledKernel> without = must(compileKernels(plan.module(), "main", target, options));
  Cache cache = open();
  options.cache = &cache;
  std::vector<CompiledKernel> cold = must(compileKernels(plan.module(), "main", target, options));
  options.parallel = 1;
  std::vector<CompiledKernel> warm = must(compileKernels(plan.module(), "main", target, options));
  ASSERT_EQ(cold.size(), 2u);
  ASSERT_EQ(warm.size(), 2u);
  EXPECT_EQ(cache.misses, 2u);
  EXPECT_EQ(cache.hits, 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(cold[i].name, i == 0 ? "k_a" : "k_b");
    EXPECT_EQ(without[i].made.object, cold[i].made.object);
    EXPECT_EQ(warm[i].made.object, cold[i].made.object);
    EXPECT_EQ(warm[i].made.schedule, cold[i].made.schedule);
  }
}
} // namespace
