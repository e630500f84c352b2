"""Runs a program and watches its memory: the peak of the sum of PSS over it and everything it starts."""
import os
import subprocess
import time


def tree(pid):
    """The process and all its descendants."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            for thread in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{thread}/children") as file:
                    waiting += [int(child) for child in file.read().split()]
        except OSError:  # it ended while we looked
            pass
    return found


def pss(pid):
    """Bytes, each shared page counted by its share."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration, ValueError):
        return 0


def watch(arguments, every=0.01, **options):
    """(seconds, peak bytes) of a program that must succeed."""
    start, peak = time.perf_counter(), 0
    process = subprocess.Popen([str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    while process.poll() is None:
        peak = max(peak, sum(pss(pid) for pid in tree(process.pid)))
        time.sleep(every)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: exit {process.returncode}\n{process.stderr.read().decode()}")
    return seconds, peak
