// Starts the zygote with a few tasks that only tests have, then runs the tests.
#include "compiler/codegen/Workers.h"
#include "gtest/gtest.h"
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <unistd.h>

using kiln::codegen::Texts;

namespace {
/// An object that a host program could have made with Halide itself: `host_double`, and Halide's whole runtime.
Texts compileForeignPipeline(const Texts &arguments) {
  Halide::Func twice("host_double");
  Halide::Var x("x");
  twice(x) = x * 2;
  twice.parallel(x);
  Halide::Pipeline(twice).compile_to({{Halide::OutputFileType::object, arguments.at(0)}}, {}, "host_double",
                                     Halide::Target(arguments.at(1)));
  return {};
}
} // namespace

int main(int argc, char **argv) {
  std::map<std::string, kiln::codegen::Task> tasks = {
      {"echo", [](const Texts &arguments) { return arguments; }},
      {"pid", [](const Texts &) { return Texts{std::to_string(getpid())}; }},
      {"fail", [](const Texts &arguments) -> Texts { throw std::runtime_error(arguments.at(0)); }},
      {"abort",
       [](const Texts &) -> Texts {
         fputs("LLVM ERROR: broken on purpose\n", stderr);
         abort();
       }},
      {"kill",
       [](const Texts &) -> Texts {
         raise(SIGKILL);
         return {};
       }},
      {"sleep",
       [](const Texts &) -> Texts {
         sleep(30);
         return {};
       }},
      {"allocate", [](const Texts &arguments) { return Texts{std::string(std::stoull(arguments.at(0)), 'x')}; }},
      {"halide", compileForeignPipeline},
      {"nothing", [](const Texts &) -> Texts { _exit(0); }},
  };
  tasks.merge(kiln::codegen::kernelTasks());
  kiln::codegen::startZygote(tasks);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
