"""Recordings of every version of the format, as they were made then: they are read and replayed for ever."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def private_copy(source, target, mode):
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


@pytest.fixture(params=sorted(os.listdir(GOLDEN)))
def golden(request, timecraft):
    """The folder of a golden recording, which is now the registry's only process."""
    folder = GOLDEN / request.param
    before = os.umask(0o077)
    identifier = re.search(r"^id: (.*)$", (folder / "manifest.yaml").read_text(), re.M)[1]
    process = timecraft.registry / "processes" / identifier
    for name in ("00000000.log", "manifest.yaml"):
        private_copy(folder / name, process / name, 0o600)
    (process / "lock").touch(0o600)
    digest = hashlib.sha256((folder / "module.wasm").read_bytes()).hexdigest()
    private_copy(folder / "module.wasm", timecraft.registry / "modules" / "sha256" / digest[:2] / digest, 0o400)
    os.umask(before)
    return folder


def test_its_trace_is_what_it_was(timecraft, golden):
    assert timecraft.lines("trace", "syscall", "--absolute", "@last") == (golden / "trace.txt").read_text().splitlines()


def test_it_replays(timecraft, golden):
    result = timecraft("replay", "@last")
    assert (result.returncode, result.stdout) == (0, "15:06:41  Yesterday is history.\n")


def test_it_is_described(timecraft, golden):
    assert timecraft.lines("logs") == ["15:06:41  Yesterday is history."]
    assert timecraft.lines("get")[1].endswith("exited 0")
