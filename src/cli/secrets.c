#include "cli/secrets.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/glob.h"

struct secret {
	size_t at, size;   /* in `bytes` */
	uint32_t next;     /* 1 + the one before it that begins alike */
};

enum { HEADS = 1 << 16, NAME_MAX_BYTES = 256, LINE_MAX_BYTES = 64 << 10, LINE_OVERLAP = 4 << 10 };

static uint32_t hash(const uint8_t *at)
{
	uint32_t word;
	memcpy(&word, at, sizeof word);
	return (word * UINT32_C(2654435761)) >> 16;
}

enum err secrets_create(const struct option_list *env, const struct option_list *headers, const struct option_list *texts,
	struct secrets *ret_secrets)
{
	struct secrets s = { .env = env, .headers = headers };
	s.heads = calloc(HEADS, sizeof *s.heads);
	s.texts = calloc(texts->count + 1, sizeof *s.texts);
	enum err err = s.heads && s.texts ? ERR_NONE : err_nomem();
	for (; !err && s.text_count < texts->count; s.text_count++) {
		char why[256];
		int code = regcomp(&s.texts[s.text_count], texts->items[s.text_count], REG_EXTENDED);
		if (!code)
			continue;
		regerror(code, &s.texts[s.text_count], why, sizeof why);
		err = err_set(ERR_USAGE, "--redact-text %s: %s", texts->items[s.text_count], why);
		break;
	}
	if (err)
		secrets_finish(&s);
	else
		*ret_secrets = s;
	return err;
}

void secrets_finish(struct secrets *s)
{
	for (size_t i = 0; i < s->text_count; i++)
		regfree(&s->texts[i]);
	free(s->texts);
	free(s->heads);
	buf_finish(&s->bytes);
	buf_finish(&s->entries);
	*s = (struct secrets){ 0 };
}

enum err secrets_status(const struct secrets *s)
{
	TRY(buf_status(&s->bytes));
	return buf_status(&s->entries);
}

static bool fits(const struct option_list *patterns, struct view name, bool as_word)
{
	uint8_t lower[NAME_MAX_BYTES], pattern[NAME_MAX_BYTES];
	if (name.size > sizeof lower)
		return false;
	for (size_t i = 0; i < name.size; i++)
		lower[i] = as_word ? view_lower(name.data[i]) : name.data[i];
	for (size_t i = 0; i < patterns->count; i++) {
		struct view text = view_text(patterns->items[i]);
		for (size_t k = 0; k < text.size && k < sizeof pattern; k++)
			pattern[k] = as_word ? view_lower(text.data[k]) : text.data[k];
		if (text.size <= sizeof pattern && glob_matches(view_of(pattern, text.size), view_of(lower, name.size)))
			return true;
	}
	return false;
}

bool secrets_hide_env(const struct secrets *s, struct view name)
{
	return fits(s->env, name, false);
}

static const struct secret *find(const struct secrets *s, struct view rest, bool whole)
{
	const struct secret *entries = (const struct secret *)s->entries.data;
	if (rest.size < SECRET_MIN)
		return NULL;
	const struct secret *best = NULL;
	for (uint32_t i = s->heads[hash(rest.data)]; i; i = entries[i - 1].next) {
		const struct secret *e = &entries[i - 1];
		bool is = (whole ? e->size == rest.size : e->size <= rest.size) && memcmp(s->bytes.data + e->at, rest.data, e->size) == 0;
		if (is && (!best || e->size > best->size))
			best = e;
	}
	return best;
}

void secrets_add(struct secrets *s, struct view value)
{
	if (value.size < SECRET_MIN || find(s, value, true))
		return;
	uint32_t *head = &s->heads[hash(value.data)];
	struct secret secret = { s->bytes.size, value.size, *head };
	buf_append(&s->bytes, value.data, value.size);
	buf_append(&s->entries, &secret, sizeof secret);
	if (!s->bytes.failed && !s->entries.failed)
		*head = (uint32_t)(s->entries.size / sizeof secret);
}

static void mark(uint8_t *marks, size_t from, size_t end)
{
	memset(marks + from, 1, end - from);
}

static bool is_separator(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == ';' || byte == ',' || byte == '"';
}

/* What cookies have besides is no secret, and is met everywhere. */
static bool is_attribute(struct view name)
{
	static const char *const names[] = { "path", "domain", "expires", "max-age", "samesite", "priority", "realm", "qop", "algorithm" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (view_is_word(name, names[i]))
			return true;
	}
	return false;
}

/* "name=value" is a secret by its value; "dXNlcg==" is one as it is, but not a "Secure" among the former. */
static void add_word(struct secrets *s, struct view word, bool named)
{
	size_t equals = 0, end = word.size;
	while (end > 0 && word.data[end - 1] == '=')
		end--;
	while (equals < end && word.data[equals] != '=')
		equals++;
	if (equals < end && !is_attribute(view_slice(word, 0, equals)))
		secrets_add(s, view_slice(word, equals + 1, word.size));
	else if (equals == end && !named)
		secrets_add(s, word);
}

/* A header's value has parts that are secrets by themselves: what is behind "Bearer", each value of a cookie. */
static void add_value(struct secrets *s, struct view value)
{
	size_t from = 0;
	bool named = false; /* by the first word, or the one behind a scheme */
	secrets_add(s, value);
	for (size_t i = 0; i <= value.size; i++) {
		if (i < value.size && !is_separator(value.data[i]))
			continue;
		bool is_scheme = from == 0 && i < value.size && value.data[i] == ' ' && !memchr(value.data, '=', i);
		struct view word = view_slice(value, from, i - from);
		if (!is_scheme)
			add_word(s, word, named);
		named |= word.size > 1 && memchr(word.data, '=', word.size - 1);
		from = i + 1;
	}
}

/* The end of a header's value, with lines that go on with it. */
static size_t value_end(struct view bytes, size_t at)
{
	while (at < bytes.size) {
		const uint8_t *newline = memchr(bytes.data + at, '\n', bytes.size - at);
		if (!newline)
			return bytes.size;
		at = (size_t)(newline - bytes.data) + 1;
		if (at >= bytes.size || (bytes.data[at] != ' ' && bytes.data[at] != '\t'))
			return at - 1;
	}
	return bytes.size;
}

/* "Name: value" at the beginning of a line. False: it is none. */
static bool header_at(struct view bytes, size_t at, struct view *ret_name, size_t *ret_value, size_t *ret_end)
{
	size_t colon = at;
	while (colon < bytes.size && colon - at < NAME_MAX_BYTES && bytes.data[colon] > ' ' && bytes.data[colon] != ':')
		colon++;
	size_t name_end = colon;
	while (colon < bytes.size && (bytes.data[colon] == ' ' || bytes.data[colon] == '\t'))
		colon++;
	if (colon >= bytes.size || bytes.data[colon] != ':' || name_end == at)
		return false;
	size_t value = colon + 1, end = value_end(bytes, value);
	while (value < end && (bytes.data[value] == ' ' || bytes.data[value] == '\t'))
		value++;
	while (end > value && isspace(bytes.data[end - 1]))
		end--;
	*ret_name = view_slice(bytes, at, name_end - at);
	*ret_value = value;
	*ret_end = end;
	return true;
}

static size_t next_line(struct view bytes, size_t at)
{
	const uint8_t *newline = memchr(bytes.data + at, '\n', bytes.size - at);
	return newline ? (size_t)(newline - bytes.data) + 1 : bytes.size;
}

static void collect_headers(struct secrets *s, struct view bytes, uint8_t *marks)
{
	for (size_t at = 0; at < bytes.size && s->headers->count; at = next_line(bytes, at)) {
		struct view name;
		size_t value, end;
		if (!header_at(bytes, at, &name, &value, &end) || !fits(s->headers, name, true))
			continue;
		mark(marks, value, end);
		add_value(s, view_slice(bytes, value, end - value));
	}
}

/* Where bytes of a view without the frames of chunks are in the one with them; NULL: there are no frames, and it is the same one. */
struct plain {
	uint8_t *bytes;
	size_t *places;
	size_t size;
};

static size_t frame_size(struct view bytes, size_t at)
{
	size_t i = at + 2;
	if (bytes.size - at < 5 || bytes.data[at] != '\r' || bytes.data[at + 1] != '\n' || !isxdigit(bytes.data[i]))
		return 0;
	while (i < bytes.size && i - at < 12 && isxdigit(bytes.data[i]))
		i++;
	while (i < bytes.size && i - at < NAME_MAX_BYTES && bytes.data[i] != '\r' && bytes.data[i] != '\n' &&
		(bytes.data[i] == ';' || bytes.data[i] == ' ' || bytes.data[i - 1] != '\r'))
		i++;
	return i + 1 < bytes.size && bytes.data[i] == '\r' && bytes.data[i + 1] == '\n' ? i + 2 - at : 0;
}

static bool plain_make(struct view bytes, struct plain *ret_plain)
{
	struct plain p = { malloc(bytes.size + 1), malloc((bytes.size + 1) * sizeof *p.places), 0 };
	for (size_t at = 0; p.bytes && p.places && at < bytes.size;) {
		size_t frame = frame_size(bytes, at);
		if (frame) {
			at += frame;
			continue;
		}
		p.places[p.size] = at;
		p.bytes[p.size++] = bytes.data[at++];
	}
	*ret_plain = p;
	return p.bytes && p.places;
}

static void plain_finish(struct plain *p)
{
	free(p->bytes);
	free(p->places);
}

static void mark_places(const struct plain *p, size_t from, size_t end, uint8_t *marks)
{
	for (size_t i = from; i < end; i++)
		marks[p->places[i]] = 1;
}

/* Line by line, since expressions are of lines; a long one in pieces that overlap. */
static void collect_line(struct secrets *s, const struct plain *p, size_t from, size_t end, uint8_t *marks)
{
	for (size_t i = 0; i < s->text_count; i++) {
		for (size_t at = from; at < end;) {
			regmatch_t match = { (regoff_t)0, (regoff_t)(end - at) };
			int flags = REG_STARTEND | (at > from ? REG_NOTBOL : 0);
			if (regexec(&s->texts[i], (const char *)p->bytes + at, 1, &match, flags) != 0)
				break;
			size_t first = at + (size_t)match.rm_so, last = at + (size_t)match.rm_eo;
			mark_places(p, first, last, marks);
			secrets_add(s, view_of(p->bytes + first, last - first));
			at = last > at ? last : at + 1;
		}
	}
}

static void collect_texts(struct secrets *s, const struct plain *p, uint8_t *marks)
{
	for (size_t at = 0; at < p->size;) {
		size_t end = next_line(view_of(p->bytes, p->size), at);
		size_t line = end > at && p->bytes[end - 1] == '\n' ? end - 1 : end;
		for (size_t from = at; from < line; from += LINE_MAX_BYTES - LINE_OVERLAP) {
			size_t stop = line - from > LINE_MAX_BYTES ? from + LINE_MAX_BYTES : line;
			collect_line(s, p, from, stop, marks);
			if (stop == line)
				break;
		}
		at = end;
	}
}

void secrets_collect(struct secrets *s, struct view bytes, uint8_t *marks)
{
	struct plain p = { 0 };
	collect_headers(s, bytes, marks);
	if (s->text_count == 0)
		return;
	if (plain_make(bytes, &p))
		collect_texts(s, &p, marks);
	else
		s->entries.failed = true;
	plain_finish(&p);
}

static void mark_all(const struct secrets *s, struct view bytes, const struct plain *p, uint8_t *marks)
{
	for (size_t at = 0; at < bytes.size; at++) {
		const struct secret *secret = find(s, view_slice(bytes, at, bytes.size), false);
		if (secret && p)
			mark_places(p, at, at + secret->size, marks);
		else if (secret)
			mark(marks, at, at + secret->size);
	}
}

void secrets_mark(const struct secrets *s, struct view bytes, uint8_t *marks)
{
	struct plain p;
	mark_all(s, bytes, NULL, marks);
	if (plain_make(bytes, &p))
		mark_all(s, view_of(p.bytes, p.size), &p, marks);
	else
		mark(marks, 0, bytes.size);
	plain_finish(&p);
}

bool secrets_meet(const struct secrets *s, struct view bytes)
{
	for (size_t at = 0; at < bytes.size; at++) {
		const struct secret *secret = find(s, view_slice(bytes, at, bytes.size), false);
		if (secret && secret->size >= SECRET_SURE)
			return true;
	}
	return false;
}

size_t secrets_head_end(struct view stream, size_t from)
{
	for (size_t at = from; at < stream.size; at = next_line(stream, at)) {
		if (stream.data[at] == '\n' || (stream.data[at] == '\r' && at + 1 < stream.size && stream.data[at + 1] == '\n'))
			return next_line(stream, at);
	}
	return stream.size;
}

size_t secrets_opaque_from(struct view stream, bool *ret_both)
{
	*ret_both = view_equal(view_slice(stream, 0, 14), view_text("PRI * HTTP/2.0"));
	if (*ret_both)
		return 0;
	size_t from = SIZE_MAX;
	for (size_t at = 0; at < stream.size; at = next_line(stream, at)) {
		struct view name;
		size_t value, end;
		if (!header_at(stream, at, &name, &value, &end))
			continue;
		struct view text = view_slice(stream, value, end - value);
		bool upgrade = view_is_word(name, "upgrade");
		bool encoded = view_is_word(name, "content-encoding") && !view_is_word(text, "identity");
		encoded |= view_is_word(name, "transfer-encoding") && !view_is_word(text, "chunked") && !view_is_word(text, "identity");
		*ret_both |= upgrade;
		if (from == SIZE_MAX && (upgrade || encoded))
			from = secrets_head_end(stream, at);
	}
	return from;
}
