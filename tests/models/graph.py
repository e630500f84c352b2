"""A small writer of ONNX graphs: every method adds one node (or a usual group of them) and returns its result's name."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .weights import Weights


class Graph:
    def __init__(self, name, seed, opset=17):
        self.name, self.opset = name, opset
        self.weights = Weights(seed, name)
        self.nodes, self.initializers, self.inputs, self.outputs = [], [], [], []

    def input(self, name, shape, dtype=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, value, name, shape, dtype=TensorProto.FLOAT):
        for node in self.nodes:
            node.output[:] = [name if v == value else v for v in node.output]
            node.input[:] = [name if v == value else v for v in node.input]
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def constant(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, operator, inputs, name=None, outputs=1, **attributes):
        name = name or f"{operator.lower()}{len(self.nodes)}"
        results = [f"{name}_y"] if outputs == 1 else [f"{name}_y{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, results, name=name, **attributes))
        return results[0] if outputs == 1 else results

    def conv(self, x, name, channels, filters, size, stride=1, group=1, bias=True, gain=2.0):
        shape = (filters, channels // group, size, size)
        inputs = [x, self.constant(f"{name}.weight", self.weights.he(f"{name}.weight", shape, shape[1] * size * size, gain))]
        if bias:
            inputs.append(self.constant(f"{name}.bias", self.weights.normal(f"{name}.bias", (filters,), 0.1)))
        return self.node("Conv", inputs, name, kernel_shape=[size, size], strides=[stride, stride], pads=[size // 2] * 4,
                         group=group)

    def batch_norm(self, x, name, channels):
        """Scale, bias and placeholder statistics; calibrate.py puts sane statistics in."""
        tensors = [self.weights.uniform(f"{name}.scale", channels, 0.8, 1.2), self.weights.normal(f"{name}.bias", channels, 0.1),
                   np.zeros(channels, np.float32), np.ones(channels, np.float32)]
        names = [self.constant(f"{name}.{part}", t) for part, t in zip(("scale", "bias", "mean", "var"), tensors)]
        return self.node("BatchNormalization", [x, *names], name, epsilon=1e-5)

    def dense(self, x, name, features, units, gain=2.0):
        weight = self.constant(f"{name}.weight", self.weights.he(f"{name}.weight", (units, features), features, gain))
        bias = self.constant(f"{name}.bias", self.weights.normal(f"{name}.bias", (units,), 0.1))
        return self.node("Gemm", [x, weight, bias], name, transB=1)

    def linear(self, x, name, features, units, gain=1.0):
        """MatMul and Add, as exporters write a dense layer on tensors of rank 3."""
        weight = self.constant(f"{name}.weight", self.weights.he(f"{name}.weight", (features, units), features, gain))
        bias = self.constant(f"{name}.bias", self.weights.normal(f"{name}.bias", (units,), 0.05))
        return self.node("Add", [self.node("MatMul", [x, weight], f"{name}.matmul"), bias], name)

    def model(self):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], producer_name="kiln-tests")
        model.ir_version = 8
        onnx.checker.check_model(model)
        return model
