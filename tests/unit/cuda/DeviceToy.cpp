//===- DeviceToy.cpp - a hand-made model for a card, and the fake driver ---------------------------------------------===//
#include "DeviceToy.h"
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>

const char *const axpy = R"(
.version 7.0
.target sm_80
.address_size 64
.visible .entry axpy(.param .u64 out, .param .u64 a, .param .u64 b, .param .f32 k, .param .u32 n)
{
  .reg .pred %p<2>; .reg .b32 %r<8>; .reg .b64 %rd<9>;
  mov.u32 %r1, %tid.x;
  mov.u32 %r2, %ctaid.x;
  mad.lo.s32 %r1, %r2, 4, %r1;
  ld.param.u32 %r3, [n];
  setp.ge.u32 %p1, %r1, %r3;
  @%p1 bra end;
  mul.wide.u32 %rd4, %r1, 4;
  ld.param.u64 %rd1, [out];
  ld.param.u64 %rd2, [a];
  ld.param.u64 %rd3, [b];
  add.s64 %rd5, %rd1, %rd4;
  add.s64 %rd6, %rd2, %rd4;
  add.s64 %rd7, %rd3, %rd4;
  ld.global.f32 %r4, [%rd6];
  ld.global.f32 %r5, [%rd7];
  ld.param.f32 %r6, [k];
  fma.rn.f32 %r7, %r6, %r5, %r4;
  st.global.f32 [%rd5], %r7;
end:
  ret;
}
)";

namespace {
template <class T> T symbol(void *library, const char *name) { return reinterpret_cast<T>(dlsym(library, name)); }

kiln_place arena(uint64_t offset) { return {KILN_PLACE_ARENA, 0, offset}; }
kiln_place input(uint32_t index) { return {KILN_PLACE_INPUT, index, 0}; }
kiln_place output(uint32_t index) { return {KILN_PLACE_OUTPUT, index, 0}; }

kiln_status check(const kiln_frame *frame) { return kiln_check_indices(frame->context, "gather_3", frame->inputs[1], 4, 2, 10); }

kiln_status addOne(const kiln_frame *frame) {
  float *values = reinterpret_cast<float *>(frame->arena + 64);
  for (int i = 0; i < 6; ++i)
    values[i] += 1;
  return KILN_OK;
}

kiln_status negate(const kiln_frame *frame) {
  for (int i = 0; i < 6; ++i)
    static_cast<float *>(frame->outputs[0])[i] = -static_cast<const float *>(frame->inputs[0])[i];
  return KILN_OK;
}
} // namespace

Fake::Fake(const Settings &settings) : library(dlopen(FAKE_DRIVER, RTLD_NOW)) {
  EXPECT_NE(library, nullptr) << dlerror();
  setenv("KILN_CUDA_DRIVER", FAKE_DRIVER, 1);
  restart(settings);
}
Fake::~Fake() {
  restart({});
  unsetenv("KILN_CUDA_DRIVER");
  dlclose(library);
}
void Fake::restart(const Settings &settings) {
  for (const std::string &name : names)
    unsetenv(name.c_str());
  names.clear();
  for (const auto &[name, value] : settings) {
    names.push_back("KILN_FAKE_" + name);
    setenv(names.back().c_str(), value.c_str(), 1);
  }
  symbol<void (*)()>(library, "kiln_fake_reset")();
}
std::string Fake::log() const { return symbol<const char *(*)()>(library, "kiln_fake_log")(); }
std::string Fake::trap() const { return symbol<const char *(*)()>(library, "kiln_fake_trap")(); }
int Fake::live() const { return symbol<int (*)()>(library, "kiln_fake_live")(); }
int Fake::count(const std::string &call) const {
  std::string text = "\n" + log(), line = "\n" + call;
  int found = 0;
  for (size_t at = text.find(line); at != std::string::npos; at = text.find(line, at + 1))
    ++found;
  return found;
}

void DeviceToy::add(kiln_step_kind kind, kiln_place place, uint64_t bytes) {
  kiln_step step = {};
  step.kind = kind;
  step.place = place;
  step.bytes = bytes;
  step.name = kind == KILN_STEP_ZERO      ? "zero"
              : kind == KILN_STEP_COPY    ? "copy"
              : kind == KILN_STEP_TO_HOST ? "to host"
                                          : "to device";
  steps.push_back(step);
}

void DeviceToy::launch(kiln_place out, kiln_place a, kiln_place b, float k) {
  kiln_step step = {};
  step.kind = KILN_STEP_LAUNCH;
  step.grid[0] = 2, step.grid[1] = 1, step.grid[2] = 1;
  step.block[0] = 4, step.block[1] = 1, step.block[2] = 1;
  step.first_argument = static_cast<uint32_t>(arguments.size());
  step.argument_count = 5;
  step.name = "axpy";
  uint64_t bits = 0;
  memcpy(&bits, &k, 4);
  arguments.insert(arguments.end(), {out, a, b, {KILN_PLACE_SCALAR, 4, bits}, {KILN_PLACE_SCALAR, 4, 6}});
  steps.push_back(step);
}

DeviceToy::DeviceToy()
    : inputs({{"x", KILN_F32, 1, {6}}, {"i", KILN_I32, 1, {2}}, {"s", KILN_F32, 1, {6}}}),
      outputs({{"y", KILN_F32, 1, {6}}, {"t", KILN_F32, 1, {6}}}), images({{80, 0, nullptr, axpy}}), kernels({{"axpy", 0, 1}}) {
  kiln_step host = {};
  host.kind = KILN_STEP_HOST;
  host.host = check;
  host.name = "check";
  steps.push_back(host);
  add(KILN_STEP_ZERO, arena(0), 24);
  launch(arena(0), arena(0), input(0), 2);
  add(KILN_STEP_COPY, arena(64), 24);
  steps.back().source = arena(0);
  add(KILN_STEP_TO_HOST, arena(64), 24);
  host.host = addOne;
  host.name = "add one";
  steps.push_back(host);
  add(KILN_STEP_TO_DEVICE, arena(64), 24);
  launch(output(0), arena(64), {KILN_PLACE_WEIGHTS, 0, 32}, 0.5f);
  launch(output(1), input(2), output(0), 1);
  device = {&kiln_cuda,
            kernels.data(),
            images.data(),
            steps.data(),
            arguments.data(),
            inputSides.data(),
            outputSides.data(),
            static_cast<uint32_t>(kernels.size()),
            static_cast<uint32_t>(images.size()),
            static_cast<uint32_t>(steps.size()),
            static_cast<uint32_t>(arguments.size()),
            128,
            32,
            64};
  model.info = {"toy", 3, 2, inputs.data(), outputs.data(), 128, 0, sizeof weights, "{}", tied.data()};
  model.arena_size = 128;
  model.weights = reinterpret_cast<const uint8_t *>(weights);
  model.device = &device;
}

void DeviceToy::onCpuToo() { model.run = negate; }

Context::Context(const DeviceToy &toy, kiln_options options) {
  options.threads = 1;
  options.user = this;
  options.error = [](void *user, kiln_status status, const char *text) {
    static_cast<Context *>(user)->told.emplace_back(status, text);
  };
  status = kiln_create(&toy.model, &options, &context);
}
