#!/usr/bin/env python3
"""Writes the table of stencils, as C: stencils.py OUTPUT TEXT... OBJECT...

The texts are what stencil_text.py reads, the objects what handlers and their variants were compiled to. Every function `stencil_NAME` has a
section of its own. Its relocations become holes, its bytes are taken but for what stencil_code.py rewrites. A variant's bytes are compared
with those of the same variant in other registers: the fields where a register's number is are known by that, and a variant that differs in
anything else is left out, as is a function that needs something from outside, such as memmove: such a step is run by the interpreter's
handler. docs/engine.md says what the holes are.
"""

import struct
import sys

from stencil_code import rewrite
from stencil_text import OPERANDS, ROUNDS, handlers, place

PC32, PLT32, R32, R32S = 2, 4, 10, 11
RELATIVE = {PC32: True, PLT32: True, R32: False, R32S: False}
# The low three bits of the registers' numbers in machine code, in the order of STATE in stencil.h; the bit above is the same in all.
CODES = {"r": (6, 7, 0, 1, 3), "f": (0, 1, 2, 3, 4, 5, 6, 7)}
FLAGS = "barrier", "branches", "goes_on", "offset"


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


def fields(codes, values):
    """Where a register's number is in the machine codes of a variant, as (byte, shift, operand); None if they differ elsewhere."""
    found = []
    for at, column in enumerate(zip(*codes)):
        if len(set(column)) == 1:
            continue
        rest = [0xFF] * len(column)
        for shift in 0, 3:
            numbers = tuple(byte >> shift & 7 for byte in column)
            if numbers in values:
                found.append((at, shift, values[numbers]))
                rest = [mask & ~(7 << shift) for mask in rest]
        if len({byte & mask for byte, mask in zip(column, rest)}) != 1:
            return None
    return found


class Table:
    def __init__(self, found):
        self.handlers = found
        self.constants = b""
        self.code, self.holes, self.fields, self.stencils = b"", [], [], []
        self.sets = {"stencil": [], "guarded": []}

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

    def functions(self, obj):
        """Bytes and holes of all that is complete in an object."""
        placed, found = {}, {}
        for section, name in enumerate(obj.names):
            if name.startswith((".text.stencil_", ".text.guarded_")):
                relocations = obj.relocations.get(section, [])
                holes = [self.hole(obj, placed, at, symbol, kind, addend) for at, kind, symbol, addend in relocations]
                if None not in holes:
                    found[name[6:]] = rewrite(obj.contents[section], holes)
        return found

    def add(self, key, code, holes, size, found=()):
        operands = sum(1 << at for at in range(4) if key[at] in "RA")
        tied = max(key.find("A"), 0)
        begin = len(self.code), len(self.holes), len(self.fields)
        self.stencils.append((operands | tied << 4, *begin, size, len(code) - size, len(holes), len(found)))
        self.code += code
        self.holes += holes
        self.fields += found

    def add_variant(self, functions, prefix, handler, key):
        turns = range(len(ROUNDS["r"]))
        written = [functions.get(f"{prefix}_{handler.name}__{key.replace('-', '_')}{turn}") for turn in turns]
        if None in written or len({(len(code), size, tuple(hole[:3] for hole in holes)) for code, holes, size in written}) != 1:
            return
        values = {}
        for at, letter in enumerate(OPERANDS):
            if key[at] == "R":
                kind = place(handler.values[letter][1])
                values[tuple(CODES[kind][ROUNDS[kind][turn][at]] for turn in turns)] = at
        found = fields([code for code, _, _ in written], values)
        if found is not None:
            self.add(key, *written[0], found)

    def add_objects(self, objects):
        functions = {}
        for obj in objects:
            functions.update(self.functions(obj))
        self.add("----", *functions["stencil_far"])
        for handler in self.handlers:
            plain, guarded = (functions.get(f"{prefix}_{handler.name}") for prefix in self.sets)
            if handler.name != "far":
                self.add_set(functions, "stencil", handler, plain)
            if guarded != plain:
                self.add_set(functions, "guarded", handler, guarded)

    def add_set(self, functions, prefix, handler, slots):
        """All stencils of a handler, of which the first, with operands in slots, must be there."""
        if slots:
            first = len(self.stencils)
            self.add("----", *slots)
            for key in handler.variants():
                self.add_variant(functions, prefix, handler, key)
            self.sets[prefix].append((handler, first, len(self.stencils) - first))

    def write(self, out):
        out.write("/* Made by stencils.py. */\n")
        out.writelines(f"extern handler step_{handler.name};\n" for handler, _, _ in self.sets["stencil"])
        for title, data in ("stencil_code", self.code), ("stencil_constants", self.constants or b"\0"):
            out.write(f"static const uint8_t {title}[{len(data)}] = {{\n")
            out.writelines("\t" + "".join(f"{byte}," for byte in data[i : i + 32]) + "\n" for i in range(0, len(data), 32))
            out.write("};\n")
        rows = {
            "uint8_t register_codes[]": [(*CODES["r"], *CODES["f"])],
            "struct hole stencil_holes[]": [(at, f"HOLE_{kind}", int(relative), addend) for at, kind, relative, addend in self.holes],
            "struct field stencil_fields[]": self.fields,
            "struct stencil stencils[]": self.stencils,
            "struct stencil_set stencil_sets[]": [self.row(*entry) for entry in self.sets["stencil"]],
            "struct stencil_set guarded_sets[]": [self.row(*entry) for entry in self.sets["guarded"]],
        }
        for title, lines in rows.items():
            nested = title.startswith("struct")
            out.write(f"static const {title} = {{\n")
            out.writelines("\t" + ("{ %s }" if nested else "%s") % ", ".join(map(str, line)) + ",\n" for line in lines)
            out.write("};\n")

    @staticmethod
    def row(handler, first, count):
        operands = []
        for letter in OPERANDS:
            written, width = handler.values.get(letter, (False, None))
            operands.append("OPERAND_VECTOR" if letter in handler.vectors else f"OPERAND_{'WRITE' if written else 'READ'} | WIDTH_{width}" if width else "0")
        flags = " | ".join(f"STENCIL_{flag.upper()}" for flag in FLAGS if getattr(handler, flag)) or "0"
        return f"step_{handler.name}", first, count, f"{{ {', '.join(operands)} }}", flags


def main(output, *inputs):
    found, objects = [], []
    for path in inputs:
        with open(path, "rb") as file:
            data = file.read()
        if data.startswith(b"\x7fELF"):
            objects.append(Object(data))
        else:
            found += handlers(data.decode())
    table = Table(found)
    table.add_objects(objects)
    with open(output, "w", encoding="utf-8") as out:
        table.write(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
