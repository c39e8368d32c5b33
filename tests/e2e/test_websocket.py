"""WebSocket as real clients and servers speak it, recorded, replayed and traced."""

import re
import subprocess

import pytest
from oracle import captured, dissected
from servers import Script
from test_network import Server, documents

ECHO = """
import asyncio, websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
async def echo(c):
    async for message in c:
        if message == "bye":
            await c.close(4001, "as you wish")
            return
        await c.send(message)
async def main():
    async with websockets.serve(echo, "127.0.0.1", $SECOND, compression=None, extensions=[ServerPerMessageDeflateFactory()]):
        async with websockets.serve(echo, "127.0.0.1", $PORT, max_size=None):
            await asyncio.Future()
asyncio.run(main())
"""

ASK = """
import asyncio, websockets
async def main():
    async with websockets.connect("ws://127.0.0.1:$PORT/echo?x=1") as c:
        for message in ("hello", "hello hello hello", b"\\0\\xff", "", ["in ", "three ", "parts"], "x" * 70000):
            await c.send(message)
            print(len(await c.recv()))
        await (await c.ping(b"ping"))
        await c.close(1001, "enough")
asyncio.run(main())
"""


@pytest.fixture
def echo():
    server = Script("websockets", ECHO)
    yield server
    server.stop()


def told(text):
    """Without times and addresses; long strings shortened."""
    text = re.sub(r"(0123456789abcdef){3,}", "0-f", text)
    return [re.sub(r"^\S+ \S+ (\S+) \S+ ([<>]) \S+: ", r"\1 \2 ", re.sub(r"x{30,}", "x", line)) for line in text.splitlines()]


def test_clients_in_go(box, program, echo):
    run = box.run(program("go-websocket.wasm"), "dial", f"ws://127.0.0.1:{echo.port}/echo?a=b", f"ws://127.0.0.1:{echo.second}/")
    assert run.code == 0, run.errors
    words = "the same words, the same words"
    assert run.text.splitlines() == [
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
        "19 true", "4 true", "0 true", "3200000 true", "pong are you there", "websocket: close 4001: as you wish",
        "permessage-deflate", words, words, words]
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, run.stdout)
    lines = told(box.good("trace", "request", run.id))
    assert sorted(lines[9:12]) == ['WebSocket < PONG "are you there"', 'WebSocket > PING "are you there"', "WebSocket > TEXT bye"]
    assert lines[:9] + lines[12:] == [
        "HTTP > GET /echo?a=b => 101 Switching Protocols",
        'WebSocket > TEXT "hello, hello, hello"', 'WebSocket < TEXT "hello, hello, hello"',
        r'WebSocket > BINARY "\0\1\376\377"', r'WebSocket < BINARY "\0\1\376\377"',
        'WebSocket > TEXT ""', 'WebSocket < TEXT ""',
        "WebSocket > TEXT 0-f...(3200000 bytes)", "WebSocket < TEXT 0-f...(3200000 bytes)",
        'WebSocket < CLOSE 4001 "as you wish"', "WebSocket > CLOSE 4001",
        "HTTP > GET / => 101 Switching Protocols",
        *[f'WebSocket {way} TEXT "{words}"' for _ in range(3) for way in "><"],
        'WebSocket > CLOSE 1000 (normal closure) enough', 'WebSocket < CLOSE 1000 (normal closure) enough']
    assert len(box.good("trace", "request", "--path", "/echo", run.id).splitlines()) == 14
    assert box.good("trace", "request", "--protocol", "HTTP", run.id).count("101 Switching") == 2


def test_what_a_program_gets(box, program, echo):
    run = box.run(program("go-websocket.wasm"), "dial", f"ws://127.0.0.1:{echo.port}/echo", f"ws://127.0.0.1:{echo.second}/")
    messages = [e[side]["message"] for e in documents(box, "request", run.id) for side in ("request", "response")
                if e["protocol"] == "WebSocket" and e[side]]
    large = next(m for m in messages if m["websocket.message.size"] == 3200000)
    assert large["websocket.message.frames"] > 1000 and large["fields"][0]["value"]["size"] == 3200000
    assert large["url.path"] == "/echo"
    sizes = [m["websocket.message.compressed_size"] for m in messages if m["websocket.message.size"] == 30]
    assert len(sizes) == 6 and sizes[0] > sizes[2] and sizes[1] > sizes[3]  # what came before is not said again
    close = next(m for m in messages if m["websocket.opcode"] == "close")
    assert (close["websocket.close.code"], close["websocket.close.reason"]) == (4001, "as you wish")


def test_a_server_in_go(box, program):
    Script("websockets", ECHO).stop()  # or there is no client
    server = Server(box, program("go-websocket.wasm"), module_arguments=["serve"])
    result = subprocess.run(["/usr/bin/python3", "-c", ASK.replace("$PORT", str(server.port))], capture_output=True, text=True, timeout=60,
                            check=False)
    assert (result.returncode, result.stdout.split()) == (0, ["5", "17", "2", "0", "14", "70000"]), result.stderr
    run = server.stop()
    assert told(box.good("trace", "request", "--path", "/echo", run)) == [
        "HTTP > GET /echo?x=1 => 101 Switching Protocols",
        "WebSocket > TEXT hello", "WebSocket < TEXT hello",
        'WebSocket > TEXT "hello hello hello"', 'WebSocket < TEXT "hello hello hello"',
        r'WebSocket > BINARY "\0\377"', r'WebSocket < BINARY "\0\377"',
        'WebSocket > TEXT ""', 'WebSocket < TEXT ""',
        'WebSocket > TEXT "in three parts"', 'WebSocket < TEXT "in three parts"',
        "WebSocket > TEXT x...(70000 bytes)", "WebSocket < TEXT x...(70000 bytes)",
        "WebSocket > PING ping", "WebSocket < PONG ping",
        "WebSocket > CLOSE 1001 (going away) enough", "WebSocket < CLOSE 1001 (going away)"]
    assert box.replay("-q", run).code == 0


OPCODES = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
FIELDS = ["tcp.stream", "tcp.srcport", "websocket.opcode", "websocket.fin", "websocket.payload_length", "websocket.payload_length_ext_16",
          "websocket.payload_length_ext_64", "websocket.payload.close.status_code", "websocket.payload.close.reason"]


def messages_of_tshark(path, ports):
    """By connection and side: opcode, frames and bytes of each message; codes and reasons."""
    found, closes, under_way = {}, [], {}
    for stream, source, opcodes, ends, short, wide, wider, codes, reasons in dissected(path, FIELDS, "-Y", "websocket"):
        side = int(stream[0]), "response" if int(source[0]) in ports else "request"
        closes += list(zip(codes, reasons or [""] * len(codes)))
        for opcode, end, size in zip(map(int, opcodes), ends, map(int, short)):
            size = int(wide.pop(0)) if size == 126 else int(wider.pop(0)) if size == 127 else size
            if opcode < 8:
                message = under_way.setdefault(side, [OPCODES.get(opcode), 0, 0])
                message[1:] = message[1] + 1, message[2] + size
            if opcode >= 8 or end in ("1", "True"):
                found.setdefault(side, []).append(tuple(under_way.pop(side)) if opcode < 8 else (OPCODES[opcode], 1, size))
    return found, closes


def test_tshark_says_the_same(box, program, echo, tmp_path):
    run = box.run(program("go-websocket.wasm"), "dial", f"ws://127.0.0.1:{echo.port}/echo", f"ws://127.0.0.1:{echo.second}/")
    path = captured(documents(box, "network", run.id, "-v"), tmp_path / "packets")
    theirs, closes = messages_of_tshark(path, (echo.port, echo.second))
    ours, codes, links = {}, [], []
    for exchange in documents(box, "request", run.id):
        link = exchange["link"]["src"]
        links += [link] if link not in links else []
        for side in ("request", "response"):
            message = exchange[side].get("message", {}) if exchange["protocol"] == "WebSocket" else {}
            if message:
                size = message.get("websocket.message.compressed_size", message["websocket.message.size"])
                ours.setdefault((links.index(link), side), []).append(
                    (message["websocket.opcode"], message.get("websocket.message.frames", 1), size))
                if "websocket.close.code" in message:
                    codes.append((str(message["websocket.close.code"]), message.get("websocket.close.reason", "")))
    assert ours == theirs
    assert sum(frames for messages in ours.values() for _, frames, _ in messages) > 1000
    assert sorted(codes) == sorted(closes)
