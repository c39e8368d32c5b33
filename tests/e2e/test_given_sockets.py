"""run --listen and --dial: sockets that a guest finds when it starts."""

import json
import re
import socket
import threading

import pytest
from conftest import wait_for


def lines_without_times(lines):
    return [line[27:] for line in lines]


def port_of(line):
    return int(re.search(r":(\d+)", line)[1])


def listening(timecraft):
    """The address on which the last process that was started listens."""
    found = []

    def look():
        shown = timecraft("describe", "-o", "json", "process", "@last")
        found[:] = [s["local"] for s in json.loads(shown.stdout)["sockets"]] if shown.returncode == 0 else []
        return found

    wait_for(look)
    return found[0]


class Answers(threading.Thread):
    """Accepts one connection on loopback, reads a line, answers."""

    def __init__(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        super().__init__(daemon=True)
        self.socket = socket.socket(family)
        self.socket.bind(address)
        self.socket.listen()
        self.asked = None
        self.start()

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def run(self):
        connection, _ = self.socket.accept()
        with connection, connection.makefile("rb") as file:
            self.asked = file.readline()
            connection.sendall(b"I am\n")


def ask(family, address):
    with socket.socket(family) as client:
        client.connect(address)
        client.sendall(b"is it you?\n")
        return client.makefile("rb").read()


def test_a_listening_socket(timecraft, guest):
    process = timecraft.start("run", "--restrict", "-L", "127.0.0.1:0", "--", guest("given"), "show", 3, "serve", 3, "show", 4)
    address = listening(timecraft)
    assert ask(socket.AF_INET, ("127.0.0.1", port_of(address))) == b"yes\n"
    out, _ = process.communicate()
    expected = ["3: type 6, flags 4, prestat 8", "accepted 4", "asked: is it you?", "4: none"]
    assert (process.returncode, out.splitlines()) == (0, expected)
    assert timecraft.lines("replay", "@last") == expected
    events = lines_without_times(timecraft.lines("trace", "network", "@last"))
    peer = re.search(r"TCP (\S+) > ", events[0])[1]
    assert events == [
        f"TCP {peer} > {address}: ACCEPT OK",
        f"TCP {peer} > {address}: RECV OK 11",
        f"TCP {address} > {peer}: SEND OK 4",
        f"TCP {address} > {peer}: SHUT (rw) close",
    ]
    calls = timecraft.lines("trace", "syscall", "-y", "--filter", "network", "@last")
    assert calls[0].startswith(f"sock_accept(3<{address}>, ")
    assert calls[0].endswith(f"= 4<{address} > {peer}>"), calls[0]
    assert calls[1].startswith(f"sock_recv(4<{address} > {peer}>, ")


def test_a_dialled_socket(timecraft, guest):
    other = Answers()
    result = timecraft("run", "--restrict", "--dial", f"localhost:{other.port}", "--", guest("given"), "show", 3, "ask", 3)
    assert (result.returncode, result.stdout.splitlines()) == (0, ["3: type 6, flags 4, prestat 8", "answered: I am"])
    assert other.asked == b"are you there?\n"
    here, there = "172.16.0.0:49152", f"127.0.0.1:{other.port}"
    assert json.loads("".join(timecraft.lines("describe", "-o", "json")))["sockets"] == [
        {"fd": 3, "kind": "dial", "local": here, "peer": there}
    ]
    other.socket.close()
    assert timecraft.lines("replay", "@last") == result.stdout.splitlines()
    assert lines_without_times(timecraft.lines("trace", "network", "@last")) == [
        f"TCP {here} > {there}: SEND OK 15",
        f"TCP {there} > {here}: RECV OK 5",
        f"TCP {here} > {there}: SHUT (rw) close",
    ]
    assert timecraft.lines("trace", "syscall", "-y", "--filter", "sock_send", "@last")[0].startswith(f"sock_send(3<{here} > {there}>")


def test_unix_sockets(timecraft, guest, world):
    other = Answers(socket.AF_UNIX, str(world / "there"))
    process = timecraft.start(
        "run", "--restrict", "-L", f"unix:{world}/here", "-D", f"unix:{world}/there", "--", guest("given"), "ask", 4, "serve", 3
    )
    assert listening(timecraft) == f"unix:{world}/here"
    assert ask(socket.AF_UNIX, str(world / "here")) == b"yes\n"
    out, _ = process.communicate()
    assert out.splitlines() == ["answered: I am", "accepted 4", "asked: is it you?"]
    assert other.asked == b"are you there?\n"
    assert not (world / "here").exists() and (world / "there").exists()


def test_they_come_behind_directories(timecraft, guest, world):
    arguments = ["--dir", world, "-L", "127.0.0.1:0", "-L", ":0", "-L", "[::1]:0", "--", guest("given")]
    shown = timecraft("run", "--restrict", "--fly-blind", *arguments, *[word for fd in range(3, 8) for word in ("show", fd)])
    given = "type 6, flags 4, prestat 8"
    assert shown.stdout.splitlines() == ["3: type 3, flags 0, prestat 0", f"4: {given}", f"5: {given}", f"6: {given}", "7: none"]
    timecraft("run", "--restrict", *arguments)
    sockets = json.loads("".join(timecraft.lines("describe", "-o", "json")))["sockets"]
    hosts = [(s["fd"], s["kind"], s["local"].rpartition(":")[0]) for s in sockets]
    assert hosts == [(4, "listen", "127.0.0.1"), (5, "listen", "0.0.0.0"), (6, "listen", "[::1]")]


@pytest.mark.parametrize(
    "option, address, code, text",
    [
        ("--listen", "nothing", 2, "--listen nothing: it must be HOST:PORT, :PORT, [ADDRESS]:PORT or unix:PATH"),
        ("--listen", "::1:80", 2, "--listen ::1:80: it must be HOST:PORT, :PORT, [ADDRESS]:PORT or unix:PATH"),
        ("--dial", "host:", 2, "--dial host:: it must be HOST:PORT, :PORT, [ADDRESS]:PORT or unix:PATH"),
        ("--dial", "unix:", 2, "--dial unix:: it must be HOST:PORT, :PORT, [ADDRESS]:PORT or unix:PATH"),
        ("--dial", "unix:nobody", 1, "cannot connect to unix:nobody: No such file or directory"),
        ("--listen", "unix:" + "x" * 120, 1, f"cannot listen on unix:{'x' * 120}: File name too long"),
        ("--listen", "127.0.0.1:99999", 1, "cannot listen on 127.0.0.1:99999: Servname not supported for ai_socktype"),
        ("--listen", "192.0.2.1:80", 1, "cannot listen on 192.0.2.1:80: Cannot assign requested address"),
    ],
)
def test_what_cannot_be(timecraft, guest, option, address, code, text):
    result = timecraft("run", option, address, "--", guest("given"))
    assert (result.returncode, result.stdout, result.stderr) == (code, "", f"timecraft: {text}\n")
    assert timecraft.lines("get", "process")[1:] == []


def test_a_port_that_is_taken(timecraft, guest):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        result = timecraft("run", "-L", address, "--", guest("given"))
    assert (result.returncode, result.stderr) == (1, f"timecraft: cannot listen on {address}: Address already in use\n")
