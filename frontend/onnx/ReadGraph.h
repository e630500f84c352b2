//===- ReadGraph.h - GraphProto to Graph, model-local functions inlined ----------------------------------------===//
//
// In: a model's message. Out: its main graph as structs, nodes sorted, names not yet checked (Order.h does that).
// A node that calls a function of the model becomes the function's nodes: names inside get the node's name as a prefix, attribute
// references the caller's values. Tensor bytes are moved out of the message. Throws Fault.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_READGRAPH_H
#define KILN_FRONTEND_ONNX_READGRAPH_H
#include "frontend/onnx/External.h"
#include "onnx-ml.pb.h"

namespace kiln::onnx {

Graph readGraph(::onnx::ModelProto &model, ExternalFiles &files);

/// The imported version of each domain; "ai.onnx" is "".
std::map<std::string, int64_t> readOpsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports);

} // namespace kiln::onnx

#endif
