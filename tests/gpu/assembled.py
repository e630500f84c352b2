"""What ptxas makes of a model's kernels: compiled once for all cards, each distinct PTX assembled once a card, two at a time."""
import concurrent.futures
import glob
import json
import mmap
import os
import re
import subprocess
import sysconfig
import tempfile

from models import kiln

CARDS = ["sm_80", "sm_90"]
SITE = sysconfig.get_paths()["purelib"]
PTXAS = f"{SITE}/nvidia/cuda_nvcc/bin/ptxas"
SAID = {"registers": r"Used (\d+) registers", "stack": r"(\d+) bytes stack frame", "stores": r"(\d+) bytes spill stores",
        "loads": r"(\d+) bytes spill loads", "static": r"(\d+) bytes smem"}


class Kernel:
    """name, schedule, shared (bytes of a launch), ptx, isProduct (it multiplies matrices or windows), cards: card -> numbers of SAID."""

    def __init__(self, name, schedule, shared, ptx, is_product):
        self.name, self.schedule, self.shared, self.ptx, self.is_product = name, schedule, shared, ptx, is_product
        self.cards = {}

    def spilled(self, card):
        return self.cards[card]["stores"] + self.cards[card]["loads"]

    def line(self, card):
        made = self.cards[card]
        return (f"{self.name} {card} {made['registers']:4} registers {self.spilled(card):5} spilled {made['stack']:5} stack "
                f"{self.shared + made['static']:6} shared  {'product' if self.is_product else '       '}  {self.schedule}")


def provenance(path):
    """The kernels that the compiler tells of in an object."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        found = re.search(rb'\{"kernels":\[.*?\],"kiln":', text, re.S)[0].decode()
    return json.loads(found[:found.rindex(',"kiln"')] + "}")["kernels"]


def kernels_of(model, dims=None):
    """The model's kernels for a card, not assembled yet."""
    with tempfile.TemporaryDirectory() as folder:
        text = kiln.compile(model, os.path.join(folder, "model"), "obj", dims, "host-cuda-sm_80", env={**os.environ, "KILN_PTXAS": ""},
                            extra=["--dump=scheduled", "--dump=ptx"]).out
        made = {kernel["name"]: kernel for kernel in provenance(os.path.join(folder, "model.o")) if "shared" in kernel}
    bodies = {m[1]: m[0] for m in re.finditer(r"kiln\.kernel @(\w+)\(.*?^  }$", text, re.S | re.M)}
    modules = re.split(r"(?m)^(?=\.version )", text)[1:]
    found = []
    for module in modules:
        name = re.search(r"\.entry (\w+)\(", module)[1]
        is_product = re.search(r"kiln\.(contract|window)\b", bodies[name]) is not None
        found.append(Kernel(name, made[name]["schedule"], made[name]["shared"], module, is_product))
    assert found and {kernel.name for kernel in found} == set(made)
    return found


def run(path, *arguments):
    return subprocess.run([path, *arguments], capture_output=True, text=True, check=False)


def assemble(ptx, card):
    """The numbers of SAID."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "kernel.ptx")
        with open(source, "w", encoding="utf-8") as file:
            file.write(ptx)
        done = run(PTXAS, "-v", f"-arch={card}", source, "-o", os.path.join(folder, "kernel.cubin"))
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    return {key: int(match[1]) if (match := re.search(pattern, said)) else 0 for key, pattern in SAID.items()}


class Assembler:
    """Remembers what it has assembled, by PTX and card."""

    def __init__(self):
        self.known, self.rows = {}, {}

    def assemble(self, kernels):
        wanted = [(kernel.ptx, card) for kernel in kernels for card in CARDS if (kernel.ptx, card) not in self.known]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            self.known.update(zip(wanted, pool.map(lambda one: assemble(*one), wanted)))
        for kernel in kernels:
            for card in CARDS:
                kernel.cards[card] = self.known[kernel.ptx, card]
                self.rows[kernel.ptx, card] = kernel.line(card)
        return kernels

    def table(self):
        """A line for each distinct kernel and card, and a summary."""
        most = {card: max((numbers["registers"] for (_, of), numbers in self.known.items() if of == card), default=0) for card in CARDS}
        spilled = sum(1 for numbers in self.known.values() if numbers["stores"] + numbers["loads"])
        stacked = sum(1 for numbers in self.known.values() if numbers["stack"])
        summary = (f"{len(self.known) // len(CARDS)} distinct kernels; at most " + ", ".join(f"{n} registers on {card}" for card, n in most.items())
                   + f"; {spilled} spill, {stacked} have a stack (of {len(self.known)})")
        return "\n".join([*sorted(self.rows.values()), summary, ""])


def main_loop(cubin):
    """The instructions of the loop that has the most multiply-adds, of the disassembled code."""
    tool, = glob.glob(f"{SITE}/nvidia/*/bin/nvdisasm")
    done = run(tool, "-c", cubin)
    assert done.returncode == 0, done.stderr
    labels, code, best = {}, [], []
    for line in done.stdout.splitlines():
        if match := re.match(r"\s*(\.L_\w+):", line):
            labels[match[1]] = len(code)
        elif match := re.match(r"\s*/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?(.*?);", line):
            code.append(match[1])
            back = re.match(r"BRA.*?`?\(?(\.L_\w+)", match[1])
            if back and back[1] in labels:
                loop = code[labels[back[1]]:]
                if sum(op.startswith("FFMA") for op in loop) > sum(op.startswith("FFMA") for op in best):
                    best = loop
    return best
