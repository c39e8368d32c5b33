"""
The ways out that only a guest finds which makes the calls itself: through descriptors of directories, with rights and flags that no
library asks for, and while the host moves things. Each must have the errno that it should have.
"""

import os
import signal
import socket
import threading
import time

import pytest

OK, ACCES, AGAIN, BADF, EXIST, INVAL, LOOP, NOENT, NXIO = 0, 2, 6, 8, 20, 28, 32, 44, 60
ROFS, XDEV, NOTCAPABLE = 69, 75, 76


class Escape:
    """The guest, waiting for what to call."""

    def __init__(self, box, module, *options):
        self.box = box
        self.process = box.start("run", *options, module)
        self.id = self.process.stderr.readline().decode().strip()

    def send(self, *words):
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()

    def __call__(self, *words):
        """An errno."""
        self.send(*words)
        return int(self.process.stdout.readline())

    def open(self, fd, path, how):
        """A descriptor."""
        result = self("open", fd, path, how)
        assert result < 0, f"open {path}: errno {result}"
        return -result

    def refused(self, errno, *calls):
        results = {" ".join(map(str, call)): self(*call) for call in calls}
        assert results == dict.fromkeys(results, errno)

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(60) == 0
        assert self.box.replay("-q", self.id).code == 0


@pytest.fixture
def escape(box, guest):
    guests = []

    def start(*options):
        guests.append(Escape(box, guest("escape"), *options))
        return guests[-1]

    yield start
    for each in guests:
        each.process.kill()
        each.process.wait()


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("secret")
    return folder


def inside(path):
    """A path of the host, from a descriptor of its root."""
    return str(path).lstrip("/")


def test_the_hosts_process_through_descriptors_of_procfs(escape, world):
    run = escape()
    own, parent = run.process.pid, os.getpid()
    proc = run.open(3, "proc", "rd")
    other = run.open(proc, parent, "rd")
    tasks = run.open(other, "task", "rd")
    run.refused(ACCES, *(("open", proc, path, how) for path in (own, f"{own}/task", f"{own}/fd", "self/", "thread-self/", "../proc/self/")
                         for how in ("r", "rd", "rf")))
    run.refused(ACCES, *(("open", proc, f"{way}/{name}", how) for name in ("mem", "pagemap", "maps", "environ", "status") for how in ("r", "rf")
                         for way in ("self", own, f"self/task/{own}", "../proc/self", f"{parent}/../{own}", "thread-self")))
    run.refused(ACCES, *(("open", other, name, how) for name in ("mem", "oom_score_adj", "clear_refs", "../self/mem") for how in ("w", "rw", "wt", "wc")))
    run.refused(ACCES, *(("open", tasks, f"{parent}/{name}", "r") for name in ("mem", "pagemap")))
    run.refused(ACCES, *(("open", tasks, f"../../{own}/task/{task}/mem", "w") for task in os.listdir(f"/proc/{own}/task")))
    run.refused(LOOP, *(("open", other, name, "rf") for name in ("cwd", "root", "exe", "fd/0", "root/etc", "cwd/x")))
    assert run("symlink", 3, "/proc/self/mem", inside(world / "mem")) == OK
    assert run("symlink", 3, "mem", inside(world / "chain")) == OK
    assert run("symlink", 3, f"/proc/{parent}", inside(world / "proc")) == OK
    run.refused(ACCES, *(("open", 3, inside(world / name), how) for name in ("mem", "chain", "proc/mem") for how in ("rf", "wf", "wcf", "wtf")))
    run.refused(LOOP, ("open", 3, inside(world / "mem"), "w"), ("open", 3, inside(world / "chain"), "r"))
    run.refused(XDEV, ("link_followed", 3, "proc/self/mem", 3, inside(world / "linked")))
    run.end()


def test_the_registry_through_descriptors_and_symlinks(escape, box, world):
    run = escape()
    process = box.registry / "processes" / run.id
    (world / "file").write_text("file")
    folder, mine = run.open(3, inside(process), "rd"), run.open(3, inside(world), "rd")
    log = run.open(folder, "manifest.yaml", "r")
    assert run("read", log) == OK
    before = (process / "manifest.yaml").read_bytes(), (process / "manifest.yaml").stat().st_mtime_ns
    run.refused(ACCES, *(("open", fd, path, how) for fd, path in ((folder, "manifest.yaml"), (folder, f"../{run.id}/manifest.yaml"), (3, inside(process / "tail")))
                         for how in ("w", "rw", "t", "rt", "wt", "wc", "wn")))
    run.refused(ACCES, *(("open", folder, "new", how) for how in ("c", "wc", "rc", "wcx", "wct")))
    run.refused(ACCES, ("set_times", log), ("set_times", folder), ("times", folder, "manifest.yaml"), ("times", folder, "."), ("times", folder, ".."))
    run.refused(ACCES, ("unlink", folder, "manifest.yaml"), ("rmdir", folder, f"../{run.id}"), ("mkdir", folder, "new"), ("symlink", folder, "x", "new"))
    run.refused(ACCES, ("rename", folder, "manifest.yaml", mine, "taken"), ("rename", mine, "file", folder, "manifest.yaml"),
                ("link", folder, "manifest.yaml", mine, "linked"), ("link", mine, "file", folder, "linked"))
    for above in (process, *process.parents):
        if above != above.parent and above in (process, box.registry, *box.registry.parents[:2]):
            run.refused(ACCES, ("rename", 3, inside(above), mine, "taken"), ("rename", 3, inside(above) + "/", mine, "taken"),
                        ("rename", mine, "file", 3, inside(above)), ("rmdir", 3, inside(above)))
    for name, target in (("a", process / "new"), ("b", "a"), ("up", f"{os.path.relpath(process, world)}/new"), ("folder", process)):
        (world / name).symlink_to(target)
    run.refused(ACCES, *(("open", mine, name, how) for name in ("a", "b", "up", "folder/new") for how in ("wcf", "cf", "wctf")))
    run.refused(ACCES, ("open", mine, "folder/manifest.yaml", "w"), ("link_followed", mine, "folder/manifest.yaml", mine, "linked"),
                ("times", mine, "folder/manifest.yaml"), ("unlink", mine, "folder/tail"))
    assert run("set_size", log) == INVAL
    assert run("allocate", log) == BADF
    assert ((process / "manifest.yaml").read_bytes(), (process / "manifest.yaml").stat().st_mtime_ns) == before
    assert sorted(os.listdir(world)) == ["a", "b", "file", "folder", "up"]
    run.end()


def test_out_of_a_directory_that_was_given(escape, world, outside):
    (world / "sub").mkdir()
    (world / "file").write_text("file")
    for name, target in {"up": "..", "absolute": outside / "secret", "folder": "up/outside", "loop": "loop", "dangling": "../outside/new",
                         "longer": "dangling", "here": "sub/../file", "there": "sub/new"}.items():
        (world / name).symlink_to(target)
    run = escape("--restrict", "--dir", f"{world}::/given")
    sub = run.open(3, "sub", "rd")
    assert run.open(3, "sub/../file", "r") and run.open(3, "here", "rf") and run.open(3, "there", "wcf")
    assert (world / "sub" / "new").exists()
    ways = ["../outside/secret", "sub/../../outside/secret", str(outside / "secret"), "absolute", "folder/secret", "up/outside/secret", "dangling", "longer",
            "/", "..", "up", "/given/file", "up/world/file"]
    run.refused(NOTCAPABLE, *(("open", 3, way, how) for way in ways for how in ("rf", "wf", "wcf")))
    run.refused(NOTCAPABLE, ("open", sub, "..", "rd"), ("open", sub, "../file", "r"), ("open", sub, "../sub/new", "r"), ("unlink", sub, "../file"))
    run.refused(LOOP, ("open", 3, "loop", "rf"), ("open", 3, "loop", "wcf"), ("open", 3, "loop/x", "r"), ("open", 3, "dangling", "wc"))
    run.refused(NOTCAPABLE, *(call for way in ("../outside/", "folder/", f"{outside}/", "up/outside/") for call in (
        ("mkdir", 3, way + "new"), ("rmdir", 3, way + "."), ("unlink", 3, way + "secret"), ("rename", 3, way + "secret", 3, "taken"),
        ("rename", 3, "file", 3, way + "new"), ("link", 3, way + "secret", 3, "linked"), ("link", 3, "file", 3, way + "new"), ("symlink", 3, "x", way + "new"),
        ("times", 3, way + "secret"))))
    run.refused(NOTCAPABLE, ("times", 3, "absolute"), ("link_followed", 3, "absolute", 3, "linked"))
    run.refused(EXIST, ("open", 3, "dangling", "wcx"), ("mkdir", 3, "dangling"))
    run.end()
    assert os.listdir(outside) == ["secret"] and (outside / "secret").read_text() == "secret"
    assert (world / "file").exists() and not (world / "linked").exists()


def test_a_directory_moved_out_while_it_is_open(escape, world, outside):
    (world / "sub" / "inner").mkdir(parents=True)
    (world / "sub" / "inner" / "own").write_text("own")
    (world / "sub" / "inner" / "link").symlink_to("../secret")
    run = escape("--restrict", "--dir", f"{world}::/given")
    inner = run.open(3, "sub/inner", "rd")
    (world / "sub" / "inner").rename(outside / "inner")
    run.refused(NOTCAPABLE, *(("open", inner, path, how) for path in ("../secret", "link", "..", "../../world") for how in ("rf", "wf", "wcf")))
    run.refused(NOTCAPABLE, ("unlink", inner, "../secret"), ("rename", inner, "../secret", 3, "taken"), ("link", inner, "../secret", 3, "taken"))
    run.refused(NOENT, ("open", 3, "sub/inner/own", "r"))
    assert run.open(inner, "own", "r")
    run.end()


def test_a_name_that_changes_under_the_kernels_walk(escape, world, outside):
    """What a name stands for changes all the time between a directory inside and a symlink to one outside."""
    (world / "swap").mkdir()
    (world / "link").symlink_to(outside)
    (outside / "sub").mkdir()
    (outside / "sub" / "secret").write_text("secret")
    ended = threading.Event()

    def swap():
        while not ended.is_set():
            (world / "swap").rename(world / "spare")
            (world / "link").rename(world / "swap")
            (world / "swap").rename(world / "link")
            (world / "spare").rename(world / "swap")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        run = escape("--restrict", "--dir", f"{world}::/given")
        results = set()
        for _ in range(300):
            for call in (("open", 3, "swap/secret", "rf"), ("open", 3, "swap/sub/secret", "wf"), ("open", 3, "swap/sub/../secret", "rf"),
                         ("unlink", 3, "swap/secret"), ("rename", 3, "swap/secret", 3, "taken"), ("link", 3, "swap/secret", 3, "linked"),
                         ("times", 3, "swap/secret"), ("mkdir", 3, "swap/sub/new"), ("symlink", 3, "x", "swap/sub/new"),
                         ("open", 3, "swap/sub/new", "wcf")):
                results.add(run(*call))
    finally:
        ended.set()
        swapper.join()
    assert results <= {NOENT, NOTCAPABLE}
    assert {NOENT, NOTCAPABLE} <= results
    assert sorted(os.listdir(outside)) == ["secret", "sub"] and os.listdir(outside / "sub") == ["secret"]
    run.end()


def test_a_directory_for_reading(escape, world, tmp_path):
    (tmp_path / "free").mkdir()
    (tmp_path / "free" / "mine").write_text("mine")
    (world / "sub").mkdir()
    (world / "file").write_text("file")
    os.utime(world, (1, 1))
    run = escape("--restrict", "--dir", f"{world}:ro", "--dir", tmp_path / "free")
    sub, file = run.open(3, "sub", "rd"), run.open(3, "file", "rc")
    assert run("read", file) == OK
    run.refused(ROFS, *(("open", fd, path, how) for fd, path in ((3, "file"), (sub, "new"), (3, "sub/new")) for how in ("w", "t", "wc", "wct", "rcx")))
    run.refused(NOENT, ("open", 3, "new", "rc"))
    run.refused(ROFS, ("set_times", file), ("set_times", sub), ("set_times", 3), ("times", 3, "file"), ("times", sub, "."), ("times", 3, "."))
    run.refused(ROFS, *(call for fd in (3, sub) for call in (
        ("mkdir", fd, "new"), ("rmdir", fd, "sub"), ("unlink", fd, "file"), ("symlink", fd, "x", "new"), ("rename", fd, "file", 4, "taken"),
        ("rename", 4, "mine", fd, "new"), ("link", 4, "mine", fd, "new"))))
    run.refused(ROFS, ("link", 3, "file", 4, "linked"), ("link_followed", 3, "file", 4, "linked"))
    assert run("renumber", 3, sub) == OK
    run.refused(BADF, ("open", 3, "file", "r"))
    run.refused(ROFS, ("open", sub, "file", "w"), ("unlink", sub, "file"))
    run.end()
    assert (world / "file").read_text() == "file" and world.stat().st_mtime == 1
    assert sorted(os.listdir(world)) == ["file", "sub"] and os.listdir(tmp_path / "free") == ["mine"]


def test_what_cannot_be_waited_for_is_not(escape, world):
    os.mkfifo(world / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(world)  # a socket's path is short
        listener.bind("socket")
        os.chdir(here)
        run = escape("--restrict", "--dir", f"{world}::/given")
        run.refused(NXIO, ("open", 3, "socket", "w"), ("open", 3, "socket", "r"), ("open", 3, "fifo", "wn"))
        run.refused(AGAIN, ("read", run.open(3, "fifo", "rwn")))
        run.end()


@pytest.mark.parametrize("how", ["w", "r"])
def test_a_wait_for_a_fifo_can_be_stopped(escape, world, how):
    os.mkfifo(world / "fifo")
    run = escape("--restrict", "--dir", f"{world}::/given")
    if how == "r":
        run.send("read", run.open(3, "fifo", "r"))
    else:
        run.send("open", 3, "fifo", "w")
    time.sleep(0.2)  # mostly it waits by then; if not yet, it is stopped nevertheless
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(60) in (-signal.SIGTERM, 128 + signal.SIGTERM)
    assert run.box.trace(run.id).code == 0
