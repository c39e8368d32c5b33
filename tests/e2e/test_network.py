"""Guests on the network, against real servers and clients: run, recorded, replayed, and what they said traced."""

import json
import re
import socket
import subprocess

import pytest
from conftest import wait_for
from programs import check_guest
from servers import Nginx, free_port, needs

HELLO = b"Hello, World!\n"


@pytest.fixture
def nginx(tmp_path):
    server = Nginx(tmp_path / "nginx")
    yield server
    server.stop()


class Server:
    """A guest that serves, until it is told to stop."""

    def __init__(self, box, module, *options, module_arguments=()):
        self.box = box
        self.port = free_port()
        self.process = box.start("run", *options, module, *module_arguments, f"127.0.0.1:{self.port}")
        assert self.process.stdout.readline() == f"127.0.0.1:{self.port}\n".encode()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self):
        """The ID of what was recorded."""
        assert subprocess.run(["curl", "-s", self.url("/stop")], capture_output=True, timeout=60).stdout == b"bye\n"
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return errors.split()[0].decode()


@pytest.fixture
def server(box, program):
    needs("curl")
    return Server(box, program("go-server.wasm"))


def documents(box, kind, run, *options):
    return [json.loads(line) for line in box.good("trace", kind, "-o", "json", *options, run).splitlines()]


def curl(*words):
    return subprocess.run(["curl", "-s", "-m", "60", *words], capture_output=True, check=True).stdout


def lines(text):
    """Of a trace, without times, and with ports that differ from run to run as N."""
    return [re.sub(r":(?!8443)\d{4,5}\b", ":N", line[27:]) for line in text.splitlines()]


def test_a_go_client_of_nginx(box, program, nginx):
    (nginx.folder / "www" / "hello").write_bytes(HELLO)
    (nginx.folder / "www" / "large").write_bytes(b"0123456789abcde\n" * 20_000)
    urls = [f"http://127.0.0.1:{nginx.port}/{path}" for path in ("hello", "gzip/large", "none")]
    run = box.run(program("go-client.wasm"), *urls)
    assert run.code == 0, run.errors
    assert run.stdout.startswith(HELLO + b"0123456789abcde\n" * 20_000) and b"404 Not Found" in run.stdout
    nginx.stop()
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, run.stdout)
    link = "172.16.0.0:N > 127.0.0.1:N"
    assert lines(box.good("trace", "request", run.id)) == [
        f"HTTP {link}: GET /hello => 200 OK", f"HTTP {link}: GET /gzip/large => 200 OK", f"HTTP {link}: GET /none => 404 Not Found"]
    exchanges = documents(box, "request", run.id)
    assert [e["response"]["message"]["bodyBytes"] for e in exchanges[:2]] == [len(HELLO), 320_000]
    assert exchanges[1]["response"]["message"]["header"]["Content-Encoding"] == ["gzip"]
    assert exchanges[1]["response"]["message"]["bodyText"] == "0123456789abcde\n" * 20_000
    assert len({e["link"]["src"] for e in exchanges}) == 1  # kept alive
    events = documents(box, "network", run.id)
    assert [(e["type"], e.get("error")) for e in events[:2]] == [("CONN", "EINPROGRESS"), ("SEND", None)]
    assert events[0]["addr"] == "172.16.0.0:49152" and events[0]["peer"] == f"127.0.0.1:{nginx.port}"
    assert events[-1]["type"] == "SHUT"


def certificate(folder, name):
    """A test authority, and what it issued for a name: (authority, (certificate, key))."""
    needs("openssl")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={name}")
    (folder / "names").write_text(f"subjectAltName={name}")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "server.pem",
            "-extfile", "names")
    return folder / "ca.pem", (folder / "server.pem", folder / "server.key")


def test_the_host_does_tls(box, program, tmp_path):
    ca, server = certificate(tmp_path, "IP:127.0.0.1")
    nginx = Nginx(tmp_path / "nginx", tls=server)
    large = b"0123456789abcde\n" * 50_000
    (nginx.folder / "www" / "large").write_bytes(large)
    (nginx.folder / "www" / "hello").write_bytes(HELLO)
    urls = [f"https://127.0.0.1:{nginx.tls_port}/{path}" for path in ("hello", "large")]
    for guest, words in (("go-client.wasm", urls), ("go-plain.wasm", ["127.0.0.1:0", *urls])):
        run = box.run("--tls-ca", ca, program(guest), *words)
        assert run.code == 0, run.errors
        assert run.stdout.endswith(HELLO + large)
        replay = box.replay(run.id)
        assert (replay.code, replay.stdout) == (0, run.stdout)
        exchanges = [e for e in documents(box, "request", run.id) if e["link"]["dst"].endswith(str(nginx.tls_port))]
        assert [(e["request"]["message"]["path"], e["response"]["message"]["bodyBytes"]) for e in exchanges] == [
            ("/hello", len(HELLO)), ("/large", len(large))]  # plain in the recording
    nginx.stop()


@pytest.mark.parametrize("name, trusted, reason", [
    ("DNS:other.test", True, "IP address mismatch"), ("IP:127.0.0.1", False, "unable to get local issuer certificate"),
])
def test_a_certificate_that_is_no_good(box, program, tmp_path, name, trusted, reason):
    ca, server = certificate(tmp_path, name)
    nginx = Nginx(tmp_path / "nginx", tls=server)
    run = box.run(*(["--tls-ca", ca] if trusted else []), program("go-client.wasm"), f"https://127.0.0.1:{nginx.tls_port}/")
    nginx.stop()
    assert run.code == 1, run.stdout
    failed = [e for e in documents(box, "network", run.id) if e["type"] == "TLS"]
    assert [e["error"] for e in failed] == ["EACCES"] and reason in failed[0]["reason"]
    assert box.good("trace", "request", run.id) == ""
    assert box.replay("-q", run.id).code == 1


def test_a_refused_connection_is_told_once(box, program):
    port = free_port()
    run = box.run(program("go-client.wasm"), f"http://127.0.0.1:{port}/")
    assert run.code == 1 and b"refused" in run.stderr
    assert [(e["type"], e.get("error")) for e in documents(box, "network", run.id)] == [("CONN", "EINPROGRESS"), ("CONN", "ECONNREFUSED")]
    assert box.good("trace", "request", run.id) == ""
    replay = box.replay(run.id)
    assert (replay.code, replay.stderr) == (1, run.stderr)


def test_a_go_server_of_curl(box, server):
    assert curl(server.url(), server.url("/echo"), "-d", "some words") == b"Hello, World!\nsome words"
    assert curl("-H", "Transfer-Encoding: chunked", "--data-binary", "@-", server.url("/echo")) == b""
    run = server.stop()
    replay = box.replay(run)
    assert replay.code == 0
    requests = [(e["request"]["message"]["method"], e["request"]["message"]["path"], e["response"]["message"]["statusCode"])
                for e in documents(box, "request", run)]
    assert requests == [("POST", "/", 200), ("POST", "/echo", 200), ("POST", "/echo", 200), ("GET", "/stop", 200)]
    accepted = [e for e in documents(box, "network", run) if e["type"] == "ACCEPT"]
    assert len(accepted) == 3 and all(e["addr"] == f"127.0.0.1:{server.port}" and e["peer"].startswith("127.0.0.1:") for e in accepted)


def test_a_go_program_that_knows_nothing_of_wasi(box, program, nginx):
    (nginx.folder / "www" / "hello").write_bytes(b"from nginx\n")
    run = box.run(program("go-plain.wasm"), "127.0.0.1:0", f"http://127.0.0.1:{nginx.port}/hello")
    assert (run.code, run.stdout) == (0, b"pingpong\nHello, World!\nfrom nginx\n"), run.errors
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, run.stdout)
    paths = sorted(e["request"]["message"]["path"] for e in documents(box, "request", run.id) if e["protocol"] == "HTTP")
    assert paths == ["/", "/", "/hello"]  # the first one from both sides
    datagrams = [(e["type"], e["size"]) for e in documents(box, "network", run.id) if e["proto"] == "UDP" and "size" in e]
    assert datagrams == [("SEND", 4), ("RECV", 4), ("SEND", 4), ("RECV", 4)]


def test_many_requests_of_wrk_are_each_told_once(box, server):
    needs("wrk")
    output = subprocess.run(["wrk", "-t1", "-c8", "-d3s", server.url()], capture_output=True, text=True, check=True).stdout
    told = int(re.search(r"(\d+) requests in", output)[1])
    run = server.stop()
    traced = box.good("trace", "request", "--path", "/", run).splitlines()
    answered = [line for line in traced if line.endswith("GET / => 200 OK")]
    assert told <= len(answered) <= told + 8  # those that were under way when it stopped
    assert len(traced) - len(answered) <= 8
    summary = json.loads(box.good("trace", "request", "--summary", "-o", "json", "--path", "/", run))["requests"]
    assert [(g["path"], g["count"], g["statuses"]["2xx"]) for g in summary] == [("/", len(traced), len(answered))]
    # Paired with the right one: a response is never before its request, nor one connection's exchanges at the same time.
    last = {}
    for e in documents(box, "request", run, "--path", "/"):
        assert e["request"]["time"] <= e["response"]["time"]
        assert e["request"]["time"] >= last.get(e["link"]["src"], "")
        last[e["link"]["src"]] = e["response"]["time"]
    assert box.replay("-q", run).code == 0


def test_a_running_server_can_be_watched(box, server):
    assert curl(server.url()) == HELLO
    wait_for(lambda: "GET / => 200 OK" in box.good("trace", "request", "@last"))
    server.stop()


def test_version_1_in_c(box, program):
    run = check_guest(box, program("c-sockets1.wasm"), stderr=b"")
    assert run.text.splitlines() == [
        "addrtype 4", "addrtype 4", "own port 49152", "own address 172.16.0.0", "peer is the listener: 1", "4 ping", "5 pong!", "0",
        "connect: errno 26", "poll: 1", "SO_ERROR: 14, 4 bytes", "addrtype 4", "4 data, flags 1, from 127.0.0.1, 1"]
    events = [(e["type"], e["proto"], e.get("error"), e.get("size")) for e in documents(box, "network", run.id)]
    assert events == [
        ("CONN", "TCP", None, None), ("ACCEPT", "TCP", None, None), ("SEND", "TCP", None, 4), ("RECV", "TCP", None, 4),
        ("SEND", "TCP", None, 5), ("SHUT", "TCP", None, None), ("RECV", "TCP", None, 5), ("RECV", "TCP", None, 0), ("SHUT", "TCP", None, None),
        ("CONN", "TCP", "EINPROGRESS", None), ("CONN", "TCP", "ECONNREFUSED", None), ("SEND", "UDP", None, 8), ("RECV", "UDP", None, 4)]


def test_version_2_in_rust(box, program):
    run = check_guest(box, program("rust-sockets.wasm"), stderr=b"")
    assert run.text == "family 1 [172, 16, 0, 0]:49152\nGET /rust HTTP/1.1\nfrom Rust\n"
    assert [line.split(": ", 1)[1] for line in box.good("trace", "request", run.id).splitlines()] == ["GET /rust => 200 OK"] * 2


def test_ab_is_answered(box, server):
    needs("ab")
    output = subprocess.run(["ab", "-q", "-k", "-n", "500", "-c", "5", server.url()], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Complete requests: +500\n", output) and re.search(r"Failed requests: +0\n", output)
    run = server.stop()
    assert len(documents(box, "request", run, "--path", "/", "--status", "200")) >= 500


def test_events_are_chosen_by_name_address_and_port(box, program):
    port = free_port()
    run = box.run(program("go-client.wasm"), f"http://localhost:{port}/")
    assert run.code == 1

    def chosen(*options):
        return [(e["type"], e.get("peer"), e.get("error")) for e in documents(box, "network", run.id, *options)]

    # Machines differ in whether localhost is an address of IPv6 too.
    found = [address[4][0] for address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)]
    peers = [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in found]
    every = [("CONN", peer, error) for peer in peers for error in ("EINPROGRESS", "ECONNREFUSED")]
    lookup, dials = ("RESOLVE", None, None), [dial for dial in every if dial[1].startswith("127.")]
    assert chosen() == [lookup, *every]
    assert chosen("--host", "LOCAL*") == [lookup, *every]
    assert chosen("--peer", "127.0.0.*") == [lookup, *dials]
    assert chosen("--peer", f"127.0.0.?:{port}") == dials and chosen("--port", f"1,{port}") == every
    assert chosen("--peer", "10.*") == chosen("--port", "1") == chosen("--host", "other") == []


def test_a_refused_network_is_told(box, program):
    run = box.run("--restrict", program("go-client.wasm"), "http://127.0.0.1:9/")
    assert run.code == 1
    assert lines(box.good("trace", "network", run.id)) == ["TCP ? > 127.0.0.1:9: CONN EACCES"]


def test_what_a_killed_server_had_open_is_told(box, program):
    server = Server(box, program("go-server.wasm"))
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET")
        link = f"127.0.0.1:{client.getsockname()[1]} > 127.0.0.1:{server.port}"
        back = " > ".join(reversed(link.split(" > ")))
        seen = [f"TCP {link}: ACCEPT OK", f"TCP {link}: RECV OK 3"]

        def trace(*options):
            text = box("trace", "network", *options, "@last").text
            return [line[27:] for line in text.splitlines()]

        wait_for(lambda: trace() == seen)  # nothing is said of an end
        with box.start("trace", "network", "-f", "@last") as follower:
            server.process.kill()
            followed = follower.communicate(timeout=60)[0].decode()
        server.process.communicate(timeout=60)
    seen.append(f"TCP {back}: SHUT (rw) exit")
    assert [line[27:] for line in followed.splitlines()] == seen
    assert trace() == seen


PYTHON = """
import socket
def soon(f, *args):
    while True:
        try:
            return f(*args)
        except BlockingIOError:
            pass  # this build can neither select nor sleep
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=4)
for i in range(2):
    fd, _ = soon(listener._accept)
    c = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=fd)
    soon(c.recv, 4096)
    c.send(b"HTTP/1.0 200 OK\\r\\n\\r\\nfrom Python\\n")
    c.close()
"""


def test_cpython_serves_on_a_socket_that_it_was_given(box, program):
    needs("curl")
    port = free_port()
    library = program("python-lib") / "usr/local/lib"
    words = ["--restrict", "--dir", f"{library}::/usr/local/lib:ro", "-L", f"127.0.0.1:{port}"]
    process = box.start("run", *words, program("python.wasm"), "-c", PYTHON)
    run = process.stderr.readline().decode().strip()
    assert [curl(f"http://127.0.0.1:{port}/{path}") for path in ("a", "b")] == [b"from Python\n"] * 2
    assert process.communicate(timeout=120) == (b"", b"")
    assert process.returncode == 0
    assert [line.split(": ", 1)[1] for line in box.good("trace", "request", run).splitlines()] == ["GET /a => 200 OK", "GET /b => 200 OK"]
    assert box.replay(run).code == 0
