"""What is kept out of recordings, and out of bundles."""

import base64
import json
import re
import socket
import subprocess
import tarfile
import threading

import pytest
from conftest import wait_for
from test_bundle import there  # noqa: F401 (a fixture)


NAMED = ("values were not recorded, and the guest gets * in their place, so that it may do something else: ")


def files_of(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_a_guest_gets_no_variables_but_those_named(timecraft, guest):
    timecraft.env["TOKEN"] = "hunter22"
    assert timecraft("run", guest("secrets"), "TOKEN").stdout == "TOKEN is right\n"
    assert timecraft("run", "--no-env", guest("secrets"), "TOKEN", "count").stdout == "TOKEN is unset\n0 variables\n"
    assert timecraft("run", "--no-env", "-e", "TOKEN", guest("secrets"), "TOKEN", "count").stdout == "TOKEN is right\n1 variables\n"
    config = timecraft.folder / "no-env.yaml"
    config.write_text(f"registry:\n  location: {timecraft.registry}\ndefaults:\n  no_env: true\n  env: [A=1]\n")
    assert timecraft("run", "-c", config, guest("secrets"), "TOKEN", "count").stdout == "TOKEN is unset\n1 variables\n"


def test_values_are_kept_out_of_the_recording(timecraft, guest):
    values = {"MY_TOKEN": "hunter22", "PLAIN": "seen-value", "OTHER_TOKEN": "", "A_TOKEN": "x=y-secret"}
    env = [f"--env={name}={value}" for name, value in values.items()]
    run = timecraft("run", "--restrict", "--record-exclude-env", "*_TOKEN", *env, guest("secrets"), "MY_TOKEN")
    assert (run.returncode, run.stdout) == (0, "MY_TOKEN is right\n")
    # As it is, and with all blocks read.
    shown = timecraft("trace", "syscall", "-o", "json", "@last").stdout.encode()
    manifest = (timecraft.process() / "manifest.yaml").read_bytes()
    for secret in b"hunter22", b"y-secret":
        assert secret not in shown + manifest + files_of(timecraft.process())
    assert b"seen-value" in shown and b'"MY_TOKEN=********"' in manifest and b'"A_TOKEN=**********"' in manifest
    assert timecraft("describe", "process", "-o", "json").stdout.count('"env_withheld":["MY_TOKEN","OTHER_TOKEN","A_TOKEN"]') == 1
    # A replay gives what the recording has, and says so.
    names = "MY_TOKEN, OTHER_TOKEN, A_TOKEN"
    replay = timecraft("replay", "@last")
    assert replay.returncode == 1
    assert replay.stderr.startswith(f"timecraft: {NAMED}{names}\ntimecraft: the replay diverged at record ")
    assert replay.stderr.endswith(
        f"timecraft: the reason may be that the guest got * in place of values that were not recorded: {names}\n")


def test_a_replay_that_does_not_look_at_what_was_withheld_is_the_same(timecraft, guest):
    timecraft("run", "--restrict", "--record-exclude-env", "TOK?N", "--env", "TOKEN=hunter22", guest("secrets"), "PATH")
    replay = timecraft("replay", "@last")
    assert (replay.returncode, replay.stdout, replay.stderr) == (0, "PATH is unset\n", f"timecraft: {NAMED}TOKEN\n")


def test_the_configuration_withholds_too(timecraft, guest):
    config = timecraft.folder / "exclude.yaml"
    config.write_text(f'registry:\n  location: {timecraft.registry}\ndefaults:\n  record_exclude_env: ["T*"]\n')
    run = timecraft("run", "-c", config, "--restrict", "-e", "TOKEN=hunter22", guest("secrets"), "TOKEN")
    assert run.stdout == "TOKEN is right\n"
    assert b"hunter22" not in files_of(timecraft.process())
    assert timecraft("replay", "-q", "@last").returncode == 1


def test_a_running_process_is_exported_as_it_is_now(timecraft, there, guest):
    process = timecraft.start("run", "--restrict", guest("ends"), "sleep")
    wait_for(lambda: "poll_oneoff" in timecraft("trace", "syscall", "@last").stdout)
    expected = timecraft("trace", "syscall", "@last").stdout
    result = timecraft("export", "process", "-o", "b.tar")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    process.kill()
    process.communicate()
    told = timecraft("trace", "syscall", "b.tar")
    note = r"timecraft: the recording is a copy, of \S+, when its process was still running\n"
    assert told.stdout == expected and re.fullmatch(note, told.stderr) and told.returncode == 0
    described = timecraft("describe", "process", "-o", "yaml", "b.tar").stdout
    assert 'status: "copied while running"' in described and "snapshot: " in described
    replay = timecraft("replay", "b.tar")
    assert replay.returncode == 1
    assert re.fullmatch(note + r"timecraft: the recording ends here, at record \d+: its process was still running\n", replay.stderr)
    # It is sealed: nothing of a tail is in it, and it is whole.
    assert there("import", timecraft.folder / "b.tar").returncode == 0
    assert there("get", "process").stdout.splitlines()[1].rstrip().endswith("copied while running")
    assert {"00000000.log", "manifest.yaml"} <= {path.name for path in there.process().iterdir()} <= {
        "00000000.log", "lock", "manifest.yaml"}
    check = there("check", "@last")
    assert (check.returncode, check.stderr) == (0, "")


def records(timecraft, name, *arguments):
    """Of a trace; not the last ones, which may be under way. Times of what is in the tail still get more exact by a nanosecond."""
    lines = timecraft("trace", "syscall", "-o", "json", *arguments, name).stdout.splitlines()
    return [{**json.loads(line), "time": 0, "duration": 0} for line in lines[:-2]]


@pytest.mark.parametrize("options", [(), ("--segment-size", "64K"), ("--record-limit", "8M", "--segment-size", "256K")])
def test_a_copy_has_the_records_of_the_process(timecraft, there, guest, options):
    process = timecraft.start("run", "--restrict", *options, guest("chatter"), "400000", stderr=subprocess.DEVNULL)
    processes = timecraft.registry / "processes"
    wait_for(lambda: len(list(processes.glob("*/0*.log"))) > (2 if options else 0))
    assert timecraft("export", "process", "-o", there.folder / "b.tar").returncode == 0
    assert process.wait() == 0
    copied = records(there, "b.tar")
    first, last = (copied[i]["record"] for i in (0, -1))
    assert last - first + 1 == len(copied) and (first == 0 or "--record-limit" in options)
    if first == 0:
        assert records(timecraft, "@last", "--records", f"0..{last + 2}")[:len(copied)] == copied
    assert there("import", "b.tar").returncode == 0
    check = there("check", "@last")
    assert (check.returncode, check.stderr) == (0, "")


@pytest.fixture
def answer():
    """answer(BYTES) is the address of a server that gives one connection these, piece by piece, when it has the end of a request."""
    threads = []

    def start(response):
        listener = socket.create_server(("127.0.0.1", 0))

        def serve():
            with listener, listener.accept()[0] as connection:
                request = b""
                while not request.endswith(b"END"):
                    request += connection.recv(4096)
                connection.sendall(response)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return "127.0.0.1:%d" % listener.getsockname()[1]

    yield start
    for thread in threads:
        thread.join()


def talk(timecraft, guest, address, request):
    """A run of a client, with a bundle of it as it is."""
    run = timecraft("run", "--restrict", "--env", f"REQUEST={request}", "--env", "API_KEY=key-0123456789", "--env", "PIN=77",
                    "--dial", address, guest("client"))
    assert run.returncode == 0, run.stderr
    return run.stdout


def unpacked(timecraft, bundle):
    """All that can be had of a bundle: its files, and what is in their blocks."""
    with tarfile.open(timecraft.folder / bundle) as tar:
        files = b"".join(tar.extractfile(member).read() for member in tar.getmembers() if not member.name.endswith(".wasm"))
    shown = [timecraft(*command, bundle) for command in (
        ("trace", "syscall", "-o", "json"), ("trace", "network", "-o", "json"), ("trace", "request", "-v", "--show-secrets", "-o", "json"),
        ("logs",), ("describe", "process", "-v", "-o", "json"))]
    assert [result.returncode for result in shown] == [0] * len(shown)
    texts = "".join(result.stdout for result in shown)
    decoded = b"".join(base64.b64decode(text) for text in re.findall(r'"base64":"([^"]*)"', texts))
    return files + texts.encode() + decoded


RULES = ("--redact-env", "API_*", "--redact-env", "PIN", "--redact-header", "Authorization",
         "--redact-header", "*cookie", "--redact-text", "[0-9]{4}-[0-9]{4}")
REQUEST = ("POST /login HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer tok-abcdefgh\r\nCookie: sid=cookie-one; lang=english-x\r\n"
           "Content-Length: 40\r\n\r\nkey-0123456789 and 1234-5678, no pin  END")
RESPONSE = (b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=cookie-two; Path=/login; Secure; HttpOnly\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"8\r\nseen tok\r\n6\r\n-abcde\r\na\r\nfgh and 87\r\n5\r\n65-43\r\n9\r\n21 public\r\n0\r\n\r\n")
SECRETS = (b"tok-abcdefgh", b"abcdefgh", b"cookie-one", b"cookie-two", b"english-x", b"key-0123456789", b"1234-5678", b"PIN=77", b"65-43")


def test_a_redacted_bundle_has_no_secrets(timecraft, there, guest, answer):
    assert "public" in talk(timecraft, guest, answer(RESPONSE), REQUEST)
    assert timecraft("export", "process", "-o", there.folder / "whole.tar").returncode == 0
    before = unpacked(there, "whole.tar")
    assert [secret for secret in SECRETS if secret not in before] == []
    result = timecraft("export", "process", *RULES, "-o", there.folder / "b.tar")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    after = unpacked(there, "b.tar")
    assert [secret for secret in SECRETS if secret in after] == []
    # All else is there, and the marks.
    assert b"public" in after and b"POST" in after and b"/login" in after
    rules = [f"{kind} {rule}" for kind, rule in (("env", "API_*"), ("env", "PIN"), ("header", "Authorization"),
                                                 ("header", "*cookie"), ("text", "[0-9]{4}-[0-9]{4}"))]
    assert json.loads(there("describe", "process", "-o", "json", "b.tar").stdout)["redacted"] == rules
    note = "timecraft: secrets in the recording were replaced by *: " + ", ".join(rules) + "\n"
    assert there("logs", "b.tar").stderr == note
    line = there("trace", "request", "b.tar")
    assert line.stderr == note and "POST" in line.stdout and "200" in line.stdout
    replay = there("replay", "b.tar")
    assert (replay.returncode, replay.stderr) == (1, note + (
        "timecraft: the recording was redacted when it was exported: what the guest got is not all in it, so it cannot be run again; "
        "traces work\n"))
    # Elsewhere it keeps the mark.
    assert there("import", "b.tar").returncode == 0
    assert there("logs", "@last").stderr == note and there("check", "@last").returncode == 0


@pytest.mark.parametrize("head", ["Content-Encoding: gzip", "Upgrade: websocket"])
def test_what_cannot_be_searched_is_replaced(timecraft, there, guest, answer, head):
    talk(timecraft, guest, answer(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\nwho knows what is in here".encode()), REQUEST)
    result = timecraft("export", "process", "--redact-header", "cookie", "-o", there.folder / "b.tar")
    assert (result.returncode, result.stderr) == (0, (
        "timecraft: streams with parts that cannot be searched, as they are compressed or in another protocol: 2; those parts are replaced\n"))
    after = unpacked(there, "b.tar")
    assert b"who knows" not in after and b"knows" not in after and b"HTTP/1.1 200 OK" in after


def test_what_cannot_be_redacted_is_refused(timecraft, guest):
    timecraft("run", "--restrict", "--env", "B=wasi_snapshot_preview1", guest("client"))
    result = timecraft("export", "process", "--redact-env", "B", "-o", "b.tar")
    message = "timecraft: export: the module itself has in it what is to be redacted, and cannot be changed\n"
    assert (result.returncode, result.stderr) == (1, message) and not (timecraft.folder / "b.tar").exists()
    result = timecraft("export", "process", "--redact-text", "(", "-o", "b.tar")
    assert (result.returncode, result.stderr) == (2, "timecraft: export: --redact-text (: Unmatched ( or \\(\n")
    result = timecraft("export", "log", "--redact-env", "B", "-o", "b.tar")
    assert (result.returncode, result.stderr) == (2, "timecraft: export: only what is exported as a process is redacted\n")
