"""bench.py [NAME...]: measures timecraft against a run without recording, against native code, and against the peers that are here.

Each line of the table compares two commands of one run of this script: they take turns, and the ratio is the median over the pairs, so
that what else the machine does falls on both. `./dev bench` calls it, with build/timecraft built.

  --pairs N   so many pairs each (default 7)
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "guests"))

import build as guests  # noqa: E402 (guests/build.py)

TIMECRAFT = ROOT / "build" / "timecraft"
CLANG = "clang-19"
GO = next((path for path in ("/usr/lib/go-1.23/bin/go", shutil.which("go")) if path and Path(path).exists()), None)


@dataclass
class Sample:
    """One run of a command: seconds of the clock and of the processor."""

    wall: float
    cpu: float


def run(command, env=None, stdout=subprocess.DEVNULL, keep=None):
    """Runs a command to its end, which must be good. `keep` gets what it wrote to standard error."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen([str(word) for word in command], env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {process.returncode}: {text.strip()[-300:]}")
    if keep is not None:
        keep.append(text)
    return Sample(wall, usage.ru_utime + usage.ru_stime)


def peak_memory(command, env):
    """The most memory that a command had, in bytes: the kernel's own mark, read until the command ends. (What wait4 tells of a child is at
    least what its parent had.)"""
    quiet = {stream: subprocess.DEVNULL for stream in ("stdin", "stdout", "stderr")}
    process = subprocess.Popen([str(word) for word in command], env=env, **quiet)
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        peak = max([peak, *(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))])
        time.sleep(0.002)
    if process.wait() != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {process.returncode}")
    return peak


class Bench:
    """A folder on disk with the programs, a registry of its own, and the table that is printed as it grows."""

    def __init__(self, folder, pairs):
        self.folder = folder
        self.pairs = pairs
        config = folder / "config.yaml"
        config.write_text(f"registry:\n  location: {folder}/registry\n")
        self.env = dict(os.environ, TIMECRAFTCONFIG=str(config))
        self.built = {}

    def guest(self, name):
        return self._build(f"{name}.wasm", [CLANG, "--target=wasm32-wasi"], name)

    def native(self, name):
        return self._build(name, [CLANG], name)

    def _build(self, output, compiler, name):
        if output not in self.built:
            source = ROOT / "bench" / "guests" / f"{name}.c"
            path = self.folder / output
            subprocess.run([*compiler, "-O2", "-ffp-contract=off", source, "-lm", "-o", path], check=True)
            self.built[output] = path
        return self.built[output]

    def go(self, name, **env):
        path = self.folder / ("-".join([name, *env.values()]) + ".go.out")
        if not path.exists():
            source = ROOT / "bench" / "guests" / f"{name}.go"
            subprocess.run([GO, "build", "-o", path, source], check=True, env=dict(os.environ, CGO_ENABLED="0", **env))
        return path

    def recorded(self, *words):
        return [TIMECRAFT, "run", *words]

    def blind(self, *words):
        return [TIMECRAFT, "run", "--fly-blind", *words]

    def record(self, *words):
        """Records a run once; its ID, the first line on standard error."""
        errors = []
        run(self.recorded(*words), env=self.env, keep=errors)
        return errors[0].split("\n")[0].split()[-1]

    def pairs_of(self, first, second, stdout=subprocess.DEVNULL):
        """`pairs` samples of each, in turn; one of each before that is thrown away, for the caches."""
        samples = []
        for turn in range(self.pairs + 1):
            pair = run(first, self.env, stdout), run(second, self.env, stdout)
            if turn:
                samples.append(pair)
            shutil.rmtree(self.folder / "registry" / "processes", ignore_errors=True)
        return samples

    def show(self, what, samples, goal, command, unit=None):
        """One line: medians of the clock, the median of the pairs' ratios, the processor's time beside it."""
        first, second = [pair[0] for pair in samples], [pair[1] for pair in samples]
        ratio = statistics.median(a.wall / b.wall for a, b in samples)
        print(
            f"{what:34} {milliseconds(first, 'wall'):>10} {milliseconds(second, 'wall'):>10}  {ratio:7.2f}"
            f"  cpu {milliseconds(first, 'cpu'):>10} {milliseconds(second, 'cpu'):>10}  {goal}"
        )
        print(f"    $ {shorten(command, self.folder)}", flush=True)

    def note(self, what, value, goal, command):
        print(f"{what:34} {value}  {goal}\n    $ {shorten(command, self.folder)}", flush=True)


def milliseconds(samples, field):
    return f"{statistics.median(getattr(sample, field) for sample in samples) * 1000:.1f} ms"


def shorten(command, folder):
    return " ".join(str(word) for word in command).replace(str(folder) + "/", "").replace(str(ROOT) + "/", "")


def bench_clock(bench):
    """Recording one clock_time_get, beside one clock_gettime of this machine."""
    count = 1_000_000
    words = [bench.guest("calls"), "clock"]
    samples = bench.pairs_of(bench.recorded(*words, count), bench.blind(*words, count))
    bench.show("clock_time_get, recorded : blind", samples, "", bench.recorded(*words, count))
    native = bench.pairs_of([bench.native("calls"), "clock", count], [bench.native("calls"), "clock", 0])
    empty = bench.pairs_of(bench.recorded(*words, 0), bench.blind(*words, 0))
    start = statistics.median(a.wall - b.wall for a, b in empty)
    cost = (statistics.median(a.wall - b.wall for a, b in samples) - start) / count * 1e9
    gettime = statistics.median(a.wall - b.wall for a, b in native) / count * 1e9
    bench.note("  cost of recording one", f"{cost:.0f} ns; one native clock_gettime: {gettime:.0f} ns",
        f"goal: {max(60, 1.5 * gettime):.0f} ns", bench.recorded(*words, count))


def bench_write(bench):
    """100,000 fd_write of 100 bytes to a file on disk."""
    words = ["--", bench.guest("calls"), "write", 100_000, bench.folder / "written"]
    samples = bench.pairs_of(bench.recorded(*words), bench.blind(*words))
    bench.show("100,000 fd_write of 100 B", samples, "goal: 1.10", bench.recorded(*words))


def bench_read(bench):
    """100,000 fd_read of 4 KiB."""
    words = ["--", bench.guest("calls"), "read", 100_000, some_file(bench)]
    samples = bench.pairs_of(bench.recorded(*words), bench.blind(*words))
    bench.show("100,000 fd_read of 4 KiB", samples, "goal: 2.5", bench.recorded(*words))


def some_file(bench):
    """4 MiB of text: lines of counted numbers, which compress as logs do."""
    path = bench.folder / "some-file"
    if not path.exists():
        text = "".join(f"{i} {i * 2654435761 % 4294967296:x} request served in {i * 37 % 1009} us\n" for i in range(120_000))
        path.write_text(text[: 4 << 20])
    return path


def bench_trace(bench):
    """run --trace into a file, beside the same run without."""
    words = ["--", bench.guest("calls"), "write", 100_000, bench.folder / "written"]
    traced = [TIMECRAFT, "run", "--trace", "--output-file", bench.folder / "trace", *words]
    samples = bench.pairs_of(traced, bench.recorded(*words))
    bench.show("run --trace : run, fd_write", samples, "goal: 2", traced)


def bench_observe(bench):
    """What a call costs that is watched: shown, and looked at but not shown."""
    count = 1_000_000
    words = ["--", bench.guest("calls"), "clock", count]
    for what, options in {"shown": [], "not shown": ["--filter", "fd_read"]}.items():
        traced = [TIMECRAFT, "run", "--fly-blind", "--trace", "--output-file", bench.folder / "trace", *options, *words]
        samples = bench.pairs_of(traced, bench.blind(*words))
        bench.show(f"blind with --trace : blind, {what}", samples, "", traced)
        cost = statistics.median(a.cpu - b.cpu for a, b in samples) / count * 1e9
        bench.note("  cost of watching a call", f"{cost:.0f} ns of the processor", "", traced)


def bench_start(bench):
    """From start to exit, over native."""
    hello, native = bench.guest("hello"), bench.native("hello")
    start_of(bench, "C hello : native", bench.recorded(hello), [native], 5)
    if GO:
        start_of(bench, "Go hello : native", bench.recorded(bench.go("hello", GOOS="wasip1", GOARCH="wasm")), [bench.go("hello")], 60)
    else:
        print("Go hello: skipped, no go here")


def start_of(bench, what, guest, native, goal):
    samples = bench.pairs_of(guest, native)
    over = statistics.median(a.wall - b.wall for a, b in samples) * 1000
    bench.show(what, samples, f"over native: {over:.1f} ms, goal: {goal} ms", guest)


def bench_replay(bench):
    """Replay, beside the run that it repeats."""
    calls, compute = bench.guest("calls"), bench.guest("compute")
    guests = {
        "computes": ([compute, "nbody", 500_000], "goal: 1.02"),
        "reads": ([calls, "read", 100_000, some_file(bench)], "goal: below 1"),
        "writes": ([calls, "write", 100_000, bench.folder / "written"], "goal: below 1"),
        "waits": ([calls, "sleep", 300], "goal: below 1"),
    }
    for name, (words, goal) in guests.items():
        samples = []
        for turn in range(bench.pairs + 1):
            live = run(bench.recorded("--", *words), bench.env)
            replay = [TIMECRAFT, "replay", "-q", "@last"]
            pair = run(replay, bench.env), live
            if turn:
                samples.append(pair)
            shutil.rmtree(bench.folder / "registry" / "processes", ignore_errors=True)
        bench.show(f"replay : run that {name}", samples, goal, replay)


def bench_memory(bench):
    """The most memory while recording, over that of the same run without."""
    for words in (["clock", 1_000_000], ["read", 100_000, some_file(bench)], ["write", 100_000, bench.folder / "written"]):
        command = bench.recorded("--", bench.guest("calls"), *words)
        blind = bench.blind("--", bench.guest("calls"), *words)
        over = max(peak_memory(command, bench.env) - peak_memory(blind, bench.env) for _ in range(bench.pairs)) / (1 << 20)
        bench.note(f"memory while recording, {words[0]}", f"{over:.1f} MiB more", "goal: 32 MiB", command)


def bench_validate(bench):
    """Decoding and validating large modules, on one processor."""
    subprocess.run(["ninja", "-C", ROOT / "build", "bench/validate"], check=True, stdout=subprocess.DEVNULL)
    for name in ("esbuild.wasm", "python.wasm"):
        try:
            module = guests.make(name)
        except guests.Missing as missing:
            print(f"{name}: skipped: {missing}")
            continue
        command = [ROOT / "build" / "bench" / "validate", module, 3 * bench.pairs]
        result = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
        seconds = statistics.median(map(float, result.stdout.split()))
        size = module.stat().st_size / 1e6
        bench.note(f"validating {name}", f"{size / seconds:.0f} MB/s: {size:.1f} MB in {seconds * 1000:.1f} ms", "", command)


def bench_requests(bench):
    """Protocols from events to lines of text, on one processor: many small exchanges, large bodies, small pieces."""
    subprocess.run(["ninja", "-C", ROOT / "build", "bench/requests"], check=True, stdout=subprocess.DEVNULL)
    for what, words in {
        "small": (200_000, 12), "large": (2_000, 1_000_000), "in pieces of 100 bytes": (1_000, 100_000, 100),
        "HTTP/2, small": (500_000, 12, 65536, "HTTP2"), "HTTP/2, large": (2_000, 1_000_000, 65536, "HTTP2"),
        "Redis, small": (500_000, 12, 65536, "Redis"), "Redis, large": (2_000, 1_000_000, 65536, "Redis"), "DNS": (200_000, 0, 65536, "DNS"),
        "PostgreSQL, small": (200_000, 0, 65536, "PostgreSQL"), "PostgreSQL, rows": (20_000, 1000, 65536, "PostgreSQL"),
        "MySQL, small": (200_000, 0, 65536, "MySQL"), "MySQL, rows": (20_000, 1000, 65536, "MySQL"),
        "WebSocket, small": (500_000, 12, 65536, "WebSocket"), "WebSocket, large": (2_000, 1_000_000, 65536, "WebSocket"),
    }.items():
        command = [str(word) for word in (ROOT / "build" / "bench" / "requests", *words)]
        samples = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(bench.pairs)]
        seconds = statistics.median(float(sample[0]) for sample in samples)
        exchanges, size = int(samples[0][1]), int(samples[0][2])
        value = f"{exchanges / seconds:,.0f} exchanges/s, {size / 1e6 / seconds:,.0f} MB/s"
        bench.note(f"requests, {what}", value, "goal: 1,000,000 small, 200 MB/s", command)


def bench_registry(bench):
    """Commands on a registry of 100,000 processes: lists, and finding one."""
    subprocess.run(["ninja", "-C", ROOT / "build", "bench/fill_registry"], check=True, stdout=subprocess.DEVNULL)
    config, registry = bench.folder / "many.yaml", bench.folder / "many"
    config.write_text(f"registry:\n  location: {registry}\n")
    subprocess.run([ROOT / "build" / "bench" / "fill_registry", registry, "100000"], check=True)
    time.sleep(2.1)  # what was made just now is not put into the index
    env = dict(os.environ, TIMECRAFTCONFIG=str(config))
    index = registry / "processes" / ".index"
    for what, words, goal, fresh in (
        ("the first time", ["get"], "", True),
        ("", ["get"], "goal: 1 s", False),
        ("identifiers", ["get", "--ids"], "goal: 1 s", False),
        ("modules", ["get", "module"], "goal: 1 s", False),
        ("one by its end", ["get", "@last"], "goal: 1 s", False),
        ("json", ["get", "-o", "json"], "", False),
    ):
        command, samples = [TIMECRAFT, *words], []
        for _ in range(bench.pairs):
            if fresh:
                index.unlink(missing_ok=True)
            samples.append(run(command, env))
        value = f"{milliseconds(samples, 'wall')}, cpu {milliseconds(samples, 'cpu')}"
        bench.note(f"100,000 processes {what}".strip(), value, goal, command)


def bench_served(bench):
    """Traces of a server in Go that answered 20,000 requests, and ten times as many."""
    if not shutil.which("ab"):
        print("served: skipped: ab is not here")
        return
    module = guests.make("go-server.wasm")
    for count in (20_000, 200_000):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        command = [str(word) for word in bench.recorded(module, address)]
        server = subprocess.Popen(command, env=bench.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        server.stdout.readline()  # it listens
        subprocess.run(["ab", "-q", "-k", "-c", "10", "-n", str(count), f"http://{address}/"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["ab", "-q", f"http://{address}/stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process = server.communicate()[1].split()[0]
        for kind in ("request", "network"):
            trace = [TIMECRAFT, "trace", kind, process]
            seconds = statistics.median(run(trace, bench.env).cpu for _ in range(bench.pairs))
            memory = max(peak_memory(trace, bench.env) for _ in range(bench.pairs)) / (1 << 20)
            goal = "goal: 100 ms, 24 MiB" if count == 20_000 else "goal: the same memory"
            bench.note(f"trace {kind}, {count:,} requests", f"{seconds * 1000:.0f} ms of processor, {memory:.1f} MiB", goal, trace)


KERNELS = {"matmul": 60, "nbody": 500_000, "mandelbrot": 500, "hash": 100_000, "sieve": 20, "calls": 33, "sort": 500_000}


def bench_compute(bench):
    """Programs that compute, over clang -O2; peers over the same."""
    guest, native = bench.guest("compute"), bench.native("compute")
    for engine, command in engines(bench, guest).items():
        ratios = []
        for kernel, size in KERNELS.items():
            words = [kernel, size]
            expected = subprocess.run([native, *map(str, words)], check=True, capture_output=True).stdout
            got = subprocess.run([*map(str, command), *map(str, words)], check=True, capture_output=True, env=bench.env).stdout
            if got != expected:
                raise RuntimeError(f"{engine} computes {got!r} where native code computes {expected!r}: {kernel}")
            samples = bench.pairs_of([*command, *words], [native, *words])
            ratios.append(statistics.median(a.wall / b.wall for a, b in samples))
            bench.show(f"{kernel}, {engine} : native", samples, "", [*command, *words])
        print(f"{engine + ', geometric mean':34} {statistics.geometric_mean(ratios):43.2f}")


def engines(bench, guest):
    found = {"timecraft": bench.blind("--", guest)}
    node = shutil.which("node")
    if node:
        host = ROOT / "bench" / "wasi.mjs"
        found["node, Liftoff"] = [node, "--no-warnings", "--liftoff-only", host, guest]
        found["node, TurboFan"] = [node, "--no-warnings", "--no-liftoff", host, guest]
    return found


BENCHES = {name.removeprefix("bench_"): function for name, function in list(globals().items()) if name.startswith("bench_")}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("\n")[0].split(": ", 1)[1])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}; there are: {', '.join(BENCHES)}")
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
    bench = Bench(folder, arguments.pairs)
    print(f"{'A : B':34} {'A':>10} {'B':>10}    ratio, medians of {arguments.pairs} pairs", flush=True)
    failed = 0
    try:
        for name in arguments.names or BENCHES:
            try:
                BENCHES[name](bench)
            except (RuntimeError, subprocess.CalledProcessError, OSError) as error:
                print(f"{name}: FAILED: {error}")
                failed = 1
    finally:
        shutil.rmtree(folder)
    return failed


if __name__ == "__main__":
    sys.exit(main())
