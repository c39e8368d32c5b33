/* Records of calls on sockets, made of arbitrary bytes, as network events in every format: nothing in a record may be taken for granted. */
#include "fuzz.h"
#include "records.h"

#include "emit/network.h"
#include "trace/network.h"
#include "wasi/abi.h"
#include "wasi/call.h"

#include <fcntl.h>
#include <stdlib.h>

enum { NOTES = 4, SOCKETS = 1 << 12 };

struct printing {
	struct net_events events;
	struct network_options options;
	struct output output;
	struct emitter *emitter;
	struct network *network;
	bool closed[SOCKETS];
	uint64_t number;
};

/* What holds of every event, whatever the records are. */
static void check(struct printing *p, const struct net_event *event)
{
	uint64_t size = 0;
	for (uint32_t i = 0; i < event->data_count; i++) {
		size += event->data[i].size;
		if (event->data[i].size == 0)
			abort();
	}
	if (size != event->size || (event->type == EVENT_SHUTDOWN && !event->sides) || (event->exit && !event->implied))
		abort();
	if (event->type == EVENT_RESOLVE || event->socket >= SOCKETS)
		return;
	if (p->closed[event->socket])
		abort();
	p->closed[event->socket] = (event->implied && !event->exit) || event->type == EVENT_LOST;
}

static enum err print_event(struct net_events *events, const struct net_event *event)
{
	struct printing *p = (struct printing *)events;
	check(p, event);
	return network_print(p->emitter, &p->options, event);
}

/* Calls that matter, so that the fuzzer need not find their numbers; and others. */
static uint16_t call_of(uint16_t number)
{
	static const uint16_t calls[] = { CALL_fd_close, CALL_fd_read, CALL_fd_write, CALL_fd_renumber, CALL_path_open, CALL_poll_oneoff,
		CALL_sock_accept, CALL_sock_recv, CALL_sock_send, CALL_sock_shutdown };
	return number < sizeof calls / sizeof *calls ? calls[number] : number;
}

static void pass_record(struct printing *p, struct source *source)
{
	struct view inputs[PARTS], notes[NOTES];
	struct record_span spans[PARTS];
	struct record record = take_record(source, inputs, spans);
	record.call = call_of(record.call);
	record.notes = notes;
	uint32_t notes_and_gap = (uint32_t)take(source, 1);
	record.note_count = notes_and_gap % (NOTES + 1);
	p->number += notes_and_gap >> 7; /* records that are missing */
	record.number = p->number++;
	for (uint32_t i = 0; i < record.note_count; i++)
		notes[i] = take_bytes(source);
	if (network_record(p->network, &record))
		abort();
}

static void print_all(enum emit_format format, struct source source)
{
	struct printing p = { .events = { print_event }, .options = { .verbose = true } };
	output_init(&p.output, open("/dev/null", O_WRONLY | O_CLOEXEC), "/dev/null", OUTPUT_BUFFERED);
	p.output.owned = true;
	if (!emitter_create(format, &p.output, &p.emitter) && !network_create(&p.events, &p.network)) {
		while (source.rest.size)
			pass_record(&p, &source);
		if (network_end(p.network))
			abort();
	}
	network_destroy(p.network);
	emitter_destroy(p.emitter);
	output_finish(&p.output);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	print_all(EMIT_LINE, (struct source){ view_of(data, size) });
	print_all(EMIT_JSON, (struct source){ view_of(data, size) });
	print_all(EMIT_YAML, (struct source){ view_of(data, size) });
	return 0;
}
