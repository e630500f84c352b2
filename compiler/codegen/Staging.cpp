#include "compiler/codegen/Staging.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>
#include <set>
#include <sys/stat.h>

namespace fs = llvm::sys::fs;

namespace kiln::codegen {
namespace {
llvm::Error failure(const std::string &path, std::error_code error) {
  return llvm::createStringError("cannot write '%s': %s", path.c_str(), error.message().c_str());
}

/// Paths that must not outlive the process.
struct Unfinished {
  std::mutex mutex;
  std::set<std::string> paths;
  static Unfinished &all() {
    static auto *unfinished = new Unfinished; // other threads may be at work while the process ends
    return *unfinished;
  }
  void add(const std::string &path) {
    std::lock_guard lock(mutex);
    paths.insert(path);
  }
  void drop(const std::string &path) {
    std::lock_guard lock(mutex);
    paths.erase(path);
  }
};
} // namespace

void removeUnfinished() {
  Unfinished &unfinished = Unfinished::all();
  unfinished.mutex.lock(); // for good
  for (const std::string &path : unfinished.paths)
    if (fs::is_directory(path))
      fs::remove_directories(path);
    else
      fs::remove(path);
}

Staging::~Staging() {
  for (const File &file : files) {
    fs::remove(file.temporary);
    Unfinished::all().drop(file.temporary);
  }
}

llvm::Expected<std::string> Staging::add(const std::string &output, bool isProgram) {
  if (fs::is_directory(output))
    return failure(output, std::make_error_code(std::errc::is_a_directory));
  llvm::SmallString<128> model(output), temporary;
  llvm::sys::path::remove_filename(model);
  llvm::sys::path::append(model, "." + llvm::sys::path::filename(output) + ".kiln-%%%%%%%%");
  int descriptor;
  if (std::error_code error = fs::createUniqueFile(model, descriptor, temporary))
    return failure(output, error);
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true).close();
  files.push_back({temporary.str().str(), output, isProgram});
  Unfinished::all().add(files.back().temporary);
  return files.back().temporary;
}

llvm::Error Staging::commit() {
  mode_t mask = umask(0);
  umask(mask);
  for (const File &file : files)
    if (chmod(file.temporary.c_str(), (file.isProgram ? 0777 : 0666) & ~mask) != 0)
      return failure(file.output, {errno, std::generic_category()});
  for (const File &file : files)
    if (std::error_code error = fs::rename(file.temporary, file.output))
      return failure(file.output, error);
    else
      Unfinished::all().drop(file.temporary);
  files.clear();
  return llvm::Error::success();
}

ScratchFolder::~ScratchFolder() {
  if (folder.empty())
    return;
  fs::remove_directories(folder);
  Unfinished::all().drop(folder);
}

llvm::Error ScratchFolder::create() {
  llvm::SmallString<128> name;
  if (std::error_code error = fs::createUniqueDirectory("kiln", name))
    return llvm::createStringError("no folder for temporary files can be made: %s", error.message().c_str());
  folder = name.str().str();
  Unfinished::all().add(folder);
  return llvm::Error::success();
}

llvm::Expected<std::string> ScratchFolder::write(llvm::StringRef name, llvm::StringRef bytes) const {
  std::string file = path(name);
  std::error_code error;
  llvm::raw_fd_ostream stream(file, error, fs::OF_None);
  if (error)
    return failure(file, error);
  stream << bytes;
  stream.close();
  if (stream.has_error()) {
    error = stream.error();
    stream.clear_error();
    return failure(file, error);
  }
  return file;
}

} // namespace kiln::codegen
