"""libtimecraft: what a program of somebody else reads is what the traces show."""

import os
import shutil
import subprocess

import pytest

from conftest import PROGRAM, ROOT

LIBRARY = PROGRAM.resolve().parents[1] / "lib"

SEEKS = r"""
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <timecraft.h>

int main(int argc, char **argv)
{
	timecraft_recording *recording;
	timecraft_record record;
	timecraft_process process;
	timecraft_status status = timecraft_open(argv[1], argv[2], &recording);
	if (status != TIMECRAFT_OK) {
		printf("%d %s\n", status, timecraft_error());
		return 1;
	}
	timecraft_about(recording, &process);
	printf("%s %d %d %s %" PRIu64 "\n", process.id, process.running, process.closed, process.module_name, process.first);
	for (int i = 3; i < argc; i++) {
		uint64_t number = strtoull(argv[i], NULL, 10);
		if (timecraft_seek_record(recording, number) != TIMECRAFT_OK)
			return 1;
		status = timecraft_next(recording, &record);
		if (status != TIMECRAFT_OK) {
			printf("%d\n", status);
			continue;
		}
		const char *json = timecraft_format(recording, &record, TIMECRAFT_JSON);
		printf("%" PRIu64 " %s\n", record.number, json);
		printf("%s\n", timecraft_format(recording, &record, TIMECRAFT_TEXT));
		uint64_t time = record.start;
		if (timecraft_seek_time(recording, time) != TIMECRAFT_OK || timecraft_next(recording, &record) != TIMECRAFT_OK ||
			record.number > number || record.start < time)
			return 2;
	}
	timecraft_close(recording);
	return 0;
}
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A program, from its source, that uses the library."""
    folder = tmp_path_factory.mktemp("library")
    compiler = shutil.which("cc") or shutil.which("clang-19")
    if not compiler or not (LIBRARY / "libtimecraft.so").exists():
        pytest.skip("no compiler, or no library")

    def build(name, source):
        path = folder / f"{name}.c"
        path.write_text(source)
        subprocess.run([compiler, "-std=c99", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", f"-I{ROOT}/include", path, "-o", folder / name,
                        f"-L{LIBRARY}", f"-Wl,-rpath,{LIBRARY}", "-ltimecraft"], check=True)
        return folder / name

    return build


def run(timecraft, *words):
    return subprocess.run([str(word) for word in words], env=timecraft.env, capture_output=True, text=True)


def test_the_example_shows_what_the_trace_shows(timecraft, compiled, guest):
    program = compiled("recording", (ROOT / "examples" / "recording.c").read_text())
    files = timecraft.folder / "files"
    files.mkdir()
    assert timecraft("run", guest("many"), 100, files).returncode == 0
    shown = run(timecraft, program, "@last")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == timecraft.lines("trace", "syscall", "-y", "--filter", "all", "@last")
    assert run(timecraft, program, "nobody").returncode == 1
    log = timecraft.process() / "00000000.log"
    log.write_bytes(log.read_bytes()[:-4000])
    shown = run(timecraft, program, "@last")
    assert (shown.returncode, "is damaged" in shown.stderr) == (0, True)


def test_any_record_is_found(timecraft, compiled, guest):
    program = compiled("seeks", SEEKS)
    files = timecraft.folder / "files"
    files.mkdir()
    assert timecraft("run", "--segment-size", "64K", guest("many"), 20000, files).returncode == 0
    text = timecraft.lines("trace", "syscall", "-y", "--filter", "all", "@last")
    objects = timecraft.lines("trace", "syscall", "-y", "--filter", "all", "-o", "json", "@last")
    numbers = [5, len(text) - 2, len(text) // 2, 0, len(text) // 3]
    shown = run(timecraft, program, timecraft.registry, "@last", *numbers, len(text) + 5)
    assert (shown.returncode, shown.stderr) == (0, "")
    identifier = os.path.basename(timecraft.process())
    assert shown.stdout.splitlines() == [f"{identifier} 0 1 many.wasm 0"] + [
        line for number in numbers for line in (f"{number} {objects[number]}", text[number])
    ] + ["1"]


def test_errors_are_told(timecraft, compiled):
    program = compiled("seeks", SEEKS)
    missing = run(timecraft, program, timecraft.registry, "@last")
    assert missing.returncode == 1 and missing.stdout.startswith("3 ")


def test_network_events_are_told(box, compiled, program):
    from test_network import Server

    if not shutil.which("curl"):
        pytest.skip("no curl")
    server = Server(box, program("go-server.wasm"))
    subprocess.run(["curl", "-s", server.url("/hello")], check=True, capture_output=True, timeout=60)
    identifier = server.stop()
    example = compiled("recording", (ROOT / "examples" / "recording.c").read_text())
    result = subprocess.run([example, "-n", identifier], env=box.env(), capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    kinds = [line.split()[0] for line in result.stdout.splitlines()]
    traced = [line.split() for line in box.good("trace", "network", identifier).splitlines()]
    assert kinds.count("ACCEPT") == sum("ACCEPT" in words for words in traced) == 2
    assert kinds.count("SEND") == sum("SEND" in words for words in traced)
