#include <stdlib.h>

#include "cli/redaction_parts.h"
#include "log/reader.h"
#include "wasi/call.h"

const struct option redaction_option_table[] = {
	{ "redact-env", 0, OPTION_LIST, false, "GLOB",
		"Of a process, replace the values of variables of this name by *: 'AWS_*'. May be given again.",
		offsetof(struct redaction_rules, env) },
	{ "redact-header", 0, OPTION_LIST, false, "GLOB",
		"Of a process, replace the values of headers of this name: authorization, '*cookie'. May be given again.",
		offsetof(struct redaction_rules, headers) },
	{ "redact-text", 0, OPTION_LIST, false, "REGEX",
		"Of a process, replace what fits this extended regular expression, line by line, in bodies and all else that was read and "
		"written. May be given again.",
		offsetof(struct redaction_rules, texts) },
	{ 0 },
};

bool redaction_is_asked(const struct redaction_rules *rules)
{
	return rules->env.count || rules->headers.count || rules->texts.count;
}

/* Open streams are few: those that were met last come first. */
struct stream *redaction_stream(struct redaction *r, size_t count, uint32_t fd, int way)
{
	for (size_t i = count; i-- > 0;) {
		struct stream *s = r->streams[i];
		if (s->fd == fd && s->way == way && !s->closed)
			return s;
	}
	return NULL;
}

static struct stream *stream_add(struct redaction *r, uint32_t fd, int way)
{
	if (r->count == r->capacity) {
		size_t capacity = r->capacity ? 2 * r->capacity : 64;
		struct stream **streams = realloc(r->streams, capacity * sizeof *streams);
		if (!streams)
			return NULL;
		r->streams = streams;
		r->capacity = capacity;
	}
	struct stream *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->fd = fd;
	s->way = (uint8_t)way;
	s->other = redaction_stream(r, r->count, fd, !way);
	if (s->other)
		s->other->other = s;
	return r->streams[r->count++] = s;
}

static bool succeeded(const struct record *record)
{
	return record->kind == RECORD_CALL && record->finished && !record->faulted && record->result == 0 && record->end == CALL_RETURNS;
}

void redaction_follow(struct redaction *r, size_t count, const struct record *record)
{
	if (!succeeded(record) || (record->call != CALL_fd_close && record->call != CALL_fd_renumber) || record->arg_count == 0)
		return;
	bool renumbers = record->call == CALL_fd_renumber && record->arg_count > 1;
	uint32_t from = (uint32_t)record->args[0], gone = renumbers ? (uint32_t)record->args[1] : from;
	for (size_t i = 0; i < count; i++) {
		struct stream *s = r->streams[i];
		if (!s->closed && s->fd == gone && (!renumbers || from != gone))
			s->closed = true;
	}
	for (size_t i = 0; i < count && renumbers; i++) {
		if (!r->streams[i]->closed && r->streams[i]->fd == from)
			r->streams[i]->fd = gone;
	}
}

/* Which way a call's buffers go; -1: it has none. */
int redaction_way(const struct record *record)
{
	const struct call_type *type = record->kind == RECORD_CALL ? call_type(record->call) : NULL;
	for (uint32_t i = 0; type && i < type->param_count; i++) {
		if (type->params[i].kind == PARAM_IOV_IN)
			return OUT;
		if (type->params[i].kind == PARAM_IOV_OUT)
			return IN;
	}
	return -1;
}

/* What is only looked at comes again. */
bool redaction_peeks(const struct record *record)
{
	switch (record->call) {
	case CALL_sock_recv: return record->args[3] & 1;
	case CALL_sock_recv_from:
	case CALL_v1_sock_recv_from: return record->args[4] & 1;
	default: return false;
	}
}

/* How many bytes of the inputs from the second on are its buffers', and how many of those were written. */
uint32_t redaction_buffers(const struct record *record)
{
	uint32_t count = record->input_count ? (uint32_t)(record->inputs[0].size / 8) : 0;
	return count + 1 < record->input_count ? count + 1 : record->input_count;
}

uint32_t redaction_written(const struct record *record)
{
	uint32_t written = 0;
	if (succeeded(record) && record->span_count && record->spans[0].size == sizeof written)
		memcpy(&written, record->spans[0].data, sizeof written);
	return written;
}

static enum err append(struct redaction *r, uint32_t fd, int way, struct view bytes)
{
	if (!bytes.size)
		return ERR_NONE;
	struct stream *s = redaction_stream(r, r->count, fd, way);
	if (!s && !(s = stream_add(r, fd, way)))
		return err_nomem();
	r->size += bytes.size;
	if (r->size > STREAMS_MAX)
		return err_set(ERR_LIMIT, "more than 1 GiB was read and written, which is too much to be redacted");
	buf_append(&s->bytes, bytes.data, bytes.size);
	return buf_status(&s->bytes);
}

static enum err collect_items(struct redaction *r, struct view bytes)
{
	uint8_t *marks = calloc(bytes.size + 1, 1);
	if (!marks)
		return err_nomem();
	secrets_collect(&r->secrets, bytes, marks);
	free(marks);
	return ERR_NONE;
}

static void collect_env(struct redaction *r, struct view entry)
{
	const uint8_t *equals = entry.size ? memchr(entry.data, '=', entry.size) : NULL;
	size_t name = equals ? (size_t)(equals - entry.data) : entry.size;
	if (equals && secrets_hide_env(&r->secrets, view_slice(entry, 0, name)))
		secrets_add(&r->secrets, view_slice(entry, name + 1, entry.size));
}

static enum err gather(struct redaction *r, const struct record *record)
{
	int way = redaction_way(record);
	uint32_t fd = (uint32_t)record->args[0], first = way == OUT ? redaction_buffers(record) : 0,
		 left = way == OUT ? redaction_written(record) : 0;
	for (uint32_t i = 0; i < record->input_count; i++) {
		if (i >= first) {
			TRY(collect_items(r, record->inputs[i]));
		} else if (i > 0) {
			struct view bytes = view_slice(record->inputs[i], 0, left);
			left -= (uint32_t)bytes.size;
			TRY(append(r, fd, OUT, bytes));
		}
	}
	for (uint32_t i = 0; i < record->span_count; i++) {
		struct view bytes = view_of(record->spans[i].data, record->spans[i].size);
		if (!record->spans[i].iov)
			TRY(collect_items(r, bytes));
		else if (!redaction_peeks(record))
			TRY(append(r, fd, IN, bytes));
	}
	for (uint32_t i = 0; i < record->note_count; i++)
		TRY(collect_items(r, record->notes[i]));
	redaction_follow(r, r->count, record);
	return ERR_NONE;
}

static enum err read_all(struct redaction *r, const struct process *process)
{
	struct log_reader *reader;
	struct record record;
	TRY(log_open(process->dir_fd, &reader));
	enum err err = log_first(reader) ? err_set(ERR_UNSUPPORTED,
						   "its recording was limited: what the streams that are cut off began with "
						   "is not known, so it cannot be redacted")
					 : ERR_NONE;
	while (!err && !(err = log_next(reader, &record)))
		err = gather(r, &record);
	log_close(reader);
	return err == ERR_END ? ERR_NONE : err;
}

static void hide_opaque(struct redaction *r, struct stream *s)
{
	bool both;
	size_t from = secrets_opaque_from(buf_view(&s->bytes), &both);
	if (from == SIZE_MAX)
		return;
	memset(s->marks + from, 1, s->bytes.size - from);
	r->opaque++;
	if (both && s->other) {
		size_t end = from ? secrets_head_end(buf_view(&s->other->bytes), 0) : 0;
		memset(s->other->marks + end, 1, s->other->bytes.size - end);
	}
}

static void replace(uint8_t *bytes, const uint8_t *marks, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = marks[i] ? '*' : bytes[i];
}

static enum err look_through(struct redaction *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct stream *s = r->streams[i];
		s->marks = calloc(s->bytes.size + 1, 1);
		if (!s->marks)
			return err_nomem();
		secrets_collect(&r->secrets, buf_view(&s->bytes), s->marks);
	}
	TRY(secrets_status(&r->secrets));
	for (size_t i = 0; i < r->count; i++) {
		secrets_mark(&r->secrets, buf_view(&r->streams[i]->bytes), r->streams[i]->marks);
		hide_opaque(r, r->streams[i]);
	}
	for (size_t i = 0; i < r->count; i++) {
		struct stream *s = r->streams[i];
		replace(s->bytes.data, s->marks, s->bytes.size);
		free(s->marks);
		s->marks = NULL;
		s->closed = true; /* until the copy meets it */
	}
	return ERR_NONE;
}

enum err redaction_create(const struct redaction_rules *rules, const struct process *process, const struct manifest *manifest,
	struct view module, struct redaction **ret_redaction)
{
	struct redaction *r = calloc(1, sizeof *r);
	if (!r)
		return err_nomem();
	r->change.record = redaction_record;
	r->rules = rules;
	enum err err = secrets_create(&rules->env, &rules->headers, &rules->texts, &r->secrets);
	for (size_t i = 0; i < manifest->env_count && !err; i++)
		collect_env(r, manifest->env[i]);
	for (size_t i = 0; i < manifest->arg_count && !err; i++)
		err = collect_items(r, manifest->args[i]);
	if (!err)
		err = read_all(r, process);
	if (!err)
		err = look_through(r);
	if (!err && secrets_meet(&r->secrets, module))
		err = err_set(ERR_UNSUPPORTED, "the module itself has in it what is to be redacted, and cannot be changed");
	if (err)
		redaction_destroy(r);
	else
		*ret_redaction = r;
	return err;
}

void redaction_destroy(struct redaction *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		buf_finish(&r->streams[i]->bytes);
		free(r->streams[i]->marks);
		free(r->streams[i]);
	}
	free(r->streams);
	secrets_finish(&r->secrets);
	arena_finish(&r->arena);
	arena_finish(&r->kept);
	buf_finish(&r->bytes);
	free(r);
}

struct log_change *redaction_change(struct redaction *r)
{
	return &r->change;
}

size_t redaction_opaque(const struct redaction *r)
{
	return r->opaque;
}
