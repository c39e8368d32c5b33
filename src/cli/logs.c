/* timecraft logs ID: what a process wrote to its standard output and error, from its recording. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/changes.h"
#include "cli/commands.h"
#include "cli/given.h"
#include "cli/setup.h"
#include "emit/emitter.h"
#include "emit/format.h"
#include "log/reader.h"
#include "trace/descriptors.h"
#include "trace/range.h"
#include "wasi/call.h"

struct logs_options {
	struct setup_options setup;
	struct trace_range range;
	const char *format;
	bool absolute, follow, out, err; /* neither of the streams named: both */
};

static enum err parse_start(void *target, const char *value)
{
	return moment_parse(value, time_of(CLOCK_REALTIME), target);
}

static enum err parse_duration(void *target, const char *value)
{
	return duration_parse(value, target);
}

#define AT(member) offsetof(struct logs_options, member)
static const struct option logs_table[] = {
	{ "stdout", 0, OPTION_FLAG, false, NULL, "Show standard output, and standard error only if that is named too.", AT(out) },
	{ "stderr", 0, OPTION_FLAG, false, NULL, "Show standard error, and standard output only if that is named too.", AT(err) },
	{ "absolute", 0, OPTION_FLAG, false, NULL, "Begin each line with the time it was begun.", AT(absolute) },
	{ "follow", 'f', OPTION_FLAG, false, NULL, "Of a running process, go on until it ends.", AT(follow) },
	{ "start-time", 't', OPTION_CALL, false, "TIME", "From this time on: RFC 3339, now, 5m ago, or +2s after the start.",
		AT(range.start), .parse = parse_start },
	{ "duration", 'd', OPTION_CALL, false, "DURATION", "Of this length of time: 250ms, 5m, 1h30m.", AT(range.duration),
		.parse = parse_duration },
	{ "output", 'o', OPTION_TEXT, false, "FORMAT", "text (as it was written), json (an object a write) or yaml.", AT(format) },
	OPTION_INCLUDE(setup_option_table, struct logs_options, setup),
	{ 0 },
};

enum stream { STREAM_OUT, STREAM_ERR, STREAM_NONE };

struct logs {
	const struct logs_options *options;
	struct descriptors *descriptors;
	struct output outputs[2];    /* by enum stream; json and yaml use the first alone */
	bool within_line[2];
	struct emitter *emitter;     /* NULL: text */
	uint64_t start;              /* of the process */
	bool damaged;                /* and told */
};

/* The guest may have moved its descriptors about. */
static enum stream stream_of(const struct logs *logs, uint32_t fd)
{
	struct descriptor descriptor;
	if (!descriptors_get(logs->descriptors, fd, &descriptor))
		return STREAM_NONE;
	return descriptor.kind == DESCRIPTOR_STDOUT ? STREAM_OUT : descriptor.kind == DESCRIPTOR_STDERR ? STREAM_ERR : STREAM_NONE;
}

static bool is_wanted(const struct logs_options *options, enum stream stream)
{
	switch (stream) {
	case STREAM_OUT: return options->out || !options->err;
	case STREAM_ERR: return options->err || !options->out;
	default: return false;
	}
}

static bool is_write(const struct record *record)
{
	const struct call_type *type = record->kind == RECORD_CALL ? call_type(record->call) : NULL;
	bool writes = type && (type->number == CALL_fd_write || type->number == CALL_fd_pwrite || type->number == CALL_sock_send);
	return writes && record->finished && !record->faulted && record->result == 0 && record->arg_count;
}

/* What of the vectors was written: as much as the call said. */
static void collect(const struct record *record, struct buf *out)
{
	uint32_t left = 0;
	if (record->span_count && record->spans[0].size == sizeof left)
		memcpy(&left, record->spans[0].data, sizeof left);
	for (uint32_t i = 1; i < record->input_count; i++) {
		struct view bytes = view_slice(record->inputs[i], 0, left);
		buf_append(out, bytes.data, bytes.size);
		left -= (uint32_t)bytes.size;
	}
}

static void print_text(struct logs *logs, enum stream stream, uint64_t time, struct view bytes)
{
	struct buf *out = &logs->outputs[stream].pending;
	while (bytes.size && logs->options->absolute) {
		const uint8_t *newline = memchr(bytes.data, '\n', bytes.size);
		size_t length = newline ? (size_t)(newline - bytes.data) + 1 : bytes.size;
		if (!logs->within_line[stream]) {
			format_time(out, time);
			buf_append_byte(out, ' ');
		}
		logs->within_line[stream] = !newline;
		buf_append(out, bytes.data, length);
		bytes = view_slice(bytes, length, bytes.size);
	}
	buf_append(out, bytes.data, bytes.size);
}

static enum err emit_write(struct logs *logs, enum stream stream, uint64_t time, struct view bytes)
{
	struct emitter *e = logs->emitter;
	emit_begin(e);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "time");
	emit_time(e, time);
	emit_key(e, "stream");
	emit_name(e, stream == STREAM_OUT ? "stdout" : "stderr");
	emit_key(e, "data");
	emit_bytes(e, bytes, bytes.size);
	emit_object_end(e);
	return emit_end(e);
}

/* ERR_END when no later record is wanted. */
static enum err show(struct logs *logs, const struct record *record)
{
	enum range_place place = trace_range_place(&logs->options->range, logs->start, record);
	if (place == RANGE_AFTER)
		return ERR_END;
	if (place == RANGE_INSIDE && is_write(record)) {
		enum stream stream = stream_of(logs, (uint32_t)record->args[0]);
		if (is_wanted(logs->options, stream)) {
			BUF_CLEANUP struct buf bytes = { 0 };
			collect(record, &bytes);
			TRY(buf_status(&bytes));
			if (logs->emitter)
				return emit_write(logs, stream, record->start, buf_view(&bytes));
			print_text(logs, stream, record->start, buf_view(&bytes));
			TRY(output_end(&logs->outputs[stream]));
		}
	}
	return descriptors_follow(logs->descriptors, record);
}

/* Damage is told, and what is behind it read on. */
static enum err read_all(struct logs *logs, struct log_reader *reader)
{
	enum { PAUSE_US = 50000 };
	for (;;) {
		struct record record;
		enum err err = log_next(reader, &record);
		if (err == ERR_DAMAGED) {
			logs->damaged = true;
			fail(err);
			continue;
		}
		if (err == ERR_END && logs->options->follow && log_state(reader) == LOG_RUNNING) {
			TRY(output_flush(&logs->outputs[STREAM_OUT]));
			TRY(output_flush(&logs->outputs[STREAM_ERR]));
			usleep(PAUSE_US);
			continue;
		}
		if (err)
			return err == ERR_END ? ERR_NONE : err;
		err = show(logs, &record);
		if (err)
			return err == ERR_END ? ERR_NONE : err;
	}
}

/* What is damaged in the manifest is told, and does not hide what the process wrote. */
static enum err read_manifest(struct logs *logs, const struct process *process)
{
	struct manifest manifest;
	enum err err = process_manifest(process, &manifest);
	if (err) {
		logs->damaged = true;
		fail(err);
		return ERR_NONE;
	}
	changes_tell(&manifest);
	logs->start = manifest.start_wall;
	err = given_descriptors(logs->descriptors, &manifest);
	manifest_finish(&manifest);
	return err;
}

static enum err prepare(struct logs *logs, const struct process *process)
{
	enum emit_format format = EMIT_LINE;
	TRY(descriptors_create(&logs->descriptors));
	TRY(read_manifest(logs, process));
	if (logs->options->format)
		TRY(emit_format_parse(logs->options->format, EMIT_LINE, &format));
	return format == EMIT_LINE ? ERR_NONE : emitter_create(format, &logs->outputs[STREAM_OUT], &logs->emitter);
}

/* To where the range begins; what the descriptors are then is in a checkpoint. */
static enum err seek(struct logs *logs, struct log_reader *reader)
{
	const struct moment *start = &logs->options->range.start;
	struct log_target target = { .by_time = start->ns != 0, .time = start->from_start ? logs->start + start->ns : start->ns };
	uint64_t first = log_first(reader);
	struct view checkpoint;
	if (first && target.time <= logs->start)
		fprintf(stderr, "timecraft: records 0 to %llu were not kept: the recording was limited\n", (unsigned long long)first - 1);
	if (first == 0 && !target.by_time)
		return ERR_NONE;
	TRY(log_seek_checkpoint(reader, &target, &checkpoint));
	return checkpoint.size ? descriptors_load(logs->descriptors, checkpoint) : ERR_NONE;
}

static enum err read_process(struct logs *logs, const struct process *process)
{
	struct log_reader *reader;
	TRY(prepare(logs, process));
	TRY(process_explain(process, log_open(process->dir_fd, &reader)));
	enum err err = seek(logs, reader);
	if (!err)
		err = process_explain(process, read_all(logs, reader));
	if (!err && log_state(reader) == LOG_KILLED)
		fprintf(stderr, "timecraft: the process was killed: its recording ends without an end\n");
	log_close(reader);
	return err;
}

static enum err show_process(const struct logs_options *options, struct registry *registry, const char *id, bool *ret_damaged)
{
	struct uuid uuid;
	struct process process;
	TRY(registry_resolve(registry, id, &uuid));
	TRY(registry_open_process(registry, &uuid, &process));
	struct logs logs = { .options = options };
	output_init(&logs.outputs[STREAM_OUT], STDOUT_FILENO, "standard output", OUTPUT_AT_ONCE);
	output_init(&logs.outputs[STREAM_ERR], STDERR_FILENO, "standard error", OUTPUT_AT_ONCE);
	enum err err = read_process(&logs, &process);
	emitter_destroy(logs.emitter);
	enum err end = output_finish(&logs.outputs[STREAM_OUT]);
	output_finish(&logs.outputs[STREAM_ERR]);
	descriptors_destroy(logs.descriptors);
	process_close(&process);
	*ret_damaged = logs.damaged;
	err = err ? err : end;
	return err == ERR_END ? ERR_NONE : err;
}

static int run_logs(void *data, int count, char **arguments)
{
	const struct logs_options *options = data;
	struct setup setup;
	if (count > 1)
		return fail(err_set(ERR_USAGE, "logs: \"%s\" is one argument too many", arguments[1]));
	const char *id = count ? arguments[0] : "@last";
	enum err err = setup_open_for(&options->setup, &id, &setup);
	if (err)
		return fail(err);
	bool damaged = false;
	err = show_process(options, setup.registry, id, &damaged);
	setup_close(&setup);
	return err ? fail(err) : damaged ? 1 : 0;
}

const struct command command_logs = {
	.name = "logs",
	.arguments = "[options] [ID|FILE]",
	.summary = "Show what a process wrote to standard output and standard error.",
	.text = "Both go where they went; --stdout or --stderr shows one alone. Without an ID it is the last process. "
		"FILE is a bundle, as from 'export process'.",
	.takes_process = true,
	.options = logs_table,
	.size = sizeof(struct logs_options),
	.run = run_logs,
};
