//===- Types.cpp - see Types.h ---------------------------------------------------------------------------------===//
#include "frontend/onnx/Types.h"
#include "frontend/builder/GraphBuilder.h"

using namespace mlir;

namespace kiln::onnx {

Type elementType(DataType type, MLIRContext *context) {
  auto integer = [&](unsigned bits, bool isUnsigned = false) -> Type {
    return IntegerType::get(context, bits, isUnsigned ? IntegerType::Unsigned : IntegerType::Signless);
  };
  switch (type) {
  case DataType::Float:
    return Float32Type::get(context);
  case DataType::Double:
    return Float64Type::get(context);
  case DataType::Float16:
    return Float16Type::get(context);
  case DataType::BFloat16:
    return BFloat16Type::get(context);
  case DataType::Int8:
    return integer(8);
  case DataType::Int16:
    return integer(16);
  case DataType::Int32:
    return integer(32);
  case DataType::Int64:
    return integer(64);
  case DataType::Uint8:
    return integer(8, true);
  case DataType::Uint16:
    return integer(16, true);
  case DataType::Uint32:
    return integer(32, true);
  case DataType::Uint64:
    return integer(64, true);
  case DataType::Bool:
    return integer(1);
  default:
    return {};
  }
}

Type requiredType(DataType type, const std::string &what, MLIRContext *context) {
  if (Type element = elementType(type, context))
    return element;
  throw BuildError{what + " has element type " + std::string(typeName(type)) + " (number " +
                   std::to_string(static_cast<int>(type)) +
                   "), expected floats of 16 to 64 bits, integers of 8 to 64 bits or bool"};
}

DenseElementsAttr constantOf(const Tensor &tensor, Type element) {
  auto type = RankedTensorType::get(tensor.shape, element);
  std::string_view bytes = tensor.data.view();
  if (!element.isInteger(1)) // one element alone reads as a splat, which it is
    return DenseElementsAttr::getFromRawBuffer(type, ArrayRef<char>(bytes.data(), bytes.size()));
  SmallVector<bool> truths(bytes.begin(), bytes.end());
  return DenseElementsAttr::get(type, truths);
}

Bytes bytesOf(DenseElementsAttr constant) {
  std::string bytes;
  if (constant.getElementType().isInteger(1)) {
    for (bool truth : constant.getValues<bool>())
      bytes.push_back(truth ? 1 : 0);
    return Bytes(std::move(bytes));
  }
  ArrayRef<char> raw = constant.getRawData();
  for (int64_t i = 0; i < (constant.isSplat() ? constant.getNumElements() : 1); ++i)
    bytes.append(raw.data(), raw.size());
  return Bytes(std::move(bytes));
}

} // namespace kiln::onnx
