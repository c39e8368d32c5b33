#include "wasm/opcodes.h"

/* opcode_index, as a constant expression. */
#define INDEX(code) ((code) % 0x100u + ((code) > 0xff ? ((code) / 0x100u - 0xfbu) * 0x100u : 0u))

const struct opcode_info opcode_infos[3 * 256] = {
#define OP(code, ident, name, immediates, signature) [INDEX(code)] = { name, signature, IMM_##immediates },
#include "wasm/opcodes.def"
};
