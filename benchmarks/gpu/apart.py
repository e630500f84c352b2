"""How far answers are apart, and where. In: what was found and what was expected, by name, in the outputs' order. Out: a number, a sentence.

A number is the largest difference as a share of the largest magnitude expected; of what a training step updates, of the update.
"""
import numpy as np

TOLERANCE = 1e-3


def updates(answers, feeds):
    """Of a training step at rate 1 the parameters' update is minus their gradient."""
    return {name: value.astype(np.float64) - feeds[name] if name in feeds else value for name, value in answers.items()}


def difference(found, expected):
    if found.shape != expected.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    apart = np.abs(found.astype(np.float64) - expected.astype(np.float64))
    return float("inf") if not np.isfinite(apart).all() else float(apart.max() / max(np.abs(expected.astype(np.float64)).max(), 1e-30))


def worst(found, expected):
    return max(difference(found[name], value) for name, value in expected.items())


def where(found, expected):
    """Of the first output that is wrong: how many elements, the first of them, and what is there."""
    for name, value in expected.items():
        if found[name].shape != value.shape:
            return f"'{name}' has shape {found[name].shape}, expected {value.shape}"
        if difference(found[name], value) <= TOLERANCE:
            continue
        want = value.astype(np.float64)
        good = np.abs(found[name] - want) <= TOLERANCE * np.abs(want).max()  # false of NaN
        first, last = (tuple(int(i) for i in index) for index in np.argwhere(~good)[[0, -1]])
        return (f"'{name}': {np.count_nonzero(~good)} of {good.size} elements, from {list(first)} ({found[name][first]:.6g}, expected "
                f"{want[first]:.6g}) to {list(last)}; {np.count_nonzero(~np.isfinite(found[name]))} are no numbers")
    return ""
