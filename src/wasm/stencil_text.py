"""What the handlers say, read from their sources after the preprocessor: with -DSTENCIL_TEXT the macros of a handler stay as they are.

Run as a program it writes the *variants* of a source's stencils: stencil_text.py OUTPUT SOURCE TEXT. A variant is the handler once more,
with some of its operands in registers. Each is written several times, with other registers: what differs then are the places in the
machine code where a register's number is, and nothing else may. So one stencil serves all registers.
"""

import itertools
import re
import sys

OPERANDS = "ABCD"
WIDTHS = {"int32_t": "32", "uint32_t": "32", "int64_t": "64", "uint64_t": "64", "float": "F32", "double": "F64"}
ACCESS = re.compile(r"\b(GET|SET)\((\w+), ([ABCD])([,)])")
# To the interpreter, to the host, or to slots that no operand names.
BARRIER = re.compile(r"\b(GO|LEAVE)\(|\bFRAME\b|SLOT_AT\((?![ABCD]\))")
# Registers of a variant's operands, each time it is written: no two operands take the same ones, and no one keeps its own.
ROUNDS = {"r": ((0, 1, 2, 3), (1, 2, 3, 4), (4, 0, 2, 3)), "f": ((0, 1, 2, 3), (1, 2, 3, 4), (5, 0, 2, 7))}


def place(width):
    """The kind of register that a value of this width goes to."""
    return "f" if width.startswith("F") else "r"


class Handler:
    """A handler's name, its body, and of each operand that is a value: whether it is written, and its width."""

    def __init__(self, name, body):
        self.name, self.body = name, body
        self.values = {}
        self.vectors = {letter for letter in OPERANDS if f"SLOT_AT({letter})" in body}
        for access, kind, letter, _ in ACCESS.findall(body):
            found = (access == "SET", WIDTHS.get(kind))
            if not found[1] or self.values.setdefault(letter, found) != found:
                self.vectors.add(letter)
        for letter in self.vectors:
            self.values.pop(letter, None)
        self.barrier = bool(BARRIER.search(body))
        self.branches = "BRANCH()" in body
        self.goes_on = "NEXT(" in body
        self.offset = bool(re.search(r"\bOFFSET\b", body))

    def variants(self):
        """Keys: a letter for each operand; S: slot, R: register of its own, A: the register of operand a, -: no value."""
        letters = [letter for letter in OPERANDS if letter in self.values]
        for chosen in itertools.product(*(self.places(letter) for letter in letters)):
            key = "".join(dict(zip(letters, chosen)).get(letter, "-") for letter in OPERANDS)
            tied = key.count("A")
            if "R" in key and tied <= 1 and not (tied and key[0] != "R"):
                yield key

    def places(self, letter):
        written, width = self.values[letter]
        if written:
            return "SR" if self.name.startswith("copy_") else "R"
        to = self.values.get("A")
        return "SRA" if letter in "BC" and to and to[0] and place(to[1]) == place(width) else "SR"

    def registers(self, key, turn):
        """The register of each operand that has one, this time."""
        found = {}
        for at, letter in enumerate(OPERANDS):
            if key[at] == "R":
                kind = place(self.values[letter][1])
                found[letter] = kind + str(ROUNDS[kind][turn][at])
            elif key[at] == "A":
                found[letter] = found["A"]
        return found

    def text(self, key, turn):
        registers = self.registers(key, turn)

        def access(match):
            name, kind, letter, behind = match.groups()
            if letter not in registers:
                return match.group(0)
            return f"{name}_{WIDTHS[kind]}({kind}, {registers[letter]}{behind}"

        return f"HANDLER({self.name}__{key.replace('-', '_')}{turn}) {ACCESS.sub(access, self.body)}\n"


def handlers(text):
    """All handlers of a preprocessed source."""
    for match in re.finditer(r"\bHANDLER\((\w+)\)\s*\{", text):
        depth, at = 1, match.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        yield Handler(match.group(1), text[match.end() - 1 : at])


def main(output, source, text):
    with open(text, encoding="utf-8") as file:
        found = list(handlers(file.read()))
    with open(output, "w", encoding="utf-8") as out:
        out.write(f'#include "{source}"\n')
        for handler in found:
            for key in handler.variants():
                out.writelines(handler.text(key, turn) for turn in range(len(ROUNDS["r"])))


if __name__ == "__main__":
    main(*sys.argv[1:])
