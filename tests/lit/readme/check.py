"""check.py README MODEL NAME: every code block of README that names a stage (```mlir fused) is what kiln makes of MODEL there.

A block's `...` stands for anything. The `source` block is the model's own text.
"""
import re
import subprocess
import sys

readme, model, name = sys.argv[1:]
with open(readme) as file:
    blocks = re.findall(r"^```\w+ (\w+)\n(.*?)^```$", file.read(), re.M | re.S)
with open(model) as file:
    outputs = {"source": file.read()}
wanted = {"source", "graph", "fused", "layout", "hoisted", "scheduled", "planned", "llvm"}
missing = wanted - {stage for stage, _ in blocks}
if missing:
    sys.exit(f"{readme} shows no {', '.join(sorted(missing))}")
for stage, text in blocks:
    if stage not in outputs:
        command = ["kiln", "compile", model, "-o", name, "--emit=obj", "--target=x86-64-v3", f"--cache-dir={name}.cache", f"--dump={stage}"]
        outputs[stage] = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    # Each line follows the one before it unless `...` stands between; within a line it stays on the line.
    lines = [line.strip() for line in text.strip().splitlines()]
    pattern = ""
    for line in lines:
        pattern += r"(?:.*\n)*?" if line == "..." else r"\s*" + ".*?".join(map(re.escape, line.split("..."))) + r"[^\S\n]*\n"
    if not re.search(r"(?:^|\n)" + pattern, outputs[stage] + "\n"):
        for last in range(1, len(lines) + 1):  # name the first line that does not fit
            part = "".join(r"(?:.*\n)*?" if line == "..." else r"\s*" + ".*?".join(map(re.escape, line.split("..."))) + r"[^\S\n]*\n"
                           for line in lines[:last])
            if not re.search(r"(?:^|\n)" + part, outputs[stage] + "\n"):
                break
        sys.exit(f"{readme}: stage {stage} has no line\n  {lines[last - 1]}\nafter the ones before it in the block. It is:\n{outputs[stage]}")
