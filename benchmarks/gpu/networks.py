"""The same networks in PyTorch, with a case's own weights and inputs: what kiln is held against, and timed beside.

In: a Case (case.py). Out: a Peer: `call` queues one run or training step, `answers` are a run's, or the parameters after a step at rate 1.
A module takes weights in the order in which it names them, which is that of the carried ones; in the flat parameters of a training step
those of more than one dimension come first.
"""
import warnings

import numpy as np
import torch
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        after = 4 * width
        self.path = nn.Sequential(nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True),
                                  nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True),
                                  nn.Conv2d(width, after, 1, bias=False), nn.BatchNorm2d(after))
        self.skip = nn.Identity() if before == after and stride == 1 else nn.Sequential(
            nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        return torch.relu(self.path(x) + self.skip(x))


def resnet50():
    layers, before = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)], 64
    for stage, (width, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        for block in range(count):
            layers.append(Bottleneck(before, width, 2 if stage and not block else 1))
            before = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000), nn.Softmax(-1))


def vgg19():
    layers, before = [], 3
    for filters, count in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        for _ in range(count):
            layers += [nn.Conv2d(before, filters, 3, padding=1), nn.ReLU(True)]
            before = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(True), nn.Linear(4096, 4096), nn.ReLU(True),
                         nn.Linear(4096, 1000), nn.Softmax(-1))


class Gpt(nn.Module):
    def __init__(self, tokens=64, width=256, heads=8, layers=4, words=1000):
        super().__init__()
        self.words, self.places, self.heads = nn.Embedding(words, width), nn.Embedding(tokens, width), heads
        self.blocks = nn.ModuleList(nn.ModuleList([nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width), nn.LayerNorm(width),
                                                   nn.Linear(width, 4 * width), nn.Linear(4 * width, width)]) for _ in range(layers))
        self.last, self.unembed = nn.LayerNorm(width), nn.Linear(width, words, bias=False)

    def forward(self, tokens):
        h = self.words(tokens) + self.places.weight
        for norm, qkv, out, second, up, down in self.blocks:
            q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in qkv(norm(h)).chunk(3, -1))
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            h = h + out(mixed.transpose(1, 2).flatten(-2))
            h = h + down(nn.functional.gelu(up(second(h))))
        return self.unembed(self.last(h))


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.lstm, self.last = nn.Embedding(256, 32), nn.LSTM(32, 128, batch_first=True), nn.Linear(128, 256)

    def forward(self, tokens):
        return self.last(self.lstm(self.words(tokens))[0])


class Product(nn.Module):
    def forward(self, a, b):
        return a @ b


def dense(*sizes):
    layers = [nn.Flatten()]
    for before, after in zip(sizes, sizes[1:]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def lenet5():
    return nn.Sequential(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(16, 120, 5),
                         nn.Tanh(), nn.Flatten(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))


def mnist_cnn():
    layers = []
    for before, filters in ((1, 32), (32, 64)):
        layers += [nn.Conv2d(before, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


class Basic(nn.Module):
    def __init__(self, filters):
        super().__init__()
        self.path = nn.Sequential(nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(),
                                  nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        return torch.relu(x + self.path(x))


def resnet():
    """The zoo's, of two blocks. Padding "same" of a stride of 2 is at the end."""
    return nn.Sequential(nn.Conv2d(1, 32, 3, 1, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), Basic(32),
                         nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(32, 64, 3, 2, bias=False), nn.BatchNorm2d(64), nn.ReLU(), Basic(64), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(64, 10))


def classified(network):
    return nn.Sequential(network, nn.Softmax(-1))


MODELS = {"resnet50": resnet50, "vgg19": vgg19, "gpt_small": Gpt, "lenet5": lambda: classified(lenet5()),
          "mlp_fashion": lambda: classified(dense(784, 256, 128, 10)), "product": Product}
STEPS = {"mlp": lambda: dense(784, 256, 128, 10), "lenet5": lenet5, "mnist_cnn": mnist_cnn, "resnet": resnet, "lstm": Lstm,
         "gpt": lambda: Gpt(64, 64, 4, 2, 256), "softmax_regression": lambda: dense(784, 10)}
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wait():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


def weights_of(module, buffers):
    """(tensor, whether its matrix stands on its side in kiln's parameters) of the module, in order; `buffers`: batch norms' statistics, too."""
    for part in module.modules():
        own = [p for name, p in part.named_parameters(recurse=False) if name != "bias_hh_l0"]  # kiln's LSTM has one bias
        yield from ((p, isinstance(part, (nn.Linear, nn.LSTM)) and p.ndim == 2) for p in own)
        if buffers:
            yield from ((b, False) for b in part.buffers(recurse=False) if b.ndim)


def fill(module, arrays):
    tensors = [tensor for tensor, _ in weights_of(module, True)]
    if [tuple(t.shape) for t in tensors] != [a.shape for a in arrays]:
        raise ValueError(f"weights of {[a.shape for a in arrays]}: expected {[tuple(t.shape) for t in tensors]}")
    with torch.no_grad():
        for tensor, array in zip(tensors, arrays):
            tensor.copy_(torch.from_numpy(np.ascontiguousarray(array)))


def parameters_of(module):
    """In the order of kiln's flat parameters."""
    return sorted(weights_of(module, False), key=lambda one: one[0].ndim < 2)


def flat(module):
    """The parameters as kiln's step has them."""
    return torch.cat([(tensor.t() if lies else tensor).reshape(-1) for tensor, lies in parameters_of(module)])


def spread(module, values):
    """The other way."""
    values, used = torch.from_numpy(values), 0
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            if name.endswith("bias_hh_l0"):
                tensor.zero_()
        for tensor, lies in parameters_of(module):
            shape = tuple(reversed(tensor.shape)) if lies else tuple(tensor.shape)
            part = values[used:used + tensor.numel()].reshape(shape)
            tensor.copy_(part.t() if lies else part)
            used += tensor.numel()
    if used != values.numel():
        raise ValueError(f"{values.numel()} parameters: expected {used}")


class Peer:
    def __init__(self, case, compiled):
        for backend in (torch.backends.cuda.matmul, torch.backends.cudnn):
            backend.allow_tf32 = False
        torch.backends.cudnn.benchmark = True
        warnings.simplefilter("ignore")
        self.case = case
        feeds = {name: torch.from_numpy(np.ascontiguousarray(value)).to(DEVICE) for name, value in case.feeds.items()}
        name = case.name.removeprefix("step_").removesuffix(".inner")
        name = name.rpartition("_")[0] if name.rpartition("_")[2].isdigit() else name
        self.module = (STEPS if case.is_step else MODELS)[name]()
        if case.is_step:
            spread(self.module, case.feeds["parameters"])
            self.module.to(DEVICE).train()
            x, target = (value for key, value in feeds.items() if key in ("image", "tokens", "target"))
            self.prepare_step(x, target, compiled)
        else:
            fill(self.module, case.weights())
            self.module.to(DEVICE).eval()
            run, inputs = self.prepared(self.module, compiled), list(feeds.values())
            if name == "product":  # as kiln has it, into memory of its own
                out = torch.empty(inputs[0].shape[0], inputs[1].shape[1], device=DEVICE)
                run = lambda a, b: torch.mm(a, b, out=out)  # noqa: E731

            def call():
                with torch.inference_mode():
                    return run(*inputs)
            self.call = call

    @staticmethod
    def prepared(function, compiled):
        return torch.compile(function, mode="reduce-overhead" if DEVICE.type == "cuda" else None) if compiled else function

    def prepare_step(self, x, target, compiled):
        optimizer = self.optimizer = torch.optim.SGD(self.module.parameters(), lr=1.0)

        def loss_of():
            return nn.functional.cross_entropy(self.module(x).flatten(0, -2), target.flatten())
        loss_of = self.prepared(loss_of, compiled)

        def call():
            optimizer.zero_grad()
            loss_of().backward()
            optimizer.step()
        self.call = call

    def stay(self):
        """Steps change the parameters no more."""
        for group in self.optimizer.param_groups:
            group["lr"] = 0.0

    def answers(self):
        """By the names of the outputs that PyTorch has, too. A step is one from the case's parameters."""
        if self.case.is_step:
            self.call()
            return {"parameters": flat(self.module).detach().cpu().numpy()}
        name, = self.case.outputs()
        return {name: self.call().cpu().numpy()}
