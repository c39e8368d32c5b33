"""A registry in an object store: a real server, and between it and the program one that fails as networks and servers do."""

import hashlib
import itertools
import json
import os
import signal
import subprocess
import time

import pytest

from conftest import Timecraft
from object_store import BUCKET, KEY, REGION, SECRET, Proxy, Swift
from servers import needs

PREFIXES = itertools.count()


@pytest.fixture(scope="module")
def swift(tmp_path_factory):
    server = Swift(tmp_path_factory.mktemp("swift"))
    yield server
    server.close()


class Machine(Timecraft):
    """One of several that share a store."""

    def __init__(self, folder, prefix, url):
        folder.mkdir()
        super().__init__(folder)
        self.prefix = prefix
        self.config = folder / "config.yaml"
        self.config.write_text(f"registry:\n  location: s3://{BUCKET}/{prefix}\n  cache: {self.registry}\n")
        self.env |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": url}

    def ids(self):
        return [each["id"] for each in self.json("get", "process", "-o", "json")]

    def json(self, *arguments):
        return [json.loads(line) for line in self.lines(*arguments)]


@pytest.fixture
def machines(swift, tmp_path):
    """machines("a") is one with the test's store; all of them have the same."""
    prefix = f"test{next(PREFIXES)}"
    return lambda name, url=swift.url: Machine(tmp_path / name, prefix, url)


@pytest.fixture
def proxy(swift):
    with Proxy(swift.port) as between:
        yield between


def many(machine, guest, count, *options):
    """A recording of so many rounds of the guest, in segments that are small."""
    folder = machine.folder / "files"
    folder.mkdir(exist_ok=True)
    result = machine("run", *options, "--dir", f"{folder}::/f", "--", guest("many"), count, "/f")
    assert result.returncode == 0, result.stderr
    return result.stderr.splitlines()[0], result


def local_twin(machine, recorded):
    """What a registry that is nothing else says of the files that were recorded."""
    twin = Timecraft.__new__(Timecraft)
    twin.folder, twin.registry = machine.folder, recorded.registry
    config = machine.folder / "twin.yaml"
    config.write_text(f"registry:\n  location: {recorded.registry}\n")
    twin.env = {"PATH": os.environ["PATH"], "HOME": str(machine.folder), "TIMECRAFTCONFIG": str(config), "LANG": "C"}
    return twin


def same_everywhere(writer, reader, name):
    """All that can be asked of a process is answered elsewhere as where it was recorded."""
    twin = local_twin(reader, writer)
    for command in (["trace", "syscall", name], ["logs", name], ["describe", "process", name], ["replay", name]):
        here, there = twin(*command), reader(*command)
        assert (there.returncode, there.stdout, there.stderr) == (here.returncode, here.stdout, here.stderr), command


def test_recorded_here_and_read_there(machines, guest, swift):
    a, b = machines("a"), machines("b")
    name, result = many(a, guest, 10000, "--segment-size", "100k")
    assert result.stderr == name + "\n"
    assert a.ids() == b.ids() == [name]
    same_everywhere(a, b, name)
    module = hashlib.sha256(guest("many").read_bytes()).hexdigest()
    files = {path.name: path.stat().st_size for path in a.process(name).iterdir() if path.name != "lock"}
    assert len(files) > 3
    expected = {f"{a.prefix}/processes/{name}/{file}": size for file, size in files.items()}
    expected[f"{a.prefix}/modules/sha256/{module[:2]}/{module}"] = guest("many").stat().st_size
    assert swift.objects(a.prefix + "/") == expected
    assert b("check").stdout == "checked 1 process and 1 module: 0 are damaged\n"
    assert a("push").stdout == "0 processes uploaded, 0 bytes sent\n"


def test_few_records_fetch_few_parts(machines, guest, proxy):
    a, b = machines("a"), machines("b", proxy.url)
    name, _ = many(a, guest, 100000, "--segment-size", "1m")
    size = sum(path.stat().st_size for path in a.process(name).iterdir())
    assert b("get", "process").returncode == 0
    proxy.received = 0
    lines = b.lines("trace", "syscall", name, "--records", "100000..100009")
    assert len(lines) == 10
    assert proxy.received < size / 4 and proxy.received < 2 << 20
    assert lines == local_twin(b, a).lines("trace", "syscall", name, "--records", "100000..100009")
    proxy.received = 0
    assert b.lines("trace", "syscall", name, "--records", "100000..100009") == lines
    assert proxy.received < 4096  # the list of processes


def test_exported_from_the_store_and_imported_into_it(machines, guest, tmp_path):
    a, b = machines("a"), machines("b")
    name, _ = many(a, guest, 5000, "--segment-size", "64k")
    for what in (["process", name], ["log", name]):
        here, there = tmp_path / "here", tmp_path / "there"
        assert local_twin(a, a)("export", *what, "-o", here).returncode == 0
        assert b("export", *what, "-o", there).returncode == 0
        if what[0] == "process":
            assert here.read_bytes() == there.read_bytes()
    assert b("export", "process", name, "-o", tmp_path / "bundle").returncode == 0
    assert b("delete", "process", name).returncode == 0
    assert machines("c").ids() == []
    d = machines("d")
    assert d.lines("import", tmp_path / "bundle") == [name]
    same_everywhere(d, machines("e"), name)


def test_deleted_for_all(machines, guest, swift):
    a, b = machines("a"), machines("b")
    first, _ = many(a, guest, 10)
    second, _ = many(a, guest, 10)
    assert sorted(b.ids()) == sorted([first, second])
    assert b("delete", "process", first).returncode == 0
    assert b.ids() == [second] and machines("c").ids() == [second]
    assert not any(first in key for key in swift.objects(a.prefix + "/"))
    assert sorted(a.ids()) == sorted([first, second])  # what was recorded here stays until it is deleted here
    assert a("delete", "process", first, second).returncode == 0
    assert a.ids() == b.ids() == [] and swift.objects(a.prefix + "/") == {}


def test_pruned_for_all(machines, guest, swift):
    a, b = machines("a"), machines("b")
    names = [many(a, guest, 10)[0] for _ in range(3)]
    assert b("prune", "--keep", "1", "--yes").returncode == 0
    assert b.ids() == names[2:] == machines("c").ids()
    assert sum("/processes/" in key for key in swift.objects(a.prefix + "/")) == 2  # a manifest, a segment
    assert len([key for key in swift.objects(a.prefix + "/") if "/modules/" in key]) == 1


def test_imported_where_it_is_already(machines, guest, tmp_path):
    a, b = machines("a"), machines("b")
    name, _ = many(a, guest, 100)
    assert a("export", "process", name, "-o", tmp_path / "bundle").returncode == 0
    result = b("import", tmp_path / "bundle")
    assert (result.returncode, result.stdout) == (0, name + "\n")
    assert "it is in the registry already, and the same" in result.stderr


def test_many_readers_at_once(machines, guest):
    a, b = machines("a"), machines("b")
    names = [many(a, guest, 3000, "--segment-size", "64k")[0] for _ in range(3)]
    expected = {name: local_twin(b, a).lines("trace", "syscall", name) for name in names}
    for _ in range(3):
        readers = [(name, b.start("trace", "syscall", name)) for name in names * 2]
        for name, reader in readers:
            out, err = reader.communicate()
            assert (reader.returncode, err) == (0, "") and out.splitlines() == expected[name]


def test_seen_while_it_runs(machines, guest, swift):
    a, b = machines("a"), machines("b")
    (a.folder / "f").mkdir()
    process = a.start("run", "--segment-size", "100k", "--dir", f"{a.folder}/f::/f", "--", guest("many"), 1000000, "/f")
    name = process.stderr.readline().strip()
    while sum(key.endswith(".log") for key in swift.objects(a.prefix + "/")) < 3:
        assert process.poll() is None
        time.sleep(0.1)
    assert [each["status"] for each in b.json("get", "process", "-o", "json")] == ["running"]
    assert len(b.lines("trace", "syscall", name, "--records", "1..10")) == 10
    assert "is running" in b("delete", "process", name).stderr
    process.kill()
    process.communicate()
    # Killed: who runs something next uploads what is left, and the other sees what happened.
    many(a, guest, 10)
    push = a("push")
    assert push.returncode == 0
    same_everywhere(a, b, name)
    assert f"{a.prefix}/processes/{name}/running" not in swift.objects(a.prefix + "/")
    assert f"{a.prefix}/processes/{name}/tail" in swift.objects(a.prefix + "/")


def test_a_bounded_recording_is_bounded_there(machines, guest, swift):
    a = machines("a")
    name, _ = many(a, guest, 160000, "--segment-size", "200k", "--record-limit", "8M")
    here = {path.name for path in a.process(name).iterdir()} - {"lock"}
    prefix = f"{a.prefix}/processes/{name}/"
    assert {key[len(prefix):] for key in swift.objects(prefix)} == here
    same_everywhere_but_replay(a, machines("b"), name)


def same_everywhere_but_replay(writer, reader, name):
    there, here = (machine("trace", "syscall", name) for machine in (reader, local_twin(reader, writer)))
    assert (there.returncode, there.stdout, there.stderr) == (here.returncode, here.stdout, here.stderr) and there.returncode == 0


@pytest.mark.parametrize("fault", ["busy", "cut_request", "cut_response", "short_response", "refused", "wrong_range"])
def test_a_fault_now_and_then_changes_nothing(machines, guest, proxy, swift, fault):
    a, b = machines("a", proxy.url), machines("b", proxy.url)
    proxy.fault, proxy.every = fault, 3
    name, result = many(a, guest, 10000, "--segment-size", "100k")
    assert result.stderr == name + "\n"
    direct = machines("direct")
    same_everywhere(a, direct, name)
    assert b.ids() == [name]
    same_everywhere(a, b, name)
    assert proxy.faults > 3
    prefix = f"{a.prefix}/processes/{name}/"
    assert {key[len(prefix):] for key in swift.objects(prefix)} == {path.name for path in a.process(name).iterdir()} - {"lock"}


def test_a_stalled_connection_is_given_up(machines, guest, proxy):
    a = machines("a", proxy.url)
    proxy.fault, proxy.every, proxy.most = "stall", 2, 1
    name, result = many(a, guest, 100)
    assert result.stderr == name + "\n" and proxy.faults == 1
    same_everywhere(a, machines("b"), name)


def test_what_could_not_be_uploaded_is_uploaded_later(machines, guest, proxy, swift):
    a, b = machines("a", proxy.url), machines("b")
    proxy.fault, proxy.every = "busy", 1
    name, result = many(a, guest, 10000, "--segment-size", "100k")
    assert result.stdout.endswith("done\n")
    assert "the recording is not all in the store: process" in result.stderr and "timecraft push" in result.stderr
    assert b.ids() == []
    there = a("get", "process")
    assert there.returncode == 1 and there.stdout == "" and "the store answered 503" in there.stderr
    proxy.fault = None
    assert a("push").stdout.startswith("1 process uploaded, ")
    assert b.ids() == a.ids() == [name]
    same_everywhere(a, b, name)


def test_a_reader_says_that_it_can_not_go_on(machines, guest, proxy):
    a, b = machines("a"), machines("b", proxy.url)
    name, _ = many(a, guest, 10000, "--segment-size", "100k")
    assert b("get", "process").returncode == 0
    proxy.fault, proxy.every, proxy.after = "cut_response", 1, 3
    whole = local_twin(b, a).lines("trace", "syscall", name)
    result = b("trace", "syscall", name)
    shown = result.stdout.splitlines()
    assert result.returncode == 1 and "tried 6 times" in result.stderr and "damaged" not in result.stderr
    assert shown == whole[:len(shown)] and len(shown) < len(whole)
    proxy.fault = None
    assert b.lines("trace", "syscall", name) == whole


def test_killed_at_any_time_it_is_uploaded_once(machines, guest, swift):
    a, b = machines("a"), machines("b")
    (a.folder / "f").mkdir()
    names = []
    for pause in (0, 0.02, 0.1, 0.3, 0.6):
        process = a.start("run", "--segment-size", "100k", "--dir", f"{a.folder}/f::/f", "--", guest("many"), 100000, "/f")
        names.append(process.stderr.readline().strip())
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        push = a.start("push")
        time.sleep(pause / 3)
        push.kill()
        push.communicate()
    assert a("push").returncode == 0
    assert sorted(b.ids()) == sorted(names)
    for name in names:
        same_everywhere_but_replay(a, b, name)


@pytest.mark.parametrize("changes, says", [
    ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "see AWS_SECRET_ACCESS_KEY"),
    ({"AWS_ACCESS_KEY_ID": "nobody"}, "see AWS_"),
    ({"AWS_ACCESS_KEY_ID": ""}, "there are no credentials: set AWS_ACCESS_KEY_ID"),
    ({"AWS_REGION": "eu-west-1"}, "AWS_REGION names another region than the bucket's"),
    ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "tried 6 times: "),
    ({"AWS_ENDPOINT_URL": "127.0.0.1"}, "is no URL that begins with http://"),
])
def test_what_is_wrong_is_said(machines, changes, says):
    a = machines("a")
    a.env |= changes
    result = a("get", "process")
    assert (result.returncode in (1, 2), result.stdout) == (True, "") and says in result.stderr, result.stderr


def test_over_tls(machines, guest, swift, tmp_path):
    needs("openssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "own.pem", "-days", "2",
                    "-subj", "/CN=store", "-addext", "subjectAltName=IP:127.0.0.1"], cwd=tmp_path, check=True, capture_output=True)
    with Proxy(swift.port, (tmp_path / "own.pem", tmp_path / "key.pem")) as proxy:
        a, b = machines("a", proxy.url), machines("b", proxy.url)
        stranger = a("get", "process")
        assert stranger.returncode == 1 and "certificate" in stranger.stderr and "tried" not in stranger.stderr
        a.env["AWS_CA_BUNDLE"] = b.env["AWS_CA_BUNDLE"] = str(tmp_path / "own.pem")
        name, result = many(a, guest, 5000, "--segment-size", "64k")
        assert result.stderr == name + "\n"
        assert b.ids() == [name]
        same_everywhere(a, b, name)


def test_a_deletion_that_was_interrupted_is_done_again(machines, guest, proxy, swift):
    a, b = machines("a"), machines("b", proxy.url)
    name, _ = many(a, guest, 10000, "--segment-size", "100k")
    assert b.ids() == [name]
    before = len(swift.objects(a.prefix + "/"))
    proxy.fault, proxy.every, proxy.after = "busy", 1, 6
    result = b("delete", "process", name)
    assert result.returncode == 1 and "the store answered 503" in result.stderr
    assert 2 < len(swift.objects(a.prefix + "/")) < before
    proxy.fault = None
    assert b("delete", "process", name).returncode == 0
    assert swift.objects(a.prefix + "/") == {} and b.ids() == []


def test_nothing_runs_for_a_store_that_nobody_may_ask(machines, guest):
    a = machines("a")
    del a.env["AWS_SECRET_ACCESS_KEY"]
    result = a("run", "--", guest("many"), 10, "/f")
    assert (result.returncode, result.stdout) == (1, "") and "there are no credentials" in result.stderr
    assert not a.registry.exists()
    assert a("run", "--fly-blind", "--", guest("many"), 0).returncode == 0


def test_there_is_no_such_bucket(machines):
    a = machines("a")
    a.config.write_text(f"registry: s3://{BUCKET}-not\n")
    result = a("get", "process")
    assert result.returncode == 2 and "make the bucket, or name another in the configuration" in result.stderr
    assert os.listdir(a.folder / ".timecraft" / "stores")


def test_credentials_from_files(machines, guest):
    a = machines("a")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"):
        del a.env[name]
    url = machines("b").env["AWS_ENDPOINT_URL"]
    (a.folder / ".aws").mkdir()
    (a.folder / ".aws" / "credentials").write_text(f"[other]\naws_access_key_id = x\n[mine]\naws_access_key_id = {KEY}\n"
                                                   f"aws_secret_access_key={SECRET}\n")
    (a.folder / ".aws" / "config").write_text(f"[profile mine]\nregion = {REGION}\nendpoint_url = {url}\n")
    a.env["AWS_PROFILE"] = "mine"
    name, _ = many(a, guest, 10)
    assert a.ids() == [name]
