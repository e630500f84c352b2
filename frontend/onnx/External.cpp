//===- External.cpp - see External.h ---------------------------------------------------------------------------===//
#include "frontend/onnx/External.h"
#include "frontend/onnx/Fault.h"
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kiln::onnx {

namespace {

bool staysInside(const std::string &location) {
  if (location.empty() || location.front() == '/' || location.find('\0') != std::string::npos)
    return false;
  for (size_t begin = 0; begin <= location.size();) {
    size_t end = std::min(location.find_first_of("/\\", begin), location.size());
    if (location.compare(begin, end - begin, "..") == 0)
      return false;
    begin = end + 1;
  }
  return true;
}

std::optional<std::string> realPath(const std::string &path) {
  char resolved[PATH_MAX];
  if (!realpath(path.c_str(), resolved))
    return std::nullopt;
  return resolved;
}

uint64_t number(const std::map<std::string, std::string> &entries, const char *key, uint64_t absent, const std::string &tensor) {
  auto entry = entries.find(key);
  if (entry == entries.end() || entry->second.empty())
    return absent;
  const std::string &text = entry->second;
  uint64_t value = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size())
    throw Fault{tensor + ": external data has " + key + " " + quoted(text) + ", expected a number of bytes"};
  return value;
}

} // namespace

Bytes ExternalFiles::map(const std::string &location, const std::string &tensor) {
  auto known = files.find(location);
  if (known != files.end())
    return known->second;
  std::string outside = tensor + ": external data lies in " + quoted(location) + ", expected a file inside the model's folder";
  if (folder.empty() || !staysInside(location))
    throw Fault{outside};
  auto root = realPath(folder), path = realPath(folder + "/" + location);
  if (!root || !path)
    throw Fault{tensor + ": cannot open the external data file " + quoted(location) + ": " + strerror(errno)};
  std::string inside = *root == "/" ? *root : *root + "/";
  if (path->compare(0, inside.size(), inside) != 0)
    throw Fault{outside};
  // The path is real by now, so a link here was put in place a moment ago; without O_NONBLOCK a fifo would hold us for ever.
  int file = open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) {
    std::string reason = strerror(errno);
    if (file >= 0)
      close(file);
    throw Fault{tensor + ": cannot open the external data file " + quoted(location) + ": " + reason};
  }
  size_t size = S_ISREG(status.st_mode) ? static_cast<size_t>(status.st_size) : 0;
  void *memory = size ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0) : nullptr;
  close(file);
  if (!S_ISREG(status.st_mode))
    throw Fault{tensor + ": external data file " + quoted(location) + " is no regular file"};
  if (memory == MAP_FAILED)
    throw Fault{tensor + ": cannot map the external data file " + quoted(location) + ": " + strerror(errno)};
  std::shared_ptr<const void> owner(memory, [size](const void *mapped) {
    if (mapped)
      munmap(const_cast<void *>(mapped), size);
  });
  return files[location] = Bytes(owner, {static_cast<const char *>(memory), size});
}

Bytes ExternalFiles::read(const std::map<std::string, std::string> &entries, uint64_t size, const std::string &tensor) {
  auto location = entries.find("location");
  Bytes whole = map(location == entries.end() ? std::string() : location->second, tensor);
  uint64_t offset = number(entries, "offset", 0, tensor);
  uint64_t length = number(entries, "length", size, tensor);
  if (length != size)
    throw Fault{tensor + ": external data has " + std::to_string(length) + " bytes, expected " + std::to_string(size) +
                " by its type and shape"};
  if (offset > whole.size() || length > whole.size() - offset)
    throw Fault{tensor + ": external data is bytes " + std::to_string(offset) + " to " + std::to_string(offset) + "+" +
                std::to_string(length) + " of " + quoted(location->second) + ", which has " + std::to_string(whole.size())};
  return whole.part(offset, length);
}

} // namespace kiln::onnx
