#include "emit/syscall_value.h"

#include "emit/format.h"

enum { LIST_MIN = 32 };

static void print_descriptor(struct value_printer *printer, uint64_t fd)
{
	struct emitter *e = printer->emitter;
	struct descriptor descriptor;
	if (!printer->descriptors || fd > UINT32_MAX || !descriptors_get(printer->descriptors, (uint32_t)fd, &descriptor)) {
		emit_uint(e, fd);
		return;
	}
	struct view path = descriptor.path.size ? descriptor.path : view_text(descriptor_kind_name(descriptor.kind));
	if (emit_is_line(e)) {
		emit_uint(e, fd);
		format_byte(e->out, '<');
		format_escaped(e->out, path, descriptor.kind == DESCRIPTOR_SOCKET ? "<" : "<>"); /* LOCAL > PEER */
		format_byte(e->out, '>');
		return;
	}
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "fd");
	emit_uint(e, fd);
	emit_key(e, "kind");
	emit_name(e, descriptor_kind_name(descriptor.kind));
	if (descriptor.path.size) {
		emit_key(e, "path");
		emit_string(e, descriptor.path);
	}
	emit_object_end(e);
}

/* All of a large set, on a line: one word. */
static bool print_whole_set(struct value_printer *printer, enum type_number type, uint64_t value)
{
	static const char *const word[] = { "ALL" };
	enum { LARGE = 16 };
	uint64_t all = flags_named(type);
	if (!emit_is_line(printer->emitter) || __builtin_popcountll(all) < LARGE || (value & all) != all)
		return false;
	emit_flags(printer->emitter, word, 1, value & ~all);
	return true;
}

static void print_flags(struct value_printer *printer, enum type_number type, uint64_t value)
{
	const char *names[64];
	uint32_t count = 0;
	uint64_t rest = 0;
	if (print_whole_set(printer, type, value))
		return;
	for (uint64_t left = value; left; left &= left - 1) {
		const char *name = value_name(type, left & -left);
		if (name)
			names[count++] = name;
		else
			rest |= left & -left;
	}
	emit_flags(printer->emitter, names, count, rest);
}

static void print_enum(struct value_printer *printer, enum type_number type, uint64_t value)
{
	const char *name = value_name(type, value);
	if (name)
		emit_name(printer->emitter, name);
	else
		emit_uint(printer->emitter, value);
}

void value_print_number(struct value_printer *printer, enum type_number type, uint64_t value)
{
	switch (types[type].style) {
	case STYLE_SDEC: emit_sint(printer->emitter, (int64_t)value); break;
	case STYLE_FD: print_descriptor(printer, value); break;
	case STYLE_ENUM: print_enum(printer, type, value); break;
	case STYLE_FLAGS: print_flags(printer, type, value); break;
	default: emit_uint(printer->emitter, value); break;
	}
}

/* The fields that are there: those that the tag asks for, and that the bytes reach. */
static void print_fields(struct value_printer *printer, const struct field *fields, struct view bytes)
{
	for (const struct field *field = fields; field->name; field++) {
		const struct type *type = &types[field->type];
		if ((size_t)field->offset + type->size > bytes.size)
			continue;
		if (field->tag >= 0 && bytes.data[fields[field->tag].offset] != field->value)
			continue;
		emit_key(printer->emitter, field->name);
		value_print_number(printer, field->type, load_number(bytes.data + field->offset, type->size));
	}
}

void value_print_struct(struct value_printer *printer, enum type_number type, struct view bytes)
{
	emit_object_begin(printer->emitter, OBJECT_BRACED);
	print_fields(printer, struct_fields(type), bytes);
	emit_object_end(printer->emitter);
}

void value_print_bytes_of(struct value_printer *printer, enum type_number type, struct view bytes)
{
	if (bytes.size == 0)
		value_print_missing(printer);
	else if (struct_fields(type))
		value_print_struct(printer, type, bytes);
	else if (bytes.size < types[type].size)
		value_print_missing(printer);
	else
		value_print_number(printer, type, load_number(bytes.data, types[type].size));
}

void value_print_buffer(struct value_printer *printer, struct view bytes, uint64_t size)
{
	emit_bytes(printer->emitter, view_slice(bytes, 0, printer->string_size < bytes.size ? (size_t)printer->string_size : bytes.size),
		size);
}

void value_print_pointer(struct value_printer *printer, uint64_t pointer)
{
	struct emitter *e = printer->emitter;
	if (!emit_is_line(e)) {
		emit_uint(e, pointer);
		return;
	}
	buf_clear(&printer->scratch);
	format_hex(&printer->scratch, pointer);
	emit_name(e, pointer ? buf_text(&printer->scratch) : "NULL");
}

void value_print_missing(struct value_printer *printer)
{
	if (emit_is_line(printer->emitter))
		emit_name(printer->emitter, "?");
	else
		emit_null(printer->emitter);
}

bool value_array_goes_on(struct value_printer *printer, uint64_t index)
{
	uint64_t max = printer->string_size > LIST_MIN ? printer->string_size : LIST_MIN;
	if (index < max || !emit_is_line(printer->emitter))
		return true;
	emit_name(printer->emitter, "...");
	return false;
}

void value_print_array(struct value_printer *printer, enum type_number type, struct view bytes, uint64_t count)
{
	size_t size = types[type].size;
	emit_array_begin(printer->emitter);
	for (uint64_t i = 0; i < count && bytes.size && value_array_goes_on(printer, i); i++) {
		struct view value = view_slice(bytes, 0, size);
		value_print_bytes_of(printer, type, value);
		bytes = view_slice(bytes, value.size, bytes.size);
	}
	emit_array_end(printer->emitter);
}

void value_print_dirents(struct value_printer *printer, struct view bytes)
{
	struct emitter *e = printer->emitter;
	const struct field *fields = struct_fields(TYPE_dirent);
	const struct field *length = fields;
	while (strcmp(length->name, "d_namlen") != 0)
		length++;
	emit_array_begin(e);
	for (uint64_t i = 0; bytes.size && value_array_goes_on(printer, i); i++) {
		struct view head = view_slice(bytes, 0, types[TYPE_dirent].size);
		struct view rest = view_slice(bytes, head.size, bytes.size);
		emit_object_begin(e, OBJECT_BRACED);
		print_fields(printer, fields, head);
		uint32_t size = head.size == types[TYPE_dirent].size ? load_u32(head.data + length->offset) : 0;
		struct view name = view_slice(rest, 0, size);
		if (head.size == types[TYPE_dirent].size) {
			emit_key(e, "d_name");
			if (name.size == size)
				emit_string(e, name);
			else
				emit_bytes(e, name, size);
		}
		emit_object_end(e);
		bytes = view_slice(rest, name.size, rest.size);
	}
	emit_array_end(e);
}

void value_print_strings(struct value_printer *printer, struct view bytes)
{
	emit_array_begin(printer->emitter);
	for (uint64_t i = 0; bytes.size && value_array_goes_on(printer, i); i++) {
		const uint8_t *nul = memchr(bytes.data, 0, bytes.size);
		struct view text = view_slice(bytes, 0, nul ? (size_t)(nul - bytes.data) : bytes.size);
		if (text.size <= printer->string_size)
			emit_string(printer->emitter, text);
		else
			value_print_buffer(printer, text, text.size);
		bytes = view_slice(bytes, text.size + 1, bytes.size);
	}
	emit_array_end(printer->emitter);
}
