#include "wasm/opcodes.h"

#define INDEX(code) ((code) < 0x100 ? (code) : ((((code) >> 8) - 0xfb) << 8) + ((code) & 0xff))

const struct opcode_info opcode_infos[3 * 256] = {
#define OP(code, ident, name, immediates, signature) [INDEX(code)] = { name, signature, IMM_##immediates },
#include "wasm/opcodes.def"
};
