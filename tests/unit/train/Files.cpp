//===- Files.cpp - data files, and programs run on them -------------------===//
#include "Files.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <minizip/zip.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <zlib.h>

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "kiln-train-XXXXXX").string();
  path = mkdtemp(name.data()) ? name : "";
}
Folder::~Folder() { std::filesystem::remove_all(path); }

std::string Folder::put(const std::string &name, const std::string &bytes) const {
  std::ofstream(file(name), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return file(name);
}

std::string Folder::get(const std::string &name) const {
  std::ifstream stream(file(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool Folder::has(const std::string &name) const { return std::filesystem::exists(file(name)); }

Ran Folder::run(const std::string &program, const std::string &arguments, const std::string &before) const {
  std::string out = file("stdout"), err = file("stderr");
  std::string command = "cd " + path + " && " + before + " '" + program + "' " + arguments + " >" + out + " 2>" + err;
  int status = system(command.c_str());
  Ran ran = {WIFEXITED(status) ? WEXITSTATUS(status) : -1, get("stdout"), get("stderr")};
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  return ran;
}

std::string idx(const std::vector<uint32_t> &shape, const std::string &bytes, uint8_t type) {
  std::string text = {0, 0, static_cast<char>(type), static_cast<char>(shape.size())};
  for (uint32_t extent : shape)
    for (int shift = 24; shift >= 0; shift -= 8)
      text += static_cast<char>(extent >> shift);
  return text + bytes;
}

std::string gzip(const std::string &bytes) {
  Folder folder;
  gzFile file = gzopen(folder.file("z").c_str(), "wb");
  EXPECT_EQ(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())), static_cast<int>(bytes.size()));
  EXPECT_EQ(gzclose(file), Z_OK);
  return folder.get("z");
}

std::string npy(const std::string &descr, const std::string &shape, const std::string &bytes) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize(117, ' ');
  return std::string("\x93NUMPY\x01\0v\0", 10) + header + "\n" + bytes;
}

void putNpz(const std::string &path, const std::vector<std::pair<std::string, std::string>> &arrays) {
  zipFile zip = zipOpen64(path.c_str(), APPEND_STATUS_CREATE);
  ASSERT_NE(zip, nullptr);
  for (const auto &[name, bytes] : arrays) {
    std::string entry = name + ".npy";
    ASSERT_EQ(zipOpenNewFileInZip64(zip, entry.c_str(), nullptr, nullptr, 0, nullptr, 0, nullptr, Z_DEFLATED, 6, 0), ZIP_OK);
    ASSERT_EQ(zipWriteInFileInZip(zip, bytes.data(), static_cast<unsigned>(bytes.size())), ZIP_OK);
    ASSERT_EQ(zipCloseFileInZip(zip), ZIP_OK);
  }
  ASSERT_EQ(zipClose(zip, nullptr), ZIP_OK);
}
