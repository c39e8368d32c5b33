"""tshark as an oracle: the bytes of a recording as packets, which it dissects, to be compared with what the request trace makes of them."""

import base64
import re
import struct
import subprocess

from servers import needs

MSS = 16384
SYN, ACK, PSH, FIN = 2, 16, 8, 1


def address(text):
    host, port = text.rsplit(":", 1)
    return bytes(int(part) for part in host.split(".")), int(port)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Capture:
    """A file of packets of IPv4, with the handshakes that a recording does not have."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        self.numbers = {}

    def packet(self, time, source, target, protocol, payload):
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, source[0], target[0])
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        seconds, micros = divmod(time, 1_000_000)
        self.file.write(struct.pack("<IIII", seconds, micros, len(head) + len(payload), len(head) + len(payload)) + head + payload)

    def segment(self, time, source, target, flags, data=b""):
        mine, theirs = self.numbers.setdefault((source, target), 1000), self.numbers.setdefault((target, source), 1000)
        head = struct.pack(">HHIIBBHHH", source[1], target[1], mine, theirs if flags & ACK else 0, 0x50, flags, 65535, 0, 0)
        self.packet(time, source, target, 6, head + data)
        self.numbers[source, target] = mine + len(data) + bool(flags & (SYN | FIN))

    def open(self, time, client, server):
        self.segment(time, client, server, SYN)
        self.segment(time, server, client, SYN | ACK)
        self.segment(time, client, server, ACK)

    def stream(self, time, source, target, data):
        for at in range(0, len(data), MSS):
            self.segment(time, source, target, ACK | PSH, data[at:at + MSS])

    def datagram(self, time, source, target, data):
        self.packet(time, source, target, 17, struct.pack(">HHHH", source[1], target[1], 8 + len(data), 0) + data)


def captured(events, path):
    """Writes what was sent and received over IPv4."""
    capture, opened = Capture(path), set()
    for order, event in enumerate(events):
        if event["proto"] not in ("TCP", "UDP") or "error" in event or not event.get("peer", "").count(".") == 3:
            continue
        near, far, time = address(event["addr"]), address(event["peer"]), 1_700_000_000_000_000 + order
        if event["proto"] == "TCP" and event["socket"] not in opened:
            opened.add(event["socket"])
            capture.open(time, *((far, near) if event["type"] == "ACCEPT" else (near, far)))
        data = b"".join(base64.b64decode(part) for part in event.get("data", []))
        ways = {"SEND": (near, far), "RECV": (far, near)}
        if data and event["type"] in ways:
            (capture.stream if event["proto"] == "TCP" else capture.datagram)(time, *ways[event["type"]], data)
    capture.file.close()
    return path


def dissected(path, fields, *options):
    """Of each packet with any of these fields, all their values: lists, in the order of the fields."""
    needs("tshark")
    words = [word for field in fields for word in ("-e", field)]
    result = subprocess.run(["tshark", "-r", path, "-T", "fields", "-E", "separator=\x1f", "-E", "aggregator=\x1e", "-o", "tcp.check_checksum:false",
                             *words, *options], capture_output=True, text=True, check=True)
    rows = [re.split("\x1f", line) for line in result.stdout.split("\n") if line.strip("\x1f")]
    return [[value.split("\x1e") if value else [] for value in row] for row in rows]
