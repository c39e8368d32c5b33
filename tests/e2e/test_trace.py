"""The system call trace: of a run, of its recording, and of its replay."""

import json
import os
import re
import signal
import subprocess

import pytest
from conftest import PROGRAM, ROOT, wait_for

# What wasi-libc does before main, in an order of its own.
FILES = """\
args_sizes_get() = argc=2, argv_buf_size=17
args_get() = ["files.wasm", "greek"]
fd_prestat_get(3) = {tag=DIR, pr_name_len=5}
fd_prestat_dir_name(3, 5) = "/data"
fd_prestat_get(4) = EBADF (Bad file descriptor)
"""


@pytest.fixture
def data(tmp_path):
    """A directory for guests/files.c."""
    folder = tmp_path / "data"
    (folder / "out").mkdir(parents=True)
    (folder / "greek").write_text("alpha\nbeta\n")
    return folder


@pytest.fixture
def files(timecraft, guest, data):
    """timecraft run of guests/files.c, with these options."""

    def run(*options):
        return timecraft("run", "--restrict", "--dir", f"{data}::/data", *options, guest("files"), "greek")

    return run


def calls_of(result):
    """The lines behind the identifier."""
    return result.stderr.splitlines()[1:]


def test_the_lines_of_a_run(files):
    result = files("--trace", "--filter", "!fd_fdstat_get")
    assert result.returncode == 3
    assert result.stdout == "greek: alpha\nbeta\n"
    lines = [re.sub(r"FD_[A-Z_]+(\|[A-Z_]+)+", "RIGHTS", line) for line in calls_of(result)]
    assert sorted(lines[:5]) == sorted(FILES.splitlines())
    assert lines[5:] == [
        'path_open(3, SYMLINK_FOLLOW, "greek", 0, RIGHTS, ALL, 0) = 4',
        'fd_read(4, [64]) = 11 ["alpha\\nbeta\\n"]',
        "fd_close(4) = 0",
        'fd_write(1, ["greek", ": ", "alpha\\nbeta\\n"]) = 18',
        'path_open(3, SYMLINK_FOLLOW, "nope", 0, RIGHTS, ALL, 0) = ENOENT (No such file or directory)',
        'path_open(3, SYMLINK_FOLLOW, "out/new", CREAT|TRUNC, RIGHTS, ALL, 0) = 4',
        'fd_write(4, ["\\1\\"\\\\\\0007\\n"]) = 6',
        "fd_seek(4, -2, CUR) = 4",
        "fd_close(4) = 0",
        "proc_exit(3)",
        "+++ exited with 3 +++",
    ]


@pytest.mark.parametrize("options", [[], ["--paths"], ["--string-size", "3"], ["--filter", "file,memory"], ["--string-size", "all"]])
def test_run_log_and_replay_show_the_same(timecraft, files, options):
    live = calls_of(files("--trace", *options))
    assert len(live) > 3
    assert timecraft.lines("trace", "syscall", *options, "@last") == live
    replay = timecraft("replay", "--trace", *options, "@last")
    assert (replay.returncode, replay.stdout) == (3, "greek: alpha\nbeta\n")
    assert replay.stderr.splitlines() == live


def without_times(line):
    document = json.loads(line)
    for key in ("time", "duration", "relative"):
        document.pop(key, None)
    return document


def test_json_of_run_log_and_replay_is_the_same(timecraft, files):
    live = calls_of(files("--trace", "-o", "json", "--filter", "all"))
    log = timecraft.lines("trace", "syscall", "-o", "json", "--filter", "all", "@last")
    assert timecraft("replay", "--trace", "-o", "json", "--filter", "all", "@last").stderr.splitlines() == log
    assert [without_times(line) for line in live] == [without_times(line) for line in log]
    assert [json.loads(line)["record"] for line in log] == list(range(len(log)))


def test_yaml_says_what_json_says(timecraft, files):
    yaml = pytest.importorskip("yaml")
    files()
    documents = yaml.safe_load_all(timecraft("trace", "syscall", "-o", "yaml", "-y", "@last").stdout)
    assert list(documents) == [json.loads(line) for line in timecraft.lines("trace", "syscall", "-o", "json", "-y", "@last")]


def test_json_follows_its_schema(timecraft, files):
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/syscall-trace.schema.json").read_text()))
    files()
    for options in ([], ["--paths", "--relative", "--filter", "all"], ["--summary"]):
        for line in timecraft.lines("trace", "syscall", "-o", "json", *options, "@last"):
            validator.validate(json.loads(line))


def test_paths_follow_descriptors(timecraft, files):
    files()
    lines = timecraft.lines("trace", "syscall", "-y", "--filter", "fd_read,fd_write,fd_close,fd_seek", "@last")
    assert lines == [
        'fd_read(4</data/greek>, [64]) = 11 ["alpha\\nbeta\\n"]',
        "fd_close(4</data/greek>) = 0",
        'fd_write(1<stdout>, ["greek", ": ", "alpha\\nbeta\\n"]) = 18',
        'fd_write(4</data/out/new>, ["\\1\\"\\\\\\0007\\n"]) = 6',
        "fd_seek(4</data/out/new>, -2, CUR) = 4",
        "fd_close(4</data/out/new>) = 0",
        "+++ exited with 3 +++",
    ]


def test_times_on_lines(timecraft, files):
    files()
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"
    plain = timecraft.lines("trace", "syscall", "@last")
    for options, pattern in (
        (["--absolute"], rf"{time} (.*)"),
        (["--relative"], r"\d+\.\d{9} (.*)"),
        (["--absolute", "--relative"], rf"{time} \(\+\d+\.\d{{9}}\) (.*)"),
        (["--durations"], r"(.*?)(?: <\d+\.\d{9}>)?"),
    ):
        lines = timecraft.lines("trace", "syscall", *options, "@last")
        assert [re.fullmatch(pattern, line)[1] for line in lines] == plain


def test_ranges_of_records_and_time(timecraft, files):
    files()
    plain = timecraft.lines("trace", "syscall", "--filter", "all", "@last")
    documents = [json.loads(line) for line in timecraft.lines("trace", "syscall", "--filter", "all", "-o", "json", "@last")]

    def trace(*options):
        return timecraft.lines("trace", "syscall", "--filter", "all", *options, "@last")

    assert trace("--records", "2..4") == plain[2:5]
    assert trace("--records", "2..4", "--paths") == trace("--paths")[2:5]
    assert trace("--records", "5") == plain[5:6]
    assert trace("--records", "5..") == plain[5:]
    assert trace("-t", documents[7]["time"]) == plain[7:]
    assert trace("-t", "now") == []
    assert trace("-t", "1h ago") == plain
    assert trace("-t", "+0s", "-d", "1h") == plain
    assert trace("-t", "+1h") == []


def test_a_summary_counts(timecraft, files):
    files()
    lines = timecraft.lines("trace", "syscall", "--summary", "--filter", "path_open,fd_close,proc_exit", "@last")
    assert lines[0].split() == ["%", "TIME", "TOTAL", "MEAN", "CALLS", "ERRORS", "CALL"]
    counts = {line.split()[-1]: line.split()[-3:-1] for line in lines[1:]}
    assert counts == {"path_open": ["3", "1"], "fd_close": ["2", "0"], "proc_exit": ["1", "0"], "total": ["6", "1"]}
    assert lines[-1].split()[-1] == "total"


def test_into_a_file(timecraft, files, tmp_path):
    result = files("--trace", "--output-file", tmp_path / "trace")
    assert len(result.stderr.splitlines()) == 1
    assert (tmp_path / "trace").read_text().splitlines() == timecraft.lines("trace", "syscall", "@last")
    result = timecraft("trace", "syscall", "--output-file", "/dev/full", "@last")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "timecraft: cannot write /dev/full: No space left on device\n")


def test_stacks_of_run_and_replay(timecraft, files):
    live = calls_of(files("--trace", "--stack", "--filter", "fd_seek"))
    assert live[0] == "fd_seek(4, -2, CUR) = 4"
    assert [line for line in live[1:] if " main" in line or "_start" in line] and all(line.startswith("    ") for line in live[1:-1])
    assert timecraft("replay", "--trace", "--stack", "--filter", "fd_seek", "@last").stderr.splitlines() == live


def test_guest_output_never_breaks_a_line(timecraft, guest):
    module = guest("chatter")
    process = timecraft.start("run", "--trace", "--filter", "fd_write", module, "2000", stdout=subprocess.DEVNULL)
    text = process.stderr.read()
    assert process.wait() == 0
    lines = text.splitlines()[1:]
    assert {line.lstrip("x") for line in lines} == {'fd_write(2, ["x"]) = 1', "+++ exited with 0 +++"}
    assert "".join(lines).count('fd_write(2, ["x"]) = 1') == 2000


def test_one_file_for_all_keeps_the_order(timecraft, guest):
    path = timecraft.folder / "all"
    with open(path, "w") as file:
        assert timecraft.start("run", "--trace", guest("ends"), stdout=file, stderr=file).wait() == 0
    lines = path.read_text().splitlines()[1:]
    at = lines.index("begun")
    assert lines[at + 1] == 'fd_write(1, ["begun\\n"]) = 6'
    assert lines[:at] + lines[at + 1:] == timecraft.lines("trace", "syscall", "@last")


def test_a_reader_that_leaves_is_no_error(timecraft, guest):
    timecraft("run", guest("chatter"), "20000")
    head = f"{PROGRAM} trace syscall @last | head -n 1"
    result = subprocess.run(["bash", "-c", head], env=timecraft.env, capture_output=True, text=True)
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == 1


def test_a_process_that_runs_shows_the_call_it_is_in(timecraft, guest):
    process = timecraft.start("run", guest("ends"), "sleep")
    assert process.stdout.readline() == "begun\n"

    def last_line():
        result = timecraft("trace", "syscall", "@last")
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout.splitlines()[-1]

    wait_for(lambda: last_line().startswith("poll_oneoff"))
    assert re.fullmatch(r"poll_oneoff\(\[\{.*tag=CLOCK.*\}\], 1\) = <unfinished \.\.\.>", last_line())
    process.kill()
    process.wait()
    result = timecraft("trace", "syscall", "@last")
    assert timecraft("replay", "--trace", "-q", "@last").stderr.splitlines()[:-1] == result.stdout.splitlines()
    identifier = timecraft.process().name
    assert result.returncode == 0
    assert re.fullmatch(r"poll_oneoff\(.*\) = <unfinished \.\.\.>", result.stdout.splitlines()[-1])
    assert re.fullmatch(rf"timecraft: {identifier}: the process was killed in record \d+: the recording ends there\n", result.stderr)


def test_following_a_process_to_its_end(timecraft, guest):
    process = timecraft.start("run", guest("chatter"), "40", "20000", stderr=subprocess.DEVNULL)
    wait_for(lambda: timecraft("trace", "syscall", "@last").stdout.count("fd_write") > 2)
    result = timecraft("trace", "syscall", "--follow", "--filter", "fd_write", "@last")
    assert process.wait() == 0
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == ['fd_write(2, ["x"]) = 1'] * 40 + ["+++ exited with 0 +++"]


def test_following_a_process_that_is_killed(timecraft, guest):
    process = timecraft.start("run", guest("ends"), "sleep")
    assert process.stdout.readline() == "begun\n"
    follower = timecraft.start("trace", "syscall", "-f", "@last")
    for line in follower.stdout:
        if line.startswith("poll_oneoff"):
            break
    process.kill()
    process.wait()
    assert follower.wait() == 0
    assert "the process was killed in record" in follower.stderr.read()


@pytest.mark.parametrize("name", ["INT", "TERM"])
@pytest.mark.parametrize("how", ["spin", "sleep"])
def test_a_process_that_is_stopped(timecraft, guest, how, name):
    process = timecraft.start("run", "--trace", guest("ends"), how)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(getattr(signal, f"SIG{name}"))
    assert process.wait() == -getattr(signal, f"SIG{name}")
    live = process.stderr.read().splitlines()[1:]
    assert live[-1] == f"--- SIG{name} ---"
    assert live[-2].startswith("poll_oneoff(") == live[-2].endswith(" = <interrupted>")
    assert timecraft.lines("trace", "syscall", "@last") == live
    assert timecraft("replay", "--trace", "@last").stderr.splitlines() == live


def test_a_trap_shows_the_stack(timecraft, guest):
    result = timecraft("run", "--trace", guest("ends"), "trap")
    assert result.returncode == 134
    lines = timecraft.lines("trace", "syscall", "@last")
    at = lines.index("--- trap: unreachable ---")
    assert re.match(r"    fall\b", lines[at + 1])
    assert all(line.startswith("    ") for line in lines[at + 1:])
    assert result.stderr.splitlines()[1:len(lines) + 1] == lines


def test_damage_is_named_and_the_rest_is_shown(timecraft, guest):
    timecraft("run", guest("chatter"), "3000")
    plain = timecraft.lines("trace", "syscall", "@last")
    log = timecraft.process() / "00000000.log"
    os.chmod(log, 0o600)
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    result = timecraft("trace", "syscall", "@last")
    assert result.returncode == 1
    assert "damaged" in result.stderr and "00000000.log" in result.stderr
    shown = result.stdout.splitlines()
    assert len(shown) < len(plain) and set(shown) <= set(plain)


@pytest.mark.parametrize("arguments, text", [
    (["--filter", "fiel", "@last"], 'trace syscall: --filter: there is no call or class "fiel"; is it "file"?'),
    (["--records", "9..3", "@last"], "trace syscall: --records: the range of records 9..3 ends before it begins"),
    (["-d", "5", "@last"], 'trace syscall: --duration: "5" is no duration: it is written as 250ms, 1.5s, 5m, 1h30m or 2d'),
    (["-o", "xml", "@last"], 'trace syscall: --output: unknown output format "xml": it is text, json or yaml'),
    ([], "trace: which process? 'timecraft trace syscall [options] ID'"),
])
def test_what_is_wrong_is_said(timecraft, arguments, text):
    result = timecraft("trace", "syscall", *arguments)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"timecraft: {text}\n")


def test_a_process_that_is_not_there(timecraft):
    result = timecraft("trace", "syscall", "01234567")
    assert result.returncode == 1
    assert result.stderr.startswith("timecraft: no process 01234567")
