"""In: the number of a test picture of Fashion-MNIST, a checkpoint of zoo:bn_cnn. Out: sheet.png: the filters of its first layer, and what each
layer makes of the picture. The inner values come from `kiln run --also`.

    python sheet.py KILN CHECKPOINT.safetensors [NUMBER] [SHEET.png]
"""
import gzip
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageDraw

IMAGES = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
CLASSES = "top trouser pullover dress coat sandal shirt sneaker bag boot".split()
LAYERS = {"relu": "after the first convolution: 32 of 28x28", "relu_1": "after the second: 64 of 14x14",
          "relu_2": "after the third: 128 of 7x7"}
WIDTH, GAP, MARGIN = 928, 2, 16


def picture_of(number):
    with gzip.open(IMAGES) as file:
        file.seek(16 + 784 * number)
        return np.frombuffer(file.read(784), "u1").reshape(1, 1, 28, 28).astype("f4") / 255


def values_of(kiln, checkpoint, picture):
    """The layers' values, the first filters and the answer."""
    names = [*LAYERS, "conv2d.weight", "probabilities"]
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/image.npy", picture)
        subprocess.run([kiln, "run", checkpoint, "--input", f"image={folder}/image.npy", "--also", ",".join(names[:-1]),
                        "--output", f"{folder}/out.npz"], check=True)
        with np.load(f"{folder}/out.npz") as found:
            return {name: found[name] for name in names}


def grey(plane):
    """Each map by itself: nothing is black, its most is white."""
    return np.repeat((255 * plane / max(plane.max(), 1e-9)).astype("u1")[..., None], 3, 2)


def signed(plane, most):
    """Blue below zero, white, red above."""
    x = np.clip(plane / most, -1, 1)[..., None]
    return (255 * np.where(x > 0, 1 - x * np.float32([0, 1, 1]), 1 + x * np.float32([1, 1, 0]))).astype("u1")


def rows_of(planes, size):
    """A band of tiles."""
    across = (WIDTH + GAP) // (size + GAP)
    band = Image.new("RGB", (WIDTH, -(-len(planes) // across) * (size + GAP)), (40, 44, 52))
    for i, plane in enumerate(planes):
        tile = Image.fromarray(plane).resize((size, size), Image.Resampling.NEAREST)
        band.paste(tile, (i % across * (size + GAP), i // across * (size + GAP)))
    return band


def main(kiln, checkpoint, number="0", sheet="sheet.png"):
    picture = picture_of(int(number))
    values = values_of(kiln, os.path.abspath(checkpoint), picture)
    answer = values["probabilities"][0]
    filters = values["conv2d.weight"][:, 0]
    bands = [(f"picture {number}: {CLASSES[answer.argmax()]}, {100 * answer.max():.1f} %", rows_of([grey(picture[0, 0])], 112)),
             ("the 32 filters of the first convolution, 3x3: red is positive, blue negative",
              rows_of([signed(plane, np.abs(filters).max()) for plane in filters], 27)),
             *((LAYERS[name], rows_of([grey(plane) for plane in values[name][0]], 56 if name != "relu_2" else 27)) for name in LAYERS)]
    whole = Image.new("RGB", (WIDTH + 2 * MARGIN, MARGIN + sum(band.height + 28 for _, band in bands)), (40, 44, 52))
    draw, y = ImageDraw.Draw(whole), MARGIN
    for title, band in bands:
        draw.text((MARGIN, y), title, (230, 230, 230))
        whole.paste(band, (MARGIN, y + 16))
        y += band.height + 28
    whole.save(sheet)
    print(f"{sheet}: {bands[0][0]}")


main(*sys.argv[1:])
