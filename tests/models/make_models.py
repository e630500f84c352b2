#!/usr/bin/env python3
"""Writes the test models into a folder.  make_models.py FOLDER [--seed 0] [NAME...]

A model already there is left alone, unless --force. The same seed gives the same bytes (on one machine: batch-norm statistics
come from ONNX Runtime). All fifteen are about 1.4 GB, of which VGG-19, ZFNet-512 and AlexNet are most.
"""
import argparse
import functools
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from models import convnets, gpt, light  # noqa: E402

MODELS = {name: functools.partial(light.light, name) for name in light.NAMES}
MODELS.update(mlp=convnets.mlp, mnist_cnn=convnets.mnist_cnn, resnet110=convnets.resnet110, yolov2_tiny=convnets.yolov2_tiny,
              mobilenetv2=convnets.mobilenetv2, gpt_small=gpt.gpt_small)


def make(folder, name, seed=0, force=False):
    """Writes one model whole or not at all; returns its path."""
    path = os.path.join(folder, f"{name}.onnx")
    if force or not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        with open(f"{path}.{os.getpid()}", "wb") as file:
            file.write(MODELS[name](seed).SerializeToString(deterministic=True))
        os.replace(file.name, path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {' '.join(MODELS)} (all when none is given)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--force", action="store_true", help="write again what is already there")
    options = parser.parse_args()
    unknown = set(options.names) - set(MODELS)
    if unknown:
        parser.error(f"no model is called {', '.join(sorted(unknown))}; there are {', '.join(MODELS)}")
    for name in options.names or MODELS:
        path = make(options.folder, name, options.seed, options.force)
        print(f"{path}: {os.path.getsize(path) / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
