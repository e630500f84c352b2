//===- RefusalTest.cpp - what the trainer refuses, and what it leaves behind then ---------===//
#include "Toys.h"
#include <random>
#include <unistd.h>

namespace {
class Refusal : public Toys {
protected:
  void expect(const Ran &ran, int code, const std::string &message) const {
    EXPECT_EQ(ran.code, code);
    EXPECT_EQ(ran.errors, "train_toy_classes: error: " + message + "\n");
  }
  void expectLike(const Ran &ran, const std::string &part) const {
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.errors.find("train_toy_"), 0u);
    EXPECT_NE(ran.errors.find(part), std::string::npos) << ran.errors;
    EXPECT_EQ(ran.errors.find('\n'), ran.errors.size() - 1) << "one line";
  }
};

TEST_F(Refusal, CommandLine) {
  expect(classes("--epoch 3"), 2, "unknown argument '--epoch'; --help lists what there is");
  expect(classes("x"), 2, "unknown argument 'x'; --help lists what there is");
  expect(classes("--quiet=1"), 2, "unknown argument '--quiet=1'; --help lists what there is");
  expect(classes("--epochs"), 2, "--epochs: expected a value after it");
  expect(classes("--epochs x"), 2, "--epochs: expected a whole number, found 'x'");
  expect(classes("--epochs 0"), 2, "command line: epochs: expected a whole number from 1 to 1000000000, found 0");
  expect(classes("--rate 0.1x"), 2, "--rate: expected a number, found '0.1x'");
  expect(classes("--rate nan"), 2, "--rate: expected a number, found 'nan'");
  expect(classes("--validation-split 1"), 2, "command line: validation-split: expected a number from 0 to 0.99, found 1.0");
  expect(classes("--optimizer adam"), 2, "--optimizer: this trainer was compiled with momentum, found adam");
  expect(classes("--=3"), 2, "unknown argument '--=3'; --help lists what there is");
  expect(classes("--schedule cos"), 1, "schedule: expected constant, step, exponential, cosine or plateau, found 'cos'");
  expect(classes("--log a.txt"), 1, "log: expected a file called .csv or .jsonl, found 'a.txt'");
  expect(classes("--metrics mae"), 1, "metrics: 'mae' does not suit this model's prediction and target");
  expect(classes("--monitor top-2"), 1, "monitor: expected loss or one of the metrics, found 'top-2'");
  expect(folder.run(TOY_CLASSES, ""), 1, "nothing to train with: give --data PATH");
  EXPECT_FALSE(folder.has("train_toy_classes.safetensors"));
}

TEST_F(Refusal, Recipes) {
  folder.put("a.json", "{\"epochs\": 3,}");
  expectLike(classes("--recipe a.json"), "a.json:1:14: it is no JSON: ");
  folder.put("a.json", "{\"epochs\": \"three\"}");
  expect(classes("--recipe a.json"), 1, "a.json: epochs: expected a whole number from 1 to 1000000000, found \"three\"");
  folder.put("a.json", "{\"epoks\": 3}");
  expect(classes("--recipe a.json"), 1, "a.json: there is no option 'epoks'");
  folder.put("a.json", "{\"optimizer\": \"adam\"}");
  expect(classes("--recipe a.json"), 1, "a.json: optimizer: this trainer was compiled with \"momentum\", found \"adam\"");
  folder.put("a.json", "[]");
  expect(classes("--recipe a.json"), 1, "a.json: expected a JSON object of options");
  expectLike(classes("--recipe none.json"), "none.json: ");
}

TEST_F(Refusal, Data) {
  folder.put("four.idx", idx({101}, std::string(100, '\1') + "\3"));
  folder.put("short.idx", idx({100}, std::string(100, '\1')));
  folder.put("wide.idx", idx({101, 4, 7}, std::string(101 * 28, 'x')));
  folder.put("cut.idx", folder.get("x.idx").substr(0, 500));
  expect(folder.run(TOY_CLASSES, "--data x.idx --labels four.idx"), 1, "four.idx: row 100: expected a label from 0 to 2, found 3");
  expect(folder.run(TOY_CLASSES, "--data x.idx --labels short.idx"), 1, "x.idx has 101 rows, short.idx has 100: expected as many");
  expect(folder.run(TOY_CLASSES, "--data wide.idx --labels y.idx"), 1,
         "wide.idx: rows of uint8[4,7] do not fit the model's 'x', whose rows are float32[1,6,6]");
  expect(folder.run(TOY_CLASSES, "--data cut.idx --labels y.idx"), 1,
         "cut.idx: expected 1616 bytes of data for uint8[101,4,4]; it is cut off or damaged");
  expect(classes("--validation wide.idx --validation-labels y.idx"), 1,
         "wide.idx: rows of uint8[4,7] do not fit the model's 'x', whose rows are float32[1,6,6]");
  expect(classes("--validation-split 0.001"), 1, "x.idx: validation-split 0.001 of 101 rows leaves none on one side");
  EXPECT_FALSE(folder.has("train_toy_classes.safetensors"));
}

TEST_F(Refusal, OtherCheckpoints) {
  ASSERT_EQ(line("--epochs 1 --checkpoint line").code, 0);
  ASSERT_EQ(classes("--epochs 1 --checkpoint classes").code, 0);
  std::string good = folder.get("classes");
  expect(classes("--resume line"), 1,
         "line: it is a checkpoint of another model: 'weight': expected float32[3,36], found shape [1,1]");
  folder.put("cut", good.substr(0, good.size() - 1));
  expectLike(classes("--resume cut"), "the file is cut off or damaged");
  std::string other = good;
  other.replace(other.find("\"bias\""), 6, "\"baas\"");
  folder.put("other", other);
  expect(classes("--resume other"), 1, "other: it is a checkpoint of another model: 'bias': expected float32[3], found none");
  folder.put("text", "no checkpoint at all");
  expect(classes("--resume text"), 1, "text: it is no safetensors file, or it is cut off inside its header");
  EXPECT_EQ(classes("--resume none").errors, "train_toy_classes: error: none: No such file or directory\n");
  EXPECT_EQ(folder.get("classes"), good);
}

TEST_F(Refusal, DamagedCheckpointsNeverCrash) {
  ASSERT_EQ(classes("--epochs 1 --checkpoint c").code, 0);
  std::string good = folder.get("c");
  size_t header = valuesOf<uint64_t>(good.substr(0, 8))[0];
  std::mt19937 random(1);
  for (int round = 0; round < 80; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 1 + round % 3; ++i)
      bytes[random() % (8 + header)] = static_cast<char>(' ' + random() % 95);
    folder.put("d", bytes);
    Ran ran = classes("--resume d --evaluate");
    EXPECT_TRUE(ran.code == 0 || ran.code == 1) << round << ": " << ran.code << ran.errors;
    EXPECT_EQ(ran.code == 0, ran.errors.empty()) << ran.errors;
  }
}

TEST_F(Refusal, LossThatIsNoNumber) {
  ASSERT_EQ(line("--epochs 2 --rate 0.01 --checkpoint c").code, 0);
  std::string before = folder.get("c");
  Ran ran = line("--epochs 100 --rate 1e18 --checkpoint c --resume c");
  expectLike(ran,
             "train_toy_line: error: step 6 (epoch 3, batch 2): the loss is inf, with parameters that were numbers before it; a "
             "lower --rate may help; the checkpoint of epoch 2 is kept: c\n");
  EXPECT_EQ(folder.get("c"), before) << "the checkpoint from before is kept";
  folder.put("line.csv", "x,y\n1e30,1e10\n");
  expectLike(line("--checkpoint d"),
             "step 1 (epoch 1, batch 1): 'weight' became NaN or infinite in the update, at a loss of 1e+20");
  folder.put("line.csv", "x,y\n1,2\n3,nan\n");
  expectLike(line("--checkpoint d"),
             "step 1 (epoch 1, batch 1): 'target' holds NaN or infinity: row 1 of line.csv; there is no checkpoint yet");
  EXPECT_FALSE(folder.has("d"));
}

TEST_F(Refusal, FullDisk) {
  ASSERT_EQ(classes("--epochs 1 --checkpoint c").code, 0);
  std::string before = folder.get("c");
  ASSERT_EQ(symlink("/dev/full", folder.file("c.tmp").c_str()), 0);
  expect(classes("--epochs 2 --resume c --checkpoint c"), 1, "c: No space left on device");
  EXPECT_EQ(folder.get("c"), before);
  expect(classes("--epochs 1 --checkpoint no/where"), 1, "no/where: No such file or directory");
  ASSERT_EQ(symlink("/dev/full", folder.file("l.csv").c_str()), 0);
  expect(classes("--epochs 1 --checkpoint d --log l.csv"), 1, "l.csv: No space left on device");
}
} // namespace
