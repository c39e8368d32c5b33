#include "registry/yaml.h"

#include "base/utf8.h"

#include <errno.h>
#include <nettle/base64.h>
#include <stdlib.h>

enum { DEEPEST = 64 };

/*
 * Whether lists and mappings can't lie in each other deeper than that. To go deeper takes a bracket, or a line that begins further to the
 * right: at most one list and one mapping begin at each column.
 */
static bool is_shallow(struct view text)
{
	size_t brackets = 0, deepest = 0;
	bool beginning = true;
	for (size_t i = 0, line = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		if (c == '\n' || c == '\r' || c == 0x85 || c == 0xa8 || c == 0xa9) { /* the last three end U+0085, U+2028 and U+2029 */
			line = i + 1;
			beginning = true;
			continue;
		}
		brackets += c == '[' || c == '{';
		beginning = beginning && (c == ' ' || c == '\t' || c == '-' || c == '?' || c == ':');
		if (beginning && i + 1 - line > deepest)
			deepest = i + 1 - line;
	}
	return brackets + 2 * (deepest + 1) <= DEEPEST;
}

/*
 * Whether they lie in each other deeper than any of ours do. The library's time grows with the square of that depth, so it is asked token
 * by token. What is no YAML is left to who loads it.
 */
static bool is_too_deep(struct view text)
{
	yaml_parser_t parser;
	yaml_token_t token;
	int depth = 0;
	bool ended = !yaml_parser_initialize(&parser);
	if (ended)
		return false;
	yaml_parser_set_input_string(&parser, text.data ? text.data : (const uint8_t *)"", text.size);
	while (!ended && depth <= DEEPEST && yaml_parser_scan(&parser, &token)) {
		switch (token.type) {
		case YAML_FLOW_SEQUENCE_START_TOKEN:
		case YAML_FLOW_MAPPING_START_TOKEN:
		case YAML_BLOCK_SEQUENCE_START_TOKEN:
		case YAML_BLOCK_MAPPING_START_TOKEN: depth++; break;
		case YAML_FLOW_SEQUENCE_END_TOKEN:
		case YAML_FLOW_MAPPING_END_TOKEN:
		case YAML_BLOCK_END_TOKEN: depth--; break;
		default: break;
		}
		ended = token.type == YAML_STREAM_END_TOKEN;
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
	return depth > DEEPEST;
}

enum err yaml_load(struct view text, const char *name, enum err code, struct arena *arena, struct yaml *ret_yaml)
{
	yaml_parser_t parser;
	if (!is_shallow(text) && is_too_deep(text))
		return err_set(code, "%s: lists lie too deep in lists", name);
	if (!yaml_parser_initialize(&parser))
		return err_nomem();
	yaml_parser_set_input_string(&parser, text.data ? text.data : (const uint8_t *)"", text.size);
	*ret_yaml = (struct yaml){ .name = name, .code = code, .arena = arena };
	enum err err = 0;
	if (!yaml_parser_load(&parser, &ret_yaml->document))
		err = parser.error == YAML_MEMORY_ERROR
			? err_nomem()
			: err_set(code, "%s:%zu: %s", name, parser.problem_mark.line + 1, parser.problem ? parser.problem : "not YAML");
	yaml_parser_delete(&parser);
	return err;
}

void yaml_finish(struct yaml *yaml)
{
	yaml_document_delete(&yaml->document);
}

yaml_node_t *yaml_root(struct yaml *yaml)
{
	return yaml_document_get_root_node(&yaml->document);
}

enum err yaml_error(struct yaml *yaml, const yaml_node_t *node, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	BUF_CLEANUP struct buf text = { 0 };
	buf_vprintf(&text, format, args);
	va_end(args);
	return err_set(yaml->code, "%s:%zu: %s", yaml->name, node->start_mark.line + 1, buf_text(&text));
}

static bool is_null(const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	struct view text = view_of(node->data.scalar.value, node->data.scalar.length);
	return text.size == 0 || view_is(text, "~") || view_is(text, "null");
}

static enum err read_field(struct yaml *yaml, const yaml_node_pair_t *pair, const struct yaml_field *fields, size_t count, void *target,
	uint32_t *seen)
{
	yaml_node_t *key = yaml_document_get_node(&yaml->document, pair->key);
	yaml_node_t *value = yaml_document_get_node(&yaml->document, pair->value);
	if (key->type != YAML_SCALAR_NODE)
		return yaml_error(yaml, key, "a key must be a word");
	struct view word = view_of(key->data.scalar.value, key->data.scalar.length);
	for (size_t i = 0; i < count; i++) {
		if (!view_is(word, fields[i].key))
			continue;
		if (*seen >> i & 1)
			return yaml_error(yaml, key, "%s is there twice", fields[i].key);
		*seen |= UINT32_C(1) << i;
		return fields[i].read(yaml, value, target);
	}
	BUF_CLEANUP struct buf known = { 0 };
	for (size_t i = 0; i < count; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", fields[i].key);
	return yaml_error(yaml, key, "\"%.*s\" is not known here; known are: %s", VIEW_ARG(word), buf_text(&known));
}

enum err yaml_fields(struct yaml *yaml, yaml_node_t *node, const struct yaml_field *fields, size_t count, void *target, uint32_t *present)
{
	uint32_t seen = 0;
	if (!is_null(node)) {
		if (node->type != YAML_MAPPING_NODE)
			return yaml_error(yaml, node, "expected keys with values");
		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
			TRY(read_field(yaml, pair, fields, count, target, &seen));
	}
	if (present)
		*present = seen;
	return 0;
}

static enum err decode_binary(struct yaml *yaml, const yaml_node_t *node, struct view text, struct view *ret_string)
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

enum err yaml_string(struct yaml *yaml, yaml_node_t *node, struct view *ret_string)
{
	if (node->type != YAML_SCALAR_NODE)
		return yaml_error(yaml, node, "expected a string");
	struct view text = view_of(node->data.scalar.value, node->data.scalar.length), string = { 0 };
	if (node->tag && strcmp((const char *)node->tag, "tag:yaml.org,2002:binary") == 0) {
		TRY(decode_binary(yaml, node, text, &string));
	} else {
		const char *copy = arena_text(yaml->arena, text);
		if (!copy)
			return err_nomem();
		string = view_of(copy, text.size);
	}
	if (string.size && memchr(string.data, 0, string.size))
		return yaml_error(yaml, node, "a string with a NUL in it");
	*ret_string = string;
	return 0;
}

enum err yaml_uint(struct yaml *yaml, yaml_node_t *node, uint64_t *ret_number)
{
	const char *text = node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : "";
	char *end;
	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno)
		return yaml_error(yaml, node, "expected a number");
	*ret_number = number;
	return 0;
}

enum err yaml_bool(struct yaml *yaml, yaml_node_t *node, bool *ret_value)
{
	struct view text = { 0 };
	if (node->type == YAML_SCALAR_NODE)
		text = view_of(node->data.scalar.value, node->data.scalar.length);
	if (!view_is(text, "true") && !view_is(text, "false"))
		return yaml_error(yaml, node, "expected true or false");
	*ret_value = view_is(text, "true");
	return 0;
}

enum err yaml_count(struct yaml *yaml, yaml_node_t *node, size_t *ret_count)
{
	if (!is_null(node) && node->type != YAML_SEQUENCE_NODE)
		return yaml_error(yaml, node, "expected a list");
	*ret_count = is_null(node) ? 0 : (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	return 0;
}

yaml_node_t *yaml_element(struct yaml *yaml, yaml_node_t *node, size_t index)
{
	return yaml_document_get_node(&yaml->document, node->data.sequence.items.start[index]);
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

static bool is_showable(struct view string)
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
	if (!is_showable(string)) {
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
