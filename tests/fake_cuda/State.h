//===- State.h - what the fake driver knows ------------------------------------------------------------------------===//
#ifndef KILN_TESTS_FAKE_CUDA_STATE_H
#define KILN_TESTS_FAKE_CUDA_STATE_H
#include "Source.h"
#include "runtime/cuda/driver.h" // its declarations of the driver's types: the same ABI, checked by running against it
#include "tests/ptx/Block.h"
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

namespace fake {

struct Module {
  ptx::Module text;
  bool isBinary = false;
  std::unique_ptr<Source> source; ///< of OpenCL C in the place of PTX
  std::map<std::string, std::unique_ptr<struct Function>> functions;
};
struct Function {
  std::string name;
  Module *module;
  std::unique_ptr<ptx::Program> program; ///< of PTX alone
  uint32_t shared = 48 << 10; ///< what a launch may ask for
};
using Work = std::function<CUresult()>;
struct Stream {
  std::vector<Work> queue;
};
struct Event {
  Stream *stream = nullptr;
  uint64_t instructions = 0; ///< the card's clock
  bool recorded = false, passed = false;
};
struct Node {
  enum Kind { Kernel, Set, Copy } kind;
  std::vector<size_t> after;
  ptx::Launch launch;
  Function *function = nullptr;
  CUDA_MEMSET_NODE_PARAMS set = {};
  CUDA_MEMCPY3D copy = {};
};
struct Graph {
  std::vector<std::unique_ptr<Node>> nodes;
};
struct Executable {
  std::vector<Node> nodes;
  std::vector<const Node *> origins; ///< the graph's nodes, by which they are named
};

/// Everything; one call at a time.
struct State {
  std::recursive_mutex mutex;
  int cards = 1, capability = 80, version = 12040;
  uint64_t memoryLimit = uint64_t(8) << 30, memoryUsed = 0;
  uint32_t sharedLimit = 164 << 10;
  bool initialised = false;
  std::map<std::string, std::map<int, int>> failures; ///< call -> which one -> error
  std::map<std::string, int> calls;
  std::string log, trap, replacement;
  FILE *record = nullptr; ///< the log as a file
  CUresult lost = CUDA_SUCCESS;
  int retained = 0;
  std::unique_ptr<ptx::Memory> memory;
  std::map<uint64_t, uint64_t> allocations;
  std::set<Module *> modules;
  std::set<Stream *> streams;
  std::set<Event *> events;
  std::set<Graph *> graphs;
  std::set<Executable *> executables;
  Cleared cleared;
  ptx::Epochs epochs;
  ptx::Statistics statistics;
  void reset();
  void write(const char *format, ...) __attribute__((format(printf, 2, 3)));
};
State &state();

/// The error that the environment wants of this call, or that of a lost card, or CUDA_SUCCESS.
CUresult begin(const char *call, bool needsContext = true);
int &depth(); ///< of this thread's stack of contexts

CUresult runKernel(Function *function, const ptx::Launch &launch);
CUresult drain(Stream *stream);
CUresult prepare(Function *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                 void **parameters, ptx::Launch &launch);
std::string describe(const Function *function, const ptx::Launch &launch);
CUresult copyOnCard(CUdeviceptr to, CUdeviceptr from, size_t bytes);
CUresult setOnCard(CUdeviceptr to, unsigned char value, size_t bytes);

/// Holds the state for one call; `error` is what the call is to answer at once, if anything.
struct Call {
  Call(const char *name, bool needsContext) : lock(state().mutex), error(begin(name, needsContext)) {}
  std::lock_guard<std::recursive_mutex> lock;
  CUresult error;
};

} // namespace fake

#define BEGIN(needsContext)                                                                                                        \
  fake::Call call(__func__, needsContext);                                                                                         \
  if (call.error)                                                                                                                  \
    return call.error;
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif
