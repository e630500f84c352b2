#include "compiler/tools/Timing.h"
#include "runtime/core/tensor.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>

namespace kiln::tools {
double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double middle(std::vector<double> &numbers) {
  auto at = numbers.begin() + std::ptrdiff_t(numbers.size() / 2);
  std::nth_element(numbers.begin(), at, numbers.end());
  return *at;
}

MadeUp::MadeUp(const kiln_tensor_info *infos, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    size_t bytes = kiln_tensor_bytes(&infos[i]);
    memory.emplace_back(aligned_alloc(64, (bytes + 64) / 64 * 64));
    kiln_tensor tensor = {memory.back().get(), infos[i].dtype, infos[i].rank, {}};
    std::copy_n(infos[i].shape, KILN_MAX_RANK, tensor.shape);
    memset(tensor.data, 0, bytes);
    std::minstd_rand random(unsigned(i) + 1);
    for (size_t k = 0; infos[i].dtype == KILN_F32 && k < bytes / sizeof(float); ++k)
      static_cast<float *>(tensor.data)[k] = float(random()) / float(1u << 30) - 1;
    tensors.push_back(tensor);
  }
}

bool timeModel(const kiln_model &model, int32_t threads, double seconds, Timing &whole, std::vector<double> &launches,
               std::string &problem) {
  kiln_options options = {};
  options.size = sizeof options;
  options.threads = threads;
  kiln_context *created = nullptr;
  kiln_status status = kiln_create(&model, &options, &created);
  RunContext context(created);
  MadeUp inputs(model.info.inputs, model.info.input_count), outputs(model.info.outputs, model.info.output_count);
  auto run = [&] {
    return status == KILN_OK && (status = kiln_run(created, inputs.tensors.data(), outputs.tensors.data())) == KILN_OK;
  };

  constexpr size_t mostRuns = 1000000;
  auto *stamps = static_cast<const int64_t *>(outputs.tensors.back().data);
  size_t count = size_t(outputs.tensors.back().shape[0]) - 1;
  std::vector<double> times;
  std::vector<std::vector<double>> ticks(count);
  double ticked = 0, timed = 0; // time stamps become seconds by what both say of the same runs
  for (auto start = Clock::now(); run() && secondsSince(start) < seconds / 4;) {
  }
  for (auto start = Clock::now(); times.size() < 3 || (times.size() < mostRuns && secondsSince(start) < seconds);) {
    auto before = Clock::now();
    if (!run())
      break;
    times.push_back(secondsSince(before));
    timed += times.back();
    ticked += double(stamps[count] - stamps[0]);
    for (size_t i = 0; i < count; ++i)
      ticks[i].push_back(double(stamps[i + 1] - stamps[i]));
  }
  if (status != KILN_OK) {
    problem = kiln_message(created);
    return false;
  }
  whole = {*std::min_element(times.begin(), times.end()), middle(times), times.size()};
  for (std::vector<double> &one : ticks)
    launches.push_back(middle(one) * timed / std::max(ticked, 1.0));
  return true;
}
} // namespace kiln::tools
