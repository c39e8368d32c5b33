"""What of the network a guest may use."""

import json
import re
import socket
import threading

import pytest

REFUSED, ACCES = 14, 2


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


def test_a_restricted_guest_has_no_network(timecraft, guest, server):
    target = f"127.0.0.1:{server}"
    result = timecraft(
        "run", "--restrict", "--", guest("net"), "connect", target, "bind", "127.0.0.1:0", "resolve", "localhost", "resolve", "127.0.0.1"
    )
    expected = [
        f"connect {target}: {ACCES}",
        f"bind 127.0.0.1:0: {ACCES}",
        f"resolve localhost: {ACCES}, 0: 0.0.0.0",
        "resolve 127.0.0.1: 0, 1: 127.0.0.1",
    ]
    assert result.stdout.splitlines() == expected
    assert timecraft.lines("replay", "@last") == expected


def test_a_plain_run_has_it(timecraft, guest, server):
    target = f"127.0.0.1:{server}"
    result = timecraft("run", "--", guest("net"), "connect", target, "resolve", "localhost")
    expected = [
        f"connect {target}: 0",
        f" local: 172.16.0.0:49152 peer: {target} answer: granted",
        "resolve localhost: 0, 1: 127.0.0.1",
    ]
    assert result.stdout.splitlines() == expected
    assert timecraft.lines("replay", "@last") == expected


def test_system_calls_show_the_addresses_of_sockets(timecraft, guest, server):
    target = f"127.0.0.1:{server}"
    timecraft("run", "--", guest("net"), "connect", target)
    calls = timecraft.lines("trace", "syscall", "-y", "--filter", "network,fd_write,fd_read", "@last")
    pair = f"172.16.0.0:49152 > {target}"
    names = [re.match(r"(\w+)\((\d+<.*?>)[,)]", call) for call in calls]
    assert calls[0].endswith("= 4<socket>")
    assert [(name[1], name[2]) for name in names if name and name[1].startswith("sock_")] == [
        ("sock_connect", "4<socket>"),
        ("sock_getlocaladdr", f"4<{pair}>"),
        ("sock_getpeeraddr", f"4<{pair}>"),
    ]
    assert [call for call in calls if call.startswith(f"fd_write(4<{pair}>")]
    assert [call for call in calls if call.startswith(f"fd_read(4<{pair}>")]


def test_what_is_granted(timecraft, guest, server):
    target = f"127.0.0.1:{server}"
    config = timecraft.folder / "config.yaml"
    config.write_text(config.read_text() + f'defaults:\n  restrict: true\n  net: ["{target}"]\n')
    connect = ("connect", target)
    result = timecraft("run", "--allow-net", "192.0.2.0/24:1-9", "--", guest("net"), *connect, "connect", f"127.0.0.1:{server ^ 1}")
    assert result.stdout.splitlines() == [
        f"connect {target}: 0",
        f" local: 172.16.0.0:49152 peer: {target} answer: granted",
        f"connect 127.0.0.1:{server ^ 1}: {ACCES}",
    ]
    described = json.loads("".join(timecraft.lines("describe", "-o", "json")))
    assert (described["restricted"], described["net"]) == (True, [target, "192.0.2.0/24:1-9"])
    assert timecraft("run", "--no-restrict", "--", guest("net"), *connect).stdout.splitlines()[0] == f"connect {target}: 0"


def test_a_name_stands_for_its_addresses(timecraft, guest, server):
    grant = ("--restrict", "--allow-net", f"*:{server ^ 1}", "--allow-net", f"localhost:{server}")
    result = timecraft("run", *grant, "--", guest("net"), "resolve", "localhost", "connect", f"127.0.0.1:{server}")
    assert result.stdout.splitlines()[:2] == ["resolve localhost: 0, 1: 127.0.0.1", f"connect 127.0.0.1:{server}: 0"]


def test_a_bad_grant(timecraft, guest):
    result = timecraft("run", "--restrict", "--allow-net", "a:b", "--", guest("net"))
    text = "it must be HOST or HOST:PORT, HOST a name, an address, a range of addresses or *, PORT a number, a range or *"
    assert (result.returncode, result.stderr) == (2, f"timecraft: --allow-net a:b: {text}\n")
