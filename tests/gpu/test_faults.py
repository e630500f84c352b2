"""Faults planted in PTX that is right, and PTX that no card may run: the interpreter stops at each and says why."""
import re

import numpy as np
import pytest

from gpu import kernels
from gpu.driver import DriverError

HEAD = ".version 7.0\n.target sm_80\n.address_size 64\n"
A, B = (np.random.default_rng(1).standard_normal(shape, np.float32) for shape in ((64, 24), (24, 64)))


@pytest.fixture(scope="module")
def product():
    return kernels.product(64, 64, 24)


def run(card, kernel, ptx):
    return kernel.run(card, {"out": ((64, 64), np.float32)}, ptx, a=A, b=B)["out"]


def text(body, parameters=".param .u64 out", entry="k"):
    return f"{HEAD}.visible .entry {entry}({parameters})\n{{\n{body}\nret;\n}}\n"


STORE = """.reg .b64 %rd<9>; .reg .b32 %r<9>;
    ld.param.u64 %rd1, [out];
    mov.u32 %r1, %tid.x;
    mul.wide.u32 %rd2, %r1, 4;
    add.s64 %rd3, %rd1, %rd2;
"""


def launch(card, body, threads=32, shared=0, size=128, blocks=1):
    address = card.allocate(size)
    card.launch(card.load(text(body)), "k", (blocks, 1, 1), (threads, 1, 1), [address], shared)
    return card.get(address, size // 4, np.uint32)


def test_every_barrier_that_is_needed_is_missed(card, product):
    """Each barrier of the product taken away in turn: a race, or, where Halide puts one too many, still the right numbers."""
    pieces = product.ptx.split("bar.sync")
    races = 0
    for left_out in range(1, len(pieces)):
        ptx = pieces[0] + "".join((" // " if i == left_out else "bar.sync") + piece for i, piece in enumerate(pieces) if i)
        try:
            np.testing.assert_allclose(run(card, product, ptx), A @ B, 1e-5, 1e-5)
        except DriverError as error:
            assert "race" in str(error) and "shared" in str(error)
            races += 1
        card.library.kiln_fake_reset()
        card.call("cuInit", 0)
    assert races >= 2


def changed(ptx, pattern, change, which=0):
    """The text with the which-th match of the pattern changed."""
    match = list(re.finditer(pattern, ptx))[which]
    return ptx[:match.start()] + change(match) + ptx[match.end():]


def test_a_shifted_store_is_seen(card, product):
    """By four bytes: over another thread's element, or past the end."""
    ptx = changed(product.ptx, r"st\.global\.b32\s+\[(%rd\d+)(\+\d+)?\]", lambda m: f"st.global.b32 [{m[1]}+{int(m[2] or 0) + 4}]")
    with pytest.raises(DriverError, match="race|out of bounds"):
        run(card, product, ptx)


def test_a_store_past_the_end_is_out_of_bounds(card, product):
    ptx = changed(product.ptx, r"st\.global\.b32\s+\[(%rd\d+)(\+\d+)?\]", lambda m: f"st.global.b32 [{m[1]}+{64 * 64 * 4}]")
    with pytest.raises(DriverError, match="out of bounds"):
        run(card, product, ptx)


def test_an_index_off_by_one_is_seen(card, product):
    """In what is staged: one element further in shared memory, which another thread wrote, or nobody."""
    ptx = changed(product.ptx, r"ld\.shared\.b32\s+(%r\d+), \[(%rd\d+)(\+-?\d+)?\]",
                  lambda m: f"ld.shared.b32 {m[1]}, [{m[2]}+{int(m[3] or 0) + 4}]", which=-1)
    try:
        found = run(card, product, ptx)
    except DriverError as error:
        assert re.search("race|out of bounds|poison", str(error))
    else:
        assert np.abs(found - A @ B).max() > 1e-3


def test_memory_never_written_is_poison(card):
    with pytest.raises(DriverError, match="poison: read of 4 bytes that were never written"):
        launch(card, STORE + "ld.global.b32 %r2, [%rd3]; st.global.b32 [%rd3], %r2;")


def test_shared_memory_begins_poisoned(card):
    body = ".shared .align 4 .b8 s[128];\n" + STORE + "mov.u64 %rd4, s; add.s64 %rd5, %rd4, %rd2; ld.shared.b32 %r2, [%rd5]; st.global.b32 [%rd3], %r2;"
    with pytest.raises(DriverError, match="poison"):
        launch(card, body)


@pytest.mark.parametrize("offset, why", [(128, "out of bounds"), (-4, "out of bounds"), (2, "misaligned: 4 bytes")])
def test_stores_outside_and_askew(card, offset, why):
    with pytest.raises(DriverError, match=why):
        launch(card, STORE + f"st.global.b32 [%rd3+{offset}], %r1;")


def test_vectors_must_be_aligned_whole(card):
    with pytest.raises(DriverError, match="misaligned: 16 bytes"):
        launch(card, STORE + "st.global.v4.b32 [%rd3], {%r1, %r1, %r1, %r1};", size=256)


def test_shared_memory_has_an_end(card):
    body = ".extern .shared .align 16 .b8 s[];\n" + STORE + "mov.u64 %rd4, s; add.s64 %rd5, %rd4, %rd2; st.shared.b32 [%rd5], %r1;"
    launch(card, body, shared=128)
    card.library.kiln_fake_reset()
    card.call("cuInit", 0)
    with pytest.raises(DriverError, match="out of bounds"):
        launch(card, body, shared=124)


def test_address_0_is_not_a_blocks_own(card):
    """With a named array, as sm_90 lays shared memory out: literal 0 belongs to the system."""
    with pytest.raises(DriverError, match="out of bounds"):
        launch(card, ".shared .align 4 .b8 s[128];\n" + STORE + "mov.u64 %rd4, 0; add.s64 %rd5, %rd4, %rd2; st.shared.b32 [%rd5], %r1;")


def test_races_between_blocks(card):
    with pytest.raises(DriverError, match="another block"):
        launch(card, STORE + "mov.u32 %r2, %ctaid.x; st.global.b32 [%rd3], %r2;", blocks=2)
    card.library.kiln_fake_reset()
    card.call("cuInit", 0)
    launch(card, STORE + "mov.u32 %r2, 7; st.global.b32 [%rd3], %r2;", blocks=2)  # the same value: overlapping tiles


def test_the_constant_cache_does_not_see_stores(card):
    with pytest.raises(DriverError, match="constant cache"):
        launch(card, STORE + "st.global.b32 [%rd3], %r1; ld.global.nc.b32 %r2, [%rd3]; st.global.b32 [%rd3], %r2;")


DIVERGE = ".reg .pred %p<9>;\n" + STORE + "setp.lt.u32 %p1, %r1, 7;\n"


def test_divergent_threads_meet_again(card):
    found = launch(card, DIVERGE + """
        mov.u32 %r2, 0; mov.u32 %r3, 0;
    loop: add.s32 %r2, %r2, %r1; add.s32 %r3, %r3, 1; setp.lt.u32 %p2, %r3, %r1; @%p2 bra loop;
        @%p1 bra low;
        add.s32 %r2, %r2, 1000;
        bra.uni end;
    low: add.s32 %r2, %r2, 2000;
    end: st.global.b32 [%rd3], %r2;""")
    assert found.tolist() == [max(i, 1) * i + (2000 if i < 7 else 1000) for i in range(32)]


def test_a_barrier_that_some_threads_never_reach(card):
    with pytest.raises(DriverError, match="a barrier that 7 threads never reach"):
        launch(card, DIVERGE + "@%p1 bra end; bar.sync 0; end: st.global.b32 [%rd3], %r1;")


def test_a_shuffle_among_threads_that_are_apart(card):
    with pytest.raises(DriverError, match="does not take part"):
        launch(card, DIVERGE + "mov.u32 %r2, 0; @!%p1 bra end; shfl.sync.idx.b32 %r2, %r1, 9, 31, -1; end: st.global.b32 [%rd3], %r2;")


@pytest.mark.parametrize("body, why", [
    ("frob.b32 %r1, %r2;", "unknown opcode 'frob.b32'"),
    ("add.rz.f32 %r1, %r1, %r1;", "unknown opcode 'add.rz.f32'"),
    ("bra nowhere;", "no label 'nowhere'"),
    ("ld.param.u32 %r1, [other];", "is no parameter"),
    ("mov.u32 %r1, %r2;", "register %r2 is read but never written"),
    ("mov.u32 %r1, thing;", "unknown name 'thing'"),
])
def test_text_that_cannot_run(card, body, why):
    with pytest.raises(DriverError, match=re.escape(why)):
        launch(card, body)


@pytest.mark.parametrize("before, after, why", [
    (".target sm_80", ".target sm_90", "target is above the card"),
    (".version 7.0", ".version 8.5", "PTX is too new"),
    (".version 7.0", "", "expected PTX text with .version and .target"),
    ("ret;\n}", "ret;\n", "not closed"),
    ("ret;", "ret", "ends in the middle of 'ret'"),
])
def test_modules_that_the_driver_refuses(card, before, after, why):
    with pytest.raises(DriverError, match=why):
        card.load(text("").replace(before, after))
