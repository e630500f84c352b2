"""The same networks in PyTorch and JAX: one step of SGD or Adam at a batch, behind `call`.

In: a network's name, a batch and the optimizer's name. Out: an object whose `call` is forward, backward and update, finished when it returns. Every step
also moves the running statistics of batch norms, as kiln's does. Threads are the process's affair: it is pinned before these load.
"""
import importlib.util

import numpy as np

SHAPES = {"lenet5": (1, 32, 32), "mnist_cnn": (1, 28, 28), "mlp": (28, 28), "resnet": (1, 28, 28), "gpt": (64,), "lstm": (64,)}
TEXTS = ("gpt", "lstm")  # read tokens, tell the next one of each
RATE = 0.001


def batch_of(name, rows):
    random = np.random.default_rng(0)
    if name in TEXTS:
        return [random.integers(0, 256, (rows, *SHAPES[name])) for _ in range(2)]
    return random.standard_normal((rows, *SHAPES[name]), np.float32), random.integers(0, 10, rows)


class Torch:
    name, module = "torch", "torch"

    def __init__(self, net, rows, threads, optimizer):
        import torch
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        image, target = batch_of(net, rows)
        model = self.build(torch.nn, net)
        image, target = torch.from_numpy(image), torch.from_numpy(target)
        make = torch.optim.SGD if optimizer == "sgd" else torch.optim.Adam
        updater = make(model.parameters(), lr=RATE, fused=True)
        loss_of = self.prepared(torch, lambda: torch.nn.functional.cross_entropy(model(image).flatten(0, -2), target.flatten()))

        def call():
            updater.zero_grad()
            loss = loss_of()
            loss.backward()
            updater.step()
            return loss
        self.call = call
        self.call()

    def prepared(self, torch, function):
        return function

    @staticmethod
    def build(nn, net):
        if net == "lenet5":
            return nn.Sequential(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
                                 nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Flatten(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
        if net == "mlp":
            return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
        if net in ("gpt", "lstm", "resnet"):
            import torch_networks
            return getattr(torch_networks, net)()
        layers = []
        for before, filters in ((1, 32), (32, 64)):
            layers += [nn.Conv2d(before, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(), nn.MaxPool2d(2)]
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))


class TorchCompile(Torch):
    name = "torch.compile"

    def prepared(self, torch, function):
        return torch.compile(function)


class Jax:
    name, module = "jax", "jax"

    def __init__(self, net, rows, threads, optimizer):
        import jax
        image, target = batch_of(net, rows)
        if image.ndim == 4:
            image = image.transpose(0, 2, 3, 1)  # its own order of dimensions
        if hasattr(self, net):
            parameters, state, apply = getattr(self, net)(jax)
        else:
            import jax_networks
            parameters, state, apply = getattr(jax_networks, net)()

        def loss_of(parameters, state):
            logits, state = apply(parameters, state, image)
            return -jax.numpy.take_along_axis(jax.nn.log_softmax(logits), target[..., None], -1).mean(), state

        def sgd(parameters, gradients, moments):
            return jax.tree.map(lambda p, g: p - RATE * g, parameters, gradients), moments

        def adam(parameters, gradients, moments):
            first, second, count = moments
            first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
            second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
            count = count + 1
            one, two = 1 - 0.9 ** count, 1 - 0.999 ** count
            parameters = jax.tree.map(lambda p, m, v: p - RATE * (m / one) / (jax.numpy.sqrt(v / two) + 1e-8), parameters, first, second)
            return parameters, (first, second, count)

        def step(parameters, state, moments):
            (loss, state), gradients = jax.value_and_grad(loss_of, has_aux=True)(parameters, state)
            parameters, moments = (sgd if optimizer == "sgd" else adam)(parameters, gradients, moments)
            return parameters, state, moments, loss
        image, target = jax.numpy.asarray(image), jax.numpy.asarray(target)

        def zeros():
            return jax.tree.map(jax.numpy.zeros_like, parameters)
        moments = () if optimizer == "sgd" else (zeros(), zeros(), jax.numpy.float32(0))
        jitted, self.state = jax.jit(step, donate_argnums=(0, 1, 2)), (parameters, state, moments)

        def call():
            *self.state, loss = jitted(*self.state)
            jax.block_until_ready((self.state, loss))
            return loss
        self.call = call
        self.call()

    @staticmethod
    def weights(jax, *shapes):
        keys = jax.random.split(jax.random.key(0), len(shapes))
        return [(jax.random.normal(k, s) / np.prod(s[:-1]) ** 0.5, jax.numpy.zeros(s[-1:])) for k, s in zip(keys, shapes)]

    @staticmethod
    def convolve(jax, x, layer, padding):
        return jax.lax.conv_general_dilated(x, layer[0], (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")) + layer[1]

    @staticmethod
    def pool(jax, x, start, function):
        return jax.lax.reduce_window(x, start, function, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    @classmethod
    def lenet5(cls, jax):
        np_ = jax.numpy

        def apply(p, state, x):
            for layer in p[:2]:
                x = cls.pool(jax, np_.tanh(cls.convolve(jax, x, layer, "VALID")), 0.0, jax.lax.add) / 4
            x = np_.tanh(cls.convolve(jax, x, p[2], "VALID")).reshape(x.shape[0], -1)
            return np_.tanh(x @ p[3][0] + p[3][1]) @ p[4][0] + p[4][1], state
        return cls.weights(jax, (5, 5, 1, 6), (5, 5, 6, 16), (5, 5, 16, 120), (120, 84), (84, 10)), [], apply

    @classmethod
    def mlp(cls, jax):
        def apply(p, state, x):
            x = x.reshape(x.shape[0], -1)
            for w, b in p[:-1]:
                x = jax.nn.relu(x @ w + b)
            return x @ p[-1][0] + p[-1][1], state
        return cls.weights(jax, (784, 256), (256, 128), (128, 10)), [], apply

    @classmethod
    def mnist_cnn(cls, jax):
        np_ = jax.numpy

        def apply(p, state, x):
            kept = []
            for layer, norm, (mean, variance) in zip(p["conv"], p["norm"], state):
                x = cls.convolve(jax, x, layer, "SAME")
                m, v = x.mean((0, 1, 2)), x.var((0, 1, 2))
                kept.append((0.9 * mean + 0.1 * m, 0.9 * variance + 0.1 * v))
                x = jax.nn.relu((x - m) * jax.lax.rsqrt(v + 1e-5) * norm[0] + norm[1])
                x = cls.pool(jax, x, -np_.inf, jax.lax.max)
            x = x.reshape(x.shape[0], -1)
            (w1, b1), (w2, b2) = p["dense"]
            return jax.nn.relu(x @ w1 + b1) @ w2 + b2, kept
        parameters = {"conv": cls.weights(jax, (3, 3, 1, 32), (3, 3, 32, 64)), "dense": cls.weights(jax, (3136, 128), (128, 10)),
                      "norm": [(np_.ones(c), np_.zeros(c)) for c in (32, 64)]}
        return parameters, [(np_.zeros(c), np_.ones(c)) for c in (32, 64)], apply


def installed(names):
    """The peers of these names that can be imported, in this order."""
    return [peer for peer in (Torch, TorchCompile, Jax) if peer.name in names and importlib.util.find_spec(peer.module)]
