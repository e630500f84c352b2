//===- Fault.cpp - see Fault.h ---------------------------------------------------------------------------------===//
#include "frontend/onnx/Fault.h"

namespace kiln::onnx {

std::string quoted(std::string_view name) {
  constexpr size_t longest = 120;
  std::string text = "'";
  for (unsigned char c : name.substr(0, longest)) {
    if (c >= 0x20 && c != 0x7f) {
      text += static_cast<char>(c);
      continue;
    }
    const char *digits = "0123456789abcdef";
    text += {'\\', 'x', digits[c >> 4], digits[c & 15]};
  }
  return text + (name.size() > longest ? "...'" : "'");
}

std::string dimsText(const int64_t *sizes, size_t rank) {
  std::string text = "[";
  for (size_t i = 0; i < rank; ++i)
    text += (i ? ", " : "") + std::to_string(sizes[i]);
  return text + "]";
}

} // namespace kiln::onnx
