//===- Toys.cpp - trainers made of hand-written models, run on small data sets ------------===//
#include "Toys.h"
#include <chrono>
#include <fcntl.h>
#include <random>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

Checkpoint parse(const std::string &bytes) {
  Checkpoint checkpoint;
  if (bytes.size() < 8) {
    ADD_FAILURE() << "no checkpoint";
    return checkpoint;
  }
  uint64_t size = valuesOf<uint64_t>(bytes.substr(0, 8))[0];
  json_t *header = json_loadb(bytes.data() + 8, size, 0, nullptr), *value;
  checkpoint.data = bytes.substr(8 + size);
  const char *key;
  json_object_foreach(header, key, value) {
    json_t *offsets = json_object_get(value, "data_offsets"), *text;
    if (std::string(key) == "__metadata__") {
      const char *name;
      json_object_foreach(value, name, text) checkpoint.metadata[name] = json_string_value(text);
    } else {
      size_t begin = json_integer_value(json_array_get(offsets, 0)), end = json_integer_value(json_array_get(offsets, 1));
      checkpoint.tensors[key] = valuesOf<float>(checkpoint.data.substr(begin, end - begin));
    }
  }
  json_decref(header);
  return checkpoint;
}

double Checkpoint::state(const std::string &key) const {
  json_t *state = json_loads(metadata.at("kiln.state").c_str(), 0, nullptr);
  double value = json_number_value(json_object_get(state, key.c_str()));
  json_decref(state);
  return value;
}

std::vector<double> Checkpoint::history(const std::string &key) const {
  std::vector<double> values;
  json_t *state = json_loads(metadata.at("kiln.state").c_str(), 0, nullptr), *history = json_object_get(state, "history");
  for (size_t i = 0; i < json_array_size(history); ++i)
    values.push_back(json_number_value(json_object_get(json_array_get(history, i), key.c_str())));
  json_decref(state);
  return values;
}

Toys::Toys() {
  std::mt19937 random(1);
  std::string pixels, labels;
  for (int i = 0; i < 101; ++i) {
    int label = static_cast<int>(random() % 3);
    labels += static_cast<char>(label);
    for (int pixel = 0; pixel < 16; ++pixel) // a bright line, on noise
      pixels += static_cast<char>(random() % 90 + (pixel / 4 == label ? 100 : 0));
  }
  folder.put("x.idx", idx({101, 4, 4}, pixels));
  folder.put("y.idx", idx({101}, labels));
  folder.put("line.csv", "x,y\n1,6\n2,8\n3,10\n4,12\n5,14\n6,16\n7,18\n"); // y = 2 x + 4
}

int Toys::stop(const std::string &arguments, const std::string &file, int signal, int milliseconds) const {
  std::string command = "cd " + folder.path + " && TOY_DELAY=10 exec '" TOY_CLASSES "' " + data + arguments + " >out 2>err";
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  for (int i = 0; i < 6000 && !folder.has(file) && waitpid(child, &status, WNOHANG) == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  kill(child, signal);
  waitpid(child, &status, 0);
  return status;
}
