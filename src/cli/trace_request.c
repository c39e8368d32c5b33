/* timecraft trace request: the requests and responses in what passed over the sockets of a recorded process. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/given.h"
#include "cli/trace_connections.h"
#include "cli/trace_log.h"
#include "cli/trace_output.h"
#include "emit/request.h"
#include "emit/request_summary.h"
#include "trace/connections.h"
#include "trace/exchange_filter.h"
#include "trace/network.h"

enum { HEAD_MAX = 256 << 10, BODY_MAX = 1 << 20 };

struct trace_request_options {
	struct trace_output output;
	struct exchange_filter filter;
	struct setup_options setup;
	uint64_t head_max, body_max; /* 0: the default */
	uint64_t limit;              /* 0: none */
	bool verbose, summary, follow, bodiless, secrets;
	const struct protocol *forced;
	struct buf redacted; /* patterns, each with a NUL behind it */
};

static enum err parse_size(const char *value, uint64_t *ret_size)
{
	char *end;
	static const char units[] = "kmg";
	unsigned long long number = strtoull(value, &end, 10);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;
	int shift = unit ? 10 * (int)(unit - units + 1) : 0;
	if (value[0] < '0' || value[0] > '9' || end[unit ? 1 : 0] || number > UINT64_MAX >> (shift + 1))
		return err_set(ERR_USAGE, "\"%s\" is no size; it may be 4096, 64k or 10m", value);
	*ret_size = (uint64_t)number << shift;
	return ERR_NONE;
}

static enum err parse_head_max(void *target, const char *value)
{
	struct trace_request_options *options = target;
	TRY(parse_size(value, &options->head_max));
	return options->head_max ? ERR_NONE : err_set(ERR_USAGE, "a message has a header of some bytes");
}

static enum err parse_body_max(void *target, const char *value)
{
	struct trace_request_options *options = target;
	TRY(parse_size(value, &options->body_max));
	options->bodiless = options->body_max == 0;
	return ERR_NONE;
}

static enum err parse_limit(void *target, const char *value)
{
	struct trace_request_options *options = target;
	char *end;
	options->limit = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || options->limit == 0)
		return err_set(ERR_USAGE, "\"%s\" is no number of requests; it may be 1, 2, ...", value);
	return ERR_NONE;
}

static enum err parse_method(void *target, const char *value)
{
	return exchange_filter_add(target, BY_METHOD, value);
}

static enum err parse_path(void *target, const char *value)
{
	return exchange_filter_add(target, BY_PATH, value);
}

static enum err parse_status(void *target, const char *value)
{
	return exchange_filter_add(target, BY_STATUS, value);
}

static enum err parse_only(void *target, const char *value)
{
	return exchange_filter_add(target, BY_PROTOCOL, value);
}

static enum err parse_protocol(void *target, const char *value)
{
	struct trace_request_options *options = target;
	BUF_CLEANUP struct buf names = { 0 };
	for (const struct protocol *const *p = protocols; *p; p++) {
		if (strcasecmp((*p)->name, value) == 0) {
			options->forced = *p;
			return ERR_NONE;
		}
		buf_printf(&names, "%s%s", p == protocols ? "" : ", ", (*p)->name);
	}
	return err_set(ERR_USAGE, "\"%s\" is no protocol; there are %s", value, buf_text(&names));
}

static enum err parse_redact(void *target, const char *value)
{
	struct trace_request_options *options = target;
	uint32_t count = 0;
	if (!*value)
		return err_set(ERR_USAGE, "an empty name hides nothing");
	for (const char *at = value; *at; at++)
		buf_append_byte(&options->redacted, (uint8_t)(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at));
	buf_append_byte(&options->redacted, 0);
	for (size_t i = 0; i < options->redacted.size; i++)
		count += options->redacted.data[i] == 0;
	if (count > REDACTED_MAX)
		return err_set(ERR_USAGE, "more than %d names to hide", REDACTED_MAX);
	return buf_status(&options->redacted);
}

#define AT(member) offsetof(struct trace_request_options, member)
static const struct option table[] = {
	{ "verbose", 'v', OPTION_FLAG, false, NULL, "Show all that was sent: headers, bodies, fields.", AT(verbose) },
	{ "summary", 0, OPTION_FLAG, false, NULL,
		"In place of the requests, count them by host and path, command, ...: statuses, errors, latencies, bytes.", AT(summary) },
	{ "follow", 'f', OPTION_FLAG, false, NULL, "Go on while the process runs.", AT(follow) },
	OPTION_INCLUDE(trace_connections_table, struct trace_request_options, filter),
	{ "only", 0, OPTION_CALL, false, "PROTOCOLS", "Show only requests in these protocols: HTTP,Redis.", AT(filter),
		.parse = parse_only },
	{ "method", 0, OPTION_CALL, false, "METHODS", "Show only requests of these methods or commands: GET,HEAD.", AT(filter),
		.parse = parse_method },
	{ "path", 0, OPTION_CALL, false, "GLOB", "Show only requests whose path fits, with or without its query: '/api/*'.", AT(filter),
		.parse = parse_path },
	{ "status", 0, OPTION_CALL, false, "STATUSES",
		"Show only responses with these: 200, 4xx, 400..499; error: none came, or not whole.", AT(filter), .parse = parse_status },
	{ "protocol", 0, OPTION_CALL, false, "NAME", "Take every connection to speak this one: HTTP, PostgreSQL, MySQL, Redis, DNS.", 0,
		.parse = parse_protocol },
	{ "show-secrets", 0, OPTION_FLAG, false, NULL, "Show passwords and what else authenticates, which is <hidden> otherwise.",
		AT(secrets) },
	{ "redact", 0, OPTION_CALL, false, "GLOB",
		"Hide the values of headers and fields of this name: authorization, 'x-*'. May be given again.", 0, .parse = parse_redact },
	{ "limit", 0, OPTION_CALL, false, "N", "Show only the first N requests.", 0, .parse = parse_limit },
	{ "body-max", 0, OPTION_CALL, false, "SIZE", "Show at most so many bytes of a body (1m); more are marked as cut.", 0,
		.parse = parse_body_max },
	{ "header-max", 0, OPTION_CALL, false, "SIZE", "Take a message with a header of more bytes (256k) for a broken one.", 0,
		.parse = parse_head_max },
	OPTION_INCLUDE(setup_option_table, struct trace_request_options, setup),
	OPTION_INCLUDE(trace_output_table, struct trace_request_options, output),
	{ 0 },
};

/* From records to events to exchanges to text. */
struct request_trace {
	struct record_sink sink;
	struct net_events events;
	struct exchange_sink exchanges;
	const struct trace_request_options *options;
	struct network *network;
	struct connections *connections;
	struct exchange_summary *summary;
	struct output output;
	struct emitter *emitter;
	struct request_printer printer;
	uint64_t process_start;
	uint64_t shown;
	uint64_t last; /* the time of the last record */
};

static enum err take_record(struct record_sink *sink, const struct record *record)
{
	struct request_trace *t = (struct request_trace *)sink;
	t->last = record->start + record->duration;
	return network_record(t->network, record);
}

static enum err take_checkpoint(struct record_sink *sink, struct view checkpoint)
{
	return network_load(((struct request_trace *)sink)->network, checkpoint);
}

/* Who watches wants to see what there is, though what began before may come after. */
static enum err take_flush(struct record_sink *sink)
{
	struct request_trace *t = (struct request_trace *)sink;
	TRY(connections_release(t->connections));
	return output_flush(&t->output);
}

static enum err take_event(struct net_events *events, const struct net_event *event)
{
	struct request_trace *t = (struct request_trace *)((char *)events - offsetof(struct request_trace, events));
	return connections_event(t->connections, event);
}

/* By the time and the record of the response. */
static enum range_place place_of(const struct request_trace *t, const struct exchange *exchange)
{
	struct record record = { .number = exchange->record, .start = exchange->time };
	return trace_range_place(&t->options->output.range, t->process_start, &record);
}

static enum err take_exchange(struct exchange_sink *sink, const struct exchange *exchange)
{
	struct request_trace *t = (struct request_trace *)((char *)sink - offsetof(struct request_trace, exchanges));
	const struct trace_request_options *options = t->options;
	if (place_of(t, exchange) != RANGE_INSIDE || !exchange_filter_passes(&options->filter, exchange))
		return ERR_NONE;
	if (options->limit && t->shown == options->limit)
		return ERR_END;
	t->shown++;
	TRY(t->summary ? exchange_summary_add(t->summary, exchange) : request_print(&t->printer, t->emitter, exchange));
	return t->shown == options->limit ? ERR_END : ERR_NONE;
}

static enum err create(struct request_trace *t, const struct trace_source *source)
{
	const struct trace_request_options *options = t->options;
	struct connections_options how = { .protocols = protocols, .forced = options->forced };
	bool bodies = (options->verbose || options->output.format != EMIT_LINE) && !options->summary && !options->bodiless;
	how.decoder.head_max = options->head_max ? options->head_max : HEAD_MAX;
	how.decoder.body_max = !bodies ? 0 : options->body_max ? options->body_max : BODY_MAX;
	how.decoder.lines = options->summary || (options->output.format == EMIT_LINE && !options->verbose);
	if (how.decoder.lines && options->redacted.size && !options->summary) { /* what words of a line are hidden fields, fields tell */
		how.decoder.lines = false;
		how.decoder.body_max = BODY_MAX;
	}
	TRY(trace_output_open(&options->output, STDOUT_FILENO, "standard output", &t->output));
	trace_output_gather(&t->output);
	TRY(emitter_create(options->output.format, &t->output, &t->emitter));
	if (options->summary)
		TRY(exchange_summary_create(&t->summary));
	TRY(connections_create(&how, &t->exchanges, &t->connections));
	TRY(network_create(&t->events, &t->network));
	return given_network(t->network, &source->manifest);
}

static enum err trace_with(struct request_trace *t, const struct trace_source *source)
{
	TRY(create(t, source));
	char text[512];
	enum err err = trace_log(source, &t->sink, &t->options->output.range, t->options->follow);
	if (err && err != ERR_DAMAGED)
		return err;
	snprintf(text, sizeof text, "%s", err_text()); /* of damage, for the end; what could be read counts */
	enum err end = connections_end(t->connections, t->last);
	if ((!end || end == ERR_END) && t->summary)
		end = request_print_summary(t->emitter, t->summary);
	return end ? end : err ? err_set(err, "%s", text) : ERR_NONE;
}

static enum err trace(const struct trace_source *source, const struct trace_request_options *options)
{
	struct request_trace t = {
		.sink = { take_record, take_flush, .begin = take_checkpoint }, .events = { take_event }, .exchanges = { take_exchange }
	};
	t.options = options;
	t.output.fd = -1;
	t.printer.verbose = options->verbose;
	t.printer.secrets = options->secrets;
	for (struct view rest = buf_view(&options->redacted); rest.size;) {
		struct view pattern = view_text((const char *)rest.data);
		t.printer.redacted[t.printer.redacted_count++] = pattern;
		rest = view_slice(rest, pattern.size + 1, rest.size);
	}
	t.process_start = source->manifest.start_wall;
	enum err err = trace_with(&t, source);
	enum err end = output_finish(&t.output);
	network_destroy(t.network);
	connections_destroy(t.connections);
	exchange_summary_destroy(t.summary);
	emitter_destroy(t.emitter);
	if (!err)
		err = end;
	return err == ERR_END ? ERR_NONE : err;
}

static int run_trace_request(void *data, int count, char **arguments)
{
	struct trace_request_options *options = data;
	struct trace_source source;
	if (count != 1)
		return fail(err_set(ERR_USAGE, "trace: which process? 'timecraft trace request [options] ID'"));
	enum err err = trace_source_open(&source, &options->setup, arguments[0]);
	if (!err)
		err = trace(&source, options);
	trace_source_close(&source);
	buf_finish(&options->redacted);
	return err ? fail(err) : 0;
}

const struct command command_trace_request = {
	.name = "trace request",
	.arguments = "[options] ID|FILE",
	.summary = "Show the requests that a recorded process, or one that runs, made and answered.",
	.text = "Nothing is run: requests and responses are rebuilt from the bytes that were sent and received. One line is a request with "
		"its response, in the order in which the responses began; an error stands in place of what did not come, or not whole. "
		"Protocols: HTTP/1.0 and 1.1, HTTP/2, gRPC, PostgreSQL, MySQL, Redis, DNS, WebSocket, SMTP, TLS (whom it is for). "
		"A connection in another one is a line too, with its first bytes. FILE is a bundle.",
	.takes_process = true,
	.options = table,
	.size = sizeof(struct trace_request_options),
	.run = run_trace_request,
};
