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
        import networks  # of benchmarks/gpu: the zoo's in PyTorch
        import torch
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        image, target = batch_of(net, rows)
        model = networks.STEPS[net]()
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
        parameters, state, apply = self.text(jax, net) if net in TEXTS else getattr(self, net)(jax)

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
    def convolve(jax, x, layer, padding, stride=1):
        y = jax.lax.conv_general_dilated(x, layer[0], (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return y + layer[1] if len(layer) > 1 else y

    @staticmethod
    def normed(jax, x, norm, statistics, kept):
        """A batch norm; its running statistics join `kept`."""
        m, v = x.mean((0, 1, 2)), x.var((0, 1, 2))
        kept.append((0.9 * statistics[0] + 0.1 * m, 0.9 * statistics[1] + 0.1 * v))
        return (x - m) * jax.lax.rsqrt(v + 1e-5) * norm[0] + norm[1]

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
            for layer, norm, statistics in zip(p["conv"], p["norm"], state):
                x = jax.nn.relu(cls.normed(jax, cls.convolve(jax, x, layer, "SAME"), norm, statistics, kept))
                x = cls.pool(jax, x, -np_.inf, jax.lax.max)
            x = x.reshape(x.shape[0], -1)
            (w1, b1), (w2, b2) = p["dense"]
            return jax.nn.relu(x @ w1 + b1) @ w2 + b2, kept
        parameters = {"conv": cls.weights(jax, (3, 3, 1, 32), (3, 3, 32, 64)), "dense": cls.weights(jax, (3136, 128), (128, 10)),
                      "norm": [(np_.ones(c), np_.zeros(c)) for c in (32, 64)]}
        return parameters, [(np_.zeros(c), np_.ones(c)) for c in (32, 64)], apply

    @classmethod
    def resnet(cls, jax):
        shapes = [(3, 3, 1, 32), (3, 3, 32, 32), (3, 3, 32, 32), (3, 3, 32, 64), (3, 3, 64, 64), (3, 3, 64, 64)]

        def apply(p, state, x):
            kept = []

            def layer(x, i, stride=1):
                return cls.normed(jax, cls.convolve(jax, x, p["conv"][i], "SAME", stride), p["norm"][i], state[i], kept)

            def block(x, i):
                return jax.nn.relu(x + layer(jax.nn.relu(layer(x, i)), i + 1))
            x = block(jax.nn.relu(layer(x, 0)), 1)
            x = block(jax.nn.relu(layer(x, 3, 2)), 4)
            return x.mean((1, 2)) @ p["dense"][0][0] + p["dense"][0][1], kept
        ones, zeros = jax.numpy.ones, jax.numpy.zeros
        parameters = {"conv": [layer[:1] for layer in cls.weights(jax, *shapes)], "norm": [(ones(s[-1]), zeros(s[-1])) for s in shapes],
                      "dense": cls.weights(jax, (64, 10))}
        return parameters, [(zeros(s[-1]), ones(s[-1])) for s in shapes], apply

    @staticmethod
    def text(jax, net):
        """As the tests have it, in single precision."""
        from training import networks
        shapes = {"embedding.weight": (256, 32), "lstm.weight": (32, 512), "lstm.recurrent": (128, 512), "lstm.bias": (512,),
                  "dense.weight": (128, 256), "dense.bias": (256,)}
        if net == "gpt":
            shapes = {"embedding.weight": (256, 64), "positional_embedding.weight": (64, 64), "dense_4.weight": (64, 256)}
            for name, before, after in (("attention.in", 64, 192), ("attention.out", 64, 64), ("attention_1.in", 64, 192),
                                        ("attention_1.out", 64, 64), ("dense", 64, 256), ("dense_1", 256, 64), ("dense_2", 64, 256),
                                        ("dense_3", 256, 64)):
                shapes |= {f"{name}.weight": (before, after), f"{name}.bias": (after,)}
            for i in ("", "_1", "_2", "_3", "_4"):
                shapes |= {f"layer_norm{i}.weight": (64,), f"layer_norm{i}.bias": (64,)}
        keys = jax.random.split(jax.random.key(0), len(shapes))
        parameters = {name: 0.02 * jax.random.normal(key, shape) for key, (name, shape) in zip(keys, shapes.items())}
        return parameters, [], lambda p, state, tokens: (getattr(networks, net)(p, tokens), state)


def installed(names):
    """The peers of these names that can be imported, in this order."""
    return [peer for peer in (Torch, TorchCompile, Jax) if peer.name in names and importlib.util.find_spec(peer.module)]
