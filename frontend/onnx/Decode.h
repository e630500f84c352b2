//===- Decode.h - an ONNX file becomes plain structs -----------------------------------------------------------===//
//
// In: a file, or its bytes, which may be anything at all. Out: a Model that keeps the promises of Model.h, or one message. Memory
// stays near the file's size: tensor bytes are moved out of protobuf's message, external data is mapped read-only.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_DECODE_H
#define KILN_FRONTEND_ONNX_DECODE_H
#include "frontend/onnx/Model.h"
#include "frontend/onnx/Result.h"

namespace kiln::onnx {

constexpr int64_t oldestOpset = 7, newestOpset = 23;

Result<Model> decodeFile(const std::string &path);

/// `folder` is where external data may lie; with an empty one, external data is an error.
Result<Model> decodeBytes(std::string_view bytes, const std::string &folder);

} // namespace kiln::onnx

#endif
