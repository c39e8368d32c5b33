/* The values of a call: numbers, names, structures and buffers by their types in the call table. Used by syscall.c. */
#pragma once

#include "emit/emitter.h"
#include "trace/descriptors.h"
#include "trace/values.h"

struct value_printer {
	struct emitter *emitter;
	const struct descriptors *descriptors; /* NULL: descriptors are bare numbers */
	uint64_t string_size;
	struct buf scratch;
};

void value_print_number(struct value_printer *printer, enum type_number type, uint64_t value);
void value_print_struct(struct value_printer *printer, enum type_number type, struct view bytes);

/* A value in memory, whatever its type; fewer bytes than the type has show what is there. */
void value_print_bytes_of(struct value_printer *printer, enum type_number type, struct view bytes);

/* A buffer of `size` bytes, the first of which are at hand, cut to the string size. */
void value_print_buffer(struct value_printer *printer, struct view bytes, uint64_t size);

void value_print_pointer(struct value_printer *printer, uint64_t pointer);

/* What is not in the record. */
void value_print_missing(struct value_printer *printer);

/* Values from `bytes`, as many as fit, at most `count`. */
void value_print_array(struct value_printer *printer, enum type_number type, struct view bytes, uint64_t count);

/* The entries of a directory as fd_readdir packs them; the last one may be cut. */
void value_print_dirents(struct value_printer *printer, struct view bytes);

/* Strings that end with a NUL each. */
void value_print_strings(struct value_printer *printer, struct view bytes);

/* Whether an array shows its element `index`; says ... once when it does not. */
bool value_array_goes_on(struct value_printer *printer, uint64_t index);
