"""Faults planted in the PTX of a compiled library, a change each.

In: the library's bytes. Out: for each fault its family, what was changed, the text with it, and the text with a trap where the change makes
a difference (or None: it always does)."""
import re

BYTES = {"8": 1, "16": 2, "32": 4, "64": 8}
LOOSER = {"lt": "le", "le": "lt", "gt": "ge", "ge": "gt", "lo": "ls", "ls": "lo", "hi": "hs", "hs": "hi", "eq": "ne", "ne": "eq"}


def is_index(number):
    """And not the bits of a float, or a divisor's reciprocal."""
    return abs(int(number)) < 1 << 20


def barrier(line):
    if re.match(r"bar(rier)?(\.cta)?\.sync", line):
        yield "barrier", ""


def offset(line):
    """Further by one element, of vectors too, and back by one."""
    match = re.match(r"((ld|st)\.(?:volatile\.)?(global|shared)[.\w]*?\.[busf](8|16|32|64)\s[^\[]*\[%?\w+)(?:\+(-?\d+))?(\].*)", line)
    if match:
        for step in (BYTES[match[4]], -BYTES[match[4]]):
            yield f"{match[2]}.{match[3]}", f"{match[1]}+{int(match[5] or 0) + step}{match[6]}"


def shuffle(line):
    match = re.match(r"(shfl\.sync\.\w+\.b32\s+\S+ \S+ )(\S+), (\S+), (\S+);", line)
    if match:
        yield "lane", f"{match[1]}{8 if match[2] != '8' else 4}, {match[3]}, {match[4]};"
        yield "width", f"{match[1]}{match[2]}, {0x1f00 | int(match[3])}, {match[4]};"  # a lane is a segment of its own
        yield "members", f"{match[1]}{match[2]}, {match[3]}, 65535;"
        yield "members", f"{match[1]}{match[2]}, {match[3]}, -2;"


def comparison(line):
    """Of integers: one too many, or the other way round; with the next number, or the one before it."""
    match = re.match(r"setp\.(\w+)(\.[bus](?:16|32|64))\s+(%p\d+), (\S+), (\S+);", line)
    if not match or (match[5][0] != "%" and not is_index(match[5])):
        return
    changes = [("comparison", LOOSER[match[1]], match[5])]
    if match[5][0] != "%":
        changes += [("bound", match[1], str(int(match[5]) + step)) for step in (1, -1)]
    for family, kind, right in changes:
        changed = f"setp.{kind}{match[2]} \t{match[3]}, {match[4]}, {right};"
        probe = f".reg .pred %other; setp.{kind}{match[2]} %other, {match[4]}, {right}; {line} xor.pred %other, %other, {match[3]}; @%other trap;"
        yield family, changed, probe


def index(line):
    """Integers of address arithmetic; not a loop's step, where the first operand is the result."""
    match = re.match(r"((?:add|mad\.lo|mul\.lo|mul\.wide|shl)\.[bus](?:32|64)\s+(%\w+), (%\w+),.* )(-?\d+);", line)
    if match and match[2] != match[3] and is_index(match[4]):
        yield "index", f"{match[1]}{int(match[4]) + 1};"


FAMILIES = [barrier, offset, shuffle, comparison, index]


def texts(binary):
    """The PTX that a library carries, a kernel each."""
    found = [match[0][:-1].decode() for match in re.finditer(rb"\.version [^\0]*\0", binary)]
    return [text for text in found if ".entry" in text]


def faults(text):
    lines = text.split("\n")

    def with_line(i, changed):
        return "\n".join([*lines[:i], changed, *lines[i + 1:]])
    for i, line in enumerate(lines):
        for family in FAMILIES:
            for name, changed, *probe in family(line.strip()):
                yield name, f"line {i}: {line.strip()} -> {changed}", with_line(i, changed), with_line(i, probe[0]) if probe else None
