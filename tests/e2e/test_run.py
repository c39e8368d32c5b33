"""Running, recording and replaying: what a guest is given, how it ends, and what is wrong with modules and recordings."""

import os
import re
import resource
import signal
import stat
import subprocess

import pytest
from conftest import PROGRAM, wait_for

HEAD = b"\0asm\1\0\0\0"


def section(number, *entries):
    body = bytes([len(entries)]) + b"".join(entries)
    return bytes([number, len(body)]) + body


def name(text):
    return bytes([len(text)]) + text.encode()


START = section(1, b"\x60\0\0") + section(3, b"\0") + section(7, name("_start") + b"\0\0") + section(10, b"\2\0\x0b")
NO_START = section(1, b"\x60\0\0") + section(3, b"\0") + section(7, name("main") + b"\0\0") + section(10, b"\2\0\x0b")
REACTOR = (section(1, b"\x60\0\0") + section(3, b"\0", b"\0") + section(7, name("_initialize") + b"\0\0", name("go") + b"\0\1")
           + section(10, b"\2\0\x0b", b"\3\0\0\x0b"))
IMPORTS = (section(1, b"\x60\2\x7f\x7e\1\x7d", b"\x60\0\0") + section(2, name("env") + name("launch") + b"\0\0", name("env") + name("x") + b"\0\1")
           + section(3, b"\1") + section(7, name("_start") + b"\0\2") + section(10, b"\2\0\x0b"))
PREVIEW2 = (section(1, b"\x60\0\1\x7f", b"\x60\0\0") + section(2, name("wasi:cli/stdout@0.2.0") + name("get-stdout") + b"\0\0")
            + section(3, b"\1") + section(7, name("_start") + b"\0\1") + section(10, b"\2\0\x0b"))
SHARED = section(2, name("env") + name("memory") + b"\2\3\1\2")


@pytest.mark.parametrize("module, says", [
    (None, "No such file or directory"),
    (b"", "this is an empty file, not a WebAssembly module"),
    (b"#!/bin/sh\n", "this is a script, not a WebAssembly module"),
    (b"\x7fELF" + bytes(60), "not a WebAssembly module"),
    (HEAD[:6], "unexpected end"),
    (HEAD + START[:-3], "at offset 0x"),
    (b"\0asm\x0d\0\1\0", "this is a component (WASI 0.2 or later)"),
    (HEAD + IMPORTS, "    env launch (func (param i32 i64) (result f32))\n    env x (func)\n"),
    (HEAD + PREVIEW2, "build it for WASI preview 1 instead"),
    (HEAD + SHARED, "shared memory"),
    (HEAD + NO_START, 'the module exports no function "_start"'),
    (HEAD + REACTOR, "name the function to call with --function NAME"),
], ids=["missing", "empty", "script", "elf", "head cut", "cut", "component", "imports", "preview 2", "shared", "no start", "reactor"])
def test_a_module_that_is_none_is_named_and_not_stored(timecraft, module, says):
    path = timecraft.folder / "module.wasm"
    if module is not None:
        path.write_bytes(module)
    result = timecraft("run", path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("timecraft: ") and "module.wasm" in result.stderr and says in result.stderr
    assert not timecraft.registry.exists() or not list((timecraft.registry / "processes").glob("*"))


def test_a_small_module_and_a_reactor_run(timecraft):
    (timecraft.folder / "start.wasm").write_bytes(HEAD + START)
    (timecraft.folder / "reactor.wasm").write_bytes(HEAD + REACTOR)
    assert timecraft("run", "start.wasm").returncode == 0
    assert timecraft("run", "--function", "go", "reactor.wasm").returncode == 134  # it is `unreachable`
    assert timecraft("replay", "@2").returncode == 0
    assert timecraft("replay", "@last").returncode == 134


@pytest.mark.parametrize("code", [0, 1, 7, 125, 255])
def test_exit_codes_are_the_guests(timecraft, guest, code):
    result = timecraft("run", guest("ends"), "exit", code)
    assert (result.returncode, result.stdout) == (code, "begun\n")
    result = timecraft("replay", "@last")
    assert (result.returncode, result.stdout, result.stderr) == (code, "begun\n", "")


def test_the_identifier_comes_first(timecraft, guest):
    result = timecraft("run", guest("chatter"), "3")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\nxxx", result.stderr)
    assert timecraft.process().name == result.stderr[:36]


def test_a_signal_of_its_own(timecraft, guest):
    assert timecraft("run", guest("ends"), "raise").returncode == -signal.SIGTERM
    assert timecraft.lines("trace", "syscall", "--filter", "proc_raise", "@last") == ["proc_raise(TERM)", "--- SIGTERM ---"]


def test_a_trap_says_where(timecraft, guest):
    result = timecraft("run", guest("ends"), "trap")
    assert (result.returncode, result.stdout) == (134, "begun\n")
    lines = result.stderr.splitlines()
    assert lines[1] == "timecraft: the guest trapped: unreachable"
    assert lines[2].startswith("    fall")
    again = timecraft("replay", "@last")
    assert (again.returncode, again.stdout, again.stderr.splitlines()) == (134, "begun\n", lines[1:])


def test_a_plain_run_has_what_the_host_has(timecraft, guest):
    secret = timecraft.folder / "secret"
    secret.write_text("")
    lines = timecraft("run", guest("grants"), secret).stdout.splitlines()
    assert lines[0] == "program grants.wasm"
    assert sorted(lines[1:-1]) == sorted(f"variable {key}={value}" for key, value in timecraft.env.items())
    assert lines[-1] == f"{secret}: read yes, write yes"


def test_a_restricted_run_has_nothing(timecraft, guest):
    secret = timecraft.folder / "secret"
    secret.write_text("")
    lines = timecraft("run", "--restrict", guest("grants"), secret).stdout.splitlines()
    assert lines[0] == "program grants.wasm"
    assert len(lines) == 2
    assert "yes" not in lines[1]


def test_grants(timecraft, guest):
    for folder in ("in", "out"):
        (timecraft.folder / folder).mkdir()
        (timecraft.folder / folder / "file").write_text("")
    result = timecraft("run", "--restrict", "-e", "A=1", "--env", "LANG", "--dir", "in::/in:ro", "--dir", "out::/out", "--", guest("grants"),
                       "/in/file", "/out/file", "/out/../in/file", "/secret")
    lines = result.stdout.splitlines()
    assert lines[:3] == ["program grants.wasm", "variable A=1", "variable LANG=C"]
    assert lines[4] == "/out/file: read yes, write yes"
    assert lines[3].startswith("/in/file: read yes, write ") and not lines[3].endswith("yes")
    assert "yes" not in lines[5] and "yes" not in lines[6]
    assert not (timecraft.folder / "secret").exists()


def test_flying_blind_leaves_nothing(timecraft, guest):
    result = timecraft("run", "--fly-blind", guest("ends"), "exit", 4)
    assert (result.returncode, result.stdout, result.stderr) == (4, "begun\n", "")
    assert not timecraft.registry.exists()


def test_replay_needs_nothing_of_the_world(timecraft, guest):
    data = timecraft.folder / "data"
    (data / "out").mkdir(parents=True)
    (data / "greek").write_text("alpha\n")
    module = timecraft.folder / "files.wasm"
    module.write_bytes(guest("files").read_bytes())
    first = timecraft("run", "--restrict", "--dir", f"{data}::/data", module, "greek")
    (data / "greek").unlink()
    (data / "out" / "new").unlink()
    module.unlink()
    again = timecraft("replay", "@last")
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout) == (3, "greek: alpha\n")
    assert not (data / "out" / "new").exists()
    assert timecraft("replay", "-q", "@last").stdout == ""


def test_recordings_are_private(timecraft, guest):
    old = os.umask(0)
    try:
        timecraft("run", guest("ends"))
    finally:
        os.umask(old)
    for path in [timecraft.registry, *timecraft.registry.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, f"{path}: {mode:o}"


def test_a_registry_that_others_can_read_is_refused(timecraft, guest):
    timecraft("run", guest("ends"))
    timecraft.registry.chmod(0o755)
    result = timecraft("run", guest("ends"))
    assert result.returncode == 1
    assert "chmod" in result.stderr


def test_runs_at_the_same_time(timecraft, guest):
    module = guest("ends")
    running = [timecraft.start("run", module, "exit", code) for code in range(12)]
    assert [process.wait() for process in running] == list(range(12))
    for code, process in enumerate(running):
        assert timecraft("replay", "-q", process.stderr.read()[:36]).returncode == code
    assert len(list((timecraft.registry / "modules" / "sha256").rglob("*"))) in (1, 2)


def test_a_process_that_was_killed_replays_to_its_end(timecraft, guest):
    process = timecraft.start("run", guest("ends"), "sleep")
    assert process.stdout.readline() == "begun\n"
    wait_for(lambda: "poll_oneoff" in timecraft("trace", "syscall", "@last").stdout)
    process.kill()
    process.wait()
    result = timecraft("replay", "@last")
    assert (result.returncode, result.stdout) == (1, "begun\n")
    assert "the recording ends here" in result.stderr


def limited(size):
    """No file grows past this many bytes: as good as a full disk."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_a_full_disk_ends_the_run_and_says_so(timecraft, guest):
    process = timecraft.start("run", guest("random"), stdout=subprocess.DEVNULL, preexec_fn=limited(24 << 20))
    text = process.stderr.read()
    assert process.wait() == 1, text
    assert "timecraft: " in text and ("No space" in text or "File too large" in text), text
    result = timecraft("trace", "syscall", "@last")
    assert result.returncode in (0, 1) and len(result.stdout.splitlines()) > 100


def test_a_log_cut_anywhere_reads_up_to_there(timecraft, guest):
    timecraft("run", guest("chatter"), "200")
    plain = timecraft.lines("trace", "syscall", "@last")
    log = timecraft.process() / "00000000.log"
    data = log.read_bytes()
    os.chmod(log, 0o600)
    for size in [*range(0, 64), *range(64, len(data), max(1, len(data) // 200))]:
        log.write_bytes(data[:size])
        result = timecraft("trace", "syscall", "@last")
        lines = result.stdout.splitlines()
        assert result.returncode in (0, 1), size
        assert result.stderr.startswith("timecraft: ") or lines == plain, size
        assert lines == plain[:len(lines)], size


def test_a_flipped_bit_is_never_believed(timecraft, guest):
    timecraft("run", guest("chatter"), "200")
    plain = timecraft.lines("trace", "syscall", "@last")
    log = timecraft.process() / "00000000.log"
    data = bytearray(log.read_bytes())
    os.chmod(log, 0o600)
    for at in range(0, len(data), max(1, len(data) // 300)):
        data[at] ^= 1 << at % 8
        log.write_bytes(data)
        data[at] ^= 1 << at % 8
        result = timecraft("trace", "syscall", "@last")
        assert result.returncode in (0, 1), at
        assert set(result.stdout.splitlines()) <= set(plain), at
        assert result.returncode == 1 or result.stdout.splitlines() == plain, at


@pytest.mark.parametrize("arguments, text", [
    (["run"], "run: which module? 'timecraft run [options] [--] MODULE [args...]'"),
    (["run", "--trase", "x"], "run: there is no option --trase; did you mean --trace?"),
    (["replay"], "replay: which process? 'timecraft replay [options] ID'"),
    (["rnu"], 'there is no command "rnu"; did you mean "run"?'),
])
def test_wrong_command_lines(timecraft, arguments, text):
    result = timecraft(*arguments)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"timecraft: {text}\n")


def test_the_program_is_there():
    assert PROGRAM.exists()
