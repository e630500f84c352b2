//===- Cache.h - what workers made, kept by content --------------------------------------------------------------------===//
//
// In: the texts that a job was made of. Out: the texts it answered, if any compile on this machine has seen it. The key is a SHA-256 of
// the texts and of this compiler's own code, so nothing in the folder is ever stale. Entries are written whole or not at all and
// checked when read: processes may share the folder, be killed, or find it damaged, and only lose time.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_CODEGEN_CACHE_H
#define KILN_CODEGEN_CACHE_H
#include "compiler/codegen/Zygote.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace kiln::codegen {

class Cache {
public:
  /// `folder` empty: $XDG_CACHE_HOME/kiln, else ~/.cache/kiln. It is made when missing; one that cannot be written is told once through
  /// `warn`, and everything is compiled again then.
  Cache(std::string folder, const std::function<void(const std::string &)> &warn);
  ~Cache(); ///< cleans: the entries used longest ago go, until the rest fits the limit

  /// What the folder holds: compiled kernels and their bytes.
  struct Contents {
    size_t entries = 0;
    uint64_t bytes = 0;
  };
  Contents contents() const;
  /// Removes every entry, and what killed compiles left unfinished; answers what went.
  Contents clear();

  std::string key(const Texts &texts) const;
  std::optional<Texts> find(const std::string &key);
  void store(const std::string &key, const Texts &texts);
  void clean();

  size_t hits = 0, misses = 0;
  uint64_t limit; ///< bytes; KILN_CACHE_LIMIT, else 2 GB
  std::string folder; ///< empty when there is no cache

private:
  struct Entry;
  std::vector<Entry> entries() const; ///< those used longest ago first
  std::string path(const std::string &key) const;
};

} // namespace kiln::codegen
#endif
