#include "compiler/codegen/JoinWeights.h"
#include "compiler/dialect/Kiln.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

namespace kiln::codegen {
namespace {
constexpr uint64_t line = 64; // of every tensor in a blob

/// What stands at one offset of a blob: of the names there, the longest.
struct Piece {
  uint64_t offset, bytes;
  std::array<uint8_t, 32> hash;
  bool shared = false;
  uint64_t place = 0; ///< in the joined blob
};

class Weights {
public:
  explicit Weights(mlir::ModuleOp planned) : planned(planned) {}

  llvm::Error read(const std::string &path) {
    auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!file)
      return llvm::createStringError("cannot read the weights in '%s': %s", path.c_str(), file.getError().message().c_str());
    bytes = std::move(*file);
    std::map<uint64_t, uint64_t> sizes;
    for (const PackedTensor &packed : packedTensors(planned)) {
      uint64_t &size = sizes[packed.offset];
      size = std::max<uint64_t>(size, packed.tensor.bytes());
    }
    for (auto [offset, size] : sizes) {
      llvm::StringRef part = bytes->getBuffer().substr(offset, size);
      pieces.push_back({offset, size, llvm::SHA256::hash({part.bytes_begin(), part.size()})});
    }
    return llvm::Error::success();
  }

  /// Those with this answer to "are both programs' the same?", one behind the other from `end` on.
  void place(bool shared, uint64_t &end, llvm::raw_ostream &stream) {
    for (Piece &piece : pieces)
      if (piece.shared == shared) {
        piece.place = end;
        stream << bytes->getBuffer().substr(piece.offset, piece.bytes);
        uint64_t next = llvm::alignTo(end + piece.bytes, line);
        stream.write_zeros(next - end - piece.bytes);
        end = next;
      }
  }

  void setOffsets(uint64_t size) {
    mlir::Builder builder(planned.getContext());
    auto offsets = planned->getAttrOfType<mlir::DictionaryAttr>("kiln.weight_offsets");
    llvm::SmallVector<mlir::NamedAttribute> changed;
    for (mlir::NamedAttribute entry : offsets ? offsets.getValue() : llvm::ArrayRef<mlir::NamedAttribute>()) {
      uint64_t offset = mlir::cast<mlir::IntegerAttr>(entry.getValue()).getInt();
      auto piece = llvm::find_if(pieces, [&](const Piece &p) { return p.offset == offset; });
      if (piece != pieces.end())
        changed.push_back({entry.getName(), builder.getI64IntegerAttr(static_cast<int64_t>(piece->place))});
    }
    planned->setAttr("kiln.weight_offsets", builder.getDictionaryAttr(changed));
    planned->setAttr("kiln.weights_size", builder.getI64IntegerAttr(static_cast<int64_t>(size)));
  }

  std::vector<Piece> pieces;

private:
  mlir::ModuleOp planned;
  std::unique_ptr<llvm::MemoryBuffer> bytes;
};
} // namespace

llvm::Error joinWeights(mlir::ModuleOp first, const std::string &firstBlob, mlir::ModuleOp second, const std::string &secondBlob,
                        const std::string &joined) {
  Weights one(first), other(second);
  if (llvm::Error error = one.read(firstBlob))
    return error;
  if (llvm::Error error = other.read(secondBlob))
    return error;
  std::map<std::pair<uint64_t, std::array<uint8_t, 32>>, Piece *> known;
  for (Piece &piece : one.pieces)
    known[{piece.bytes, piece.hash}] = &piece;
  std::vector<std::pair<Piece *, Piece *>> same;
  for (Piece &piece : other.pieces)
    if (auto twin = known.find({piece.bytes, piece.hash}); twin != known.end()) {
      piece.shared = twin->second->shared = true;
      same.push_back({&piece, twin->second});
    }
  std::error_code failure;
  llvm::raw_fd_ostream stream(joined, failure);
  uint64_t end = 0;
  if (!failure) {
    one.place(false, end, stream);
    one.place(true, end, stream);
    for (auto [piece, twin] : same)
      piece->place = twin->place;
    other.place(false, end, stream);
    stream.close();
    failure = stream.error();
    stream.clear_error();
  }
  if (failure)
    return llvm::createStringError("cannot write the weights to '%s': %s", joined.c_str(), failure.message().c_str());
  one.setOffsets(end);
  other.setOffsets(end);
  return llvm::Error::success();
}

std::vector<PackedTensor> packedTensors(mlir::ModuleOp first, mlir::ModuleOp second) {
  std::vector<PackedTensor> all = packedTensors(first);
  llvm::StringSet<> names;
  std::set<int64_t> offsets;
  for (const PackedTensor &packed : all) {
    names.insert(packed.tensor.name);
    offsets.insert(packed.offset);
  }
  for (PackedTensor &packed : packedTensors(second)) {
    if (!offsets.insert(packed.offset).second)
      continue;
    while (!names.insert(packed.tensor.name).second)
      packed.tensor.name = "card." + packed.tensor.name;
    all.push_back(packed);
  }
  return all;
}
} // namespace kiln::codegen
