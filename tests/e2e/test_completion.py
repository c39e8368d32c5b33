"""What shells complete: commands, options, identifiers, modules, files."""

import os
import shutil
import subprocess

import pytest
from conftest import PROGRAM

# Calls the function as the shell does when the last word is completed.
DRIVER = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_timecraft
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def complete(timecraft):
    """Completes the last of some words in bash."""
    script = timecraft.folder / "completion"
    script.write_text("".join(line + "\n" for line in timecraft.lines("help", "--completion", "bash")))
    (timecraft.folder / "bin").mkdir()
    (timecraft.folder / "bin" / "timecraft").symlink_to(PROGRAM)
    env = dict(timecraft.env, PATH=f"{timecraft.folder / 'bin'}:{os.environ['PATH']}")

    def complete(*words):
        command = ["bash", "-c", DRIVER, "bash", script, "timecraft", *words]
        result = subprocess.run(command, env=env, cwd=timecraft.folder, capture_output=True, text=True, check=True)
        return result.stdout.split()

    return complete


def test_commands_and_options(complete):
    assert complete("re") == ["replay"]
    assert complete("e") == ["export"]
    assert complete("logs", "--f") == ["--follow"]
    assert complete("trace", "s") == ["syscall"]
    assert complete("get", "p") == ["process"]
    assert complete("get", "l") == ["log"]
    assert complete("describe", "runtime", "") == []
    assert complete("export", "") == ["process", "module", "log"]


def test_identifiers(timecraft, guest, complete):
    ids = [timecraft("run", guest("ends")).stderr.splitlines()[0] for _ in range(2)]
    digest = timecraft.lines("get", "module", "--ids")[0]
    assert complete("logs", "") == ids
    assert complete("replay", "-q", ids[1][:-1]) == [ids[1]]
    assert complete("trace", "syscall", "") == ids
    assert complete("describe", "") == ["process", "module", "log", "runtime", *ids]
    assert complete("describe", "log", "") == ids
    assert complete("describe", "module", "") == [digest.removeprefix("sha256:")]


def test_files(timecraft, complete):
    for name in ("one.wasm", "two.txt"):
        (timecraft.folder / name).touch()
    assert complete("run", "o") == ["one.wasm"]
    assert complete("run", "t") == []  # which leaves it to the shell
    assert complete("logs", "--config", "") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_well_formed(timecraft, shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell}")
    script = timecraft("help", "--completion", shell).stdout
    result = subprocess.run([shell, "-n", "/dev/stdin"], input=script, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
