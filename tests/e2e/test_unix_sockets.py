"""Unix sockets by path, which a guest reaches as it does files."""

import os
import re
import socket
import threading

import pytest
from conftest import wait_for

EACCES, AGAIN, REFUSED, EROFS, EINVAL, NOENT, NOTCAPABLE = 2, 6, 14, 69, 28, 44, 76


@pytest.fixture
def server(world):
    """A server at world/there."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(world / "there"))
    listener.listen()

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as file:
                file.readline()
                connection.sendall(b"granted\n")

    threading.Thread(target=serve, daemon=True).start()
    yield world / "there"
    listener.close()


def outcome(timecraft, *arguments):
    result = timecraft("run", *arguments)
    assert (result.returncode, result.stderr.count("\n")) == (0, 1)
    assert timecraft.lines("replay", "@last") == result.stdout.splitlines()
    return result.stdout.splitlines()


def test_a_guest_dials(timecraft, guest, world, server):
    expected = ["connect unix:/data/there: 0", " local: unix: peer: unix:/data/there answer: granted"]
    assert outcome(timecraft, "--restrict", "--dir", f"{world}::/data", "--", guest("net"), "connect", "unix:/data/there") == expected
    events = [line[27:] for line in timecraft.lines("trace", "network", "@last")]
    assert [re.sub(" close| exit", "", event) for event in events] == [
        "UNIX unix: > unix:/data/there: CONN OK",
        "UNIX unix: > unix:/data/there: SEND OK 6",
        "UNIX unix:/data/there > unix:: RECV OK 8",
        "UNIX unix: > unix:/data/there: SHUT (rw)",
    ]


def test_paths_are_a_librarys(timecraft, guest, world, server):
    (world / "below").mkdir()
    (world / "below" / "link").symlink_to("../there")
    arguments = ["--restrict", "--dir", f"{world}::/", "--dir", f"{world}/below::/x/y", "--", guest("net")]
    for name in ("there", "./there", "/there", "/below/link", "/below/../there"):
        assert outcome(timecraft, *arguments, "connect", f"unix:{name}")[0] == f"connect unix:{name}: 0"
    assert outcome(timecraft, *arguments, "connect", "unix:/x/y/link")[0] == f"connect unix:/x/y/link: {NOTCAPABLE}"


def test_a_plain_run_sees_all(timecraft, guest, server):
    assert outcome(timecraft, "--", guest("net"), "connect", f"unix:{server}")[0] == f"connect unix:{server}: 0"


def test_a_guest_listens(timecraft, guest, world):
    process = timecraft.start("run", "--restrict", "--dir", f"{world}::/data", "--", guest("net"), "bind", "unix:/data/here")
    wait_for((world / "here").exists)

    def answer():
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(world / "here"))
            except ConnectionRefusedError:  # it is bound, but does not listen yet
                return None
            client.sendall(b"who?\n")
            return client.makefile("rb").read()

    answers = []
    wait_for(lambda: answers.append(answer()) or answers[-1] is not None)
    assert answers[-1] == b"served\n"
    out, _ = process.communicate()
    assert out.splitlines() == ["bind unix:/data/here: 0", " local: unix:/data/here", "asked: who?"]
    assert timecraft.lines("replay", "@last") == out.splitlines()
    assert [line[27:] for line in timecraft.lines("trace", "network", "@last")][0] == "UNIX unix: > unix:/data/here: ACCEPT OK"


def test_what_a_guest_may_not(timecraft, guest, world, server):
    (world / "file").write_text("")
    outside = world.parent / "outside"
    outside.symlink_to(server)
    (world / "out").symlink_to(outside)
    tries = {
        "connect unix:/data/nobody": NOENT,
        "connect unix:/data/file": REFUSED,
        "connect unix:/data/out": NOTCAPABLE,
        "connect unix:/data/../there": NOTCAPABLE,
        f"connect unix:{server}": NOENT,
        "connect unix:@abstract": EACCES,
        "bind unix:@abstract": EACCES,
        "bind unix:/data/..": EINVAL,
        "bind unix:/data/../new": NOTCAPABLE,
        "bind unix:/elsewhere": NOENT,
        "connect unix:/fixed/there": EROFS,
        "bind unix:/fixed/new": EROFS,
        "connect unix:": EINVAL,
    }
    words = [word for each in tries for word in each.split(" ")]
    dirs = ["--dir", f"{world}::/data", "--dir", f"{world}::/fixed:ro"]
    assert outcome(timecraft, "--restrict", *dirs, "--", guest("net"), *words) == [f"{each}: {error}" for each, error in tries.items()]
    assert sorted(os.listdir(world)) == ["file", "out", "there"]


def test_the_registry_is_out_of_bounds(timecraft, guest):
    timecraft("run", "--", guest("net"))
    path = timecraft.registry / "processes" / "socket"
    assert outcome(timecraft, "--", guest("net"), "bind", f"unix:{path}") == [f"bind unix:{path}: {EACCES}"]
    assert not path.exists()
