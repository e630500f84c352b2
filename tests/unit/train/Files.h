//===- Files.h - data files, and programs run on them ---------------------===//
//
// A Folder is a fresh directory that goes away with its files; programs run in it. idx and csv are bytes as the formats have them.
//
//===----------------------------------------------------------------------===//
#ifndef KILN_TESTS_UNIT_TRAIN_FILES_H
#define KILN_TESTS_UNIT_TRAIN_FILES_H
#include <cstdint>
#include <string>
#include <vector>

struct Ran {
  int code; ///< -1: a signal ended it
  std::string output, errors;
};

struct Folder {
  Folder();
  Folder(const Folder &) = delete;
  ~Folder();
  std::string file(const std::string &name) const { return path + "/" + name; }
  std::string put(const std::string &name, const std::string &bytes) const; ///< its path
  std::string get(const std::string &name) const;
  bool has(const std::string &name) const;
  /// `before` stands before the program, such as an environment.
  Ran run(const std::string &program, const std::string &arguments, const std::string &before = "") const;
  std::string path;
};

/// Unsigned bytes of this shape.
std::string idx(const std::vector<uint32_t> &shape, const std::string &bytes, uint8_t type = 8);
std::string gzip(const std::string &bytes);
std::string npy(const std::string &descr, const std::string &shape, const std::string &bytes);
/// An npz file: deflated entries called name.npy.
void putNpz(const std::string &path, const std::vector<std::pair<std::string, std::string>> &arrays);

template <typename T> std::string bytesOf(const std::vector<T> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
}
template <typename T> std::vector<T> valuesOf(const std::string &bytes) {
  const T *data = reinterpret_cast<const T *>(bytes.data());
  std::vector<T> values(bytes.size() / sizeof(T));
  __builtin_memcpy(values.data(), data, values.size() * sizeof(T));
  return values;
}

#endif
