"""check --repair: what it mends, and that it takes nothing from who reads."""

import ctypes
import datetime
import json
import os
import random
import re
import subprocess
import time

import pytest
from conftest import wait_for
from test_check import damaged, flip, run  # noqa: F401 (a fixture)


@pytest.fixture
def xxh3():
    """The check of bytes as a recording has it."""
    function = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    function.argtypes, function.restype = [ctypes.c_char_p, ctypes.c_size_t], ctypes.c_uint64
    return lambda data: function(bytes(data), len(data)).to_bytes(8, "little")


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


def spoil(data, dice):
    """A part of a file is changed: bits, a stretch of zeros or of others, a cut, something more or less."""
    data, at = bytearray(data), dice.randrange(len(data))
    how, size = dice.randrange(6), dice.choice((1, 8, 100, 5000))
    if how == 0:
        data[at] ^= 1 << dice.randrange(8)
    elif how == 1:
        data[at:at + size] = bytes(len(data[at:at + size]))
    elif how == 2:
        data[at:at + size] = dice.randbytes(len(data[at:at + size]))
    elif how == 3:
        del data[at:]
    elif how == 4:
        del data[at:at + size]
    else:
        data[at:at] = dice.randbytes(size)
    return bytes(data)


@pytest.mark.parametrize("ended", [True, False])
def test_repair_takes_nothing_from_who_reads(timecraft, guest, run, ended):
    """Whatever becomes of the files: what a trace shows before, it shows afterwards."""
    seed = int(os.environ.get("CHECK_SEED", time.time_ns() % 1_000_000))
    print("CHECK_SEED", seed)
    dice = random.Random(seed)
    if ended:
        run("3000", name="chatter")
    else:
        kill_while_it_chats(timecraft, guest, 20_000)
    files = {path: path.read_bytes() for path in timecraft.process().iterdir() if path.name not in ("lock", "manifest.yaml")}
    for _ in range(int(os.environ.get("CHECK_ROUNDS", "16"))):
        for path, data in files.items():
            path.write_bytes(data)
        path = dice.choice([*files])
        # Most of what matters is at the end of the segment, and at the beginning of the tail's buffers.
        path.write_bytes(spoil(files[path], dice) if dice.random() < 0.5 or path.name == "tail"
                         else files[path][:-400] + spoil(files[path][-400:], dice))
        before = shown(timecraft)[0]
        result = timecraft("check", "--repair", "@last")
        assert result.returncode in (0, 1) and result.stderr == ""
        assert shown(timecraft)[0] == before
        again = timecraft("check", "--repair", "@last")
        assert again.stdout.splitlines() == [line for line in result.stdout.splitlines() if not line.startswith("    repaired: ")]
        assert again.returncode == result.returncode
