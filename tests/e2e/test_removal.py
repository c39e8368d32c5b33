"""What deletes: delete, prune, the modules that go with the last process, and what those find who read at the same time."""

import fcntl
import json
import os
import re
import shutil
import signal
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


def size_of(timecraft, identifier):
    return sum(path.stat().st_size for path in timecraft.process(identifier).iterdir())


def modules(timecraft):
    return [path.name for path in sorted((timecraft.registry / "modules").glob("sha256/*/[!.]*"))]


def hidden(timecraft):
    return sorted(path.name for path in timecraft.registry.rglob(".[gn]*"))


def process_object(timecraft, identifier, name, deleted):
    return {"kind": "process", "id": identifier, "name": f"{name}.wasm", "size": size_of(timecraft, identifier), "deleted": deleted}


def module_object(timecraft, module, name, deleted):
    size = (timecraft.registry / "modules" / "sha256" / module[:2] / module).stat().st_size
    found = {"kind": "module", "id": f"sha256:{module}", "name": f"{name}.wasm", "size": size, "deleted": deleted}
    return {key: value for key, value in found.items() if value != "None.wasm"}


def objects(lines):
    return [json.loads(line) for line in lines]


def refused(timecraft, *arguments, code=1):
    """What a command says that does nothing."""
    result = timecraft(*arguments)
    assert (result.returncode, result.stdout) == (code, "")
    return result.stderr


def test_processes_are_deleted_and_modules_with_the_last_of_them(timecraft, run):
    ids = [run("exit"), run("exit"), run("3", name="chatter"), run("exit")]
    [ends] = [module for module in modules(timecraft) if timecraft.lines("get", "module", "sha256:" + module)[1].split()[1] == "ends.wasm"]
    [chatter] = [module for module in modules(timecraft) if module != ends]
    expected = [process_object(timecraft, ids[2], "chatter", True), process_object(timecraft, ids[0], "ends", True),
                module_object(timecraft, chatter, "chatter", True)]
    assert objects(timecraft.lines("delete", "process", "@2", ids[0], "@2", "-o", "json")) == expected
    assert timecraft.lines("get", "--ids") == [ids[1], ids[3]]
    assert modules(timecraft) == [ends]
    result = timecraft.lines("delete", "processes", ids[1], ids[3])
    assert [line.rsplit(",", 1)[0] for line in result] == [
        f"deleted process {ids[1]}", f"deleted process {ids[3]}", f"deleted module sha256:{ends}"]
    assert all(re.fullmatch(r" \d+(\.\d+)? (KiB|B)", line.rsplit(",", 1)[1]) for line in result)
    assert (timecraft.lines("get", "--ids"), modules(timecraft), hidden(timecraft)) == ([], [], [])


def test_nothing_is_deleted_when_one_name_is_wrong(timecraft, run):
    ids = [run("exit"), run("exit")]
    assert refused(timecraft, "delete", "process", ids[0], "ffff") == f"timecraft: no process ffff in the registry {timecraft.registry}\n"
    assert refused(timecraft, "delete", "module", modules(timecraft)[0], "ffff").startswith("timecraft: no module ffff")
    assert timecraft.lines("get", "--ids") == ids
    assert len(modules(timecraft)) == 1


@pytest.mark.parametrize("arguments, message", [
    (["delete"], "delete: name what: see 'timecraft help delete'"),
    (["delete", "process"], "delete: name what: see 'timecraft help delete'"),
    (["delete", "log", "@1"], "delete: \"log\" is not known here: see 'timecraft help delete'"),
    (["prune"], "prune: say what may stay: --older-than, --keep or --max-size"),
    (["prune", "--keep", "1", "x"], 'prune: "x" is one argument too many'),
    (["prune", "--keep", "-1"], 'prune: --keep: "-1" is no number of processes'),
    (["prune", "--keep", ""], 'prune: --keep: "" is no number of processes'),
    (["prune", "--max-size", "1X"], 'prune: --max-size: "1X" is no size; write bytes, or a number with K, M, G or T behind it'),
    (["prune", "--max-size", "99999999T"], 'prune: --max-size: "99999999T" is too large'),
    (["prune", "--older-than", "soon"], 'prune: --older-than: "soon" is no duration: it is written as 250ms, 1.5s, 5m, 1h30m or 2d'),
])
def test_what_is_wrong_is_told(timecraft, arguments, message):
    assert refused(timecraft, *arguments, code=2) == f"timecraft: {message}\n"


def test_a_running_process_is_never_deleted(timecraft, guest, run):
    ended = run("exit")
    process = timecraft.start("run", "--restrict", guest("ends"), "sleep")
    wait_for(lambda: "running" in timecraft("get").stdout)
    running = timecraft.lines("get", "--ids")[1]
    message = f"timecraft: process {running} is running: it can be deleted when it has ended\n"
    assert refused(timecraft, "delete", "process", running) == message
    result = timecraft("delete", "process", running, ended)
    assert (result.returncode, result.stderr, result.stdout.count("\n")) == (1, message, 1)
    for limit in ["--keep", "0"], ["--older-than", "0s"], ["--max-size", "0"]:
        assert timecraft.lines("prune", *limit, "--yes") == ["deleted 0 processes, 0 B"]
    assert timecraft.lines("get", "--ids") == [running]
    assert len(modules(timecraft)) == 1
    process.kill()
    process.communicate()
    assert timecraft("get").stdout.splitlines()[1].endswith("killed")
    assert len(timecraft.lines("delete", "process", running)) == 2
    assert (timecraft.lines("get", "--ids"), modules(timecraft)) == ([], [])


def test_a_module_is_deleted_by_itself_only_if_nobody_needs_it(timecraft, run):
    ids = [run("exit"), run("exit")]
    [module] = modules(timecraft)
    message = f"timecraft: module sha256:{module} is needed by 2 processes, the newest of them {ids[1]}: it goes with the last of them\n"
    assert refused(timecraft, "delete", "module", module) == message
    shutil.rmtree(timecraft.process(ids[1]))
    assert refused(timecraft, "delete", "module", module) == f"timecraft: module sha256:{module} is needed by process {ids[0]}: it goes with that\n"
    shutil.rmtree(timecraft.process(ids[0]))
    expected = [module_object(timecraft, module, None, True)]
    assert objects(timecraft.lines("delete", "module", module[-9:], "-o", "json")) == expected
    assert modules(timecraft) == []


def test_modules_stay_as_long_as_nobody_knows_what_a_process_needs(timecraft, run):
    ids = [run("exit"), run("3", name="chatter")]
    manifest = timecraft.process(ids[0]) / "manifest.yaml"
    manifest.write_bytes(manifest.read_bytes()[:-1])
    kept = f"timecraft: modules are kept: nobody can tell which of them process {ids[0]} needs\n"
    result = timecraft("delete", "process", ids[1])
    assert (result.returncode, result.stderr, len(modules(timecraft))) == (0, kept, 2)
    result = timecraft("delete", "module", modules(timecraft)[0])
    assert (result.returncode, result.stdout, result.stderr, len(modules(timecraft))) == (1, "", kept, 2)
    assert len(timecraft.lines("delete", "process", ids[0])) == 3
    assert modules(timecraft) == []


def test_prune_tells_first_what_it_would_delete(timecraft, run):
    ids = [run("exit"), run("3", name="chatter"), run("exit")]
    [chatter] = [module for module in modules(timecraft) if module in timecraft.lines("get", "module", ids[1])[1]]
    would = [process_object(timecraft, ids[0], "ends", False), process_object(timecraft, ids[1], "chatter", False),
             module_object(timecraft, chatter, "chatter", False)]
    assert objects(timecraft.lines("prune", "--keep", 1, "--dry-run", "-o", "json")) == would
    text = timecraft.lines("prune", "--keep", 1, "--dry-run")
    total = f"2 processes and 1 module, {text[-1].split(', ')[1]}"
    assert [line.rsplit(",", 1)[0] for line in text] == [
        f"would delete process {ids[0]}", f"would delete process {ids[1]}", f"would delete module sha256:{chatter}",
        "would delete 2 processes and 1 module"]
    message = f"timecraft: prune: {total} would be deleted; say --yes to delete, or --dry-run to see which\n"
    assert refused(timecraft, "prune", "--keep", 1, code=2) == message
    assert timecraft.lines("get", "--ids") == ids
    done = timecraft.lines("prune", "--keep", 1, "--yes")
    assert done == [line.replace("would delete", "deleted") for line in text]
    assert timecraft.lines("get", "--ids") == [ids[2]]
    assert timecraft.lines("prune", "--keep", 1) == ["deleted 0 processes, 0 B"]


@pytest.mark.parametrize("answer, code", [("y\n", 0), ("YES\n", 0), ("n\n", 1), ("\n", 1), ("yesterday\n", 1), ("\x04", 1)])
def test_prune_asks_on_a_terminal(timecraft, run, answer, code):
    identifier = run("exit")
    total = timecraft.lines("prune", "--keep", 0, "--dry-run")[-1].replace("would delete ", "")
    start = json.loads(timecraft.lines("describe", "-o", "json")[0])["start"]
    leader, follower = os.openpty()
    process = subprocess.Popen(timecraft.command("prune", "--keep", 0), env=timecraft.env, stdin=follower, stderr=follower,
                               stdout=subprocess.PIPE, start_new_session=True, text=True)
    os.close(follower)
    os.write(leader, answer.encode())
    stdout, _ = process.communicate()
    asked = os.read(leader, 4096).decode().replace("\r\n", "\n")
    os.close(leader)
    question = f"This deletes {total}; the newest of the processes started at {start}.\nGo on? [y/N] "
    assert question in asked
    assert process.returncode == code
    if code:
        assert (stdout, asked.endswith("timecraft: nothing was deleted\n")) == ("", True)
        assert timecraft.lines("get", "--ids") == [identifier]
    else:
        assert stdout.endswith(f"deleted {total}\n")
        assert timecraft.lines("get", "--ids") == []


def test_prune_keeps_what_fits(timecraft, run):
    ids = [run(str(count), name="chatter") for count in (2000, 10, 3000, 20)]
    sizes = [size_of(timecraft, identifier) for identifier in ids]
    module = sum(path.stat().st_size for path in (timecraft.registry / "modules").glob("sha256/*/*"))

    def kept(limit):
        gone = {found["id"] for found in objects(timecraft.lines("prune", "--max-size", limit, "--dry-run", "-o", "json"))}
        return [identifier for identifier in ids if identifier not in gone]

    assert kept(sum(sizes) + module) == ids
    assert kept(sum(sizes) + module - 1) == ids[1:]
    assert kept(sum(sizes[2:]) + module) == ids[2:]
    assert kept(sum(sizes[2:]) + module - 1) == ids[3:]
    assert kept(sizes[3] + module) == ids[3:]
    assert kept(sizes[3] + module - 1) == kept("0k") == []
    assert kept("1G") == ids
    timecraft.lines("prune", "--max-size", sizes[3] + module, "--yes")
    assert timecraft.lines("get", "--ids") == ids[3:]


def test_prune_goes_by_the_end_of_a_process(timecraft, guest, run):
    """Not by its start: what ran for long and has just ended is what somebody wants to look at."""
    killed = timecraft.start("run", "--restrict", guest("ends"), "sleep")
    wait_for(lambda: "running" in timecraft("get").stdout)
    first = timecraft.lines("get", "--ids")[0]
    second = run("exit")
    time.sleep(1.5)
    start = time.monotonic()
    killed.kill()
    killed.communicate()
    os.utime(timecraft.process(first) / "tail")  # the last that the guest did
    gone = objects(timecraft.lines("prune", "--older-than", "1.4s", "--dry-run", "-o", "json"))
    assert time.monotonic() - start < 1.4, "the machine is too slow to tell"
    assert [found["id"] for found in gone if found["kind"] == "process"] == [second]
    assert timecraft.lines("prune", "--older-than", "2d", "--dry-run") == ["would delete 0 processes, 0 B"]
    both = objects(timecraft.lines("prune", "--older-than", "2d", "--keep", "1", "--dry-run", "-o", "json"))
    assert [found["id"] for found in both] == [first]


def leave_things(timecraft):
    """As one leaves them who was killed: while it made a process, while it stored a module, while it deleted."""
    processes, shelf = timecraft.registry / "processes", next((timecraft.registry / "modules" / "sha256").iterdir())
    for name in ".new-01900000-0000-7000-8000-000000000001", ".gone-01900000-0000-7000-8000-000000000002-0123456789abcdef":
        (processes / name / "more").mkdir(parents=True)
        (processes / name / "more" / "file").write_text("x")
        (processes / name / "lock").write_text("")
        (processes / name / "link").symlink_to(timecraft.folder)
    (shelf / ".new-0123456789abcdef").write_text("half a module")
    (processes / ".new-0123456789abcdef").write_text("half an index")


def test_what_the_interrupted_left_is_swept_up(timecraft, run):
    run("exit")
    identifier = run("exit")
    leave_things(timecraft)
    assert len(timecraft.lines("get", "--ids")) == 2
    assert len(timecraft.lines("delete", "process", identifier)) == 1
    assert hidden(timecraft) == []
    assert timecraft.folder.exists() and len(modules(timecraft)) == 1


HOLD = "import fcntl, os, sys, time; fcntl.flock(os.open(sys.argv[1], 0), fcntl.LOCK_SH); print(flush=True); time.sleep(1000)"


def test_modules_are_kept_for_who_is_about_to_run_them_until_that_one_ends(timecraft, run):
    """The lock that a run has from storing its module until its process is there; who has it is killed."""
    ids = [run("exit"), run("3", name="chatter")]
    holder = subprocess.Popen(["/usr/bin/python3", "-c", HOLD, timecraft.registry / "modules"], stdout=subprocess.PIPE)
    holder.stdout.readline()
    leave_things(timecraft)
    result = timecraft("delete", "process", ids[1])
    assert (result.returncode, result.stdout.count("\n"), result.stderr) == (
        0, 1, "timecraft: modules are kept: another timecraft is storing one\n")
    assert len(modules(timecraft)) == 2
    assert hidden(timecraft) == [".new-0123456789abcdef", ".new-0123456789abcdef", ".new-01900000-0000-7000-8000-000000000001"]
    run("exit")  # others go on meanwhile
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert len(timecraft.lines("delete", "process", ids[0])) == 2
    assert (hidden(timecraft), len(modules(timecraft))) == ([], 1)


def test_who_runs_something_waits_for_who_collects(timecraft, guest):
    timecraft("run", "--restrict", guest("ends"))
    lock = os.open(timecraft.registry / "modules", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    process = timecraft.start("run", "--restrict", guest("ends"))
    time.sleep(0.5)
    assert len(timecraft.lines("get", "--ids")) == 1
    os.close(lock)
    stdout, _ = process.communicate()
    assert (stdout, process.returncode, len(timecraft.lines("get", "--ids"))) == ("begun\n", 0, 2)


@pytest.mark.parametrize("command", [["trace", "syscall", "-o", "json"], ["logs"]])
def test_who_reads_a_process_that_is_deleted_reads_it_to_its_end(timecraft, run, command):
    run("20000", name="chatter")
    whole = timecraft(*command, "@last")
    stream = "stderr" if command == ["logs"] else "stdout"
    assert len(getattr(whole, stream)) > 10000
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    process = timecraft.start(*command, "@last", **{stream: writer})
    os.close(writer)
    first = os.read(reader, 100)  # it has begun, and cannot go on
    assert len(timecraft.lines("delete", "process", "@last")) == 2
    with os.fdopen(reader, "rb") as file:
        rest = file.read()
    process.communicate()
    assert (process.returncode, (first + rest).decode() == getattr(whole, stream)) == (0, True)
