// kiln: one binary, subcommands. Argument parsing only.
#include "compiler/Pipeline.h"
#include "compiler/codegen/Staging.h"
#include "compiler/tools/Command.h"
#include <csignal>
#include <cstdio>
#include <map>
#include <pthread.h>
#include <thread>

namespace kiln::tools {
namespace {
std::multimap<int, Declare> &commands() {
  static std::multimap<int, Declare> all;
  return all;
}
} // namespace
RegisterCommand::RegisterCommand(int order, Declare declare) { commands().emplace(order, std::move(declare)); }
char Told::ID;

/// Ctrl-C leaves no temporary file behind: one thread waits for the signals that end a process.
static void cleanUpOnSignals() {
  static sigset_t ending;
  sigemptyset(&ending);
  for (int signal : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&ending, signal);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  std::thread([] {
    int which = 0;
    sigwait(&ending, &which);
    codegen::removeUnfinished();
    signal(which, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
    raise(which);
  }).detach();
}

/// Says what is to be said, answers the exit code.
static int report(llvm::Error error) {
  int code = 0;
  llvm::handleAllErrors(
      std::move(error), [&](const Told &told) { code = told.code; },
      [&](const llvm::ErrorInfoBase &other) {
        fprintf(stderr, "kiln: error: %s\n", other.message().c_str());
        code = 1;
      });
  return code;
}
} // namespace kiln::tools

int main(int argc, char **argv) {
  using namespace kiln::tools;
  kiln::codegen::startZygote(kiln::codegen::kernelTasks()); // before anything has threads
  signal(SIGPIPE, SIG_IGN);
  cleanUpOnSignals();
  CLI::App app{"kiln turns a model into native code: an executable, a library or an object, with no framework behind it."};
  app.set_version_flag("--version", std::string("kiln ") + kiln::version);
  app.require_subcommand(1);
  app.failure_message([](const CLI::App *, const CLI::Error &error) {
    return "kiln: error: " + std::string(error.what()) + "\nkiln --help, or --help after a subcommand, lists what there is.\n";
  });
  std::vector<std::pair<CLI::App *, Run>> declared;
  for (auto &[order, declare] : commands())
    declared.push_back(declare(app));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  for (auto &[command, run] : declared)
    if (command->parsed()) {
      try {
        return report(run());
      } catch (const std::exception &e) {
        fprintf(stderr, "kiln: error: %s\n", e.what());
        return 1;
      }
    }
  return 0;
}
