#!/usr/bin/env python3
"""Runs node cases through kiln, many in one process.  node_run.py [--fill] [--target x86-64-v3] [NAME...]

Prints one line for every case that is not passed. With --fill it runs every case and writes the two lists: node_tests.txt
(passes here, so it must pass from now on) and node_skips.txt (why not).
"""
import argparse
import collections
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from conformance import node_cases  # noqa: E402
from models import kiln  # noqa: E402

BATCH = 24
PASSED = "passed"


def one_line(error):
    """What kiln said first, without the paths of this run."""
    lines = [line for line in error.splitlines() if "error:" in line] or [line for line in error.splitlines() if line.strip()]
    return re.sub(r"\S*/cases.onnx: ", "", lines[0][:300]) if lines else "no message"


def attempt(cases, target):
    """(outputs, None) or (None, what kiln said)."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cases.onnx")
        with open(path, "wb") as file:
            file.write(node_cases.merge(cases).SerializeToString())
        feeds = {k: v for case in cases for k, v in case.feeds.items()}
        outputs = [k for case in cases for k in case.expected]
        try:
            return kiln.infer(path, feeds, outputs, target=target, timeout=600), None
        except kiln.Failed as error:
            return None, str(error).split("\n", 1)[1]


def verdict(case, got):
    try:
        case.check(got)
        return PASSED
    except AssertionError as error:
        text = [line.strip() for line in str(error).splitlines() if line.strip()]
        return "wrong: " + "; ".join(text[:5])


def refused(cases, message):
    """Cases that kiln named in its message, each with its line."""
    found = {}
    for line in message.splitlines():
        for case in cases:
            if f"{case.name}/" in line:
                found.setdefault(case.name, line.strip()[:300])
    return found


def solve(cases, target, results):
    """Fills results[name]. A batch that fails loses the cases that the message names; one without names is halved."""
    if not cases:
        return
    got, message = attempt(cases, target)
    if got is not None:
        results.update({case.name: verdict(case, got) for case in cases})
    elif len(cases) == 1:
        named = refused(cases, message)
        results[cases[0].name] = "refused: " + named.get(cases[0].name, one_line(message))
    else:
        named = refused(cases, message)
        rest = [case for case in cases if case.name not in named]
        if named and rest:
            results.update({name: f"refused: {line}" for name, line in named.items()})
            solve(rest, target, results)
        else:
            half = len(cases) // 2
            solve(cases[:half], target, results)
            solve(cases[half:], target, results)


def run(cases, target=None, progress=lambda done: None):
    groups, results = collections.defaultdict(list), {}
    for case in cases:
        groups[case.opset()].append(case)
    for group in groups.values():
        for i in range(0, len(group), BATCH):
            solve(group[i:i + BATCH], target, results)
            progress(len(results))
    return results


def fill(collected, results):
    with open(os.path.join(HERE, "node_tests.txt"), "w") as file:
        file.write("# Operator tests of the onnx wheel that must pass. Written by node_run.py --fill; a name leaves only with a reason.\n")
        file.writelines(f"{name}\n" for name in sorted(collected) if results.get(name) == PASSED)
    with open(os.path.join(HERE, "node_skips.txt"), "w") as file:
        file.write("# Operator tests of the onnx wheel that kiln does not run yet, and why. Written by node_run.py --fill.\n")
        for name, case in sorted(collected.items()):
            reason = case if isinstance(case, str) else results[name]
            if reason != PASSED:
                file.write(f"{name}: {reason}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--fill", action="store_true")
    parser.add_argument("--target")
    options = parser.parse_args()
    collected = node_cases.collect()
    names = options.names or list(collected)
    cases = [collected[name] for name in names if not isinstance(collected[name], str)]
    results = run(cases, options.target, lambda done: print(f"\r{done} of {len(cases)}", end="", file=sys.stderr, flush=True))
    print(file=sys.stderr)
    for name, result in results.items():
        if result != PASSED:
            print(f"{name}: {result}")
    print(f"{sum(r == PASSED for r in results.values())} of {len(cases)} passed")
    if options.fill:
        fill(collected, results)


if __name__ == "__main__":
    main()
