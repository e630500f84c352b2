// What a job's process does to itself must reach its own answer only.
#include "compiler/codegen/Zygote.h"
#include "gmock/gmock.h"
#include <set>

using namespace kiln::codegen;
using testing::HasSubstr;

namespace {
std::vector<Answer> run(const std::vector<Job> &jobs, unsigned parallel = 2) {
  llvm::Expected<std::vector<Answer>> answers = runJobs(jobs, parallel);
  EXPECT_TRUE(static_cast<bool>(answers));
  return answers ? *answers : std::vector<Answer>(jobs.size());
}

TEST(Zygote, AnswersStandInTheOrderOfTheJobs) {
  std::vector<Job> jobs;
  for (int i = 0; i < 40; ++i)
    jobs.push_back({"echo", {std::to_string(i), std::string(1 << 18, 'a'), ""}});
  std::vector<size_t> done;
  llvm::Expected<std::vector<Answer>> answers = runJobs(jobs, 5, [&](size_t index, const Answer &) { done.push_back(index); });
  ASSERT_TRUE(static_cast<bool>(answers));
  for (size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ((*answers)[i].error, "");
    EXPECT_EQ((*answers)[i].texts, jobs[i].arguments);
  }
  EXPECT_THAT(done, testing::UnorderedElementsAreArray([] {
                std::vector<size_t> all(40);
                for (size_t i = 0; i < all.size(); ++i)
                  all[i] = i;
                return all;
              }()));
}

TEST(Zygote, EveryJobHasAProcessOfItsOwn) {
  std::set<std::string> processes;
  for (const Answer &answer : run(std::vector<Job>(10, {"pid", {}})))
    processes.insert(answer.texts.at(0));
  EXPECT_EQ(processes.size(), 10u);
}

TEST(Zygote, AnErrorIsTheExceptionsText) {
  std::vector<Answer> answers = run({{"fail", {"no such loop"}}, {"echo", {"x"}}, {"fail", {""}}, {"unknown", {}}});
  EXPECT_EQ(answers[0].error, "no such loop");
  EXPECT_EQ(answers[1].texts, Texts{"x"});
  EXPECT_FALSE(answers[2].ok());
  EXPECT_FALSE(answers[3].ok());
}

TEST(Zygote, ADeadProcessIsAnErrorOfItsJobOnly) {
  std::vector<Answer> answers = run({{"abort", {}}, {"echo", {"x"}}, {"kill", {}}, {"nothing", {}}, {"echo", {"y"}}});
  EXPECT_THAT(answers[0].error, HasSubstr("Aborted"));
  EXPECT_THAT(answers[0].error, HasSubstr("LLVM ERROR: broken on purpose"));
  EXPECT_EQ(answers[1].texts, Texts{"x"});
  EXPECT_THAT(answers[2].error, HasSubstr("Killed"));
  EXPECT_THAT(answers[3].error, HasSubstr("without an answer"));
  EXPECT_EQ(answers[4].texts, Texts{"y"});
}

TEST(Zygote, LimitsEndAJob) {
  Limits short_, small;
  short_.seconds = 1;
  small.bytes = uint64_t(2) << 30;
  std::vector<Answer> answers =
      run({{"sleep", {}, short_}, {"allocate", {std::to_string(uint64_t(3) << 30)}, small}, {"allocate", {"1000"}, small}});
  EXPECT_THAT(answers[0].error, HasSubstr("longer than 1 seconds"));
  EXPECT_FALSE(answers[1].ok());
  EXPECT_TRUE(answers[2].ok()) << answers[2].error;
}
} // namespace
