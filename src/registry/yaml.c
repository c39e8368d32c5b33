#include "registry/yaml_parts.h"

#include "base/utf8.h"

#include <nettle/base64.h>

enum err yaml_load(struct view text, const char *name, enum err code, struct arena *arena, struct yaml *ret_yaml)
{
	*ret_yaml = (struct yaml){ .name = name, .code = code, .arena = arena };
	if (yaml_parse_plain(text, &ret_yaml->nodes, &ret_yaml->root))
		return 0;
	arena_finish(&ret_yaml->nodes);
	enum err err = yaml_parse(text, name, code, &ret_yaml->nodes, &ret_yaml->root);
	if (err)
		yaml_finish(ret_yaml);
	return err;
}

void yaml_finish(struct yaml *yaml)
{
	arena_finish(&yaml->nodes);
}

struct yaml_node *yaml_root(struct yaml *yaml)
{
	return yaml->root;
}

enum err yaml_error(struct yaml *yaml, const struct yaml_node *node, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	BUF_CLEANUP struct buf text = { 0 };
	buf_vprintf(&text, format, args);
	va_end(args);
	return err_set(yaml->code, "%s:%zu: %s", yaml->name, node->line, buf_text(&text));
}

static bool is_null(const struct yaml_node *node)
{
	if (node->kind != YAML_TEXT || !node->plain)
		return false;
	return node->text.size == 0 || view_is(node->text, "~") || view_is(node->text, "null");
}

static enum err read_field(struct yaml *yaml, struct yaml_node *const pair[2], const struct yaml_field *fields, size_t count, void *target,
	uint32_t *seen)
{
	const struct yaml_node *key = pair[0];
	if (key->kind != YAML_TEXT)
		return yaml_error(yaml, key, "a key must be a word");
	for (size_t i = 0; i < count; i++) {
		if (!view_is(key->text, fields[i].key))
			continue;
		if (*seen >> i & 1)
			return yaml_error(yaml, key, "%s is there twice", fields[i].key);
		*seen |= UINT32_C(1) << i;
		return fields[i].read(yaml, pair[1], target);
	}
	BUF_CLEANUP struct buf known = { 0 };
	for (size_t i = 0; i < count; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", fields[i].key);
	return yaml_error(yaml, key, "\"%.*s\" is not known here; known are: %s", VIEW_ARG(key->text), buf_text(&known));
}

enum err yaml_fields(struct yaml *yaml, struct yaml_node *node, const struct yaml_field *fields, size_t count, void *target,
	uint32_t *present)
{
	uint32_t seen = 0;
	if (!is_null(node)) {
		if (node->kind != YAML_MAPPING)
			return yaml_error(yaml, node, "expected keys with values");
		for (size_t i = 0; i < node->count; i += 2)
			TRY(read_field(yaml, &node->items[i], fields, count, target, &seen));
	}
	if (present)
		*present = seen;
	return 0;
}

static enum err decode_binary(struct yaml *yaml, const struct yaml_node *node, struct view text, struct view *ret_string)
{
	struct base64_decode_ctx context;
	base64_decode_init(&context);
	size_t size = BASE64_DECODE_LENGTH(text.size);
	uint8_t *data = arena_array(yaml->arena, size + 1, 1);
	if (!data)
		return err_nomem();
	if (!base64_decode_update(&context, &size, data, text.size, (const char *)text.data) || !base64_decode_final(&context))
		return yaml_error(yaml, node, "!!binary is not base64");
	data[size] = 0;
	*ret_string = view_of(data, size);
	return 0;
}

enum err yaml_string(struct yaml *yaml, struct yaml_node *node, struct view *ret_string)
{
	if (node->kind != YAML_TEXT)
		return yaml_error(yaml, node, "expected a string");
	struct view string = { 0 };
	if (node->binary) {
		TRY(decode_binary(yaml, node, node->text, &string));
	} else {
		const char *copy = arena_text(yaml->arena, node->text);
		if (!copy)
			return err_nomem();
		string = view_of(copy, node->text.size);
	}
	if (string.size && memchr(string.data, 0, string.size))
		return yaml_error(yaml, node, "a string with a NUL in it");
	*ret_string = string;
	return 0;
}

bool yaml_begins(const struct yaml_node *node, const char *text)
{
	return node->kind == YAML_TEXT && !node->binary && view_is(view_slice(node->text, 0, strlen(text)), text);
}

enum err yaml_uint(struct yaml *yaml, struct yaml_node *node, uint64_t *ret_number)
{
	uint64_t number = 0;
	bool right = node->kind == YAML_TEXT && node->text.size > 0;
	for (size_t i = 0; right && i < node->text.size; i++) {
		uint8_t digit = (uint8_t)(node->text.data[i] - '0');
		right = digit <= 9 && !__builtin_mul_overflow(number, 10, &number) && !__builtin_add_overflow(number, digit, &number);
	}
	if (!right)
		return yaml_error(yaml, node, "expected a number");
	*ret_number = number;
	return 0;
}

enum err yaml_bool(struct yaml *yaml, struct yaml_node *node, bool *ret_value)
{
	struct view text = node->kind == YAML_TEXT ? node->text : (struct view){ 0 };
	if (!view_is(text, "true") && !view_is(text, "false"))
		return yaml_error(yaml, node, "expected true or false");
	*ret_value = view_is(text, "true");
	return 0;
}

enum err yaml_count(struct yaml *yaml, struct yaml_node *node, size_t *ret_count)
{
	if (!is_null(node) && node->kind != YAML_LIST)
		return yaml_error(yaml, node, "expected a list");
	*ret_count = node->count;
	return 0;
}

struct yaml_node *yaml_element(struct yaml *yaml, struct yaml_node *node, size_t index)
{
	(void)yaml;
	return node->items[index];
}

/* Characters that YAML does not take, or takes for the end of a line: control characters beyond ASCII, U+2028, U+2029, byte order marks. */
static bool is_awkward(struct view c)
{
	if (c.size == 2)
		return c.data[0] == 0xc2 && c.data[1] < 0xa0;
	if (c.size != 3)
		return false;
	if (c.data[0] == 0xe2)
		return c.data[1] == 0x80 && (c.data[2] | 1) == 0xa9;
	if (c.data[0] != 0xef)
		return false;
	return (c.data[1] == 0xbb && c.data[2] == 0xbf) || (c.data[1] == 0xbf && c.data[2] >= 0xbe);
}

bool yaml_is_showable(struct view string)
{
	while (string.size) {
		size_t length = utf8_length(string);
		if (length == 0 || is_awkward(view_slice(string, 0, length)))
			return false;
		string = view_slice(string, length, string.size);
	}
	return true;
}

static void put_binary(struct buf *out, struct view string)
{
	size_t size = BASE64_ENCODE_RAW_LENGTH(string.size);
	buf_append_text(out, "!!binary \"");
	if (buf_reserve(out, size)) {
		base64_encode_raw((char *)out->data + out->size, string.size, string.data);
		out->size += size;
	}
	buf_append_byte(out, '"');
}

void yaml_put_string(struct buf *out, struct view string)
{
	if (!yaml_is_showable(string)) {
		put_binary(out, string);
		return;
	}
	buf_append_byte(out, '"');
	for (size_t i = 0; i < string.size; i++) {
		uint8_t c = string.data[i];
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_append_byte(out, c);
	}
	buf_append_byte(out, '"');
}
