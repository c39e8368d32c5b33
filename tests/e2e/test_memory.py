"""The guest's whole memory, hashed after each call: what a recording puts back is all that the host wrote."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import PROGRAM, ROOT
from programs import check_guest
from test_real_programs import PYTHON

MEMORY_HASH = Path(os.environ.get("MEMORY_HASH", ROOT / "build" / "tests" / "e2e" / "memory_hash"))


def hashed(*words, stdin=b""):
    """The exit code, and what is said of the memory."""
    if not MEMORY_HASH.exists():
        pytest.skip(f"no {MEMORY_HASH}: built with {PROGRAM}")
    done = subprocess.run([str(word) for word in (MEMORY_HASH, *words)], input=stdin, capture_output=True, timeout=600)
    return done.returncode, done.stdout.decode() + done.stderr.decode()


def calls_of(*words, **options):
    """How many calls a guest made, each of which left the same memory in the replay."""
    code, text = hashed(*words, **options)
    match = re.fullmatch(r"(\d+) calls, \d+ bytes of memory\n", text)
    assert code == 0 and match, text
    return int(match[1])


def box_of(world):
    return ["--dir", f"{world}::/box"]


@pytest.mark.parametrize("name, least", [("c-files", 200), ("rust-files", 50), ("go-goroutines", 100)])
def test_files(program, world, name, least):
    assert calls_of(*box_of(world), "--env", "WORD=w", program(f"{name}.wasm"), "/box") > least


@pytest.mark.parametrize("name, least", [("c-grow", 3), ("c-chance", 10), ("c-clocks", 10), ("as-hello", 3), ("wat-unstable", 2)])
def test_small_guests(program, world, name, least):
    assert calls_of(*box_of(world), program(f"{name}.wasm"), "/box") > least


def test_standard_input(program):
    assert calls_of(program("c-cat.wasm"), stdin=bytes(range(256)) * 1000) > 10


def test_python(program, world):
    (world / "script.py").write_text(PYTHON)
    library = program("python-lib") / "usr/local/lib"
    words = ["--dir", f"{library}::/usr/local/lib", "--dir", f"{world}::/world", "--env", "WORD=x y", "--env", "PYTHONDONTWRITEBYTECODE=1"]
    assert calls_of(*words, program("python.wasm"), "/world/script.py", "/world") > 500


def test_outputs_over_inputs(guest, world):
    assert calls_of(*box_of(world), guest("overlap")) > 40


def test_outputs_over_inputs_are_shown_and_traced(box, guest, world):
    run = check_guest(box, "--restrict", "--dir", f"{world}::/box", guest("overlap"), gone=[world])
    lines = [line for line in run.text.splitlines() if not line.startswith("seen")]
    assert run.text.count("seen on standard output\n") == 2
    assert [line for line in lines if line.split()[-2] != "0"] == []


@pytest.mark.parametrize("call", [1, 2])
def test_a_host_that_writes_what_it_does_not_tell_is_found(program, call):
    code, text = hashed("--scribble", call, program("c-hello.wasm"))
    assert (code, text.split(",")[0]) == (1, f"call {call}")
