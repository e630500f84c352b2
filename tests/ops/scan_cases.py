"""Scans for test_gradients.py: text of their bodies, and operands. A body reads %s0.. (states), %i0.. (inputs), %u0.. (uses)."""
from dataclasses import dataclass

import numpy as np

rng = np.random.default_rng(6)


@dataclass
class Scan:
    steps: int
    states: int
    inputs: int
    body: str
    returned: tuple  # (name, shape) of what the body returns
    attributes: str = ""

    def text(self, operands, count):
        """Lines of the scan as %r<count>, and its results: values, shapes."""
        groups, at = [], 0
        for word, letter, n in (("carry", "s", self.states), ("over", "i", self.inputs), ("with", "u", len(operands) - self.states - self.inputs)):
            if n:
                groups.append(f"{word}({', '.join(f'%{letter}{j} = {operands[at + j][0]}' for j in range(n))})")
            at += n
        shapes = [shape if k < self.states else (self.steps, *shape) for k, (_, shape) in enumerate(self.returned)]
        types = ", ".join(tensor(shape) for shape in shapes)
        lines = [f"  %r{count}:{len(shapes)} = kiln.scan {self.steps} {' '.join(groups)} {{{self.attributes}}} : "
                 f"({', '.join(t for _, t in operands)}) -> ({types}) {{", self.body.strip("\n"),
                 f"    kiln.return {', '.join(name for name, _ in self.returned)} : {', '.join(tensor(shape) for _, shape in self.returned)}", "  }"]
        return lines, [((f"%r{count}#{k}", tensor(shape)), shape) for k, shape in enumerate(shapes)]


def tensor(shape, element="f64"):
    return f"tensor<{''.join(f'{n}x' for n in shape)}{element}>"


def op(name, to, x, *shape, attributes="", others=()):
    types = ", ".join([tensor(shape)] * (1 + len(others)))
    return f"    {to} = kiln.{name} {', '.join((x, *others))} {{{attributes}}} : ({types}) -> {tensor(shape)}\n"


def product(to, x, y, left, right):
    return (f'    {to} = kiln.contract {x}, {y} {{labels = "bk,kn->bn"}} : ({tensor(left)}, {tensor(right)}) -> {tensor((left[0], right[1]))}\n')


def within(*shape):
    return rng.uniform(-1, 1, shape)


B, F, U = 2, 3, 4
NEXT = (product("%a", "%i0", "%u0", (B, F), (F, U)) + product("%b", "%s0", "%u1", (B, U), (U, U)) + op("add", "%c", "%a", B, U, others=("%b",))
        + f"    %d = kiln.broadcast %u2 {{dims = array<i64: 1>, shape = array<i64: {B}, {U}>}} : ({tensor((U,))}) -> {tensor((B, U))}\n"
        + op("add", "%e", "%c", B, U, others=("%d",)) + op("tanh", "%h", "%e", B, U))
WEIGHTS = (within(F, U), within(U, U), within(U))
SCANS = {
    # h' = tanh(x W + h R + b), every h and the last one; both ways.
    **{f"rnn{flag}": (Scan(5, 1, 1, NEXT, (("%h", (B, U)), ("%h", (B, U))), flag), (within(B, U), within(5, B, F), *WEIGHTS)) for flag in ("", "reverse")},
    # The last state alone; an output that is not the state.
    "last": (Scan(3, 1, 1, NEXT, (("%h", (B, U)),)), (within(B, U), within(3, B, F), *WEIGHTS)),
    "output": (Scan(3, 1, 1, NEXT + op("mul", "%y", "%h", B, U, others=("%s0",)), (("%h", (B, U)), ("%y", (B, U)))),
               (within(B, U), within(3, B, F), *WEIGHTS)),
    # Two states that feed each other, without any input.
    "pair": (Scan(4, 2, 0, op("sin", "%a", "%s0", 3) + op("mul", "%b", "%a", 3, others=("%u0",)) + op("mul", "%c", "%b", 3, others=("%s1",)),
                  (("%c", (3,)), ("%s0", (3,)), ("%b", (3,)))), (within(3), within(3), within(3))),
    # No state: what is cut, read and stacked again.
    "map": (Scan(4, 0, 2, op("mul", "%a", "%i0", 3, others=("%i1",)) + op("exp", "%b", "%a", 3), (("%b", (3,)),), "reverse"), (within(4, 3), within(4, 3))),
    # One step; and a state that is handed on, a constant that is returned.
    "one": (Scan(1, 1, 1, op("mul", "%a", "%s0", 3, others=("%i0",)), (("%a", (3,)), ("%s0", (3,)))), (within(3), within(1, 3))),
    "fixed": (Scan(3, 2, 0, op("mul", "%a", "%s0", 3, others=("%s1",)), (("%a", (3,)), ("%s1", (3,)), ("%s1", (3,)))), (within(3), within(3))),
    # A row of a table for every step: an input that is no float.
    "embedding": (Scan(3, 1, 1, f'    %a = kiln.gather %u0, %i0 {{axis = 0 : i64}} : ({tensor((5, 4))}, tensor<2xi64>) -> {tensor((2, 4))}\n'
                       + op("mul", "%b", "%a", 2, 4, others=("%s0",)) + op("sin", "%c", "%b", 2, 4), (("%c", (2, 4)), ("%b", (2, 4)))),
                  (within(2, 4), np.array([[4, 0], [0, 0], [2, -1]]), within(5, 4))),
    # A scan in a scan: the inner one goes over what the outer one carries.
    "nested": (Scan(2, 1, 1, f"""
    %p:2 = kiln.scan 3 carry(%h = %i0) over(%x = %s0) with(%w = %u0) : ({tensor((2,))}, {tensor((3, 2))}, {tensor((2,))}) -> ({tensor((2,))}, {tensor((3, 2))}) {{
      %0 = kiln.mul %h, %x : ({tensor((2,))}, {tensor((2,))}) -> {tensor((2,))}
      %1 = kiln.sin %0 : ({tensor((2,))}) -> {tensor((2,))}
      %2 = kiln.add %1, %w : ({tensor((2,))}, {tensor((2,))}) -> {tensor((2,))}
      kiln.return %2, %2 : {tensor((2,))}, {tensor((2,))}
    }}
""", (("%p#1", (3, 2)), ("%p#0", (2,)))), (within(3, 2), within(2, 2), within(2))),
}
