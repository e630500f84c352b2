//===- ReadTensor.cpp - see ReadTensor.h -----------------------------------------------------------------------===//
#include "frontend/onnx/ReadTensor.h"
#include "frontend/onnx/Fault.h"
#include <algorithm>
#include <cstring>
#include <limits>

namespace kiln::onnx {

namespace {

constexpr size_t highestRank = 32;

[[noreturn]] void wrongCount(const std::string &what, uint64_t found, const char *unit, uint64_t expected, const Tensor &tensor) {
  throw Fault{what + " has " + std::to_string(found) + " " + unit + ", expected " + std::to_string(expected) + " for " +
              std::string(typeName(tensor.type)) + dimsText(tensor.shape.data(), tensor.shape.size())};
}

/// The field's numbers as `To`, checked to fit: ONNX keeps small integers, halves and bytes of packed types in int32_data.
template <typename To, typename Field>
std::string packed(const Field &field, uint64_t expected, const Tensor &tensor, const std::string &what) {
  if (static_cast<uint64_t>(field.size()) != expected)
    wrongCount(what, field.size(), "values", expected, tensor);
  std::string bytes(expected * sizeof(To), '\0');
  for (uint64_t i = 0; i < expected; ++i) {
    auto value = field.Get(static_cast<int>(i));
    auto narrow = static_cast<To>(value);
    if constexpr (std::numeric_limits<To>::is_integer)
      if (static_cast<decltype(value)>(narrow) != value)
        throw Fault{what + ": value " + std::to_string(i) + " is " + std::to_string(value) + ", outside " +
                    std::string(typeName(tensor.type))};
    std::memcpy(bytes.data() + i * sizeof(To), &narrow, sizeof(To));
  }
  return bytes;
}

std::string typedData(const ::onnx::TensorProto &proto, uint64_t elements, uint64_t bytes, const Tensor &tensor,
                      const std::string &what) {
  switch (tensor.type) {
  case DataType::Float:
    return packed<float>(proto.float_data(), elements, tensor, what);
  case DataType::Complex64:
    return packed<float>(proto.float_data(), elements * 2, tensor, what);
  case DataType::Double:
    return packed<double>(proto.double_data(), elements, tensor, what);
  case DataType::Complex128:
    return packed<double>(proto.double_data(), elements * 2, tensor, what);
  case DataType::Int64:
    return packed<int64_t>(proto.int64_data(), elements, tensor, what);
  case DataType::Uint64:
    return packed<uint64_t>(proto.uint64_data(), elements, tensor, what);
  case DataType::Uint32:
    return packed<uint32_t>(proto.uint64_data(), elements, tensor, what);
  case DataType::Int32:
    return packed<int32_t>(proto.int32_data(), elements, tensor, what);
  case DataType::Int16:
    return packed<int16_t>(proto.int32_data(), elements, tensor, what);
  case DataType::Int8:
    return packed<int8_t>(proto.int32_data(), elements, tensor, what);
  case DataType::Uint16:
  case DataType::Float16:
  case DataType::BFloat16:
    return packed<uint16_t>(proto.int32_data(), elements, tensor, what);
  default: // uint8, bool, 8-bit floats, and bytes of two or four packed values
    return packed<uint8_t>(proto.int32_data(), bytes, tensor, what);
  }
}

std::map<std::string, std::string> externalEntries(const ::onnx::TensorProto &proto) {
  std::map<std::string, std::string> entries;
  for (const auto &entry : proto.external_data())
    entries[entry.key()] = entry.value();
  return entries;
}

} // namespace

void checkShape(const std::vector<int64_t> &shape, DataType type, const std::string &what) {
  if (shape.size() > highestRank)
    throw Fault{what + " has " + std::to_string(shape.size()) + " dimensions, expected at most " + std::to_string(highestRank)};
  // Zeros are left out of the product: [0, 2^62, 2^62] is no sane shape either.
  int64_t product = std::max(typeBits(type), 1u);
  for (int64_t size : shape) {
    if (size < 0)
      throw Fault{what + " has shape " + dimsText(shape.data(), shape.size()) + ", expected no negative dimension"};
    if (size && __builtin_mul_overflow(product, size, &product))
      throw Fault{what + " has shape " + dimsText(shape.data(), shape.size()) + ", more elements than can be counted"};
  }
}

Tensor readTensor(::onnx::TensorProto &proto, ExternalFiles &files, const std::string &what) {
  Tensor tensor;
  tensor.name = proto.name();
  tensor.type = static_cast<DataType>(proto.data_type());
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  checkShape(tensor.shape, tensor.type, what);
  if (proto.has_segment())
    throw Fault{what + " is stored in segments, which kiln does not read"};
  uint64_t elements = tensor.elements();
  bool external = proto.data_location() == ::onnx::TensorProto::EXTERNAL;
  if (tensor.type == DataType::String) {
    if (external || proto.has_raw_data())
      throw Fault{what + " is of type string, which can stand in string_data only"};
    if (static_cast<uint64_t>(proto.string_data_size()) != elements)
      wrongCount(what, proto.string_data_size(), "strings", elements, tensor);
    tensor.strings.assign(proto.string_data().begin(), proto.string_data().end());
    return tensor;
  }
  unsigned bits = typeBits(tensor.type);
  if (!bits)
    throw Fault{what + " has element type " + std::to_string(proto.data_type()) + " (" + std::string(typeName(tensor.type)) +
                "), which kiln does not read"};
  uint64_t size = elements / 8 * bits + (elements % 8 * bits + 7) / 8;
  if (external) {
    tensor.data = files.read(externalEntries(proto), size, what);
  } else if (proto.has_raw_data()) {
    if (proto.raw_data().size() != size)
      wrongCount(what, proto.raw_data().size(), "bytes of data", size, tensor);
    tensor.data = Bytes(std::move(*std::unique_ptr<std::string>(proto.release_raw_data())));
  } else {
    tensor.data = Bytes(typedData(proto, elements, size, tensor, what));
  }
  auto isTruth = [](char byte) { return byte == 0 || byte == 1; };
  if (std::string_view data = tensor.data.view(); tensor.type == DataType::Bool && !std::all_of(data.begin(), data.end(), isTruth))
    throw Fault{what + " is of type bool and holds a byte other than 0 and 1"};
  return tensor;
}

} // namespace kiln::onnx
