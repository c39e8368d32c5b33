"""Bundles: a process as a file, taken elsewhere and looked at where it lies."""

import hashlib
import os
import re
import stat
import subprocess
import tarfile

import pytest
from conftest import Timecraft, wait_for
from test_network import nginx  # noqa: F401 (a fixture)


@pytest.fixture
def there(tmp_path):
    """timecraft on another machine: nothing is shared but what is copied."""
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "tmp").mkdir()
    other = Timecraft(folder)
    other.env["TMPDIR"] = str(folder / "tmp")
    return other


def identifier(result):
    return result.stderr.splitlines()[0]


# Commands that take a bundle's file where they take an ID.
READERS = (
    ("replay",), ("replay", "--trace"), ("trace", "syscall"), ("trace", "syscall", "-o", "json"), ("trace", "network"),
    ("trace", "request"), ("logs",), ("describe", "process"), ("describe", "process", "-v", "-o", "yaml"), ("describe", "log", "-v"),
)


def outputs(timecraft, name):
    results = [timecraft(*command, name) for command in READERS]
    return [(command, r.returncode, re.sub("AGE.*", "", r.stdout), r.stderr) for command, r in zip(READERS, results)]


def piped(timecraft, *arguments, **options):
    return subprocess.run(timecraft.command(*arguments), env=timecraft.env, capture_output=True, **options)


def test_a_bundle_is_the_process(timecraft, there, guest):
    run = timecraft("run", "--env", "SECRET=1", guest("ends"), "exit")
    expected = outputs(timecraft, identifier(run))
    assert timecraft.lines("export", "process", "-o", there.folder / "b.tar") == []
    assert stat.S_IMODE(os.stat(there.folder / "b.tar").st_mode) == 0o600
    # As it lies. Nothing of it stays, and there is no registry.
    assert outputs(there, "b.tar") == expected
    assert outputs(there, there.folder / "b.tar") == expected
    assert list((there.folder / "tmp").iterdir()) == [] and not there.registry.exists()
    # Imported: then it is like any other.
    assert there.lines("import", "b.tar") == [identifier(run)]
    assert outputs(there, "@last") == expected
    for folder, _, files in os.walk(there.registry):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        for name in files:
            assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == (0o400 if "modules" in folder else 0o600)
    # And exported again the same to the byte, by way of pipes.
    bundle = piped(there, "export", "process").stdout
    assert bundle == (there.folder / "b.tar").read_bytes()
    result = piped(there, "import", "-", input=bundle)
    assert (result.returncode, result.stdout) == (0, f"{identifier(run)}\n".encode())
    assert result.stderr == b"timecraft: it is in the registry already, and the same\n"


def test_ordinary_tools_look_into_a_bundle(timecraft, guest):
    run = timecraft("run", "--restrict", guest("chatter"), "20000")
    timecraft("export", "process", "-o", "b.tar")
    process = timecraft.process()
    with tarfile.open(timecraft.folder / "b.tar") as bundle:
        assert bundle.getnames() == [f"bundle/{name}" for name in ("contents", "manifest.yaml", "module.wasm", "00000000.log")]
        contents, *files = [bundle.extractfile(member).read() for member in bundle.getmembers()]
    assert files == [(process / "manifest.yaml").read_bytes(), guest("chatter").read_bytes(), (process / "00000000.log").read_bytes()]
    listed = [f"file {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n"
              for data, name in zip(files, ("manifest.yaml", "module.wasm", "00000000.log"))]
    assert contents.decode() == f"timecraft bundle 1\nprocess {identifier(run)}\n" + "".join(listed)


def test_a_killed_process_is_bundled_with_its_tail(timecraft, there, guest):
    process = timecraft.start("run", "--restrict", guest("ends"), "sleep")
    wait_for(lambda: "poll_oneoff" in timecraft("trace", "syscall", "@last").stdout)
    process.kill()
    process.communicate()
    expected = timecraft("trace", "syscall", "@last")
    assert timecraft("export", "process", "-o", there.folder / "b.tar").returncode == 0
    told = there("trace", "syscall", "b.tar")
    assert (told.returncode, told.stdout, told.stderr) == (expected.returncode, expected.stdout, expected.stderr)
    assert there("import", "b.tar").returncode == 0
    assert there.lines("get", "process")[1].split()[-1] == "killed"


def test_another_recording_of_a_process_is_refused(timecraft, there, guest):
    run = timecraft("run", guest("ends"), "exit")
    timecraft("export", "process", "-o", there.folder / "b.tar")
    there("import", "b.tar")
    log = there.process() / "00000000.log"
    log.write_bytes(log.read_bytes()[:-1])
    result = there("import", "b.tar")
    message = f"timecraft: process {identifier(run)} is in the registry {there.registry} already, with another recording\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", message)


def test_what_is_no_bundle_is_told(timecraft, guest):
    timecraft("run", guest("ends"), "exit")
    timecraft("export", "process", "-o", "b.tar")
    whole = bytearray((timecraft.folder / "b.tar").read_bytes())
    files = {"empty": b"", "cut": whole[:1000], "text": b"hello\n" * 1000, "more": whole + b"\0"}
    flipped = bytearray(whole)
    flipped[-3000] ^= 1  # of the log or the module
    for name, data in {**files, "flipped": flipped}.items():
        (timecraft.folder / f"{name}.tar").write_bytes(data)
    for name, message in {
        "empty.tar": "empty.tar is cut off at byte 0",
        "cut.tar": "cut.tar is cut off at byte 1000",
        "text.tar": "text.tar is no bundle: it does not begin as one",
        "more.tar": f"more.tar goes on behind its end, at byte {len(whole)}",
        "./none.tar": "can't open the bundle ./none.tar: No such file or directory",
    }.items():
        for command in ("import",), ("replay",), ("trace", "syscall"), ("logs",), ("describe", "process"):
            result = timecraft(*command, name)
            assert (result.returncode, result.stdout, result.stderr) == (1, "", f"timecraft: {message}\n")
    result = timecraft("trace", "syscall", "flipped.tar")
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(r"timecraft: flipped.tar: (module.wasm|00000000.log) is damaged: its bytes have another digest\n", result.stderr)
    for arguments in [], ["a", "b"]:
        result = timecraft("import", *arguments)
        assert (result.returncode, result.stderr) == (2, "timecraft: import: which bundle? 'timecraft import [options] FILE'\n")


def test_a_name_that_may_be_an_identifier_is_one(timecraft, guest):
    timecraft("run", guest("ends"), "exit")
    timecraft("export", "process", "-o", "abc")
    result = timecraft("replay", "abc")
    assert (result.returncode, result.stderr) == (1, f"timecraft: no process abc in the registry {timecraft.registry}\n")
    assert timecraft("replay", "./abc").stdout == "begun\n"


def test_a_crash_leaves_nothing_half_imported(timecraft, there, guest):
    timecraft("run", guest("ends"), "exit")
    timecraft("export", "process", "-o", there.folder / "b.tar")
    bundle = (there.folder / "b.tar").read_bytes()
    os.mkfifo(there.folder / "slow.tar")
    for command in ("import", "-"), ("replay", "slow.tar"), ("logs", "slow.tar"):
        for size in 1, 5000, len(bundle) - 1:
            stdin = subprocess.PIPE if command[1] == "-" else subprocess.DEVNULL
            process = subprocess.Popen(there.command(*command), env=there.env, cwd=there.folder, stdin=stdin)
            with process.stdin or open(there.folder / "slow.tar", "wb") as pipe:
                pipe.write(bundle[:size])
                pipe.flush()
                if command[1] != "-":
                    wait_for(lambda: list((there.folder / "tmp").iterdir()))
                process.kill()
                process.wait()
            assert there.lines("get", "process", "--ids") == []
            wait_for(lambda: not list((there.folder / "tmp").iterdir()))
    there("import", "b.tar")
    assert there("replay", "@last").stdout == "begun\n"


def test_an_export_that_fails_leaves_what_was_there(timecraft, guest):
    timecraft("run", guest("ends"), "exit")
    (timecraft.folder / "b.tar").write_text("precious")
    (timecraft.process() / "00000000.log").unlink()
    result = timecraft("export", "process", "-o", "b.tar")
    assert (result.returncode, result.stderr) == (1, "timecraft: export: its log is not there\n")
    assert (timecraft.folder / "b.tar").read_text() == "precious"
    assert [name for name in os.listdir(timecraft.folder) if name.startswith("b.tar")] == ["b.tar"]


def test_a_guest_that_spoke_with_nginx(box, program, nginx, there):  # noqa: F811
    (nginx.folder / "www" / "hello").write_bytes(b"Hello, World!\n")
    run = box.run(program("go-client.wasm"), f"http://127.0.0.1:{nginx.port}/hello")
    assert run.code == 0, run.errors
    nginx.stop()
    assert box.good("export", "process", "-o", there.folder / "b.tar", run.id) == ""
    for command in ("trace", "request", "-v"), ("trace", "network", "-v"), ("trace", "syscall"):
        assert there(*command, "b.tar").stdout == box.good(*command, run.id) != ""
    assert there("replay", "b.tar").stdout.encode() == run.stdout
