"""The program as tests call it, and the check that every guest goes through."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass
class Result:
    """What came of a command. `id` is the process that it recorded; `stderr` is without its line."""

    code: int
    stdout: bytes
    stderr: bytes
    id: str = None

    @property
    def text(self):
        return self.stdout.decode()

    @property
    def errors(self):
        return self.stderr.decode(errors="replace")


def split_id(code, stdout, stderr):
    first, _, rest = stderr.partition(b"\n")
    if UUID.fullmatch(first.decode(errors="replace")):
        return Result(code, stdout, rest, first.decode())
    return Result(code, stdout, stderr)


class Box:
    def __init__(self, program, folder):
        self.program = str(program)
        self.registry = folder / "registry"
        self.config = folder / "config.yaml"
        self.set_config("")

    def set_config(self, more):
        self.config.write_text(f"registry:\n  location: {self.registry}\n{more}")

    def env(self, env=None):
        return {"TIMECRAFTCONFIG": str(self.config), "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C", **(env or {})}

    def start(self, *words, env=None, **options):
        """A command that goes on while the test does something else."""
        for name in ("stdout", "stderr", "stdin"):
            options.setdefault(name, subprocess.PIPE)
        return subprocess.Popen([self.program, *map(str, words)], env=self.env(env), **options)

    def __call__(self, *words, stdin=b"", env=None, **options):
        if isinstance(stdin, bytes):
            options["input"] = stdin
        else:
            options["stdin"] = stdin
        for name in ("stdout", "stderr"):
            options.setdefault(name, subprocess.PIPE)
        done = subprocess.run([self.program, *map(str, words)], env=self.env(env), timeout=300, **options)
        return Result(done.returncode, done.stdout, done.stderr)

    def run(self, *words, **options):
        result = self("run", *words, **options)
        return split_id(result.code, result.stdout, result.stderr)

    def replay(self, *words, **options):
        return self("replay", *words, **options)

    def trace(self, *words, **options):
        return self("trace", "syscall", *words, **options)

    def good(self, *words, **options):
        """A command that must succeed; what it printed."""
        result = self(*words, **options)
        assert result.code == 0, result.errors
        return result.text


def check_guest(box, *words, code=0, stdout=None, stderr=None, gone=(), **options):
    """
    Runs a guest, and everything that must be the same each time: what it writes, its end, the lines of its calls, live, replayed, and
    from the log. The replay finds another world: `gone` deleted, another working directory, an empty environment and no input.
    """
    live_lines = box.config.parent / "live"
    run = box.run("--trace", "--string-size", "all", "--output-file", live_lines, *words, **options)
    assert run.code == code, run.errors
    if stdout is not None:
        assert run.stdout == stdout
    if stderr is not None:
        assert run.stderr == stderr
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    replay = box.replay(run.id, cwd="/")
    assert (replay.code, replay.stdout, replay.stderr) == (run.code, run.stdout, run.stderr)
    replayed_lines = box.config.parent / "replayed"
    again = box.replay("-q", "--trace", "--string-size", "all", "--output-file", replayed_lines, run.id, cwd="/")
    assert (again.code, again.stdout) == (run.code, b"")
    traced = box.trace("--string-size", "all", run.id, cwd="/")
    assert (traced.code, traced.stderr) == (0, b"")
    assert live_lines.read_bytes() == traced.stdout
    assert replayed_lines.read_bytes() == traced.stdout
    return run


def touched(box, *words):
    """The system calls of a command of ours on files, network, clocks and randomness, as strace has them, by name."""
    log = box.config.parent / "strace"
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", log, "-e", "trace=file,network,getrandom,clock_gettime,clock_nanosleep,ppoll,poll", "-s", "300",
         box.program, *map(str, words)],
        env=box.env(), capture_output=True, stdin=subprocess.DEVNULL, timeout=300,
    )
    calls = [re.sub(r"^\d+ +", "", line) for line in log.read_text(errors="replace").splitlines()]
    return done.returncode, [line for line in calls if re.match(r"\w+\(", line)]


def has_strace():
    return shutil.which("strace") is not None and os.environ.get("ASAN_OPTIONS") is None
