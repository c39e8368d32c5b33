#include "replay/replay.h"

#include <stdio.h>

#include "base/buf.h"

/* What the guest reads is checked against the recording item by item. */
struct check {
	const struct record *record;
	uint32_t item;
	bool differs;
	const struct param *param; /* the first that differs */
	uint64_t at;               /* its first byte that does */
};

static void look_ahead(struct replayer *r)
{
	r->next_err = log_next(r->reader, &r->next);
	if (r->next_err == ERR_NONE && r->next.kind == RECORD_SIGNAL && r->stop_at)
		r->stop_at(r->stop_data, r->next.args[1]);
	if (r->next_err == ERR_END && r->stop_at)
		r->stop_at(r->stop_data, UINT64_MAX);
	if (r->next_err && r->next_err != ERR_END)
		snprintf(r->failure, sizeof r->failure, "%s", err_text());
}

static void meet(struct replayer *r)
{
	r->met.number = r->next.number;
	r->met.start = r->next.start;
	r->met.duration = r->next.duration;
	r->met.finished = r->next.finished;
}

static void check_input(void *data, const struct input *input)
{
	struct check *c = data;
	struct view recorded = { 0 };
	if (c->differs)
		return;
	if (c->item < c->record->input_count)
		recorded = c->record->inputs[c->item];
	c->item++;
	if (view_equal(recorded, input->bytes))
		return;
	c->differs = true;
	c->param = input->param;
	size_t least = recorded.size < input->bytes.size ? recorded.size : input->bytes.size;
	while (c->at < least && recorded.data[c->at] == input->bytes.data[c->at])
		c->at++;
}

static void print_call(struct buf *out, const char *name, const uint64_t *args, uint32_t count)
{
	buf_printf(out, "%s(", name);
	for (uint32_t i = 0; i < count; i++)
		buf_printf(out, "%s%llu", i ? ", " : "", (unsigned long long)args[i]);
	buf_append_text(out, ")");
}

static const char *event_name(const struct record *record)
{
	static const char *const names[] = {
		[RECORD_GROW] = "memory.grow",
		[RECORD_SIGNAL] = "signal",
		[RECORD_TRAP] = "trap",
		[RECORD_EXIT] = "exit",
		[RECORD_FAILURE] = "failure",
	};
	if (record->kind == RECORD_CALL) {
		const struct call_type *type = call_type(record->call);
		return type ? type->name : "a call that this version does not know";
	}
	return record->kind < sizeof names / sizeof *names && names[record->kind] ? names[record->kind]
										  : "a record that this version does not know";
}

static enum err diverged(struct replayer *r, const char *name, const uint64_t *args, uint32_t count, const struct check *check)
{
	BUF_CLEANUP struct buf text = { 0 };
	buf_printf(&text, "the replay diverged at record %llu: the recording has ", (unsigned long long)r->next.number);
	print_call(&text, event_name(&r->next), r->next.args, r->next.arg_count);
	buf_append_text(&text, ", the guest does ");
	print_call(&text, name, args, count);
	if (check && check->differs)
		buf_printf(&text, "; what it passes as %s differs at byte %llu", check->param->name, (unsigned long long)check->at);
	return err_set(ERR_DIVERGED, "%s", buf_text(&text));
}

static bool same_call(const struct record *record, const struct call *call, bool faulted)
{
	return record->kind == RECORD_CALL && record->call == call->type->number && record->arg_count == call->type->arg_count &&
		memcmp(record->args, call->args, call->type->arg_count * sizeof *call->args) == 0 && record->faulted == faulted;
}

/* Spans are applied in the order in which they were written. */
static bool apply(const struct record *record, struct call *call)
{
	for (uint32_t i = 0; i < record->span_count; i++) {
		const struct record_span *span = &record->spans[i];
		if (!span->iov) {
			if (!guest_write(call, span->offset, span->data, span->size))
				return false;
			continue;
		}
		uint8_t *to = memory_at(call->memory, span->offset, span->size);
		if (!to)
			return false;
		memcpy(to, span->data, span->size);
		guest_filled(call, span->offset, span->size);
	}
	for (uint32_t i = 0; i < record->note_count; i++)
		guest_note(call, record->notes[i]);
	return true;
}

static enum err replay(struct replayer *r, struct call *call)
{
	if (r->failed)
		return err_set(r->failed, "%s", r->failure);
	if (r->next_err == ERR_END) {
		r->ended = r->beyond = true;
		call->end = CALL_STOPS;
		return ERR_NONE;
	}
	if (r->next_err)
		return err_set(r->next_err, "%s", r->failure);
	bool faulted = !call->in_bounds && call_fault(call) != NULL;
	struct check check = { .record = &r->next };
	if (!same_call(&r->next, call, faulted))
		return diverged(r, call->type->name, call->args, call->type->arg_count, NULL);
	if (!faulted)
		call_inputs(call, check_input, &check);
	if (check.differs)
		return diverged(r, call->type->name, call->args, call->type->arg_count, &check);
	meet(r);
	if (!r->next.finished) { /* killed in this call: nobody knows what it gave */
		r->ended = true;
		call->end = CALL_STOPS;
		return ERR_NONE;
	}
	if (!apply(&r->next, call))
		return err_set(ERR_DAMAGED, "record %llu writes outside of the guest's memory", (unsigned long long)r->next.number);
	call->result = r->next.result;
	call->end = (enum call_end)r->next.end;
	look_ahead(r);
	return ERR_NONE;
}

static void replay_call(struct layer *layer, struct call *call)
{
	struct replayer *r = (struct replayer *)layer;
	enum err err = replay(r, call);
	if (!err)
		return;
	r->failed = err;
	snprintf(r->failure, sizeof r->failure, "%s", err_text());
	call->end = CALL_FAILS;
}

void replayer_init(struct replayer *r, struct log_reader *reader, void (*stop_at)(void *, uint64_t), void *data)
{
	*r = (struct replayer){ .layer = { replay_call, NULL }, .reader = reader, .stop_at = stop_at, .stop_data = data };
	look_ahead(r);
}

void replayer_grow(struct replayer *r, uint64_t old_pages, uint64_t new_pages)
{
	uint64_t args[] = { old_pages, new_pages };
	if (r->failed || r->next_err)
		return;
	if (r->next.kind == RECORD_GROW && memcmp(r->next.args, args, sizeof args) == 0) {
		meet(r);
		look_ahead(r);
		return;
	}
	r->failed = diverged(r, "memory.grow", args, 2, NULL);
	snprintf(r->failure, sizeof r->failure, "%s", err_text());
}

enum err replayer_finish(struct replayer *r, enum record_kind kind, uint64_t arg0, uint64_t arg1)
{
	uint64_t args[] = { arg0, arg1 };
	if (r->failed)
		return err_set(r->failed, "%s", r->failure);
	if (r->ended || r->next_err == ERR_END)
		return ERR_END;
	if (r->next_err)
		return err_set(r->next_err, "%s", r->failure);
	if (r->next.kind == kind && memcmp(r->next.args, args, sizeof args) == 0) {
		meet(r);
		return ERR_NONE;
	}
	struct record met = { .kind = (uint8_t)kind };
	return diverged(r, event_name(&met), args, 2, NULL);
}
