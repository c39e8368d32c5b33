"""What is rewritten in the machine code of a stencil: what no compiler could do, since it does not know what the holes will hold.

Code is bytes, holes are (place, kind, relative, addend), in order. Each function gives them back, changed or not.
"""

CONSTANTS = "IMM", "SHORT_B"
# Instructions `op register, r/m` by opcode, and what stands for them in `op constant, r/m`.
WITH_CONSTANT = {0x01: 0, 0x09: 1, 0x21: 4, 0x29: 5, 0x31: 6, 0x39: 7}


def replace(code, holes, start, end, by, hole=None):
    """The code with what is between the two places replaced; holes behind it move, those in it go, and `hole` comes."""
    kept = [(at + (len(by) - end + start if at >= end else 0), *rest) for at, *rest in holes if not start <= at < end]
    return code[:start] + by + code[end:], sorted(kept + ([hole] if hole else []))


def is_zeroing(code, at):
    """How long the instruction is, if it clears a register, or else 0."""
    if code[at : at + 2] in (b"\x31\xc0", b"\x31\xc9"):
        return 2
    both = len(code) > at + 2 and code[at : at + 2] == b"\x45\x31" and code[at + 2] >> 6 == 3
    return 3 if both and code[at + 2] >> 3 & 7 == code[at + 2] & 7 else 0


def fold_operation(code, holes, hole):
    """mov constant, register; op register, r/m: becomes op constant, r/m."""
    start, register = hole[0] - 1, code[hole[0] - 1] & 7
    if code[max(start - 1, 0)] == 0x41:
        return code, holes
    at = hole[0] + 4
    between = code[at : at + is_zeroing(code, at)]
    at += len(between)
    wide = code[at : at + 2] == b"\x48\x98" and register == 0  # sign extension
    at += 2 * wide
    rex, opcode, modrm = (*code[at : at + 3], 0, 0, 0)[:3]
    if rex not in (0x41, 0x49) or (rex == 0x49) != wide or opcode not in WITH_CONSTANT or modrm >> 3 & 7 != register:
        return code, holes
    if modrm >> 6 == 3:
        end, displacement = at + 3, None
    elif modrm & 0xC7 == 0x85:
        end, displacement = at + 7, next((each for each in holes if each[0] == at + 3), None)
    else:
        return code, holes
    head = between + bytes([rex, 0x81, modrm & 0xC7 | WITH_CONSTANT[opcode] << 3])
    by = head + bytes(4 if displacement else 0) + bytes(4)
    code, moved = replace(code, holes, start, end, by, (start + len(by) - 4, *hole[1:]))
    if displacement:
        moved = sorted([*moved, (start + len(head), *displacement[1:])])
    return code, moved


def fold_sum(code, holes, hole):
    """mov constant, a; add b, a: becomes lea constant(b), a. A constant that is extended first becomes one that need not be."""
    at = hole[0] + 4
    wide = code[hole[0] - 1] == 0xB8 and code[at : at + 2] == b"\x4c\x63" and code[at + 2] & 0xC7 == 0xC0
    if wide:
        start, a, at = hole[0] - 1, code[at + 2] >> 3 & 7, at + 3
    elif hole[0] > 1 and code[hole[0] - 2] == 0x41:
        start, a = hole[0] - 2, code[hole[0] - 1] & 7
    else:
        return code, holes
    prefix = 0x4D if wide else 0x45
    if code[at : at + 2] == bytes([prefix, 0x01]) and code[at + 2] & 0xC7 == 0xC0 | a:
        by = bytes([prefix, 0x8D, 0x80 | a << 3 | code[at + 2] >> 3 & 7]) + bytes(4)
        return replace(code, holes, start, at + 3, by, (start + 3, *hole[1:]))
    if wide:
        by = bytes([0x49, 0xC7, 0xC0 | a]) + bytes(4)
        return replace(code, holes, start, at, by, (start + 3, *hole[1:]))
    return code, holes


def fold_shift(code, holes, hole):
    """mov constant, ecx; [mov a, b;] shift cl, b: becomes a shift by the constant."""
    at = hole[0] + 4
    if code[hole[0] - 1] != 0xB9 or code[hole[0] - 2 : hole[0] - 1] == b"\x41":
        return code, holes
    moves = code[at : at + 2] in (b"\x45\x89", b"\x4d\x89") and code[at + 2] >> 6 == 3
    between = code[at : at + 3] if moves else b""
    at += len(between)
    rex = code[at : at + 1] if code[at] & 0xF0 == 0x40 else b""
    at += len(rex)
    if code[at] != 0xD3 or code[at + 1] >> 6 != 3:
        return code, holes
    by = between + rex + bytes([0xC1, code[at + 1], 0])
    start = hole[0] - 1
    return replace(code, holes, start, at + 2, by, (start + len(by) - 1, hole[1] + "8", *hole[2:]))


def fold_constant(code, holes):
    """A constant that is moved to a register for the next instruction becomes part of that instruction."""
    for hole in holes:
        if hole[1] in CONSTANTS and code[hole[0] - 1] & 0xF8 == 0xB8:
            for fold in fold_operation, fold_sum, fold_shift:
                folded = fold(code, holes, hole)
                if folded[0] != code:
                    return folded
    return code, holes


def last_jump(code, holes, target):
    """Whether the code ends with a jump to the target."""
    return len(code) >= 5 and code[-5] == 0xE9 and holes and holes[-1][:2] == (len(code) - 4, target)


def turn_exit(code, holes):
    """A short branch to the jump behind all becomes a branch to where that jump goes, if there is no other branch."""
    end = len(code) - 5
    if len(holes) < 2 or not last_jump(code, holes, holes[-1][1]) or not last_jump(code[:end], holes[:-1], "NEXT"):
        return code, holes
    branches = [at for at in range(end) if code[at] & 0xF0 == 0x70 or code[at] in (0xE3, 0xEB)]
    if len(branches) != 1 or branches[0] + 2 + code[branches[0] + 1] != end or any(h[0] - 3 < branches[0] < h[0] + 4 for h in holes):
        return code, holes
    at, exit = branches[0], holes[-1]
    code, holes = replace(code[:end], holes[:-1], at, at + 2, bytes([0x0F, code[at] + 0x10, 0, 0, 0, 0]), (at + 2, *exit[1:]))
    return code, holes


def fall_through(code, holes):
    """Falls through to what comes next, instead of jumping there, and branches to elsewhere, instead of around a jump."""
    if last_jump(code, holes, "NEXT"):
        return code[:-5], holes[:-1]
    over = len(code) - 11
    if last_jump(code, holes, "TAKEN") and over >= 0 and code[over] == 0x0F and code[over + 1] & 0xF0 == 0x80:
        if len(holes) > 1 and holes[-2][:2] == (over + 2, "NEXT"):
            turned = code[: over + 1] + bytes([code[over + 1] ^ 1]) + code[over + 2 : over + 6]
            return turned, holes[:-2] + [(over + 2, "TAKEN", *holes[-2][2:])]
    return code, holes


def part(code, holes):
    """Where the code ends that is run but for a NaN: jnp next; ...; jmp next. What is behind goes elsewhere."""
    for hole in holes:
        if hole[1] == "NEXT" and code[hole[0] - 2 : hole[0]] == b"\x0f\x8b" and last_jump(code, holes, "NEXT"):
            code = code[: hole[0] - 1] + b"\x8a" + code[hole[0] :]
            holes = [(each[0], "COLD", *each[2:]) if each is hole else each for each in holes]
            return code, holes, hole[0] + 4
    return code, holes, None


def rewrite(code, holes):
    """All of it: code, holes, and how much of the code goes where the stencil stands; the rest is out of the way."""
    code, holes = turn_exit(*fold_constant(code, sorted(holes)))
    code, holes, size = part(code, holes)
    if size is None:
        code, holes = fall_through(code, holes)
        size = len(code)
    return code, tuple(holes), size
