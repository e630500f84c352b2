//===- ReadTensor.h - TensorProto to Tensor --------------------------------------------------------------------===//
//
// In: the message, whose bytes are moved out of it, and where external data may be. Out: a Tensor whose bytes are exactly as many as
// its type and shape ask for. Throws Fault, whose message begins with `what` ("initialiser 'w'").
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_READTENSOR_H
#define KILN_FRONTEND_ONNX_READTENSOR_H
#include "frontend/onnx/External.h"
#include "onnx-ml.pb.h"

namespace kiln::onnx {

Tensor readTensor(::onnx::TensorProto &proto, ExternalFiles &files, const std::string &what);

/// Throws when one size is negative, or the elements or their bytes are more than int64 counts.
void checkShape(const std::vector<int64_t> &shape, DataType type, const std::string &what);

} // namespace kiln::onnx

#endif
