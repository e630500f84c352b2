//===- DeviceToy.h - a hand-made model for a card, and the fake driver -----------------------------------------------===//
//
// y = 2x + 1 + w/2 and the state s' = s + y, six floats each, w = {10, 20, ...} the weights; the input i[2] is checked against 10. The 1 is
// added on the host, so that the steps are: check | zero, launch, copy | to host, add, to device | launch, launch.
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TESTS_UNIT_CUDA_DEVICETOY_H
#define KILN_TESTS_UNIT_CUDA_DEVICETOY_H
#include "runtime/cuda/device.h"
#include <gmock/gmock.h>
#include <map>
#include <string>
#include <vector>

using Settings = std::map<std::string, std::string>;

/// The fake driver, in the driver's place for as long as it lives, with settings of its own environment.
class Fake {
public:
  explicit Fake(const Settings &settings = {});
  ~Fake();
  Fake(const Fake &) = delete;
  std::string log() const;
  int count(const std::string &call) const; ///< lines of the log that begin so
  std::string trap() const;
  int live() const;
  void restart(const Settings &settings); ///< with these alone

private:
  void *library;
  std::vector<std::string> names;
};

extern const char *const axpy; ///< PTX 7.0, sm_80: out[i] = a[i] + k b[i] for i < n

struct DeviceToy {
  DeviceToy();
  DeviceToy(const DeviceToy &) = delete;
  std::vector<kiln_tensor_info> inputs, outputs;
  std::vector<int32_t> tied = {-1, 2};
  std::vector<kiln_device_image> images;
  std::vector<kiln_device_kernel> kernels;
  std::vector<kiln_step> steps;
  std::vector<kiln_place> arguments;
  std::vector<uint8_t> inputSides = {KILN_SIDE_DEVICE, KILN_SIDE_HOST, KILN_SIDE_DEVICE};
  std::vector<uint8_t> outputSides = {KILN_SIDE_DEVICE, KILN_SIDE_DEVICE};
  alignas(64) float weights[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 10, 20, 30, 40, 50, 60, -1, -1};
  kiln_device_model device = {};
  kiln_model model = {};
  void onCpuToo(); ///< gives the model a program for the CPU, y = -x

private:
  void add(kiln_step_kind kind, kiln_place place, uint64_t bytes);
  void launch(kiln_place out, kiln_place a, kiln_place b, float k);
};

struct DeviceCall {
  float x[6] = {1, 2, 3, 4, 5, 6}, s[6] = {100, 200, 300, 400, 500, 600};
  int32_t i[2] = {0, -10};
  float y[6] = {}, t[6] = {};
  kiln_tensor inputs[3] = {{x, KILN_F32, 1, {6}}, {i, KILN_I32, 1, {2}}, {s, KILN_F32, 1, {6}}};
  kiln_tensor outputs[2] = {{y, KILN_F32, 1, {6}}, {t, KILN_F32, 1, {6}}};
};
inline auto isY() { return testing::ElementsAre(8, 15, 22, 29, 36, 43); }

struct Context {
  explicit Context(const DeviceToy &toy, kiln_options options = {});
  Context(const Context &) = delete;
  ~Context() { kiln_destroy(context); }
  operator kiln_context *() const { return context; }
  std::string message() const { return kiln_message(context); }
  kiln_context *context = nullptr;
  kiln_status status;
  std::vector<std::pair<kiln_status, std::string>> told; ///< by the error callback
};

#endif
