"""What a guest must not reach: the host's process and its recording when it has "/", and anything outside what it was given."""

import os
import re
import shutil
import subprocess

import pytest
from programs import split_id

REFUSED = ("Permission denied", "Capabilities insufficient", "Operation not permitted")


def answers(box, program, lines, *options):
    """What came of each line. Lines may depend on the host's process, and on the recorded one, if there is one."""
    process = box.start("run", *options, program("c-reach.wasm"))
    identity = b"" if "--fly-blind" in options else process.stderr.readline()
    text = "".join(f"{line}\n" for line in (lines(process.pid, identity.decode().strip()) if callable(lines) else lines))
    stdout, stderr = process.communicate(text.encode(), timeout=60)
    assert process.returncode == 0, stderr
    if identity:
        replay = box.replay(identity.decode().strip())
        assert (replay.code, replay.stdout) == (0, stdout)
    return dict(line.rsplit(": ", 1) for line in stdout.decode().splitlines())


def not_refused(results):
    return {line: result for line, result in results.items() if result not in REFUSED}


def test_the_hosts_process(box, program, world):
    def lines(pid, _):
        threads = os.listdir(f"/proc/{pid}/task")
        (world / "link").symlink_to(f"/proc/{pid}/mem")
        (world / "dir").symlink_to(f"/proc/{pid}")
        for way in ["/proc/self", "/proc/thread-self", f"/proc/{pid}", f"{world}/dir", "/proc/../proc/self",
                    *(f"/proc/{pid}/task/{thread}" for thread in threads), *(f"/proc/{thread}" for thread in threads)]:
            for name in ("mem", "maps", "environ", "fd/0", "fd/2"):
                yield f"read {way}/{name}"
            for name in ("mem", "comm", "oom_score_adj", "fd/2", "clear_refs"):
                yield f"write {way}/{name}"
                yield f"truncate {way}/{name}"
            yield f"list {way}/fd"
        yield f"write {world}/link"
        yield f"read {world}/link"

    left = not_refused(answers(box, program, lines))
    assert {line: result for line, result in left.items() if result not in ("Symbolic link loop", "No such file or directory")} == {}


def test_other_processes_and_the_kernel_only_for_reading(box, program):
    shell = f"/proc/{os.getpid()}"
    results = answers(box, program, [f"read {shell}/status", "read /proc/uptime", f"write {shell}/oom_score_adj", f"read {shell}/mem",
                                     f"write {shell}/mem", "write /proc/sys/kernel/printk", "read /dev/mem"])
    assert list(results.values())[:2] == ["done", "done"]
    assert not_refused(dict(list(results.items())[2:])) == {} or not os.path.exists("/dev/mem")


def snapshot(folder):
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("options", [[], ["--fly-blind"]], ids=["recorded", "not recorded"])
def test_the_registry(box, program, world, options):
    old = box.run(program("c-hello.wasm")).id
    before = snapshot(box.registry)

    def lines(_, identity):
        (world / "link").symlink_to(box.registry)
        for way in (box.registry, world / "link", f"{box.registry}/../registry", f"/proc/{os.getpid()}/root{box.registry}"):
            for process in {f"{way}/processes/{old}", f"{way}/processes/{identity or old}"}:
                for name in ("manifest.yaml", "00000000.log", "tail", "lock"):
                    yield from (f"{what} {process}/{name}" for what in ("write", "truncate", "unlink", "times"))
                    yield f"rename {process}/{name} {world}/taken"
                    yield f"link {process}/{name} {world}/linked"
                yield f"create {process}/new"
                yield f"mkdir {process}/new"
                yield f"rmdir {process}"
                yield f"rename {process} {world}/taken"
                yield f"symlink x {process}/new"
            yield f"rename {world} {way}/world"
            yield f"rename {way}/modules {way}/other"
        yield f"rename {box.registry} {box.registry}2"
        yield f"rename {box.registry.parent} {box.registry.parent}2"

    results = answers(box, program, lines, *options)
    allowed = ("No such file or directory", "Symbolic link loop")
    assert {line: result for line, result in not_refused(results).items() if result not in allowed} == {}
    assert sum(result in REFUSED for result in results.values()) > len(results) / 3
    assert {name: bytes_ for name, bytes_ in snapshot(box.registry).items() if name in before} == before
    assert os.listdir(world) == ["link"]


def test_nothing_outside_of_what_was_given(box, program, world, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (world / "sub").mkdir()
    (world / "file").write_text("file")
    for name, target in {"absolute": outside / "secret", "relative": "../outside/secret", "folder": outside, "root": "/", "up": "..",
                         "chain": "up/outside", "etc": "/etc"}.items():
        (world / name).symlink_to(target)
    ways = ["/box/../outside/secret", "/box/sub/../../outside/secret", "/box/absolute", "/box/relative", "/box/folder/secret",
            f"/box/root{outside}/secret", "/box/up/outside/secret", "/box/chain/secret", f"/box/{outside}/secret"]
    lines = [f"{what} {way}" for way in ways for what in ("read", "write", "truncate", "stat", "times", "list")]
    for way in (way for way in ways if "/secret" in way):
        lines += [f"unlink {way}", f"rename {way} /box/taken", f"link {way} /box/linked", f"create {way}2", f"mkdir {way}3",
                  f"rename /box/file {way}4", f"link /box/file {way}5", f"symlink x {way}6"]
    results = answers(box, program, lines, "--restrict", "--dir", f"{world}::/box")
    bad = {line: result for line, result in not_refused(results).items() if result != "No such file or directory"}
    assert bad == {}
    assert snapshot(outside) == {(outside / "secret").relative_to(outside): b"secret"}
    assert (world / "file").read_text() == "file" and not (world / "taken").exists() and not (world / "linked").exists()


def test_what_is_given_for_reading_is_not_written(box, program, world):
    (world / "file").write_text("file")
    (world / "sub").mkdir()
    before = snapshot(world)
    writing = ["write /box/file", "truncate /box/file", "create /box/new", "mkdir /box/new", "unlink /box/file", "rmdir /box/sub", "times /box/file",
               "rename /box/file /box/new", "link /box/file /box/new", "symlink x /box/new"]
    results = answers(box, program, ["read /box/file", "list /box", "stat /box/sub", *writing], "--restrict", "--dir", f"{world}::/box:ro")
    assert list(results.values())[:3] == ["done"] * 3
    assert [line for line in writing if results[line] == "done"] == []
    assert all(re.search("not permitted|insufficient|denied|Read-only", results[line]) for line in writing), results
    assert snapshot(world) == before


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs root, to mount a small file system")
def test_a_registry_on_a_full_disk(box, program):
    box.registry.mkdir(mode=0o700)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "timecraft-test", box.registry], capture_output=True).returncode != 0:
        pytest.skip("mount is not allowed")
    try:
        process = box.start("run", program("c-cat.wasm"))
        noise = os.urandom(64 << 20)
        stdout, stderr = process.communicate(noise, timeout=120)
        result = split_id(process.returncode, stdout, stderr)
        assert result.code == 1
        assert "No space left on device" in result.errors
        assert noise.startswith(stdout)
        trace = box.trace("--filter", "fd_write", result.id)
        assert trace.code == 0, trace.errors
        assert len(trace.text.splitlines()) > 100
        logs = box("logs", result.id)
        assert noise.startswith(logs.stdout[: len(logs.stdout)]) and len(logs.stdout) > 1 << 20
    finally:
        subprocess.run(["umount", "-l", box.registry], check=True)
