//===- Layout.h - how a logical tensor is stored -------------------------------------------------------------------===//
//
// A layout orders the logical dimensions of a tensor in memory, innermost first; a dimension may be blocked (its inner part of `block`
// elements and the count of blocks stand at different places) and may carry a halo for the next convolution's padding.
// Text: "1%16,3,2,1/16,0;halo=2:1:1,3:1:1;pad=16": NCHWc in blocks of 16, one zero on each side of dimensions 2 and 3, and 16 spare
// elements on the second stride. Plain C++: no MLIR, no Halide.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_DIALECT_LAYOUT_H
#define KILN_DIALECT_LAYOUT_H
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kiln {
using Shape = std::vector<int64_t>;

enum class Part { Whole, Inner, Outer };

/// One physical dimension.
struct StoredDim {
  int64_t dim;
  Part part = Part::Whole;
  int64_t block = 0;
  bool operator==(const StoredDim &o) const { return dim == o.dim && part == o.part && block == o.block; }
};

struct Layout {
  std::vector<StoredDim> order; ///< innermost first
  std::vector<int64_t> low, high; ///< halo per logical dimension
  int64_t pad = 0; ///< spare elements between neighbours of the second physical dimension

  static Layout dense(int64_t rank);
  /// `dim` in blocks innermost, the other dimensions row-major, the count of blocks before the dimensions in front of `dim`.
  static Layout blocked(int64_t rank, int64_t dim, int64_t block);
  static std::optional<Layout> parse(const std::string &text, std::string &why);
  std::string print() const;

  int64_t rank() const { return static_cast<int64_t>(low.size()); }
  bool isDense() const;
  bool storedAsDense(const Shape &shape) const; ///< the same bytes at the same places as dense
  int64_t blockOf(int64_t dim) const; ///< 0 when not blocked
  bool hasHalo() const;
  Shape extents(const Shape &shape) const; ///< physical, halo and padding lanes included
  Shape strides(const Shape &shape) const; ///< physical, in elements
  int64_t elements(const Shape &shape) const; ///< of the whole buffer
  int64_t interior(const Shape &shape) const; ///< offset in elements of logical (0, ..., 0)
  int64_t offset(const Shape &shape, const Shape &at) const; ///< offset in elements of a logical coordinate
  bool operator==(const Layout &o) const { return order == o.order && low == o.low && high == o.high && pad == o.pad; }
};
} // namespace kiln
#endif
