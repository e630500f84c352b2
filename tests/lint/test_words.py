"""What no file of the project may hold: a machine's paths, open ends, names that say nothing, and too many lines."""

import re

import pytest
import tree

MAX_LINES = 500
CODE = (".c", ".h", ".cpp", ".td", ".py", ".cmake", "CMakeLists.txt", ".md")
# Written with one-letter classes so that this page does not find itself.
FORBIDDEN = {
    "a machine's path": r"(?<![\w.])/(?:[w]ork|[f]arm|[r]oot|[h]ome|[o]pt)/|\.\./[s]hared\b|/[t]mp/build-",
    "a registry's host": r"[d]eb\.debian\.org|[p]ypi\.org|[p]ythonhosted\.org",
    "an open end": r"\b(?:T[O]DO|F[I]XME|X[X]X)\b",
}
VAGUE = re.compile(r"(^|/)(utils?|helpers?|common|misc|manager)(\.|/|$)", re.IGNORECASE)


def violations(text):
    return [f"{line}: {what}: {match[0]}" for what, pattern in FORBIDDEN.items() for match in re.finditer(pattern, text)
            for line in [text.count("\n", 0, match.start()) + 1]]


@pytest.mark.parametrize("word", ["cp /r" "oot/x .", '"/w' 'ork/main"', "see ../sh" "ared/x", "// TO" "DO: later"])
def test_a_forbidden_word_is_seen(word):
    assert violations(word)


def test_no_forbidden_words():
    found = [f"{file}:{violation}" for file in tree.files() for violation in violations(tree.text(file) or "")]
    assert not found, "\n".join(found)


def test_names_say_something():
    assert [file for file in tree.files() if VAGUE.search(file)] == []


def test_no_file_is_too_long():
    lengths = {file: (tree.text(file) or "").count("\n") for file in tree.files(*CODE)}
    assert {file: lines for file, lines in lengths.items() if lines > MAX_LINES} == {}
