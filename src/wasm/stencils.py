#!/usr/bin/env python3
"""Writes the table of stencils, as C, from the object files that handlers were compiled to: stencils.py OUTPUT OBJECT...

Every function `stencil_NAME` has a section of its own. Its bytes are taken as they are, its relocations become holes. A jump at the very
end to what comes next is dropped, and a branch over a last jump is turned around. A function that needs something from outside, such as
memmove, is left out: such a step is run by the interpreter's handler. docs/engine.md says what the holes are.
"""

import struct
import sys

PC32, PLT32, R32, R32S = 2, 4, 10, 11
RELATIVE = {PC32: True, PLT32: True, R32: False, R32S: False}


class Object:
    """What is needed of an ELF64 relocatable file for x86-64."""

    def __init__(self, data):
        if data[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<HH", data, 16) != (1, 62):
            raise ValueError("not a relocatable ELF file for x86-64")
        at, count, names = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HH", data, 60)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, at + 64 * i) for i in range(count)]
        self.contents = [data[h[4] : h[4] + h[5]] if h[1] != 8 else bytes(h[5]) for h in headers]
        self.names = [self.text(names, h[0]) for h in headers]
        self.alignments = [h[8] for h in headers]
        self.relocations = {}
        for i, h in enumerate(headers):
            if h[1] == 2:
                self.symbols = [self.symbol(h[6], j) for j in struct.iter_unpack("<IBBHQQ", self.contents[i])]
            elif h[1] == 4:
                self.relocations[h[7]] = list(struct.iter_unpack("<QIIq", self.contents[i]))

    def text(self, section, at):
        return self.contents[section][at : self.contents[section].index(b"\0", at)].decode()

    def symbol(self, strings, fields):
        return self.text(strings, fields[0]), fields[3], fields[4]


def last_jump(code, holes, target):
    """Whether the code ends with a jump to the target."""
    return len(code) >= 5 and code[-5] == 0xE9 and holes and holes[-1][:2] == (len(code) - 4, target)


def tighten(code, holes):
    """Falls through to what comes next, instead of jumping there."""
    holes = sorted(holes)
    if last_jump(code, holes, "NEXT"):
        return code[:-5], holes[:-1]
    over = len(code) - 11
    if last_jump(code, holes, "TAKEN") and over >= 0 and code[over] == 0x0F and code[over + 1] & 0xF0 == 0x80:
        if len(holes) > 1 and holes[-2][:2] == (over + 2, "NEXT"):
            turned = code[: over + 1] + bytes([code[over + 1] ^ 1]) + code[over + 2 : over + 6]
            return turned, holes[:-2] + [(over + 2, "TAKEN", *holes[-2][2:])]
    return code, holes


class Table:
    def __init__(self):
        self.constants = b""
        self.stencils = {}

    def constant(self, obj, placed, section):
        """Where the section's constants are among all."""
        if section not in placed:
            self.constants += bytes(-len(self.constants) % max(16, obj.alignments[section]))
            placed[section] = len(self.constants)
            self.constants += obj.contents[section]
        return placed[section]

    def hole(self, obj, placed, offset, symbol, kind, addend):
        name, section, value = obj.symbols[symbol]
        if kind not in RELATIVE:
            raise ValueError(f"a relocation of type {kind}")
        if name.startswith("hole_"):
            return offset, name[5:].upper(), RELATIVE[kind], addend
        if section and section < 0xFF00 and obj.names[section].startswith(".rodata"):
            return offset, "CONSTANT", RELATIVE[kind], addend + value + self.constant(obj, placed, section)
        return None

    def add(self, obj):
        placed = {}
        for section, name in enumerate(obj.names):
            if not name.startswith(".text.stencil_"):
                continue
            relocations = obj.relocations.get(section, [])
            holes = [self.hole(obj, placed, at, symbol, kind, addend) for at, kind, symbol, addend in relocations]
            if None not in holes:
                self.stencils[name[14:]] = tighten(obj.contents[section], holes)

    def write(self, out):
        code, holes, rows = b"", [], []
        names = sorted(self.stencils, key=lambda name: (name != "far", name))
        for name in names:
            body, wanted = self.stencils[name]
            handler = "NULL" if name == "far" else f"step_{name}"
            rows.append(f"\t{{ {handler}, {len(code)}, {len(holes)}, {len(body)}, {len(wanted)} }},\n")
            code += body
            holes += wanted
        out.write("/* Made by stencils.py. */\n")
        out.writelines(f"extern handler step_{name};\n" for name in names if name != "far")
        for title, data in ("stencil_code", code), ("stencil_constants", self.constants or b"\0"):
            out.write(f"static const uint8_t {title}[{len(data)}] = {{\n")
            out.writelines("\t" + "".join(f"{byte}," for byte in data[i : i + 32]) + "\n" for i in range(0, len(data), 32))
            out.write("};\n")
        out.write("static const struct hole stencil_holes[] = {\n")
        out.writelines(f"\t{{ {at}, HOLE_{kind}, {str(relative).lower()}, {addend} }},\n" for at, kind, relative, addend in holes)
        out.write("};\nstatic const struct stencil stencils[] = {\n")
        out.writelines(rows)
        out.write("};\n")


def main(output, *objects):
    table = Table()
    for path in objects:
        with open(path, "rb") as file:
            table.add(Object(file.read()))
    with open(output, "w", encoding="utf-8") as out:
        table.write(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
