"""How long functions and files are, and what no line may hold."""

import re

from tree import ROOT, lines_of, none, tracked

FUNCTION_LINES = 80
FILE_LINES = 400
COLUMNS = 140
TAB = 8

# More lines than the limit, where a table or an interpreter's loop wants it.
LONG_FILES = {
    "tests/unit/test_exec.c": 500,
    "src/wasm/handlers_control.c": 500,
    "src/wasm/lower.c": 500,
    "src/wasm/lower_control.c": 450,
    "tests/unit/test_wasi.c": 500,
}
LONG_FUNCTIONS = {}

SOURCES = ("src/**.[ch]", "tests/**.[ch]", "fuzz/**.[ch]")
TEXTS = ("*.[ch]", "*.def", "*.py", "*.md", "*.build", "*.txt", "*.sh", "dev", ".ci/*", "*.1", "*.yaml", "*.yml")


def functions(lines):
    """(first line, name, number of lines) of the functions of a C source: their braces stand in the first column."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            head = " ".join(lines[max(0, start - 4) : start - 1])
            names = re.findall(r"(\w+)\(", head.split("}")[-1])
            yield start, names[0] if names else "?", number - start - 1
            start = None


def test_functions_are_short():
    long = [
        f"{path}:{start}: {name} has {length} lines"
        for path in tracked(*SOURCES)
        for start, name, length in functions(lines_of(path))
        if length > LONG_FUNCTIONS.get(f"{path}:{name}", FUNCTION_LINES)
    ]
    none(long)


def test_files_are_short():
    lengths = {str(path): len(lines_of(path)) for path in tracked(*SOURCES)}
    none(f"{name}: {length} lines" for name, length in lengths.items() if length > LONG_FILES.get(name, FILE_LINES))


def test_exceptions_are_still_needed():
    files = {str(path): lines_of(path) for path in tracked(*SOURCES)}
    found = {f"{path}:{name}": length for path, lines in files.items() for _, name, length in functions(lines)}
    assert [name for name in LONG_FILES if len(files.get(name, ())) <= FILE_LINES] == []
    assert [name for name in LONG_FUNCTIONS if found.get(name, 0) <= FUNCTION_LINES] == []


def test_functions_are_found():
    lines = ["static int f(int a,", "\tint b)", "{", "\tif (a) {", "\t}", "\treturn b;", "}", "", "void g(void)", "{", "}"]
    assert list(functions(lines)) == [(3, "f", 3), (10, "g", 0)]


def faults_of(line):
    if line != line.rstrip():
        yield "space at the end"
    if re.match(r" +\S", line) and not re.match(r" \*", line):
        yield "indented with spaces"
    if len(line.expandtabs(TAB)) > COLUMNS:
        yield f"more than {COLUMNS} columns"


def test_sources_are_laid_out():
    wrong = [
        f"{path}:{number}: {fault}"
        for path in tracked(*SOURCES)
        for number, line in enumerate(lines_of(path), 1)
        for fault in faults_of(line)
    ]
    none(wrong)


def test_headers_are_included_once():
    none(path for path in tracked("src/**.h", "tests/**.h") if "#pragma once" not in lines_of(path))


# Put together here so that this file does not hold them.
MACHINE_PATHS = re.compile("|".join(["/" + "work/", "/" + "root/", "/" + r"home/\w+/", "/" + "tmp/bash_jobs"]))


def test_no_line_names_a_path_of_one_machine():
    wrong = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in tracked(*TEXTS)
        for number, line in enumerate(lines_of(path), 1)
        if MACHINE_PATHS.search(line)
    ]
    none(wrong)


def test_links_in_documents_lead_somewhere():
    wrong = [
        f"{path}:{number}: {target}"
        for path in tracked("*.md")
        for number, line in enumerate(lines_of(path), 1)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line)
        if "://" not in target and not (ROOT / path.parent / target).exists()
    ]
    none(wrong)
