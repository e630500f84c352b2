//===- External.h - tensor bytes that stand in files beside the model ------------------------------------------===//
//
// In: the `external_data` entries of a tensor. Out: the bytes, mapped read-only, each file once. A model file may be hostile: only a
// regular file inside the model's own folder is opened, whatever "..", absolute paths or symbolic links say.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_EXTERNAL_H
#define KILN_FRONTEND_ONNX_EXTERNAL_H
#include "frontend/onnx/Model.h"

namespace kiln::onnx {

class ExternalFiles {
public:
  explicit ExternalFiles(std::string folder) : folder(std::move(folder)) {}

  /// `size` bytes are wanted for `tensor` (its description for messages). Throws Fault.
  Bytes read(const std::map<std::string, std::string> &entries, uint64_t size, const std::string &tensor);

private:
  Bytes map(const std::string &location, const std::string &tensor);

  std::string folder;
  std::map<std::string, Bytes> files;
};

} // namespace kiln::onnx

#endif
