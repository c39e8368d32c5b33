"""check: what is whole, and what is damaged and where."""

import json
import os
import re

import pytest
from conftest import wait_for


@pytest.fixture
def run(timecraft, guest):
    """Runs a guest and returns the process's identifier."""

    def run(*arguments, name="ends"):
        return timecraft("run", "--restrict", guest(name), *arguments).stderr.splitlines()[0]

    return run


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
