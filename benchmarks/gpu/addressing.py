"""The first questions to a card: does shared memory stand where the kernels' text says, and does it hold what it should?

Kernels in PTX of our own, one for each thing that a template relies on: a named array, one whose size the launch gives, more of it than
48 KB, barriers, vectors of 16 bytes, shuffles. In: a Card (driver.py) and a question. Out: right or not, and what was found.
"""
import numpy as np

HEAD = ".version 7.0\n.target sm_80\n.address_size 64\n"
KERNEL = """{arrays}
.visible .entry probe(.param .u64 out)
{{
  .reg .pred %p<4>; .reg .b32 %r<20>; .reg .b64 %rd<20>;
  {own}
  ld.param.u64 %rd1, [out];
  cvta.to.global.u64 %rd1, %rd1;
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd2, %r1, 4;
  add.s64 %rd3, %rd1, %rd2;
  {body}
  st.global.b32 [%rd3], %r9;
  ret;
}}
"""
#: Thread i writes 3 i + 1, another thread reads it behind a barrier: out[i] = 3 (255 - i) + 1.
REVERSED = """mov.u64 %rd4, {name};
  add.s64 %rd5, %rd4, {offset};
  add.s64 %rd6, %rd5, %rd2;
  mad.lo.s32 %r2, %r1, 3, 1;
  st.shared.b32 [%rd6], %r2;
  bar.sync 0;
  mov.u32 %r3, 255;
  sub.s32 %r4, %r3, %r1;
  mul.wide.u32 %rd7, %r4, 4;
  add.s64 %rd8, %rd5, %rd7;
  ld.shared.b32 %r9, [%rd8];"""
#: Thread i writes four numbers at once; out[i] = the sum of what thread 255 - i wrote.
VECTORS = """mov.u64 %rd4, kiln_smem;
  shl.b64 %rd5, %rd2, 2;
  add.s64 %rd6, %rd4, %rd5;
  add.s32 %r2, %r1, 1; add.s32 %r3, %r1, 2; add.s32 %r4, %r1, 3;
  st.shared.v4.b32 [%rd6], {%r1, %r2, %r3, %r4};
  bar.sync 0;
  mov.u32 %r5, 255;
  sub.s32 %r5, %r5, %r1;
  mul.wide.u32 %rd7, %r5, 16;
  add.s64 %rd8, %rd4, %rd7;
  ld.shared.v4.b32 {%r6, %r7, %r8, %r9}, [%rd8];
  add.s32 %r6, %r6, %r7; add.s32 %r8, %r8, %r9; add.s32 %r9, %r6, %r8;"""
#: The sum over a warp of its threads' numbers, by butterflies.
SHUFFLES = "mov.u32 %r9, %r1;\n" + "\n".join(
    f"  shfl.sync.bfly.b32 %r2, %r9, {by}, 31, -1; add.s32 %r9, %r9, %r2;" for by in (16, 8, 4, 2, 1))
PLACE = "mov.u64 %rd4, kiln_smem; cvt.u32.u64 %r9, %rd4;"

EXTERN = ".extern .shared .align 16 .b8 kiln_smem[];"
THREADS = np.arange(256)
BACK = THREADS[::-1]
QUESTIONS = {
    "a named array": ("", ".shared .align 16 .b8 own[1024];", REVERSED.format(name="own", offset=0), 0, 3 * BACK + 1),
    "an array of the launch's size": (EXTERN, "", REVERSED.format(name="kiln_smem", offset=0), 1024, 3 * BACK + 1),
    "its last kilobyte of 48": (EXTERN, "", REVERSED.format(name="kiln_smem", offset=47 << 10), 48 << 10, 3 * BACK + 1),
    "its last kilobyte of 96": (EXTERN, "", REVERSED.format(name="kiln_smem", offset=95 << 10), 96 << 10, 3 * BACK + 1),
    "vectors of 16 bytes": (EXTERN, "", VECTORS, 4096, 4 * BACK + 6),
    "shuffles": ("", "", SHUFFLES, 0, 32 * (THREADS // 32) * 32 + 496),
}


def text(arrays, own, body):
    return HEAD + KERNEL.format(arrays=arrays, own=own, body=body)


BEGINS = "the launch's own begins at a multiple of 16"


def names():
    return [*QUESTIONS, BEGINS]


def ask(card, question):
    """(right or not, what was found)"""
    arrays, own, body, shared, expected = QUESTIONS.get(question, (EXTERN, "", PLACE, 1024, None))
    out = card.allocate(1024)
    card.fill(out, 1024, 0xEE)
    card.launch(card.load(text(arrays, own, body)), "probe", (1, 1, 1), (256, 1, 1), [out], shared)
    answer = card.get(out, 256, np.uint32)
    if expected is None:
        return bool((answer % 16 == 0).all()), f"at {answer[0]:#x}"
    wrong = np.flatnonzero(answer != expected)
    return not wrong.size, f"of thread {wrong[0]}: {answer[wrong[0]]}, expected {expected[wrong[0]]}" if wrong.size else ""
