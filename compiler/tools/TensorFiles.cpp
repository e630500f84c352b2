#include "compiler/tools/TensorFiles.h"
#include "runtime/core/tensor.h"
#include "runtime/main/npy.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <algorithm>
#include <cstring>
#include <random>
#include <zip.h>

namespace kiln::tools {
namespace {
template <typename... Values> llvm::Error failure(const char *format, const Values &...values) {
  return llvm::createStringError(std::errc::invalid_argument, format, values...);
}

struct CloseZip {
  void operator()(zip_t *archive) const { zip_discard(archive); }
};
using Zip = std::unique_ptr<zip_t, CloseZip>;

llvm::Expected<Zip> openZip(const std::string &path, int flags) {
  int code = 0;
  Zip archive(zip_open(path.c_str(), flags, &code));
  if (archive)
    return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string why = zip_error_strerror(&error);
  zip_error_fini(&error);
  return failure("%s: %s", path.c_str(), why.c_str());
}

llvm::Error extract(const std::string &path, const std::string &name, const std::string &to) {
  auto archive = openZip(path, ZIP_RDONLY);
  if (!archive)
    return archive.takeError();
  std::unique_ptr<zip_file_t, decltype(&zip_fclose)> member(zip_fopen(archive->get(), (name + ".npy").c_str(), 0), &zip_fclose);
  if (!member) {
    std::string found;
    for (zip_int64_t i = 0; i < zip_get_num_entries(archive->get(), 0) && i < 20; ++i)
      found += std::string(i ? ", " : "") + zip_get_name(archive->get(), i, 0);
    return failure("%s: expected an array '%s' in it, found %s", path.c_str(), name.c_str(), found.c_str());
  }
  std::unique_ptr<FILE, decltype(&fclose)> file(fopen(to.c_str(), "wb"), &fclose);
  if (!file)
    return failure("%s: %s", to.c_str(), strerror(errno));
  std::vector<char> piece(1 << 20);
  zip_int64_t count;
  while ((count = zip_fread(member.get(), piece.data(), piece.size())) > 0)
    if (fwrite(piece.data(), 1, size_t(count), file.get()) != size_t(count))
      return failure("%s: %s", to.c_str(), strerror(errno));
  return count < 0 ? failure("%s: '%s.npy' in it is damaged", path.c_str(), name.c_str()) : llvm::Error::success();
}
} // namespace

llvm::Error TensorFiles::take(llvm::ArrayRef<std::string> arguments) {
  for (const std::string &argument : arguments) {
    size_t found = tensors.size(), longest = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
      size_t length = strlen(tensors[i].name); // a name may hold '=' itself
      if (llvm::StringRef(argument).starts_with(tensors[i].name) && argument[length] == '=' &&
          (found == tensors.size() || length > longest)) {
        found = i;
        longest = length;
      }
    }
    if (found == tensors.size() && llvm::StringRef(argument).ends_with(".npz") && argument.find('=') == std::string::npos) {
      for (size_t i = 0; i < tensors.size(); ++i) // one archive for all that nothing else gives
        if (!given(i))
          paths[i] = place(argument, i);
      continue;
    }
    if (found == tensors.size()) {
      std::string known;
      char text[KILN_DESCRIPTION];
      for (const kiln_tensor_info &tensor : tensors)
        known += std::string(known.empty() ? "" : ", ") + "'" + tensor.name + "' " +
                 kiln_describe(text, tensor.dtype, tensor.rank, tensor.shape);
      size_t equals = argument.find('=');
      if (equals == std::string::npos)
        return failure("--%s: expected NAME=FILE.npy, found '%s'", kind, argument.c_str());
      return failure("there is no %s '%s'; the model has %s", kind, argument.substr(0, equals).c_str(),
                     known.empty() ? "none" : known.c_str());
    }
    std::string file = argument.substr(longest + 1);
    if (file.empty())
      return failure("%s '%s' is given no file", kind, tensors[found].name);
    if (given(found))
      return failure("%s '%s' is given twice", kind, tensors[found].name);
    paths[found] = llvm::StringRef(file).ends_with(".npz") ? place(file, found) : file;
  }
  return llvm::Error::success();
}

/// A file of its own for a member of an archive, named so that a message about it tells where it came from.
std::string TensorFiles::place(const std::string &archive, size_t tensor) {
  members.push_back({tensor, archive});
  std::string name = tensors[tensor].name, folder = scratch.path(std::string(kind) + std::to_string(tensor));
  std::replace(name.begin(), name.end(), '/', '_');
  llvm::sys::fs::create_directory(folder);
  folder += "/" + llvm::sys::path::filename(archive).str();
  llvm::sys::fs::create_directory(folder);
  return folder + "/" + name.substr(0, 200) + ".npy";
}

llvm::Error TensorFiles::unpack() {
  for (const Member &member : members)
    if (llvm::Error error = extract(member.archive, tensors[member.tensor].name, paths[member.tensor]))
      return failure("%s '%s': %s", kind, tensors[member.tensor].name, llvm::toString(std::move(error)).c_str());
  return llvm::Error::success();
}

llvm::Error TensorFiles::pack() const {
  codegen::Staging staging;
  std::map<std::string, std::string> temporaries;
  for (const Member &member : members)
    if (!temporaries.count(member.archive)) {
      auto name = staging.add(member.archive);
      if (!name)
        return name.takeError();
      temporaries[member.archive] = *name;
    }
  for (auto &[archive, temporary] : temporaries) {
    auto zip = openZip(temporary, ZIP_CREATE | ZIP_TRUNCATE);
    if (!zip)
      return zip.takeError();
    for (const Member &member : members) {
      if (member.archive != archive)
        continue;
      zip_source_t *source = zip_source_file(zip->get(), paths[member.tensor].c_str(), 0, -1);
      zip_int64_t index =
          source ? zip_file_add(zip->get(), (std::string(tensors[member.tensor].name) + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8)
                 : -1;
      if (index < 0 || zip_set_file_compression(zip->get(), zip_uint64_t(index), ZIP_CM_STORE, 0) < 0)
        return failure("%s: %s", archive.c_str(), zip_strerror(zip->get()));
    }
    if (zip_close(zip->get()) < 0)
      return failure("%s: %s", archive.c_str(), zip_strerror(zip->get()));
    zip->release();
  }
  return staging.commit();
}

llvm::Error TensorFiles::makeUp(uint64_t seed) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (given(i))
      continue;
    const kiln_tensor_info &tensor = tensors[i];
    paths[i] = scratch.path(std::string(kind) + std::to_string(i) + ".npy");
    std::mt19937_64 random(seed * 1000003 + i);
    size_t count = size_t(kiln_elements(tensor.rank, tensor.shape)), size = size_t(kiln_dtype_size(tensor.dtype));
    std::string data(count * size, '\0');
    for (size_t k = 0; k < count; ++k) {
      uint64_t bits = random();
      double number = double(bits >> 11) * 0x1p-52 - 1;
      float single = float(number);
      uint32_t word;
      memcpy(&word, &single, sizeof word);
      char *to = &data[k * size];
      if (tensor.dtype == KILN_F32)
        memcpy(to, &single, sizeof single);
      else if (tensor.dtype == KILN_F64)
        memcpy(to, &number, sizeof number);
      else if (tensor.dtype == KILN_BF16)
        memcpy(to, reinterpret_cast<char *>(&word) + 2, 2);
      else if (tensor.dtype == KILN_F16) {
        uint16_t half = uint16_t((bits & 0x8000) | 0x3800 | (bits >> 20 & 0x3ff)); // of either sign, from 0.5 to 1
        memcpy(to, &half, sizeof half);
      } else
        *to = char(bits & 1); // an index that fits any tensor of two elements, a truth value
    }
    kiln_npy npy = {};
    npy.dtype = tensor.dtype;
    npy.rank = tensor.rank;
    std::copy_n(tensor.shape, KILN_MAX_RANK, npy.shape);
    bool good = kiln_npy_create(&npy, paths[i].c_str()) && kiln_npy_write(&npy, data.data(), data.size()) &&
                kiln_npy_finish(&npy) && kiln_npy_commit(&npy);
    if (!good) {
      kiln_npy_discard(&npy);
      return failure("%s: %s", paths[i].c_str(), static_cast<const char *>(npy.error));
    }
  }
  return llvm::Error::success();
}

std::vector<const char *> TensorFiles::files() const {
  std::vector<const char *> result;
  for (const std::string &path : paths)
    result.push_back(path.empty() ? nullptr : path.c_str());
  result.push_back(nullptr);
  return result;
}
} // namespace kiln::tools
