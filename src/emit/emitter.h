/*
 * One list of verbs, several sets of hands: who walks over something to show says what it finds with these verbs, and the same walk
 * comes out as text, JSON or YAML.
 *
 *	emitter_create(EMIT_JSON, &output, &emitter);
 *	emit_begin(emitter);
 *	emit_object_begin(emitter, OBJECT_BRACED);
 *	emit_key(emitter, "size");
 *	emit_size(emitter, 4096);
 *	emit_object_end(emitter);
 *	err = emit_end(emitter);
 *
 * A document is one value: an object as a rule. JSON has one document a line, YAML begins each with ---. A walk must be well formed
 * (keys in objects only, ends that match), at most EMIT_DEPTH deep; strings need not be UTF-8 and may hold anything.
 */
#pragma once

#include "base/view.h"
#include "emit/output.h"

enum emit_format {
	EMIT_LINE, /* one line: {name=value, ...}, [value, ...], "text" with the escapes of C */
	EMIT_PAGE, /* a line for each key, indented, for people: what `describe` shows */
	EMIT_JSON,
	EMIT_YAML,
};

/* How EMIT_LINE shows an object; the others make no difference. */
enum object_layout {
	OBJECT_BRACED, /* {name=value, name=value} */
	OBJECT_FIELDS, /* name=value, name=value */
	OBJECT_VALUES, /* value, value */
};

enum { EMIT_DEPTH = 48 };

struct emitter;

/* The hands. Every verb puts text into emitter->out. */
struct emitter_hands {
	void (*begin)(struct emitter *emitter);
	void (*end)(struct emitter *emitter);
	void (*object_begin)(struct emitter *emitter, enum object_layout layout);
	void (*object_end)(struct emitter *emitter);
	void (*key)(struct emitter *emitter, const char *name);
	void (*array_begin)(struct emitter *emitter);
	void (*array_end)(struct emitter *emitter);
	void (*null)(struct emitter *emitter);
	void (*boolean)(struct emitter *emitter, bool value);
	void (*uint)(struct emitter *emitter, uint64_t value);
	void (*sint)(struct emitter *emitter, int64_t value);
	void (*number)(struct emitter *emitter, const char *digits);
	void (*name)(struct emitter *emitter, const char *name);
	void (*flags)(struct emitter *emitter, const char *const *names, uint32_t count, uint64_t rest);
	void (*string)(struct emitter *emitter, struct view text);
	void (*bytes)(struct emitter *emitter, struct view bytes, uint64_t size);
	void (*time)(struct emitter *emitter, uint64_t wall);
	void (*duration)(struct emitter *emitter, uint64_t ns);
	void (*size)(struct emitter *emitter, uint64_t size);
	void (*destroy)(struct emitter *emitter);
};

struct emitter {
	const struct emitter_hands *hands;
	struct output *output;
	struct buf *out; /* what is pending in the output */
	enum emit_format format;
};

enum err emitter_create(enum emit_format format, struct output *output, struct emitter **ret_emitter);
void emitter_destroy(struct emitter *emitter); /* NULL allowed; the output is not its */

/* One document. emit_end writes it where the output's mode asks for it and returns the output's first error. */
static inline void emit_begin(struct emitter *e)
{
	e->hands->begin(e);
}

enum err emit_end(struct emitter *e);

static inline void emit_object_begin(struct emitter *e, enum object_layout layout)
{
	e->hands->object_begin(e, layout);
}

static inline void emit_object_end(struct emitter *e)
{
	e->hands->object_end(e);
}

static inline void emit_key(struct emitter *e, const char *name)
{
	e->hands->key(e, name);
}

static inline void emit_array_begin(struct emitter *e)
{
	e->hands->array_begin(e);
}

static inline void emit_array_end(struct emitter *e)
{
	e->hands->array_end(e);
}

static inline void emit_null(struct emitter *e)
{
	e->hands->null(e);
}

static inline void emit_bool(struct emitter *e, bool value)
{
	e->hands->boolean(e, value);
}

static inline void emit_uint(struct emitter *e, uint64_t value)
{
	e->hands->uint(e, value);
}

static inline void emit_sint(struct emitter *e, int64_t value)
{
	e->hands->sint(e, value);
}

/* With as few digits as say which it is. What is no number or has no end is a name: nan, inf, -inf. */
void emit_double(struct emitter *e, double value);

/* A word that needs no quotes in text: ENOENT, running. */
static inline void emit_name(struct emitter *e, const char *name)
{
	e->hands->name(e, name);
}

/* A set: the names of its flags, and bits that have none. Text joins them by |, others have an array of them, `rest` in hexadecimal. */
static inline void emit_flags(struct emitter *e, const char *const *names, uint32_t count, uint64_t rest)
{
	e->hands->flags(e, names, count, rest);
}

/* Text. Where it is not UTF-8, JSON and YAML show what emit_bytes would. */
static inline void emit_string(struct emitter *e, struct view text)
{
	e->hands->string(e, text);
}

static inline void emit_text(struct emitter *e, const char *text)
{
	e->hands->string(e, view_text(text));
}

/*
 * The first bytes of `size` that there are. A line shows them as a string with ... behind it when there are more; JSON and YAML as
 * {"size": .., "base64": .., "text": ..}, the text only where the bytes are UTF-8.
 */
static inline void emit_bytes(struct emitter *e, struct view bytes, uint64_t size)
{
	e->hands->bytes(e, bytes, size);
}

/* Nanoseconds since 1970: RFC 3339 everywhere. */
static inline void emit_time(struct emitter *e, uint64_t wall)
{
	e->hands->time(e, wall);
}

/* Nanoseconds: a number for programs, a number and a unit on a page. */
static inline void emit_duration(struct emitter *e, uint64_t ns)
{
	e->hands->duration(e, ns);
}

/* Bytes: a number for programs, a number and a unit on a page. */
static inline void emit_size(struct emitter *e, uint64_t size)
{
	e->hands->size(e, size);
}

/* Text that belongs to a line's looks alone: the others leave it out. */
static inline bool emit_is_line(const struct emitter *e)
{
	return e->format == EMIT_LINE;
}

/* For people rather than programs. */
static inline bool emit_is_text(const struct emitter *e)
{
	return e->format == EMIT_LINE || e->format == EMIT_PAGE;
}

/* text, json or yaml, as -o has them; `text` is what "text" stands for. ERR_USAGE for anything else. */
enum err emit_format_parse(const char *name, enum emit_format text, enum emit_format *ret_format);

/* One for each format. */
enum err emitter_create_line(struct emitter **ret_emitter);
enum err emitter_create_page(struct emitter **ret_emitter);
enum err emitter_create_json(struct emitter **ret_emitter);
enum err emitter_create_yaml(struct emitter **ret_emitter);
