// kiln cache: what is kept of past compiles, and how to be rid of it.
#include "compiler/codegen/Cache.h"
#include "compiler/tools/Command.h"

namespace kiln::tools {
namespace {
struct CacheCommand {
  std::string folder;
  bool clear = false;

  llvm::Error run() {
    std::string why;
    codegen::Cache cache(folder, [&](const std::string &warning) { why = warning; });
    if (cache.folder.empty())
      return llvm::createStringError("%s", why.c_str());
    codegen::Cache::Contents held = clear ? cache.clear() : cache.contents();
    printf("%s: %s%zu kernels, %.1f MB of at most %.1f MB\n", cache.folder.c_str(), clear ? "removed " : "", held.entries,
           megabytes(held.bytes), megabytes(cache.limit));
    return llvm::Error::success();
  }

  static double megabytes(uint64_t bytes) { return double(bytes) / 1e6; }
};

RegisterCommand command(60, [](CLI::App &app) {
  auto state = std::make_shared<CacheCommand>();
  CLI::App *cache = app.add_subcommand("cache", "say what is kept of past compiles, or remove it");
  cache->footer(
      "Compiled kernels are kept by content, so nothing in the folder is ever stale; clearing it costs only time. Beyond the\n"
      "limit ($KILN_CACHE_LIMIT bytes, else 2 GB) those used longest ago go by themselves.\n\n"
      "Examples:\n"
      "  kiln cache                     the folder, its kernels, their size and the limit\n"
      "  kiln cache --clear             remove them all\n"
      "  kiln cache --cache-dir DIR     of another folder than the default");
  cache->add_option("--cache-dir", state->folder, "the folder (default: $XDG_CACHE_HOME/kiln or ~/.cache/kiln)");
  cache->add_flag("--clear", state->clear, "remove every kernel");
  return std::make_pair(cache, Run([state] { return state->run(); }));
});
} // namespace
} // namespace kiln::tools
