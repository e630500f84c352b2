// Starts the zygote with a few tasks that only tests have, then runs the tests.
#include "compiler/codegen/Workers.h"
#include "gtest/gtest.h"
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <unistd.h>

using kiln::codegen::Texts;

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
      {"nothing", [](const Texts &) -> Texts { _exit(0); }},
  };
  tasks.merge(kiln::codegen::kernelTasks());
  kiln::codegen::startZygote(tasks);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
