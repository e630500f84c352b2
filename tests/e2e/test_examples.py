"""What the examples' pages tell a reader to do, done."""
import os

from models import kiln

FOLDER = os.path.join(kiln.ROOT, "examples", "lenet5")


def test_lenet5_classifies_a_boot(lenet, tmp_path):
    program = tmp_path / "classify"
    built = kiln.execute(["cc", "-O2", "-Wall", "-Werror", f"-I{os.path.dirname(lenet)}", f"-I{kiln.ROOT}/runtime/include",
                          os.path.join(FOLDER, "lenet5.c"), f"{lenet}.a", "-lm", "-lpthread", "-o", program])
    assert built.code == 0, built
    done = kiln.execute([program, os.path.join(FOLDER, "boot.pgm")])
    lines = done.out.splitlines()
    assert done.code == 0 and len(lines) == 3
    assert lines[0].endswith("boot") and float(lines[0].split("%")[0]) > 80
    assert kiln.execute([program, os.path.join(FOLDER, "README.md")]).code == 2
