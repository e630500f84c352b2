"""The files of the project, as git sees them: tracked, and new ones it does not ignore. Out: paths relative to the root."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPP = (".c", ".h", ".cpp")


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")


def files(*endings):
    listed = set(git("ls-files", "--cached", "--others", "--exclude-standard"))
    return sorted(name for name in listed if name and name.endswith(endings or ("",)) and (ROOT / name).is_file())


def text(name):
    """Its text, or None for a binary file."""
    try:
        return (ROOT / name).read_text()
    except UnicodeDecodeError:
        return None
