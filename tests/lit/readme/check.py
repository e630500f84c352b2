"""check.py README MODEL NAME: every code block of README that names a stage (```mlir fused) is what kiln makes of MODEL there.

A line `...` of a block leaves out lines, `...` within a line a part of it; every other line follows the one before. The `source`
block is the model's own text.
"""
import re
import subprocess
import sys

STAGES = {"source", "graph", "fused", "layout", "hoisted", "scheduled", "planned", "llvm"}
readme, model, name = sys.argv[1:]
with open(readme) as file:
    blocks = re.findall(r"^```\w+ (\w+)\n(.*?)^```$", file.read(), re.M | re.S)
with open(model) as file:
    outputs = {"source": file.read()}


def shown(lines, output):
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else r"\s*" + ".*?".join(map(re.escape, line.split("..."))) + r"[^\S\n]*\n"
                      for line in lines)
    return re.search("(?:^|\n)" + pattern, output + "\n")


missing = STAGES - {stage for stage, _ in blocks}
if missing:
    sys.exit(f"{readme} shows no {', '.join(sorted(missing))}")
for stage, text in blocks:
    if stage not in outputs:
        command = ["kiln", "compile", model, "-o", name, "--emit=obj", "--target=x86-64-v3", f"--cache-dir={name}.cache", f"--dump={stage}"]
        outputs[stage] = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    lines = [line.strip() for line in text.strip().splitlines()]
    for last in range(1, len(lines) + 1):
        if not shown(lines[:last], outputs[stage]):
            sys.exit(f"{readme}: stage {stage} has no line\n  {lines[last - 1]}\nafter those before it. It is:\n{outputs[stage]}")
