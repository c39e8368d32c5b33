"""A recording of several segments: whatever part of it is asked for is the same as in the whole, and limits keep the newest."""

import json
import os
import re
import subprocess

import pytest

from test_network import Server, documents


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A run of some hundred thousand calls, in several segments."""
    from conftest import Timecraft

    return Timecraft(tmp_path_factory.mktemp("many"))


@pytest.fixture
def recorded(many, guest):
    if not many.registry.exists():
        files = many.folder / "files"
        files.mkdir()
        result = many("run", "--segment-size", "64K", guest("many"), 20000, files)
        assert result.returncode == 0, result.stderr
        names = sorted(name for name in os.listdir(many.process()) if name.endswith(".log"))
        assert len(names) > 2 and names == [f"{i:08}.log" for i in range(len(names))]
    return many


def test_any_range_is_as_in_the_whole(recorded):
    whole = recorded.lines("trace", "syscall", "--filter", "all", "-y", "@last")
    plain = recorded.lines("trace", "syscall", "--filter", "all", "@last")
    assert len(whole) == len(plain) > 150000
    assert any(re.match(r"fd_write\(\d+</.*/files/file\d+>, ", line) for line in whole[-100:])
    for first in range(0, len(whole), len(whole) // 23):
        span = f"{first}..{first + 40}"
        assert recorded.lines("trace", "syscall", "--filter", "all", "-y", "--records", span, "@last") == whole[first : first + 41]
        assert recorded.lines("trace", "syscall", "--filter", "all", "--records", span, "@last") == plain[first : first + 41]


def test_any_time_is_as_in_the_whole(recorded):
    def trace(*options):
        return recorded.lines("trace", "syscall", "--filter", "all", "-y", *options, "@last")

    whole = [json.loads(line) for line in trace("-o", "json")]
    for at in range(1, len(whole), len(whole) // 11):
        time = whole[at]["time"]
        first = next(i for i, document in enumerate(whole) if document["time"] >= time)
        part = [json.loads(line) for line in trace("-o", "json", "-t", time, "-d", "5ms")]
        assert part == whole[first : first + len(part)] and part
    times = {line.split()[1]: line.split()[0] for line in recorded.lines("logs", "--absolute", "@last")}
    assert recorded.lines("logs", "-t", times["17000"], "@last") == ["17000", "18000", "19000", "done"]


def test_only_what_is_needed_is_read(recorded):
    """Segments that a range does not touch may be gone, as long as the first one says where it all begins."""
    folder = recorded.process()
    count = len(recorded.lines("trace", "syscall", "--filter", "all", "@last"))
    want = recorded.lines("trace", "syscall", "--filter", "all", "-y", "--records", f"{count - 20}..", "@last")
    (folder / "00000001.log").rename(folder / "away")
    try:
        assert recorded.lines("trace", "syscall", "--filter", "all", "-y", "--records", f"{count - 20}..", "@last") == want
        result = recorded("trace", "syscall", "@last")
        assert result.returncode == 1
        assert re.search(r"00000001\.log is not there: records from number \d+ on are missing", result.stderr)
    finally:
        (folder / "away").rename(folder / "00000001.log")
    assert recorded("replay", "-q", "@last").returncode == 0


def test_a_limit_keeps_the_newest(timecraft, guest):
    files = timecraft.folder / "files"
    files.mkdir()
    run = timecraft("run", "--record-limit", "8M", "--segment-size", "64K", guest("many"), 150000, files)
    assert run.returncode == 0, run.stderr
    folder = timecraft.process()
    assert not (folder / "00000000.log").exists()
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8 << 20
    trace = timecraft("trace", "syscall", "-y", "@last")
    [said] = trace.stderr.splitlines()
    first = int(re.fullmatch(r"timecraft: \S+: records 0 to (\d+) were not kept: the recording was limited", said)[1]) + 1
    lines = trace.stdout.splitlines()
    assert trace.returncode == 0 and lines[-1] == "+++ exited with 0 +++"
    assert sum(re.match(r"fd_write\(\d+</.*/files/file\d+>, ", line) is not None for line in lines[:100]) > 50
    replay = timecraft("replay", "@last")
    assert (replay.returncode, replay.stdout) == (1, "")
    assert f"records 0 to {first - 1} were not kept" in replay.stderr
    assert "149000\ndone\n" in timecraft("logs", "@last").stdout


@pytest.mark.parametrize("when", ["none", "interval", "always"])
def test_syncing_makes_no_difference(timecraft, guest, when):
    files = timecraft.folder / "files"
    files.mkdir()
    run = timecraft("run", "--sync", when, guest("many"), 60, files)
    assert (run.returncode, run.stdout) == (0, "0\ndone\n")
    assert (timecraft("replay", "@last").stdout) == run.stdout


@pytest.mark.parametrize(
    "options, said",
    [
        (["--record-limit", "1M"], "the least that a recording is limited to is 8M"),
        (["--record-limit", "much"], '"much" is neither a size nor a duration; it may be 100M, 2G, 10m, 1h'),
        (["--segment-size", "1K"], "a segment has 64K at least"),
        (["--sync", "often"], '"often" is not known; it may be none, interval or always'),
    ],
)
def test_wrong_limits_are_named(timecraft, options, said):
    result = timecraft("run", *options, "x.wasm")
    assert result.returncode == 2 and said in result.stderr


def known(event):
    """Without what only says from where on the recording was read."""
    return {key: value for key, value in event.items() if key != "midway"}


def test_connections_are_known_in_the_middle(box, program):
    """What a network trace says of a range is what it says of it in the whole; requests of connections that began before are told."""
    server = Server(box, program("go-server.wasm"), "--segment-size", "64K")
    words = ["curl", "-s", "-Z", "--parallel-max", "4", "-o", "/dev/null", "--no-progress-meter"]
    subprocess.run([*words, server.url("/?[1-20]")], check=True, timeout=300)  # connections that are gone have had numbers
    subprocess.run([*words, server.url("/?[1-6000]")], check=True, timeout=300)
    run = server.stop()
    whole = [known(event) for event in documents(box, "network", run)]
    assert len(whole) > 10000
    for at in range(100, len(whole), len(whole) // 7):
        first = whole[at]["record"]
        part = [known(event) for event in documents(box, "network", run, "--records", f"{first}..{first + 500}")]
        assert part == [event for event in whole if first <= event["record"] <= first + 500]
    requests = documents(box, "request", run)
    late = requests[-50:]
    part = documents(box, "request", run, "--records", f"{late[0]['record']}..")
    assert [e["request"]["message"]["path"] for e in part[-50:]] == [e["request"]["message"]["path"] for e in late]
