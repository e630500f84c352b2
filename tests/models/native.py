"""Calls a compiled model's shared library in this process, through ctypes.

In: the library and its prefix. Out: a runner whose `call` is one inference on buffers bound beforehand.
"""
import ctypes

import numpy as np

DTYPES = {1: np.float32, 2: np.float64, 3: np.float16, 5: np.int8, 6: np.int16, 7: np.int32, 8: np.int64, 9: np.uint8,
          10: np.uint16, 11: np.uint32, 12: np.uint64, 13: np.bool_}
CODES = {np.dtype(t): code for code, t in DTYPES.items()}


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_int), ("rank", ctypes.c_int32), ("shape", ctypes.c_int64 * 8)]


class TensorInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_int), ("rank", ctypes.c_int32), ("shape", ctypes.c_int64 * 8)]


class ModelInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("input_count", ctypes.c_int32), ("output_count", ctypes.c_int32),
                ("inputs", ctypes.POINTER(TensorInfo)), ("outputs", ctypes.POINTER(TensorInfo)),
                ("workspace_size", ctypes.c_uint64), ("workspace_per_thread", ctypes.c_uint64), ("weights_size", ctypes.c_uint64),
                ("provenance", ctypes.c_char_p), ("tied", ctypes.POINTER(ctypes.c_int32))]


class Options(ctypes.Structure):
    """kiln_options; the callbacks and memory stay the library's own."""
    _fields_ = [("size", ctypes.c_size_t), ("threads", ctypes.c_int32), ("parallel", ctypes.c_void_p),
                ("workspace", ctypes.c_void_p), ("workspace_bytes", ctypes.c_size_t), ("allocate", ctypes.c_void_p),
                ("release", ctypes.c_void_p), ("error", ctypes.c_void_p), ("user", ctypes.c_void_p),
                ("weights_path", ctypes.c_char_p), ("processor", ctypes.c_int), ("device_number", ctypes.c_int32),
                ("device_stream", ctypes.c_void_p), ("device_tensors", ctypes.c_void_p)]


CONTEXT, ADDRESS, SIZE = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
STEP = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float)


class Device(ctypes.Structure):
    """kiln_device"""
    _fields_ = [("name", ctypes.c_char_p), ("number", ctypes.c_int32), ("capability", ctypes.c_int32), ("memory", ctypes.c_uint64),
                ("stream", ctypes.c_void_p),
                ("allocate", ctypes.CFUNCTYPE(ctypes.c_int, CONTEXT, SIZE, ctypes.POINTER(ADDRESS))),
                ("release", ctypes.CFUNCTYPE(ctypes.c_int, CONTEXT, ADDRESS)),
                ("upload", ctypes.CFUNCTYPE(ctypes.c_int, CONTEXT, ADDRESS, ADDRESS, SIZE)),
                ("download", ctypes.CFUNCTYPE(ctypes.c_int, CONTEXT, ADDRESS, ADDRESS, SIZE)),
                ("wait", ctypes.CFUNCTYPE(ctypes.c_int, CONTEXT)),
                ("time", ctypes.CFUNCTYPE(ctypes.c_int, CONTEXT, ctypes.POINTER(Tensor), ctypes.POINTER(Tensor), STEP, ctypes.c_void_p)),
                ("place", ctypes.CFUNCTYPE(ADDRESS, CONTEXT, ctypes.c_int32)),
                ("bind", ctypes.CFUNCTYPE(ctypes.c_int, CONTEXT, ctypes.c_int32, ADDRESS))]


def aligned(shape, dtype):
    count = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    memory = np.zeros(count + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start:start + count].view(dtype).reshape(shape)


class Library:
    """One loaded model."""

    def __init__(self, path, prefix):
        self.library = ctypes.CDLL(str(path))
        self.prefix = prefix
        for name, result, arguments in (
                ("info", ctypes.POINTER(ModelInfo), []),
                ("create", ctypes.c_int, [ctypes.POINTER(Options), ctypes.POINTER(ctypes.c_void_p)]),
                ("run", ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(Tensor), ctypes.POINTER(Tensor)]),
                ("message", ctypes.c_char_p, [ctypes.c_void_p]), ("destroy", None, [ctypes.c_void_p])):
            function = getattr(self.library, f"{prefix}_{name}")
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        if hasattr(self.library, f"{prefix}_device"):
            self.device, self.run_device = (getattr(self.library, f"{prefix}_{name}") for name in ("device", "run_device"))
            self.device.restype, self.device.argtypes = ctypes.POINTER(Device), [ctypes.c_void_p]
            self.run_device.argtypes = self.run.argtypes


class Runner:
    """One context with `threads` threads and bound inputs and outputs; `tied` ones with the input's memory."""

    def __init__(self, library, feeds, threads, tied=False):
        self.library, info = library, library.info().contents
        self.context = ctypes.c_void_p()
        self.check(library.create(ctypes.byref(Options(size=ctypes.sizeof(Options), threads=threads)), ctypes.byref(self.context)))
        self.inputs, self.outputs, self.keep = (Tensor * info.input_count)(), (Tensor * info.output_count)(), {}
        given = self.given = []  # also where an output has an input's name
        for tensors, infos in ((self.inputs, info.inputs), (self.outputs, info.outputs)):
            for i, tensor in enumerate(tensors):
                name, shape = infos[i].name.decode(), tuple(infos[i].shape[:infos[i].rank])
                array = aligned(shape, DTYPES[infos[i].dtype])
                if tensors is self.inputs and name in feeds:
                    array[...] = feeds[name]
                elif tied and tensors is self.outputs and info.tied and info.tied[i] >= 0:
                    array = given[info.tied[i]]
                self.keep[name] = array
                given += [array] if tensors is self.inputs else []
                tensor.data, tensor.dtype, tensor.rank = array.ctypes.data, infos[i].dtype, infos[i].rank
                tensor.shape[:len(shape)] = shape
        self.names = [infos.name.decode() for infos in (info.outputs[i] for i in range(info.output_count))]
        run, context, inputs, outputs = library.run, self.context, self.inputs, self.outputs
        self.call = lambda: run(context, inputs, outputs)
        try:
            self.check(self.call())
        except RuntimeError:
            self.library.destroy(self.context)
            raise

    def check(self, status):
        if status:
            raise RuntimeError(self.library.message(self.context).decode())

    def results(self):
        return {name: self.keep[name].copy() for name in self.names}

    def close(self):
        self.library.destroy(self.context)


class CardRunner(Runner):
    """The same with inputs and outputs that stay on the card, tied ones in place: `call` queues a run, `wait` waits for all."""

    def __init__(self, library, feeds):
        super().__init__(library, feeds, 1, tied=True)
        if not library.device(self.context):
            raise RuntimeError("runs on the CPU: " + library.message(self.context).decode())
        self.device = library.device(self.context).contents
        places = {}
        none = np.full(max(array.nbytes for array in self.keep.values()) + 1, 0xFF, np.uint8)  # NaN: what is not written is seen
        for tensors, names in ((self.inputs, None), (self.outputs, self.names)):
            for i, tensor in enumerate(tensors):
                key = tensor.data
                array = self.given[i] if names is None else self.keep[names[i]]
                if key not in places:
                    place = ctypes.c_void_p()
                    self.check(self.device.allocate(self.context, max(array.nbytes, 1), ctypes.byref(place)))
                    places[key] = place.value
                    if names is not None and array.nbytes:
                        self.check(self.device.upload(self.context, place, none.ctypes.data, array.nbytes))
                    if names is None and array.nbytes:
                        if feeds:  # the first run may have updated state in place: as it was given
                            name = self.library.info().contents.inputs[i].name.decode()
                            array[...] = feeds[name] if name in feeds else 0
                        self.check(self.device.upload(self.context, place, array.ctypes.data, array.nbytes))
                tensor.data = places[key]
        self.places = places
        run, context, inputs, outputs = library.run_device, self.context, self.inputs, self.outputs
        self.call = lambda: run(context, inputs, outputs)

    def put(self, name, value):
        """Another value of an input, from now on."""
        info = self.library.info().contents
        i, = (i for i in range(info.input_count) if info.inputs[i].name.decode() == name)
        self.given[i][...] = value
        self.check(self.device.upload(self.context, self.inputs[i].data, self.given[i].ctypes.data, self.given[i].nbytes))

    def wait(self):
        self.check(self.device.wait(self.context))

    def results(self):
        for tensor, name in zip(self.outputs, self.names):
            array = self.keep[name]
            if array.nbytes:
                self.check(self.device.download(self.context, array.ctypes.data, tensor.data, array.nbytes))
        return super().results()

    def steps(self):
        """[(name, milliseconds)] of one run, a step at a time."""
        found = []
        note = STEP(lambda _, name, milliseconds: found.append((name.decode(), milliseconds)))
        self.check(self.device.time(self.context, self.inputs, self.outputs, note, None))
        return found

    def close(self):
        for place in self.places.values():
            self.device.release(self.context, place)
        super().close()
