/* timecraft trace network: what passed over the sockets of a recorded process. */
#include <unistd.h>

#include "base/time.h"
#include "cli/commands.h"
#include "cli/given.h"
#include "cli/trace_connections.h"
#include "cli/trace_log.h"
#include "cli/trace_output.h"
#include "emit/network.h"
#include "trace/network.h"

struct trace_network_options {
	struct trace_output output;
	struct network_options network;
	struct exchange_filter filter;
	struct setup_options setup;
	bool follow;
};

#define AT(member) offsetof(struct trace_network_options, member)
static const struct option table[] = {
	{ "verbose", 'v', OPTION_FLAG, false, NULL, "Show record numbers and the bytes that were sent and received, secrets included.",
		AT(network.verbose) },
	{ "follow", 'f', OPTION_FLAG, false, NULL, "Go on while the process runs.", AT(follow) },
	OPTION_INCLUDE(trace_connections_table, struct trace_network_options, filter),
	OPTION_INCLUDE(setup_option_table, struct trace_network_options, setup),
	OPTION_INCLUDE(trace_output_table, struct trace_network_options, output),
	{ 0 },
};

/* From records to events to text. */
struct network_trace {
	struct record_sink sink;
	struct net_events events;
	const struct trace_network_options *options;
	struct network *network;
	struct output output;
	struct emitter *emitter;
	uint64_t process_start;
	bool shown; /* the record is in the range that is wanted */
};

static enum err take_record(struct record_sink *sink, const struct record *record)
{
	struct network_trace *t = (struct network_trace *)sink;
	enum range_place place = trace_range_place(&t->options->output.range, t->process_start, record);
	if (place == RANGE_AFTER)
		return ERR_END;
	t->shown = place == RANGE_INSIDE;
	return network_record(t->network, record);
}

static enum err take_flush(struct record_sink *sink)
{
	return output_flush(&((struct network_trace *)sink)->output);
}

static enum err take_checkpoint(struct record_sink *sink, struct view checkpoint)
{
	return network_load(((struct network_trace *)sink)->network, checkpoint);
}

static enum err take_end(struct record_sink *sink)
{
	return network_end(((struct network_trace *)sink)->network);
}

static enum err take_event(struct net_events *events, const struct net_event *event)
{
	struct network_trace *t = (struct network_trace *)((char *)events - offsetof(struct network_trace, events));
	if (!t->shown || !exchange_filter_passes_event(&t->options->filter, event))
		return ERR_NONE;
	return network_print(t->emitter, &t->options->network, event);
}

static enum err trace_with(struct network_trace *t, const struct trace_source *source)
{
	const struct trace_network_options *options = t->options;
	TRY(trace_output_open(&options->output, STDOUT_FILENO, "standard output", &t->output));
	trace_output_gather(&t->output);
	TRY(emitter_create(options->output.format, &t->output, &t->emitter));
	TRY(network_create(&t->events, &t->network));
	TRY(given_network(t->network, &source->manifest));
	return trace_log(source, &t->sink, &options->output.range, options->follow);
}

static enum err trace(const struct trace_source *source, const struct trace_network_options *options)
{
	struct network_trace t = {
		.sink = { take_record, take_flush, take_end, take_checkpoint }, .events = { take_event }, .options = options
	};
	t.output.fd = -1;
	t.process_start = source->manifest.start_wall;
	enum err err = trace_with(&t, source);
	enum err end = output_finish(&t.output);
	network_destroy(t.network);
	emitter_destroy(t.emitter);
	if (!err)
		err = end;
	return err == ERR_END ? ERR_NONE : err;
}

static int run_trace_network(void *data, int count, char **arguments)
{
	struct trace_network_options *options = data;
	struct trace_source source;
	if (count != 1)
		return fail(err_set(ERR_USAGE, "trace: which process? 'timecraft trace network [options] ID'"));
	enum err err = trace_source_open(&source, &options->setup, arguments[0]);
	if (!err)
		err = trace(&source, options);
	trace_source_close(&source);
	return err ? fail(err) : 0;
}

const struct command command_trace_network = {
	.name = "trace network",
	.arguments = "[options] ID|FILE",
	.summary = "Show what a recorded process, or one that runs, did on the network.",
	.text = "Nothing is run: all is read from the recording. One line is an event on a socket: CONN, ACCEPT, SEND, RECV, SHUT, TLS "
		"where it failed or was cut, LOST where the recording is damaged; and RESOLVE of a name. Of traffic under TLS that the "
		"host did, these are the plain bytes. Addresses are from whom to whom; 172.16.0.0 is the process's own. FILE is a bundle.",
	.takes_process = true,
	.options = table,
	.size = sizeof(struct trace_network_options),
	.run = run_trace_network,
};
