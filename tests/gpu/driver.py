"""The CUDA driver through ctypes, the fake one unless KILN_CUDA_DRIVER names another: memory, modules, launches."""
import ctypes
import os

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAKE = os.path.join(os.environ.get("KILN_BUILD", os.path.join(ROOT, "build")), "lib", "libkiln_fake_cuda.so")
PATH = os.environ.get("KILN_CUDA_DRIVER", FAKE)
SIZE, POINTER = ctypes.c_size_t, ctypes.c_void_p
NUMBERS = {"CU_STREAM_NON_BLOCKING": 1, "CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT": 16,
           "CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR": 75, "CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR": 76, "CU_JIT_ERROR_LOG_BUFFER": 5,
           "CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES": 6, "CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES": 8}


class DriverError(Exception):
    """What a call answered; with the interpreter's words where it stopped a kernel."""


class Card:
    def __init__(self, number=0):
        self.library = ctypes.CDLL(PATH)
        self.fake = hasattr(self.library, "kiln_fake_reset")
        if self.fake:
            for name in ("log", "trap", "statistics"):
                getattr(self.library, f"kiln_fake_{name}").restype = ctypes.c_char_p
            self.library.kiln_fake_reset()
        self.memory, self.modules = [], []
        context, self.device, self.stream = POINTER(), ctypes.c_int(), POINTER()
        self.call("cuInit", 0)
        self.call("cuDeviceGet", ctypes.byref(self.device), number)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), self.device)
        self.call("cuCtxPushCurrent_v2", context)
        self.call("cuStreamCreate", ctypes.byref(self.stream), NUMBERS["CU_STREAM_NON_BLOCKING"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for memory in self.memory:
            self.library.cuMemFree_v2(POINTER(memory))
        for module in self.modules:
            self.library.cuModuleUnload(module)
        self.library.cuStreamDestroy_v2(self.stream)
        self.library.cuCtxPopCurrent_v2(ctypes.byref(POINTER()))
        self.library.cuDevicePrimaryCtxRelease_v2(self.device)
        if self.fake:
            assert self.library.kiln_fake_live() == 0

    def call(self, name, *arguments):
        error = getattr(self.library, name)(*arguments)
        if error:
            trap = self.library.kiln_fake_trap().decode() if self.fake else ""
            raise DriverError(trap or f"{name}: error {error}")

    def allocate(self, size):
        """Memory that holds nothing yet."""
        address = POINTER()
        self.call("cuMemAlloc_v2", ctypes.byref(address), SIZE(max(size, 1)))
        self.memory.append(address.value)
        return address.value

    def put(self, array):
        array = np.ascontiguousarray(array)
        address = self.allocate(array.nbytes)
        self.call("cuMemcpyHtoDAsync_v2", POINTER(address), array.ctypes.data_as(POINTER), SIZE(array.nbytes), self.stream)
        return address

    def get(self, address, shape, dtype):
        array = np.empty(shape, dtype)
        self.call("cuMemcpyDtoHAsync_v2", array.ctypes.data_as(POINTER), POINTER(address), SIZE(array.nbytes), self.stream)
        self.wait()
        return array

    def wait(self):
        self.call("cuStreamSynchronize", self.stream)

    def fill(self, address, size, byte=0):
        self.call("cuMemsetD8Async", POINTER(address), ctypes.c_ubyte(byte), SIZE(size), self.stream)

    def attribute(self, name):
        value = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(value), NUMBERS[f"CU_DEVICE_ATTRIBUTE_{name}"], self.device)
        return value.value

    def processors(self):
        return self.attribute("MULTIPROCESSOR_COUNT")

    def about(self):
        name, version = ctypes.create_string_buffer(128), ctypes.c_int()
        self.call("cuDeviceGetName", name, 128, self.device)
        self.call("cuDriverGetVersion", ctypes.byref(version))
        return {"name": name.value.decode(), "driver": f"{version.value // 1000}.{version.value % 1000 // 10}",
                "capability": f"{self.attribute('COMPUTE_CAPABILITY_MAJOR')}.{self.attribute('COMPUTE_CAPABILITY_MINOR')}"}

    def elapsed(self, work):
        """Milliseconds of what `work` queues, by the card's events."""
        events, milliseconds = [POINTER(), POINTER()], ctypes.c_float()
        for event in events:
            self.call("cuEventCreate", ctypes.byref(event), 0)
        self.call("cuEventRecord", events[0], self.stream)
        work()
        self.call("cuEventRecord", events[1], self.stream)
        self.call("cuEventSynchronize", events[1])
        self.call("cuEventElapsedTime", ctypes.byref(milliseconds), *events)
        for event in events:
            self.call("cuEventDestroy_v2", event)
        return milliseconds.value

    def load(self, ptx):
        """The module of a PTX text; an error says what the driver found wrong in it."""
        module, log = POINTER(), ctypes.create_string_buffer(1000)
        options = (ctypes.c_int * 2)(NUMBERS["CU_JIT_ERROR_LOG_BUFFER"], NUMBERS["CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES"])
        values = (POINTER * 2)(ctypes.cast(log, POINTER), 999)
        error = self.library.cuModuleLoadDataEx(ctypes.byref(module), ptx.encode(), 2, options, values)
        if error:
            raise DriverError(f"{log.value.decode()} (error {error})")
        self.modules.append(module)
        return module

    def launch(self, module, entry, grid, block, arguments, shared=0, times=1):
        """Arguments are addresses, or ctypes numbers. It has run so many times when the call returns."""
        function = POINTER()
        self.call("cuModuleGetFunction", ctypes.byref(function), module, entry.encode())
        if shared > 48 << 10:
            self.call("cuFuncSetAttribute", function, NUMBERS["CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES"], shared)
        values = [ctypes.c_uint64(argument) if isinstance(argument, int) else argument for argument in arguments]
        places = (POINTER * (len(values) + 1))(*[ctypes.cast(ctypes.byref(value), POINTER) for value in values], None)
        for _ in range(times):
            self.call("cuLaunchKernel", function, *[ctypes.c_uint(n) for n in (*grid, *block, shared)], self.stream, places, None)
        self.wait()
