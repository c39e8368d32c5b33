"""tally.py PARTS: counts the cases of all suites and says so in the last line; exits with 1 if any failed.

PARTS has a line for each part of the tests: its name, the exit status of its command, and what the command left, separated by tabs: a
testlog.json of Meson, a JUnit file of pytest, or "-" for a command that is one case. A part whose command failed though all of its cases
passed, or that left nothing, has one failed case more: whatever went wrong is never lost.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

TAP_CASE = re.compile(r"^(not )?ok\b[^#\n]*(# *SKIP)?", re.IGNORECASE | re.MULTILINE)


def count_meson_test(test):
    """The cases of one program: those of its TAP, else the program itself."""
    counts = Counter()
    for bad, skip in TAP_CASE.findall(test["stdout"] if "1.." in test.get("stdout", "") else ""):
        counts["skipped" if skip else "failed" if bad else "passed"] += 1
    outcome = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(test["result"], "failed")
    if not counts or (outcome == "failed" and not counts["failed"]):
        counts[outcome] += 1
    return counts


def count_meson(path):
    return sum((count_meson_test(json.loads(line)) for line in path.read_text().splitlines()), Counter())


def count_junit(path):
    counts = Counter()
    for case in ElementTree.parse(path).iter("testcase"):
        failed = case.find("failure") is not None or case.find("error") is not None
        counts["failed" if failed else "skipped" if case.find("skipped") is not None else "passed"] += 1
    return counts


def count_part(status, file):
    counts = Counter()
    if file.endswith(".json") and Path(file).exists():
        counts = count_meson(Path(file))
    elif file.endswith(".xml") and Path(file).exists():
        counts = count_junit(Path(file))
    elif file == "-" and status == 0:
        counts["passed"] = 1
    if not counts or (status != 0 and not counts["failed"]):
        counts["failed"] += 1
    return counts


def main(parts):
    total = Counter()
    print()
    for line in Path(parts).read_text().splitlines():
        name, status, file = line.split("\t")
        counts = count_part(int(status), file)
        total += counts
        print(f"{name}: " + ", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "failed", "skipped") if counts[kind]))
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
