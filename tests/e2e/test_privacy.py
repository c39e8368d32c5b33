"""What is kept out of recordings, and out of bundles."""

import json
import re
import subprocess

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
    wait_for(lambda: timecraft.registry.exists() and len(list(timecraft.process().glob("*.log"))) > (2 if options else 0))
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
