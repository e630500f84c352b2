//===- Toys.h - trainers made of hand-written models, run on small data sets --------------===//
#ifndef KILN_TESTS_UNIT_TRAIN_TOYS_H
#define KILN_TESTS_UNIT_TRAIN_TOYS_H
#include "Files.h"
#include <gtest/gtest.h>
#include <jansson.h>
#include <map>
#include <sys/types.h>

/// What a checkpoint holds.
struct Checkpoint {
  std::string data;                               ///< all tensors' bytes
  std::map<std::string, std::vector<float>> tensors;
  std::map<std::string, std::string> metadata;
  /// A number of kiln.state, and one of its history's records.
  double state(const std::string &key) const;
  std::vector<double> history(const std::string &key) const;
};
Checkpoint parse(const std::string &bytes);

class Toys : public testing::Test {
protected:
  Toys();
  Ran classes(const std::string &arguments, const std::string &before = "") const {
    return folder.run(TOY_CLASSES, data + arguments, before);
  }
  Ran line(const std::string &arguments) const { return folder.run(TOY_LINE, "--data line.csv " + arguments); }
  Ran text(const std::string &arguments) const { return folder.run(TOY_TEXT, arguments); }
  Checkpoint checkpoint(const std::string &name) const { return parse(folder.get(name)); }
  /// Starts TOY_CLASSES slowly in the background, and ends it by a signal once `file` is there: its wait status.
  int stop(const std::string &arguments, const std::string &file, int signal, int milliseconds) const;
  Folder folder;
  std::string data = "--data x.idx --labels y.idx --seed 5 "; ///< 101 pictures of 4 by 4 in 3 classes
};

#endif
