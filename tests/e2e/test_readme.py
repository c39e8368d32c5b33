"""The session that the README shows is what the program does, but for what differs from run to run."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORTUNES = (ROOT / "examples" / "fortunes.txt").read_text().splitlines()

# What two runs never share: identifiers, times, durations, sizes, what was picked.
VARYING = [
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} +[0-9a-f]{4,36}\b", "ID SHORT"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"\d\d:\d\d:\d\d", "TIME"),
    (r"\b\d{19}\b", "NANOSECONDS"),
    (r'random_get\(1\) = ".*"', 'random_get(1) = "BYTE"'),
    (r"(?<=TIME  )(%s)$" % "|".join(map(re.escape, FORTUNES)), "FORTUNE"),
    (r'\["(%s)\\n"\]\) = \d+' % "|".join(map(re.escape, FORTUNES)), '["FORTUNE"]) = SIZE'),
    (r" +\d+s +[\d.]+(ns|us|ms|s) +[\d.]+ K?i?B", " AGE DURATION SIZE"),
]


def steady(line):
    for pattern, replacement in VARYING:
        line = re.sub(pattern, replacement, line)
    return line


def session():
    """The README's first block: commands, and what it says that they print."""
    block = re.search(r"(?:^    .*\n)+", (ROOT / "README.md").read_text(), re.MULTILINE)[0]
    return [line[4:] for line in block.splitlines()]


def test_the_readme_shows_what_happens(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(f"registry:\n  location: {tmp_path}/registry\n")
    environment = {
        "PATH": f"{ROOT / 'build'}:{os.environ['PATH']}",
        "TIMECRAFTCONFIG": str(config),
    }
    shown = []
    for line in session():
        if line.startswith("$ "):
            result = subprocess.run(line[2:], shell=True, cwd=ROOT / "examples", env=environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            assert result.returncode == 0, result.stdout
            shown += [line, *result.stdout.splitlines()]
    assert list(map(steady, shown)) == list(map(steady, session()))
