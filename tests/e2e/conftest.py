"""What end-to-end tests share: the program with a registry of its own, and guests: small ones in C, and those of guests/."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("TIMECRAFT", ROOT / "build" / "timecraft"))
GUESTS = Path(__file__).parent / "guests"
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "guests"))

import build  # noqa: E402 (guests/build.py)
from programs import Box  # noqa: E402

# A shell that runs the tests in the background has them ignore SIGINT, and the programs that they start would ignore it too.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Timecraft:
    """Runs the program. Its registry is empty at the start of a test."""

    def __init__(self, folder):
        self.folder = folder
        self.registry = folder / "registry"
        config = folder / "config.yaml"
        config.write_text(f"registry:\n  location: {self.registry}\n")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TIMECRAFTCONFIG": str(config), "LANG": "C"}

    def command(self, *arguments):
        return [str(PROGRAM), *map(str, arguments)]

    def __call__(self, *arguments, **options):
        return subprocess.run(self.command(*arguments), env=self.env, capture_output=True, text=True, cwd=self.folder, **options)

    def start(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(self.command(*arguments), env=self.env, text=True, cwd=self.folder, **options)

    def lines(self, *arguments):
        """Of standard output, from a command that must succeed without a word on standard error."""
        result = self(*arguments)
        assert (result.returncode, result.stderr) == (0, "")
        return result.stdout.splitlines()

    def process(self, name="@last"):
        """The directory of a process."""
        return self.registry / "processes" / (name if name != "@last" else sorted(os.listdir(self.registry / "processes"))[-1])


@pytest.fixture
def timecraft(tmp_path):
    return Timecraft(tmp_path)


@pytest.fixture(scope="session")
def guest(tmp_path_factory):
    """guest("files") is the module that guests/files.c makes."""
    folder = tmp_path_factory.mktemp("guests")

    def build(name):
        module = folder / f"{name}.wasm"
        if not module.exists():
            if not shutil.which("clang-19") or not Path("/usr/lib/wasm32-wasi").exists():
                pytest.skip("no clang-19 with wasi-libc")
            # The level goes past the driver: it would run wasm-opt, where that happens to be there, which takes the names away.
            command = ["clang-19", "--target=wasm32-wasi", "--sysroot=/usr", "-Xclang", "-O1", "-o", module, GUESTS / f"{name}.c"]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        return module

    return build


@pytest.fixture
def box(tmp_path):
    """timecraft as programs are shown on it, with a registry of its own and an empty environment."""
    folder = tmp_path / "box"
    folder.mkdir()
    return Box(PROGRAM, folder)


@pytest.fixture
def world(tmp_path):
    """A folder for a guest's files."""
    folder = tmp_path / "world"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def program():
    """program(NAME): a guest of guests/, built if need be. What can't be had is skipped, but not where CI is true."""

    def make(name):
        try:
            return build.make(name)
        except build.Missing as missing:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"{name}: {missing}")

    return make


def wait_for(condition, seconds=60):
    """Waits until a condition holds; the time is only there so that a test that fails ends."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
