"""Data flows one way through the folders of src/: what each may include. docs/architecture.md says why."""

import re
from pathlib import Path

from tree import lines_of, none, tracked

EVERYTHING = {"base", "wasm", "wasi", "host", "log", "record", "replay", "trace", "proto", "emit", "registry", "store", "lib", "guest", "cli"}

# Folder: the folders, or single headers, that it may include beside its own.
MAY_INCLUDE = {
    "base": set(),
    "wasm": {"base"},
    "wasi": {"base", "wasm/memory.h"},
    "host": {"base", "wasi", "wasm/memory.h"},
    "log": {"base"},
    "record": {"base", "wasi", "log", "wasm/memory.h"},
    "replay": {"base", "wasi", "log", "record", "wasm/memory.h"},
    "trace": {"base", "wasi", "log"},
    "proto": {"base", "trace/datum.h", "trace/message.h"},
    "emit": {"base", "wasi", "trace", "log/record.h"},
    "registry": {"base", "log"},
    "store": {"base", "log", "registry"},
    "lib": {"base", "wasi", "log", "trace", "emit", "registry", "timecraft.h"},
    "guest": {"base", "wasm", "wasi", "host", "log", "record", "replay"},
    "cli": EVERYTHING,
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def violations(path, lines):
    folder = path.parts[1]
    allowed = MAY_INCLUDE[folder] | {folder}
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match and match[1] not in allowed and match[1].split("/")[0] not in allowed:
            yield f"{path}:{number}: {folder}/ must not include {match[1]}"


def test_every_folder_is_known():
    assert {path.parts[1] for path in tracked("src") if len(path.parts) > 2} <= set(MAY_INCLUDE)


def test_includes_point_one_way():
    none(v for path in tracked("src/**.[ch]", "src/**.def") for v in violations(path, lines_of(path)))


def test_a_wrong_include_is_found():
    lines = ['#include "base/buf.h"', '#include "host/host.h"', '#include "wasm/memory.h"', '#include "wasm/module.h"']
    assert list(violations(Path("src/wasi/call.c"), lines)) == [
        "src/wasi/call.c:2: wasi/ must not include host/host.h",
        "src/wasi/call.c:4: wasi/ must not include wasm/module.h",
    ]


def test_a_source_begins_with_a_header_of_its_folder():
    """Its own, or one of the folder's that includes it: so every header is compiled once with nothing before it."""
    wrong = []
    for path in tracked("src/**.c"):
        first = next((match[1] for match in map(INCLUDE.match, lines_of(path)) if match), None)
        if path.with_suffix(".h") in tracked("src/**.h") and first.split("/")[0] != path.parts[1]:
            wrong.append(f"{path}: its first include is {first}")
    none(wrong)
