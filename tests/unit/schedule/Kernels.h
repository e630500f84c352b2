//===- Kernels.h - nests written by hand, with their loops in double beside them --------------------------------------===//
//
// A Kernel says once what is read where (affine reads of flat operands) and what is done with it. From that come the Halide Funcs and
// the Nest (as lower/ makes them), and a naive reference. run() compiles in the asserting build, so that a schedule which would read
// outside an operand fails loudly: operands end exactly where the last read does.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_SCHEDULE_KERNELS_H
#define KILN_TESTS_SCHEDULE_KERNELS_H
#include "compiler/schedule/Apply.h"
#include <functional>
#include <gtest/gtest.h>
#include <optional>

namespace kiln::schedule::test {
using Env = std::map<std::string, Halide::Expr>;

/// operand[offset + sum of stride * axis].
struct Read {
  std::string operand;
  std::map<std::string, int64_t> stride;
  int64_t offset = 0;
};

enum class Fold { Product, Sum, Max, Moments, TwoSums };
enum class Shape { Tile, Softmax, Normalise, Mean, Map, Transpose };

/// out(dims) = epilogue(fold over reduce of the heavy reads).
struct Kernel {
  std::string name;
  Shape shape = Shape::Tile;
  std::vector<Axis> axes = {};
  std::vector<std::string> dims = {}; ///< of the result, innermost first: its buffer is dense
  std::vector<std::string> reduce = {}; ///< innermost first
  std::vector<Read> heavy = {}; ///< one, or two that are multiplied
  Fold fold = Fold::Product;
  std::vector<Read> added = {}; ///< after the fold: bias, residual
  std::string own = {}; ///< the added operand that is read at the result's own coordinate
  std::vector<std::string> pooled = {}; ///< axes under a 2x2 max pool
  std::vector<std::string> heavyDims = {}; ///< order of the accumulator's arguments; empty: that of the result
  std::map<std::string, std::string> row = {}; ///< row kernels: reduction axis -> the result's axis that it runs over
  bool stored = false; ///< the first heavy operand goes through a stored copy (a prologue)
  bool relu = false;

  int64_t extent(const std::string &axis) const;
  int64_t elements() const;
};

/// The kernel as lower/ would hand it over.
struct Built {
  Nest nest;
  Funcs funcs;
  std::map<std::string, Halide::ImageParam> params;
  Halide::Func out;
};
Built build(const Kernel &kernel);
/// Seeded values of every operand; the same for every kernel of that name.
const std::map<std::string, Halide::Buffer<float>> &operandsOf(const Kernel &kernel);
/// A row kernel's read with the result's axes replaced by the reductions that run over them.
Read alongRow(const Kernel &kernel, Read read);
/// Every element of the result by naive loops in double, in memory order.
const std::vector<double> &references(const Kernel &kernel);

struct Target {
  const char *name;
  Machine machine;
  Halide::Target halide;
};
/// Every instruction set that this machine can run.
std::vector<Target> targets();

/// Compiles, runs and compares every element. `over`: the operand whose memory is the result's too.
testing::AssertionResult agrees(const Kernel &kernel, const Target &target, const Schedule &schedule, const std::string &over = "");
/// defaults() is legal and agrees; so do up to `most` candidates that Halide accepts, and one run aliased where the schedule allows it.
/// `lanes`: only on machines of that many, 0 on all.
void check(const Kernel &kernel, size_t most = 1, int64_t lanes = 0);

// Kernels by their usual names. `block` is the machine's lanes.
Kernel convolution(int64_t n, int64_t ci, int64_t co, int64_t size, int64_t window, int64_t step, int64_t block,
                   bool residual = false, bool pooled = false);
Kernel planarConvolution(int64_t ci, int64_t co, int64_t size, int64_t window, bool pooled);
Kernel firstLayer(int64_t ci, int64_t co, int64_t size, int64_t window, int64_t step, int64_t block, bool pooled);
Kernel depthwise(int64_t c, int64_t size, int64_t step, int64_t block);
Kernel pool(int64_t c, int64_t size, int64_t window, int64_t step, int64_t block, bool max);
/// rows x columns x depth, rows of both row-major; `panel` 0: weights row-major, else packed in panels with the result blocked alike.
Kernel product(int64_t batch, int64_t m, int64_t n, int64_t k, int64_t panel);
Kernel productTransposed(int64_t batch, int64_t m, int64_t n, int64_t k, bool stored);
Kernel weightGradient(int64_t n, int64_t ci, int64_t co, int64_t size, int64_t window, int64_t block);
Kernel columnSums(int64_t n, int64_t c, Fold fold);
Kernel softmax(int64_t outer, int64_t n, int64_t inner);
Kernel normalise(int64_t rows, int64_t y, int64_t x);
Kernel mean(std::vector<int64_t> rows, std::vector<int64_t> reduced, bool contiguous);
Kernel elementwise(std::vector<int64_t> extents);
/// `stored`: what is read goes through a prologue; else the vectors are gathered.
Kernel transpose(int64_t batch, int64_t rows, int64_t columns, bool stored = true);
/// NCHW to blocks of channels.
Kernel blocked(int64_t channels, int64_t size, int64_t block, bool stored);
} // namespace kiln::schedule::test

#endif
