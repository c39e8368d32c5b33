/* YAML as libyaml reads it, as nodes. */
#include "registry/yaml_parts.h"

#include <yaml.h>

enum { DEEPEST = 64, NODES_MAX = 2 << 20 };

/*
 * Whether lists and mappings can't lie in each other deeper than that. To go deeper takes a bracket, or a line that begins further to the
 * right: at most one list and one mapping begin at each column. Nor can there be more nodes than a document may have, which are a hundred
 * bytes and more each in memory: there is a line, or one of these characters, between any two.
 */
static bool is_shallow(struct view text)
{
	size_t brackets = 0, deepest = 0, nodes = 1;
	bool beginning = true;
	for (size_t i = 0, line = 0; i < text.size; i++) {
		uint8_t c = text.data[i];
		nodes += c == '\n' || c == '\r' || c == ',' || c == '[' || c == '{' || c == ':' || c == '?' || c == '-' || c >= 0x80;
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
	return brackets + 2 * (deepest + 1) <= DEEPEST && nodes <= NODES_MAX;
}

/*
 * NULL, or what is wrong: they lie in each other deeper than any of ours do, or are more. The library's time grows with the square of that
 * depth, so it is asked token by token. What is no YAML is left to who loads it.
 */
static const char *find_excess(struct view text)
{
	yaml_parser_t parser;
	yaml_token_t token;
	int depth = 0;
	uint32_t nodes = 0;
	bool ended = !yaml_parser_initialize(&parser);
	if (ended)
		return NULL;
	yaml_parser_set_input_string(&parser, text.data ? text.data : (const uint8_t *)"", text.size);
	while (!ended && depth <= DEEPEST && nodes <= NODES_MAX && yaml_parser_scan(&parser, &token)) {
		nodes += token.type != YAML_BLOCK_END_TOKEN;
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
	return depth > DEEPEST ? "lists lie too deep in lists" : nodes > NODES_MAX ? "it has too many parts" : NULL;
}

static void copy_scalar(const yaml_node_t *from, struct yaml_node *to)
{
	to->kind = YAML_TEXT;
	to->text = view_of(from->data.scalar.value, from->data.scalar.length);
	to->plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	to->binary = from->tag && strcmp((const char *)from->tag, "tag:yaml.org,2002:binary") == 0;
}

/* Nodes are numbered from 1. What is aliased is one node, in several places. */
static bool copy_items(const yaml_node_t *from, struct yaml_node *nodes, struct arena *arena, struct yaml_node *to)
{
	bool list = from->type == YAML_SEQUENCE_NODE;
	size_t count = list ? (size_t)(from->data.sequence.items.top - from->data.sequence.items.start)
			    : 2 * (size_t)(from->data.mapping.pairs.top - from->data.mapping.pairs.start);
	to->kind = list ? YAML_LIST : YAML_MAPPING;
	to->items = ARENA_ARRAY(arena, struct yaml_node *, count);
	if (!to->items)
		return false;
	for (size_t i = 0; i < count; i++) {
		const yaml_node_pair_t *pair = list ? NULL : &from->data.mapping.pairs.start[i / 2];
		int number = list ? from->data.sequence.items.start[i] : i % 2 ? pair->value : pair->key;
		to->items[i] = &nodes[number - 1];
	}
	to->count = count;
	return true;
}

static enum err copy_document(yaml_document_t *document, struct arena *arena, struct yaml_node **ret_root)
{
	size_t count = (size_t)(document->nodes.top - document->nodes.start);
	struct yaml_node *nodes = ARENA_ARRAY(arena, struct yaml_node, count);
	if (!nodes)
		return err_nomem();
	for (size_t i = 0; i < count; i++) {
		const yaml_node_t *from = &document->nodes.start[i];
		nodes[i].line = from->start_mark.line + 1;
		if (from->type == YAML_SEQUENCE_NODE || from->type == YAML_MAPPING_NODE) {
			if (!copy_items(from, nodes, arena, &nodes[i]))
				return err_nomem();
			continue;
		}
		copy_scalar(from, &nodes[i]);
		const char *text = arena_text(arena, nodes[i].text);
		if (!text)
			return err_nomem();
		nodes[i].text.data = (const uint8_t *)text;
	}
	*ret_root = count ? &nodes[0] : NULL;
	return 0;
}

enum err yaml_parse(struct view text, const char *name, enum err code, struct arena *arena, struct yaml_node **ret_root)
{
	yaml_parser_t parser;
	yaml_document_t document;
	const char *excess = is_shallow(text) ? NULL : find_excess(text);
	if (excess)
		return err_set(code, "%s: %s", name, excess);
	if (!yaml_parser_initialize(&parser))
		return err_nomem();
	yaml_parser_set_input_string(&parser, text.data ? text.data : (const uint8_t *)"", text.size);
	enum err err;
	if (yaml_parser_load(&parser, &document)) {
		err = copy_document(&document, arena, ret_root);
		yaml_document_delete(&document);
	} else {
		err = parser.error == YAML_MEMORY_ERROR
			? err_nomem()
			: err_set(code, "%s:%zu: %s", name, parser.problem_mark.line + 1, parser.problem ? parser.problem : "not YAML");
	}
	yaml_parser_delete(&parser);
	return err;
}
