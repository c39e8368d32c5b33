#include "wasm/opcodes.h"

#define INDEX(code) (((code) & 0xff) + ((code) < 0x100 ? 0 : 0x100 * ((code) / 0x100 - 0xfb)))

const struct opcode_info opcode_infos[3 * 256] = {
#define OP(code, ident, name, immediates, signature, ...) [INDEX(code)] = { name, signature, IMM_##immediates, __VA_ARGS__ },
#include "wasm/opcodes.def"
};
