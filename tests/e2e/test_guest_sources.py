"""How guests/build.py gets sources of Debian, whose point releases replace the versions that were tested. apt-get is one of our own."""

import os

import build
import pytest

# Offers the versions of OFFERS, the last if none is named; of none it knows nothing.
APT_GET = """#!/usr/bin/python3
import io, os, sys, tarfile
offers = os.environ["OFFERS"].split()
if sys.argv[-1] != "update":
    package, _, version = sys.argv[-1].partition("=")
    version = version or (offers or [""])[-1]
    if version not in offers:
        sys.exit(f"E: Version {version!r} for {package!r} was not found")
    upstream = version.split("-")[0]
    open(f"{package}_{version}.dsc", "w").write(f"Format: 3.0\\nSource: {package}\\nVersion: {version}\\n")
    open(f"{package}_{upstream}.orig.tar.gz.asc", "w").close()
    open(f"{package}_{upstream}.orig-www.tar.gz", "w").close()
    with tarfile.open(f"{package}_{upstream}.orig.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo(f"{package}-{upstream}/VERSION")
        entry.size = len(version)
        tar.addfile(entry, io.BytesIO(version.encode()))
"""
TESTED = build.DEBIAN_SOURCES["bzip2"]


@pytest.fixture
def source(tmp_path, monkeypatch):
    """source(VERSION...): the version of bzip2 that is used when Debian offers these."""
    apt_get = tmp_path / "bin" / "apt-get"
    apt_get.parent.mkdir()
    apt_get.write_text(APT_GET)
    apt_get.chmod(0o755)
    monkeypatch.setenv("PATH", f"{apt_get.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(build, "CACHE", tmp_path / "cache")

    def source(*offers):
        monkeypatch.setenv("OFFERS", " ".join(offers))
        return (build.debian_source("bzip2") / "VERSION").read_text()

    return source


def test_the_version_that_was_tested_is_used_while_it_is_there(source, capsys):
    assert source("1.0.7-1", TESTED, "2.0-1") == TESTED
    assert source() == TESTED  # from the cache
    assert capsys.readouterr().err == ""


def test_else_the_one_that_is_offered(source, capsys):
    assert source("2.0-1", "2.0-1+deb12u1") == "2.0-1+deb12u1"
    message = f"build.py: bzip2 2.0-1+deb12u1 is used: Debian bookworm has no {TESTED} any more, which was tested\n"
    assert capsys.readouterr().err == message
    assert source("2.0-1+deb12u1") == "2.0-1+deb12u1"
    assert source("2.0-1+deb12u1", TESTED) == TESTED


def test_without_debian_one_from_before_does(source, capsys):
    with pytest.raises(build.Missing, match="apt-get can't fetch the source of bzip2 of Debian bookworm"):
        source()
    assert source("2.0-1") == "2.0-1"
    capsys.readouterr()
    assert source() == "2.0-1"
    assert capsys.readouterr().err == f"build.py: bzip2-2.0-1 is used: bzip2 {TESTED}, which was tested, can't be fetched\n"
