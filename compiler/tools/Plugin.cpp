#include "compiler/tools/Plugin.h"
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kiln::tools {

Plugin::~Plugin() {
  if (library)
    dlclose(library);
}

llvm::Error Plugin::load(Build &build, CompileOptions options) {
  if (build.target().isForeign())
    return llvm::createStringError("target %s: expected one that this machine runs; kiln compile makes artefacts for it",
                                   build.target().name.c_str());
  if (llvm::Error error = folder.create())
    return error;
  options.prefix = "plugin";
  options.outputs.shared = folder.path("model.so");
  auto compiled = build.compile(options);
  if (!compiled)
    return compiled.takeError();
  facts = std::move(*compiled);
  library = dlopen(options.outputs.shared.c_str(), RTLD_NOW | RTLD_LOCAL);
  void *info = library ? dlsym(library, "plugin_info") : nullptr;
  if (!info)
    return llvm::createStringError("the compiled model cannot be loaded: %s", dlerror());
  // The info is the model's first field: the artefact's entry points are not needed, the runtime inside kiln runs the program.
  loaded = reinterpret_cast<const kiln_model *>(reinterpret_cast<const kiln_model_info *(*)()>(info)());
  return llvm::Error::success();
}

llvm::Error isolated(const std::function<int()> &work) {
  fflush(nullptr);
  pid_t child = fork();
  if (child < 0)
    return llvm::createStringError("cannot start a process: %s", strerror(errno));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    int code = work();
    fflush(nullptr);
    _exit(code);
  }
  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return llvm::createStringError("lost a process: %s", strerror(errno));
  if (WIFSIGNALED(status))
    return llvm::createStringError("the compiled model died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return WEXITSTATUS(status) ? llvm::make_error<Told>(WEXITSTATUS(status)) : llvm::Error::success();
}
} // namespace kiln::tools
