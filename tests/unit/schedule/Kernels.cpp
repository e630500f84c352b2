//===- Kernels.cpp - nests written by hand, with their loops in double beside them ------------------------------------===//
#include "Kernels.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace kiln::schedule::test {
using Halide::Expr;
using Halide::Func;
using Halide::Var;

Read alongRow(const Kernel &kernel, Read read) {
  for (const auto &[reduced, axis] : kernel.row)
    if (auto found = read.stride.find(axis); found != read.stride.end()) {
      read.stride[reduced] = found->second;
      read.stride.erase(axis);
    }
  return read;
}

namespace {
const Axis &axisOf(const Kernel &kernel, const std::string &name) {
  return *std::find_if(kernel.axes.begin(), kernel.axes.end(), [&](const Axis &axis) { return axis.name == name; });
}

int64_t scaleOf(const Kernel &kernel, const std::string &axis) {
  return std::count(kernel.pooled.begin(), kernel.pooled.end(), axis) ? 2 : 1;
}

int64_t lengthOf(const Kernel &kernel, const Read &read, bool heavy) {
  int64_t length = read.offset + 1;
  for (const auto &[axis, stride] : read.stride)
    length += stride * (kernel.extent(axis) * (heavy ? scaleOf(kernel, axis) : 1) - 1);
  return length;
}

/// Builds one kernel's Funcs and nest.
struct Builder {
  const Kernel &kernel;
  Built built;
  Env env;
  std::vector<Halide::RVar> unused;

  explicit Builder(const Kernel &kernel) : kernel(kernel) {
    built.nest.axes = kernel.axes;
    for (const auto &[name, buffer] : operandsOf(kernel)) {
      Halide::ImageParam param(Halide::Float(32), 1, name);
      param.dim(0).set_bounds(0, buffer.dim(0).extent()).set_stride(1);
      built.params.emplace(name, param);
    }
  }

  Func stage(const std::string &name, Kind kind, const std::vector<std::string> &dims,
             const std::vector<std::string> &reduce = {}) {
    Stage stage{name, kind, {}, reduce, 1};
    for (const std::string &axis : dims)
      stage.dims.push_back({axis, 1});
    built.nest.stages.push_back(stage);
    return built.funcs.emplace(name, Func(name)).first->second;
  }

  static std::vector<Var> vars(const std::vector<std::string> &names) { return {names.begin(), names.end()}; }
  std::vector<Expr> here(const std::vector<std::string> &names) {
    std::vector<Expr> exprs;
    for (const std::string &name : names)
      exprs.push_back(env.count(name) ? env.at(name) : Expr(Var(name)));
    return exprs;
  }

  Expr affine(const Read &read) {
    Expr offset = int(read.offset);
    for (const auto &[axis, stride] : read.stride)
      offset += here({axis})[0] * int(stride);
    return offset;
  }

  Expr read(const Read &read, bool heavy) {
    bool own = !heavy && read.operand == kernel.own;
    built.nest.operands.push_back({read.operand, read.stride, own, heavy});
    return built.params.at(read.operand)(affine(read));
  }

  void reduceOver(const std::vector<std::string> &names) {
    std::vector<Halide::Range> ranges;
    for (const std::string &name : names)
      ranges.emplace_back(0, int(kernel.extent(name)));
    if (ranges.empty())
      return;
    Halide::RDom domain(ranges, "r");
    for (size_t i = 0; i < names.size(); ++i)
      env[names[i]] = domain[int(i)];
  }

  Func result(Expr value) {
    Func out = stage("out", Kind::Result, kernel.dims);
    out(vars(kernel.dims)) = value;
    for (size_t i = 0; i < kernel.dims.size(); ++i)
      out.output_buffer().dim(int(i)).set_bounds(0, int(kernel.extent(kernel.dims[i])));
    return built.out = out;
  }

  /// The first heavy operand through a stored copy with its own dimensions.
  Expr throughCopy(const Read &source) {
    std::vector<std::pair<int64_t, std::string>> terms;
    for (const auto &[axis, stride] : source.stride)
      terms.emplace_back(stride, axis);
    std::sort(terms.begin(), terms.end());
    std::vector<std::string> dims;
    for (const auto &[stride, axis] : terms)
      dims.push_back(axis);
    Read stored = source;
    if (kernel.shape == Shape::Tile) { // a tile wants the result's lanes innermost: the copy is a transposition
      std::swap(dims[0], *std::find(dims.begin(), dims.end(), kernel.dims[0]));
      int64_t stride = 1;
      for (const std::string &axis : dims) {
        stored.stride[axis] = stride;
        stride *= kernel.extent(axis);
      }
    }
    Func copy = stage("copy", Kind::Prologue, dims);
    Env outer = env;
    env.clear();
    copy(vars(dims)) = built.params.at(source.operand)(affine(source));
    env = outer;
    built.nest.operands.push_back({"copy", stored.stride, false, kernel.shape == Shape::Tile});
    return copy(here(dims));
  }

  void tile() {
    std::vector<std::string> dims = kernel.heavyDims.empty() ? kernel.dims : kernel.heavyDims;
    bool pooled = !kernel.pooled.empty();
    Expr initial = kernel.fold == Fold::Max ? Expr(-std::numeric_limits<float>::infinity()) : Expr(0.f);
    Env outer = env;
    reduceOver(kernel.reduce);
    Expr first = kernel.stored ? throughCopy(kernel.heavy[0]) : read(kernel.heavy[0], true);
    Expr value = kernel.heavy.size() > 1 ? first * read(kernel.heavy[1], true) : first;
    env = outer;
    Func acc = stage("acc", Kind::Heavy, dims, kernel.reduce);
    for (Dim &dim : built.nest.stages.back().dims)
      dim.scale = scaleOf(kernel, dim.axis);
    std::vector<Var> args = vars(dims);
    Expr total;
    if (kernel.fold == Fold::Moments) {
      built.nest.stages.back().values = 2;
      acc(args) = Halide::Tuple(0.f, 0.f);
      acc(args) = Halide::Tuple(acc(args)[0] + value, acc(args)[1] + value * value);
      float count = 1;
      for (const std::string &name : kernel.reduce)
        count *= float(kernel.extent(name));
      Expr average = acc(here(dims))[0] / count;
      total = acc(here(dims))[1] / count - average * average;
    } else if (kernel.fold == Fold::TwoSums) {
      acc(args) = 0.f;
      acc(args) += value;
      Func squares = stage("squares", Kind::Heavy, dims, kernel.reduce);
      reduceOver(kernel.reduce);
      Expr again = read(kernel.heavy[0], true);
      env = outer;
      squares(args) = 0.f;
      squares(args) += again * again;
      float count = 1;
      for (const std::string &name : kernel.reduce)
        count *= float(kernel.extent(name));
      Expr average = acc(here(dims)) / count;
      total = squares(here(dims)) / count - average * average;
    } else {
      acc(args) = initial;
      if (kernel.fold == Fold::Max)
        acc(args) = Halide::max(acc(args), value);
      else
        acc(args) += value;
      if (!pooled)
        total = acc(here(dims));
    }
    if (pooled)
      for (int corner = 0; corner < 4; ++corner) {
        std::vector<Expr> at = here(dims);
        for (size_t i = 0; i < dims.size(); ++i)
          for (size_t p = 0; p < kernel.pooled.size(); ++p)
            if (dims[i] == kernel.pooled[p])
              at[i] = at[i] * 2 + (corner >> p & 1);
        total = total.defined() ? Halide::max(total, acc(at)) : Expr(acc(at));
      }
    for (const Read &more : kernel.added)
      total += read(more, false);
    result(kernel.relu ? Halide::max(total, 0.f) : total);
  }

  void softmaxOrNormalise() {
    std::vector<std::string> rows;
    for (const std::string &axis : kernel.dims)
      if (std::none_of(kernel.row.begin(), kernel.row.end(), [&](const auto &pair) { return pair.second == axis; }))
        rows.push_back(axis);
    Read along = alongRow(kernel, kernel.heavy[0]);
    float count = 1;
    for (const std::string &name : kernel.reduce)
      count *= float(kernel.extent(name));
    auto statistic = [&](const std::string &name, const std::function<Expr(Expr)> &initialAndStep) {
      Env outer = env;
      Func func = stage(name, Kind::Statistic, rows, kernel.reduce);
      func(vars(rows)) = initialAndStep(Expr());
      reduceOver(kernel.reduce);
      func(vars(rows)) = initialAndStep(func(vars(rows)));
      env = outer;
      return func;
    };
    if (kernel.shape == Shape::Softmax) {
      Func most = statistic("most", [&](Expr sum) {
        return sum.defined() ? Halide::max(sum, read(along, true)) : Expr(-std::numeric_limits<float>::infinity());
      });
      Func powers = stage("powers", Kind::Row, kernel.dims);
      powers(vars(kernel.dims)) = Halide::exp(read(kernel.heavy[0], false) - most(vars(rows)));
      Func total = statistic("total", [&](Expr sum) {
        std::vector<Expr> at = here(kernel.dims);
        for (size_t i = 0; i < at.size(); ++i)
          for (const auto &[reduced, axis] : kernel.row)
            if (kernel.dims[i] == axis && env.count(reduced))
              at[i] = env.at(reduced);
        return sum.defined() ? sum + powers(at) : Expr(0.f);
      });
      Func inverse = stage("inverse", Kind::Row, rows);
      inverse(vars(rows)) = 1.f / total(vars(rows));
      result(powers(vars(kernel.dims)) * inverse(vars(rows)));
    } else {
      Func total = statistic("total", [&](Expr sum) { return sum.defined() ? sum + read(along, true) : Expr(0.f); });
      Func squares = statistic("squares", [&](Expr sum) {
        if (!sum.defined())
          return Expr(0.f);
        Expr apart = read(along, true) - total(vars(rows)) / count;
        return sum + apart * apart;
      });
      result((read(kernel.heavy[0], false) - total(vars(rows)) / count) / Halide::sqrt(squares(vars(rows)) / count + 1e-5f));
    }
  }

  void mean() {
    Func sum = stage("sum", Kind::Statistic, kernel.dims, kernel.reduce);
    Env outer = env;
    float count = 1;
    for (const std::string &name : kernel.reduce)
      count *= float(kernel.extent(name));
    sum(vars(kernel.dims)) = 0.f;
    reduceOver(kernel.reduce);
    sum(vars(kernel.dims)) += read(kernel.heavy[0], true);
    env = outer;
    result(sum(vars(kernel.dims)) / count);
  }

  void map() {
    Expr value = kernel.stored ? throughCopy(kernel.heavy[0]) : read(kernel.heavy[0], false);
    for (const Read &more : kernel.added)
      value += read(more, false);
    result(value * 2.f);
  }
};
} // namespace

int64_t Kernel::extent(const std::string &axis) const { return axisOf(*this, axis).extent; }

const std::map<std::string, Halide::Buffer<float>> &operandsOf(const Kernel &kernel) {
  static std::map<std::string, std::map<std::string, Halide::Buffer<float>>> all;
  auto [entry, fresh] = all.try_emplace(kernel.name);
  if (!fresh)
    return entry->second;
  std::map<std::string, int64_t> lengths;
  for (const Read &read : kernel.heavy)
    lengths[read.operand] = std::max(lengths[read.operand], lengthOf(kernel, read, true));
  for (const Read &read : kernel.added)
    lengths[read.operand] = std::max(lengths[read.operand], lengthOf(kernel, read, false));
  std::mt19937 random(7);
  std::uniform_real_distribution<float> values(-1, 1);
  for (const auto &[name, length] : lengths) {
    Halide::Buffer<float> buffer(int(length), name);
    for (int64_t i = 0; i < length; ++i)
      buffer(int(i)) = values(random);
    entry->second.emplace(name, buffer);
  }
  return entry->second;
}

int64_t Kernel::elements() const {
  int64_t count = 1;
  for (const std::string &axis : dims)
    count *= extent(axis);
  return count;
}

Built build(const Kernel &kernel) {
  Builder builder(kernel);
  switch (kernel.shape) {
  case Shape::Tile:
    builder.tile();
    break;
  case Shape::Softmax:
  case Shape::Normalise:
    builder.softmaxOrNormalise();
    break;
  case Shape::Mean:
    builder.mean();
    break;
  case Shape::Map:
  case Shape::Transpose:
    builder.map();
    break;
  }
  return builder.built;
}

std::vector<Target> targets() {
  std::vector<Target> found;
  Halide::Target host = Halide::get_host_target();
  if (host.has_feature(Halide::Target::AVX2) && host.has_feature(Halide::Target::FMA))
    found.push_back({"avx2", {8, 15}, Halide::Target("x86-64-linux-sse41-avx-avx2-f16c-fma")});
  if (host.has_feature(Halide::Target::AVX512_Skylake))
    found.push_back({"avx512", {16, 31}, Halide::Target("x86-64-linux-sse41-avx-avx2-f16c-fma-avx512-avx512_skylake")});
  if (found.empty())
    found.push_back({"host", {4, 15}, host});
  return found;
}

testing::AssertionResult agrees(const Kernel &kernel, const Target &target, const Schedule &schedule, const std::string &over) {
  Built built = build(kernel);
  auto failure = [&] {
    return testing::AssertionFailure() << kernel.name << " on " << target.name << ", " << schedule.print() << ": ";
  };
  std::vector<int> extents;
  for (const std::string &axis : kernel.dims)
    extents.push_back(int(kernel.extent(axis)));
  Halide::Buffer<float> out(extents);
  out.fill(std::numeric_limits<float>::quiet_NaN());
  std::vector<Halide::Buffer<float>> alive;
  for (const auto &[name, buffer] : operandsOf(kernel)) {
    Halide::Buffer<float> operand =
        name == over ? Halide::Buffer<float>(out.data(), std::vector<int>{int(out.number_of_elements())}) : buffer;
    if (name == over)
      std::memcpy(out.data(), buffer.data(), size_t(buffer.size_in_bytes()));
    alive.push_back(operand);
    built.params.at(name).set(operand);
  }
  try {
    apply(built.nest, built.funcs, schedule);
    built.out.realize(out, target.halide);
  } catch (const Halide::Error &error) {
    return failure() << error.what();
  }
  double worst = 0, largest = 1e-3;
  const std::vector<double> &expected = references(kernel);
  for (size_t i = 0; i < expected.size(); ++i) {
    double apart = std::abs(out.data()[i] - expected[i]);
    largest = std::max(largest, std::abs(expected[i]));
    worst = std::max(worst, std::isnan(apart) ? 1e30 : apart);
  }
  if (worst > 1e-4 * largest)
    return failure() << "differs by " << worst << " of " << largest;
  return testing::AssertionSuccess();
}

void check(const Kernel &kernel, size_t most, int64_t lanes) {
  for (const Target &target : targets()) {
    if (lanes && lanes != target.machine.lanes)
      continue;
    Nest nest = build(kernel).nest;
    std::vector<Schedule> schedules = candidates(nest, target.machine, most);
    ASSERT_FALSE(schedules.empty());
    EXPECT_EQ(schedules[0], defaults(nest, target.machine));
    for (const Schedule &schedule : schedules) {
      Schedule again;
      std::string why;
      ASSERT_TRUE(Schedule::parse(schedule.print(), again, why)) << why;
      EXPECT_EQ(schedule, again);
      EXPECT_EQ("", legal(nest, target.machine, schedule)) << kernel.name << " " << schedule.print();
      EXPECT_TRUE(agrees(kernel, target, schedule));
    }
    for (const std::string &operand : aliases(nest, schedules[0]))
      EXPECT_TRUE(agrees(kernel, target, schedules[0], operand)) << "over " << operand;
  }
}
} // namespace kiln::schedule::test
