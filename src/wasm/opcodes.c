#include "wasm/opcodes.h"

#include "wasm/types.h"

#define INDEX(code) (((code) & 0xff) + ((code) < 0x100 ? 0 : 0x100 * ((code) / 0x100 - 0xfb)))

const struct opcode_info opcode_infos[3 * 256] = {
#define OP(code, ident, name, immediates, signature, ...) [INDEX(code)] = { name, signature, IMM_##immediates, __VA_ARGS__ },
#include "wasm/opcodes.def"
};

uint8_t signature_type(char letter)
{
	switch (letter) {
	case 'i': return VALTYPE_I32;
	case 'I': return VALTYPE_I64;
	case 'f': return VALTYPE_F32;
	case 'F': return VALTYPE_F64;
	default: return VALTYPE_V128;
	}
}
