"""Real programs: run, recorded, replayed in a world without their files, and traced; what they make is checked with other tools."""

import hashlib
import shutil
import subprocess

import pytest
from programs import check_guest


def native(name):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"no {name} to compare with")
    return path


def sample():
    """Text that compresses well, and bytes that do not."""
    noise = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(4000))
    return b"".join(b"line %d of the text\n" % (i // 3) for i in range(20000)) + noise


@pytest.mark.parametrize("tool, options", [("zstd", ["-q", "-12", "-c"]), ("bzip2", ["-9", "-c"])])
def test_compression_agrees_with_the_native_tool(box, program, world, tool, options):
    (world / "data").write_bytes(sample())
    run = check_guest(box, program(f"{tool}.wasm"), *options, world / "data", stderr=b"")
    assert run.stdout == subprocess.run([native(tool), *options, world / "data"], capture_output=True, check=True).stdout
    check_guest(box, program(f"{tool}.wasm"), "-d", "-c", stdin=run.stdout, stdout=sample(), stderr=b"")


@pytest.mark.parametrize("tool, suffix", [("zstd", "zst"), ("bzip2", "bz2")])
def test_compression_of_files(box, program, world, tool, suffix):
    (world / "data").write_bytes(sample())
    check_guest(box, "--restrict", "--dir", f"{world}::/", program(f"{tool}.wasm"), "-k", "/data")
    subprocess.run([native(tool), "-t", world / f"data.{suffix}"], check=True, capture_output=True)
    (world / "data").unlink()
    check_guest(box, "--restrict", "--dir", f"{world}::/", program(f"{tool}.wasm"), "-d", "-k", f"/data.{suffix}", stdout=b"")
    assert (world / "data").read_bytes() == sample()


def test_compression_tells_damage(box, program, world):
    (world / "data.bz2").write_bytes(subprocess.run([native("bzip2"), "-c"], input=sample(), capture_output=True).stdout[:-1000])
    run = check_guest(box, program("bzip2.wasm"), "-t", world / "data.bz2", code=2, stdout=b"")
    assert "file ends unexpectedly" in run.errors


LUA = """
local name = arg[1] .. "/words"
local file = assert(io.open(name, "w"))
for i = 1, 2000 do file:write(("%d %s\\n"):format(i * i, ("word"):rep(i % 3))) end
file:close()
local sum, longest = 0, ""
for line in io.lines(name) do
  local number, words = line:match("(%d+) (%a*)")
  sum = sum + number
  if #words > #longest then longest = words end
end
print(sum, longest, #longest, 7 // 2, 2^53, math.type(1), string.pack("<i4", 77):byte(1))
local t = {}
for word in ("the quick brown fox"):gmatch("%a+") do t[#t + 1] = word:upper() end
table.sort(t)
print(table.concat(t, ","), os.rename(name, name .. "2"), os.remove(name .. "2"), io.open(name))
print(pcall(function() return os.getenv("WORD") end))
io.stderr:write("done\\n")
os.exit(5)
"""


def test_lua(box, program, world):
    script = world / "script.lua"
    script.write_text(LUA)
    expected = (
        f"2668667000.0\twordword\t8\t3\t9007199254740992.0\tinteger\t77\nBROWN,FOX,QUICK,THE\ttrue\ttrue\tnil\t{world}/words: "
        "No such file or directory\t44\ntrue\tx\n"
    )
    expected = expected.replace("9007199254740992.0", "9.007199254741e+15").replace("2668667000.0", "2668667000")
    check_guest(box, "-e", "WORD=x", program("lua.wasm"), script, world, code=5, stdout=expected.encode(), stderr=b"done\n", gone=[world])


def test_lua_error(box, program, world):
    script = world / "script.lua"
    script.write_text("print(1)\nlocal t = nil\nprint(t.x)\n")
    run = check_guest(box, program("lua.wasm"), script, code=1, stdout=b"1\n", gone=[world])
    assert "script.lua:3: attempt to index a nil value (local 't')" in run.errors


SQL = b"""
create table words(id integer primary key, word text not null, weight real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
insert into words select i, 'word ' || (i * 7919 % 3001), i / 8.0 from n;
create index by_word on words(word);
begin; update words set weight = weight * 2 where id % 3 = 0; commit;
begin; delete from words; rollback;
delete from words where id % 10 = 0;
vacuum;
pragma integrity_check;
select count(*), sum(weight), min(word), max(word) from words;
select word from words where word between 'word 1' and 'word 1003' order by word;
"""


def test_sqlite(box, program, world):
    """Without locks, which WASI has not."""
    run = check_guest(box, "--restrict", "--dir", f"{world}::/db", program("sqlite.wasm"), "-batch", "-vfs", "unix-none", "/db/words.db",
                      stdin=SQL)
    assert run.stdout.startswith(b"ok\n2700|")
    expected = subprocess.run([native("sqlite3"), "-batch", ":memory:"], input=SQL, capture_output=True, check=True).stdout
    assert run.stdout == expected
    check = [native("sqlite3"), world / "words.db", "pragma integrity_check; select count(*) from words"]
    assert subprocess.run(check, capture_output=True, check=True).stdout == b"ok\n2700\n"
    again = check_guest(box, program("sqlite.wasm"), "-batch", "-vfs", "unix-none", world / "words.db", "pragma integrity_check", gone=[world])
    assert again.stdout == b"ok\n"


PYTHON = '''
import collections, hashlib, json, os, pathlib, random, re, sys, time, zlib
root = pathlib.Path(sys.argv[1])
(root / "sub").mkdir()
for i in range(20):
    (root / "sub" / f"{i:02}.txt").write_text(f"file {i}\\n" * i * 50)
data = b"".join(p.read_bytes() for p in sorted((root / "sub").iterdir()))
print(len(data), hashlib.sha256(data).hexdigest(), zlib.crc32(data))
packed = zlib.compress(data, 9)
(root / "packed").write_bytes(packed)
assert zlib.decompress((root / "packed").read_bytes()) == data
print(collections.Counter(re.findall("[0-9]+", data.decode())).most_common(2))
print(json.dumps({"env": os.environ.get("WORD"), "list": [1.5, None, True]}, sort_keys=True))
with open(root / "packed", "r+b") as f:
    f.seek(-4, os.SEEK_END)
    f.truncate()
    print(f.tell() == len(packed) - 4 == os.stat(root / "packed").st_size)
os.rename(root / "packed", root / "renamed")
try:
    open(root / "none")
except OSError as error:
    print(type(error).__name__, error.errno)
print(sorted(os.listdir(root)))
print("chance", time.time_ns(), random.random(), os.urandom(4).hex(), hash("text"), file=sys.stderr)
sys.exit(3)
'''


def python_words(program, world):
    return ["--restrict", "--dir", f"{program('python-lib')}/usr/local/lib::/usr/local/lib:ro", "--dir", f"{world}::/world", "-e", "WORD=x y",
            "-e", "PYTHONDONTWRITEBYTECODE=1", program("python.wasm")]


def test_python(box, program, world):
    (world / "script.py").write_text(PYTHON)
    data = b"".join(b"file %d\n" % i * i * 50 for i in range(20))
    run = check_guest(box, *python_words(program, world), "/world/script.py", "/world", code=3, gone=[world])
    lines = run.text.splitlines()
    assert lines[0].split()[:2] == [str(len(data)), hashlib.sha256(data).hexdigest()]
    assert lines[1:] == ["[('19', 950), ('18', 900)]", '{"env": "x y", "list": [1.5, null, true]}', "True", "FileNotFoundError 44",
                         "['renamed', 'script.py', 'sub']"]


def test_python_exception(box, program, world):
    (world / "script.py").write_text("def f():\n    return 1 / 0\nf()\n")
    run = check_guest(box, *python_words(program, world), "/world/script.py", code=1, stdout=b"", gone=[world])
    assert run.errors.endswith("ZeroDivisionError: division by zero\n")


PHP = """<?php
$root = getenv("ROOT");
file_put_contents("$root/data.json", json_encode(["numbers" => range(1, 5), "text" => "\\u{e9}"]));
$read = json_decode(file_get_contents("$root/data.json"), true);
echo array_sum($read["numbers"]), " ", $read["text"], " ", md5(str_repeat("x", 1000)), "\\n";
mkdir("$root/sub");
foreach (["b", "a"] as $name) touch("$root/sub/$name");
$names = array_diff(scandir("$root/sub"), [".", ".."]);
sort($names);
echo implode(",", $names), " ", preg_replace("/(\\\\w+) (\\\\w+)/", "$2 $1", "hello world"), "\\n";
array_map("unlink", glob("$root/sub/*"));
rmdir("$root/sub");
var_dump(file_exists("$root/sub"), random_int(0, 1000000) >= 0);
exit(4);
"""


def test_php(box, program, world):
    (world / "script.php").write_text(PHP)
    text = "15 é " + hashlib.md5(b"x" * 1000).hexdigest() + "\na,b world hello\nbool(false)\nbool(true)\n"
    check_guest(box, "--restrict", "--dir", f"{world}::/world", "-e", "ROOT=/world", program("php.wasm"), "-q", "/world/script.php",
                code=4, stdout=text.encode(), gone=[world])


def test_esbuild(box, program, world):
    (world / "lib").mkdir()
    (world / "main.ts").write_text('import { greet, unused } from "./lib/greet";\nconst name: string = "world";\nconsole.log(greet(name));\n')
    (world / "lib" / "greet.ts").write_text(
        "export const greet = (name: string): string => `hello, ${name}`;\nexport const unused = () => 'never';\n")
    check_guest(box, "--restrict", "--dir", f"{world}::/", "-e", "PWD=/", program("esbuild.wasm"), "/main.ts", "--bundle", "--minify",
                "--sourcemap", "--outfile=/out.js", stdout=b"")
    bundle = (world / "out.js").read_text()
    assert "hello, " in bundle and "never" not in bundle and "import" not in bundle and (world / "out.js.map").exists()
    assert subprocess.run([native("node"), world / "out.js"], capture_output=True, check=True).stdout == b"hello, world\n"


def test_esbuild_names_what_is_wrong(box, program, world):
    (world / "main.js").write_text('import "./none";\n')
    run = check_guest(box, "--restrict", "--dir", f"{world}::/", "-e", "PWD=/", program("esbuild.wasm"), "/main.js", "--bundle", code=1,
                      stdout=b"", gone=[world])
    assert 'Could not resolve "./none"' in run.errors
