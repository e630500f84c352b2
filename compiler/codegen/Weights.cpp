#include "compiler/codegen/Weights.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace ELF = llvm::ELF;

namespace kiln::codegen {
namespace {
llvm::Error failure(const std::string &path, std::error_code error) {
  return llvm::createStringError("%s: %s", path.c_str(), error.message().c_str());
}

/// Runs `use` over the file's bytes, a part at a time: a blob may be larger than the memory at hand.
llvm::Error forEachPart(const std::string &path, llvm::function_ref<void(llvm::StringRef)> use) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return failure(path, {errno, std::generic_category()});
  std::vector<char> buffer(1 << 20);
  ssize_t count;
  while ((count = read(file, buffer.data(), buffer.size())) > 0)
    use({buffer.data(), static_cast<size_t>(count)});
  int error = errno;
  close(file);
  return count < 0 ? failure(path, {error, std::generic_category()}) : llvm::Error::success();
}

/// A file being written; close() says whether all of it was.
llvm::Error writeFile(const std::string &path, llvm::function_ref<llvm::Error(llvm::raw_fd_ostream &)> write) {
  std::error_code error;
  llvm::raw_fd_ostream stream(path, error, llvm::sys::fs::OF_None);
  if (error)
    return failure(path, error);
  llvm::Error wrong = write(stream);
  stream.close();
  if (stream.has_error()) {
    error = stream.error();
    stream.clear_error();
    llvm::consumeError(std::move(wrong));
    return failure(path, error);
  }
  return wrong;
}

template <typename T> void append(std::string &bytes, const T &value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
}
} // namespace

llvm::Expected<BlobFacts> factsOf(const std::string &blob) {
  BlobFacts facts{0, {}};
  llvm::SHA256 hash;
  if (llvm::Error error = forEachPart(blob, [&](llvm::StringRef part) {
        hash.update(part);
        facts.size += part.size();
      }))
    return error;
  facts.hash = hash.final();
  return facts;
}

llvm::Error writeWeightsObject(const std::string &blob, const std::string &symbol, const Target &target, const std::string &path) {
  uint64_t size;
  if (std::error_code error = llvm::sys::fs::file_size(blob, size))
    return failure(blob, error);
  bool x86 = llvm::Triple(target.triple).isX86();
  std::string names("\0", 1);
  auto name = [&](const std::string &text) {
    uint32_t at = names.size();
    names += text + '\0';
    return at;
  };
  uint32_t symbolName = name(symbol), dataName = name(x86 ? ".lrodata" : ".rodata.kiln_weights"), tableName = name(".symtab"),
           namesName = name(".strtab"), stackName = name(".note.GNU-stack");
  std::string tail; // what stands behind the data, which begins right after the header, at 64
  uint64_t dataAt = sizeof(ELF::Elf64_Ehdr), tailAt = llvm::alignTo(dataAt + size, 8);
  append(tail, ELF::Elf64_Sym{});
  ELF::Elf64_Sym blobSymbol{};
  blobSymbol.st_name = symbolName;
  blobSymbol.setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  blobSymbol.st_other = ELF::STV_HIDDEN;
  blobSymbol.st_shndx = 1;
  blobSymbol.st_size = size;
  append(tail, blobSymbol);
  uint64_t namesAt = tailAt + tail.size();
  tail += names;
  tail.resize(llvm::alignTo(tail.size(), 8));
  uint64_t headersAt = tailAt + tail.size();
  uint64_t flags = ELF::SHF_ALLOC | (x86 ? uint64_t(ELF::SHF_X86_64_LARGE) : 0);
  append(tail, ELF::Elf64_Shdr{});
  append(tail, ELF::Elf64_Shdr{dataName, ELF::SHT_PROGBITS, flags, 0, dataAt, size, 0, 0, 64, 0});
  append(tail,
         ELF::Elf64_Shdr{tableName, ELF::SHT_SYMTAB, 0, 0, tailAt, 2 * sizeof(ELF::Elf64_Sym), 3, 1, 8, sizeof(ELF::Elf64_Sym)});
  append(tail, ELF::Elf64_Shdr{namesName, ELF::SHT_STRTAB, 0, 0, namesAt, names.size(), 0, 0, 1, 0});
  append(tail, ELF::Elf64_Shdr{stackName, ELF::SHT_PROGBITS, 0, 0, headersAt, 0, 0, 0, 1, 0});
  ELF::Elf64_Ehdr header{};
  memcpy(header.e_ident, ELF::ElfMagic, 4);
  header.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  header.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  header.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  header.e_type = ELF::ET_REL;
  header.e_machine = x86 ? ELF::EM_X86_64 : ELF::EM_AARCH64;
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = headersAt;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(ELF::Elf64_Shdr);
  header.e_shnum = 5;
  header.e_shstrndx = 3;
  return writeFile(path, [&](llvm::raw_fd_ostream &stream) {
    stream.write(reinterpret_cast<const char *>(&header), sizeof header);
    llvm::Error error = forEachPart(blob, [&](llvm::StringRef part) { stream << part; });
    stream.write_zeros(tailAt - dataAt - size);
    stream << tail;
    return error;
  });
}

llvm::Error writeSafetensors(const std::string &blob, const std::vector<PackedTensor> &tensors, const std::string &path) {
  static const std::map<kiln_dtype, const char *> names = {
      {KILN_F32, "F32"}, {KILN_F64, "F64"}, {KILN_F16, "F16"},  {KILN_BF16, "BF16"}, {KILN_I8, "I8"},
      {KILN_I16, "I16"}, {KILN_I32, "I32"}, {KILN_I64, "I64"},  {KILN_U8, "U8"},     {KILN_U16, "U16"},
      {KILN_U32, "U32"}, {KILN_U64, "U64"}, {KILN_BOOL, "BOOL"}};
  llvm::json::Object entries; // printed with sorted keys
  auto add = [&](const std::string &name, const char *dtype, llvm::json::Array shape, int64_t from, int64_t to) {
    entries[name] =
        llvm::json::Object{{"dtype", dtype}, {"shape", std::move(shape)}, {"data_offsets", llvm::json::Array({from, to})}};
  };
  std::vector<PackedTensor> ordered = tensors;
  llvm::sort(ordered, [](const PackedTensor &a, const PackedTensor &b) { return a.offset < b.offset; });
  int64_t end = 0;
  auto fill = [&](int64_t to) { // readers refuse holes
    if (to > end)
      add("padding." + std::to_string(end), "U8", llvm::json::Array{to - end}, end, to);
  };
  for (const PackedTensor &packed : ordered) {
    fill(packed.offset);
    end = packed.offset + packed.tensor.bytes();
    add(packed.tensor.name, names.at(packed.tensor.dtype), llvm::json::Array(packed.tensor.shape), packed.offset, end);
  }
  uint64_t size;
  if (std::error_code error = llvm::sys::fs::file_size(blob, size))
    return failure(blob, error);
  fill(static_cast<int64_t>(size));
  std::string header;
  llvm::raw_string_ostream(header) << llvm::json::Value(std::move(entries));
  header.resize(llvm::alignTo(header.size() + 8, 64) - 8, ' ');
  return writeFile(path, [&](llvm::raw_fd_ostream &stream) {
    uint64_t length = header.size();
    stream.write(reinterpret_cast<const char *>(&length), sizeof length);
    stream << header;
    return forEachPart(blob, [&](llvm::StringRef part) { stream << part; });
  });
}

} // namespace kiln::codegen
