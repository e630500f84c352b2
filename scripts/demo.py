"""Classifies the Fashion-MNIST test images with a compiled LeNet-5 and says how it went.

In: the executable, a folder to work in. Out: accuracy, time, size and what the file is made of; FOLDER/sheet.png. With --trained: accuracy alone.
"""

import gzip
import pathlib
import struct
import subprocess
import sys

import numpy as np
from PIL import Image, ImageDraw

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
MODEL = pathlib.Path(__file__).resolve().parents[1] / "examples/lenet5"
ROUNDING = 3  # images so near to a tie that another instruction set may see them otherwise
TRAINED = 8300  # two epochs reach 8500 and more
LABELS = "T-shirt Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Boot".split()


def idx(name):
    """An IDX file of bytes, as an array: magic 0, 0, 8, rank; then big-endian extents; then the data."""
    raw = gzip.decompress((DATA / name).read_bytes())
    extents = struct.unpack(f">{raw[3]}I", raw[4 : 4 + 4 * raw[3]])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(extents)


def sections(file):
    """Name -> bytes of an ELF64 file's loaded sections."""
    raw = file.read_bytes()
    start, (size, count, names) = struct.unpack_from("<Q", raw, 0x28)[0], struct.unpack_from("<HHH", raw, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", raw, start + size * i) for i in range(count)]
    text = headers[names][4]
    return {raw[text + h[0] : raw.index(b"\0", text + h[0])].decode(): h[5] for h in headers if h[2] & 2 and h[1] != 8}


def sheet(images, truth, guess, path, columns=10, scale=2):
    """The first images in rows: what it is under each one, and in red what the model took it for."""
    tile, caption = 28 * scale, 22
    width, height = tile + 24, tile + caption + 6
    picture = Image.new("RGB", (columns * width, columns * height), "white")
    draw = ImageDraw.Draw(picture)
    for i in range(columns * columns):
        x, y = i % columns * width + 12, i // columns * height + 3
        picture.paste(Image.fromarray(255 - images[i]).resize((tile, tile), Image.NEAREST), (x, y))
        right = truth[i] == guess[i]
        draw.text((x, y + tile), LABELS[guess[i]], fill="darkgreen" if right else "red")
        if not right:
            draw.text((x, y + tile + 10), f"({LABELS[truth[i]]})", fill="gray")
    picture.save(path)


def main(executable, folder, trained):
    images, truth = idx("t10k-images-idx3-ubyte.gz"), idx("t10k-labels-idx1-ubyte.gz")
    pixels = np.pad(images.astype(np.float32) / 255, ((0, 0), (2, 2), (2, 2)))
    np.save(folder / "images.npy", pixels[:, None, None])
    subprocess.run([executable, "--input", f"image={folder}/images.npy", "--output", f"probabilities={folder}/probabilities.npy"], check=True)
    guess = np.load(folder / "probabilities.npy").reshape(len(truth), -1).argmax(1)
    if trained:
        right = int((guess == truth).sum())
        print(f"accuracy    {right} of {len(truth)} test images with {executable}, compiled from what was trained")
        if right < TRAINED:
            sys.exit(f"demo: {right} images right after two epochs, at least {TRAINED} expected")
        return
    timing = subprocess.run([executable, "--bench", "5000"], check=True, capture_output=True, text=True).stdout.strip()
    sheet(images, truth, guess, folder / "sheet.png")

    right = int((guess == truth).sum())
    expected = int((MODEL / "lenet5-fashion.accuracy.txt").read_text().split()[0])
    print(f"accuracy    {right} of {len(truth)} test images ({expected} expected)")
    print(f"per image   {timing}")
    print(f"executable  {executable}: {executable.stat().st_size:,} bytes, of these")
    held = sections(executable)
    parts = {"weights": [".lrodata"], "code: kernels, program, runtime": [".text"], "constants and texts": [".rodata"]}
    for what, names in parts.items():
        print(f"            {sum(held.pop(name, 0) for name in names):>9,} {what}")
    print(f"            {sum(held.values()):>9,} what the system's loader reads")
    print(f"look at     {folder}/sheet.png")
    if abs(right - expected) > ROUNDING:
        sys.exit(f"demo: {right} images right, {expected} expected")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), "--trained" in sys.argv)
