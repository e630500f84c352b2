//===- Bytes.h - a tensor's bytes, shared and never copied -----------------------------------------------------===//
#ifndef KILN_FRONTEND_BYTES_H
#define KILN_FRONTEND_BYTES_H
#include <memory>
#include <string>
#include <string_view>

namespace kiln {

/// Bytes that never change and are never copied: a string moved out of the file's message, or part of a mapped file.
class Bytes {
public:
  Bytes() = default;
  explicit Bytes(std::string text) {
    auto kept = std::make_shared<const std::string>(std::move(text));
    bytes = *kept;
    owner = std::move(kept);
  }
  Bytes(std::shared_ptr<const void> owner, std::string_view bytes) : owner(std::move(owner)), bytes(bytes) {}
  std::string_view view() const { return bytes; }
  size_t size() const { return bytes.size(); }
  Bytes part(size_t offset, size_t length) const { return Bytes(owner, bytes.substr(offset, length)); }

private:
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

} // namespace kiln

#endif
