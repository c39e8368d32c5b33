/* What bytes are, when they are not a module: the first thing that goes wrong for people, so each is named and told what to do. */
#include "wasm/decode.h"

#include <ctype.h>

static const uint8_t magic[4] = { 0, 'a', 's', 'm' };

static bool starts_with(struct view bytes, const char *text, size_t size)
{
	return bytes.size >= size && memcmp(bytes.data, text, size) == 0;
}

/* The text format begins with "(module" or "(component", behind space and comments. */
static bool is_text(struct view bytes)
{
	size_t at = 0;
	while (at < bytes.size) {
		uint8_t c = bytes.data[at];
		if (isspace(c)) {
			at++;
		} else if (starts_with(view_slice(bytes, at, 2), ";;", 2)) {
			const uint8_t *newline = memchr(bytes.data + at, '\n', bytes.size - at);
			at = newline ? (size_t)(newline - bytes.data) : bytes.size;
		} else {
			break;
		}
	}
	struct view rest = view_slice(bytes, at, bytes.size);
	return starts_with(rest, "(;", 2) || starts_with(rest, "(module", 7) || starts_with(rest, "(component", 10);
}

/* Behind the magic number: a version and a layer of 16 bits each. Layer 0 is core modules, 1 components. */
enum module_kind module_kind_of(struct view bytes)
{
	if (bytes.size >= 8 && memcmp(bytes.data, magic, 4) == 0) {
		if (bytes.data[6] == 0 && bytes.data[7] == 0)
			return MODULE_CORE;
		if (bytes.data[6] == 1 && bytes.data[7] == 0)
			return MODULE_COMPONENT;
		return MODULE_OTHER;
	}
	return is_text(bytes) ? MODULE_TEXT : MODULE_OTHER;
}

static const struct {
	const char *start;
	uint8_t size;
	const char *name, *advice;
} formats[] = {
	{ "\x7f"
	  "ELF",
		4, "an ELF file for native execution",
		"build it for WebAssembly (clang --target=wasm32-wasi, cargo --target wasm32-wasip1, GOOS=wasip1 GOARCH=wasm go build)" },
	{ "\x1f\x8b", 2, "gzip-compressed data", "decompress it first (gunzip)" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd-compressed data", "decompress it first (unzstd)" },
	{ "PK\x03\x04", 4, "a zip archive", "extract the module first (unzip)" },
	{ "!<arch>\n", 8, "an archive of object files", "link it into a module first (wasm-ld, clang)" },
	{ "BC\xc0\xde", 4, "LLVM bitcode", "compile and link it into a module first" },
	{ "#!", 2, "a script", "run it with its interpreter, or name the module that it starts" },
};

static enum err no_magic(struct view bytes)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (starts_with(bytes, formats[i].start, formats[i].size))
			return err_set(ERR_MALFORMED, "magic header not detected: this is %s, not a WebAssembly module; %s",
				formats[i].name, formats[i].advice);
	}
	return err_set(ERR_MALFORMED,
		"magic header not detected: this is not a WebAssembly module, which begins with the bytes 00 61 73 6d");
}

enum err module_check_kind(struct view bytes)
{
	if (bytes.size == 0)
		return err_set(ERR_MALFORMED, "unexpected end: this is an empty file, not a WebAssembly module");
	if (bytes.size < 8 && memcmp(bytes.data, magic, bytes.size < 4 ? bytes.size : 4) == 0)
		return err_set(ERR_MALFORMED, "unexpected end: a truncated WebAssembly module of %zu bytes", bytes.size);
	switch (module_kind_of(bytes)) {
	case MODULE_TEXT:
		return err_set(ERR_UNSUPPORTED,
			"magic header not detected: this is a module in text format; convert it to binary format "
			"first, for example with wat2wasm");
	case MODULE_COMPONENT:
		return err_set(ERR_UNSUPPORTED,
			"unknown binary version: this is a component (WASI 0.2 or later), and only core modules are "
			"supported; build for wasm32-wasip1 (Go: GOOS=wasip1) instead, or extract its core module, for example with "
			"wasm-tools component unbundle");
	case MODULE_CORE:
		if (memcmp(bytes.data + 4, "\1\0\0\0", 4) == 0)
			return 0;
		break;
	case MODULE_OTHER:
		if (memcmp(bytes.data, magic, bytes.size < 4 ? bytes.size : 4) != 0)
			return no_magic(bytes);
		break;
	}
	uint32_t version;
	memcpy(&version, bytes.data + 4, sizeof version);
	return err_set(ERR_UNSUPPORTED, "unknown binary version: %u, where 1 is the only one there is", version);
}
