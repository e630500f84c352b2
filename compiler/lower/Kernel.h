//===- Kernel.h - one kiln.kernel becomes one object -----------------------------------------------------------------===//
//
// In: a kernel (logical body, stored layouts on its signature, perhaps a schedule) and a target. Out: its Nest, or object code with one
// symbol `int NAME(void *user_context, halide_buffer_t *operands..., halide_buffer_t *results...)`. Throws
// std::runtime_error. An object is deterministic only in a process that has compiled no other kernel (Halide's name counters).
//
//===------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_LOWER_KERNEL_H
#define KILN_LOWER_KERNEL_H
#include "compiler/dialect/Kiln.h"
#include "compiler/schedule/Space.h"

namespace kiln::lower {

struct KernelTarget {
  std::string halide; ///< e.g. x86-64-linux-sse41-avx-f16c-fma-avx2; the runtime features are added here
  schedule::Machine machine;
  bool asserts = false; ///< the checking build: bounds and alignment asserted (tests, tuning)
};

struct KernelObject {
  std::string object; ///< ELF bytes
  std::string assembly; ///< only when asked for
  std::string schedule; ///< the one used
  int64_t scratch = 0; ///< bytes of halide_malloc per worker, at most
};

/// What a kernel is made for: a processor with vectors and caches, or a device with blocks of threads.
enum class Side { Host, Device };

/// What a device runs: the code, and how it is launched.
struct DeviceCode {
  std::string ptx, entry, schedule;
  int64_t grid[3], block[3], shared;
  std::vector<int> arguments; ///< the kernel's operands, results after them, whose addresses are handed over
};

/// The loops of a kernel, for choosing a schedule. Without a side: the one that the kernel's schedule is for.
schedule::Nest nestOf(KernelOp kernel);
schedule::Nest nestOf(KernelOp kernel, Side side);
/// The schedule that the kernel carries is for a device.
bool isForDevice(KernelOp kernel);
/// How the operands of a kernel, then its results, stand in a device's memory, wherever it is launched.
struct Placement {
  std::vector<int64_t> aligned; ///< they begin at multiples of so many bytes
  bool overwrites = false; ///< somewhere a result stands where an operand does
};

/// In the place of a compute capability: OpenCL C, by which tests run a device's schedules on a processor.
constexpr int openCL = 0;
/// " 4096 r 128 w": the bytes of each argument, and whether the kernel reads or writes it. A comment in what ships, by which the tests know
/// what a launch may touch.
std::string argumentsText(const DeviceCode &code, KernelOp kernel);
/// A kernel with a schedule for a device, as PTX for this compute capability (80: sm_80).
DeviceCode compileForDevice(KernelOp kernel, int capability, const Placement &placement);
KernelObject compileKernel(KernelOp kernel, const KernelTarget &target, bool withAssembly = false);
} // namespace kiln::lower
#endif
