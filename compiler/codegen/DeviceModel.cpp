#include "compiler/codegen/DeviceModel.h"
#include "compiler/codegen/ProgramModel.h"
#include "runtime/cuda/device.h"

namespace kiln::codegen {
using namespace mlir;

namespace {
uint32_t baseOf(const Place &place) {
  static const std::map<Place::Base, uint32_t> bases = {{Place::Arena, KILN_PLACE_ARENA},
                                                        {Place::Weights, KILN_PLACE_WEIGHTS},
                                                        {Place::Input, KILN_PLACE_INPUT},
                                                        {Place::Output, KILN_PLACE_OUTPUT}};
  return bases.at(place.base);
}

class Tables {
public:
  Tables(ModuleOp module, func::FuncOp planned, const std::vector<DeviceKernel> &kernels, const Target &target)
      : module(module), planned(planned), kernels(kernels), target(target) {}

  llvm::Expected<int64_t> define(uint64_t arena) {
    llvm::Expected<DevicePlan> plan = planDevice(planned, kernels);
    if (!plan)
      return plan.takeError();
    defineKernels();
    for (const DeviceStep &step : plan->steps)
      if (llvm::Error error = add(step))
        return error;
    array("kiln_device_steps", steps);
    array("kiln_device_kernels", entries);
    array("kiln_device_images", images);
    words("kiln_device_arguments", arguments);
    bytes("kiln_device_inputs", plan->inputSides);
    bytes("kiln_device_outputs", plan->outputSides);
    declareConstant(module, "kiln_cuda");
    Record device;
    device.address("kiln_cuda")
        .address(named("kiln_device_kernels", entries.size()))
        .address(named("kiln_device_images", images.size()))
        .address(named("kiln_device_steps", steps.size()))
        .address(named("kiln_device_arguments", arguments.size()))
        .address(named("kiln_device_inputs", plan->inputSides.size()))
        .address(named("kiln_device_outputs", plan->outputSides.size()));
    device.i32(size(entries)).i32(size(images)).i32(size(steps)).i32(static_cast<int64_t>(arguments.size() / 2));
    device.i64(static_cast<int64_t>(arena)).i64(plan->weightsBegin).i64(plan->weightsEnd);
    device.define(module, deviceSymbol);
    return plan->hostArena;
  }

private:
  static int64_t size(const std::vector<Record> &records) { return static_cast<int64_t>(records.size()); }
  static StringRef named(StringRef symbol, size_t count) { return count ? symbol : StringRef(); }

  void defineKernels() {
    for (const DeviceKernel &kernel : kernels) {
      defineText(module, kernel.name + "_entry", kernel.code.entry);
      defineText(module, kernel.name + "_ptx", kernel.code.ptx);
      size_t first = images.size();
      for (size_t i = 0; i < target.capabilities.size(); ++i) {
        std::string symbol = kernel.images.empty() ? "" : kernel.name + "_cubin_" + std::to_string(target.capabilities[i]);
        const std::string none, &cubin = symbol.empty() ? none : kernel.images[i].cubin;
        if (!symbol.empty())
          defineBytes(module, symbol, cubin, 8);
        images.push_back(Record()
                             .i32(target.capabilities[i])
                             .i32(static_cast<int64_t>(cubin.size()))
                             .address(symbol)
                             .address(kernel.name + "_ptx"));
      }
      entries.push_back(Record()
                            .address(kernel.name + "_entry")
                            .i32(static_cast<int64_t>(first))
                            .i32(static_cast<int64_t>(target.capabilities.size())));
    }
  }

  llvm::Error add(const DeviceStep &step) {
    static const std::map<DeviceStep::Kind, uint32_t> kinds = {
        {DeviceStep::Launch, KILN_STEP_LAUNCH},      {DeviceStep::ToHost, KILN_STEP_TO_HOST},
        {DeviceStep::ToDevice, KILN_STEP_TO_DEVICE}, {DeviceStep::Zero, KILN_STEP_ZERO},
        {DeviceStep::Copy, KILN_STEP_COPY},          {DeviceStep::Host, KILN_STEP_HOST}};
    std::string number = std::to_string(steps.size()), host, name = "kiln_step_name_" + number;
    if (step.kind == DeviceStep::Host) {
      host = "kiln_host_step_" + number;
      if (llvm::Error error = defineHostStep(module, planned, host, step.work))
        return error;
    }
    defineText(module, name, step.name);
    Record record;
    record.i32(kinds.at(step.kind)).i32(static_cast<int64_t>(step.kernel));
    size_t first = arguments.size() / 2;
    if (step.kind == DeviceStep::Launch) {
      const lower::DeviceCode &code = kernels[step.kernel].code;
      for (int64_t extent : code.grid)
        record.i32(extent);
      for (int64_t extent : code.block)
        record.i32(extent);
      for (int operand : code.arguments)
        addArgument(step.operands[operand]);
      record.i32(code.shared);
    } else {
      for (int i = 0; i < 7; ++i)
        record.i32(0);
    }
    record.i32(static_cast<int64_t>(first)).i32(static_cast<int64_t>(arguments.size() / 2 - first)).i32(0);
    for (const Place &place : {step.place, step.source})
      record.i32(baseOf(place)).i32(place.index).i64(place.offset);
    steps.push_back(record.i64(step.bytes).address(host).address(name));
    return llvm::Error::success();
  }

  void addArgument(const Place &place) {
    arguments.push_back(static_cast<int64_t>(baseOf(place) | static_cast<uint64_t>(place.index) << 32));
    arguments.push_back(place.offset);
  }

  void array(StringRef name, const std::vector<Record> &records) {
    if (!records.empty())
      Record::defineArray(module, name, records);
  }
  void words(StringRef name, const std::vector<int64_t> &numbers) {
    if (!numbers.empty())
      defineBytes(module, name, StringRef(reinterpret_cast<const char *>(numbers.data()), numbers.size() * 8), 8);
  }
  void bytes(StringRef name, const std::vector<uint8_t> &values) {
    if (!values.empty())
      defineBytes(module, name, StringRef(reinterpret_cast<const char *>(values.data()), values.size()), 1);
  }

  ModuleOp module;
  func::FuncOp planned;
  const std::vector<DeviceKernel> &kernels;
  const Target &target;
  std::vector<Record> steps, entries, images;
  std::vector<int64_t> arguments; ///< kiln_place, two words each: base and index, offset
};
} // namespace

llvm::Expected<int64_t> defineDevice(ModuleOp module, func::FuncOp planned, const std::vector<DeviceKernel> &kernels,
                                     const Target &target, uint64_t arena) {
  return Tables(module, planned, kernels, target).define(arena);
}
} // namespace kiln::codegen
