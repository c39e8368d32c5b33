"""The compiled tier and the interpreter do the same: what one recorded the other replays."""

import os
import resource
import signal
import subprocess

import pytest

ENGINES = ["interpreter", "compiled"]
BOTH_WAYS = pytest.mark.parametrize("first, second", [ENGINES, ENGINES[::-1]])


@pytest.fixture(autouse=True)
def compiled(timecraft, guest):
    """Skips where the build has no compiled tier, but not where CI is true."""
    result = timecraft("run", "--fly-blind", "--engine", "compiled", guest("ends"))
    if "no compiled tier" in result.stderr and os.environ.get("CI") != "true":
        pytest.skip("this build has no compiled tier")
    assert (result.returncode, result.stdout, result.stderr) == (0, "begun\n", "")


@BOTH_WAYS
@pytest.mark.parametrize("how", ["exit", "trap", "raise", "both"])
def test_a_recording_replays_on_the_other_engine(timecraft, guest, first, second, how):
    run = timecraft("run", "--restrict", "--engine", first, "--trace", guest("ends"), how, "7")
    assert timecraft.lines("get", "processes")
    replays = [timecraft("replay", "--engine", engine, "--trace", "@last") for engine in (first, second)]
    for replay in replays:
        assert replay.stdout == run.stdout
        assert replay.returncode in (run.returncode, 128 - run.returncode)
        assert replay.stderr.splitlines() == run.stderr.splitlines()[1:]


@BOTH_WAYS
def test_files_and_stacks_are_the_same(timecraft, guest, tmp_path, first, second):
    data = tmp_path / "data"
    (data / "out").mkdir(parents=True)
    (data / "greek").write_text("alpha\nbeta\n")
    options = ["--trace", "--stack", "--engine", first]
    run = timecraft("run", "--restrict", "--dir", f"{data}::/data", *options, guest("files"), "greek")
    assert run.stdout == "greek: alpha\nbeta\n"
    assert "_start" in run.stderr
    replay = timecraft("replay", "--engine", second, "--trace", "--stack", "@last")
    assert (replay.stdout, replay.stderr.splitlines()) == (run.stdout, run.stderr.splitlines()[1:])


@BOTH_WAYS
def test_a_signal_stops_at_the_same_position(timecraft, guest, first, second):
    process = timecraft.start("run", "--engine", first, guest("ends"), "spin")
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == -signal.SIGINT
    for engine in (second, first):
        replay = timecraft("replay", "--engine", engine, "@last")
        assert replay.stdout == "begun\n"
        assert replay.returncode in (-signal.SIGINT, 128 + signal.SIGINT)
        assert "diverge" not in replay.stderr


def no_room():
    """Less address space than a guarded memory takes."""
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))


@pytest.mark.parametrize("instruction", ["i32.load8_u", "i64.load", "f64.load", "v128.load"])
@pytest.mark.parametrize("offset, address", [(0, 65535), (65535, 1), (2**31 - 1, 2**32 - 1), (2**31, 0), (2**32 - 1, 2**32 - 1), (0, 2**31)])
def test_accesses_outside_of_memory_trap(timecraft, tmp_path, instruction, offset, address):
    source, module = tmp_path / "outside.wat", tmp_path / "outside.wasm"
    source.write_text(f"""(module (memory (export "memory") 1) (func $outside (param i32) (drop ({instruction} offset={offset} (local.get 0))))
        (func (export "_start") (call $outside (i32.const 0x{address:x}))))""")
    subprocess.run(["wat2wasm", "--debug-names", source, "-o", module], check=True)
    results = [timecraft("run", "--fly-blind", "--engine", engine, module, preexec_fn=limit) for engine in ENGINES for limit in (None, no_room)]
    inside = offset + address == 65535 and instruction == "i32.load8_u"
    assert (results[0].returncode, "out of bounds memory access" in results[0].stderr) == ((0, False) if inside else (134, True))
    assert inside or "outside (offset" in results[0].stderr
    assert {(result.returncode, result.stderr) for result in results} == {(results[0].returncode, results[0].stderr)}


@pytest.mark.parametrize("command", [["run", "x.wasm"], ["replay", "@last"]])
def test_an_unknown_engine(timecraft, command):
    result = timecraft(command[0], "--engine", "steam", *command[1:])
    assert result.returncode == 2
    assert '"steam" is not known; it may be interpreter or compiled' in result.stderr
