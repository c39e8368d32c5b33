"""Request traces of a real server: clients that misbehave, and which requests are shown."""

import json
import re
import socket
import struct

import pytest
from test_network import curl, documents, server  # noqa: F401 (a fixture)


def talk(port, *sent, reset=False):
    """Sends one after the other and returns all that came until the server closed; with `reset`, what came first."""
    with socket.create_connection(("127.0.0.1", port)) as s:
        for each in sent:
            s.sendall(each)
        if reset:
            came = s.recv(1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return came
        s.shutdown(socket.SHUT_WR)
        came = b""
        while more := s.recv(65536):
            came += more
        return came


def told(box, run, *options):
    """Lines without times and addresses."""
    return [re.sub(r"^.*? > [0-9.:]+: ", "", line) for line in box.good("trace", "request", *options, run).splitlines()]


def test_clients_that_misbehave(box, server):  # noqa: F811
    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert talk(server.port, get * 3).count(b"Hello, World!") == 3
    assert b"400" in talk(server.port, b"\x16\x03\x01\x02\x00 what is this\r\n\r\n")
    assert b"400" in talk(server.port, b"GET / HTTP/1.1\r\nHost: a\r\nnot a field\r\n\r\n")
    talk(server.port, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfive.")
    talk(server.port, b"GET / HT")
    talk(server.port)
    assert talk(server.port, get, reset=True) == b"H"
    run = server.stop()
    lines = told(box, run)
    assert lines[:3] == ["GET / => 200 OK"] * 3
    assert lines[3] == r'Request error: this is no request: bytes 0..21 are not HTTP: "\26\3\1\2\0 what is this\r\n\r\n" => 400 Bad Request'
    assert lines[4] == r'Request error: a line is no field: bytes 25..39 are not HTTP: "not a field\r\n\r\n" => 400 Bad Request'
    assert lines[5].startswith("Request error: the connection was closed, 5 bytes before the end of the body => ")
    assert "unknown protocol, 8 bytes from the client \"GET / HT\"" in lines[6] or "within the header" in lines[6]
    assert "GET / => 200 OK" in lines[7:] and lines[-1] == "GET /stop => 200 OK"
    assert box.replay("-q", run).code == 0


def test_requests_are_chosen(box, server):  # noqa: F811
    for path in ("/a", "/a?x=1", "/b/c", "/none"):
        curl(server.url(path))
    curl("-H", "Host: other.test", "-X", "PUT", server.url("/a"))
    run = server.stop()
    assert told(box, run) == [f"{line} => 200 OK" for line in (
        "GET /a", "GET /a?x=1", "GET /b/c", "GET /none", "PUT /a", "GET /stop")]
    for options, paths in {
        ("--path", "/a"): ["/a", "/a?x=1", "/a"],
        ("--path", "/b*", "--path", "/none"): ["/b/c", "/none"],
        ("--host", "OTHER.*"): ["/a"],
        ("--method", "PUT,DELETE"): ["/a"],
        ("--status", "3xx,error"): [],
        ("--status", "200..299", "--limit", "2"): ["/a", "/a?x=1"],
        ("--port", server.port, "--path", "/stop"): ["/stop"],
        ("--peer", "127.0.0.1:1"): [],
        ("-t", "+1h"): [],
    }.items():
        assert [e["request"]["message"]["path"] for e in documents(box, "request", run, *options)] == paths, options
    everything = documents(box, "request", run)
    records = [e["record"] for e in everything]
    some = documents(box, "request", run, "--records", f"{records[1]}..{records[3]}")
    assert some == everything[1:4]
    summary = json.loads(box.good("trace", "request", "--summary", "-o", "json", run))["requests"]
    assert {(g["host"], g["path"]): g["count"] for g in summary} == {
        ("127.0.0.1", "/a"): 2, ("127.0.0.1", "/b/c"): 1, ("127.0.0.1", "/none"): 1, ("127.0.0.1", "/stop"): 1, ("other.test", "/a"): 1}


@pytest.mark.parametrize("option, value, said", [
    ("--status", "6000000", "is no status"), ("--port", "70000", "is no port"), ("--limit", "0", "is no number of requests"),
    ("--body-max", "much", "is no size"), ("--method", "GET,", "an empty word"),
])
def test_what_is_no_choice(box, option, value, said):
    result = box("trace", "request", option, value, "@last")
    assert result.code == 2 and said in result.errors


def test_a_body_is_cut_and_says_so(box, server):  # noqa: F811
    assert curl("--data-binary", "x" * 2000, server.url("/echo")) == b"x" * 2000
    run = server.stop()
    exchange = documents(box, "request", run, "--body-max", "1k")[0]
    for side in ("request", "response"):
        message = exchange[side]["message"]
        assert (message["bodyText"], message["bodyBytes"], message["bodyTruncated"]) == ("x" * 1024, 2000, True)
    text = box.good("trace", "request", "-v", "--body-max", "1k", "--limit", "1", run)
    assert text.count("x" * 1024 + "\n[cut: 1024 of 2000 bytes]\n") == 2
    assert documents(box, "request", run)[0]["response"]["message"]["bodyTruncated"] is False


def test_a_trace_follows(box, server):  # noqa: F811
    assert curl(server.url("/first"))
    follower = box.start("trace", "request", "-f", "@last")
    assert follower.stdout.readline().endswith(b"GET /first => 200 OK\n")
    assert curl(server.url("/second"))
    assert follower.stdout.readline().endswith(b"GET /second => 200 OK\n")
    server.stop()
    rest, errors = follower.communicate(timeout=60)
    assert rest.endswith(b"GET /stop => 200 OK\n") and (errors, follower.returncode) == (b"", 0)
