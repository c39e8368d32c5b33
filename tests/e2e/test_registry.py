"""What the registry holds: get, describe, export, logs; and the configuration."""

import io
import json
import os
import re
import signal
import stat
import struct
import subprocess
import tarfile

import pytest
from conftest import wait_for

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture
def run(timecraft, guest):
    """Runs guests/ends.c and returns the process's identifier."""

    def run(*arguments):
        return timecraft("run", "--restrict", guest("ends"), *arguments).stderr.splitlines()[0]

    return run


def rows(timecraft, *arguments):
    return [line.split() for line in timecraft.lines("get", *arguments)]


def test_an_empty_registry_has_nothing_to_list(timecraft):
    assert timecraft.lines("get") == ["PROCESS  SHORT  MODULE  AGE  DURATION  SIZE  STATUS"]
    assert timecraft.lines("get", "process", "-o", "json") == []
    assert timecraft.lines("get", "modules", "--ids") == []
    result = timecraft("describe")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"timecraft: @last: there are 0 processes in the registry {timecraft.registry}\n"


def test_processes_are_listed_with_how_they_ended(timecraft, run):
    ids = [run("exit", "7"), run("trap"), run("exit")]
    table = rows(timecraft)
    assert [row[0] for row in table[1:]] == ids
    assert all(row[0].endswith(row[1]) and row[2] == "ends.wasm" for row in table[1:])
    assert [" ".join(line.split()[7:]) for line in timecraft.lines("get", "processes")[1:]] == [
        "exited 7",
        "trapped: unreachable",
        "exited 0",
    ]
    assert timecraft.lines("get", "--ids") == ids
    assert [row[0] for row in rows(timecraft, "process", ids[1][-12:])[1:]] == [ids[1]]


def test_a_running_process_is_shown_as_running(timecraft, guest):
    process = timecraft.start("run", "--restrict", guest("ends"), "sleep")
    wait_for(lambda: "running" in timecraft("get").stdout)
    assert json.loads(timecraft.lines("get", "-o", "json")[0])["status"] == "running"
    export = timecraft("export", "log")
    assert (export.returncode, export.stdout) == (2, "")
    assert re.fullmatch(rf"timecraft: process {UUID} is running: its recording can be exported when it has ended\n", export.stderr)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_for(lambda: "killed" in timecraft("get").stdout)


def test_describe_tells_what_was_granted(timecraft, guest, tmp_path):
    timecraft("run", "--restrict", "--env", "SECRET=hidden", "--dir", f"{tmp_path}::/data:ro", guest("ends"), "exit", "3")
    told = json.loads(timecraft.lines("describe", "-o", "json")[0])
    assert told["status"] == "exited 3"
    assert told["exit_code"] == 3
    assert told["args"] == ["ends.wasm", "exit", "3"]
    assert told["env_names"] == ["SECRET"]
    assert "env" not in told
    assert told["restricted"] is True
    assert told["dirs"] == [{"host": str(tmp_path), "guest": "/data", "read_only": True}]
    assert told["module"]["name"] == "ends.wasm"
    assert "hidden" not in timecraft("describe").stdout
    assert json.loads(timecraft.lines("describe", "-v", "-o", "json")[0])["env"] == ["SECRET=hidden"]


def test_describe_module_tells_its_imports_and_exports(timecraft, guest, run):
    run("exit")
    digest = rows(timecraft, "module")[1][0]
    told = json.loads(timecraft.lines("describe", "module", digest[7:20], "-o", "json")[0])
    assert told["digest"] == digest
    assert told["name"] == "ends.wasm"
    assert told["size"] == guest("ends").stat().st_size
    raised = {"module": "wasi_snapshot_preview1", "name": "proc_raise", "type": "(func (param i32) (result i32))"}
    assert raised in told["imports"]
    assert {"name": "_start", "type": "(func)"} in told["exports"]


def test_a_module_may_be_named_by_a_process_that_ran_it(timecraft, run):
    identifier = run("exit")
    expected = timecraft.lines("describe", "module", rows(timecraft, "module")[1][0])
    assert [timecraft.lines("describe", "module", *name) for name in ([], ["@1"], [identifier])] == [expected] * 3
    assert rows(timecraft, "module", identifier) == rows(timecraft, "module")
    result = timecraft("export", "module", "nope", "--output-file", "none.wasm")
    message = f"timecraft: no module nope in the registry {timecraft.registry}, and no process that ran one\n"
    assert (result.returncode, result.stderr) == (1, message)


def test_identifiers_may_be_shortened_but_not_ambiguous(timecraft, run):
    ids = [run("exit"), run("exit")]
    assert json.loads(timecraft.lines("describe", "@2", "-o", "json")[0])["id"] == ids[0]
    assert json.loads(timecraft.lines("describe", "process", ids[0][-10:].upper(), "-o", "json")[0])["id"] == ids[0]
    shared = os.path.commonprefix(ids)
    result = timecraft("describe", "process", shared)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert lines[0] == f"timecraft: {shared} may be any of 2 processes; use more of its end:"
    assert [line.split()[0] for line in lines[1:]] == ids
    assert all(line.split()[3] == "ends.wasm" for line in lines[1:])


def test_one_broken_entry_leaves_the_others(timecraft, run):
    ids = [run("exit"), run("exit", "5")]
    manifest = timecraft.process(ids[0]) / "manifest.yaml"
    manifest.write_bytes(manifest.read_bytes()[:-1])
    result = timecraft("get")
    assert result.returncode == 1
    assert re.fullmatch(
        rf"timecraft: process {ids[0]}: manifest.yaml: \d+ bytes behind its first line, which says \d+\n", result.stderr
    )
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == ids
    assert result.stdout.splitlines()[1].endswith("damaged")
    assert result.stdout.splitlines()[2].endswith("exited 5")


def test_a_process_that_is_only_a_directory_is_damaged_and_does_not_run(timecraft, run):
    ids = ["01900000-0000-7000-8000-000000000001", run("exit")]
    timecraft.process(ids[0]).mkdir()
    result = timecraft("get")
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == ids
    assert result.stdout.splitlines()[1].endswith("damaged")
    assert result.stderr == f"timecraft: process {ids[0]}: can't open manifest.yaml: No such file or directory\n"
    assert result.returncode == 1


def test_a_damaged_manifest_does_not_hide_what_was_written(timecraft, run):
    identifier = run("exit")
    (timecraft.process(identifier) / "manifest.yaml").write_text("")
    result = timecraft("logs")
    message = f"timecraft: process {identifier}: manifest.yaml: its first line is damaged\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "begun\n", message)


def test_export_gives_back_the_module_and_the_recording(timecraft, guest, run, tmp_path):
    identifier = run("exit", "3")
    assert timecraft("export", "module", "--output-file", "copy.wasm").returncode == 0
    assert (tmp_path / "copy.wasm").read_bytes() == guest("ends").read_bytes()
    assert timecraft("export", "log", identifier, "--output-file", "log.tar").returncode == 0
    with tarfile.open(fileobj=io.BytesIO((tmp_path / "log.tar").read_bytes())) as archive:
        names = archive.getnames()
        assert all(name.startswith(identifier + "/") for name in names)
        contents = {name.split("/")[1]: archive.extractfile(name).read() for name in names}
    assert contents == {path.name: path.read_bytes() for path in timecraft.process(identifier).iterdir()}


def blocks_of(path):
    """Offset, kind, raw and stored size, first record and count of each block of a segment, as docs/log-format.md has them."""
    data, at, blocks = path.read_bytes(), 80, []
    while at < len(data):
        magic, kind, _, _, raw, stored, _, first, count = struct.unpack_from("<IBBHIIQQQ", data, at)
        assert magic == 0x4B424354
        blocks.append((at, {1: "records", 2: "index", 3: "footer"}[kind], raw, stored, first, count))
        at += 96 + stored
    return blocks


def test_recordings_are_described_by_what_is_in_their_files(timecraft, guest, run):
    ids = [run("exit"), timecraft("run", "--restrict", guest("chatter"), "20000").stderr.splitlines()[0]]
    assert timecraft.lines("get", "logs")[0].split() == ["PROCESS", "SHORT", "AGE", "SIZE", "RAW", "RECORDS", "STATE"]
    for identifier in ids:
        segment = timecraft.process(identifier) / "00000000.log"
        size, blocks = segment.stat().st_size, blocks_of(segment)
        records = [block for block in blocks if block[1] == "records"]
        count, raw = sum(block[5] for block in records), sum(block[2] for block in records)
        listed = json.loads(timecraft.lines("get", "log", identifier, "-o", "json")[0])
        told = json.loads(timecraft.lines("describe", "log", identifier, "-v", "-o", "json")[0])
        head = {"id": identifier, "state": "closed", "start": told["start"], "size": size}
        assert listed == {**head, "raw_size": raw, "records": count, "tail": "mapped"}
        [told_segment] = told.pop("segments")
        assert told == {**head, "records": count, "calls": count - 1, "unfinished_call": False, "tail": "mapped", "problems": []}
        told_blocks = told_segment.pop("block_list")
        stored = sum(block[3] for block in records)
        expected = {"file": segment.name, "size": size, "blocks": len(records), "raw_size": raw, "stored_size": stored}
        assert told_segment == expected
        names = ("offset", "kind", "raw_size", "stored_size", "first_record", "records")
        assert [tuple(block[name] for name in names if name in block) for block in told_blocks] == [
            block if block[1] == "records" else block[:4] for block in blocks
        ]
    assert [block["codec"] for block in told_blocks if block["kind"] != "records"] == ["raw" if b[2] == b[3] else "zstd" for b in blocks[-2:]]
    assert "block_list" not in timecraft("describe", "log").stdout


def test_a_recording_tells_what_of_it_is_damaged(timecraft, guest):
    timecraft("run", "--restrict", guest("chatter"), "20000")
    segment = timecraft.process() / "00000000.log"
    whole = json.loads(timecraft.lines("describe", "log", "-o", "json")[0])
    blocks = [block for block in blocks_of(segment) if block[1] == "records"]
    assert len(blocks) > 2
    data = bytearray(segment.read_bytes())
    data[blocks[1][0] + 96 + blocks[1][3] // 2] ^= 1
    segment.write_bytes(data)
    result = timecraft("describe", "log", "-o", "json")
    told = json.loads(result.stdout)
    assert result.returncode == 1
    assert told["records"] < whole["records"] and told["state"] == "closed"
    assert told["problems"] and result.stderr == f"timecraft: {told['problems'][0]}\n"
    assert f"00000000.log is damaged at offset {blocks[1][0]}" in result.stderr


def test_the_recording_of_a_running_process_has_a_tail(timecraft, guest):
    process = timecraft.start("run", "--restrict", guest("ends"), "sleep")
    wait_for(lambda: "poll_oneoff" in timecraft("trace", "syscall", "@last").stdout)
    for state in "running", "killed":
        told = json.loads(timecraft.lines("describe", "log", "-o", "json")[0])
        assert (told["state"], told["unfinished_call"], told["segments"][0]["blocks"]) == (state, True, 0)
        assert told["records"] == told["calls"] == timecraft("trace", "syscall", "-o", "json", "@last").stdout.count("\n")
        assert told["tail_size"] > 0 and told["problems"] == []
        assert timecraft.lines("get", "log")[1].split()[-3:] == ["-", "-", state]
        process.kill()
        process.communicate()


def test_runtimes_are_listed(timecraft, run):
    version = timecraft.lines("version")[0].split()[-1]
    run("exit")
    run("exit")
    mine = {"version": version, "features": "wasm-2.0", "processes": 2, "replays": True}
    assert [json.loads(line) for line in timecraft.lines("get", "runtime", "-o", "json")] == [mine]
    assert timecraft.lines("get", "runtimes", "--ids") == [version]
    assert rows(timecraft, "runtime", version) == [["VERSION", "FEATURES", "PROCESSES", "REPLAYS"], [version, "wasm-2.0", "2", "yes"]]
    told = json.loads(timecraft.lines("describe", "runtime", "-o", "json")[0])
    settings = json.loads(timecraft.lines("describe", "-o", "json")[0])["settings"]
    assert told == {"version": settings.pop("runtime"), **settings}
    result = timecraft("get", "runtime", "9.9")
    message = "timecraft: no runtime 9.9: this is not it, and no process was recorded with it\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)


def test_logs_are_what_the_process_wrote(timecraft, guest, run):
    run("exit")
    assert timecraft.lines("logs") == ["begun"]
    told = json.loads(timecraft.lines("logs", "-o", "json")[0])
    assert (told["stream"], told["data"]["text"]) == ("stdout", "begun\n")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z begun", timecraft.lines("logs", "--absolute")[0])
    timecraft("run", "--restrict", guest("chatter"), "3")
    result = timecraft("logs")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "xxx")
    assert timecraft("logs", "--start-time", "+1h").stderr == ""


def test_logs_of_one_stream_leave_the_other_out(timecraft, run):
    run("both")
    out, err = ["begun\n", "ended\n"], ["ending\n"]
    for options in (), ("--stdout", "--stderr"), ("--stdout",), ("--stderr",):
        expected = out if "--stdout" in options or not options else [], err if "--stderr" in options or not options else []
        result = timecraft("logs", *options)
        assert (result.returncode, result.stdout, result.stderr) == (0, *map("".join, expected))
        writes = [json.loads(line) for line in timecraft.lines("logs", *options, "-o", "json")]
        told = [[write["data"]["text"] for write in writes if write["stream"] == stream] for stream in ("stdout", "stderr")]
        assert told == list(expected)


def test_everything_is_private_whatever_the_umask(timecraft, run):
    before = os.umask(0)
    try:
        run("exit")
    finally:
        os.umask(before)
    for folder, _, files in os.walk(timecraft.registry):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        for name in files:
            expected = 0o400 if "modules" in folder else 0o600
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == expected


def test_a_registry_that_is_open_to_others_is_refused(timecraft, guest):
    timecraft.registry.mkdir(mode=0o755)
    timecraft.registry.chmod(0o755)
    for command in (["get"], ["run", guest("ends")], ["logs"]):
        result = timecraft(*command)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == (
            f"timecraft: the registry {timecraft.registry} is open to other users (mode 0755): "
            f"run chmod -R go= {timecraft.registry}\n"
        )


def test_the_configuration_is_shown_and_edited(timecraft, tmp_path):
    shown = json.loads(timecraft.lines("config", "-o", "json")[0])
    assert shown == {
        "file": str(tmp_path / "config.yaml"),
        "exists": True,
        "registry": {"location": str(timecraft.registry)},
        "defaults": {"restrict": False, "env": [], "dirs": [], "net": []},
    }
    timecraft.env["EDITOR"] = "sed -i s/#defaults/defaults/"
    other = tmp_path / "other.yaml"
    assert timecraft("config", "--edit", "-c", other).returncode == 0
    assert "\ndefaults:\n" in other.read_text()
    assert stat.S_IMODE(other.stat().st_mode) == 0o600
    timecraft.env["EDITOR"] = "sed -i s/defaults/default/"
    result = timecraft("config", "--edit", "-c", other)
    line = other.read_text().splitlines().index("default:") + 1
    assert result.returncode == 2
    assert result.stderr == f'timecraft: {other}:{line}: "default" is not known here; known are: registry, defaults\n'


@pytest.mark.parametrize("arguments, message", [
    (["get", "thing"], "get: \"thing\" is not known here: see 'timecraft help get'"),
    (["export", "runtime"], "export: \"runtime\" is not known here: see 'timecraft help export'"),
    (["describe", "runtime", "x"], 'describe: the runtime is this program: "x" is one argument too many'),
    (["export"], "export: name what: see 'timecraft help export'"),
    (["get", "process", "a", "b"], 'get: "b" is one argument too many'),
    (["logs", "@0"], "@0: expected @last, or @N for the Nth newest process"),
])
def test_what_is_wrong_is_told(timecraft, arguments, message):
    result = timecraft(*arguments)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"timecraft: {message}\n")


def test_a_running_process_is_described_again_when_it_ends(timecraft, guest):
    process = timecraft.start("run", "--restrict", guest("chatter"), "1", "400000", stderr=subprocess.DEVNULL)
    wait_for(lambda: timecraft.registry.exists() and "running" in timecraft("get", "process").stdout)
    first, last = [json.loads(line) for line in timecraft.lines("describe", "process", "-f", "-o", "json")]
    assert process.wait() == 0
    assert (first["status"], last["status"], first["id"]) == ("running", "exited 0", last["id"])
    # One that has ended is described once.
    assert len(timecraft.lines("describe", "process", "--follow", "-o", "json")) == 1
    result = timecraft("describe", "runtime", "-f")
    assert (result.returncode, result.stderr) == (2, "timecraft: describe: only a process or its log can be followed\n")
