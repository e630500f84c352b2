"""Seeded random weights. In: a seed, a tensor's name and shape. Out: the same float32 values on every machine.

Each tensor draws from a generator of its own, keyed by its name, so that adding a layer changes no other layer's weights.
"""
import zlib

import numpy as np


class Weights:
    def __init__(self, seed, model):
        self.key = (seed, zlib.crc32(model.encode()))

    def draw(self, name):
        return np.random.Generator(np.random.PCG64([*self.key, zlib.crc32(name.encode())]))

    def normal(self, name, shape, deviation, mean=0.0):
        values = self.draw(name).standard_normal(shape, dtype=np.float32)
        values *= np.float32(deviation)
        values += np.float32(mean)
        return values

    def uniform(self, name, shape, low, high):
        return self.draw(name).random(shape, dtype=np.float32) * np.float32(high - low) + np.float32(low)

    def he(self, name, shape, fan_in, gain=2.0):
        """Keeps the second moment of activations through a layer followed by ReLU."""
        return self.normal(name, shape, (gain / fan_in) ** 0.5)


def image(seed, shape):
    """A random picture with large smooth shapes and a little noise: white noise alone averages away in deep networks, and
    then the answer hardly depends on it."""
    draw = np.random.Generator(np.random.PCG64(seed))
    *lead, height, width = shape
    coarse = draw.standard_normal((*lead, 5, 5))
    rows = np.linspace(0, 4, height)
    columns = np.linspace(0, 4, width)

    def hats(positions):
        return np.maximum(0, 1 - np.abs(positions[:, None] - np.arange(5)[None, :]))

    smooth = hats(rows) @ coarse @ hats(columns).T
    return (1.5 * smooth + 0.3 * draw.standard_normal(shape)).astype(np.float32)
