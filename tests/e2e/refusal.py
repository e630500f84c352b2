"""What a refusal must look like: a positive exit code, one clear error that names the thing, nothing written, nothing spilled."""
import re

#: Signs that a program fell over instead of answering.
SPILLED = ("Assertion", "Stack dump", "Traceback", "PLEASE submit", "terminate called", "LLVM ERROR", "core dumped", "Sanitizer",
           "Internal Error", "UNREACHABLE", "Segmentation")
MOST_LINES = 8  # an error, its notes, and where to find help


def assert_refused(result, *words, folder=None):
    """`words` must all be in the message; `folder` must hold nothing but what had been there (or nothing at all)."""
    assert result.code > 0, f"not refused, or died of a signal:\n{result}"
    assert result.code < 126, f"an exit code of the shell's:\n{result}"
    said = result.out + result.err
    assert not [sign for sign in SPILLED if sign in said], str(result)
    lines = [line for line in result.err.splitlines() if line.strip()]
    assert 1 <= len(lines) <= MOST_LINES, str(result)
    assert len(re.findall(r"(?i)\berror:", result.err)) <= 1, f"more than one error:\n{result}"
    missing = [word for word in words if word.lower() not in result.err.lower()]
    assert not missing, f"does not say {missing}:\n{result}"
    if folder is not None:
        assert sorted(p.name for p in folder.iterdir()) == [], "something was left behind"
