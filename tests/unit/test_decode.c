/* What the decoder and the validator say, whole, of one module for each thing that can be wrong. */
#include "unit.h"
#include "wasm/module.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC "\0asm"
#define HEAD  MAGIC "\1\0\0\0"
/* Type 0 is [] -> [], type 1 [i32] -> [i32]. */
#define TYPES "\x01\x09\x02\x60\x00\x00\x60\x01\x7f\x01\x7f"
/* One function of type 0 whose body, local declarations included, has `size` bytes. */
#define FUNC                      "\x03\x02\x01\x00"
#define BODY(section, size, body) "\x0a" section "\x01" size body
#define MEMORY                    "\x05\x03\x01\x00\x01"
#define TABLE                     "\x04\x04\x01\x70\x00\x01"

struct fault {
	const char *bytes;
	size_t size;
	enum err err;
	const char *text;
};
#define FAULT(err, bytes, text) { bytes, sizeof(bytes) - 1, err, text }

static void check(const struct fault *faults, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* In a block of its own size, so that a sanitizer sees a read past its end. */
		uint8_t *bytes = malloc(faults[i].size + !faults[i].size);
		memcpy(bytes, faults[i].bytes, faults[i].size);
		struct module *module = NULL;
		enum err err = module_decode(view_of(bytes, faults[i].size), &module);
		assert_string_equal(err ? err_text() : "", faults[i].text);
		assert_int_equal(err, faults[i].err);
		assert_null(module);
		free(bytes);
	}
}
#define CHECK(faults) check(faults, sizeof faults / sizeof faults[0])

static void other_files_are_named(void **state)
{
	(void)state;
	static const struct fault faults[] = {
		FAULT(ERR_MALFORMED, "", "unexpected end: this is an empty file, not a WebAssembly module"),
		FAULT(ERR_MALFORMED, MAGIC "\1\0", "unexpected end: a truncated WebAssembly module of 6 bytes"),
		FAULT(ERR_MALFORMED, "hello",
			"magic header not detected: this is not a WebAssembly module, which begins with the bytes 00 61 73 6d"),
		FAULT(ERR_UNSUPPORTED, " ;; text\n(module)",
			"magic header not detected: this is a module in text format; convert it to binary format first, for example "
			"with wat2wasm"),
		FAULT(ERR_UNSUPPORTED, MAGIC "\x0d\0\1\0",
			"unknown binary version: this is a component (WASI 0.2 or later), and only core modules are supported; build "
			"for wasm32-wasip1 (Go: GOOS=wasip1) instead, or extract its core module, for example with wasm-tools "
			"component unbundle"),
		FAULT(ERR_UNSUPPORTED, MAGIC "\2\0\0\0", "unknown binary version: 2, where 1 is the only one there is"),
		FAULT(ERR_MALFORMED,
			"\x7f"
			"ELF\2\1\1\0",
			"magic header not detected: this is an ELF file for native execution, not a WebAssembly module; build it for "
			"WebAssembly (clang --target=wasm32-wasi, cargo --target wasm32-wasip1, GOOS=wasip1 GOARCH=wasm go build)"),
		FAULT(ERR_MALFORMED, "\x1f\x8b\x08\0\0\0\0\0",
			"magic header not detected: this is gzip-compressed data, not a WebAssembly module; decompress it first (gunzip)"),
		FAULT(ERR_MALFORMED, "\x28\xb5\x2f\xfd\0\0\0\0",
			"magic header not detected: this is zstd-compressed data, not a WebAssembly module; decompress it first (unzstd)"),
		FAULT(ERR_MALFORMED, "#!/bin/sh\n",
			"magic header not detected: this is a script, not a WebAssembly module; run it with its interpreter, or name "
			"the module that it starts"),
	};
	CHECK(faults);
}

static void sections_are_checked(void **state)
{
	(void)state;
	static const struct fault faults[] = {
		FAULT(ERR_MALFORMED, HEAD "\x0e\x00", "malformed section id 14, at offset 0x8"),
		FAULT(ERR_UNSUPPORTED, HEAD "\x0d\x01\x00",
			"malformed section id 13: exception handling, a proposal beyond WebAssembly 2.0, is not supported, at offset "
			"0x8, in the tag section"),
		FAULT(ERR_MALFORMED, HEAD "\x01\x05\x00", "length out of bounds, at offset 0xa, in the head of the type section"),
		FAULT(ERR_MALFORMED, HEAD "\x01\x80\x80\x80\x80\x80\x00",
			"integer representation too long, at offset 0xe, in the head of the type section"),
		FAULT(ERR_MALFORMED, HEAD TYPES TYPES,
			"unexpected content after last section: it is the second one, or comes too late, at offset 0x13, in the type "
			"section"),
		FAULT(ERR_MALFORMED, HEAD MEMORY TABLE,
			"unexpected content after last section: it is the second one, or comes too late, at offset 0xd, in the table "
			"section"),
		FAULT(ERR_MALFORMED, HEAD "\x01\x02\x00\x00",
			"section size mismatch: its last 1 byte(s) are not used, at offset 0xb, in the type section"),
		FAULT(ERR_MALFORMED, HEAD "\x01\x01\x01", "length out of bounds, at offset 0xb, in the type section"),
		FAULT(ERR_MALFORMED, HEAD "\x01\x03\xff\xff\x03", "length out of bounds, at offset 0xd, in the type section"),
		FAULT(ERR_MALFORMED, HEAD "\x00\x00", "unexpected end of section or function, at offset 0xa, in the custom section"),
		FAULT(ERR_MALFORMED, HEAD "\x00\x02\x01\xff", "malformed UTF-8 encoding, at offset 0xc, in the custom section"),
		FAULT(ERR_MALFORMED, HEAD TYPES FUNC, "function and code section have inconsistent lengths: 1 declared, 0 with code"),
		FAULT(ERR_MALFORMED, HEAD TYPES BODY("\x04", "\x02", "\x00\x0b"),
			"function and code section have inconsistent lengths: 0 declared, 1 with code"),
		FAULT(ERR_MALFORMED, HEAD "\x0c\x01\x01", "data count and data section have inconsistent lengths: 1 declared, 0 there"),
	};
	CHECK(faults);
}

static void declarations_are_checked(void **state)
{
	(void)state;
	static const struct fault faults[] = {
		FAULT(ERR_MALFORMED, HEAD "\x01\x02\x01\x40",
			"integer representation too long for the form of a type, at offset 0xb, in the type section"),
		FAULT(ERR_UNSUPPORTED, HEAD "\x01\x03\x01\x5f\x00",
			"integer representation too long for the form of a type: garbage collection, a proposal beyond WebAssembly "
			"2.0, is not supported, at offset 0xb, in the type section"),
		FAULT(ERR_UNSUPPORTED, HEAD "\x01\x06\x01\x60\x01\x6e\x00\x00",
			"malformed value type: garbage collection, a proposal beyond WebAssembly 2.0, is not supported, at offset "
			"0xd, in the type section"),
		FAULT(ERR_MALFORMED, HEAD "\x01\x05\x01\x60\x01\x01\x00", "malformed value type, at offset 0xd, in the type section"),
		FAULT(ERR_MALFORMED, HEAD "\x03\x02\x01\x00", "unknown type 0, at offset 0xc, in the function section"),
		FAULT(ERR_MALFORMED, HEAD "\x02\x05\x01\x00\x00\x00\x07", "unknown type 7, at offset 0xf, in the import section"),
		FAULT(ERR_MALFORMED, HEAD "\x02\x05\x01\x00\x00\x05\x00", "malformed import kind 5, at offset 0xd, in the import section"),
		FAULT(ERR_UNSUPPORTED, HEAD "\x02\x06\x01\x00\x00\x04\x00\x00",
			"malformed import kind 4: exception handling, a proposal beyond WebAssembly 2.0, is not supported, at offset "
			"0xd, in the import section"),
		FAULT(ERR_MALFORMED, HEAD "\x02\x05\x01\x01\xff\x00\x00", "malformed UTF-8 encoding, at offset 0xd, in the import section"),
		FAULT(ERR_MALFORMED, HEAD "\x04\x04\x01\x7f\x00\x01", "malformed reference type, at offset 0xb, in the table section"),
		FAULT(ERR_MALFORMED, HEAD "\x04\x05\x01\x70\x01\x02\x01",
			"size minimum must not be greater than maximum: a table of 2 to 1, at offset 0xc, in the table section"),
		FAULT(ERR_MALFORMED, HEAD "\x05\x05\x01\x00\x81\x80\x04",
			"memory size must be at most 65536 pages (4GiB), at offset 0xb, in the memory section"),
		FAULT(ERR_UNSUPPORTED, HEAD "\x05\x04\x01\x03\x01\x01",
			"integer too large: limits of a memory with flags 3: threads (shared memory), a proposal beyond WebAssembly "
			"2.0, is not supported, at offset 0xb, in the memory section"),
		FAULT(ERR_UNSUPPORTED, HEAD "\x05\x03\x01\x04\x01",
			"integer too large: limits of a memory with flags 4: memory64, a proposal beyond WebAssembly 2.0, is not "
			"supported, at offset 0xb, in the memory section"),
		FAULT(ERR_MALFORMED, HEAD "\x05\x03\x01\x80\x01",
			"integer representation too long: limits of a memory with flags 0x80, at offset 0xb, in the memory section"),
		FAULT(ERR_UNSUPPORTED, HEAD "\x05\x05\x02\x00\x01\x00\x01",
			"multiple memories, a proposal beyond WebAssembly 2.0, is not supported, at offset 0xb, in the memory section"),
		FAULT(ERR_MALFORMED, HEAD "\x06\x06\x01\x7f\x05\x41\x00\x0b", "malformed mutability, at offset 0xc, in the global section"),
		FAULT(ERR_MALFORMED, HEAD "\x06\x06\x01\x7f\x00\x42\x00\x0b",
			"type mismatch: a constant expression gives i64, where i32 is expected, at offset 0xd, in the global section"),
		FAULT(ERR_MALFORMED, HEAD "\x06\x04\x01\x7f\x00\x0b",
			"type mismatch: a constant expression gives 0 value(s), at offset 0xd, in the global section"),
		FAULT(ERR_MALFORMED, HEAD "\x06\x06\x01\x7f\x00\x23\x00\x0b", "unknown global 0, at offset 0xf, in the global section"),
		FAULT(ERR_MALFORMED, HEAD "\x06\x05\x01\x7f\x00\x01\x0b",
			"constant expression required, found nop, at offset 0xd, in the global section"),
		FAULT(ERR_UNSUPPORTED, HEAD "\x06\x09\x01\x7f\x00\x41\x01\x41\x01\x6a\x0b",
			"constant expression required, found opcode 0x6a: extended constant expressions, a proposal beyond "
			"WebAssembly 2.0, is not supported, at offset 0x11, in the global section"),
		FAULT(ERR_MALFORMED, HEAD MEMORY "\x07\x05\x01\x00\x02\x01\x00", "unknown memory 1, at offset 0x13, in the export section"),
		FAULT(ERR_MALFORMED, HEAD MEMORY "\x07\x09\x02\x01m\x02\x00\x01m\x02\x00",
			"duplicate export name \"m\", at offset 0x18, in the export section"),
		FAULT(ERR_MALFORMED, HEAD "\x07\x04\x01\x00\x07\x00", "malformed export kind 7, at offset 0xc, in the export section"),
		FAULT(ERR_MALFORMED, HEAD "\x08\x01\x00", "unknown function 0, at offset 0xb, in the start section"),
		FAULT(ERR_MALFORMED, HEAD TYPES "\x03\x02\x01\x01\x08\x01\x00",
			"start function 0 has parameters or results, at offset 0x1a, in the start section"),
		FAULT(ERR_MALFORMED, HEAD "\x09\x06\x01\x00\x41\x00\x0b\x00", "unknown table 0, at offset 0xc, in the element section"),
		FAULT(ERR_MALFORMED, HEAD "\x09\x02\x01\x08", "malformed elements segment kind 8, at offset 0xb, in the element section"),
		FAULT(ERR_MALFORMED, HEAD TABLE "\x09\x04\x01\x01\x01\x00",
			"malformed element kind 1, at offset 0x12, in the element section"),
		FAULT(ERR_MALFORMED, HEAD TABLE "\x09\x07\x01\x00\x41\x00\x0b\x01\x03",
			"unknown function 3, at offset 0x17, in the element section"),
		FAULT(ERR_MALFORMED, HEAD "\x0b\x06\x01\x00\x41\x00\x0b\x00", "unknown memory 0, at offset 0xc, in the data section"),
		FAULT(ERR_MALFORMED, HEAD "\x0b\x02\x01\x03", "malformed data segment kind 3, at offset 0xb, in the data section"),
		FAULT(ERR_MALFORMED, HEAD MEMORY "\x0b\x06\x01\x00\x41\x00\x0b\x05",
			"length out of bounds, at offset 0x15, in the data section"),
	};
	CHECK(faults);
}

/* `body` is instructions of a function of type 0, behind no locals. */
#define CODE(section, size, body) HEAD TYPES FUNC BODY(section, size, "\x00" body)

static void bodies_are_checked(void **state)
{
	(void)state;
	static const struct fault faults[] = {
		FAULT(ERR_MALFORMED, CODE("\x03", "\x01", ""),
			"END opcode expected: the function's code has no end, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x05", "\x03", "\x0b\x0b"),
			"END opcode expected: 1 byte(s) behind the function's end, in function 0, at offset 0x1d"),
		FAULT(ERR_MALFORMED, CODE("\x05", "\x03", "\x27\x0b"), "illegal opcode 0x27, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x06", "\x04", "\x41\x00\x0b"),
			"type mismatch: 1 value(s) too many at the end of a block, in function 0, at offset 0x1e"),
		FAULT(ERR_MALFORMED, CODE("\x05", "\x03", "\x6a\x0b"),
			"type mismatch: i32.add expects i32, found nothing, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x0a", "\x08", "\x41\x00\x42\x00\x6a\x1a\x0b"),
			"type mismatch: i32.add expects i32, found i64, in function 0, at offset 0x20"),
		FAULT(ERR_MALFORMED, CODE("\x06", "\x04", "\x20\x00\x0b"),
			"unknown local 0, of 0, named by local.get, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x06", "\x04", "\x23\x00\x0b"),
			"unknown global 0, of 0, named by global.get, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x06", "\x04", "\x10\x09\x0b"),
			"unknown function 9, of 1, named by call, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x06", "\x04", "\x0c\x01\x0b"),
			"unknown label 1, of 1, named by br, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x07", "\x05", "\x02\x09\x0b\x0b"),
			"unknown type 9, of 2, named by a block, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x05", "\x03", "\x05\x0b"),
			"END opcode expected: else without if, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x0b", "\x09", "\x41\x00\x04\x7f\x41\x00\x0b\x0b"),
			"type mismatch: an if without else gives other values than it takes, in function 0, at offset 0x22"),
		FAULT(ERR_MALFORMED, CODE("\x09", "\x07", "\x41\x00\x28\x02\x00\x0b"),
			"unknown memory 0, of 0, in function 0, at offset 0x1e"),
		FAULT(ERR_MALFORMED, HEAD TYPES FUNC MEMORY BODY("\x0a", "\x08", "\x00\x41\x00\x28\x03\x00\x1a\x0b"),
			"alignment must not be larger than natural: i32.load with 2^3, in function 0, at offset 0x23"),
		FAULT(ERR_MALFORMED, CODE("\x0a", "\x08", "\x41\x00\x11\x00\x00\x1a\x0b"),
			"unknown table 0, of 0, named by call_indirect, in function 0, at offset 0x1e"),
		FAULT(ERR_MALFORMED, CODE("\x07", "\x05", "\xd2\x00\x1a\x0b"),
			"undeclared function reference 0: no export, global or element segment names the function, in function 0, at "
			"offset 0x1c"),
		FAULT(ERR_MALFORMED, CODE("\x0d", "\x0b", "\x41\x00\xfd\x0f\xfd\x15\x10\x1a\x0b\x0b"),
			"invalid lane index 16, of 16, in function 0, at offset 0x20"),
		FAULT(ERR_MALFORMED, CODE("\x07", "\x05", "\xfc\x09\x00\x0b"),
			"data count section required: data.drop names a data segment, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, HEAD TYPES FUNC MEMORY BODY("\x07", "\x05", "\x00\x3f\x01\x1a\x0b"),
			"zero byte expected: memory.size names a memory other than 0, in function 0, at offset 0x21"),
		FAULT(ERR_MALFORMED, HEAD TYPES FUNC "\x06\x06\x01\x7f\x00\x41\x00\x0b" BODY("\x08", "\x06", "\x00\x41\x00\x24\x00\x0b"),
			"global is immutable: global.set of global 0, in function 0, at offset 0x26"),
		FAULT(ERR_MALFORMED, CODE("\x09", "\x07", "\x41\x80\x80\x80\x80\x40"), "integer too large, in function 0, at offset 0x22"),
		FAULT(ERR_LIMIT, HEAD TYPES FUNC BODY("\x0a", "\x08", "\x01\xff\xff\xff\xff\x0f\x7f\x0b"),
			"too many locals: 4294967295, of which at most 50000 are supported, in function 0, at offset 0x1c"),
		FAULT(ERR_MALFORMED, HEAD TYPES FUNC BODY("\x0c", "\x0a", "\x02\xff\xff\xff\xff\x0f\x7f\x01\x7f\x0b"),
			"too many locals: 4294967296, in function 0, at offset 0x22"),
		FAULT(ERR_LIMIT, HEAD TYPES FUNC BODY("\x0e", "\x0c", "\x01\xff\xff\x01\x7b\x41\x00\x41\x00\x1a\x1a\x0b"),
			"locals and operands of 65536 slots, of which at most 65535 are supported; a v128 takes two, in function 0, at "
			"offset 0x26"),
		FAULT(ERR_UNSUPPORTED, CODE("\x06", "\x04", "\x12\x00\x0b"),
			"illegal opcode 0x12: tail calls, a proposal beyond WebAssembly 2.0, is not supported, in function 0, at "
			"offset 0x1c"),
		FAULT(ERR_UNSUPPORTED, CODE("\x06", "\x04", "\x06\x40\x0b"),
			"illegal opcode 0x06: exception handling, a proposal beyond WebAssembly 2.0, is not supported, in function "
			"0, at offset 0x1c"),
		FAULT(ERR_UNSUPPORTED, CODE("\x08", "\x06", "\xfe\x03\x00\x1a\x0b"),
			"illegal opcode 0xfe03: threads, a proposal beyond WebAssembly 2.0, is not supported, in function 0, at "
			"offset 0x1c"),
		FAULT(ERR_UNSUPPORTED, CODE("\x07", "\x05", "\xfd\x80\x02\x0b"),
			"illegal opcode 0xfd100: relaxed SIMD, a proposal beyond WebAssembly 2.0, is not supported, in function 0, "
			"at offset 0x1c"),
		FAULT(ERR_UNSUPPORTED, CODE("\x07", "\x05", "\xfb\x00\x00\x0b"),
			"illegal opcode 0xfb00: garbage collection, a proposal beyond WebAssembly 2.0, is not supported, in function "
			"0, at offset 0x1c"),
	};
	CHECK(faults);
}

/* The name of the function comes from the name section, and nothing in it can do harm to the message. */
static void errors_name_the_function(void **state)
{
	(void)state;
	static const struct fault faults[] = {
		FAULT(ERR_MALFORMED,
			HEAD TYPES FUNC BODY("\x05", "\x03", "\x00\x6a\x0b") "\x00\x0d\x04name\x01\x06\x01\x00\x03"
									     "a\nb",
			"type mismatch: i32.add expects i32, found nothing, in function 0 (\"a?b\"), at offset 0x1c"),
		FAULT(ERR_MALFORMED, HEAD TYPES FUNC "\x07\x08\x01\x04main\x00\x00" BODY("\x05", "\x03", "\x00\x6a\x0b"),
			"type mismatch: i32.add expects i32, found nothing, in function 0 (\"main\"), at offset 0x26"),
	};
	CHECK(faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_files_are_named),
		cmocka_unit_test(sections_are_checked),
		cmocka_unit_test(declarations_are_checked),
		cmocka_unit_test(bodies_are_checked),
		cmocka_unit_test(errors_name_the_function),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
