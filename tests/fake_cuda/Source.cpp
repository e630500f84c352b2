#include "Source.h"
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <algorithm>
#include <cstring>
#include <sstream>

namespace fake {
namespace {
constexpr uint64_t guard = 4096, alignment = 256;
constexpr uint8_t poison = 0xff; ///< all bits: NaN in every float

void check(cl_int error, const char *what) {
  if (error != CL_SUCCESS)
    throw ptx::Error(std::string("OpenCL: ") + what + ": error " + std::to_string(error));
}

struct Device {
  cl_device_id id = nullptr;
  cl_context context = nullptr;
  cl_command_queue queue = nullptr;
  Device() {
    cl_uint count = 0;
    cl_int error = clGetPlatformIDs(0, nullptr, &count);
    std::vector<cl_platform_id> platforms(count);
    if (error != CL_SUCCESS || count == 0)
      throw ptx::Error("OpenCL: no platform: expected PoCL (Debian's pocl-opencl-icd)");
    clGetPlatformIDs(count, platforms.data(), nullptr);
    for (cl_platform_id platform : platforms)
      if (id == nullptr && clGetDeviceIDs(platform, CL_DEVICE_TYPE_CPU, 1, &id, nullptr) != CL_SUCCESS)
        id = nullptr;
    if (id == nullptr)
      throw ptx::Error("OpenCL: no processor among its devices: expected PoCL's");
    context = clCreateContext(nullptr, 1, &id, nullptr, nullptr, &error);
    check(error, "clCreateContext");
    queue = clCreateCommandQueue(context, id, 0, &error);
    check(error, "clCreateCommandQueue");
  }
};
Device &device() {
  static auto *made = new Device; // never destroyed: contexts may end after main has
  return *made;
}

/// Arguments that overlap on the card share one copy: bytes from `begin` to `end`, between guard zones.
struct Region {
  uint64_t begin, end;
  bool isRead, isWritten;
  std::vector<uint8_t> bytes, before;
  uint8_t *at(uint64_t address) { return first + (address - begin); }
  void fill(const ptx::Memory &memory, bool poisoned) {
    bytes.assign(end - begin + 2 * guard + alignment, poison);
    auto place = reinterpret_cast<uintptr_t>(bytes.data()) + guard;
    first = bytes.data() + guard + (begin - place) % alignment; // as aligned as on the card, and no more
    if (!poisoned)
      memory.read(begin, first, end - begin);
    before = bytes;
  }
  uint8_t *first = nullptr;
};

bool meets(const Cleared &cleared, const Region &region) {
  return std::any_of(cleared.begin(), cleared.end(),
                     [&](auto range) { return range.first < region.end && region.begin < range.second; });
}
} // namespace

struct Source::Compiled {
  cl_program program = nullptr;
  std::string names; ///< of its kernels, between semicolons
  ~Compiled() {
    if (program)
      clReleaseProgram(program);
  }
};

bool Source::is(const char *text) { return strncmp(text, "// ", 3) == 0 && strstr(text, "/*OpenCL C") != nullptr; }

Source::Source(const std::string &text) : compiled(std::make_unique<Compiled>()) {
  std::istringstream first(text.substr(2, text.find('\n') - 2));
  Operand operand = {};
  for (std::string kind; first >> operand.bytes >> kind;) {
    operand.isWritten = kind == "w";
    operands.push_back(operand);
  }
  const char *string = text.c_str();
  cl_int error = CL_SUCCESS;
  compiled->program = clCreateProgramWithSource(device().context, 1, &string, nullptr, &error);
  check(error, "clCreateProgramWithSource");
  if (clBuildProgram(compiled->program, 1, &device().id, "", nullptr, nullptr) != CL_SUCCESS) {
    std::string log(4096, ' ');
    clGetProgramBuildInfo(compiled->program, device().id, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), nullptr);
    throw ptx::Error("OpenCL: " + std::string(log.c_str()));
  }
  size_t length = 0;
  check(clGetProgramInfo(compiled->program, CL_PROGRAM_KERNEL_NAMES, 0, nullptr, &length), "clGetProgramInfo");
  std::string names(length, ' ');
  check(clGetProgramInfo(compiled->program, CL_PROGRAM_KERNEL_NAMES, length, names.data(), nullptr), "clGetProgramInfo");
  compiled->names = ";" + std::string(names.c_str()) + ";";
}

Source::~Source() = default;

bool Source::has(const std::string &entry) const { return compiled->names.find(";" + entry + ";") != std::string::npos; }

void Source::run(const std::string &entry, const ptx::Launch &launch, ptx::Memory &memory, Cleared &cleared) const {
  std::vector<uint64_t> addresses(operands.size());
  memcpy(addresses.data(), launch.parameters.data(), launch.parameters.size());
  std::vector<Region> regions;
  std::vector<size_t> order(operands.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return addresses[a] < addresses[b]; });
  for (size_t i : order) {
    uint64_t begin = addresses[i], end = begin + operands[i].bytes;
    if (!memory.holds(begin, operands[i].bytes))
      throw ptx::Trap("out of bounds: argument " + std::to_string(i) + " of kernel " + entry);
    if (regions.empty() || begin >= regions.back().end)
      regions.push_back({begin, end, false, false, {}, {}});
    Region &region = regions.back();
    region.end = std::max(region.end, end);
    region.isRead |= !operands[i].isWritten;
    region.isWritten |= operands[i].isWritten;
  }
  for (Region &region : regions)
    region.fill(memory, !region.isRead && !meets(cleared, region));

  cl_int error = CL_SUCCESS;
  cl_kernel kernel = clCreateKernel(compiled->program, entry.c_str(), &error);
  check(error, "clCreateKernel");
  std::vector<cl_mem> buffers;
  for (size_t i = 0; i < operands.size(); ++i) {
    auto region = std::find_if(regions.begin(), regions.end(), [&](const Region &r) { return addresses[i] < r.end; });
    cl_mem buffer = clCreateBuffer(device().context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR,
                                   std::max<uint64_t>(operands[i].bytes, 1), region->at(addresses[i]), &error);
    check(error, "clCreateBuffer");
    buffers.push_back(buffer);
    check(clSetKernelArg(kernel, static_cast<cl_uint>(i), sizeof(cl_mem), &buffer), "clSetKernelArg");
  }
  check(clSetKernelArg(kernel, static_cast<cl_uint>(operands.size()), std::max(launch.shared, 64u), nullptr), "clSetKernelArg");
  const size_t block[] = {launch.block.x, launch.block.y, launch.block.z};
  const size_t all[] = {block[0] * launch.grid.x, block[1] * launch.grid.y, block[2] * launch.grid.z};
  check(clEnqueueNDRangeKernel(device().queue, kernel, 3, nullptr, all, block, 0, nullptr, nullptr), "clEnqueueNDRangeKernel");
  check(clFinish(device().queue), "clFinish");
  for (cl_mem buffer : buffers)
    clReleaseMemObject(buffer);
  clReleaseKernel(kernel);

  for (Region &region : regions) {
    uint64_t size = region.end - region.begin;
    uint8_t *start = region.bytes.data(), *stop = start + region.bytes.size();
    const uint8_t *old = region.before.data();
    if (!region.isWritten && region.bytes != region.before)
      throw ptx::Trap("guard: kernel " + entry + " wrote to what it only reads");
    if (!std::equal(start, region.first, old) || !std::equal(region.first + size, stop, old + (region.first + size - start)))
      throw ptx::Trap("guard: kernel " + entry + " wrote outside of its arguments");
    if (region.isWritten)
      memory.write(region.begin, region.first, size);
    for (auto range = cleared.begin(); range != cleared.end();)
      range = range->first < region.end && region.begin < range->second ? cleared.erase(range) : std::next(range);
  }
}

} // namespace fake
