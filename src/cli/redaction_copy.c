/* The records of a recording, and its manifest, without what was found to be secret. */
#include <stdlib.h>

#include "cli/redaction_parts.h"
#include "wasi/call.h"

/* The copy meets them in the same order. */
static struct stream *stream_again(struct redaction *r, uint32_t fd, int way)
{
	struct stream *s = redaction_stream(r, r->next, fd, way);
	if (s || r->next == r->count)
		return s;
	s = r->streams[r->next++];
	s->fd = fd;
	s->closed = false;
	return s;
}

/* A copy of bytes that are no stream's, without secrets. `all`: nothing of them. */
static struct view clean(struct redaction *r, struct view bytes, bool all)
{
	if (!all && bytes.size < SECRET_MIN && !r->secrets.text_count) /* most results of calls */
		return bytes;
	uint8_t *copy = arena_array(&r->arena, bytes.size + 1, 1), *marks = calloc(bytes.size + 1, 1);
	if (copy && bytes.size)
		memcpy(copy, bytes.data, bytes.size);
	if (!copy || !marks) {
		free(marks);
		r->bytes.failed = true;
		return (struct view){ 0 };
	}
	if (all) {
		memset(copy, '*', bytes.size);
	} else {
		secrets_collect(&r->secrets, bytes, marks);
		secrets_mark(&r->secrets, bytes, marks);
		for (size_t i = 0; i < bytes.size; i++)
			copy[i] = marks[i] ? '*' : copy[i];
	}
	free(marks);
	return view_of(copy, bytes.size);
}

/* Short values too are hidden where they are known to be values. */
static struct view clean_env(struct redaction *r, struct view entries)
{
	struct view cleaned = clean(r, entries, true);
	uint8_t *to = (uint8_t *)cleaned.data, *marks = calloc(entries.size + 1, 1);
	if (!marks || !cleaned.data) {
		free(marks);
		r->bytes.failed = true;
		return cleaned;
	}
	secrets_collect(&r->secrets, entries, marks);
	secrets_mark(&r->secrets, entries, marks);
	for (size_t i = 0; i < entries.size; i++)
		to[i] = marks[i] ? '*' : entries.data[i];
	free(marks);
	for (size_t at = 0; at < entries.size;) {
		const uint8_t *end = memchr(entries.data + at, 0, entries.size - at);
		size_t size = end ? (size_t)(end - entries.data) - at : entries.size - at;
		const uint8_t *equals = size ? memchr(entries.data + at, '=', size) : NULL;
		size_t name = equals ? (size_t)(equals - entries.data) - at : size;
		if (equals && secrets_hide_env(&r->secrets, view_slice(entries, at, name)))
			memset(to + at + name + 1, '*', size - name - 1);
		at += size + 1;
	}
	return cleaned;
}

/* The next bytes of a stream, as they were redacted. */
static struct view take(struct redaction *r, uint32_t fd, int way, size_t size)
{
	struct stream *s = size ? stream_again(r, fd, way) : NULL;
	if (size && (!s || s->bytes.size - s->at < size)) {
		r->bytes.failed = true;
		return (struct view){ 0 };
	}
	if (!size)
		return (struct view){ 0 };
	s->at += size;
	return view_of(s->bytes.data + s->at - size, size);
}

static void change_inputs(struct redaction *r, struct record *record)
{
	int way = redaction_way(record);
	uint32_t first = way == OUT ? redaction_buffers(record) : 0, left = way == OUT ? redaction_written(record) : 0;
	for (uint32_t i = 0; i < record->input_count && r->inputs; i++) {
		struct view was = record->inputs[i];
		if (i >= first) {
			r->inputs[i] = clean(r, was, false);
		} else if (i == 0) {
			r->inputs[i] = was;
		} else { /* what was not written is of no use, and comes again */
			size_t sent = was.size < left ? was.size : left;
			struct view part = take(r, (uint32_t)record->args[0], OUT, sent);
			left -= (uint32_t)sent;
			r->inputs[i] = clean(r, was, true);
			if (sent && part.data && r->inputs[i].data)
				memcpy((uint8_t *)r->inputs[i].data, part.data, sent);
		}
	}
	record->inputs = r->inputs;
}

static void change_spans(struct redaction *r, struct record *record)
{
	for (uint32_t i = 0; i < record->span_count && r->spans; i++) {
		struct record_span *span = &r->spans[i];
		*span = record->spans[i];
		struct view was = view_of(span->data, span->size);
		struct view is = span->iov && !redaction_peeks(record) ? take(r, (uint32_t)record->args[0], IN, span->size)
			: record->call == CALL_environ_get             ? clean_env(r, was)
								       : clean(r, was, span->iov);
		span->data = is.data;
	}
	record->spans = r->spans;
}

enum err redaction_record(struct log_change *change, struct record *record)
{
	struct redaction *r = (struct redaction *)change;
	arena_clear(&r->arena);
	r->inputs = ARENA_ARRAY(&r->arena, struct view, record->input_count + 1);
	r->notes = ARENA_ARRAY(&r->arena, struct view, record->note_count + 1);
	r->spans = ARENA_ARRAY(&r->arena, struct record_span, record->span_count + 1);
	if (!r->inputs || !r->notes || !r->spans)
		return err_nomem();
	change_inputs(r, record);
	change_spans(r, record);
	for (uint32_t i = 0; i < record->note_count; i++)
		r->notes[i] = clean(r, record->notes[i], false);
	record->notes = r->notes;
	redaction_follow(r, r->next, record);
	return buf_status(&r->bytes);
}

/* The redaction's memory, which stays as long as it does. */
static enum err keep(struct redaction *r, struct view bytes, struct view *ret_view)
{
	const char *text = arena_text(&r->kept, bytes);
	if (!text || r->bytes.failed)
		return err_nomem();
	*ret_view = view_of(text, bytes.size);
	return ERR_NONE;
}

static enum err clean_strings(struct redaction *r, const struct view **strings, size_t count, bool env)
{
	struct view *cleaned = ARENA_ARRAY(&r->kept, struct view, count + 1);
	if (!cleaned)
		return err_nomem();
	for (size_t i = 0; i < count; i++)
		TRY(keep(r, env ? clean_env(r, (*strings)[i]) : clean(r, (*strings)[i], false), &cleaned[i]));
	*strings = cleaned;
	return ERR_NONE;
}

static enum err add_rules(struct redaction *r, const char *kind, const struct option_list *list, struct view *rules, size_t *count)
{
	for (size_t i = 0; i < list->count; i++) {
		BUF_CLEANUP struct buf text = { 0 };
		buf_printf(&text, "%s %s", kind, list->items[i]);
		TRY(keep(r, buf_view(&text), &rules[(*count)++]));
	}
	return ERR_NONE;
}

enum err redaction_manifest(struct redaction *r, struct manifest *m)
{
	const struct redaction_rules *rules = r->rules;
	size_t count = m->redacted_count;
	struct view *all = ARENA_ARRAY(&r->kept, struct view, count + rules->env.count + rules->headers.count + rules->texts.count);
	if (!all)
		return err_nomem();
	if (count)
		memcpy(all, m->redacted, count * sizeof *all);
	TRY(add_rules(r, "env", &rules->env, all, &count));
	TRY(add_rules(r, "header", &rules->headers, all, &count));
	TRY(add_rules(r, "text", &rules->texts, all, &count));
	TRY(clean_strings(r, &m->args, m->arg_count, false));
	TRY(clean_strings(r, &m->env, m->env_count, true));
	TRY(keep(r, clean(r, m->module_path, false), &m->module_path));
	m->redacted = all;
	m->redacted_count = count;
	return ERR_NONE;
}
