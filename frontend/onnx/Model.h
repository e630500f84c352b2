//===- Model.h - an ONNX model as plain structs ----------------------------------------------------------------===//
//
// What Decode makes of a file and Import reads: no protobuf, no MLIR. A Model that Decode returned keeps these promises: every
// value name has one producer, nodes stand after what they use, tensors hold exactly the bytes that their type and shape ask for,
// initialisers are no inputs, and no node calls a model-local function (they are inlined).
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_MODEL_H
#define KILN_FRONTEND_ONNX_MODEL_H
#include "frontend/Bytes.h"
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kiln::onnx {
using kiln::Bytes;

/// The numbers of onnx.TensorProto.DataType.
// clang-format off
enum class DataType : int32_t {
  Undefined = 0, Float = 1, Uint8 = 2, Int8 = 3, Uint16 = 4, Int16 = 5, Int32 = 6, Int64 = 7, String = 8, Bool = 9, Float16 = 10,
  Double = 11, Uint32 = 12, Uint64 = 13, Complex64 = 14, Complex128 = 15, BFloat16 = 16, Float8E4M3FN = 17, Float8E4M3FNUZ = 18,
  Float8E5M2 = 19, Float8E5M2FNUZ = 20, Uint4 = 21, Int4 = 22, Float4E2M1 = 23, Float8E8M0 = 24, Uint2 = 25, Int2 = 26
};
// clang-format on
std::string_view typeName(DataType type); ///< "float32", "int64", ...; "type 99" has no name and gives "unknown"
unsigned typeBits(DataType type);         ///< bits of one element in memory; 0 for strings and unknown types

struct Tensor {
  std::string name;
  DataType type = DataType::Undefined;
  std::vector<int64_t> shape;       ///< never negative; the element count fits int64
  Bytes data; ///< dense, little-endian, possibly unaligned; 4-bit types two to a byte, first in the low half
  std::vector<std::string> strings; ///< for DataType::String alone

  int64_t elements() const;
};

struct Dimension {
  int64_t size = -1; ///< negative: open
  std::string name; ///< the symbol of an open dimension; may be empty
};

struct ValueInfo {
  std::string name;
  std::string kind = "tensor"; ///< or "sequence", "map", "optional", "sparse tensor", "opaque", "nothing"
  DataType type = DataType::Undefined;
  std::optional<std::vector<Dimension>> shape; ///< absent: the rank is unknown
};

struct Graph;

/// An attribute's kind that no operator which kiln knows can use: a type, a sparse tensor.
struct OtherAttribute {
  std::string kind;
};

struct Attribute {
  using Value =
      std::variant<OtherAttribute, float, int64_t, std::string, Tensor, std::shared_ptr<const Graph>, std::vector<float>,
                   std::vector<int64_t>, std::vector<std::string>, std::vector<Tensor>, std::vector<std::shared_ptr<const Graph>>>;
  std::string name;
  Value value;
};

struct Node {
  std::string name; ///< never empty: an unnamed node takes its first output's name
  std::string op;
  std::string domain; ///< "" for the operators of ONNX itself
  int64_t opset = 0; ///< the version of its domain that it is written for; 0 when the model imports none
  std::vector<std::string> inputs; ///< "" where an optional one is left out
  std::vector<std::string> outputs; ///< "" where unused
  std::vector<Attribute> attributes;

  const Attribute *attribute(std::string_view name) const; ///< null when absent
  std::vector<std::shared_ptr<const Graph>> subgraphs() const; ///< of all attributes
};

struct Graph {
  std::string name;
  std::vector<Node> nodes; ///< each after all that it uses
  std::vector<Tensor> initializers;
  std::vector<ValueInfo> inputs;
  std::vector<ValueInfo> outputs;
  std::vector<ValueInfo> values; ///< types of inner values, as far as the file tells
};

struct Model {
  int64_t irVersion = 0;
  int64_t opset = 0; ///< of the default domain
  std::map<std::string, int64_t> opsets;
  std::string producer;
  Graph graph;
};

} // namespace kiln::onnx

#endif
