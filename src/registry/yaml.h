/*
 * YAML for manifests and the configuration: a document is read by tables of the keys that may be there, and any other key is an error
 * that names its line. Strings may hold any bytes: those that YAML cannot show are written as !!binary.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct yaml_node;

struct yaml {
	struct yaml_node *root;
	struct arena nodes;  /* what it is in */
	const char *name;    /* of the file, for messages */
	enum err code;       /* of everything that is wrong with it */
	struct arena *arena; /* what strings are copied to */
};

struct yaml_field {
	const char *key;
	enum err (*read)(struct yaml *yaml, struct yaml_node *node, void *target);
};

/* `name` and `arena` are borrowed. A document that is empty has no root. */
enum err yaml_load(struct view text, const char *name, enum err code, struct arena *arena, struct yaml *ret_yaml);
void yaml_finish(struct yaml *yaml);
struct yaml_node *yaml_root(struct yaml *yaml);

/* "FILE:LINE: text" */
enum err yaml_error(struct yaml *yaml, const struct yaml_node *node, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reads a mapping; `present`, if not NULL, gets a bit for each field that is there. A null in a mapping's place is an empty one. */
enum err yaml_fields(struct yaml *yaml, struct yaml_node *node, const struct yaml_field *fields, size_t count, void *target,
	uint32_t *present);

enum err yaml_string(struct yaml *yaml, struct yaml_node *node, struct view *ret_string); /* a NUL stands behind it */
/* Whether it is a string that begins so. */
bool yaml_begins(const struct yaml_node *node, const char *text);
enum err yaml_uint(struct yaml *yaml, struct yaml_node *node, uint64_t *ret_number);
enum err yaml_bool(struct yaml *yaml, struct yaml_node *node, bool *ret_value);

/* A sequence's length, and its elements. */
enum err yaml_count(struct yaml *yaml, struct yaml_node *node, size_t *ret_count);
struct yaml_node *yaml_element(struct yaml *yaml, struct yaml_node *node, size_t index);

/* Appends a string in a form that yaml_string reads back. */
void yaml_put_string(struct buf *out, struct view string);
