//===- NamedKernels.cpp - convolutions, products, rows and maps as tests name them ------------------------------------===//
#include "Kernels.h"

namespace kiln::schedule::test {
namespace {
int64_t blocks(int64_t channels, int64_t block) { return (channels + block - 1) / block; }
std::string text(std::initializer_list<int64_t> numbers) {
  std::string line;
  for (int64_t number : numbers)
    line += " " + std::to_string(number);
  return line;
}
} // namespace

Kernel convolution(int64_t n, int64_t ci, int64_t co, int64_t size, int64_t window, int64_t step, int64_t block, bool residual,
                   bool pooled) {
  // Input with its halo: in(ci_in, x, y, ci, n); weights w(co_in, ci_in, kx, ky, ci, co).
  int64_t out = size, wide = (size * (pooled ? 2 : 1) - 1) * step + window, cib = blocks(ci, block), cob = blocks(co, block);
  int64_t row = block * wide, plane = row * wide, image = plane * cib, square = block * block;
  Kernel k{"convolution" + text({n, ci, co, size, window, step, block, residual, pooled})};
  k.axes = {{"c_in", block},        {"x", out},           {"y", out},           {"c", cob, false, "c_in"}, {"n", n},
            {"ci_in", block, true}, {"kx", window, true}, {"ky", window, true}, {"ci", cib, true, "ci_in"}};
  k.dims = {"c_in", "x", "y", "c", "n"};
  k.heavyDims = {"x", "c", "y", "n", "c_in"};
  k.reduce = {"ci_in", "kx", "ky", "ci"};
  k.heavy = {
      {"w",
       {{"c_in", 1},
        {"ci_in", block},
        {"kx", square},
        {"ky", square * window},
        {"ci", square * window * window},
        {"c", square * window * window * cib}}},
      {"in", {{"ci_in", 1}, {"x", block * step}, {"y", row * step}, {"kx", block}, {"ky", row}, {"ci", plane}, {"n", image}}}};
  k.added = {{"bias", {{"c_in", 1}, {"c", block}}}};
  if (residual) {
    k.added.push_back(
        {"residual", {{"c_in", 1}, {"x", block}, {"y", block * out}, {"c", block * out * out}, {"n", block * out * out * cob}}});
    k.own = "residual";
  }
  if (pooled)
    k.pooled = {"x", "y"};
  k.relu = true;
  return k;
}

Kernel planarConvolution(int64_t ci, int64_t co, int64_t size, int64_t window, bool pooled) {
  int64_t wide = size * (pooled ? 2 : 1) + window - 1;
  Kernel k{"planar" + text({ci, co, size, window, pooled})};
  k.axes = {{"x", size}, {"y", size}, {"c", co}, {"kx", window, true}, {"ky", window, true}, {"ci", ci, true}};
  k.dims = {"x", "y", "c"};
  k.reduce = {"kx", "ky", "ci"};
  k.heavy = {{"in", {{"x", 1}, {"y", wide}, {"kx", 1}, {"ky", wide}, {"ci", wide * wide}}},
             {"w", {{"kx", 1}, {"ky", window}, {"ci", window * window}, {"c", window * window * ci}}}};
  k.added = {{"bias", {{"c", 1}}}};
  if (pooled)
    k.pooled = {"x", "y"};
  k.relu = true;
  return k;
}

Kernel firstLayer(int64_t ci, int64_t co, int64_t size, int64_t window, int64_t step, int64_t block, bool pooled) {
  int64_t wide = (size * (pooled ? 2 : 1) - 1) * step + window, cob = blocks(co, block);
  Kernel k{"first" + text({ci, co, size, window, step, block, pooled})};
  k.axes = {{"c_in", block},      {"x", size},          {"y", size},     {"c", cob, false, "c_in"},
            {"kx", window, true}, {"ky", window, true}, {"ci", ci, true}};
  k.dims = {"c_in", "x", "y", "c"};
  k.reduce = {"kx", "ky", "ci"};
  k.heavy = {
      {"in", {{"x", step}, {"y", wide * step}, {"kx", 1}, {"ky", wide}, {"ci", wide * wide}}},
      {"w", {{"c_in", 1}, {"ci", block}, {"kx", block * ci}, {"ky", block * ci * window}, {"c", block * ci * window * window}}}};
  k.added = {{"bias", {{"c_in", 1}, {"c", block}}}};
  if (pooled)
    k.pooled = {"x", "y"};
  k.relu = true;
  return k;
}

Kernel depthwise(int64_t c, int64_t size, int64_t step, int64_t block) {
  int64_t wide = (size - 1) * step + 3, row = block * wide;
  Kernel k{"depthwise" + text({c, size, step, block})};
  k.axes = {{"c_in", block}, {"x", size}, {"y", size}, {"c", blocks(c, block), false, "c_in"}, {"kx", 3, true}, {"ky", 3, true}};
  k.dims = {"c_in", "x", "y", "c"};
  k.reduce = {"kx", "ky"};
  k.heavy = {{"w", {{"c_in", 1}, {"kx", block}, {"ky", 3 * block}, {"c", 9 * block}}},
             {"in", {{"c_in", 1}, {"x", block * step}, {"y", row * step}, {"kx", block}, {"ky", row}, {"c", row * wide}}}};
  k.added = {{"bias", {{"c_in", 1}, {"c", block}}}};
  return k;
}

Kernel pool(int64_t c, int64_t size, int64_t window, int64_t step, int64_t block, bool max) {
  int64_t wide = (size - 1) * step + window, row = block * wide;
  Kernel k{"pool" + text({c, size, window, step, block, max})};
  k.axes = {{"c_in", block},      {"x", size},         {"y", size}, {"c", blocks(c, block), false, "c_in"},
            {"kx", window, true}, {"ky", window, true}};
  k.dims = {"c_in", "x", "y", "c"};
  k.reduce = {"kx", "ky"};
  k.heavy = {{"in", {{"c_in", 1}, {"x", block * step}, {"y", row * step}, {"kx", block}, {"ky", row}, {"c", row * wide}}}};
  k.fold = max ? Fold::Max : Fold::Sum;
  return k;
}

Kernel product(int64_t batch, int64_t m, int64_t n, int64_t k, int64_t panel) {
  Kernel p{"product" + text({batch, m, n, k, panel})};
  if (panel) {
    int64_t count = blocks(n, panel);
    p.axes = {{"n_in", panel}, {"n", count, false, "n_in"}, {"m", m}, {"g", batch}, {"k", k, true}};
    p.dims = {"n_in", "n", "m", "g"};
    p.heavy = {{"a", {{"k", 1}, {"m", k}, {"g", k * m}}}, {"b", {{"n_in", 1}, {"k", panel}, {"n", panel * k}}}};
    p.added = {{"bias", {{"n_in", 1}, {"n", panel}}}};
  } else {
    p.axes = {{"n", n}, {"m", m}, {"g", batch}, {"k", k, true}};
    p.dims = {"n", "m", "g"};
    p.heavy = {{"a", {{"k", 1}, {"m", k}, {"g", k * m}}}, {"b", {{"n", 1}, {"k", n}, {"g", k * n}}}};
    p.added = {{"bias", {{"n", 1}}}};
  }
  p.reduce = {"k"};
  return p;
}

Kernel productTransposed(int64_t batch, int64_t m, int64_t n, int64_t k, bool stored) {
  Kernel p{"transposed product" + text({batch, m, n, k, stored})};
  p.axes = {{"n", n}, {"m", m}, {"g", batch}, {"k", k, true}};
  p.dims = {"n", "m", "g"};
  p.heavy = {{"b", {{"k", 1}, {"n", k}, {"g", k * n}}}, {"a", {{"k", 1}, {"m", k}, {"g", k * m}}}};
  p.reduce = {"k"};
  p.stored = stored;
  return p;
}

Kernel weightGradient(int64_t n, int64_t ci, int64_t co, int64_t size, int64_t window, int64_t block) {
  int64_t wide = size + window - 1, row = block * wide, cib = blocks(ci, block), cob = blocks(co, block);
  Kernel k{"weight gradient" + text({n, ci, co, size, window, block})};
  k.axes = {{"co_in", block},
            {"ci_in", block},
            {"kx", window},
            {"ky", window},
            {"ci", cib, false, "ci_in"},
            {"co", cob, false, "co_in"},
            {"x", size, true},
            {"y", size, true},
            {"n", n, true}};
  k.dims = {"co_in", "ci_in", "kx", "ky", "ci", "co"};
  k.reduce = {"x", "y", "n"};
  k.heavy = {
      {"d", {{"co_in", 1}, {"x", block}, {"y", block * size}, {"co", block * size * size}, {"n", block * size * size * cob}}},
      {"in", {{"ci_in", 1}, {"x", block}, {"kx", block}, {"y", row}, {"ky", row}, {"ci", row * wide}, {"n", row * wide * cib}}}};
  return k;
}

Kernel columnSums(int64_t n, int64_t c, Fold fold) {
  Kernel k{"column sums" + text({n, c, int64_t(fold)})};
  k.axes = {{"c", c}, {"n", n, true}};
  k.dims = {"c"};
  k.reduce = {"n"};
  k.heavy = {{"in", {{"c", 1}, {"n", c}}}};
  k.fold = fold;
  return k;
}

Kernel softmax(int64_t outer, int64_t n, int64_t inner) {
  Kernel k{"softmax" + text({outer, n, inner}), Shape::Softmax};
  if (inner == 1) {
    k.axes = {{"n", n}, {"i", outer}, {"r", n, true}};
    k.dims = {"n", "i"};
    k.heavy = {{"in", {{"n", 1}, {"i", n}}}};
  } else {
    k.axes = {{"x", inner}, {"n", n}, {"i", outer}, {"r", n, true}};
    k.dims = {"x", "n", "i"};
    k.heavy = {{"in", {{"x", 1}, {"n", inner}, {"i", inner * n}}}};
  }
  k.reduce = {"r"};
  k.row = {{"r", "n"}};
  k.own = "in";
  return k;
}

Kernel normalise(int64_t rows, int64_t y, int64_t x) {
  Kernel k{"normalise" + text({rows, y, x}), Shape::Normalise};
  k.axes = {{"x", x}, {"y", y}, {"i", rows}, {"rx", x, true}, {"ry", y, true}};
  k.dims = {"x", "y", "i"};
  k.heavy = {{"in", {{"x", 1}, {"y", x}, {"i", x * y}}}};
  k.reduce = {"rx", "ry"};
  k.row = {{"rx", "x"}, {"ry", "y"}};
  return k;
}

Kernel mean(std::vector<int64_t> rows, std::vector<int64_t> reduced, bool contiguous) {
  Kernel k{contiguous ? "mean of rows" : "mean of columns", Shape::Mean};
  Read in{"in", {}};
  int64_t stride = 1;
  auto sums = [&] {
    for (size_t i = 0; i < reduced.size(); ++i) {
      std::string name = "r" + std::to_string(i);
      k.axes.push_back({name, reduced[i], true});
      k.reduce.push_back(name);
      in.stride[name] = stride;
      stride *= reduced[i];
    }
  };
  auto kept = [&] {
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string name = "i" + std::to_string(i);
      k.axes.push_back({name, rows[i]});
      k.dims.push_back(name);
      in.stride[name] = stride;
      stride *= rows[i];
    }
  };
  if (contiguous) {
    sums();
    kept();
  } else {
    kept();
    sums();
  }
  for (const Axis &axis : k.axes)
    k.name += " " + std::to_string(axis.extent);
  k.heavy = {in};
  k.fold = Fold::Sum;
  return k;
}

Kernel elementwise(std::vector<int64_t> extents) {
  Kernel k{"elementwise", Shape::Map};
  Read in{"in", {}}, more{"more", {}};
  int64_t stride = 1;
  for (size_t i = 0; i < extents.size(); ++i) {
    std::string name = "i" + std::to_string(i);
    k.axes.push_back({name, extents[i]});
    k.dims.push_back(name);
    in.stride[name] = stride;
    if (i % 2)
      more.stride[name] = 1;
    stride *= extents[i];
    k.name += " " + std::to_string(extents[i]);
  }
  k.heavy = {in};
  Read own = in;
  own.operand = "own";
  k.added = {more, own};
  k.own = "own";
  return k;
}

Kernel transpose(int64_t batch, int64_t rows, int64_t columns, bool stored) {
  Kernel k{"transpose" + text({batch, rows, columns, stored}), Shape::Transpose};
  k.axes = {{"r", rows}, {"c", columns}, {"b", batch}};
  k.dims = {"r", "c", "b"};
  k.heavy = {{"in", {{"c", 1}, {"r", columns}, {"b", rows * columns}}}};
  k.stored = stored;
  return k;
}

Kernel blocked(int64_t channels, int64_t size, int64_t block, bool stored) {
  Kernel k{"blocked" + text({channels, size, block, stored}), Shape::Transpose};
  k.axes = {{"c_in", block}, {"xy", size * size}, {"c", blocks(channels, block), false, "c_in"}};
  k.dims = {"c_in", "xy", "c"};
  k.heavy = {{"in", {{"xy", 1}, {"c_in", size * size}, {"c", block * size * size}}}};
  k.stored = stored;
  return k;
}
} // namespace kiln::schedule::test
