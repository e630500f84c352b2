//===- Fault.h - how the decoder's own files give up -----------------------------------------------------------===//
//
// Thrown by the steps of Decode and caught there; nobody outside this folder sees it.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_FAULT_H
#define KILN_FRONTEND_ONNX_FAULT_H
#include <string>
#include <string_view>

namespace kiln::onnx {

struct Fault {
  std::string message;
};

/// A name from the file, fit to be printed: in quotes, control characters as \xNN, long ones cut short.
std::string quoted(std::string_view name);

std::string dimsText(const int64_t *sizes, size_t rank); ///< "[2, 3]"

} // namespace kiln::onnx

#endif
