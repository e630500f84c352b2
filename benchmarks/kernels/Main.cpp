//===- Main.cpp - bench_kernels: the schedules of usual nests against the measured peak -------------------------------===//
//
// bench_kernels [--lanes=8|16] [--threads=N] [--candidates=N] [--schedule=LINE] [--seconds=S] [NAME...]
// Prints for each kernel whose name contains one of NAME: time, GFLOP/s or GB/s, share of the peak measured in the same run, and the
// schedule; with candidates also the best of them.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/SpaceLoops.h"
#include "compiler/tools/Peak.h"
#include "tests/unit/schedule/Kernels.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>

using namespace kiln;
using namespace kiln::schedule;
using namespace kiln::schedule::test;

namespace {
struct Options {
  int lanes = 16, threads = 1;
  size_t candidates = 1;
  double seconds = 0.2;
  std::string schedule, assembly;
  std::vector<std::string> names;
};

bool option(const char *argument, const char *name, std::string &value) {
  size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0 || argument[length] != '=')
    return false;
  value = argument + length + 1;
  return true;
}

/// Floats on huge pages, as a weight arena has them.
Halide::Buffer<float> onHugePages(const std::vector<int> &extents) {
  size_t bytes = sizeof(float);
  for (int extent : extents)
    bytes *= size_t(extent);
  constexpr size_t page = 2 << 20;
  bytes = (bytes + page - 1) / page * page;
  void *memory = std::aligned_alloc(page, bytes);
  madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 0, bytes);
  return Halide::Buffer<float>(static_cast<float *>(memory), extents);
}

class Bench {
public:
  explicit Bench(const Options &options) : options(options) {
    for (const Target &found : targets())
      if (found.machine.lanes == options.lanes)
        target = found;
    target.halide.set_feature(Halide::Target::NoAsserts);
    target.halide.set_feature(Halide::Target::NoBoundsQuery);
    Halide::Internal::JITSharedRuntime::set_num_threads(options.threads);
  }

  bool runnable() const { return target.machine.lanes == options.lanes; }

  /// `flops` 0: a kernel bound by memory, of that many `bytes`.
  void time(const Kernel &kernel, double flops, double bytes = 0) {
    if (!options.names.empty() && std::none_of(options.names.begin(), options.names.end(), [&](const std::string &name) {
          return kernel.name.find(name) != std::string::npos;
        }))
      return;
    Nest nest = build(kernel).nest;
    std::vector<Schedule> schedules = candidates(nest, target.machine, options.candidates);
    std::string why;
    if (!options.schedule.empty() && !Schedule::parse(options.schedule, schedules[0], why)) {
      std::printf("%s\n", why.c_str());
      return;
    }
    if (why = legal(nest, target.machine, schedules[0]); !why.empty()) {
      std::printf("%s: %s\n", kernel.name.c_str(), why.c_str());
      return;
    }
    double first = 0, best = 1e9;
    Schedule winner;
    for (const Schedule &schedule : schedules) {
      double taken = one(kernel, options.threads > 1 ? schedule : schedule.with("parallel", ""));
      if (!first)
        first = taken;
      if (options.candidates > 1 && std::getenv("EACH"))
        std::printf("    %10.2f us %s\n", taken * 1e6, schedule.print().c_str());
      if (taken < best) {
        best = taken;
        winner = schedule;
      }
    }
    std::printf("%-44s %10.2f us ", kernel.name.c_str(), first * 1e6);
    if (flops > 0)
      std::printf("%7.1f GF/s %3.0f%%", flops / first / 1e9, 100 * flops / first / 1e9 / highest / options.threads);
    else
      std::printf("%7.1f GB/s     ", bytes / first / 1e9);
    std::printf("  %s\n", schedules[0].print().c_str());
    if (options.candidates > 1)
      std::printf("%-44s %10.2f us %4.2f of %zu  %s\n", "", best * 1e6, best / first, schedules.size(), winner.print().c_str());
    std::fflush(stdout);
  }

  double highest = 0;

private:
  const Options &options;
  Target target{"none", {0, 0}, {}};

  double one(const Kernel &kernel, const Schedule &schedule) {
    Built built = build(kernel);
    std::vector<int> extents;
    for (const std::string &axis : kernel.dims)
      extents.push_back(int(kernel.extent(axis)));
    std::vector<Halide::Buffer<float>> operands;
    for (const auto &[name, values] : operandsOf(kernel)) {
      operands.push_back(onHugePages({values.width()}));
      std::memcpy(operands.back().data(), values.data(), size_t(values.size_in_bytes()));
      built.params.at(name).set_host_alignment(64);
      built.params.at(name).set(operands.back());
    }
    Halide::Buffer<float> out = onHugePages(extents);
    double fastest = 1e9;
    try {
      apply(built.nest, built.funcs, schedule);
      built.out.output_buffer().set_host_alignment(64);
      built.out.compile_jit(target.halide);
      if (const char *path = std::getenv("ASSEMBLY")) {
        std::vector<Halide::Argument> arguments;
        for (auto &[name, param] : built.params)
          arguments.push_back(param);
        built.out.compile_to_assembly(path, arguments, "k", target.halide);
      }
      Halide::Pipeline pipeline(built.out);
      Halide::Realization result({out});
      pipeline.realize(result, target.halide);
      double start = tools::seconds();
      for (int round = 0; round < 4 || tools::seconds() - start < options.seconds; ++round) {
        highest = std::max(highest, tools::peak(options.lanes));
        for (int k = 0; k < 3; ++k) {
          double wall = tools::wallSeconds(), processor = tools::seconds();
          pipeline.realize(result, target.halide);
          processor = tools::seconds() - processor;
          wall = tools::wallSeconds() - wall;
          // Long kernels on a busy machine never run undisturbed: there the time on the processor counts.
          fastest = std::min(fastest, options.threads == 1 && wall > 4e-3 ? processor : wall);
        }
      }
    } catch (const Halide::Error &error) {
      std::printf("  refused: %s %s\n", schedule.print().c_str(), error.what());
    }
    for (Halide::Buffer<float> &operand : operands)
      std::free(operand.data());
    std::free(out.data());
    return fastest;
  }
};

double flopsOf(const Kernel &kernel) {
  double flops = 2 * double(kernel.elements()) * (kernel.pooled.empty() ? 1 : 4);
  for (const std::string &axis : kernel.reduce)
    flops *= double(kernel.extent(axis));
  return flops;
}

void all(Bench &bench, int64_t v) {
  auto heavy = [&](const Kernel &kernel) { bench.time(kernel, flopsOf(kernel)); };
  auto moved = [&](const Kernel &kernel, double floats) { bench.time(kernel, 0, 4 * floats); };
  for (auto [ci, co, size, window, step] : std::vector<std::array<int64_t, 5>>{{64, 64, 56, 3, 1},
                                                                               {128, 128, 28, 3, 1},
                                                                               {256, 256, 14, 3, 1},
                                                                               {512, 512, 7, 3, 1},
                                                                               {64, 64, 224, 3, 1},
                                                                               {256, 256, 56, 3, 1},
                                                                               {512, 512, 14, 3, 1},
                                                                               {128, 128, 28, 3, 2},
                                                                               {256, 256, 14, 3, 2},
                                                                               {512, 512, 7, 3, 2},
                                                                               {256, 512, 28, 1, 2},
                                                                               {512, 1024, 14, 1, 2},
                                                                               {16, 32, 28, 5, 1},
                                                                               {96, 128, 28, 3, 1},
                                                                               {512, 1024, 13, 3, 1},
                                                                               {32, 64, 26, 3, 1}})
    heavy(convolution(1, ci, co, size, window, step, v));
  heavy(convolution(1, 64, 64, 56, 3, 1, v, true));
  // Pointwise: x and y are one axis, as lower/ makes them.
  for (auto [ci, co, size] : std::vector<std::array<int64_t, 3>>{{64, 256, 56},
                                                                 {256, 64, 56},
                                                                 {512, 128, 28},
                                                                 {1024, 256, 14},
                                                                 {2048, 512, 7},
                                                                 {512, 2048, 7},
                                                                 {192, 64, 28},
                                                                 {832, 384, 7}}) {
    Kernel flat = convolution(1, ci, co, size, 1, 1, v);
    for (Axis &axis : flat.axes)
      if (axis.name == "x" || axis.name == "y")
        axis.extent = axis.name == "x" ? size * size : 1;
    for (Read &read : flat.heavy)
      if (read.operand == "in")
        read.stride["ci"] = v * size * size;
    flat.name += " flat";
    heavy(flat);
  }
  heavy(firstLayer(3, 64, 112, 7, 2, v, false));
  heavy(firstLayer(3, 16, 416, 3, 1, v, false));
  heavy(firstLayer(1, 6, 14, 5, 1, v, true));
  heavy(firstLayer(6, 16, 5, 5, 1, v, true));
  heavy(firstLayer(6, 16, 10, 5, 1, v, false));
  heavy(planarConvolution(1, 6, 14, 5, true));
  heavy(planarConvolution(6, 16, 5, 5, true));
  heavy(planarConvolution(1, 6, 28, 5, false));
  heavy(planarConvolution(6, 16, 10, 5, false));
  for (auto [m, n, k] : std::vector<std::array<int64_t, 3>>{
           {512, 512, 512}, {1024, 1024, 1024}, {64, 768, 256}, {64, 1024, 1024}, {128, 4096, 1024}, {128, 1024, 4096}}) {
    Kernel padded = product(1, m, n, k, 2 * v); // rows of a multiple of 4 KB would thrash the first cache
    for (Read &read : padded.heavy)
      if (read.operand == "a")
        read.stride["m"] = k + 16;
    padded.name += " padded";
    heavy(padded);
  }
  heavy(product(8, 256, 256, 32, 0));
  heavy(productTransposed(8, 256, 256, 32, true));
  heavy(productTransposed(8, 64, 64, 32, false));
  heavy(weightGradient(16, 32, 64, 14, 3, v));
  for (auto [n, k] :
       std::vector<std::array<int64_t, 2>>{{256, 256}, {1024, 1024}, {1024, 2048}, {4096, 4096}, {120, 400}, {84, 120}, {10, 84}})
    moved(product(1, 1, n, k, v), double(ceilDiv(n, v) * v * k));
  moved(product(1, 1, 1000, 2048, 0), 1000. * 2048);
  moved(productTransposed(1, 1, 1000, 2048, false), 1000. * 2048);
  moved(depthwise(144, 56, 1, v), 2. * 144 * 56 * 56);
  moved(depthwise(384, 14, 1, v), 2. * 384 * 14 * 14);
  moved(depthwise(96, 56, 2, v), 5. * 96 * 56 * 56);
  moved(pool(64, 56, 3, 2, v, true), 5. * 64 * 56 * 56);
  moved(pool(2048, 1, 7, 1, v, false), 2048. * 49);
  moved(softmax(64, 1024, 1), 2. * 64 * 1024);
  moved(softmax(1024, 1024, 1), 2. * 1024 * 1024);
  moved(softmax(8, 64, 1024), 2. * 512 * 1024);
  moved(softmax(1, 1000, 1), 2000);
  moved(softmax(1, 10, 1), 20);
  moved(normalise(512, 1, 768), 2. * 512 * 768);
  moved(mean({2048}, {49}, true), 2048. * 49);
  moved(mean({512}, {768}, true), 512. * 768);
  moved(elementwise({16384}), 3. * 16384);
  moved(elementwise({784, 64, 16}), 3. * 784 * 1024);
  for (bool stored : {true, false}) {
    moved(transpose(8, 512, 512, stored), 2. * 8 * 512 * 512);
    moved(transpose(8, 500, 300, stored), 2. * 8 * 500 * 300);
    moved(transpose(16, 16, 16, stored), 2. * 16 * 256);
    moved(blocked(64, 56, v, stored), 2. * 64 * 56 * 56);
    moved(blocked(64, 14, v, stored), 2. * 64 * 14 * 14);
  }
  moved(columnSums(64, 1024, Fold::Sum), 64. * 1024);
}
} // namespace

int main(int count, char **arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    std::string value;
    if (option(arguments[i], "--lanes", value))
      options.lanes = std::atoi(value.c_str());
    else if (option(arguments[i], "--threads", value))
      options.threads = std::atoi(value.c_str());
    else if (option(arguments[i], "--candidates", value))
      options.candidates = size_t(std::max(1, std::atoi(value.c_str())));
    else if (option(arguments[i], "--seconds", value))
      options.seconds = std::atof(value.c_str());
    else if (option(arguments[i], "--schedule", value))
      options.schedule = value;
    else
      options.names.push_back(arguments[i]);
  }
  Bench bench(options);
  if (!bench.runnable()) {
    std::fprintf(stderr, "bench_kernels: this machine has no vectors of %d lanes\n", options.lanes);
    return 1;
  }
  all(bench, options.lanes);
  std::printf("peak of one core: %.0f GF/s with %d lanes\n", bench.highest, options.lanes);
  return 0;
}
