"""The trace of the network, whole, of a guest that does everything that it tells of."""

import json
import socket
import threading

import pytest
from servers import free_port


class Peer(threading.Thread):
    """Answers what comes first on a connection, in full, and ends it; and every datagram, with a longer one."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", 0))
        self.tcp, self.udp = self.listener.getsockname()[1], self.datagrams.getsockname()[1]
        self.start()
        threading.Thread(target=self.answer, daemon=True).start()

    def run(self):
        connection, _ = self.listener.accept()
        with connection, connection.makefile("rb") as file:
            assert file.readline() == b"GET it\n"
            connection.sendall(b"Hello, World!")
            assert file.read() == b""
        self.listener.accept()[0].recv(1)

    def answer(self):
        asked, sender = self.datagrams.recvfrom(64)
        assert asked == b"ping"
        self.datagrams.sendto(b"pong and more", sender)


@pytest.fixture
def peer():
    peer = Peer()
    yield peer
    peer.listener.close()
    peer.datagrams.close()


def dump(data):
    """As hexdump -v -C, without its last line, between empty lines."""
    rows = []
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        halves = [" ".join(f"{byte:02x}" for byte in half) for half in (row[:8], row[8:])]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{at:08x}  {halves[0]:<23}  {halves[1]:<23}  |{text}|\n")
    return "\n" + "".join(rows) + "\n"


def test_everything_is_told_once(timecraft, guest, peer):
    closed = free_port()
    run = timecraft("run", guest("events"), peer.tcp, peer.udp, closed)
    assert (run.returncode, run.stdout) == (0, "8 bytes, flags 1\nblocking: 14\nnot blocking: 26, then 14\n"), run.stderr
    here, there = "172.16.0.0:49152", f"127.0.0.1:{peer.tcp}"
    out, back = f"TCP {here} > {there}: ", f"TCP {there} > {here}: "
    refused = "TCP 172.16.0.0:{} > 127.0.0.1:%d: CONN {}" % closed
    last = f"TCP 172.16.0.0:{{}} > {there}: {{}}"
    events = [json.loads(line) for line in timecraft.lines("trace", "network", "-o", "json", "@last")]
    ports = [event["addr"].split(":")[1] for event in events if event["proto"] == "UDP" or event["type"] == "CONN"]
    asks, answers = f"UDP 172.16.0.0:{ports[1]} > 127.0.0.1:{peer.udp}: ", f"UDP 127.0.0.1:{peer.udp} > 172.16.0.0:{ports[1]}: "
    expected = [
        (out + "CONN OK", b""),
        (out + "SEND OK 7", b"GET it\n"),
        (back + "RECV OK 4 peek", b"Hell"),
        (back + "RECV OK 1", b"H"),
        (back + "RECV OK 12", b"ello, World!"),
        (out + "SHUT (w)", b""),
        (back + "RECV OK 0", b""),
        (asks + "SEND OK 4", b"ping"),
        (answers + "RECV OK 8 truncated", b"pong and"),
        (refused.format(ports[3], "ECONNREFUSED"), b""),
        (refused.format(ports[4], "EINPROGRESS"), b""),
        (refused.format(ports[5], "ECONNREFUSED"), b""),
        (last.format(ports[6], "CONN OK"), b""),
        (last.format(ports[6], "SHUT (rw) exit"), b""),
    ]
    assert [line[27:] for line in timecraft.lines("trace", "network", "@last")] == [text for text, _ in expected]
    assert ports[4] == ports[5]
    verbose = timecraft("trace", "network", "-v", "@last").stdout
    whole = ""
    for event, line, (text, data) in zip(events, timecraft.lines("trace", "network", "@last"), expected):
        assert line[27:] == text
        whole += f"[{event['record']}] {line}\n" + (dump(data) if data else "")
    assert verbose == whole
    assert events[1]["data"] == ["R0VUIA==", "aXQK"] and events[4]["data"] == ["ZWxsbw==", "LCBXb3JsZCE="]
    assert {event["fd"] for event in events[4:7]} == {events[0]["fd"] + 1} and len({event["socket"] for event in events[:7]}) == 1


def test_what_is_replayed_is_what_was_recorded(timecraft, guest, peer):
    run = timecraft("run", guest("events"), peer.tcp, peer.udp, free_port())
    assert run.returncode == 0
    replay = timecraft("replay", "@last")
    assert (replay.returncode, replay.stdout) == (0, run.stdout)
