#include "compiler/tools/Card.h"
#include "runtime/core/tensor.h"
#include "runtime/cuda/device.h"
#include <algorithm>
#include <memory>

namespace kiln::tools {
namespace {
/// A context on a card, with all inputs and outputs in the card's memory.
class OnCard {
public:
  OnCard(const kiln_model &model, const kiln_tensor *given) : model(model) {
    kiln_context *created = nullptr;
    status = kiln_create(&model, nullptr, &created);
    context.reset(created);
    device = status == KILN_OK ? kiln_device_of(created) : nullptr;
    for (int32_t i = 0; device && i < model.info.input_count + model.info.output_count && status == KILN_OK; ++i)
      place(i, given);
  }
  ~OnCard() {
    for (void *one : memory)
      device->release(context.get(), one);
  }
  OnCard(const OnCard &) = delete;

  bool run() {
    status = status ? status : kiln_run_device(context.get(), tensors.data(), outputs());
    return status == KILN_OK;
  }
  bool wait() {
    status = status ? status : device->wait(context.get());
    return status == KILN_OK;
  }
  /// Adds the seconds of one run to each step's.
  bool time(std::vector<std::vector<double>> &steps) {
    struct Sink {
      std::vector<std::vector<double>> &steps;
      size_t next;
    } sink = {steps, 0};
    auto add = [](void *user, const char *, float milliseconds) {
      auto *sink = static_cast<Sink *>(user);
      sink->steps[sink->next++].push_back(double(milliseconds) * 1e-3);
    };
    status = status ? status : device->time(context.get(), tensors.data(), outputs(), add, &sink);
    return status == KILN_OK;
  }
  std::string problem() const { return kiln_message(context.get()); }
  const char *name() const { return device->name; }

private:
  kiln_tensor *outputs() { return tensors.data() + model.info.input_count; }
  void place(int32_t index, const kiln_tensor *given) {
    bool input = index < model.info.input_count;
    const kiln_tensor_info &info = input ? model.info.inputs[index] : model.info.outputs[index - model.info.input_count];
    kiln_tensor tensor = {nullptr, info.dtype, info.rank, {}};
    std::copy_n(info.shape, KILN_MAX_RANK, tensor.shape);
    size_t bytes = kiln_tensor_bytes(&info);
    status = device->allocate(context.get(), bytes, &tensor.data);
    if (status == KILN_OK)
      memory.push_back(tensor.data);
    if (status == KILN_OK && input)
      status = device->upload(context.get(), tensor.data, given[index].data, bytes);
    tensors.push_back(tensor);
  }

  const kiln_model &model;
  RunContext context;
  const kiln_device *device = nullptr;
  kiln_status status = KILN_OK;
  std::vector<void *> memory;
  std::vector<kiln_tensor> tensors;
};
} // namespace

bool timeOnCard(const kiln_model &model, double seconds, CardTiming &timing, std::string &problem) {
  MadeUp inputs(model.info.inputs, model.info.input_count);
  OnCard card(model, inputs.tensors.data());
  std::vector<double> times;
  std::vector<std::vector<double>> steps(model.device->step_count);
  auto whole = [&] { return card.run() && card.wait(); };
  bool good = whole();
  for (auto start = Clock::now(); good && secondsSince(start) < seconds / 4;)
    good = whole();
  for (auto start = Clock::now(); good && (times.size() < 3 || secondsSince(start) < seconds / 2);) {
    auto before = Clock::now();
    good = whole();
    times.push_back(secondsSince(before));
  }
  for (auto start = Clock::now(); good && (steps.empty() || steps[0].size() < 3 || secondsSince(start) < seconds / 4);)
    good = card.time(steps);
  if (!good) {
    problem = card.problem();
    return false;
  }
  timing.name = card.name();
  timing.whole = {*std::min_element(times.begin(), times.end()), middle(times), times.size()};
  for (std::vector<double> &one : steps)
    timing.steps.push_back(middle(one));
  return true;
}

namespace {
constexpr int chains = 16, threads = 256; ///< independent sums of a thread; threads of a block

/// A kernel that repeats `body` `rounds` times and writes a sum, so that nothing of it can be left out.
std::string probe(const std::string &body, int rounds) {
  std::string text = R"(.version 7.0
.target sm_80
.address_size 64
.visible .entry probe(.param .u64 out, .param .u64 from)
{
  .reg .pred %p; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f32 %f<40>;
  ld.param.u64 %rd1, [out]; cvta.to.global.u64 %rd1, %rd1;
  ld.param.u64 %rd2, [from]; cvta.to.global.u64 %rd2, %rd2;
  mov.u32 %r2, %tid.x; mov.u32 %r3, %ctaid.x; mov.u32 %r4, %ntid.x; mov.u32 %r5, %nctaid.x;
  mad.lo.s32 %r2, %r3, %r4, %r2;
  mul.lo.s32 %r5, %r5, %r4;
  mov.u32 %r6, %r2;
  cvt.rn.f32.u32 %f32, %r2; mov.f32 %f33, 0f3F000000;
)";
  auto number = [](int i) { return std::to_string(i); };
  for (int i = 0; i < chains; ++i) // no two alike, or an assembler may do one for both
    text += "  mul.f32 %f" + number(i) + ", %f32, 0f3F" + (i < 10 ? "0" : "") + number(i) + "0000;\n";
  text += "  mov.u32 %r1, " + number(rounds) + ";\nround:\n" + body;
  text += "  sub.s32 %r1, %r1, 1; setp.ne.s32 %p, %r1, 0; @%p bra round;\n";
  for (int i = 1; i < chains; ++i)
    text += "  add.f32 %f0, %f0, %f" + number(i) + ";\n";
  return text + "  mul.wide.u32 %rd5, %r6, 4; add.s64 %rd6, %rd1, %rd5;\n  st.global.f32 [%rd6], %f0;\n  ret;\n}\n";
}

/// Seconds of one launch, the least of five; `bytes` of memory, zeroed first, are there to be read. 0: `problem` says why not.
double secondsOf(const std::string &text, uint32_t blocks, uint64_t bytes, std::string &problem) {
  kiln_tensor_info out = {"out", KILN_F32, 1, {int64_t(blocks) * threads}};
  kiln_device_image image = {80, 0, nullptr, text.c_str()};
  kiln_device_kernel kernel = {"probe", 0, 1};
  const kiln_place arguments[] = {{KILN_PLACE_OUTPUT, 0, 0}, {KILN_PLACE_ARENA, 0, 0}};
  kiln_step steps[2] = {};
  steps[0].kind = KILN_STEP_ZERO;
  steps[0].bytes = bytes;
  steps[1].kind = KILN_STEP_LAUNCH;
  steps[1].grid[0] = blocks, steps[1].grid[1] = steps[1].grid[2] = 1;
  steps[1].block[0] = threads, steps[1].block[1] = steps[1].block[2] = 1;
  steps[1].argument_count = 2;
  steps[0].name = steps[1].name = "the peak of the card";
  const uint8_t side = KILN_SIDE_DEVICE;
  const int32_t untied = -1;
  kiln_device_model device = {&kiln_cuda, &kernel, &image, steps, arguments, nullptr, &side, 1, 1, 2, 2, bytes, 0, 0};
  kiln_model model = {};
  model.info = {"peak", 0, 1, nullptr, &out, 0, 0, 0, "{}", &untied};
  model.device = &device;
  OnCard card(model, nullptr);
  std::vector<std::vector<double>> times(2);
  for (int i = 0; i < 5; ++i)
    if (!card.time(times)) {
      problem = card.problem();
      return 0;
    }
  return std::max(*std::min_element(times[1].begin(), times[1].end()), 1e-9);
}
} // namespace

bool measureCard(MachinePeak &peak, std::string &problem) {
  std::string multiply, read = R"(  mul.wide.u32 %rd3, %r2, 16; add.s64 %rd4, %rd2, %rd3;
  ld.global.v4.f32 {%f20, %f21, %f22, %f23}, [%rd4];
  add.f32 %f0, %f0, %f20; add.f32 %f1, %f1, %f21; add.f32 %f2, %f2, %f22; add.f32 %f3, %f3, %f23;
  add.s32 %r2, %r2, %r5;
)";
  for (int i = 0; i < chains; ++i)
    multiply += "  fma.rn.f32 %f" + std::to_string(i) + ", %f" + std::to_string(i) + ", %f33, %f32;\n";
  // Longer and longer, until a launch takes milliseconds; a launch's last blocks are then a small part of it.
  for (uint64_t blocks = 32, rounds = 16;; blocks < 16384 ? blocks *= 4 : rounds *= 4) {
    double seconds = secondsOf(probe(multiply, int(rounds)), uint32_t(blocks), 16, problem);
    if (seconds == 0)
      return false;
    peak.flops = 2.0 * chains * double(rounds * blocks * threads) / seconds;
    if (seconds > 5e-3 || rounds >= 1 << 16)
      break;
  }
  constexpr uint64_t rounds = 16;
  for (uint64_t blocks = 16; blocks <= 4096; blocks *= 4) { // 1 MB to 256 MB
    uint64_t bytes = 16 * rounds * blocks * threads;
    double seconds = secondsOf(probe(read, int(rounds)), uint32_t(blocks), bytes, problem);
    if (seconds == 0)
      return false;
    peak.bandwidth = double(bytes) / seconds;
    if (seconds > 1e-3)
      break;
  }
  return true;
}
} // namespace kiln::tools
