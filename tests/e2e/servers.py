"""Real servers and clients on loopback, for guests that are clients and servers."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

NGINX = next((path for path in ("/usr/sbin/nginx", shutil.which("nginx")) if path and Path(path).exists()), None)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def needs(*programs):
    for program in programs:
        if not (NGINX if program == "nginx" else shutil.which(program)):
            if os.environ.get("CI") == "true":
                raise AssertionError(f"no {program}")
            pytest.skip(f"no {program}")


class Nginx:
    """Serves a folder, plain; /chunked and /gzip in their ways; `tls` names a certificate and its key for a second port."""

    def __init__(self, folder, tls=None):
        needs("nginx")
        self.folder = folder
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        (folder / "www").mkdir(parents=True, exist_ok=True)
        listen = f"listen 127.0.0.1:{self.port};"
        if tls:
            listen += f" listen 127.0.0.1:{self.tls_port} ssl; ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]};"
        (folder / "nginx.conf").write_text(f"""
            {"user root;" if os.geteuid() == 0 else ""} daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
            events {{ worker_connections 64; }}
            http {{
                access_log {folder}/access.log; keepalive_timeout 60; gzip_types *; gzip_min_length 1;
                client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
                uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
                server {{ {listen} root {folder}/www; location /gzip {{ gzip on; alias {folder}/www; }} }}
            }}
        """)
        self.process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
                                        stderr=subprocess.PIPE)
        end = time.monotonic() + 30
        while not answers(self.port):
            assert self.process.poll() is None and time.monotonic() < end, self.process.stderr.read()
            time.sleep(0.02)

    def log(self):
        return (self.folder / "access.log").read_text().splitlines()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.process.stderr.close()


def found(name):
    """The path of a server, which may be where a user's shell does not look."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if not path:
        needs(name)
    return path


class Redis:
    """A server of Redis that asks for a password."""

    def __init__(self, password):
        self.port = free_port()
        self.process = subprocess.Popen(
            [found("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", password, "--save", ""],
            stdout=subprocess.DEVNULL)
        wait_until_it_answers(self)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Dnsmasq:
    """A server of DNS: two addresses, a mail server and more text than fits into a datagram, all below .test."""

    def __init__(self, folder):
        self.port = free_port()
        hosts = folder / "hosts"
        hosts.write_text("93.184.216.34 example.test\n93.184.216.35 example.test\n2001:db8::1 example.test\n")
        texts = [f"--txt-record=long.test,{i:060}" for i in range(30)]
        self.process = subprocess.Popen(
            [found("dnsmasq"), "--keep-in-foreground", f"--port={self.port}", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1",
             "--bind-interfaces", f"--addn-hosts={hosts}", "--mx-host=example.test,mail.test,10", "--local=/test/", "--pid-file=",
             "--user=" + ("root" if os.geteuid() == 0 else ""), "--conf-file=/dev/null", *texts], stderr=subprocess.DEVNULL)
        wait_until_it_answers(self)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Script:
    """A server that is a few lines of Python, with Debian's libraries; $PORT, $SECOND are free ports."""

    def __init__(self, library, text):
        if subprocess.run(["/usr/bin/python3", "-c", f"import {library}"], capture_output=True, check=False).returncode:
            needs(f"python3-{library}")
        self.port, self.second = free_port(), free_port()
        text = text.replace("$PORT", str(self.port)).replace("$SECOND", str(self.second))
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", text], stderr=subprocess.DEVNULL)
        wait_until_it_answers(self)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def wait_until_it_answers(server):
    end = time.monotonic() + 30
    while not answers(server.port):
        assert server.process.poll() is None and time.monotonic() < end
        time.sleep(0.02)
