"""A carried case: its compiled model, what goes in, and what must come out. In: NAME.json, NAME.npz and NAME.so.xz beside this file.

Inputs are drawn there as they were here, from their names; large weights were repeated from their first values, so that megabytes of them
travel as kilobytes. NAME.json: {"inputs": {name: how it is drawn}, "expected": "carried" or "product", "weights": [[shape, lies], ...]}.
"""
import json
import lzma
import os
import shutil
import tempfile
import zlib

import native
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
#: Not in the folder itself: what is unpacked is many times what is carried.
UNPACKED = os.path.join(tempfile.gettempdir(), f"kiln-gpu-{os.getuid()}")
PREFIX = "bench"


def mixed(name, count):
    """64 random bits for each element, the same with every version of numpy."""
    bits = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(zlib.crc32(name.encode()) << 20)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits ^= bits >> np.uint64(shift)
        bits *= np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))


def uniform(name, shape, low, high):
    part = (mixed(name, int(np.prod(shape))) >> np.uint64(40)).astype(np.float32) / np.float32(1 << 24)
    return (np.float32(low) + np.float32(high - low) * part).reshape(shape)


def picture(name, shape):
    """Large smooth shapes and a little noise: noise alone averages away in deep networks."""
    coarse = uniform(f"{name} coarse", (*shape[:-2], 5, 5), -2, 2)
    rows, columns = (np.maximum(0, 1 - np.abs(np.linspace(0, 4, size)[:, None] - np.arange(5))).astype(np.float32) for size in shape[-2:])
    return rows @ coarse @ columns.T + uniform(name, shape, -0.5, 0.5)


def drawn(name, shape, dtype, kind, low=0, high=0):
    """kind: uniform, picture, integers (from low to below high), constant (low)."""
    if kind == "constant":
        return np.full(shape, low, dtype)
    if kind == "integers":
        return (low + (mixed(name, int(np.prod(shape))) >> np.uint64(33)).astype(np.int64) % (high - low)).astype(dtype).reshape(shape)
    return (picture(name, shape) if kind == "picture" else uniform(name, shape, low, high)).astype(dtype)


def feeds_of(inputs):
    return {name: drawn(name, **how) for name, how in inputs.items()}


def there():
    """The cases of this folder, in the order in which they are asked."""
    with open(os.path.join(HERE, "order"), encoding="utf-8") as file:
        return [name for name in file.read().split() if os.path.exists(os.path.join(HERE, f"{name}.json"))]


class Case:
    def __init__(self, name):
        self.name = name
        with open(os.path.join(HERE, f"{name}.json"), encoding="utf-8") as file:
            self.about = json.load(file)
        self.feeds = feeds_of(self.about["inputs"])
        self.is_step = "parameters" in self.feeds

    def arrays(self, prefix):
        with np.load(os.path.join(HERE, f"{self.name}.npz")) as file:
            return {key[len(prefix):]: file[key] for key in file if key.startswith(prefix)}

    def expected(self):
        if self.about["expected"] == "product":
            a, b = self.feeds.values()
            return {"y": a.astype(np.float64) @ b.astype(np.float64)}
        return self.arrays("out.")

    def outputs(self):
        return ["y"] if self.about["expected"] == "product" else list(self.arrays("out."))

    def weights(self):
        """In the order in which the model uses them, as PyTorch lays them out."""
        arrays = self.arrays("w.")
        whole = [(np.resize(arrays[key], shape), lies) for key, (shape, lies) in zip(sorted(arrays), self.about["weights"])]
        return [array.T if lies else array for array, lies in whole]

    def library(self):
        packed = os.path.join(HERE, f"{self.name}.so.xz")
        with open(packed, "rb") as file:
            path = os.path.join(UNPACKED, f"{self.name}-{zlib.crc32(file.read()):08x}.so")
        if not os.path.exists(path):
            os.makedirs(UNPACKED, exist_ok=True)
            with lzma.open(packed) as source, open(f"{path}.{os.getpid()}", "wb") as file:
                shutil.copyfileobj(source, file, 1 << 20)
            os.replace(f"{path}.{os.getpid()}", path)
        return native.Library(path, PREFIX)


def keep(folder, name, inputs, library, expected=None, weights=(), block=0):
    """Writes a case. expected None: the product of its two inputs. Of weights larger than `block` (0: of
    none) the first values are kept."""
    arrays = {f"out.{key}": value for key, value in (expected or {}).items()}
    arrays |= {f"w.{i:04}": np.ravel(value)[:block or None] for i, (value, _) in enumerate(weights)}
    np.savez_compressed(os.path.join(folder, f"{name}.npz"), **arrays)
    with open(library, "rb") as source, lzma.open(os.path.join(folder, f"{name}.so.xz"), "wb", preset=1) as file:
        shutil.copyfileobj(source, file, 1 << 20)
    with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
        json.dump({"inputs": inputs, "expected": "product" if expected is None else "carried",
                   "weights": [[list(value.shape), lies] for value, lies in weights]}, file)
