#include "compiler/codegen/Signature.h"
#include "compiler/dialect/Kiln.h"

namespace kiln::codegen {
namespace {
struct Row {
  kiln_dtype dtype;
  const char *name, *cType;
  int64_t size;
};
constexpr Row rows[] = {
    {KILN_F32, "f32", "float", 4},      {KILN_F64, "f64", "double", 8},   {KILN_F16, "f16", "uint16_t", 2},
    {KILN_BF16, "bf16", "uint16_t", 2}, {KILN_I8, "i8", "int8_t", 1},     {KILN_I16, "i16", "int16_t", 2},
    {KILN_I32, "i32", "int32_t", 4},    {KILN_I64, "i64", "int64_t", 8},  {KILN_U8, "u8", "uint8_t", 1},
    {KILN_U16, "u16", "uint16_t", 2},   {KILN_U32, "u32", "uint32_t", 4}, {KILN_U64, "u64", "uint64_t", 8},
    {KILN_BOOL, "bool", "uint8_t", 1},
};
const Row &row(kiln_dtype dtype) {
  for (const Row &candidate : rows)
    if (candidate.dtype == dtype)
      return candidate;
  return rows[0];
}

std::optional<kiln_dtype> dtypeOf(mlir::Type type) {
  if (type.isF32())
    return KILN_F32;
  if (type.isF64())
    return KILN_F64;
  if (type.isF16())
    return KILN_F16;
  if (type.isBF16())
    return KILN_BF16;
  auto integer = mlir::dyn_cast<mlir::IntegerType>(type);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return KILN_BOOL;
  case 8:
    return isUnsigned ? KILN_U8 : KILN_I8;
  case 16:
    return isUnsigned ? KILN_U16 : KILN_I16;
  case 32:
    return isUnsigned ? KILN_U32 : KILN_I32;
  case 64:
    return isUnsigned ? KILN_U64 : KILN_I64;
  }
  return std::nullopt;
}

llvm::Expected<Tensor> tensorOf(mlir::Type type, mlir::DictionaryAttr attributes, const std::string &fallback) {
  auto name = attributes ? attributes.getAs<mlir::StringAttr>("kiln.name") : nullptr;
  Tensor tensor{name ? name.str() : fallback, KILN_F32, {}};
  auto ranked = mlir::dyn_cast<mlir::RankedTensorType>(type);
  std::optional<kiln_dtype> dtype = ranked ? dtypeOf(ranked.getElementType()) : std::nullopt;
  std::string found;
  llvm::raw_string_ostream(found) << type;
  if (!dtype || !ranked.hasStaticShape() || ranked.getRank() > KILN_MAX_RANK)
    return llvm::createStringError("'%s': expected a tensor of known shape with at most %d dimensions of numbers, found %s",
                                   tensor.name.c_str(), KILN_MAX_RANK, found.c_str());
  tensor.dtype = *dtype;
  tensor.shape.assign(ranked.getShape().begin(), ranked.getShape().end());
  return tensor;
}
} // namespace

const char *cTypeOf(kiln_dtype dtype) { return row(dtype).cType; }
const char *nameOf(kiln_dtype dtype) { return row(dtype).name; }
int64_t sizeOf(kiln_dtype dtype) { return row(dtype).size; }

int64_t Tensor::bytes() const {
  int64_t product = sizeOf(dtype);
  for (int64_t extent : shape)
    product *= extent;
  return product;
}

Tensor storedTensor(llvm::StringRef name, mlir::Type type) {
  Layout layout = layoutOf(type);
  auto ranked = mlir::cast<mlir::RankedTensorType>(type);
  std::optional<kiln_dtype> dtype = dtypeOf(ranked.getElementType());
  if (layout.isDense() && dtype)
    return {name.str(), *dtype, shapeOf(type)};
  return {name.str(), KILN_U8, {bytesOf(type)}};
}

llvm::Expected<Signature> signatureOf(mlir::func::FuncOp function) {
  Signature signature;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto tensor = tensorOf(function.getArgumentTypes()[i], function.getArgAttrDict(i), "input" + std::to_string(i));
    if (!tensor)
      return tensor.takeError();
    signature.inputs.push_back(std::move(*tensor));
  }
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto tensor = tensorOf(function.getResultTypes()[i], function.getResultAttrDict(i), "output" + std::to_string(i));
    if (!tensor)
      return tensor.takeError();
    signature.outputs.push_back(std::move(*tensor));
    if (auto input = tiedInput(function, i)) {
      signature.tied.resize(function.getNumResults(), -1);
      signature.tied[i] = static_cast<int32_t>(*input);
    }
  }
  return signature;
}

} // namespace kiln::codegen
