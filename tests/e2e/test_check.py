"""check: what is whole, what is damaged and where, and what --repair mends."""

import ctypes
import datetime
import json
import os
import re
import subprocess
import time

import pytest
from conftest import wait_for


@pytest.fixture
def run(timecraft, guest):
    """Runs a guest and returns the process's identifier."""

    def run(*arguments, name="ends"):
        return timecraft("run", "--restrict", guest(name), *arguments).stderr.splitlines()[0]

    return run


@pytest.fixture
def xxh3():
    """The check of bytes as a recording has it."""
    function = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    function.argtypes, function.restype = [ctypes.c_char_p, ctypes.c_size_t], ctypes.c_uint64
    return lambda data: function(bytes(data), len(data)).to_bytes(8, "little")


def module_of(timecraft):
    [path] = (timecraft.registry / "modules").glob("sha256/*/[!.]*")
    return path


def flip(path, at):
    """Returns what puts it right again."""
    data = path.read_bytes()
    os.chmod(path, 0o600)
    path.write_bytes(data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1:])
    return lambda: path.write_bytes(data)


def damaged(timecraft, *arguments):
    """The problems that are told of the one process or module that has some, and the exit code is 1."""
    result = timecraft("check", "-o", "json", *arguments)
    assert (result.returncode, result.stderr) == (1, "")
    [problems] = [told["problems"] for told in map(json.loads, result.stdout.splitlines()) if told["problems"]]
    return problems


def test_what_is_whole_is_told_shortly(timecraft, run):
    assert timecraft.lines("check") == ["checked 0 processes and 0 modules: 0 are damaged"]
    ids = [run("exit"), run("trap"), run("20000", name="chatter")]
    assert timecraft.lines("check") == ["checked 3 processes and 2 modules: 0 are damaged"]
    counts = [json.loads(timecraft.lines("describe", "log", identifier, "-o", "json")[0])["records"] for identifier in ids]
    lines = [f"process {identifier}: closed, {count} records" for identifier, count in zip(ids, counts, strict=True)]
    assert timecraft.lines("check", *ids) == lines
    verbose = timecraft.lines("check", "-v")
    modules = [f"module {line.split()[0]}: whole" for line in timecraft.lines("get", "module")[1:]]
    assert verbose == [*lines, *modules, "checked 3 processes and 2 modules: 0 are damaged"]
    told = [json.loads(line) for line in timecraft.lines("check", "-o", "json")]
    whole = {"problems": [], "repairs": []}
    assert told == [
        *({"kind": "process", "id": identifier, "state": "closed", "records": count, "unfinished_call": False, **whole}
          for identifier, count in zip(ids, counts, strict=True)),
        *({"kind": "module", "id": line.split()[1][:-1], **whole} for line in modules),
    ]


def test_running_and_killed_processes_are_whole(timecraft, guest):
    process = timecraft.start("run", "--restrict", guest("ends"), "sleep")
    wait_for(lambda: "poll_oneoff" in timecraft("trace", "syscall", "@last").stdout)
    identifier = timecraft.lines("get", "--ids")[0]
    count = timecraft("trace", "syscall", "-o", "json", "@last").stdout.count("\n")
    assert timecraft.lines("check", "@last") == [f"process {identifier}: running, {count - 1} records"]
    assert timecraft.lines("check", "--repair", "-v")[0] == f"process {identifier}: running, {count - 1} records"
    assert timecraft.lines("get")[1].endswith("running")
    process.kill()
    process.communicate()
    killed = f"process {identifier}: killed, {count} records, the last of them a call without an end"
    assert timecraft.lines("check", "@last") == [killed]
    assert timecraft.lines("get")[1].endswith("killed")
    assert json.loads(timecraft.lines("check", "@last", "-o", "json")[0])["unfinished_call"] is True
    assert timecraft.lines("check") == ["checked 1 process and 1 module: 0 are damaged"]


def test_a_manifest_that_is_not_what_was_written(timecraft, run):
    identifier = run("exit")
    manifest = timecraft.process() / "manifest.yaml"
    restore = flip(manifest, manifest.stat().st_size - 20)
    assert damaged(timecraft) == ["manifest.yaml: its checksum is wrong"]
    result = timecraft("check")
    assert result.stdout.splitlines()[1:] == [
        "    manifest.yaml: its checksum is wrong", "checked 1 process and 1 module: 1 is damaged"]
    assert re.fullmatch(rf"process {identifier}: damaged, \d+ records", result.stdout.splitlines()[0])
    restore()
    assert timecraft("check").returncode == 0
    manifest.unlink()
    assert damaged(timecraft, "@last") == ["can't open manifest.yaml: No such file or directory"]


def test_a_module_that_is_not_what_ran_is_told_of_each_process(timecraft, run):
    run("exit")
    run("exit")
    module = module_of(timecraft)
    flip(module, 100)
    result = timecraft("check", "-o", "json")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.returncode, [found["kind"] for found in told]) == (1, ["process", "process", "module"])
    [problem] = {problem for found in told for problem in found["problems"]}
    assert f"module sha256:{module.name} is damaged: its bytes have another digest" in problem
    module.unlink()
    assert damaged(timecraft, "@last") == [
        f"registry {timecraft.registry}: can't open module sha256:{module.name}: No such file or directory"]


def test_no_byte_of_a_recording_changes_unnoticed(timecraft, run):
    run("both")
    segment = timecraft.process() / "00000000.log"
    unnoticed = []
    for at in range(0, segment.stat().st_size, 3):
        restore = flip(segment, at)
        result = timecraft("check", "@last")
        assert result.returncode in (0, 1) and result.stderr == ""
        if result.returncode == 0:
            unnoticed.append(at)
        restore()
    assert unnoticed == []
    assert timecraft("check").returncode == 0


def test_no_cut_of_a_recording_goes_unnoticed(timecraft, run):
    run("both")
    segment = timecraft.process() / "00000000.log"
    data, unnoticed = segment.read_bytes(), []
    for size in range(0, len(data), 7):
        segment.write_bytes(data[:size])
        result = timecraft("check", "@last")
        assert result.stderr == ""
        if result.returncode != 1 or "00000000.log" not in result.stdout and "tail" not in result.stdout:
            unnoticed.append(size)
    assert unnoticed == []
    segment.unlink()
    assert damaged(timecraft) == ["cannot read the recording's log: No such file or directory"]


def test_what_lies_behind_damage_is_counted(timecraft, run):
    run("20000", name="chatter")
    segment = timecraft.process() / "00000000.log"
    whole = json.loads(timecraft.lines("check", "@last", "-o", "json")[0])["records"]
    flip(segment, segment.stat().st_size // 3)
    told = json.loads(timecraft("check", "@last", "-o", "json").stdout)
    assert 0 < told["records"] < whole
    assert re.fullmatch(r"00000000.log is damaged at offset \d+: .*", told["problems"][0])


def test_leftovers_are_told_and_removed(timecraft, run):
    run("exit")
    processes = timecraft.registry / "processes"
    shelf = module_of(timecraft).parent
    gone = ".gone-01900000-0000-7000-8000-000000000002-0123456789abcdef"
    new = ".new-01900000-0000-7000-8000-000000000001"
    for name in gone, new:
        (processes / name).mkdir()
        (processes / name / "lock").touch()
    (shelf / ".new-0123456789abcdef").touch()
    (timecraft.process() / ".new-0123456789abcdef").touch()
    (timecraft.process() / ".log").touch()
    paths = [f"processes/{gone}", f"processes/{new}", f"modules/sha256/{shelf.name}/.new-0123456789abcdef"]
    assert timecraft.lines("check", "-v")[2:5] == [f"leftover {path}: --repair removes it" for path in paths]
    assert timecraft.lines("check") == ["checked 1 process and 1 module: 0 are damaged"]
    repaired = timecraft.lines("check", "--repair")
    assert repaired[1:3] == ["    repaired: .log, left over, was removed", "    repaired: .new-0123456789abcdef, left over, was removed"]
    assert repaired[3:] == [*(f"leftover {path}: removed" for path in paths), "checked 1 process and 1 module: 5 repairs, 0 are damaged"]
    assert timecraft.lines("check", "--repair") == ["checked 1 process and 1 module: 0 are damaged"]
    assert not list(timecraft.registry.rglob(".[gnl]*"))


def test_what_is_not_there_is_told(timecraft, run):
    run("exit")
    result = timecraft("check", "@last", "ffff")
    message = f"timecraft: no process ffff in the registry {timecraft.registry}\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)


def last_block(segment):
    """Where the last block of records ends."""
    data, at = segment.read_bytes(), 80
    while data[at:at + 4] == b"TCBK" and data[at + 4] in (1, 128):
        at += 96 + int.from_bytes(data[at + 12:at + 16], "little")
    return at


def shown(timecraft):
    """All that a recording tells, and its times in nanoseconds beside it."""
    calls = [json.loads(line) for line in timecraft("trace", "syscall", "-o", "json", "@last").stdout.splitlines()]
    times = [call.pop("time") for call in calls]
    return calls, [int(datetime.datetime.fromisoformat(time[:19]).timestamp()) * 10**9 + int(time[20:29]) for time in times]


def kill_while_it_chats(timecraft, guest, enough):
    """Until there is so much in its recording, beside the tail."""
    process = timecraft.start("run", "--restrict", guest("chatter"), "100000000", stderr=subprocess.DEVNULL)
    wait_for(lambda: list(timecraft.registry.glob("processes/[!.]*")))
    wait_for(lambda: (timecraft.process() / "00000000.log").stat().st_size > enough)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("enough", [0, 100_000])
def test_what_is_in_a_tail_is_sealed(timecraft, guest, enough):
    kill_while_it_chats(timecraft, guest, enough)
    calls, times = shown(timecraft)
    whole = timecraft.lines("check", "@last")
    killed = timecraft("logs").stderr[-100:]
    assert ": killed, " in whole[0] and killed.endswith("its recording ends without an end\n")
    repaired = timecraft.lines("check", "--repair", "@last")
    assert repaired[0] == whole[0]
    assert re.fullmatch(r"    repaired: 00000000.log: it was sealed: \d+ records that began in the tail went into it", repaired[1])
    assert not (timecraft.process() / "tail").exists()
    sealed_calls, sealed_times = shown(timecraft)
    assert sealed_calls == calls
    assert max(abs(a - b) for a, b in zip(times, sealed_times, strict=True)) < 100  # they are rounded elsewhere
    assert timecraft.lines("check", "--repair", "@last") == whole
    assert timecraft("logs").stderr[-100:] == killed
    assert timecraft.lines("get")[1].endswith("killed")
    assert timecraft.lines("get", "log")[1].endswith("killed")
    told = timecraft("replay", "-q", "@last")
    assert (told.returncode, "its process was killed" in told.stderr) == (1, True)


def test_a_repair_that_is_killed_loses_nothing(timecraft, guest):
    kill_while_it_chats(timecraft, guest, 100_000)
    calls, _ = shown(timecraft)
    for delay in range(40):
        process = timecraft.start("check", "--repair", "@last")
        time.sleep(delay * 0.0005)
        process.kill()
        process.communicate()
        result = timecraft("check", "@last")
        assert (result.returncode, result.stderr) == (0, "")
        if delay % 8 == 0:
            assert shown(timecraft)[0] == calls
    timecraft.lines("check", "--repair", "@last")
    assert shown(timecraft)[0] == calls
    assert not (timecraft.process() / "tail").exists()


@pytest.mark.parametrize("arguments, status", [(["exit", "7"], "exited 7"), (["trap"], "trapped: unreachable")])
def test_an_index_and_an_end_are_written_again(timecraft, run, arguments, status):
    run(*arguments)
    segment = timecraft.process() / "00000000.log"
    data, calls = segment.read_bytes(), shown(timecraft)
    whole, end = timecraft.lines("check", "@last"), last_block(segment)
    assert len(data) - end == 96 + 40 + 96 + 96
    variants = [data[:size] for size in range(end, len(data), 17)]
    variants += [data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:] for at in range(end, len(data), 11)]
    variants += [data[:end] + bytes(10000), data[:end] + os.urandom(300)]
    for variant in variants:
        segment.write_bytes(variant)
        assert damaged(timecraft, "@last")
        repaired = timecraft.lines("check", "--repair", "@last")
        assert repaired[0] == whole[0]
        assert repaired[1:] in (["    repaired: 00000000.log: its index was written again"], ["    repaired: 00000000.log: its end was written again"])
        assert timecraft.lines("check", "--repair", "@last") == whole
        assert timecraft.lines("get")[1].endswith(status)
        assert len(segment.read_bytes()) == len(data) and shown(timecraft) == calls


def test_an_index_that_is_not_of_its_blocks_is_told(timecraft, run, xxh3):
    """Its checksums are right: nobody but check looks at what it says."""
    run("exit")
    segment = timecraft.process() / "00000000.log"
    data, end = bytearray(segment.read_bytes()), last_block(segment)
    data[end + 96] ^= 1
    data[end + 80:end + 88] = xxh3(data[end + 96:end + 136])
    data[end + 88:end + 96] = xxh3(data[end:end + 88])
    segment.write_bytes(data)
    assert damaged(timecraft) == ["00000000.log: its index is not that of its blocks: --repair writes it again"]
    assert timecraft.lines("check", "--repair", "@last")[1:] == ["    repaired: 00000000.log: its index was written again"]
    assert timecraft("check").returncode == 0


def test_repair_leaves_what_it_cannot_mend(timecraft, run):
    run("20000", name="chatter")
    segment = timecraft.process() / "00000000.log"
    data, end = segment.read_bytes(), last_block(segment)
    for variant in (data[:1000] + b"x" + data[1001:], data[:end - 1], data[:end - 1] + bytes(1000), data[:40], data[:100] + data[101:],
                    data[:20] + b"\xff" + data[21:], b""):
        segment.write_bytes(variant)
        before = timecraft("check", "@last")
        result = timecraft("check", "--repair", "@last")
        assert (before.returncode, result.returncode, result.stdout) == (1, 1, before.stdout)
        assert segment.read_bytes() == variant


def test_a_tail_that_is_damaged_stays(timecraft, guest):
    kill_while_it_chats(timecraft, guest, 100_000)
    tail, segment = timecraft.process() / "tail", timecraft.process() / "00000000.log"
    data, log = bytearray(tail.read_bytes()), segment.read_bytes()
    for at in range(4096 + 64 + 300, len(data), 1 << 18):
        data[at] ^= 0xFF
    tail.write_bytes(data)
    before = timecraft("check", "@last")
    result = timecraft("check", "--repair", "@last")
    assert (before.returncode, result.returncode, result.stdout) == (1, 1, before.stdout)
    assert (tail.read_bytes(), segment.read_bytes()) == (bytes(data), log)


def many_segments(timecraft, guest, *options):
    files = timecraft.folder / "files"
    files.mkdir(exist_ok=True)
    result = timecraft("run", "--segment-size", "64K", *options, guest("many"), 30000, files)
    assert result.returncode == 0, result.stderr
    segments = sorted(timecraft.process().glob("*.log"))
    assert len(segments) > 2
    return segments


def test_every_segment_is_checked(timecraft, guest):
    segments = many_segments(timecraft, guest)
    listed = json.loads(timecraft.lines("get", "log", "-o", "json")[0])
    whole = timecraft.lines("check", "@last")
    calls = shown(timecraft)[0]
    for segment in segments[0], segments[1], segments[-1]:
        data, end = segment.read_bytes(), last_block(segment)
        flip(segment, end + 100)
        problems = damaged(timecraft, "@last")
        assert f"{segment.name}: its index is not that of its blocks: --repair writes it again" in problems
        assert timecraft.lines("check", "--repair", "@last") == [*whole, f"    repaired: {segment.name}: its index was written again"]
        assert timecraft.lines("check", "@last") == whole
        restore = flip(segment, end // 2)
        [problem] = damaged(timecraft, "@last")[:1]
        assert problem.startswith(f"{segment.name} is damaged at offset ")
        restore()
        assert len(segment.read_bytes()) == len(data)
    assert shown(timecraft)[0] == calls
    data = segments[1].read_bytes()
    segments[1].unlink()
    assert f"{segments[1].name} is not there: records from number " in damaged(timecraft, "@last")[0]
    assert timecraft("check", "--repair", "@last").returncode == 1
    segments[1].write_bytes(data)
    assert timecraft.lines("check", "@last") == whole
    segments[-1].write_bytes(segments[-1].read_bytes()[:last_block(segments[-1])])
    assert timecraft.lines("check", "--repair", "@last") == [*whole, f"    repaired: {segments[-1].name}: its end was written again"]
    assert shown(timecraft)[0] == calls
    assert json.loads(timecraft.lines("get", "log", "-o", "json")[0]) == listed


def test_a_recording_that_was_limited_is_whole(timecraft, guest):
    files = timecraft.folder / "files"
    files.mkdir()
    assert timecraft("run", "--record-limit", "8M", "--segment-size", "64K", guest("many"), 150000, files).returncode == 0
    assert not (timecraft.process() / "00000000.log").exists()
    [line] = timecraft.lines("check", "@last")
    assert re.fullmatch(r"process \S+: closed, \d+ records", line)
    assert timecraft.lines("check", "--repair") == ["checked 1 process and 1 module: 0 are damaged"]


def test_a_killed_recording_of_segments_is_sealed(timecraft, guest):
    files = timecraft.folder / "files"
    files.mkdir()
    process = timecraft.start("run", "--segment-size", "64K", guest("many"), 10000000, files, stdout=subprocess.DEVNULL)
    wait_for(lambda: list(timecraft.registry.glob("processes/[!.]*/00000003.log")))
    process.kill()
    process.communicate()
    whole, calls = timecraft.lines("check", "@last"), shown(timecraft)[0]
    repaired = timecraft.lines("check", "--repair", "@last")
    assert repaired[0] == whole[0] and re.search(r"\d+\.log: it was sealed", repaired[1])
    assert timecraft.lines("check", "@last") == whole
    assert shown(timecraft)[0] == calls
    last = timecraft("trace", "syscall", "-o", "json", "--records", f"{len(calls) - 5}..", "@last").stdout.splitlines()
    assert [json.loads(line)["record"] for line in last] == list(range(len(calls) - 5, len(calls)))


def test_numbers_of_segments_keep_nobody_busy(timecraft, run):
    run("exit")
    (timecraft.process() / "4294967295.log").write_bytes(b"")
    assert timecraft.lines("get")[1].endswith("exited 0")
    assert timecraft("check").returncode == 0
