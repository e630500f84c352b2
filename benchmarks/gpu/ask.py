"""Questions to a card, each asked in a process of its own kind, so that a fault or a hang there costs one answer and no more.

A process answers one question after another, a line of JSON each. One that dies or takes too long is replaced; it names what it was asked.
In: a kind of question (serve.py) and names of cases. Out: (name, answer), answer["error"] where there is none.
"""
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Process:
    def __init__(self, kind, names, options):
        self.said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "run"), "--answer", kind, *options, *names], text=True,
                                        stdout=subprocess.PIPE, stderr=self.said, start_new_session=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith('{"case":'):  # libraries, too, may print
                self.lines.put(json.loads(line))
        self.lines.put(None)

    def end(self):
        """What it said last on standard error. One that hangs in the driver may not end even so: it is left."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # with what it started
        except ProcessLookupError:
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            return "it cannot be ended"
        self.said.seek(0)
        lines = self.said.read().strip().splitlines()
        return lines[-1] if lines else f"ended with {self.process.returncode}"


def answers(kind, names, limit, until, options=()):
    """`limit`: seconds for each; `until`: the time at which no more are asked."""
    rest, process = list(names), None
    while rest:
        if time.monotonic() > until:
            break
        process = process or Process(kind, rest, options)
        name = rest.pop(0)
        try:
            answer = process.lines.get(timeout=limit)
        except queue.Empty:
            process.end()
            answer = {"error": f"no answer in {limit:g} s"}
        if answer is None:
            answer = {"error": process.end()}
        yield name, answer
        if "error" in answer:
            process.end()
            process = None
    if process:
        process.end()
    for name in rest:
        yield name, None
