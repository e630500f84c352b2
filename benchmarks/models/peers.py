"""The others that run ONNX models on a processor, each behind the same three things: bound buffers, `call`, `results`.

In: a model file, named inputs, a number of threads. A peer that is not installed, or does not take a model, says why.
"""
import functools
import importlib.util
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.version_converter


class Refused(Exception):
    pass


class OnnxRuntime:
    name, module = "onnxruntime", "onnxruntime"

    def __init__(self, path, feeds, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        self.names = [o.name for o in session.get_outputs()]
        for name, value in feeds.items():
            binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(value))
        for name in self.names:
            binding.bind_output(name, "cpu")
        session.run_with_iobinding(binding)  # the first run finds the outputs' shapes; from then on they are bound buffers
        self.outputs = binding.get_outputs()
        for name, value in zip(self.names, self.outputs):
            binding.bind_ortvalue_output(name, value)
        self.call = lambda: session.run_with_iobinding(binding)

    def results(self):
        return {name: value.numpy().copy() for name, value in zip(self.names, self.outputs)}

    def close(self):
        self.call = self.outputs = None


class OpenVino:
    name, module = "openvino", "openvino"

    def __init__(self, path, feeds, threads):
        import openvino
        compiled = openvino.Core().compile_model(path, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"})
        self.request = compiled.create_infer_request()
        self.keep = {name: np.ascontiguousarray(value) for name, value in feeds.items()}
        for name, value in self.keep.items():
            self.request.set_tensor(name, openvino.Tensor(value, shared_memory=True))
        self.request.infer()
        self.ports = compiled.outputs
        self.call = self.request.infer

    def results(self):
        return {port.get_any_name(): self.request.get_tensor(port).data.copy() for port in self.ports}

    def close(self):
        self.call = self.request = None


class Iree:
    name, module = "iree", "iree.compiler"

    def __init__(self, path, feeds, threads):
        import iree.runtime as runtime
        model = onnx.load(path, load_external_data=False)
        self.names = [o.name for o in model.graph.output]
        config = runtime.Config("local-sync" if threads == 1 else "local-task")
        module = runtime.VmModule.copy_buffer(config.vm_instance, self.compiled(path))
        bound = runtime.load_vm_modules(module, config=config)[-1]
        function = bound[[n for n in bound.vm_module.function_names if not n.startswith("__") and "$" not in n][0]]
        given = {t.name for t in model.graph.initializer}
        arguments = [runtime.asdevicearray(config.device, feeds[i.name]) for i in model.graph.input if i.name not in given]
        self.call = lambda: function(*arguments)
        self.call()

    @staticmethod
    @functools.cache
    def compiled(path):
        model = onnx.load(path)
        if model.opset_import[0].version < 17:
            model = onnx.version_converter.convert_version(model, 17)
        with tempfile.TemporaryDirectory() as folder:
            converted, mlir, binary = (os.path.join(folder, name) for name in ("m.onnx", "m.mlir", "m.vmfb"))
            onnx.save(model, converted)
            for tool, *arguments in (["iree-import-onnx", converted, "-o", mlir],
                                     ["iree-compile", mlir, "-o", binary, "--iree-hal-target-backends=llvm-cpu",
                                      "--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O3"]):
                done = subprocess.run([os.path.join(os.path.dirname(sys.executable), tool), *arguments], capture_output=True, text=True)
                if done.returncode:
                    raise Refused(f"{tool}: {(done.stderr.strip().splitlines() or ['no message'])[0][:120]}")
            with open(binary, "rb") as file:
                return file.read()

    def results(self):
        found = self.call()
        found = found if isinstance(found, (list, tuple)) else [found]
        return {name: np.asarray(value) for name, value in zip(self.names, found)}

    def close(self):
        self.call = None


def installed(names):
    """The peers of these names that can be imported, in this order."""
    found = []
    for peer in (OnnxRuntime, OpenVino, Iree):
        parent = importlib.util.find_spec(peer.module.split(".")[0])
        if peer.name in names and parent and importlib.util.find_spec(peer.module):
            found.append(peer)
    return found
