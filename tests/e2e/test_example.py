"""The bundled example: what `./dev demo` and the README show, and where its bytes come from."""

import subprocess
from pathlib import Path

import pytest
from servers import needs

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

# What examples/*.wasm were built with; with others the bytes may differ, and then nothing is known.
BUILT_WITH = {
    "clang-19": "1:19.1.7-3~deb12u1",
    "lld-19": "1:19.1.7-3~deb12u1",
    "wasi-libc": "0.0~git20220510.9886d3d-2",
    "libclang-rt-19-dev-wasm32": "1:19.1.7-3~deb12u1",
}


def installed(package):
    command = ["dpkg-query", "-W", "-f", "${Version}", package]
    return subprocess.run(command, capture_output=True, text=True).stdout


def test_the_examples_are_what_their_sources_make(tmp_path):
    for package, version in BUILT_WITH.items():
        if installed(package) != version:
            pytest.skip(f"{package} {version} is not installed")
    subprocess.run([EXAMPLES / "build", tmp_path], check=True)
    for name in ("fortune.wasm", "server.wasm", "get.wasm"):
        assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes()


def test_the_demo_shows_what_was_run():
    needs("nginx", "openssl")
    result = subprocess.run([EXAMPLES / "demo"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    runs, calls, replay = [part.split("\n\n")[0] for part in result.stdout.split("\n$ timecraft ")[2:5]]
    fortunes = (EXAMPLES / "fortunes.txt").read_text().splitlines()
    said = runs.splitlines()[-1]
    assert said[10:] in fortunes
    assert f'"{said[10:]}\\n"' in calls
    assert replay.splitlines()[-1] == said
    assert "GET /nowhere => 404 Not Found\n" in result.stdout
    assert "> Host: hello.test\n" in result.stdout and "|GET /nowhere HTT|\n" in result.stdout
