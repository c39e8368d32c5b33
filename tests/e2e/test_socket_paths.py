"""run --sockets path_open: sockets that a guest makes by opening a path."""

import re
import socket
import threading

import pytest

ACCES, BADF, REFUSED, INPROGRESS, INVAL, CANCELED = 2, 8, 14, 26, 28, 11
PATHS = ("--sockets", "path_open")


@pytest.fixture
def server():
    """The port of a server on loopback that answers a line."""
    listener = socket.create_server(("127.0.0.1", 0))

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
    yield listener.getsockname()[1]
    listener.close()


def events(timecraft):
    return [re.sub(" close| exit", "", line[27:]) for line in timecraft.lines("trace", "network", "@last")]


def test_a_dial(timecraft, guest, server):
    path = f"tcp+dial://127.0.0.1:{server}?nonblock=0&nodelay=0"
    result = timecraft("run", *PATHS, "--restrict", "--allow-net", "127.0.0.1", "--", guest("net"), "open", path)
    here, there = "172.16.0.0:49152", f"127.0.0.1:{server}"
    expected = [f"open {path}: 0, fd 3", f" local: {here} peer: {there} answer: granted"]
    assert result.stdout.splitlines() == expected
    assert timecraft.lines("replay", "@last") == expected
    assert events(timecraft) == [
        f"TCP {here} > {there}: CONN OK",
        f"TCP {here} > {there}: SEND OK 6",
        f"TCP {there} > {here}: RECV OK 8",
        f"TCP {here} > {there}: SHUT (rw)",
    ]
    calls = timecraft.lines("trace", "syscall", "-y", "--filter", "path_open", "@last")
    assert calls[0].endswith(f"= 3<{here} > {there}>")


def test_a_dial_that_does_not_block(timecraft, guest, server):
    result = timecraft("run", *PATHS, "--restrict", "--allow-net", "*", "--", guest("net"), "open", f"tcp4+dial://localhost:{server}")
    assert result.stdout.splitlines() == [f"open tcp4+dial://localhost:{server}: {INPROGRESS}, fd 0"]
    here, there = "172.16.0.0:49152", f"127.0.0.1:{server}"
    assert events(timecraft) == [f"TCP {here} > {there}: CONN EINPROGRESS", f"TCP {here} > {there}: SHUT (rw)"]


def test_a_listener(timecraft, guest):
    path = "tcp+listen://127.0.0.1:0?nonblock=0&backlog=4"
    process = timecraft.start("run", *PATHS, "--", guest("net"), "open", path)
    assert process.stdout.readline() == f"open {path}: 0, fd 4\n"
    local = process.stdout.readline()
    with socket.create_connection(("127.0.0.1", int(local.rpartition(":")[2]))) as client:
        client.sendall(b"who?\n")
        assert client.makefile("rb").read() == b"served\n"
    out, _ = process.communicate()
    assert out == "asked: who?\n"
    assert timecraft.lines("replay", "@last")[2:] == ["asked: who?"]
    assert events(timecraft)[0].endswith(f" > {local.split()[1]}: ACCEPT OK")


def test_what_cannot_be(timecraft, guest):
    with socket.create_server(("127.0.0.1", 0)) as other:
        closed = other.getsockname()[1]
    tries = {
        f"tcp+dial://127.0.0.1:{closed}?nonblock=0": REFUSED,
        "tcp+dial://192.0.2.1:80": ACCES,
        "tcp+listen://0.0.0.0:0": ACCES,
        "tcp+dial://example.test:80": ACCES,
        "tcp6+dial://127.0.0.1:80": CANCELED,
        "tcp+dial://127.0.0.1": INVAL,
        "tcp+dial://127.0.0.1:80?nonblock=2": INVAL,
        "tcp+dial://127.0.0.1:80?nonblock=": INVAL,
        "tcp+dial://127.0.0.1:80?nonblocking": INVAL,
        "udp+dial://127.0.0.1:80": INVAL,
        "tcp+call://127.0.0.1:80": INVAL,
        "file": INVAL,
    }
    words = [word for each in tries for word in ("open", each)]
    result = timecraft("run", *PATHS, "--restrict", "--allow-net", "127.0.0.0/8", "--", guest("net"), *words)
    assert result.stdout.splitlines() == [f"open {path}: {error}, fd 0" for path, error in tries.items()]


def test_only_where_it_was_asked_for(timecraft, guest, server):
    for options in [], ["--sockets", "auto"]:
        result = timecraft("run", *options, "--", guest("net"), "open", f"tcp+dial://127.0.0.1:{server}")
        assert result.stdout.splitlines() == [f"open tcp+dial://127.0.0.1:{server}: {BADF}, fd 0"]
    result = timecraft("run", "-S", "all", "--", guest("net"))
    assert (result.returncode, result.stderr) == (2, "timecraft: run: --sockets: \"all\" is not known; it may be auto or path_open\n")
