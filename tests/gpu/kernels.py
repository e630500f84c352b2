"""Kernels in PTX made by Halide here and now, from a line of Python each, so that the interpreter is judged by another's code."""
import re
import tempfile

import halide as hl
import numpy as np

TARGET = "x86-64-linux-avx2-fma-cuda-cuda_capability_80-no_runtime-no_asserts-no_bounds_query-user_context"


class Kernel:
    """PTX text, and how to launch it: `arguments` are the names of its buffers, in order."""

    def __init__(self, func, inputs):
        with tempfile.TemporaryDirectory() as folder:
            outputs = {hl.OutputFileType.device_code: f"{folder}/k.ptx", hl.OutputFileType.stmt: f"{folder}/k.stmt"}
            func.compile_to(outputs, inputs, "k", hl.Target(TARGET))
            self.ptx = open(f"{folder}/k.ptx", encoding="utf-8").read()
            statement = open(f"{folder}/k.stmt", "rb").read().decode("latin1")
        call = re.search(r'halide_cuda_run\([^"]*"(\w+)", ' + r"(\d+), " * 6 + r"([^{}]*?), \(void \*\)make_struct(.*)", statement)
        self.entry, self.grid, self.block = call[1], tuple(map(int, call.groups()[1:4])), tuple(map(int, call.groups()[4:7]))
        if not re.fullmatch(r"[\d +*()]+", call[8]):
            raise ValueError(f"shared memory of {call[8]} bytes: expected a constant")
        self.shared = eval(call[8])  # of numbers alone
        self.arguments = re.findall(r"\(void \*\)(\w+)[$\d]*\.buffer", call[9])  # Halide numbers equal names

    def run(self, card, shapes, ptx=None, **arrays):
        """The arrays that it leaves, by name: those given, and new ones of `shapes` (name -> shape, dtype) that hold nothing before."""
        places = {name: card.put(array) for name, array in arrays.items()}
        for name, (shape, dtype) in shapes.items():
            places[name] = card.allocate(int(np.prod(shape)) * np.dtype(dtype).itemsize)
        card.launch(card.load(ptx or self.ptx), self.entry, self.grid, self.block, [places[name] for name in self.arguments], self.shared)
        return {name: card.get(places[name], shape, dtype) for name, (shape, dtype) in shapes.items()}


def pointwise(function, dtype, count, inputs=1, out=None):
    """out[i] = function(in0[i], in1[i], ...), 128 threads a block; all sizes are constants."""
    x, o, i = hl.Var("x"), hl.Var("o"), hl.Var("i")
    parameters = [hl.ImageParam(dtype, 1, f"in{n}") for n in range(inputs)]
    for parameter in parameters:
        parameter.dim(0).set_bounds(0, count)
        parameter.set_host_alignment(16)
    func = hl.Func("out")
    func[x] = function(*[parameter[x] for parameter in parameters])
    func.output_buffer().dim(0).set_bounds(0, count)
    func.gpu_tile(x, o, i, 128)
    return Kernel(func, parameters)


def product(m, n, k, tile=32, step=8):
    """C[m][n] = A[m][k] B[k][n], blocks of tile x tile staged in shared memory, 2x2 elements a thread."""
    x, y, r = hl.Var("x"), hl.Var("y"), hl.RDom([(0, k)], "r")
    xo, yo, xi, yi, xt, yt, t, u = (hl.Var(name) for name in "xo yo xi yi xt yt t u".split())
    a, b = hl.ImageParam(hl.Float(32), 2, "a"), hl.ImageParam(hl.Float(32), 2, "b")
    for parameter, (width, height) in ((a, (k, m)), (b, (n, k))):
        parameter.dim(0).set_bounds(0, width)
        parameter.dim(1).set_bounds(0, height).set_stride(width)
        parameter.set_host_alignment(16)
    total, func = hl.Func("total"), hl.Func("out")
    total[x, y] += a[r, y] * b[x, r]
    func[x, y] = total[x, y]
    func.output_buffer().dim(0).set_bounds(0, n)
    func.output_buffer().dim(1).set_bounds(0, m).set_stride(n)
    rxo, rxi = hl.RVar("rxo"), hl.RVar("rxi")
    func.tile(x, y, xo, yo, xi, yi, tile, tile).gpu_blocks(xo, yo).tile(xi, yi, xt, yt, t, u, 2, 2).gpu_threads(xt, yt)
    total.compute_at(func, xo).store_in(hl.MemoryType.GPUShared)
    total.tile(x, y, xt, yt, t, u, 2, 2).gpu_threads(xt, yt)
    total.update().tile(x, y, xt, yt, t, u, 2, 2).split(r, rxo, rxi, step).reorder(rxi, t, u, xt, yt, rxo).gpu_threads(xt, yt)
    for staged in (a.in_(), b.in_()):
        p, q = staged.args()
        f, g = hl.Var("f"), hl.Var("g")
        staged.compute_at(total, rxo).store_in(hl.MemoryType.GPUShared)
        staged.fuse(p, q, f).split(f, f, g, 256).split(g, u, t, 16).gpu_threads(t, u)
    return Kernel(func, [a, b])


def row_sums(rows, width):
    """out[y][lane] = the sum of row y, for all lanes, by a warp a row: partial sums in registers, then shuffles between lanes."""
    y, lane = hl.Var("y"), hl.Var("lane")
    x = hl.ImageParam(hl.Float(32), 2, "x")
    x.dim(0).set_bounds(0, width)
    x.dim(1).set_bounds(0, rows).set_stride(width)
    r = hl.RDom([(0, width // 32)], "r")
    partial, func = hl.Func("partial"), hl.Func("out")
    partial[lane, y] += x[lane + 32 * r, y]
    levels = [partial]
    for size in (16, 8, 4, 2, 1):
        levels.append(hl.Func(f"level{size}"))
        levels[-1][lane, y] = levels[-2][lane, y] + levels[-2][hl.clamp((lane + size) % 32, 0, 31), y]
    func[lane, y] = levels[-1][lane, y]
    for level in levels:
        level.compute_at(func, y).bound_extent(lane, 32).store_in(hl.MemoryType.Register).gpu_lanes(lane)
    partial.update().gpu_lanes(lane)
    func.output_buffer().dim(0).set_bounds(0, 32)
    func.output_buffer().dim(1).set_bounds(0, rows).set_stride(32)
    func.gpu_blocks(y).gpu_lanes(lane)
    return Kernel(func, [x])
