//===- TrainTest.cpp - the trainer as a whole: what it learns, writes and says ------------===//
#include "Toys.h"
#include <algorithm>
#include <cmath>
#include <sstream>

namespace {
using Train = Toys;

TEST_F(Train, FitsALine) {
  Ran ran = line("--epochs 2000 --rate 0.03 --checkpoint-every 500 --checkpoint c --quiet");
  ASSERT_EQ(ran.code, 0) << ran.errors;
  EXPECT_EQ(ran.output + ran.errors, "");
  Checkpoint checkpoint = this->checkpoint("c");
  EXPECT_NEAR(checkpoint.tensors["weight"][0], 2, 1e-4);
  EXPECT_NEAR(checkpoint.tensors["bias"][0], 4, 1e-4);
  EXPECT_EQ(checkpoint.state("epoch"), 2000);
  EXPECT_EQ(checkpoint.state("step"), 4000);
  EXPECT_EQ(checkpoint.metadata["kiln.graph"], "by hand");
  EXPECT_TRUE(folder.has("c.json"));
}

/// Gradient descent of the mean squared error in double, rows in order, `size` rows an update.
struct Line {
  double weight = 0, bias = 0, loss = 0;
  void epoch(int size, double rate) {
    loss = 0;
    for (int from = 0; from < 7; from += size) {
      double slope[2] = {0, 0};
      int rows = from + size < 7 ? size : 7 - from;
      for (int row = from; row < from + rows; ++row) {
        double x = row + 1, error = weight * x + bias - (2 * x + 4);
        loss += error * error / 7;
        slope[0] += 2 * error * x / rows;
        slope[1] += 2 * error / rows;
      }
      weight -= rate * slope[0];
      bias -= rate * slope[1];
    }
  }
};

TEST_F(Train, LastBatchCountsItsOwnRowsAlone) {
  ASSERT_EQ(line("--epochs 3 --rate 0.01 --in-order --checkpoint c").code, 0);
  Line line;
  std::vector<double> losses;
  for (int epoch = 0; epoch < 3; ++epoch) {
    line.epoch(4, 0.01);
    losses.push_back(line.loss);
  }
  Checkpoint checkpoint = this->checkpoint("c");
  EXPECT_NEAR(checkpoint.tensors["weight"][0], line.weight, 1e-6);
  EXPECT_NEAR(checkpoint.tensors["bias"][0], line.bias, 1e-6);
  for (int epoch = 0; epoch < 3; ++epoch)
    EXPECT_NEAR(checkpoint.history("loss")[epoch], losses[epoch], 1e-4);
}

TEST_F(Train, AccumulatesGradients) {
  // Two batches, of 4 rows and of 3, make one update of the sum of their mean gradients.
  ASSERT_EQ(line("--epochs 1 --rate 0.001 --in-order --accumulate 2 --checkpoint c").code, 0);
  double weight = 0, bias = 0;
  for (int row = 0; row < 7; ++row) {
    double x = row + 1, error = -(2 * x + 4), share = row < 4 ? 4 : 3;
    weight -= 0.001 * 2 * error * x / share;
    bias -= 0.001 * 2 * error / share;
  }
  Checkpoint checkpoint = this->checkpoint("c");
  EXPECT_NEAR(checkpoint.tensors["weight"][0], weight, 1e-6);
  EXPECT_NEAR(checkpoint.tensors["bias"][0], bias, 1e-6);
  EXPECT_EQ(checkpoint.state("step"), 1);
  EXPECT_EQ(classes("--accumulate 2").errors,
            "train_toy_classes: error: accumulate: this trainer was compiled without accumulation of gradients\n");
}

TEST_F(Train, ClassifiesPaddedPictures) {
  Ran ran = classes(
      "--epochs 8 --validation-split 0.2 --metrics accuracy,top-2 --checkpoint c.safetensors --log log.csv --plot plot.svg");
  ASSERT_EQ(ran.code, 0) << ran.errors;
  Checkpoint checkpoint = this->checkpoint("c.safetensors");
  EXPECT_EQ(checkpoint.history("validation-accuracy").back(), 1);
  EXPECT_EQ(checkpoint.history("validation-top-2").back(), 1);
  EXPECT_EQ(checkpoint.history("rate"), std::vector<double>(8, double(0.1f)));
  std::vector<float> weight = checkpoint.tensors["weight"];
  for (int i = 0; i < 108; ++i)
    if (i % 36 < 6 || i % 36 >= 30 || i % 6 == 0 || i % 6 == 5) {
      EXPECT_EQ(weight[i], 0) << "around the pictures everything is 0";
    }
  EXPECT_EQ(checkpoint.tensors["optimizer.0"].size(), 111u);
  EXPECT_GT(checkpoint.tensors["mean"][0], 0.05f);
  EXPECT_TRUE(folder.has("c.best.safetensors"));
  std::string log = folder.get("log.csv");
  EXPECT_EQ(log.find("epoch,step,loss,validation-loss,validation-accuracy,validation-top-2,rate,seconds\n1,11,"), 0u) << log;
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 9);
  std::string plot = folder.get("plot.svg");
  EXPECT_EQ(plot.find("<svg "), 0u);
  EXPECT_NE(plot.find(">loss</text>"), std::string::npos);
  EXPECT_NE(plot.find(">top-2</text>"), std::string::npos);
  EXPECT_EQ(ran.output.find("epoch 1/8  loss "), 0u) << ran.output;
  EXPECT_NE(ran.output.find("samples/s\ncheckpoint: c.safetensors\n"), std::string::npos) << ran.output;
  EXPECT_EQ(ran.errors, "") << "no bar where there is no terminal";
}

TEST_F(Train, SeedDecidesEverything) {
  ASSERT_EQ(classes("--checkpoint a --threads 1").code, 0);
  ASSERT_EQ(classes("--checkpoint b --threads 4").code, 0);
  ASSERT_EQ(classes("--checkpoint c --seed 6").code, 0);
  EXPECT_EQ(checkpoint("a").data, checkpoint("b").data);
  EXPECT_NE(checkpoint("a").data, checkpoint("c").data);
}

TEST_F(Train, MeasuresTheTrainingDataWhereNothingIsHeldOut) {
  ASSERT_EQ(classes("--epochs 8 --checkpoint c").code, 0);
  EXPECT_EQ(checkpoint("c").history("accuracy").back(), 1);
  ASSERT_EQ(classes("--epochs 8 --checkpoint d --metrics none").code, 0);
  EXPECT_EQ(checkpoint("d").history("accuracy"), std::vector<double>(8, 0)) << "not there";
  EXPECT_EQ(checkpoint("c").data, checkpoint("d").data);
  ASSERT_EQ(classes("--epochs 30 --checkpoint e.safetensors --monitor accuracy --patience 2").code, 0);
  EXPECT_EQ(checkpoint("e.best.safetensors").history("accuracy").back(), 1);
}

TEST_F(Train, MeasuresWhatTheStepPredicts) {
  ASSERT_EQ(line("--epochs 1 --rate 0 --checkpoint c").code, 0);
  Checkpoint checkpoint = this->checkpoint("c"); // of zeros, whose error is the target itself: 6, 8, ..., 18
  EXPECT_EQ(checkpoint.history("mae")[0], 12);
  EXPECT_DOUBLE_EQ(checkpoint.history("rmse")[0], std::sqrt(160));
  EXPECT_FLOAT_EQ(float(checkpoint.history("loss")[0]), 160);
}

TEST_F(Train, PrintsTheConfusionMatrixAtTheEnd) {
  Ran ran = classes("--epochs 8 --checkpoint c --metrics confusion-matrix");
  ASSERT_EQ(ran.code, 0) << ran.errors;
  std::istringstream table(ran.output.substr(std::min(ran.output.size(), ran.output.find("confusion matrix"))));
  std::string heading;
  std::getline(table, heading);
  int numbers[15] = {}; // columns 0 1 2, and three rows of a number and three counts: what is learnt stands on the diagonal
  for (int &number : numbers)
    table >> number;
  ASSERT_TRUE(table) << ran.output;
  EXPECT_EQ(numbers[4] + numbers[9] + numbers[14], 101) << ran.output;
  EXPECT_EQ(numbers[3] + numbers[7] + numbers[11], 0 + 1 + 2) << ran.output;
  EXPECT_EQ(classes("--epochs 1 --quiet --checkpoint d --metrics confusion-matrix").output, "");
}

TEST_F(Train, EvaluatesOnly) {
  ASSERT_EQ(classes("--epochs 8 --checkpoint c").code, 0);
  Ran ran = classes("--resume c --evaluate --metrics accuracy,confusion-matrix");
  ASSERT_EQ(ran.code, 0) << ran.errors;
  json_t *result = json_loads(ran.output.c_str(), 0, nullptr);
  EXPECT_EQ(json_number_value(json_object_get(result, "accuracy")), 1) << ran.output;
  json_int_t sum = 0;
  for (size_t i = 0; i < 3; ++i)
    sum += json_integer_value(json_array_get(json_array_get(json_object_get(result, "confusion-matrix"), i), i));
  EXPECT_EQ(sum, 101) << ran.output;
  json_decref(result);
}

TEST_F(Train, LearnsText) {
  std::string words;
  for (int i = 0; i < 400; ++i)
    words += "abcd";
  folder.put("a.txt", words);
  Ran ran = text("--data a.txt --epochs 20 --checkpoint c");
  ASSERT_EQ(ran.code, 0) << ran.errors;
  EXPECT_NEAR(checkpoint("c").history("validation-perplexity").back(), 1, 0.2) << "held out without being asked";
  EXPECT_EQ(checkpoint("c").history("validation-accuracy").back(), 1);
}

TEST_F(Train, StopsEarlyAndKeepsTheBest) {
  // A rate this high overshoots at once; what was best is the first epoch or one soon after it.
  Ran ran = line("--validation line.csv --epochs 100 --rate 0.047 --in-order --patience 3 --checkpoint c.safetensors");
  ASSERT_EQ(ran.code, 0) << ran.errors;
  Checkpoint last = checkpoint("c.safetensors"), best = checkpoint("c.best.safetensors");
  std::vector<double> losses = last.history("validation-loss");
  size_t least = std::min_element(losses.begin(), losses.end()) - losses.begin();
  EXPECT_EQ(losses.size(), least + 4);
  EXPECT_EQ(last.state("best_epoch"), least + 1);
  EXPECT_EQ(last.tensors["weight"], best.tensors["weight"]);
  EXPECT_EQ(best.state("epoch"), least + 1);
  EXPECT_NE(ran.output.find("stopped: no better epoch since epoch " + std::to_string(least + 1) + ", whose weights are kept\n"),
            std::string::npos)
      << ran.output;
  ran = line(
      "--validation line.csv --epochs 100 --rate 0.047 --in-order --patience 4 --resume c.safetensors --checkpoint d.safetensors");
  ASSERT_EQ(ran.code, 0) << ran.errors;
  EXPECT_NE(ran.output.find("; its weights are in the checkpoint of before\n"), std::string::npos) << ran.output;
}

TEST_F(Train, LowersTheRateOnAPlateau) {
  ASSERT_EQ(line("--validation line.csv --epochs 12 --rate 0.047 --in-order --schedule plateau --plateau-patience 2 --decay 0.5 "
                 "--checkpoint c")
                .code,
            0);
  std::vector<double> losses = checkpoint("c").history("validation-loss"), rates = checkpoint("c").history("rate"), expected;
  double best = INFINITY, rate = 0.047;
  int waited = 0;
  for (double loss : losses) {
    expected.push_back(double(float(rate)));
    waited = loss < best ? 0 : waited + 1;
    best = loss < best ? loss : best;
    if (waited == 2)
      rate *= 0.5, waited = 0;
  }
  EXPECT_EQ(rates, expected);
  EXPECT_LT(rates.back(), 0.047);
}

TEST_F(Train, Schedules) {
  ASSERT_EQ(line("--epochs 4 --rate 0.01 --schedule exponential --decay 0.5 --warmup 2 --checkpoint c").code, 0);
  std::vector<double> rates = checkpoint("c").history("rate"), expected = {0.01, 0.01, 0.005, 0.0025};
  for (int i = 0; i < 4; ++i)
    EXPECT_FLOAT_EQ(float(rates[i]), float(expected[i]));
}

TEST_F(Train, RecipesComeInLayers) {
  folder.put("r.json", R"({"epochs": 5, "rate": 0.25, "optimizer": "momentum", "log": "l.jsonl"})");
  ASSERT_EQ(classes("--recipe r.json --epochs 2 --checkpoint c").code, 0);
  Checkpoint checkpoint = this->checkpoint("c");
  EXPECT_EQ(checkpoint.history("rate"), (std::vector<double>{0.25, 0.25}));
  json_t *kept = json_loads(folder.get("c.json").c_str(), 0, nullptr),
         *inside = json_loads(checkpoint.metadata["kiln.recipe"].c_str(), 0, nullptr);
  EXPECT_TRUE(json_equal(kept, inside));
  EXPECT_EQ(json_integer_value(json_object_get(kept, "epochs")), 2);
  EXPECT_STREQ(json_string_value(json_object_get(kept, "optimizer")), "momentum");
  EXPECT_STREQ(json_string_value(json_object_get(kept, "metrics")), "accuracy") << "compiled in";
  EXPECT_EQ(json_object_get(kept, "recipe"), nullptr);
  json_decref(kept);
  json_decref(inside);
  std::string log = folder.get("l.jsonl");
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2);
  EXPECT_EQ(folder.run(TOY_CLASSES, "--recipe c.json --optimizer momentum --checkpoint d").code, 0) << "all it needs is in it";
  EXPECT_EQ(this->checkpoint("d").data, checkpoint.data);
}

TEST_F(Train, HelpAndVersion) {
  Ran ran = folder.run(TOY_CLASSES, "--help");
  EXPECT_EQ(ran.code, 0);
  for (const char *line : {"x  float32[8,1,6,6]", "target  int64[8]", "--data PATH", "--resume FILE"})
    EXPECT_NE(ran.output.find(line), std::string::npos) << line;
  ran = folder.run(TOY_CLASSES, "--version");
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.output, "train_toy_classes, compiled by kiln\n{}\n");
}
} // namespace
