/* A document of YAML as nodes, and who makes them of text. */
#pragma once

#include "registry/yaml.h"

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAPPING };

struct yaml_node {
	uint8_t kind;            /* enum yaml_kind */
	bool plain, binary;      /* of a text: it has no quotes; it is !!binary, as it is written */
	size_t line;             /* from 1 */
	struct view text;
	struct yaml_node **items; /* of a mapping, key and value in turn */
	size_t count;
};

/* All of YAML, but for what lies too deep in each other. No root: nothing is in it. */
enum err yaml_parse(struct view text, const char *name, enum err code, struct arena *arena, struct yaml_node **ret_root);

/*
 * Of YAML what manifests are written in: lines of keys, each with a word, a string, an empty list, or what is on the lines below it,
 * further to the right. Ten times as fast. False for all else, and where there is no memory. Texts may be in `text`.
 */
bool yaml_parse_plain(struct view text, struct arena *arena, struct yaml_node **ret_root);

/* Whether a string holds nothing that YAML can't show, or breaks lines at, beyond ASCII. */
bool yaml_is_showable(struct view string);
