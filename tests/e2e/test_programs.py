"""Our own guests in each language: run, recorded, replayed, traced."""

import re

import pytest
from programs import check_guest, has_strace, touched


def test_hello(box, program):
    check_guest(box, program("c-hello.wasm"), stdout=b"Hello, World!\n", stderr=b"")


def test_assemblyscript_hello(box, program):
    check_guest(box, program("as-hello.wasm"), stdout=b"hello from AssemblyScript\n0a\n1b\n", stderr=b"")


def test_arguments_and_environment(box, program):
    expected = b"argv[0]=c-args.wasm\nargv[1]=\nargv[2]=-x y\nargv[3]=\xc3\xa9\nenv A=1\nenv HOME=/h\n"
    run = box.run("--restrict", "-e", "A=1", "--env", "HOME", program("c-args.wasm"), "", "-x y", "é", env={"HOME": "/h"})
    assert (run.code, run.stdout) == (0, expected)
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, expected)


@pytest.mark.parametrize("size", [0, 1, 100_000, 1_000_001])
def test_standard_input_is_copied(box, program, size):
    data = bytes(i * 7 % 251 for i in range(size))
    check_guest(box, program("c-cat.wasm"), stdin=data, stdout=data, stderr=b"")


def test_files_are_read(box, program, world):
    data = bytes(range(256)) * 999
    (world / "in").write_bytes(data)
    expected = f"cat: {world}/none: No such file or directory\n".encode()
    check_guest(box, program("c-cat.wasm"), world / "in", world / "none", world / "in", code=1, stdout=data * 2, stderr=expected, gone=[world])


@pytest.mark.parametrize("restrict", [False, True])
def test_every_kind_of_file_operation(box, program, world, restrict):
    words = ["--restrict", "--dir", f"{world}::/box", program("c-files.wasm"), "/box"] if restrict else [program("c-files.wasm"), world]
    run = check_guest(box, *words, gone=[world])
    assert re.fullmatch(rb"\d+ checks, 0 failures\n", run.stdout)


def test_rust(box, program, world):
    expected = (
        'word=Ok("x y")\nline\nsecond line\nthird line\n{"b": (true, false), "one": (false, true)}\nErr(NotFound)\nleft: false\n'
        "slept: true\nafter 1970: true\nthread: true\n"
    )
    check_guest(box, "-e", "WORD=x y", program("rust-files.wasm"), world, stdout=expected.encode(), stderr=b"", gone=[world])


def test_rust_panic(box, program, world):
    run = check_guest(box, program("rust-files.wasm"), world, "panic", code=134, gone=[world])
    assert "thread 'main' panicked at 'asked to'" in run.errors


def test_go(box, program, world):
    run = check_guest(box, program("go-goroutines.wasm"), world, code=2, stderr=b"", gone=[world])
    lines = run.text.splitlines()
    assert lines[0] == "[" + " ".join(f"file-{i}" for i in range(10)) + "]"
    assert lines[-3:] == ["10 <nil>", "true", "timed out"]


def test_go_says_the_same_by_chance(box, program, world):
    check_guest(box, program("go-goroutines.wasm"), world, "chance", code=3, gone=[world])


def test_clocks(box, program):
    run = check_guest(box, program("c-clocks.wasm"), stderr=b"")
    assert run.text.count("yes") == 6 and "NO" not in run.text


def test_chance_is_replayed(box, program, world):
    for name in "abcdef":
        (world / name).write_text(name)
    run = check_guest(box, program("c-chance.wasm"), world, stderr=b"")
    other = box.run(program("c-chance.wasm"), world)
    assert len(run.text.splitlines()) == len(other.text.splitlines()) == 12
    assert run.stdout != other.stdout


def test_memory_grows(box, program):
    check_guest(box, program("c-grow.wasm"), "100", stdout=b"all\n")
    check_guest(box, "--memory-limit", "50M", program("c-grow.wasm"), "100", stdout=b"not all\n")


def test_the_older_wasi(box, program, world):
    (world / "f").write_text("sixsix")
    check_guest(box, "--restrict", "--dir", world, program("wat-unstable.wasm"), stdout=b"unstable\n", stderr=b"", gone=[world])


def test_bad_pointers(box, program, world):
    (world / "f").write_text("untouched")
    words = ["--restrict", "-e", "A=1", "--dir", f"{world}::/", program("c-pointers.wasm"), "/f"]
    run = box.run(*words)
    assert re.fullmatch(r"\d+ calls, 0 without EFAULT\n", run.text)
    assert [path.name for path in world.iterdir()] == ["f"]
    assert (world / "f").read_text() == "untouched"
    check_guest(box, *words, stdout=run.stdout, stderr=b"", gone=[world])


def test_a_reactor(box, program):
    check_guest(box, "--function", "say", program("c-reactor.wasm"), stdout=b"ready=7\n", stderr=b"")


def test_a_reactor_that_traps(box, program):
    run = check_guest(box, "--function", "wrong", program("c-reactor.wasm"), code=134, stdout=b"")
    assert "unreachable" in run.errors


def test_a_reactor_without_that_function(box, program):
    run = box.run("--function", "none", program("c-reactor.wasm"))
    assert run.code != 0 and "none" in run.errors and run.id is None


@pytest.mark.skipif(not has_strace(), reason="no strace")
def test_replay_touches_nothing(box, program, world):
    for name in "abc":
        (world / name).write_text(name)
    run = box.run(program("c-chance.wasm"), world)
    code, calls = touched(box, "replay", run.id)
    assert code == 0
    assert [call for call in calls if str(world) in call] == []
    assert [call for call in calls if re.match(r"socket|connect|getrandom|clock_nanosleep|p?poll", call) and "GRND_NONBLOCK" not in call] == []
