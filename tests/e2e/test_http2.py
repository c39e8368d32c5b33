"""HTTP/2 and gRPC as real clients and servers speak it, recorded, replayed and traced."""

import re
import subprocess

import pytest
from oracle import captured, dissected
from servers import NGINX, Script, found, free_port, needs, wait_until_it_answers
from test_network import Server, documents

BODY = "0123456789abcdef" * 2000


class Nghttpd:
    """Serves a folder by HTTP/2 without TLS."""

    def __init__(self, folder):
        self.port = free_port()
        self.process = subprocess.Popen([found("nghttpd"), "--no-tls", "-d", folder, "--trailer", "x-served-by: nghttpd", str(self.port)],
                                        stdout=subprocess.DEVNULL)
        wait_until_it_answers(self)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class NginxH2:
    """The same, by nginx."""

    def __init__(self, folder):
        needs("nginx")
        self.port = free_port()
        config = folder.parent / "nginx.conf"
        config.write_text(f"""user root; daemon off; pid {folder.parent}/pid; error_log {folder.parent}/error.log; events {{}}
            http {{ access_log off; client_body_temp_path {folder.parent}/t1; server {{ listen 127.0.0.1:{self.port} http2; root {folder}; }} }}""")
        self.process = subprocess.Popen([NGINX, "-p", folder.parent, "-c", config, "-e", folder.parent / "error.log"])
        wait_until_it_answers(self)

    stop = Nghttpd.stop


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "www"
    path.mkdir()
    (path / "a.txt").write_text("hello\n")
    (path / "big.txt").write_text("0123456789\n" * 10000)
    return path


def told(text):
    return [re.sub(r"^\S+ \S+ (\S+) \S+ ([<>]) \S+: ", r"\1 \2 ", line) for line in text.splitlines()]


@pytest.mark.parametrize("kind", [Nghttpd, NginxH2])
def test_streams_of_a_client_in_go(box, program, folder, kind):
    server = kind(folder)
    try:
        run = box.run(program("go-http2.wasm"), "get", f"127.0.0.1:{server.port}", "/a.txt", "/big.txt", "/none", "+/a.txt", "-/big.txt")
    finally:
        server.stop()
    assert run.code == 0, run.errors
    posted = "200 OK 6" if kind is Nghttpd else "405 Method Not Allowed"
    assert [line.rpartition(" map")[0] or line for line in run.text.splitlines()][:2] == ["/a.txt 200 OK 6", "/big.txt 200 OK 110000"]
    assert f"+/a.txt {posted}" in run.text
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, run.stdout)
    lines = told(box.good("trace", "request", run.id))
    assert lines[0] == "HTTP2 > GET /a.txt => 200"
    assert "HTTP2 > GET /none => 404" in lines and f"HTTP2 > POST /a.txt => {posted[:3]}" in lines
    assert sum(line.startswith("HTTP2 > GET /big.txt => ") for line in lines) == 2 and len(lines) == 6
    exchanges = documents(box, "request", run.id)
    ids = sorted(e["request"]["message"]["http2.stream.id"] for e in exchanges)
    assert ids == [ids[0] + 2 * i for i in range(6)] and ids[0] % 2 == 1
    sent = next(e["request"]["message"] for e in exchanges if e["request"]["message"]["method"] == "POST")
    assert (sent["bodyBytes"], sent["bodyText"]) == (len(BODY), BODY)
    whole = next(e["response"]["message"] for e in exchanges if e["request"]["message"]["path"] == "/a.txt")
    assert (whole["statusCode"], whole["bodyText"]) == (200, "hello\n")


@pytest.fixture
def serving(box, program):
    needs("curl")
    server = Server(box, program("go-http2.wasm"), module_arguments=["serve"])
    yield server
    if server.process.poll() is None:
        server.process.kill()
        server.process.wait()


def curl(*arguments):
    return subprocess.run(["curl", "-s", *arguments], capture_output=True, text=True, timeout=60, check=True).stdout


def test_a_server_in_go(box, serving):
    for path in ("/echo", "/echo?again"):  # curl 7.88 cannot ask twice over one connection that it did not negotiate
        assert curl("--http2-prior-knowledge", "-d", "known before", serving.url(path)) == "known before"
    assert curl("--http2", "-d", "upgraded", serving.url("/echo?up")) == "upgraded"
    run = serving.stop()
    assert told(box.good("trace", "request", run)) == [
        "HTTP2 > POST /echo => 200", "HTTP2 > POST /echo?again => 200",
        "HTTP > POST /echo?up => 101 Switching Protocols", "HTTP2 > POST /echo?up => 200",
        "HTTP > GET /stop => 200 OK"]
    text = box.good("trace", "request", "-v", "--path", "/echo", run)
    assert "> POST /echo HTTP/2.0\n" in text and "known before\n< x-bytes: 12\n" in text
    assert box.replay("-q", run).code == 0


def test_tshark_says_the_same(box, program, folder, tmp_path):
    needs("tshark")
    server = Nghttpd(folder)
    try:
        run = box.run(program("go-http2.wasm"), "get", f"127.0.0.1:{server.port}", "/a.txt", "/big.txt", "/none", "+/a.txt")
    finally:
        server.stop()
    path = captured(documents(box, "network", run.id, "-v"), tmp_path / "packets")
    fields = ["http2.streamid", "http2.headers.method", "http2.headers.path", "http2.headers.status"]
    found_fields = dissected(path, fields, "-Y", "http2.headers.method or http2.headers.status", "-d", f"tcp.port=={server.port},http2")
    theirs = [[value for row in found_fields for value in row[at]] for at in (1, 2, 3)]
    exchanges = documents(box, "request", run.id)
    by_stream = sorted(exchanges, key=lambda e: e["request"]["message"]["http2.stream.id"])
    assert [e["request"]["message"]["method"] for e in by_stream] == theirs[0]
    assert [e["request"]["message"]["path"] for e in by_stream] == theirs[1]
    assert sorted(str(e["response"]["message"]["statusCode"]) for e in exchanges) == sorted(theirs[2])


GREETER = """
import grpc
from concurrent import futures
def hello(request, context):
    return b"\\x0a" + bytes([4 + len(request)]) + b"Hello " + request[2:] if len(request) < 100 else request
def refuse(request, context):
    context.abort(grpc.StatusCode.PERMISSION_DENIED, "not you, \\"Eve\\"")
def chat(requests, context):
    yield from requests
methods = {"SayHello": grpc.unary_unary_rpc_method_handler(hello), "Refuse": grpc.unary_unary_rpc_method_handler(refuse),
           "Chat": grpc.stream_stream_rpc_method_handler(chat)}
server = grpc.server(futures.ThreadPoolExecutor(4), compression=grpc.Compression.Gzip)
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("helloworld.Greeter", methods)])
server.add_insecure_port("127.0.0.1:$PORT")
server.start()
server.wait_for_termination()
"""


def test_calls_of_grpc(box, program):
    server = Script("grpc", GREETER)
    try:
        run = box.run(program("go-grpc.wasm"), f"127.0.0.1:{server.port}")
    finally:
        server.stop()
    assert run.text.splitlines() == [
        "SayHello Hello Ada <nil>", "SayHello 10000 <nil>", 'Refuse  rpc error: code = PermissionDenied desc = not you, "Eve"',
        "Nothing  rpc error: code = Unimplemented desc = Method not found!", "Chat one", "Chat two", "Chat three"], run.errors
    assert told(box.good("trace", "request", run.id)) == [
        "gRPC > /helloworld.Greeter/SayHello => OK", "gRPC > /helloworld.Greeter/SayHello => OK",
        'gRPC > /helloworld.Greeter/Refuse => PERMISSION_DENIED "not you, \\"Eve\\""',
        'gRPC > /helloworld.Greeter/Nothing => UNIMPLEMENTED "Method not found!"', "gRPC > /helloworld.Greeter/Chat => OK"]
    exchanges = documents(box, "request", run.id)
    messages = [[[part["value"] for part in e[side]["message"]["fields"]] for side in ("request", "response")] for e in exchanges]
    assert messages[0] == [[{"1": "Ada"}], [{"1": "Hello Ada"}]]
    assert messages[1] == [[{"1": "again and " * 1000}]] * 2
    assert messages[2:4] == [[[{"1": "Eve"}], []], [[{}], []]]
    assert messages[4] == [[{"1": "one"}, {"1": "two"}, {"1": "three"}]] * 2
    codes = [e["response"]["message"]["rpc.grpc.status_code"] for e in exchanges]
    assert codes == [0, 0, 7, 12, 0]
    message = exchanges[0]["request"]["message"]
    assert (message["rpc.service"], message["rpc.method"]) == ("helloworld.Greeter", "SayHello")
    assert len(box.good("trace", "request", "--host", "127.0.0.1", run.id).splitlines()) == 5
    assert box.replay("-q", run.id).code == 0
