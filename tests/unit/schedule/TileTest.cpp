//===- TileTest.cpp - register-tiled nests agree with naive loops -----------------------------------------------------===//
#include "Kernels.h"

namespace kiln::schedule::test {
namespace {
/// The same kernel in the blocks of each target.
void checkBlocked(const std::function<Kernel(int64_t)> &make, size_t most = 1) {
  for (const Target &target : targets())
    check(make(target.machine.lanes), most, target.machine.lanes);
}

TEST(Tile, Convolution) {
  checkBlocked([](int64_t b) { return convolution(1, 32, 48, 17, 3, 1, b, true); }, 4);
  checkBlocked([](int64_t b) { return convolution(2, 16, 40, 14, 3, 1, b, true); });
  checkBlocked([](int64_t b) { return convolution(2, 32, 32, 9, 3, 2, b); });
}
TEST(Tile, ConvolutionOfOtherBlocks) {
  check(convolution(1, 16, 16, 6, 3, 1, 16), 1, 8); // two vectors in a block
  check(convolution(1, 16, 16, 6, 3, 1, 8), 1, 16); // a block of half a vector
  check(convolution(1, 12, 12, 5, 3, 1, 12));       // no power of two
}
TEST(Tile, ConvolutionInChunks) {
  Kernel deep = convolution(1, 512, 32, 7, 3, 1, 16);
  Schedule schedule = defaults(build(deep).nest, Machine{16, 31});
  EXPECT_EQ("ci", schedule.params.count("chunk_ci") ? "ci" : "no chunk");
  check(deep, 3, 16);
}
TEST(Tile, PointwiseConvolution) {
  checkBlocked([](int64_t b) { return convolution(1, 48, 32, 19, 1, 1, b, true); });
  check(convolution(1, 512, 256, 7, 1, 1, 16, true), 2, 16);
}
TEST(Tile, ConvolutionOfOnePixel) {
  checkBlocked([](int64_t b) { return convolution(1, 16, 16, 1, 1, 1, b); });
}
TEST(Tile, ConvolutionOfBatch) {
  checkBlocked([](int64_t b) { return convolution(5, 16, 16, 1, 1, 1, b); });
}
TEST(Tile, ConvolutionUnderPool) {
  checkBlocked([](int64_t b) { return convolution(1, 16, 32, 7, 3, 1, b, false, true); }, 3);
}
TEST(Tile, LeNet) {
  check(planarConvolution(1, 6, 14, 5, true), 3);
  check(planarConvolution(6, 16, 5, 5, true), 3);
  check(planarConvolution(1, 6, 28, 5, false));
  check(planarConvolution(6, 16, 10, 5, false));
}
TEST(Tile, PlanarTails) {
  for (int64_t size : {1, 2, 3, 7, 77})
    check(planarConvolution(3, size == 77 ? 2 : 3, size, 3, false));
}
TEST(Tile, FirstLayer) {
  checkBlocked([](int64_t b) { return firstLayer(3, 32, 20, 7, 2, b, false); }, 3);
  check(firstLayer(3, 16, 11, 3, 1, 16, false));
  check(firstLayer(6, 16, 5, 5, 1, 16, true));
}
TEST(Tile, Depthwise) {
  checkBlocked([](int64_t b) { return depthwise(40, 19, 1, b); }, 2);
  checkBlocked([](int64_t b) { return depthwise(32, 11, 2, b); });
  check(depthwise(16, 1, 1, 16));
}
TEST(Tile, Pool) {
  checkBlocked([](int64_t b) { return pool(24, 9, 3, 2, b, true); }, 2);
  checkBlocked([](int64_t b) { return pool(32, 7, 3, 1, b, false); });
  checkBlocked([](int64_t b) { return pool(64, 1, 7, 1, b, false); });
}
TEST(Tile, Product) {
  checkBlocked([](int64_t b) { return product(1, 61, 96, 72, b); }, 4);
  check(product(1, 61, 99, 70, 0), 3);
  check(product(3, 50, 45, 33, 0));
  check(product(1, 150, 32, 64, 32), 2);
  check(product(1, 250, 32, 16, 16));
}
TEST(Tile, ProductOfOneRow) {
  checkBlocked([](int64_t b) { return product(1, 1, 96, 70, b); }, 2);
  check(product(1, 1, 10, 84, 0), 2);
  check(product(1, 1, 10, 84, 16));
  check(product(1, 1, 128, 400, 16));
  check(product(1, 1, 1, 100, 0));
  check(product(1, 1, 1, 7, 0));
}
TEST(Tile, ProductOfTinySizes) {
  for (int64_t n : {1, 2, 3, 5})
    check(product(1, n, 4 - n % 2, n + 1, 0));
}
TEST(Tile, ProductInChunks) { check(product(1, 28, 32, 4096, 16), 2); }
TEST(Tile, ProductOfRowsWithRows) {
  check(productTransposed(2, 13, 21, 32, true), 2);
  check(productTransposed(2, 13, 21, 32, false), 2);
  check(productTransposed(1, 1, 9, 77, false));
}
TEST(Tile, WeightGradient) {
  checkBlocked([](int64_t b) { return weightGradient(2, 16, 32, 9, 3, b); });
  check(weightGradient(2, 16, 16, 10, 5, 16));
}
TEST(Tile, ColumnSums) {
  check(columnSums(13, 77, Fold::Sum), 2);
  check(columnSums(9, 5, Fold::Sum));
  check(columnSums(64, 33, Fold::Moments), 2);
  check(columnSums(64, 33, Fold::TwoSums));
}
} // namespace
} // namespace kiln::schedule::test
