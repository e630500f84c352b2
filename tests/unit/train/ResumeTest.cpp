//===- ResumeTest.cpp - training that is stopped in any way goes on to the bit ------------===//
#include "Toys.h"
#include <algorithm>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {
class Resume : public Toys {
protected:
  const std::string options = "--epochs 4 --validation-split 0.1 --schedule cosine ";
  void SetUp() override {
    ASSERT_EQ(classes(options + "--checkpoint whole --log whole.csv").code, 0);
    whole = checkpoint("whole");
  }
  void expectSame(const std::string &name) const {
    Checkpoint other = checkpoint(name);
    EXPECT_EQ(other.data, whole.data);
    for (const char *key : {"epoch", "step", "loss", "validation-loss", "validation-accuracy", "rate"})
      EXPECT_EQ(other.history(key), whole.history(key)) << key;
    EXPECT_EQ(other.state("best"), whole.state("best"));
  }
  Checkpoint whole;
};

TEST_F(Resume, BetweenEpochs) {
  // Half of a run of four epochs, as a process that ended after two would leave it.
  ASSERT_TRUE(WIFSIGNALED(stop(options + "--checkpoint part --checkpoint-every 2 --log part.csv", "part", SIGKILL, 20)));
  ASSERT_EQ(checkpoint("part").state("epoch"), 2);
  ASSERT_EQ(classes(options + "--resume part --checkpoint part --log part.csv").code, 0);
  expectSame("part");
  std::string log = folder.get("part.csv");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 5) << log;
}

TEST_F(Resume, AfterAnInterruptWithinAnEpoch) {
  for (int signal : {SIGINT, SIGTERM}) {
    std::string name = "part" + std::to_string(signal);
    int status = stop(options + "--checkpoint " + name, name, signal, 45);
    ASSERT_TRUE(WIFEXITED(status));
    ASSERT_EQ(WEXITSTATUS(status), 130) << folder.get("err");
    Checkpoint part = checkpoint(name);
    EXPECT_GT(part.state("row"), 0);
    EXPECT_LT(part.state("step"), whole.state("step"));
    EXPECT_EQ(folder.get("err"), "train_toy_classes: interrupted in epoch " + std::to_string(int(part.state("epoch")) + 1) +
                                     " after step " + std::to_string(int(part.state("step"))) +
                                     "; go on with: train_toy_classes --resume " + name + "\n");
    EXPECT_EQ(folder.run(TOY_CLASSES, "--resume " + name).code, 0) << "everything else is in the checkpoint";
    expectSame(name);
  }
}

TEST_F(Resume, AfterAKillAnyTime) {
  for (int milliseconds : {0, 1, 3, 10, 30, 70, 110, 200}) {
    ASSERT_TRUE(WIFSIGNALED(stop(options + "--checkpoint part", "part", SIGKILL, milliseconds)));
    ASSERT_EQ(folder.run(TOY_CLASSES, "--resume part").code, 0) << "the checkpoint is sound";
    expectSame("part");
    EXPECT_FALSE(folder.has("part.tmp")) << "what a killed process left was overwritten";
    unlink(folder.file("part").c_str());
  }
}

TEST_F(Resume, LongerThanPlanned) {
  ASSERT_EQ(classes("--epochs 2 --checkpoint two").code, 0);
  ASSERT_EQ(classes("--epochs 5 --checkpoint five").code, 0);
  ASSERT_EQ(classes("--epochs 5 --resume two --checkpoint more").code, 0);
  EXPECT_EQ(checkpoint("more").data, checkpoint("five").data);
  Ran ran = classes("--resume more");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.output, "nothing to do: the checkpoint has 5 epochs behind it, of 5\n");
}
} // namespace
