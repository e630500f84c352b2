"""check_plan.py MIN MAX: a planned module on standard input has between MIN and MAX launches in @main whose results are sound:
those alive together are apart, all are aligned and inside the arena, and every output is written by its launch or copied from a value.
"""
import re
import sys

fewest, most = map(int, sys.argv[1:])
text = sys.stdin.read()


def size(kind):
    """Bytes of tensor<...>: every extent with its halo, blocks whole."""
    dims, layout = re.fullmatch(r'tensor<([^,]*?)f32(?:, #kiln\.layout<"(.*)">)?>', kind).groups()
    extents = [int(n) for n in dims.split("x") if n]
    order, *rest = (layout or "").split(";")
    for part in rest:
        name, value = part.split("=")
        assert name == "halo", part
        for d, low, high in (map(int, h.split(":")) for h in value.split(",")):
            extents[d] += low + high
    for d, block in re.findall(r"(\d+)%(\d+)", order):
        extents[int(d)] = -(-extents[int(d)] // int(block)) * int(block)
    total = 4
    for n in extents:
        total *= n
    return total


arena = int(re.search(r"kiln\.arena_size = (\d+)", text).group(1))
body = re.search(r"func\.func @main.*?\n(.*?return [^\n]*)", text, re.S).group(1).splitlines()
owner, values, launches, outputs = {}, {}, 0, set()
for time, line in enumerate(body):
    result, _, right = line.strip().partition(" = ")
    for used in re.findall(r"%\w+", right or result):
        if owner.get(used) in values:
            values[owner[used]]["last"] = time
    if "kiln.launch" in right:
        launches += 1
        offset = int(re.search(r"offsets = array<i64: (-?\d+)>", right).group(1))
        if offset < 0:
            outputs.add(-1 - offset)
        else:
            values[result] = {"first": time, "last": time, "offset": offset, "size": size(right.rsplit("-> ", 1)[1])}
            owner[result] = result
    elif "kiln.reshape" in right:
        source = re.search(r"%\w+", right).group()
        owner[result] = owner.get(source, source)
returned = re.findall(r"%\w+", body[-1])
assert fewest <= launches <= most, f"{launches} launches"
for k, v in enumerate(returned):
    assert k in outputs or v in owner, f"output {k} is never written"
assert outputs, "no output is written in place"
for name, a in values.items():
    assert a["offset"] % 64 == 0 and a["offset"] + a["size"] <= arena, (name, a, arena)
    for other, b in values.items():
        if name < other and a["first"] <= b["last"] and b["first"] <= a["last"]:
            assert a["offset"] + a["size"] <= b["offset"] or b["offset"] + b["size"] <= a["offset"], (name, a, other, b)
assert max(v["offset"] + v["size"] for v in values.values()) > arena - 64, "the arena is larger than what is in it"
assert arena < sum(v["size"] for v in values.values()), "nothing is reused"
