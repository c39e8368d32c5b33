#include "registry/yaml_parts.h"

enum { MAX_DEPTH = 8 };

struct plain {
	struct view rest;  /* from the beginning of a line */
	size_t line, indent; /* of that line */
	struct arena *arena;
};

/* Counts the spaces before what comes next. False at the end. */
static bool look(struct plain *p)
{
	p->indent = 0;
	while (p->indent < p->rest.size && p->rest.data[p->indent] == ' ')
		p->indent++;
	return p->rest.size > 0;
}

static void skip(struct plain *p, size_t size)
{
	p->rest = view_slice(p->rest, size, p->rest.size);
}

static bool skip_text(struct plain *p, const char *text)
{
	size_t size = strlen(text);
	if (p->rest.size < size || memcmp(p->rest.data, text, size) != 0)
		return false;
	skip(p, size);
	return true;
}

static bool end_line(struct plain *p)
{
	p->line++;
	return skip_text(p, "\n");
}

static struct yaml_node *new_node(struct plain *p, enum yaml_kind kind)
{
	struct yaml_node *node = ARENA_NEW(p->arena, struct yaml_node);
	if (node) {
		node->kind = (uint8_t)kind;
		node->line = p->line;
	}
	return node;
}

/* Room doubles whenever the count is a power of two. */
static bool add_item(struct plain *p, struct yaml_node *to, struct yaml_node *item)
{
	if (!item)
		return false;
	if ((to->count & (to->count - 1)) == 0) {
		struct yaml_node **more = ARENA_ARRAY(p->arena, struct yaml_node *, to->count ? to->count * 2 : 1);
		if (!more)
			return false;
		if (to->count)
			memcpy(more, to->items, to->count * sizeof *more);
		to->items = more;
	}
	to->items[to->count++] = item;
	return true;
}

static bool is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct view take_word(struct plain *p, const char *others)
{
	size_t size = 0;
	while (size < p->rest.size && (is_word(p->rest.data[size]) || (size && p->rest.data[size] && strchr(others, p->rest.data[size]))))
		size++;
	struct view word = view_slice(p->rest, 0, size);
	skip(p, size);
	return word;
}

static int hex(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character that a backslash begins, of ASCII; 0 where it is another. */
static uint8_t unescape(struct view text, size_t *ret_size)
{
	*ret_size = 2;
	if (text.size >= 2 && (text.data[1] == '"' || text.data[1] == '\\'))
		return text.data[1];
	*ret_size = 4;
	if (text.size < 4 || text.data[1] != 'x' || hex(text.data[2]) < 0 || hex(text.data[3]) < 0 || text.data[2] > '7')
		return 0;
	return (uint8_t)(hex(text.data[2]) << 4 | hex(text.data[3]));
}

static bool copy_escaped(struct plain *p, struct view quoted, struct view *ret_text)
{
	uint8_t *copy = arena_array(p->arena, quoted.size + 1, 1);
	size_t size = 0;
	for (size_t i = 0, step; copy && i < quoted.size; i += step) {
		step = 1;
		uint8_t c = quoted.data[i];
		if (c == '\\' && !(c = unescape(view_slice(quoted, i, quoted.size), &step)))
			return false;
		copy[size++] = c;
	}
	*ret_text = view_of(copy, size);
	return copy;
}

static bool take_quoted(struct plain *p, struct view *ret_text)
{
	size_t size = 0;
	bool escaped = false, beyond = false;
	if (!skip_text(p, "\""))
		return false;
	for (; size < p->rest.size && p->rest.data[size] != '"'; size++) {
		uint8_t c = p->rest.data[size];
		if (c < ' ' || c == 0x7f)
			return false;
		beyond |= c >= 0x80;
		escaped |= c == '\\';
		size += c == '\\';
	}
	if (size >= p->rest.size)
		return false;
	struct view quoted = view_slice(p->rest, 0, size);
	skip(p, size + 1);
	if (beyond && !yaml_is_showable(quoted))
		return false;
	*ret_text = quoted;
	return !escaped || copy_escaped(p, quoted, ret_text);
}

/* What stands behind a key or a dash, on the same line. */
static struct yaml_node *take_value(struct plain *p)
{
	struct yaml_node *node = new_node(p, YAML_TEXT);
	if (!node || p->rest.size == 0)
		return NULL;
	if (skip_text(p, "[]")) {
		node->kind = YAML_LIST;
	} else if (p->rest.data[0] == '"' || p->rest.data[0] == '!') {
		node->binary = skip_text(p, "!!binary ");
		if (!take_quoted(p, &node->text))
			return NULL;
	} else {
		node->plain = true;
		node->text = take_word(p, ".:+-");
		if (node->text.size == 0 || node->text.data[node->text.size - 1] == ':')
			return NULL;
	}
	return end_line(p) ? node : NULL;
}

static struct yaml_node *take_block(struct plain *p, size_t indent, int depth);

static struct yaml_node *take_key(struct plain *p)
{
	struct yaml_node *key = new_node(p, YAML_TEXT);
	if (!key)
		return NULL;
	key->plain = true;
	key->text = take_word(p, "");
	return key->text.size && skip_text(p, ":") ? key : NULL;
}

/* Of the line that is begun: what is before its first key has been passed. */
static struct yaml_node *take_mapping(struct plain *p, size_t indent, int depth)
{
	struct yaml_node *mapping = new_node(p, YAML_MAPPING);
	while (mapping) {
		struct yaml_node *value;
		if (!add_item(p, mapping, take_key(p)))
			return NULL;
		if (skip_text(p, " ")) {
			value = take_value(p);
		} else {
			bool below = end_line(p) && look(p) && p->indent > indent;
			value = below ? take_block(p, p->indent, depth + 1) : NULL;
		}
		if (!add_item(p, mapping, value))
			return NULL;
		if (!look(p) || p->indent < indent)
			break;
		if (p->indent > indent)
			return NULL;
		skip(p, indent);
	}
	return mapping;
}

static struct yaml_node *take_list(struct plain *p, size_t indent, int depth)
{
	struct yaml_node *list = new_node(p, YAML_LIST);
	while (list && skip_text(p, "- ")) {
		bool quoted = p->rest.size && (p->rest.data[0] == '"' || p->rest.data[0] == '!');
		if (!add_item(p, list, quoted ? take_value(p) : take_mapping(p, indent + 2, depth + 1)))
			return NULL;
		if (!look(p) || p->indent < indent)
			return list;
		if (p->indent > indent)
			return NULL;
		skip(p, indent);
	}
	return NULL;
}

/* Of the line that comes next, whose indent is `indent`. */
static struct yaml_node *take_block(struct plain *p, size_t indent, int depth)
{
	if (depth > MAX_DEPTH)
		return NULL;
	skip(p, indent);
	bool list = p->rest.size && p->rest.data[0] == '-';
	return list ? take_list(p, indent, depth) : take_mapping(p, indent, depth);
}

bool yaml_parse_plain(struct view text, struct arena *arena, struct yaml_node **ret_root)
{
	struct plain p = { .rest = text, .line = 1, .arena = arena };
	if (!look(&p) || p.indent)
		return false;
	struct yaml_node *root = take_block(&p, 0, 0);
	if (!root || p.rest.size)
		return false;
	*ret_root = root;
	return true;
}
