"""A real S3 server on loopback: OpenStack Swift with its S3 layer, one of each of its four servers, and a folder for all they keep."""

import hashlib
import hmac
import http.client
import http.server
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from xml.etree import ElementTree

import pytest

from servers import answers, free_port, needs

BUCKET, KEY, SECRET, REGION = "recordings", "test:tester", "testing", "us-east-1"

STORAGE = """
[DEFAULT]
devices = {folder}/devices
mount_check = false
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {folder}
user = {user}
log_address = {folder}/log
log_level = ERROR
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
swift_dir = {folder}
user = {user}
log_address = {folder}/log
log_level = ERROR
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats cache s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
dns_compliant_bucket_names = true
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""

# Its programs want their common settings in /etc, which is not a test's.
MAIN = """
import sys
from swift.common import utils
utils.SWIFT_CONF_FILE = sys.argv[1]
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(sys.argv[2], sys.argv[3]))
"""


class Swift:
    def __init__(self, folder):
        needs("swift-ring-builder", "swift-proxy-server", "swift-account-server", "swift-container-server", "swift-object-server")
        self.folder = Path(folder)
        (self.folder / "devices" / "d1").mkdir(parents=True)
        try:
            os.setxattr(self.folder / "devices", "user.test", b"1")
        except OSError:
            pytest.skip("no extended attributes, which the object server needs, on the file system of tests")
        (self.folder / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = test\nswift_hash_path_prefix = test\n")
        self.user = subprocess.check_output(["id", "-un"], text=True).strip()
        self.processes = []
        for kind in ("account", "container", "object"):
            port = free_port()
            builder = self.folder / f"{kind}.builder"
            for step in (["create", "2", "1", "0"], ["add", f"r1z1-127.0.0.1:{port}/d1", "1"], ["rebalance"]):
                subprocess.run(["swift-ring-builder", builder, *step], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self._start(kind, STORAGE, port)
        self.port = free_port()
        self._start("proxy", PROXY, self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        self._wait()

    def _start(self, kind, template, port):
        conf = self.folder / f"{kind}.conf"
        conf.write_text(template.format(folder=self.folder, port=port, user=self.user, kind=kind))
        log = open(self.folder / f"{kind}.log", "w")
        self.processes.append(subprocess.Popen(["/usr/bin/python3", "-W", "ignore", "-c", MAIN, self.folder / "swift.conf", conf,
                                                f"{kind}-server"],
                                               stdout=log, stderr=log, start_new_session=True))
        end = time.monotonic() + 60
        while not answers(port):
            assert self.processes[-1].poll() is None and time.monotonic() < end, (self.folder / f"{kind}.log").read_text()
            time.sleep(0.05)

    def _wait(self):
        """Until a bucket can be made."""
        for _ in range(100):
            if self.request("PUT", f"/{BUCKET}")[0] == 200:
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / "proxy.log").read_text())

    def request(self, method, path, query=""):
        """Signed as AWS says, by other means than those under test. The status and the body."""
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        headers = {"host": f"127.0.0.1:{self.port}", "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(), "x-amz-date": now}
        canonical = "\n".join([method, path, query, *(f"{n}:{v}" for n, v in headers.items()), "", ";".join(headers),
                               headers["x-amz-content-sha256"]])
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{SECRET}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
                                    f"Signature={hmac.digest(key, text.encode(), 'sha256').hex()}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path + (f"?{query}" if query else ""), headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def objects(self, prefix=""):
        """Keys and sizes of all that is there."""
        status, body = self.request("GET", f"/{BUCKET}", f"list-type=2&prefix={urllib.parse.quote(prefix, safe='')}")
        assert status == 200, body
        root = ElementTree.fromstring(body)
        space = root.tag[:root.tag.index("}") + 1]
        return {c.findtext(space + "Key"): int(c.findtext(space + "Size")) for c in root.findall(space + "Contents")}

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()


class Proxy:
    """
    Between the program and the server. Each `every`th request, after the first `after`, `most` times at most, has `fault`:

    busy            is answered 503, without a look at its body
    refused         finds its connection closed without a word
    cut_request     is cut off in its body, of which the server gets the beginning
    cut_response    gets the first half of its answer, and no more
    short_response  gets half of its answer's body, with a length that fits
    wrong_range     gets another part than it asked for
    stall           gets nothing, and is not closed
    """

    def __init__(self, port, tls=None):
        self.tls = tls  # the names of a certificate and its key
        self.target = port
        self.fault, self.every, self.after, self.most = None, 1, 0, 1 << 30
        self.requests = self.faults = self.received = 0
        self.lock = threading.Lock()

    def __enter__(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (OSError, http.client.HTTPException):
                    self.close_connection = True

            def any_method(self):
                proxy.pass_on(self, proxy.next_fault())

            do_GET = do_PUT = do_DELETE = do_HEAD = any_method

            def handle_expect_100(self):
                return True if proxy.fault == "busy" else super().handle_expect_100()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def next_fault(self):
        with self.lock:
            self.requests += 1
            if not self.fault or self.faults >= self.most:
                return None
            self.after -= self.after > 0
            if self.after or self.requests % self.every:
                return None
            self.faults += 1
            return self.fault

    def answer(self, request, status, headers, body, length=None):
        request.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)
            self.received += len(body)

    def pass_on(self, request, fault):
        size = int(request.headers.get("Content-Length", 0))
        if fault == "refused":
            request.close_connection = True
            return
        if fault == "stall":
            time.sleep(60)
            request.close_connection = True
            return
        if fault == "busy":
            request.close_connection = True
            return self.answer(request, 503, [("Connection", "close")], b"<Error><Code>SlowDown</Code><Message>later</Message></Error>")
        body = request.rfile.read(size)
        # The server's signature is over the name that the program knows, which is this one's.
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            head = f"{request.command} {request.path} HTTP/1.1\r\n"
            head += "".join(f"{n}: {v}\r\n" for n, v in request.headers.items() if n.lower() not in ("expect", "connection"))
            server.sendall(head.encode() + b"Connection: close\r\n\r\n" + (body[:size // 2] if fault == "cut_request" else body))
            if fault == "cut_request" and size:
                request.close_connection = True
                return
            answer = http.client.HTTPResponse(server, method=request.command)
            answer.begin()
            content = answer.read()
        self.give(request, fault, answer, content)

    def give(self, request, fault, answer, content):
        status, headers = answer.status, answer.getheaders()
        if request.command == "HEAD":
            return self.answer(request, status, headers, b"", answer.getheader("Content-Length", 0))
        if fault == "cut_response" and content:
            self.answer(request, status, headers, content[:len(content) // 2], len(content))
            request.close_connection = True
        elif fault == "short_response" and status == 206:
            self.answer(request, status, headers, content[:len(content) // 2])
        elif fault == "wrong_range" and status == 206:
            others = [(n, "bytes 1-2/3" if n.lower() == "content-range" else v) for n, v in headers]
            self.answer(request, status, others, content)
        else:
            self.answer(request, status, headers, content)


if __name__ == "__main__":
    swift = Swift(sys.argv[1])
    print(swift.url, flush=True)
    sys.stdin.read()
    swift.close()
