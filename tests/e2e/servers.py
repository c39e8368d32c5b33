"""Real servers and clients on loopback, for guests that are clients and servers."""

import os
import shutil
import socket
import subprocess
import tempfile
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


def as_nobody():
    """How a server is started that will not run as root."""
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def folder_of_nobody(path):
    """A folder that such a server can reach, though pytest's are only for root."""
    folder = Path(tempfile.mkdtemp(prefix="timecraft-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    path.mkdir(exist_ok=True)
    return folder


class PostgreSQL:
    """A server of PostgreSQL with a user, ada, who authenticates by SCRAM; every statement is in its log."""

    def __init__(self, folder, password):
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not programs:
            needs("initdb")
        programs = programs[-1] if programs else Path(shutil.which("initdb")).parent
        self.folder = folder_of_nobody(folder)
        self.port = free_port()
        secret = self.folder / "password"
        secret.write_text(password + "\n")
        secret.chmod(0o644)
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        subprocess.run([*as_nobody(), programs / "initdb", "-D", self.folder / "data", "-U", "ada", "--auth=scram-sha-256", "--pwfile", secret,
                        "--no-sync", "--encoding=UTF8"], check=True, env=env, stdout=subprocess.DEVNULL)
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen(
                [*as_nobody(), programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-k", self.folder, "-h", "127.0.0.1",
                 "-F", "-c", "log_statement=all", "-c", "log_line_prefix=", "-c", "timezone=UTC"], stderr=log, env=env)
        self.log = folder / "log"
        wait_until_it_answers(self)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder)


class MariaDB:
    """A server of MariaDB with a database, shop, and a user, ada; every command is in its log."""

    def __init__(self, folder, password):
        self.folder = folder_of_nobody(folder)
        self.port = free_port()
        user = ["--user=nobody"] if os.geteuid() == 0 else []
        subprocess.run([found("mariadb-install-db"), "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db",
                        "--auth-root-authentication-method=normal", *user], check=True, stdout=subprocess.DEVNULL)
        init = self.folder / "init.sql"
        init.write_text(f"CREATE DATABASE shop;\nCREATE USER ada@'127.0.0.1' IDENTIFIED BY '{password}';\nGRANT ALL ON *.* TO ada@'127.0.0.1';\n")
        init.chmod(0o644)
        self.log = self.folder / "general.log"
        self.process = subprocess.Popen(
            [found("mariadbd"), "--no-defaults", f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", "--bind-address=127.0.0.1",
             f"--port={self.port}", f"--init-file={init}", "--local-infile=1", "--general-log=1", f"--general-log-file={self.log}", *user],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_until_it_answers(self)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.folder)
