"""`meson install` puts everything where it belongs."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_everything_is_installed(tmp_path):
    command = ["meson", "install", "-C", ROOT / "build", "--no-rebuild", "--quiet"]
    subprocess.run(command, check=True, env=dict(os.environ, DESTDIR=str(tmp_path)), stdout=subprocess.DEVNULL)
    prefix = tmp_path / "usr" / "local"
    [library] = {path.parent.relative_to(prefix) for path in prefix.rglob("libtimecraft.so")}
    assert sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()) == sorted(
        [
            "bin/timecraft",
            "include/timecraft.h",
            *[f"{library}/{name}" for name in ("libtimecraft.so.0.1.0", "libtimecraft.so.0", "libtimecraft.so", "pkgconfig/timecraft.pc")],
            "share/man/man1/timecraft.1",
            "share/bash-completion/completions/timecraft",
            "share/zsh/site-functions/_timecraft",
            "share/fish/vendor_completions.d/timecraft.fish",
            "share/doc/timecraft/README.md",
            "share/doc/timecraft/LICENSE",
        ]
        + [f"share/doc/timecraft/docs/{path.name}" for path in (ROOT / "docs").iterdir() if path.name != "meson.build"]
    )
    assert subprocess.run([prefix / "bin" / "timecraft", "version"], capture_output=True, text=True).stdout.startswith("timecraft ")


def test_the_manual_page_has_no_mistake():
    page = subprocess.run([ROOT / "build" / "timecraft", "help", "--man"], check=True, capture_output=True).stdout
    result = subprocess.run(["man", "--warnings", "-l", "-"], input=page, capture_output=True, env=dict(os.environ, MANWIDTH="100", LC_ALL="C.UTF-8"))
    assert (result.returncode, result.stderr.decode()) == (0, "")


def test_bash_completes(tmp_path):
    script = subprocess.run([ROOT / "build" / "timecraft", "help", "--completion", "bash"], check=True, capture_output=True, text=True).stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
