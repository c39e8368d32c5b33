/* The library's functions, on what traces are made with. */
#include "timecraft.h"

#include <stdlib.h>

#include "base/time.h"
#include "emit/syscall.h"
#include "lib/given.h"
#include "log/reader.h"
#include "registry/config.h"
#include "registry/registry.h"
#include "wasi/call.h"

enum { STYLES = TIMECRAFT_JSON + 1 };

/* Records as text in one style; what descriptors are is followed for each, since a printer keeps them itself. */
struct printing {
	struct output output;
	struct emitter *emitter;
	struct descriptors *descriptors;
	struct syscall_printer *printer;
	bool done; /* the current record */
};

struct timecraft_recording {
	struct net_events events;
	struct registry *registry;
	struct process process;
	struct manifest manifest;
	struct log_reader *reader;
	struct network *network;
	struct printing printings[STYLES];
	struct record record;
	bool any;    /* the record is one */
	bool told;   /* the network knows it */
	struct log_target target; /* what is before it is followed, and not told of */
	struct buf inputs, spans, data;
	bool (*event)(void *data, const timecraft_event *event); /* NULL: nobody listens */
	void *event_data;
};

_Static_assert(TIMECRAFT_GONE + 0 == EVENT_GONE + 0 && TIMECRAFT_CONNECT + 0 == EVENT_CONNECT + 0, "events have the same numbers");
_Static_assert(TIMECRAFT_FAILURE + 0 == RECORD_FAILURE + 0, "and so have records");

static timecraft_status status_of(enum err err)
{
	switch (err) {
	case ERR_NONE: return TIMECRAFT_OK;
	case ERR_END: return TIMECRAFT_END;
	case ERR_DAMAGED: return TIMECRAFT_DAMAGED;
	case ERR_NOT_FOUND: return TIMECRAFT_NOT_FOUND;
	case ERR_AMBIGUOUS: return TIMECRAFT_AMBIGUOUS;
	case ERR_USAGE: return TIMECRAFT_USAGE;
	default: return TIMECRAFT_FAILED;
	}
}

const char *timecraft_error(void)
{
	return err_text();
}

const char *timecraft_version(void)
{
	return TIMECRAFT_VERSION;
}

static void put_event(timecraft_recording *r, const struct net_event *event, struct buf *text)
{
	size_t peer, name;
	net_address_print(text, &event->local);
	buf_append_byte(text, 0);
	peer = text->size;
	net_address_print(text, &event->peer);
	buf_append_byte(text, 0);
	name = text->size;
	buf_append(text, event->name.data, event->name.size);
	buf_append_byte(text, 0);
	buf_clear(&r->data);
	for (uint32_t i = 0; i < event->data_count; i++)
		buf_append(&r->data, &(timecraft_bytes){ event->data[i].data, event->data[i].size }, sizeof(timecraft_bytes));
	if (text->failed || r->data.failed)
		return;
	timecraft_event told = { .type = (timecraft_event_type)event->type,
		.record = event->record,
		.time = event->time,
		.socket = event->socket,
		.fd = event->fd,
		.error = event->error,
		.tls = event->tls,
		.midway = event->midway,
		.local = (const char *)text->data,
		.peer = (const char *)text->data + peer,
		.name = (const char *)text->data + name,
		.size = event->size,
		.data_count = event->data_count,
		.data = (const timecraft_bytes *)r->data.data };
	if (!r->event(r->event_data, &told))
		r->event = NULL;
}

static enum err take_event(struct net_events *events, const struct net_event *event)
{
	timecraft_recording *r = (timecraft_recording *)events;
	BUF_CLEANUP struct buf text = { 0 };
	if (r->event)
		put_event(r, event, &text);
	return ERR_NONE;
}

static enum err printing_create(struct printing *p, timecraft_style style, const struct manifest *manifest)
{
	struct syscall_options options = { .paths = true,
		.string_size = style == TIMECRAFT_TEXT ? STRING_SIZE_DEFAULT : STRING_SIZE_WHOLE };
	TRY(trace_filter_add(&options.filter, "all"));
	output_init(&p->output, -1, "", OUTPUT_KEPT);
	TRY(emitter_create(style == TIMECRAFT_TEXT ? EMIT_LINE : EMIT_JSON, &p->output, &p->emitter));
	TRY(descriptors_create(&p->descriptors));
	TRY(given_descriptors(p->descriptors, manifest));
	return syscall_printer_create(&options, p->emitter, p->descriptors, &p->printer);
}

static void printing_destroy(struct printing *p)
{
	syscall_printer_destroy(p->printer);
	descriptors_destroy(p->descriptors);
	emitter_destroy(p->emitter);
	output_finish(&p->output);
	*p = (struct printing){ 0 };
}

/* What was there before the first record, and nothing else. */
static enum err begin(timecraft_recording *r)
{
	for (int i = 0; i < STYLES; i++) {
		printing_destroy(&r->printings[i]);
		TRY(printing_create(&r->printings[i], (timecraft_style)i, &r->manifest));
	}
	network_destroy(r->network);
	r->network = NULL;
	TRY(network_create(&r->events, &r->network));
	return given_network(r->network, &r->manifest);
}

static enum err open_registry(timecraft_recording *r, const char *registry)
{
	struct config config = { 0 };
	enum err err = registry ? ERR_NONE : config_load(NULL, &config);
	if (!err && config.store)
		err = err_set(ERR_UNSUPPORTED, "%s is a store: the library reads registries on this machine, and bundles", config.store);
	if (!err)
		err = registry_open(registry ? registry : config.registry, &r->registry);
	config_finish(&config);
	return err;
}

static enum err open_recording(timecraft_recording *r, const char *registry, const char *process)
{
	struct uuid id;
	TRY(open_registry(r, registry));
	TRY(registry_resolve(r->registry, process, &id));
	TRY(registry_open_process(r->registry, &id, &r->process));
	TRY(process_manifest(&r->process, &r->manifest));
	TRY(log_open(r->process.dir_fd, &r->reader));
	return begin(r);
}

timecraft_status timecraft_open(const char *registry, const char *process, timecraft_recording **ret_recording)
{
	time_init();
	timecraft_recording *r = calloc(1, sizeof *r);
	if (!r)
		return status_of(err_nomem());
	r->events.event = take_event;
	r->process.dir_fd = r->process.lock_fd = -1;
	enum err err = open_recording(r, registry, process);
	if (err) {
		timecraft_close(r);
		return status_of(err);
	}
	*ret_recording = r;
	return TIMECRAFT_OK;
}

void timecraft_close(timecraft_recording *r)
{
	if (!r)
		return;
	for (int i = 0; i < STYLES; i++)
		printing_destroy(&r->printings[i]);
	network_destroy(r->network);
	log_close(r->reader);
	manifest_finish(&r->manifest);
	if (r->process.dir_fd >= 0)
		process_close(&r->process);
	registry_close(r->registry);
	buf_finish(&r->inputs);
	buf_finish(&r->spans);
	buf_finish(&r->data);
	free(r);
}

timecraft_status timecraft_about(timecraft_recording *r, timecraft_process *ret_process)
{
	struct log_summary summary;
	enum err err = log_summarize(r->process.dir_fd, &summary);
	if (err)
		return status_of(err);
	*ret_process = (timecraft_process){ .running = summary.state == LOG_RUNNING,
		.closed = summary.state == LOG_CLOSED,
		.start = r->manifest.start_wall,
		.module_name = (const char *)r->manifest.module_name.data,
		.first = log_first(r->reader) };
	uuid_print(&r->process.id, ret_process->id);
	return TIMECRAFT_OK;
}

/* What the caller did not ask of the current record is done, since what comes after rests on it. */
static enum err pass_record(timecraft_recording *r)
{
	if (!r->any)
		return ERR_NONE;
	r->any = false;
	for (int i = 0; i < STYLES; i++) {
		if (!r->printings[i].done)
			TRY(syscall_print(r->printings[i].printer, &r->record, false));
		r->printings[i].done = false;
	}
	r->event = NULL;
	bool told = r->told;
	r->told = false;
	return told ? ERR_NONE : network_record(r->network, &r->record);
}

static void describe(timecraft_recording *r, timecraft_record *ret_record)
{
	const struct record *record = &r->record;
	const struct call_type *type = record->kind == RECORD_CALL ? call_type(record->call) : NULL;
	buf_clear(&r->inputs);
	buf_clear(&r->spans);
	for (uint32_t i = 0; i < record->input_count; i++)
		buf_append(&r->inputs, &(timecraft_bytes){ record->inputs[i].data, record->inputs[i].size }, sizeof(timecraft_bytes));
	for (uint32_t i = 0; i < record->span_count; i++) {
		const struct record_span *span = &record->spans[i];
		buf_append(&r->spans, &(timecraft_span){ span->offset, { span->data, span->size } }, sizeof(timecraft_span));
	}
	*ret_record = (timecraft_record){ .number = record->number,
		.kind = (timecraft_kind)record->kind,
		.name = type ? type->name : NULL,
		.call = record->call,
		.finished = record->finished,
		.faulted = record->faulted,
		.result = record->result,
		.start = record->start,
		.duration = record->duration,
		.args = record->args,
		.arg_count = record->arg_count,
		.input_count = (uint32_t)(r->inputs.size / sizeof(timecraft_bytes)),
		.span_count = (uint32_t)(r->spans.size / sizeof(timecraft_span)),
		.inputs = (const timecraft_bytes *)r->inputs.data,
		.spans = (const timecraft_span *)r->spans.data };
}

static enum err next_record(timecraft_recording *r, timecraft_record *ret_record)
{
	TRY(pass_record(r));
	TRY(log_next(r->reader, &r->record));
	r->any = true;
	describe(r, ret_record);
	TRY(buf_status(&r->inputs));
	return buf_status(&r->spans);
}

timecraft_status timecraft_next(timecraft_recording *r, timecraft_record *ret_record)
{
	enum err err;
	do
		err = next_record(r, ret_record);
	while (!err && (r->record.number < r->target.number || r->record.start < r->target.time));
	return status_of(err);
}

static enum err seek(timecraft_recording *r, const struct log_target *target)
{
	struct view checkpoint;
	struct log_reader *reader;
	TRY(log_open(r->process.dir_fd, &reader));
	log_close(r->reader);
	r->reader = reader;
	r->any = r->told = false;
	r->target = *target;
	TRY(begin(r));
	TRY(log_seek_checkpoint(r->reader, target, &checkpoint));
	if (checkpoint.size == 0)
		return ERR_NONE;
	for (int i = 0; i < STYLES; i++)
		TRY(descriptors_load(r->printings[i].descriptors, checkpoint));
	return network_load(r->network, checkpoint);
}

timecraft_status timecraft_seek_record(timecraft_recording *r, uint64_t number)
{
	return status_of(seek(r, &(struct log_target){ .number = number }));
}

timecraft_status timecraft_seek_time(timecraft_recording *r, uint64_t time)
{
	return status_of(seek(r, &(struct log_target){ .by_time = true, .time = time }));
}

const char *timecraft_format(timecraft_recording *r, const timecraft_record *record, timecraft_style style)
{
	if (!r->any || record->number != r->record.number || style > TIMECRAFT_JSON) {
		err_set(ERR_USAGE, "only the record that was read last can be shown");
		return NULL;
	}
	struct printing *p = &r->printings[style];
	if (!p->done) {
		buf_clear(&p->output.pending);
		if (syscall_print(p->printer, &r->record, true) != ERR_NONE)
			return NULL;
		p->done = true;
	}
	struct buf *text = &p->output.pending;
	if (text->size && text->data[text->size - 1] == '\n')
		text->size--;
	return buf_text(text);
}

timecraft_status timecraft_events(timecraft_recording *r, bool (*event)(void *data, const timecraft_event *event), void *data)
{
	if (!r->any || r->told)
		return status_of(err_set(ERR_USAGE, "the events of a record are told once, after it was read"));
	r->event = event;
	r->event_data = data;
	r->told = true;
	enum err err = network_record(r->network, &r->record);
	r->event = NULL;
	return status_of(err);
}
