//===- MainTest.cpp - the executable: its command line, slices, errors and exit codes ---===//
#include "Toy.h"
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace {
/// A version 1 file of little-endian float32.
std::string floats(const std::string &shape, const std::vector<float> &values) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(117, ' ');
  header += '\n';
  std::string data(values.size() * 4, '\0');
  if (!data.empty())
    memcpy(data.data(), values.data(), data.size());
  return std::string("\x93NUMPY\x01\0v\0", 10) + header + data;
}

class Main : public testing::Test {
protected:
  struct Result {
    int code;
    std::string output, errors;
  };
  Result run(const std::string &arguments, const std::string &program = TOY_EMBEDDED) const {
    std::string out = folder.file("stdout"), err = folder.file("stderr");
    std::string command = "cd " + folder.path + " && '" + program + "' " + arguments + " >" + out + " 2>" + err;
    int status = system(command.c_str());
    Result result = {WIFEXITED(status) ? WEXITSTATUS(status) : -1, readFile(out), readFile(err)};
    std::filesystem::remove(out);
    std::filesystem::remove(err);
    return result;
  }
  void SetUp() override {
    writeFile(folder.file("x.npy"), floats("(3,)", {1, 2, 3}));
    writeFile(folder.file("b.npy"), floats("(3,)", {10, 20, 30}));
    writeFile(folder.file("xs.npy"), floats("(2, 3)", {1, 2, 3, 4, 5, 6}));
    writeFile(folder.file("bs.npy"), floats("(2, 3)", {10, 20, 30, 0, 0, 0}));
    files = folder.names().size();
  }
  void expectNoNewFile() const { EXPECT_EQ(folder.names().size(), files); }
  TestFolder folder;
  size_t files;
};

TEST_F(Main, RunsOnce) {
  Result result = run("--input x=1=x.npy --input x=b.npy --output y=y.npy --output=z=z.npy");
  EXPECT_EQ(result.code, 0) << result.errors;
  EXPECT_EQ(result.output + result.errors, "");
  EXPECT_EQ(readFile(folder.file("y.npy")), floats("(3,)", {12, 24, 36}));
  std::string z = readFile(folder.file("z.npy"));
  ASSERT_EQ(z.size(), 128u + 8);
  EXPECT_NE(z.find("'descr': '<f8', 'fortran_order': False, 'shape': (), }"), std::string::npos);
  double sum;
  memcpy(&sum, z.data() + 128, 8);
  EXPECT_EQ(sum, 72);
  EXPECT_EQ(folder.names().size(), files + 2) << "nothing temporary is left";
}

TEST_F(Main, RunsSlicesAndStacks) {
  EXPECT_EQ(run("--input x=1=xs.npy --input x=b.npy --output y=y.npy --output z=z.npy").code, 0);
  EXPECT_EQ(readFile(folder.file("y.npy")), floats("(2, 3)", {12, 24, 36, 18, 30, 42}));
  std::string z = readFile(folder.file("z.npy"));
  EXPECT_NE(z.find("'shape': (2,), }"), std::string::npos);
  EXPECT_EQ(z.size(), 128u + 16);
  EXPECT_EQ(run("--input x=1=xs.npy --input x=bs.npy --output y=y.npy").code, 0);
  EXPECT_EQ(readFile(folder.file("y.npy")), floats("(2, 3)", {12, 24, 36, 8, 10, 12}));
}

TEST_F(Main, NoSlices) {
  writeFile(folder.file("none.npy"), floats("(0, 3)", {}));
  EXPECT_EQ(run("--input x=1=none.npy --input x=b.npy --output y=y.npy").code, 0);
  EXPECT_EQ(readFile(folder.file("y.npy")), floats("(0, 3)", {}));
}

TEST_F(Main, SlicesMustAgree) {
  writeFile(folder.file("three.npy"), floats("(3, 3)", std::vector<float>(9)));
  Result result = run("--input x=1=xs.npy --input x=three.npy --output y=y.npy");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.errors, "toy: error: input 'x': three.npy: expected 2 slices, as the inputs before it have; found 3\n");
}

TEST_F(Main, WrongFiles) {
  writeFile(folder.file("long.npy"), floats("(4,)", {1, 2, 3, 4}));
  Result result = run("--input x=1=long.npy --input x=b.npy --output y=y.npy");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.errors, "toy: error: input 'x=1': long.npy: expected float32[3], or slices of it; found float32[4]\n");
  result = run("--input x=1=none.npy --input x=b.npy --output y=y.npy");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.errors, "toy: error: input 'x=1': none.npy: No such file or directory\n");
  result = run("--input x=1=. --input x=b.npy --output y=y.npy");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.errors, "toy: error: input 'x=1': .: it is no regular file\n");
  std::filesystem::remove(folder.file("long.npy"));
  expectNoNewFile();
}

TEST_F(Main, FailedRunLeavesNoFile) {
  writeFile(folder.file("xs.npy"), floats("(2, 3)", {1, 2, 3, 666, 5, 6}));
  Result result = run("--input x=1=xs.npy --input x=b.npy --output y=y.npy --output z=z.npy");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.errors, "toy: the program failed\n");
  expectNoNewFile();
}

TEST_F(Main, UnwritableOutputs) {
  Result result = run("--input x=1=x.npy --input x=b.npy --output y=no/y.npy");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.errors, "toy: error: output 'y': no/y.npy: No such file or directory\n");
  result = run("--input x=1=x.npy --input x=b.npy --output z=z.npy --output y=/dev/full");
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.errors, "toy: error: output 'y': /dev/full: No space left on device\n");
  expectNoNewFile();
  EXPECT_EQ(run("--input x=1=x.npy --input x=b.npy --output y=/dev/null").code, 0);
  EXPECT_FALSE(std::filesystem::is_regular_file("/dev/null"));
}

TEST_F(Main, UsageErrors) {
  const std::pair<const char *, const char *> cases[] = {
      {"", "missing --input x=1=FILE.npy"},
      {"--input x=1=x.npy --output y=y.npy", "missing --input x=FILE.npy"},
      {"--bench 1 --output y=y.npy", "missing --input x=1=FILE.npy"},
      {"--input x=1=x.npy --input x=b.npy", "nothing to do"},
      {"--input w=x.npy", "there is no input 'w'"},
      {"--input x.npy", "--input: expected NAME=FILE.npy, found 'x.npy'"},
      {"--input x=", "input 'x' is given no file"},
      {"--input x=b.npy --input x=b.npy", "input 'x' is given twice"},
      {"--output w=w.npy", "there is no output 'w'"},
      {"--bench", "--bench: expected a value after it"},
      {"--bench 0", "--bench: expected a number from 1 to 10000000, found '0'"},
      {"--bench 1x", "found '1x'"},
      {"--bench -1", "found '-1'"},
      {"--threads 99999999999999999999", "--threads: expected a number from 1 to 1024"},
      {"--benchmark 3", "unknown argument '--benchmark'"},
      {"x.npy", "unknown argument 'x.npy'"},
  };
  for (auto [arguments, error] : cases) {
    Result result = run(arguments);
    EXPECT_EQ(result.code, 2) << arguments;
    EXPECT_EQ(result.output, "") << arguments;
    EXPECT_EQ(result.errors.find("toy: error: "), 0u) << arguments;
    EXPECT_NE(result.errors.find(error), std::string::npos) << arguments << ": " << result.errors;
  }
  EXPECT_NE(run("").errors.find("Inputs:\n  x=1  float32[3]\n  x  float32[3]\nOutputs:\n  y  float32[3]\n  z  float64[]\n"),
            std::string::npos);
  expectNoNewFile();
}

TEST_F(Main, HelpAndVersion) {
  Result result = run("--help");
  EXPECT_EQ(result.code, 0);
  for (const char *line : {"x=1  float32[3]", "z  float64[]", "--bench N", "--weights FILE"})
    EXPECT_NE(result.output.find(line), std::string::npos) << line;
  result = run("--version");
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.output, "toy, compiled by kiln\n{\"compiler\":\"by hand\"}\n");
}

TEST_F(Main, Bench) {
  for (const char *arguments : {"--bench 7", "--bench 7 --threads 2", "--bench=7 --input x=bs.npy",
                                "--bench 7 --input x=1=xs.npy --input x=b.npy --output y=y.npy"}) {
    Result result = run(arguments);
    EXPECT_EQ(result.code, 0) << result.errors;
    double least, median;
    char end = 0;
    EXPECT_EQ(sscanf(result.output.c_str(), "min %lf us, median %lf us over 7 runs%c", &least, &median, &end), 3) << result.output;
    EXPECT_EQ(end, '\n');
    EXPECT_LE(least, median);
  }
  EXPECT_EQ(readFile(folder.file("y.npy")), floats("(2, 3)", {12, 24, 36, 18, 30, 42}));
  EXPECT_NE(system("'" TOY_EMBEDDED "' --bench 7 >/dev/full 2>/dev/null"), 0);
}

TEST_F(Main, WeightsFile) {
  std::string weights("\x38\0\0\0\0\0\0\0{}", 10);
  weights.resize(64, ' ');
  weights += std::string("\0\0\0@", 4);
  std::filesystem::copy(TOY_FILE, folder.file("toy"));
  std::string call = "--input x=1=x.npy --input x=b.npy --output y=y.npy", program = folder.file("toy");
  Result result = run(call, program);
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.errors, "toy: weights file '" + folder.file("toy.safetensors") + "': No such file or directory\n");
  writeFile(folder.file("toy.safetensors"), weights);
  EXPECT_EQ(run(call, program).code, 0) << "beside the program";
  EXPECT_EQ(readFile(folder.file("y.npy")), floats("(3,)", {12, 24, 36}));
  EXPECT_EQ(run(call + " --weights toy.safetensors", TOY_FILE).code, 0) << "where it is said to be";
  weights[66] = 1;
  writeFile(folder.file("toy.safetensors"), weights);
  result = run(call, program);
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.errors.find("expected data with SHA-256"), std::string::npos);
}
} // namespace
