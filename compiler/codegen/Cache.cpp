#include "compiler/codegen/Cache.h"
#include "compiler/codegen/BuildStamp.h"
#include "compiler/codegen/ZygoteProcess.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = llvm::sys::fs;

namespace kiln::codegen {
namespace {
constexpr llvm::StringLiteral magic = "kiln cache 1\n";
constexpr llvm::StringLiteral unfinished = "writing-"; ///< how the names of entries begin while they are written
constexpr size_t digest = 32;

std::string sha256(llvm::StringRef bytes) {
  llvm::SHA256 hash;
  hash.update(bytes);
  return llvm::toStringRef(hash.final()).str();
}

std::string defaultFolder() {
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  if (cache && *cache == '/')
    return std::string(cache) + "/kiln";
  return home && *home == '/' ? std::string(home) + "/.cache/kiln" : "";
}

uint64_t defaultLimit() {
  const char *text = std::getenv("KILN_CACHE_LIMIT");
  uint64_t bytes;
  return text && llvm::to_integer(text, bytes) ? bytes : uint64_t(2) << 30;
}
} // namespace

Cache::Cache(std::string given, const std::function<void(const std::string &)> &warn)
    : limit(defaultLimit()), folder(given.empty() ? defaultFolder() : std::move(given)) {
  if (folder.empty()) {
    warn("no cache: neither HOME nor XDG_CACHE_HOME is set");
    return;
  }
  std::error_code error = fs::create_directories(folder);
  if (!error && access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
    error = std::error_code(errno, std::generic_category());
  if (!error)
    return;
  warn("no cache: folder '" + folder + "': " + error.message());
  folder.clear();
}

Cache::~Cache() { clean(); }

std::string Cache::key(const Texts &texts) const {
  Texts all = texts;
  all.push_back(buildStamp);
  return llvm::toHex(sha256(packTexts(all)), /*LowerCase=*/true);
}

std::string Cache::path(const std::string &key) const { return folder + "/" + key + ".kernel"; }

std::optional<Texts> Cache::find(const std::string &key) {
  if (folder.empty())
    return std::nullopt;
  ++misses;
  auto file = llvm::MemoryBuffer::getFile(path(key), /*IsText=*/false, /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  if (!file)
    return std::nullopt;
  llvm::StringRef bytes = (*file)->getBuffer();
  Texts texts;
  if (!bytes.consume_front(magic) || bytes.size() < digest || sha256(bytes.drop_front(digest)) != bytes.take_front(digest) ||
      !unpackTexts(bytes.drop_front(digest).str(), texts)) {
    fs::remove(path(key));
    return std::nullopt;
  }
  utimensat(AT_FDCWD, path(key).c_str(), nullptr, 0); // used now: clean() keeps it
  --misses;
  ++hits;
  return texts;
}

void Cache::store(const std::string &key, const Texts &texts) {
  if (folder.empty())
    return;
  llvm::SmallString<128> temporary;
  int file;
  if (fs::createUniqueFile(folder + "/" + unfinished + "%%%%%%%%", file, temporary))
    return;
  std::string packed = packTexts(texts);
  bool written;
  {
    llvm::raw_fd_ostream stream(file, /*shouldClose=*/true);
    stream << magic << sha256(packed) << packed;
    stream.close();
    written = !stream.has_error();
    stream.clear_error(); // a full disk is no error of the compile
  }
  if (!written || fs::rename(temporary, path(key)))
    fs::remove(temporary);
}

struct Cache::Entry {
  std::string path;
  timespec used;
  uint64_t size;
  bool isFinished;
};

std::vector<Cache::Entry> Cache::entries() const {
  std::vector<Entry> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; at != end && !error; at.increment(error)) {
    struct stat status;
    llvm::StringRef name = llvm::sys::path::filename(at->path());
    bool isFinished = name.ends_with(".kernel");
    if ((isFinished || name.starts_with(unfinished)) && stat(at->path().c_str(), &status) == 0) // another process cleans too
      found.push_back({at->path(), status.st_mtim, static_cast<uint64_t>(status.st_size), isFinished});
  }
  std::sort(found.begin(), found.end(), [](const Entry &a, const Entry &b) {
    return std::tie(a.used.tv_sec, a.used.tv_nsec, a.path) < std::tie(b.used.tv_sec, b.used.tv_nsec, b.path);
  });
  return found;
}

Cache::Contents Cache::contents() const {
  Contents all;
  for (const Entry &entry : entries())
    if (entry.isFinished) {
      ++all.entries;
      all.bytes += entry.size;
    }
  return all;
}

Cache::Contents Cache::clear() {
  Contents gone;
  for (const Entry &entry : entries())
    if (!fs::remove(entry.path) && entry.isFinished) {
      ++gone.entries;
      gone.bytes += entry.size;
    }
  return gone;
}

void Cache::clean() {
  if (folder.empty())
    return;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t total = contents().bytes;
  for (const Entry &entry : entries())
    if (!entry.isFinished) {
      if (now.tv_sec - entry.used.tv_sec > 3600)
        fs::remove(entry.path); // left by one that was killed
    } else if (total > limit) {
      fs::remove(entry.path);
      total -= entry.size;
    }
}

} // namespace kiln::codegen
