/*
 * The decoder's inside: one pass over the sections, which fills a struct module whose function bodies are validated after it.
 */
#pragma once

#include "wasm/module_parts.h"
#include "wasm/reader.h"

struct decoder {
	struct module *module;
	struct reader r;          /* of the section being decoded */
	const char *section;      /* its name, for messages */
	uint32_t declared_funcs;  /* how many bodies the function section promises */
	uint32_t code_count;
	uint32_t declared_datas;  /* by the data count section */
};

/*
 * Fails with "text, at offset 0x12, in the NAME section". If reading failed before, that is the error: what is wrong after it follows
 * from it.
 */
enum err decode_error(struct decoder *d, enum err code, size_t offset, const char *format, ...) __attribute__((format(printf, 4, 5), cold));

/* The error of the reader, if it has failed. */
enum err decode_status(struct decoder *d);

/* Each decodes the contents of one section; whether all of it was read is the caller's to check. */
enum err decode_types(struct decoder *d);
enum err decode_imports(struct decoder *d);
enum err decode_funcs(struct decoder *d);
enum err decode_tables(struct decoder *d);
enum err decode_memories(struct decoder *d);
enum err decode_globals(struct decoder *d);
enum err decode_exports(struct decoder *d);
enum err decode_start(struct decoder *d);
enum err decode_elems(struct decoder *d);
enum err decode_data_count(struct decoder *d);
enum err decode_code(struct decoder *d);
enum err decode_datas(struct decoder *d);

/* Makes room for `more` entries of the index space of `kind`, behind those it has. */
enum err module_reserve(struct module *module, enum extern_kind kind, uint32_t more);

/* More than one memory is a proposal's feature. */
enum err check_memory_count(struct decoder *d, uint32_t count);

/* Whether there are as many bodies as the function section promises. */
enum err check_func_counts(const struct decoder *d);

/* Sorts the exports by name for module_find_export, which is also how duplicates are found. */
enum err module_order_exports(struct module *module);

/* Refuses what is not a core module, in words for people. */
enum err module_check_kind(struct view bytes);

/* A vector's count, at most MAX_ENTRIES; `what` names its elements. */
enum err decode_count(struct decoder *d, const char *what, uint32_t *ret_count);

/* Types: "malformed value type", "malformed reference type", or the name of the proposal that they are of. */
bool is_valtype(uint8_t byte);
uint8_t read_valtype(struct reader *r);
uint8_t read_reftype(struct reader *r);

/* Parts that several sections share. */
enum err decode_tabletype(struct decoder *d, struct tabletype *ret_type);
enum err decode_memtype(struct decoder *d, struct memtype *ret_type);
enum err decode_globaltype(struct decoder *d, struct globaltype *ret_type);

/* A constant expression that gives a `type`. */
enum err decode_init(struct decoder *d, enum valtype type, struct init *ret_init);

/* What an index must be less than: "unknown function 7" */
enum err decode_index(struct decoder *d, const char *what, uint32_t index, uint32_t count);

/* "i32", "funcref", ...; "a value of any type" for 0 */
const char *valtype_name(uint8_t type);

/* Ends the text of an ERR_UNSUPPORTED; takes the feature. */
#define NOT_SUPPORTED "%s, a proposal beyond WebAssembly 2.0, is not supported"

/* The proposal that a byte in the place of a type stands for; NULL if it stands for none. */
const char *feature_of_type(uint8_t byte);
/* Likewise an opcode. */
const char *feature_of_opcode(uint32_t opcode);

/* " ("name")" for messages, cut to fit and with everything odd replaced; "" if the function has no name. */
void module_name_text(const struct module *module, uint32_t func, char *text, size_t size);

/* Validates all bodies and fills in what only they tell, in threads where that pays. The error is that of the first bad function. */
enum err validate_funcs(struct module *module);
