"""How a guest ends, and what everyone is told of it."""

import os
import signal
import subprocess
import time

import pytest
from conftest import wait_for
from programs import check_guest, split_id

TRAPS = {
    "unreachable": "unreachable",
    "divide": "divide by zero",
    "stack": "stack",
    "memory": "out of bounds memory access",
    "table": "undefined element",
    "type": "indirect call type mismatch",
    "convert": "overflow",
    "abort": "unreachable",
}


@pytest.mark.parametrize("code", [0, 1, 2, 99, 125, 126, 134, 255])
def test_exit_codes(box, program, code):
    run = check_guest(box, program("c-exit.wasm"), code, code=code, stdout=b"", stderr=b"")
    assert box.trace(run.id).text.splitlines()[-1] == f"+++ exited with {code} +++"


@pytest.mark.parametrize("kind", TRAPS)
def test_traps(box, program, kind):
    run = check_guest(box, program("c-fault.wasm"), kind, code=134, stdout=f"before {kind}\n".encode())
    assert TRAPS[kind] in run.errors
    assert "main" in run.errors or kind == "stack"


def ready(box, program, kind, *options, **more):
    process = box.start("run", *options, program("c-loop.wasm"), kind, bufsize=0, **more)
    identity = process.stderr.readline().decode().strip()
    assert process.stdout.readline() == b"ready\n"
    return process, identity


@pytest.mark.parametrize("kind", ["compute", "sleep", "read", "calls"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_guest_that_never_ends(box, program, kind, number):
    process, identity = ready(box, program, kind)
    process.send_signal(number)
    process.wait(timeout=20)
    assert process.returncode == -number
    process.communicate()
    status = box.good("get", "process", "-o", "json")
    assert identity in status
    replay = box.replay(identity)
    assert replay.stdout == b"ready\n"
    assert replay.code in (-number, 128 + number), replay.errors
    trace = box.trace(identity)
    assert trace.code == 0 and trace.stderr == b""
    assert number.name in trace.text.splitlines()[-1]


@pytest.mark.parametrize("kind", ["compute", "sleep", "calls", "writes"])
def test_what_was_recorded_survives_sigkill(box, program, kind):
    process, identity = ready(box, program, kind)
    time.sleep(0.1)
    process.kill()
    written, _ = process.communicate()
    written = b"ready\n" + written
    trace = box.trace(identity)
    assert trace.code == 0
    assert trace.stderr.count(b"\n") == 1, trace.errors
    assert 'fd_write(1, ["ready", "\\n"]) = 6\n' in trace.text
    if kind == "sleep":
        assert trace.text.splitlines()[-1].endswith("= <unfinished ...>")
    replay = box.replay(identity)
    assert replay.code != 0
    assert replay.stdout == written[: len(replay.stdout)] and len(written) - len(replay.stdout) < 20
    assert box("get", "process").code == 0


def test_a_running_process_can_be_watched(box, program):
    process, identity = ready(box, program, "sleep")
    try:
        assert "running" in box.good("get", "process")
        lines = box.good("trace", "syscall", identity).splitlines()
        assert lines[-1].startswith("poll_oneoff(") and lines[-1].endswith("= <unfinished ...>")
        assert box.good("logs", identity) == "ready\n"
    finally:
        process.kill()
        process.communicate()


def test_two_runs_at_once_share_a_registry(box, program):
    many = [box.start("run", program("c-cat.wasm")) for _ in range(8)]
    results = []
    for number, process in enumerate(many):
        stdout, stderr = process.communicate(b"%d\n" % number * 5000)
        results.append(split_id(process.returncode, stdout, stderr))
    assert [result.code for result in results] == [0] * 8
    assert len({result.id for result in results}) == 8
    for number, result in enumerate(results):
        assert box.replay(result.id).stdout == b"%d\n" % number * 5000
    assert len(box.good("get", "module").splitlines()) == 2


def test_a_guest_whose_reader_is_gone_is_told(box, program):
    """WASI has no SIGPIPE: a guest may go on."""
    process, identity = ready(box, program, "writes")
    process.stdout.close()
    wait_for(lambda: "EPIPE" in box.good("trace", "syscall", "--filter", "fd_write", identity))
    process.terminate()
    process.wait(timeout=20)
    process.stderr.close()
    process.stdin.close()


@pytest.mark.parametrize("streams", ["closed", "null", "files", "pty"])
def test_standard_streams(box, program, tmp_path, streams):
    command = [box.program, "run", str(program("c-cat.wasm"))]
    env = box.env()
    if streams == "closed":
        done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&-', "sh", *command], env=env, stderr=subprocess.PIPE, timeout=60)
        result = split_id(done.returncode, b"", done.stderr)
        assert result.code in (0, 1) and result.id
        return
    if streams == "pty":
        check_pty(box, command, env)
        return
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"abc\n")
    with open("/dev/null" if streams == "null" else source, "rb") as stdin, open(target, "wb") as stdout:
        done = subprocess.run(command, env=env, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, timeout=60)
    expected = b"" if streams == "null" else b"abc\n"
    result = split_id(done.returncode, b"", done.stderr)
    assert (result.code, target.read_bytes()) == (0, expected)
    assert box.replay(result.id).stdout == expected


def check_pty(box, command, env):
    leader, follower = os.openpty()
    process = subprocess.Popen(command, env=env, stdin=follower, stdout=follower, stderr=subprocess.PIPE, start_new_session=True)
    os.close(follower)
    os.write(leader, b"typed\n\x04")
    _, stderr = process.communicate(timeout=60)
    seen = os.read(leader, 1000)
    os.close(leader)
    result = split_id(process.returncode, seen, stderr)
    assert result.code == 0 and seen.count(b"typed\r\n") == 2
    assert box.replay(result.id).stdout == b"typed\n"
