//===- Graphs.cpp - the driver's calls: graphs -----------------------------------------------------------------------===//
#include "State.h"

using namespace fake;

namespace {
CUresult setKernel(Node &node, const CUDA_KERNEL_NODE_PARAMS &given) {
  node.function = reinterpret_cast<Function *>(given.func);
  return prepare(node.function, given.gridDimX, given.gridDimY, given.gridDimZ, given.blockDimX, given.blockDimY, given.blockDimZ,
                 given.sharedMemBytes, given.kernelParams, node.launch);
}
CUresult setSet(Node &node, const CUDA_MEMSET_NODE_PARAMS &given) {
  unsigned element = given.elementSize;
  if ((element != 1 && element != 2 && element != 4) || given.dst % element || given.value != 0)
    return 1; // of other values this driver would have to know the bytes
  if (given.height != 1 || given.width == 0 || !state().memory->holds(given.dst, given.width * element))
    return 1;
  node.set = given;
  return CUDA_SUCCESS;
}
CUresult setCopy(Node &node, const CUDA_MEMCPY3D &given) {
  if (given.srcMemoryType != CU_MEMORYTYPE_DEVICE || given.dstMemoryType != CU_MEMORYTYPE_DEVICE || given.Height != 1 ||
      given.Depth != 1 || given.WidthInBytes == 0 || given.srcPitch < given.WidthInBytes || given.dstPitch < given.WidthInBytes ||
      given.srcHeight < 1 || given.dstHeight < 1 || !state().memory->holds(given.srcDevice, given.WidthInBytes) ||
      !state().memory->holds(given.dstDevice, given.WidthInBytes))
    return 1;
  node.copy = given;
  return CUDA_SUCCESS;
}

CUresult add(CUgraphNode *handle, CUgraph graphHandle, const CUgraphNode *after, size_t count, std::unique_ptr<Node> node) {
  auto *graph = reinterpret_cast<Graph *>(graphHandle);
  if (state().graphs.count(graph) == 0)
    return 400;
  for (size_t i = 0; i < count; ++i) {
    size_t place = 0;
    while (place < graph->nodes.size() && graph->nodes[place].get() != reinterpret_cast<Node *>(after[i]))
      ++place;
    if (place == graph->nodes.size())
      return 400;
    node->after.push_back(place);
  }
  *handle = reinterpret_cast<CUgraphNode>(node.get());
  graph->nodes.push_back(std::move(node));
  return CUDA_SUCCESS;
}

Node *find(CUgraphExec handle, CUgraphNode origin) {
  auto *executable = reinterpret_cast<Executable *>(handle);
  if (state().executables.count(executable) == 0)
    return nullptr;
  for (size_t i = 0; i < executable->origins.size(); ++i)
    if (executable->origins[i] == reinterpret_cast<const Node *>(origin))
      return &executable->nodes[i];
  return nullptr;
}

CUresult runNode(const Node &node) {
  switch (node.kind) {
  case Node::Kernel:
    return runKernel(node.function, node.launch);
  case Node::Set:
    return setOnCard(node.set.dst, static_cast<unsigned char>(node.set.value), node.set.width * node.set.elementSize);
  case Node::Copy:
    return copyOnCard(node.copy.dstDevice, node.copy.srcDevice, node.copy.WidthInBytes);
  }
  return 1;
}

/// In the order that forgets most: of the nodes that may run, the one that was added last.
CUresult runNodes(const std::vector<Node> &nodes) {
  std::vector<bool> done(nodes.size());
  for (size_t ran = 0; ran < nodes.size(); ++ran)
    for (size_t i = nodes.size(); i-- > 0;) {
      bool ready = !done[i];
      for (size_t before : nodes[i].after)
        ready &= done[before];
      if (!ready)
        continue;
      if (CUresult error = runNode(nodes[i]))
        return error;
      done[i] = true;
      break;
    }
  return CUDA_SUCCESS;
}
} // namespace

EXPORTED CUresult cuGraphCreate(CUgraph *handle, unsigned) {
  BEGIN(true)
  auto *graph = new Graph;
  state().graphs.insert(graph);
  *handle = reinterpret_cast<CUgraph>(graph);
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuGraphDestroy(CUgraph handle) {
  std::lock_guard<std::recursive_mutex> lock(state().mutex);
  auto *graph = reinterpret_cast<Graph *>(handle);
  if (state().graphs.erase(graph) == 0)
    return 400;
  delete graph;
  return state().lost;
}
EXPORTED CUresult cuGraphAddKernelNode(CUgraphNode *handle, CUgraph graph, const CUgraphNode *after, size_t count,
                                       const CUDA_KERNEL_NODE_PARAMS *given) {
  BEGIN(true)
  auto node = std::make_unique<Node>();
  node->kind = Node::Kernel;
  if (CUresult error = setKernel(*node, *given))
    return error;
  state().write("cuGraphAddKernelNode %s", describe(node->function, node->launch).c_str());
  return add(handle, graph, after, count, std::move(node));
}
EXPORTED CUresult cuGraphAddMemsetNode(CUgraphNode *handle, CUgraph graph, const CUgraphNode *after, size_t count,
                                       const CUDA_MEMSET_NODE_PARAMS *given, CUcontext) {
  BEGIN(true)
  auto node = std::make_unique<Node>();
  node->kind = Node::Set;
  if (CUresult error = setSet(*node, *given))
    return error;
  state().write("cuGraphAddMemsetNode 0x%llx %u %zu", given->dst, given->value, given->width * given->elementSize);
  return add(handle, graph, after, count, std::move(node));
}
EXPORTED CUresult cuGraphAddMemcpyNode(CUgraphNode *handle, CUgraph graph, const CUgraphNode *after, size_t count,
                                       const CUDA_MEMCPY3D *given, CUcontext) {
  BEGIN(true)
  auto node = std::make_unique<Node>();
  node->kind = Node::Copy;
  if (CUresult error = setCopy(*node, *given))
    return error;
  state().write("cuGraphAddMemcpyNode 0x%llx 0x%llx %zu", given->dstDevice, given->srcDevice, given->WidthInBytes);
  return add(handle, graph, after, count, std::move(node));
}
EXPORTED CUresult cuGraphInstantiateWithFlags(CUgraphExec *handle, CUgraph graphHandle, unsigned long long) {
  BEGIN(true)
  auto *graph = reinterpret_cast<Graph *>(graphHandle);
  if (state().graphs.count(graph) == 0)
    return 400;
  auto *executable = new Executable;
  for (const std::unique_ptr<Node> &node : graph->nodes) {
    executable->nodes.push_back(*node);
    executable->origins.push_back(node.get());
  }
  state().executables.insert(executable);
  state().write("cuGraphInstantiateWithFlags %zu nodes", graph->nodes.size());
  *handle = reinterpret_cast<CUgraphExec>(executable);
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuGraphUpload(CUgraphExec handle, CUstream streamHandle) {
  BEGIN(true)
  auto *executable = reinterpret_cast<Executable *>(handle);
  auto *stream = reinterpret_cast<Stream *>(streamHandle);
  return state().executables.count(executable) && state().streams.count(stream) ? CUDA_SUCCESS : 400;
}
EXPORTED CUresult cuGraphExecDestroy(CUgraphExec handle) {
  std::lock_guard<std::recursive_mutex> lock(state().mutex);
  auto *executable = reinterpret_cast<Executable *>(handle);
  if (state().executables.erase(executable) == 0)
    return 400;
  delete executable;
  return state().lost;
}
EXPORTED CUresult cuGraphLaunch(CUgraphExec handle, CUstream streamHandle) {
  BEGIN(true)
  auto *executable = reinterpret_cast<Executable *>(handle);
  auto *stream = reinterpret_cast<Stream *>(streamHandle);
  if (state().executables.count(executable) == 0 || state().streams.count(stream) == 0)
    return 400;
  state().write("cuGraphLaunch %zu nodes", executable->nodes.size());
  std::vector<Node> nodes = executable->nodes; // as they are when it is launched
  stream->queue.push_back([nodes] { return runNodes(nodes); });
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuGraphExecKernelNodeSetParams(CUgraphExec executable, CUgraphNode origin, const CUDA_KERNEL_NODE_PARAMS *given) {
  BEGIN(true)
  Node *node = find(executable, origin);
  if (node == nullptr || node->kind != Node::Kernel)
    return 400;
  if (CUresult error = setKernel(*node, *given))
    return error;
  state().write("cuGraphExecKernelNodeSetParams %s", describe(node->function, node->launch).c_str());
  return CUDA_SUCCESS;
}
EXPORTED CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec executable, CUgraphNode origin, const CUDA_MEMSET_NODE_PARAMS *given,
                                                 CUcontext) {
  BEGIN(true)
  Node *node = find(executable, origin);
  if (node == nullptr || node->kind != Node::Set)
    return 400;
  state().write("cuGraphExecMemsetNodeSetParams 0x%llx %zu", given->dst, given->width * given->elementSize);
  return setSet(*node, *given);
}
EXPORTED CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec executable, CUgraphNode origin, const CUDA_MEMCPY3D *given,
                                                 CUcontext) {
  BEGIN(true)
  Node *node = find(executable, origin);
  if (node == nullptr || node->kind != Node::Copy)
    return 400;
  state().write("cuGraphExecMemcpyNodeSetParams 0x%llx 0x%llx %zu", given->dstDevice, given->srcDevice, given->WidthInBytes);
  return setCopy(*node, *given);
}
