//===- Driver.cpp - the driver's calls: cards, memory, modules, streams ---------------------------------------------===//
#include "State.h"
#include <cstdio>
#include <cstring>

using namespace fake;

namespace {
const char *nameOf(CUresult error) {
  switch (error) {
  case 0:
    return "CUDA_SUCCESS";
  case 1:
    return "CUDA_ERROR_INVALID_VALUE";
  case 2:
    return "CUDA_ERROR_OUT_OF_MEMORY";
  case 100:
    return "CUDA_ERROR_NO_DEVICE";
  case 200:
    return "CUDA_ERROR_INVALID_IMAGE";
  case 201:
    return "CUDA_ERROR_INVALID_CONTEXT";
  case 218:
    return "CUDA_ERROR_INVALID_PTX";
  case 222:
    return "CUDA_ERROR_UNSUPPORTED_PTX_VERSION";
  case 500:
    return "CUDA_ERROR_NOT_FOUND";
  case 700:
    return "CUDA_ERROR_ILLEGAL_ADDRESS";
  case 716:
    return "CUDA_ERROR_MISALIGNED_ADDRESS";
  case 719:
    return "CUDA_ERROR_LAUNCH_FAILED";
  default:
    return nullptr;
  }
}

Stream *streamOf(CUstream handle) {
  auto *stream = reinterpret_cast<Stream *>(handle);
  return state().streams.count(stream) ? stream : nullptr;
}
} // namespace

EXPORTED CUresult cuGetErrorName(CUresult error, const char **text) {
  *text = nameOf(error);
  return *text ? CUDA_SUCCESS : 1;
}
EXPORTED CUresult cuGetErrorString(CUresult error, const char **text) {
  *text = nameOf(error) ? "as the fake driver was told" : nullptr;
  return *text ? CUDA_SUCCESS : 1;
}

EXPORTED CUresult cuInit(unsigned flags) {
  Call call(__func__, false);
  if (call.error && call.error != 3)
    return call.error;
  state().initialised = true;
  return flags ? 1 : CUDA_SUCCESS;
}
EXPORTED CUresult cuDriverGetVersion(int *version) {
  BEGIN(false)
  *version = state().version;
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuDeviceGetCount(int *count) {
  BEGIN(false)
  *count = state().cards;
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  BEGIN(false)
  if (ordinal < 0 || ordinal >= state().cards)
    return 101;
  *device = 70 + ordinal; // no number that a caller could guess
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  BEGIN(false)
  snprintf(name, static_cast<size_t>(length), "Fake card %d", device - 70);
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  BEGIN(false)
  constexpr int processorCount = 16;
  if (attribute == processorCount) {
    *value = 2;
    return CUDA_SUCCESS;
  }
  if (attribute != CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR && attribute != CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)
    return 1;
  *value = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? state().capability / 10 : state().capability % 10;
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  BEGIN(false)
  ++state().retained;
  state().write("cuDevicePrimaryCtxRetain %d", device - 70);
  *context = reinterpret_cast<CUcontext>(static_cast<uintptr_t>(device));
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  std::lock_guard<std::recursive_mutex> lock(state().mutex);
  return state().retained-- > 0 ? CUDA_SUCCESS : 201;
}
EXPORTED CUresult cuCtxPushCurrent_v2(CUcontext context) {
  std::lock_guard<std::recursive_mutex> lock(state().mutex);
  if (CUresult error = begin(__func__, false); error && error != state().lost)
    return error;
  if (context == nullptr || state().retained < 1)
    return 201;
  ++depth();
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  if (depth() < 1)
    return 201;
  --depth();
  *context = nullptr;
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuMemAlloc_v2(CUdeviceptr *memory, size_t bytes) {
  BEGIN(true)
  State &all = state();
  if (bytes == 0)
    return 1;
  if (bytes > all.memoryLimit - all.memoryUsed)
    return CUDA_ERROR_OUT_OF_MEMORY;
  *memory = all.memory->allocate(bytes);
  all.memoryUsed += bytes;
  all.allocations[*memory] = bytes;
  all.write("cuMemAlloc_v2 %zu -> 0x%llx", bytes, *memory);
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuMemFree_v2(CUdeviceptr memory) {
  std::lock_guard<std::recursive_mutex> lock(state().mutex);
  State &all = state();
  auto found = all.allocations.find(memory);
  if (found == all.allocations.end() || depth() < 1)
    return 1;
  for (Stream *stream : all.streams)
    drain(stream);
  all.memoryUsed -= found->second;
  all.memory->release(memory);
  all.allocations.erase(found);
  return all.lost;
}
/// Pageable memory: copied from at once, into what the driver keeps until the stream comes to it.
EXPORTED CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream handle) {
  BEGIN(true)
  Stream *stream = streamOf(handle);
  if (stream == nullptr || !state().memory->holds(to, bytes))
    return 1;
  state().write("cuMemcpyHtoDAsync_v2 0x%llx %zu", to, bytes);
  auto kept =
      std::make_shared<std::vector<uint8_t>>(static_cast<const uint8_t *>(from), static_cast<const uint8_t *>(from) + bytes);
  stream->queue.push_back([=] {
    state().memory->write(to, kept->data(), bytes);
    return CUDA_SUCCESS;
  });
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream handle) {
  BEGIN(true)
  Stream *stream = streamOf(handle);
  if (stream == nullptr || !state().memory->holds(from, bytes))
    return 1;
  state().write("cuMemcpyDtoHAsync_v2 0x%llx %zu", from, bytes);
  stream->queue.push_back([=] {
    state().memory->read(from, to, bytes);
    return CUDA_SUCCESS;
  });
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream handle) {
  BEGIN(true)
  Stream *stream = streamOf(handle);
  if (stream == nullptr || !state().memory->holds(from, bytes) || !state().memory->holds(to, bytes))
    return 1;
  state().write("cuMemcpyDtoDAsync_v2 0x%llx 0x%llx %zu", to, from, bytes);
  stream->queue.push_back([=] { return copyOnCard(to, from, bytes); });
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream handle) {
  BEGIN(true)
  Stream *stream = streamOf(handle);
  if (stream == nullptr || !state().memory->holds(to, bytes))
    return 1;
  state().write("cuMemsetD8Async 0x%llx %u %zu", to, value, bytes);
  stream->queue.push_back([=] { return setOnCard(to, value, bytes); });
  return CUDA_SUCCESS;
}

/// OpenCL C (what target host-opencl has in the place of PTX) is compiled by PoCL. PTX text is read and checked as ptxas would refuse it:
/// for a higher capability, or of a newer version than the driver's. A cubin of the tests' own making ("\177ELF," and not an ELF file) has
/// every function, and its launches do nothing but stand in the log.
EXPORTED CUresult cuModuleLoadDataEx(CUmodule *handle, const void *image, unsigned count, int *options, void **values) {
  BEGIN(true)
  State &all = state();
  auto module = std::make_unique<Module>();
  const char *text = static_cast<const char *>(image);
  module->isBinary = memcmp(text, "\177ELF", 4) == 0;
  if (module->isBinary && text[4] != ',') {
    all.write("cuModuleLoadDataEx -> 200: this driver runs no cubin: give the card another major capability, so that PTX is taken");
    return CUDA_ERROR_INVALID_IMAGE;
  }
  if (!module->isBinary) {
    std::string problem;
    int error = CUDA_ERROR_INVALID_PTX, major = 0, minor = 0, target = 0;
    try {
      if (Source::is(text))
        module->source = std::make_unique<Source>(text);
      else
        module->text = ptx::parse(text);
      if (!all.replacement.empty() && module->source == nullptr) {
        ptx::Module other = ptx::parse(all.replacement);
        if (module->text.kernels.count(other.kernels.begin()->first))
          module->text = other;
      }
      sscanf(module->text.version.c_str(), "%d.%d", &major, &minor);
      sscanf(module->text.target.c_str(), " sm_%d", &target);
      for (const auto &[name, kernel] : module->text.kernels)
        module->functions[name] = std::make_unique<Function>(Function{name, module.get(), std::make_unique<ptx::Program>(kernel)});
    } catch (const ptx::Error &found) {
      problem = found.what();
    }
    if (problem.empty() && (major + 4) * 1000 + minor * 10 > all.version)
      problem = "PTX is too new", error = CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
    else if (problem.empty() && target > all.capability)
      problem = "target is above the card", error = CUDA_ERROR_NO_BINARY_FOR_GPU;
    if (!problem.empty()) {
      for (unsigned i = 0; i + 1 < count; ++i)
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER && options[i + 1] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
          snprintf(static_cast<char *>(values[i]), reinterpret_cast<size_t>(values[i + 1]), "%s", problem.c_str());
      all.write("cuModuleLoadDataEx -> %d: %s", error, problem.c_str());
      return error;
    }
  }
  all.write("cuModuleLoadDataEx %s", module->isBinary ? "cubin" : module->source ? "OpenCL" : "ptx");
  all.modules.insert(module.get());
  *handle = reinterpret_cast<CUmodule>(module.release());
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuModuleUnload(CUmodule handle) {
  std::lock_guard<std::recursive_mutex> lock(state().mutex);
  auto *module = reinterpret_cast<Module *>(handle);
  if (state().modules.erase(module) == 0)
    return 400;
  delete module;
  return state().lost;
}
EXPORTED CUresult cuModuleGetFunction(CUfunction *handle, CUmodule from, const char *name) {
  BEGIN(true)
  auto *module = reinterpret_cast<Module *>(from);
  auto found = module->functions.find(name);
  if (found == module->functions.end() && (module->isBinary || (module->source && module->source->has(name))))
    found = module->functions.emplace(name, std::make_unique<Function>(Function{name, module, nullptr})).first;
  if (found == module->functions.end())
    return 500;
  *handle = reinterpret_cast<CUfunction>(found->second.get());
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuFuncSetAttribute(CUfunction handle, int attribute, int value) {
  BEGIN(true)
  auto *function = reinterpret_cast<Function *>(handle);
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || static_cast<uint32_t>(value) > state().sharedLimit)
    return 1;
  function->shared = static_cast<uint32_t>(value);
  state().write("cuFuncSetAttribute %s %d", function->name.c_str(), value);
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuLaunchKernel(CUfunction handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                 unsigned shared, CUstream streamHandle, void **parameters, void **) {
  BEGIN(true)
  auto *function = reinterpret_cast<Function *>(handle);
  Stream *stream = streamOf(streamHandle);
  ptx::Launch launch;
  if (stream == nullptr)
    return 400;
  if (CUresult error = prepare(function, gx, gy, gz, bx, by, bz, shared, parameters, launch))
    return error;
  state().write("cuLaunchKernel %s", describe(function, launch).c_str());
  stream->queue.push_back([=] { return runKernel(function, launch); });
  return CUDA_SUCCESS;
}

EXPORTED CUresult cuStreamCreate(CUstream *handle, unsigned flags) {
  BEGIN(true)
  auto *stream = new Stream;
  state().streams.insert(stream);
  state().write("cuStreamCreate %u", flags);
  *handle = reinterpret_cast<CUstream>(stream);
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuStreamDestroy_v2(CUstream handle) {
  std::lock_guard<std::recursive_mutex> lock(state().mutex);
  Stream *stream = streamOf(handle);
  if (stream == nullptr)
    return 400;
  drain(stream);
  state().streams.erase(stream);
  delete stream;
  return state().lost;
}
EXPORTED CUresult cuStreamSynchronize(CUstream handle) {
  BEGIN(true)
  Stream *stream = streamOf(handle);
  if (stream == nullptr)
    return 400;
  state().write("cuStreamSynchronize");
  return drain(stream);
}

EXPORTED CUresult cuEventCreate(CUevent *handle, unsigned) {
  BEGIN(true)
  auto *event = new Event;
  state().events.insert(event);
  *handle = reinterpret_cast<CUevent>(event);
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuEventDestroy_v2(CUevent handle) {
  std::lock_guard<std::recursive_mutex> lock(state().mutex);
  auto *event = reinterpret_cast<Event *>(handle);
  if (state().events.erase(event) == 0)
    return 400;
  delete event;
  return state().lost;
}
EXPORTED CUresult cuEventRecord(CUevent handle, CUstream streamHandle) {
  BEGIN(true)
  auto *event = reinterpret_cast<Event *>(handle);
  event->stream = streamOf(streamHandle);
  if (event->stream == nullptr)
    return 400;
  event->recorded = true, event->passed = false;
  event->stream->queue.push_back([=] {
    event->instructions = state().statistics.instructions;
    event->passed = true;
    return CUDA_SUCCESS;
  });
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuEventSynchronize(CUevent handle) {
  BEGIN(true)
  auto *event = reinterpret_cast<Event *>(handle);
  return event->recorded ? drain(event->stream) : CUDA_SUCCESS;
}
/// A millisecond for each thousand instructions of threads.
EXPORTED CUresult cuEventElapsedTime(float *milliseconds, CUevent from, CUevent to) {
  BEGIN(true)
  auto *first = reinterpret_cast<Event *>(from), *last = reinterpret_cast<Event *>(to);
  if (!first->passed || !last->passed)
    return 600;
  *milliseconds = static_cast<float>(last->instructions - first->instructions) / 1000;
  return CUDA_SUCCESS;
}
