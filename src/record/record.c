#include "record/record.h"

#include <stddef.h>

static struct recorder *recorder_of(struct call_output *output)
{
	return (struct recorder *)((char *)output - offsetof(struct recorder, output));
}

static void record_span(struct call_output *output, uint32_t offset, const void *data, uint32_t size, bool iov)
{
	struct recorder *r = recorder_of(output);
	bool withheld = false;
	if (__builtin_expect(r->environ_spans != 0, 0))
		withheld = --r->environ_spans == 0; /* behind the table */
	if (withheld)
		log_span(r->writer, offset, r->environ.data, r->environ.size, false);
	else
		log_span(r->writer, offset, data, size, iov);
	if (r->outer)
		r->outer->span(r->outer, offset, data, size, iov);
}

static void record_note(struct call_output *output, struct view note)
{
	struct recorder *r = recorder_of(output);
	log_note(r->writer, note);
	if (r->outer)
		r->outer->note(r->outer, note);
}

static void record_input(void *data, const struct input *input)
{
	struct log_writer *writer = data;
	log_input(writer, input->bytes.data, input->bytes.size);
}

static void fail(struct recorder *r, struct call *call)
{
	call->end = CALL_FAILS;
	log_failure(r->writer);
}

static void record_call(struct layer *layer, struct call *call)
{
	struct recorder *r = (struct recorder *)layer;
	const struct call_type *type = call->type;
	bool faulted = !call->in_bounds && call_fault(call) != NULL;
	call->in_bounds = !faulted;
	if (!log_begin(r->writer, type->number, call->args, type->arg_count, faulted)) {
		fail(r, call);
		return;
	}
	uint64_t bound = 0;
	uint32_t spans = 0;
	if (!faulted) {
		if (type->input_count)
			call_inputs(call, record_input, r->writer);
		bound = call_output_bound(call, &spans);
	}
	if (!log_commit(r->writer, bound, spans)) {
		fail(r, call);
		return;
	}
	r->environ_spans = r->environ.data && type->number == CALL_environ_get ? 2 : 0;
	r->outer = call->output;
	call->output = &r->output;
	layer_call(layer->next, call);
	call->output = r->outer;
	log_end(r->writer, call->result, (uint8_t)call->end);
}

void recorder_init(struct recorder *r, struct log_writer *writer, struct layer *next)
{
	*r = (struct recorder){ .layer = { record_call, next }, .output = { record_span, record_note }, .writer = writer };
}

void recorder_withhold(struct recorder *r, struct view environ)
{
	r->environ = environ;
}
