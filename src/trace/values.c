#include "trace/values.h"

/* How many inputs a parameter has, the first of which is number `first`. */
static uint32_t inputs_of(const struct record *record, const struct param *param, uint32_t first)
{
	switch (param->kind) {
	case PARAM_STR:
	case PARAM_OPT_IN:
	case PARAM_OPT_OUT:
	case PARAM_IN:
	case PARAM_ADDR_OUT:
	case PARAM_ARR_IN:
	case PARAM_IOV_OUT: return 1;
	case PARAM_ADDR_IN: return 2;
	case PARAM_ADDRINFOS: return first < record->input_count ? record->input_count - first : 1; /* the last one */
	case PARAM_IOV_IN: return first < record->input_count ? 1 + (uint32_t)(record->inputs[first].size / 8) : 1;
	default: return 0;
	}
}

bool syscall_of(const struct record *record, struct syscall *ret_syscall)
{
	const struct call_type *type = record->kind == RECORD_CALL ? call_type(record->call) : NULL;
	if (!type)
		return false;
	*ret_syscall = (struct syscall){ .record = record, .type = type };
	ret_syscall->succeeded = record->finished && !record->faulted && record->end == CALL_RETURNS && record->result == 0;
	uint32_t input = 0;
	for (uint32_t i = 0; i < type->param_count; i++) {
		ret_syscall->inputs[i] = input;
		if (input < record->input_count)
			input += inputs_of(record, &type->params[i], input);
	}
	return true;
}

bool syscall_has_args(const struct syscall *syscall, const struct param *param)
{
	return param->arg + param_args(param->kind) <= syscall->record->arg_count;
}

bool syscall_input(const struct syscall *syscall, const struct param *param, uint32_t index, struct view *ret_bytes)
{
	const struct record *record = syscall->record;
	uint64_t number = (uint64_t)syscall->inputs[param - syscall->type->params] + index;
	if (number >= record->input_count)
		return false;
	*ret_bytes = record->inputs[number];
	return true;
}

static uint64_t span_end(const struct record_span *span)
{
	return (uint64_t)span->offset + span->size;
}

/* Up to where the bytes from `at` on were all written. Spans come in order as a rule; of those that do not, a few turns find the most. */
static uint64_t written_end(const struct record *record, uint64_t at, uint64_t end)
{
	enum { TURNS = 4 };
	uint64_t known = at;
	for (int turn = 0; turn < TURNS && known < end; turn++) {
		uint64_t before = known;
		for (uint32_t i = 0; i < record->span_count && known < end; i++) {
			const struct record_span *span = &record->spans[i];
			if (span->offset <= known && span_end(span) > known)
				known = span_end(span);
		}
		if (known == before)
			break;
	}
	return known < end ? known : end;
}

static void copy_span(struct buf *to, const struct record_span *span, uint64_t at, uint64_t end)
{
	uint64_t from = span->offset > at ? span->offset : at;
	uint64_t until = span_end(span) < end ? span_end(span) : end;
	if (from < until)
		memcpy(to->data + (from - at), span->data + (from - span->offset), until - from);
}

struct view syscall_written(const struct syscall *syscall, uint64_t at, uint64_t size, struct buf *scratch)
{
	const struct record *record = syscall->record;
	uint64_t end = written_end(record, at, at + size < at ? UINT64_MAX : at + size);
	if (end == at)
		return (struct view){ 0 };
	uint32_t touching = 0;
	const struct record_span *whole = NULL;
	for (uint32_t i = 0; i < record->span_count; i++) {
		const struct record_span *span = &record->spans[i];
		if (span->offset >= end || span_end(span) <= at)
			continue;
		touching++;
		whole = span->offset <= at && span_end(span) >= end ? span : NULL;
	}
	if (whole)
		return (struct view){ whole->data + (at - whole->offset), end - at };
	buf_clear(scratch);
	if (touching == 0 || !buf_reserve(scratch, end - at))
		return (struct view){ 0 };
	for (uint32_t i = 0; i < record->span_count; i++)
		copy_span(scratch, &record->spans[i], at, end);
	scratch->size = end - at;
	return buf_view(scratch);
}

uint64_t load_number(const uint8_t *at, uint32_t size)
{
	uint64_t value = 0;
	if (size)
		memcpy(&value, at, size < sizeof value ? size : sizeof value);
	return value;
}

bool syscall_out(const struct syscall *syscall, const struct param *param, uint64_t *ret_value)
{
	uint8_t bytes[8];
	struct buf scratch = { .data = bytes, .capacity = sizeof bytes, .max = sizeof bytes };
	uint32_t size = types[param->type].size;
	if (size > sizeof bytes || !syscall_has_args(syscall, param))
		return false;
	struct view written = syscall_written(syscall, syscall->record->args[param->arg], size, &scratch);
	if (written.size < size)
		return false;
	*ret_value = load_number(written.data, size);
	return true;
}

bool syscall_address(const struct syscall *syscall, const struct param *param, struct net_address *ret_address)
{
	uint8_t room[ADDRESS_BYTES_MAX];
	struct buf scratch = { .data = room, .capacity = sizeof room, .max = sizeof room };
	struct view words, bytes;
	if (!syscall_input(syscall, param, 0, &words) || words.size < 8)
		return false;
	if (param->kind == PARAM_ADDR_IN)
		return syscall_input(syscall, param, 1, &bytes) && net_address_of(bytes, ret_address);
	uint32_t size = load_u32(words.data + 4);
	bytes = syscall_written(syscall, load_u32(words.data), size < sizeof room ? size : sizeof room, &scratch);
	return net_address_of(bytes, ret_address);
}

uint64_t syscall_used(const struct syscall *syscall, const struct param *param)
{
	uint64_t used = 0;
	if (param->used == PARAM_ALL)
		return syscall_has_args(syscall, param) ? syscall->record->args[param->arg + 1] : 0;
	for (uint32_t i = 0; i < syscall->type->param_count; i++) {
		const struct param *out = &syscall->type->params[i];
		if (out->kind == PARAM_OUT && out->arg == param->used && syscall_out(syscall, out, &used))
			return used;
	}
	return 0;
}

const struct param *call_param(const struct call_type *type, const char *name)
{
	for (uint32_t i = 0; i < type->param_count; i++) {
		if (strcmp(type->params[i].name, name) == 0)
			return &type->params[i];
	}
	return NULL;
}
