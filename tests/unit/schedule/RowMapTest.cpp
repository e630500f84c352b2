//===- RowMapTest.cpp - rows and maps agree with naive loops ----------------------------------------------------------===//
#include "Kernels.h"

namespace kiln::schedule::test {
namespace {
TEST(Row, SoftmaxAlong) {
  check(softmax(6, 128, 1), 3);
  check(softmax(6, 77, 1));
  for (int64_t n : {1, 2, 5, 10, 17})
    check(softmax(3, n, 1));
  check(softmax(1, 1000, 1));
}
TEST(Row, SoftmaxAcross) {
  check(softmax(2, 11, 70), 2);
  check(softmax(2, 5, 3));
  check(softmax(1, 4, 32));
}
TEST(Row, Normalise) {
  check(normalise(6, 1, 256), 3);
  check(normalise(3, 5, 77));
  check(normalise(2, 3, 3));
  check(normalise(1, 7, 7));
}
TEST(Row, Mean) {
  check(mean({6}, {49}, true), 2);
  check(mean({3, 4}, {7, 7}, true));
  check(mean({1}, {1000}, true));
  check(mean({2, 2}, {3}, true));
  check(mean({}, {100}, true));
  check(mean({40}, {9}, false));
  check(mean({5, 3}, {4, 6}, false));
}
TEST(Row, ManyRowsOnThreads) {
  check(softmax(300, 200, 1));
  check(mean({900}, {100}, true));
  check(softmax(4, 60, 300));
}
TEST(Map, Elementwise) {
  check(elementwise({77, 3, 2}), 4);
  check(elementwise({5, 3, 2}));
  check(elementwise({1, 1, 1}));
  check(elementwise({1, 40}));
  check(elementwise({3, 1, 50}));
  check(elementwise({16, 9, 4}));
  check(elementwise({128, 4}));
  check(elementwise({}));
}
TEST(Map, ElementwiseOnThreads) {
  check(elementwise({70001}));
  check(elementwise({65536}));
  check(elementwise({100, 777}));
  check(elementwise({3, 30011}));
}
TEST(Map, Transpose) {
  check(transpose(2, 37, 45), 2);
  check(transpose(1, 3, 50));
  check(transpose(1, 50, 3));
  check(transpose(3, 1, 5));
  check(transpose(1, 1, 1));
  check(transpose(1, 500, 300));
  check(transpose(2, 37, 45, false));
  check(blocked(40, 9, 8, true));
  check(blocked(40, 9, 16, false));
}
} // namespace
} // namespace kiln::schedule::test
