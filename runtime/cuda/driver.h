/* driver.h: the part of the CUDA driver's interface that the runtime uses, declared here so that no toolkit is needed to build, and
 * found in libcuda.so.1 when a context is made. The names are those that the library exports: `_v2` is part of them.
 *
 * Only calls of CUDA 11.4 and before, with their first argument structs, which every later driver keeps. tests/gpu/test_declared.py holds
 * all of it against NVIDIA's header.
 */
#ifndef KILN_CUDA_DRIVER_H
#define KILN_CUDA_DRIVER_H
#include "kiln/kiln.h"

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphNode_st *CUgraphNode;
typedef struct CUgraphExec_st *CUgraphExec;
typedef struct CUarray_st *CUarray;

enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NO_DEVICE = 100,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_NO_BINARY_FOR_GPU = 209,
  CUDA_ERROR_INVALID_PTX = 218,
  CUDA_ERROR_JIT_COMPILER_NOT_FOUND = 221,
  CUDA_ERROR_UNSUPPORTED_PTX_VERSION = 222,
  CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE = 910,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8,
  CU_JIT_ERROR_LOG_BUFFER = 5,
  CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES = 6,
  CU_MEMORYTYPE_DEVICE = 2,
  CU_STREAM_NON_BLOCKING = 1
};

typedef struct CUDA_KERNEL_NODE_PARAMS {
  CUfunction func;
  unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes;
  void **kernelParams;
  void **extra;
} CUDA_KERNEL_NODE_PARAMS;

typedef struct CUDA_MEMSET_NODE_PARAMS {
  CUdeviceptr dst;
  size_t pitch;
  unsigned value, elementSize;
  size_t width, height;
} CUDA_MEMSET_NODE_PARAMS;

typedef struct CUDA_MEMCPY3D {
  size_t srcXInBytes, srcY, srcZ, srcLOD;
  int srcMemoryType;
  const void *srcHost;
  CUdeviceptr srcDevice;
  CUarray srcArray;
  void *reserved0;
  size_t srcPitch, srcHeight;
  size_t dstXInBytes, dstY, dstZ, dstLOD;
  int dstMemoryType;
  void *dstHost;
  CUdeviceptr dstDevice;
  CUarray dstArray;
  void *reserved1;
  size_t dstPitch, dstHeight;
  size_t WidthInBytes, Height, Depth;
} CUDA_MEMCPY3D;

/* X(field, exported name, arguments) */
#define KILN_DRIVER_CALLS(X)                                                                                                       \
  X(init, cuInit, (unsigned flags))                                                                                                \
  X(driver_version, cuDriverGetVersion, (int *version))                                                                            \
  X(error_name, cuGetErrorName, (CUresult error, const char **text))                                                               \
  X(error_string, cuGetErrorString, (CUresult error, const char **text))                                                           \
  X(device_count, cuDeviceGetCount, (int *count))                                                                                  \
  X(device_get, cuDeviceGet, (CUdevice * device, int ordinal))                                                                     \
  X(device_name, cuDeviceGetName, (char *name, int length, CUdevice device))                                                       \
  X(device_attribute, cuDeviceGetAttribute, (int *value, int attribute, CUdevice device))                                          \
  X(context_retain, cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device))                                              \
  X(context_release, cuDevicePrimaryCtxRelease_v2, (CUdevice device))                                                              \
  X(context_push, cuCtxPushCurrent_v2, (CUcontext context))                                                                        \
  X(context_pop, cuCtxPopCurrent_v2, (CUcontext * context))                                                                        \
  X(stream_create, cuStreamCreate, (CUstream * stream, unsigned flags))                                                            \
  X(stream_destroy, cuStreamDestroy_v2, (CUstream stream))                                                                         \
  X(stream_synchronize, cuStreamSynchronize, (CUstream stream))                                                                    \
  X(event_create, cuEventCreate, (CUevent * event, unsigned flags))                                                                \
  X(event_destroy, cuEventDestroy_v2, (CUevent event))                                                                             \
  X(event_record, cuEventRecord, (CUevent event, CUstream stream))                                                                 \
  X(event_synchronize, cuEventSynchronize, (CUevent event))                                                                        \
  X(event_elapsed, cuEventElapsedTime, (float *milliseconds, CUevent start, CUevent end))                                          \
  X(memory_allocate, cuMemAlloc_v2, (CUdeviceptr * memory, size_t bytes))                                                          \
  X(memory_free, cuMemFree_v2, (CUdeviceptr memory))                                                                               \
  X(copy_to_device, cuMemcpyHtoDAsync_v2, (CUdeviceptr to, const void *from, size_t bytes, CUstream stream))                       \
  X(copy_to_host, cuMemcpyDtoHAsync_v2, (void *to, CUdeviceptr from, size_t bytes, CUstream stream))                               \
  X(copy_on_device, cuMemcpyDtoDAsync_v2, (CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream))                       \
  X(set_bytes, cuMemsetD8Async, (CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream))                              \
  X(module_load, cuModuleLoadDataEx, (CUmodule * module, const void *image, unsigned count, int *options, void **values))          \
  X(module_unload, cuModuleUnload, (CUmodule module))                                                                              \
  X(module_function, cuModuleGetFunction, (CUfunction * function, CUmodule module, const char *name))                              \
  X(function_set, cuFuncSetAttribute, (CUfunction function, int attribute, int value))                                             \
  X(launch, cuLaunchKernel,                                                                                                        \
    (CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z, \
     unsigned shared, CUstream stream, void **parameters, void **extra))                                                           \
  X(graph_create, cuGraphCreate, (CUgraph * graph, unsigned flags))                                                                \
  X(graph_destroy, cuGraphDestroy, (CUgraph graph))                                                                                \
  X(graph_add_kernel, cuGraphAddKernelNode,                                                                                        \
    (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_KERNEL_NODE_PARAMS *parameters))        \
  X(graph_add_set, cuGraphAddMemsetNode,                                                                                           \
    (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_MEMSET_NODE_PARAMS *parameters,         \
     CUcontext context))                                                                                                           \
  X(graph_add_copy, cuGraphAddMemcpyNode,                                                                                          \
    (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_MEMCPY3D *parameters,                   \
     CUcontext context))                                                                                                           \
  X(graph_instantiate, cuGraphInstantiateWithFlags, (CUgraphExec * executable, CUgraph graph, unsigned long long flags))           \
  X(graph_upload, cuGraphUpload, (CUgraphExec executable, CUstream stream))                                                        \
  X(graph_launch, cuGraphLaunch, (CUgraphExec executable, CUstream stream))                                                        \
  X(graph_executable_destroy, cuGraphExecDestroy, (CUgraphExec executable))                                                        \
  X(graph_set_kernel, cuGraphExecKernelNodeSetParams,                                                                              \
    (CUgraphExec executable, CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *parameters))                                         \
  X(graph_set_set, cuGraphExecMemsetNodeSetParams,                                                                                 \
    (CUgraphExec executable, CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *parameters, CUcontext context))                      \
  X(graph_set_copy, cuGraphExecMemcpyNodeSetParams,                                                                                \
    (CUgraphExec executable, CUgraphNode node, const CUDA_MEMCPY3D *parameters, CUcontext context))

typedef struct kiln_driver {
  void *library;
  int version; /* 12040: CUDA 12.4 */
#define KILN_DRIVER_FIELD(field, name, arguments) CUresult(*field) arguments;
  KILN_DRIVER_CALLS(KILN_DRIVER_FIELD)
#undef KILN_DRIVER_FIELD
} kiln_driver;

/* Opens KILN_CUDA_DRIVER (environment) or libcuda.so.1, finds its calls and starts it. KILN_NO_DEVICE says what is missing. */
kiln_status kiln_open_driver(kiln_context *context, kiln_driver *driver);
void kiln_close_driver(kiln_driver *driver);

/* "CUDA_ERROR_OUT_OF_MEMORY (out of memory)", for messages. */
#define KILN_DRIVER_ERROR 160
const char *kiln_driver_error(const kiln_driver *driver, CUresult error, char text[KILN_DRIVER_ERROR]);

#endif
