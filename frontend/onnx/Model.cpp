//===- Model.cpp - what the model's structs know about themselves ----------------------------------------------===//
#include "frontend/onnx/Model.h"

namespace kiln::onnx {

namespace {
struct TypeRow {
  const char *name;
  unsigned bits;
};
// By the number of onnx.TensorProto.DataType.
constexpr TypeRow types[] = {{"undefined", 0},      {"float32", 32},  {"uint8", 8},        {"int8", 8},           {"uint16", 16},
                             {"int16", 16},         {"int32", 32},    {"int64", 64},       {"string", 0},         {"bool", 8},
                             {"float16", 16},       {"float64", 64},  {"uint32", 32},      {"uint64", 64},        {"complex64", 64},
                             {"complex128", 128},   {"bfloat16", 16}, {"float8e4m3fn", 8}, {"float8e4m3fnuz", 8}, {"float8e5m2", 8},
                             {"float8e5m2fnuz", 8}, {"uint4", 4},     {"int4", 4},         {"float4e2m1", 4},     {"float8e8m0", 8},
                             {"uint2", 2},          {"int2", 2}};

const TypeRow *row(DataType type) {
  auto number = static_cast<size_t>(type);
  return number < std::size(types) ? &types[number] : nullptr;
}
} // namespace

std::string_view typeName(DataType type) {
  const TypeRow *found = row(type);
  return found ? found->name : "unknown";
}

unsigned typeBits(DataType type) {
  const TypeRow *found = row(type);
  return found ? found->bits : 0;
}

int64_t Tensor::elements() const {
  int64_t product = 1;
  for (int64_t size : shape)
    product *= size;
  return product;
}

const Attribute *Node::attribute(std::string_view wanted) const {
  for (const Attribute &each : attributes)
    if (each.name == wanted)
      return &each;
  return nullptr;
}

std::vector<std::shared_ptr<const Graph>> Node::subgraphs() const {
  std::vector<std::shared_ptr<const Graph>> graphs;
  for (const Attribute &each : attributes) {
    if (auto *one = std::get_if<std::shared_ptr<const Graph>>(&each.value))
      graphs.push_back(*one);
    if (auto *several = std::get_if<std::vector<std::shared_ptr<const Graph>>>(&each.value))
      graphs.insert(graphs.end(), several->begin(), several->end());
  }
  return graphs;
}

} // namespace kiln::onnx
