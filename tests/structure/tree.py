"""The tracked text files of the tree."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns):
    """Paths, relative to the root, of tracked files, and of new ones that are not ignored, that match the patterns of git."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted({Path(name) for name in names if name and not name.startswith("fuzz/corpus/") and (ROOT / name).is_file()})


def lines_of(path):
    return (ROOT / path).read_text(encoding="utf-8").splitlines()


def none(wrong):
    """Fails if there are any, and says which, a line each."""
    lines = [str(each) for each in wrong]
    assert not lines, f"{len(lines)} places:\n" + "\n".join(lines)
