"""TLS that a guest does itself: what is encrypted stays so, but for whom it is and how much there was is told."""

import re

from servers import Nginx, Script
from test_network import certificate, documents

LISTEN = """
import socket
s = socket.create_server(("127.0.0.1", $PORT))
while True:
    c, _ = s.accept()
    if c.recv(100):
        c.sendall(b"HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n\\r\\n")
    c.close()
"""


def test_a_client_in_go(box, program, tmp_path):
    _, server = certificate(tmp_path, "DNS:api.test")
    nginx = Nginx(tmp_path / "nginx", tls=server)
    (nginx.folder / "www" / "hello").write_bytes(b"secret words\n")
    plain = Script("socket", LISTEN)
    run = box.run(program("go-tls.wasm"), f"127.0.0.1:{nginx.tls_port}", "api.test", f"127.0.0.1:{nginx.tls_port}", "api.test",
                  f"127.0.0.1:{plain.port}", "plain.test")
    nginx.stop()
    plain.stop()
    assert run.code == 0, run.errors
    assert b"secret words" in run.stdout and b"certificate" in run.stdout
    replay = box.replay(run.id)
    assert (replay.code, replay.stdout) == (0, run.stdout)
    lines = [re.sub(r"\d+ bytes", "N bytes", re.sub(r"^.*?:\d+ > \S+: ", "", line)) for line in
             box.good("trace", "request", run.id).splitlines()]
    hello = "ClientHello api.test ALPN http/1.1"
    assert lines == [
        f"{hello} ALERT bad_certificate (N bytes) => TLSv1.2 ALPN http/1.1 (N bytes)",
        f"{hello} (N bytes) => TLSv1.2 ALPN http/1.1 (N bytes)",
        r'ClientHello plain.test ALPN http/1.1 (N bytes) => Response error: its ServerHello is none: N bytes, "HTTP/1.1 400 Bad Request\r\nConten"...']
    exchange = documents(box, "request", run.id)[1]
    assert exchange["protocol"] == "TLS" and exchange["request"]["message"]["server.address"] == "api.test"
    assert exchange["response"]["message"]["tls.cipher"].startswith("TLS_")
    sizes = [0, 0]
    for event in documents(box, "network", run.id):
        if event["type"] in ("SEND", "RECV") and event.get("size"):
            sizes[event["type"] == "RECV"] += event["size"]
    told = [sum(e[side]["message"]["tls.bytes"] for e in documents(box, "request", run.id)) for side in ("request", "response")]
    assert told == sizes  # every byte is counted
