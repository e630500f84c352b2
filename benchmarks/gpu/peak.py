"""What a card can do at most, measured: multiply-adds in registers, and reading memory. In: a Card (driver.py). Out: FLOP/s, bytes/s.

Kernels in PTX of our own, in longer and longer launches, then in more and more of them, until they take 5 ms by the card's events.
"""
import ctypes

CHAINS, THREADS, BLOCKS_EACH = 16, 256, 8  # independent sums of a thread; threads of a block; blocks of a processor
HEAD = """.version 7.0
.target sm_80
.address_size 64
.visible .entry probe(.param .u64 out, .param .u64 from, .param .u32 rounds)
{
  .reg .pred %p; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f32 %f<40>;
  ld.param.u64 %rd1, [out]; cvta.to.global.u64 %rd1, %rd1;
  ld.param.u64 %rd2, [from]; cvta.to.global.u64 %rd2, %rd2;
  ld.param.u32 %r1, [rounds];
  mov.u32 %r2, %tid.x; mov.u32 %r3, %ctaid.x; mov.u32 %r4, %ntid.x; mov.u32 %r5, %nctaid.x;
  mad.lo.s32 %r2, %r3, %r4, %r2;
  mul.lo.s32 %r5, %r5, %r4;
  cvt.rn.f32.u32 %f32, %r2; mov.f32 %f33, 0f3F000000;
"""
START = "\n".join(f"  mul.f32 %f{i}, %f32, 0f3F{i:02}0000;" for i in range(CHAINS))  # no two alike, or an assembler may do one for both
MULTIPLY = "\n".join(f"  fma.rn.f32 %f{i}, %f{i}, %f33, %f32;" for i in range(CHAINS))
READ = """  mul.wide.u32 %rd3, %r2, 16; add.s64 %rd4, %rd2, %rd3;
  ld.global.v4.f32 {%f20, %f21, %f22, %f23}, [%rd4];
  add.f32 %f0, %f0, %f20; add.f32 %f1, %f1, %f21; add.f32 %f2, %f2, %f22; add.f32 %f3, %f3, %f23;
  add.s32 %r2, %r2, %r5;"""
TAIL = "\n".join(f"  add.f32 %f0, %f0, %f{i};" for i in range(1, CHAINS)) + """
  mul.wide.u32 %rd5, %r6, 4; add.s64 %rd6, %rd1, %rd5;
  st.global.f32 [%rd6], %f0;
  ret;
}
"""


def text(body):
    return f"{HEAD}  mov.u32 %r6, %r2;\n{START}\nround:\n{body}\n  sub.s32 %r1, %r1, 1; setp.ne.s32 %p, %r1, 0; @%p bra round;\n{TAIL}"


def rate(card, body, blocks, of_round, shortest, longest, most=1, source=0):
    """`of_round`: what one round of a launch does; `most`: so many launches at most."""
    out, module, rounds, times = card.allocate(4 * blocks * THREADS), card.load(text(body)), shortest, 1
    while True:
        arguments = [out, source or out, ctypes.c_uint32(rounds)]
        milliseconds = card.elapsed(lambda: card.launch(module, "probe", (blocks, 1, 1), (THREADS, 1, 1), arguments, times=times))
        if milliseconds >= 5 or (rounds * 4 > longest and times * 4 > most):
            return of_round * rounds * times / (milliseconds * 1e-3)
        rounds, times = (rounds * 4, times) if rounds * 4 <= longest else (rounds, times * 4)


def multiply_adds(card, blocks=0):
    blocks = blocks or BLOCKS_EACH * card.processors()
    return rate(card, MULTIPLY, blocks, 2 * CHAINS * blocks * THREADS, 64, 1 << 20)


def reading(card, blocks=0, rounds=64, most=1024):
    """Each launch reads its memory once, `rounds` vectors of 16 bytes a thread at most."""
    blocks = blocks or BLOCKS_EACH * card.processors()
    each = 16 * blocks * THREADS
    source = card.allocate(each * rounds)
    card.fill(source, each * rounds)
    return rate(card, READ, blocks, each, 1, rounds, most, source)
