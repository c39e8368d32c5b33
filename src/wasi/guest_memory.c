#include "wasi/call.h"

#include "wasi/net.h"

enum {
	SOCKADDR_SIZE = 12,
	OPTION_BY_VALUE = 16,
	/* Of one addrinfo: the node, its sockaddr, that one's bytes, the canonical name, and the note of its address. */
	ADDRINFO_BOUND = 28 + SOCKADDR_SIZE + 28 + CANONNAME_MAX + NOTE_SIZE_MAX,
	ADDRINFO_SPANS = 5,
};

bool guest_write(struct call *call, uint32_t offset, const void *data, uint32_t size)
{
	uint8_t *to = memory_at(call->memory, offset, size);
	if (!to)
		return false;
	if (size)
		memcpy(to, data, size);
	if (call->output)
		call->output->span(call->output, offset, to, size, false);
	return true;
}

void guest_filled(struct call *call, uint32_t offset, uint32_t size)
{
	if (call->output && size)
		call->output->span(call->output, offset, call->memory->base + offset, size, true);
}

void guest_note(struct call *call, struct view note)
{
	if (call->output)
		call->output->note(call->output, note);
}

bool addrinfos_each(const struct memory *memory, uint64_t res, uint64_t max, addrinfo_visit *visit, void *data)
{
	uint32_t at = load_u32(memory->base + res);
	for (uint64_t i = 0; i < max && i < ADDRINFOS_MAX && at; i++) {
		struct addrinfo_node node = { .at = at };
		const uint8_t *bytes = memory_at(memory, at, types[TYPE_addrinfo].size);
		if (!bytes)
			return visit(data, &node);
		node.address = load_u32(bytes + 12);
		node.canonname = load_u32(bytes + 16);
		node.canonname_size = load_u32(bytes + 20);
		const uint8_t *address = node.address ? memory_at(memory, node.address, SOCKADDR_SIZE) : NULL;
		if (address) {
			node.data_size = load_u32(address + 4);
			node.data = load_u32(address + 8);
			if (node.data_size == 14) /* what the Rust crate says of its 26 bytes */
				node.data_size = 26;
		}
		uint32_t next = load_u32(bytes + 24);
		if (!visit(data, &node))
			return false;
		at = next;
	}
	return true;
}

static bool addrinfo_in_bounds(void *data, const struct addrinfo_node *node)
{
	const struct memory *memory = data;
	return memory_has(memory, node->at, types[TYPE_addrinfo].size) && node->address &&
		memory_has(memory, node->address, SOCKADDR_SIZE) && memory_has(memory, node->data, node->data_size) &&
		memory_has(memory, node->canonname, node->canonname_size);
}

static bool addrinfos_fault(const struct call *call, const struct param *param)
{
	uint64_t at = call->args[param->arg];
	return !memory_has(call->memory, at, 4) ||
		!addrinfos_each(call->memory, at, call->args[param->count], addrinfo_in_bounds, call->memory);
}

/* Two words: where the bytes are, and how many. */
static bool address_faults(const struct call *call, uint64_t at)
{
	const uint8_t *words = memory_at(call->memory, at, 8);
	return !words || !memory_has(call->memory, load_u32(words), load_u32(words + 4));
}

/* The length of an option's value, passed by value or by address: sock_getsockopt's callers differ. False: the address is bad. */
static bool option_length(const struct call *call, const struct param *param, uint32_t *ret_length)
{
	uint64_t length = call->args[param->arg + 1];
	*ret_length = (uint32_t)length;
	if (length <= OPTION_BY_VALUE)
		return true;
	const uint8_t *at = memory_at(call->memory, length, 4);
	*ret_length = at ? load_u32(at) : 0;
	return at;
}

static bool option_faults(const struct call *call, const struct param *param)
{
	uint32_t length;
	return !option_length(call, param, &length) || !memory_has(call->memory, call->args[param->arg], length);
}

static bool vectors_fault(const struct call *call, uint64_t vectors, uint64_t count)
{
	const uint8_t *at = memory_at(call->memory, vectors, count * 8);
	if (!at)
		return true;
	for (; count; count--, at += 8) {
		if (!memory_has(call->memory, load_u32(at), load_u32(at + 4)))
			return true;
	}
	return false;
}

static bool param_faults(const struct call *call, const struct param *param)
{
	const uint64_t *args = call->args;
	uint64_t at = args[param->arg];
	switch (param->kind) {
	case PARAM_STR:
	case PARAM_OPT_IN:
	case PARAM_BUF: return !memory_has(call->memory, at, args[param->arg + 1]);
	case PARAM_IOV_IN:
	case PARAM_IOV_OUT: return vectors_fault(call, at, args[param->arg + 1]);
	case PARAM_ARR_IN:
	case PARAM_ARR_OUT: return !memory_has(call->memory, at, args[param->count] * types[param->type].size);
	case PARAM_OUT: return !memory_has(call->memory, at, types[param->type].size);
	case PARAM_IN: return at && !memory_has(call->memory, at, types[param->type].size);
	case PARAM_ADDR_IN:
	case PARAM_ADDR_OUT: return address_faults(call, at);
	case PARAM_OPT_OUT: return option_faults(call, param);
	case PARAM_ADDRINFOS: return addrinfos_fault(call, param);
	default: return false;
	}
}

const struct param *call_fault(const struct call *call)
{
	const struct call_type *type = call->type;
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		if (param->kind != PARAM_VAL && param_faults(call, param))
			return param;
	}
	return NULL;
}

static void visit_vectors(const struct call *call, const struct param *param, input_func *visit, void *data)
{
	const uint8_t *at = call->memory->base + call->args[param->arg];
	uint64_t count = call->args[param->arg + 1];
	visit(data, &(struct input){ param, { at, count * 8 }, INPUT_VECTORS });
	if (param->kind != PARAM_IOV_IN)
		return;
	for (; count; count--, at += 8)
		visit(data, &(struct input){ param, { call->memory->base + load_u32(at), load_u32(at + 4) }, INPUT_DATA });
}

struct input_visitor {
	input_func *visit;
	void *data;
	const struct call *call;
	const struct param *param;
};

static bool visit_addrinfo(void *data, const struct addrinfo_node *node)
{
	struct input_visitor *v = data;
	const uint8_t *base = v->call->memory->base;
	v->visit(v->data, &(struct input){ v->param, { base + node->at, types[TYPE_addrinfo].size }, INPUT_BYTES });
	v->visit(v->data, &(struct input){ v->param, { base + node->address, SOCKADDR_SIZE }, INPUT_BYTES });
	return true;
}

static void visit_addrinfos(const struct call *call, const struct param *param, input_func *visit, void *data)
{
	struct input_visitor visitor = { visit, data, call, param };
	uint64_t at = call->args[param->arg];
	visit(data, &(struct input){ param, { call->memory->base + at, 4 }, INPUT_BYTES });
	addrinfos_each(call->memory, at, call->args[param->count], visit_addrinfo, &visitor);
}

static void visit_option_length(const struct call *call, const struct param *param, input_func *visit, void *data)
{
	uint64_t length = call->args[param->arg + 1];
	visit(data, &(struct input){ param, { call->memory->base + length, length > OPTION_BY_VALUE ? 4 : 0 }, INPUT_BYTES });
}

/* Of a length that no address has, what the first bytes are is all that matters. */
static void visit_address(const struct call *call, const struct param *param, input_func *visit, void *data)
{
	const uint8_t *at = call->memory->base + call->args[param->arg];
	uint32_t size = load_u32(at + 4);
	visit(data, &(struct input){ param, { at, 8 }, INPUT_BYTES });
	if (param->kind == PARAM_ADDR_IN) {
		struct view bytes = { call->memory->base + load_u32(at), size < ADDRESS_BYTES_MAX ? size : ADDRESS_BYTES_MAX };
		visit(data, &(struct input){ param, bytes, INPUT_DATA });
	}
}

void call_inputs(const struct call *call, input_func *visit, void *data)
{
	const struct call_type *type = call->type;
	if (type->input_count == 0)
		return;
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		const uint8_t *at = call->memory->base + call->args[param->arg];
		switch (param->kind) {
		case PARAM_OPT_IN:
		case PARAM_STR: visit(data, &(struct input){ param, { at, call->args[param->arg + 1] }, INPUT_BYTES }); break;
		case PARAM_ARR_IN:
			visit(data, &(struct input){ param, { at, call->args[param->count] * types[param->type].size }, INPUT_BYTES });
			break;
		case PARAM_IOV_IN:
		case PARAM_IOV_OUT: visit_vectors(call, param, visit, data); break;
		case PARAM_IN:
			visit(data, &(struct input){ param, { at, call->args[param->arg] ? types[param->type].size : 0 }, INPUT_BYTES });
			break;
		case PARAM_ADDR_IN:
		case PARAM_ADDR_OUT: visit_address(call, param, visit, data); break;
		case PARAM_OPT_OUT: visit_option_length(call, param, visit, data); break;
		case PARAM_ADDRINFOS: visit_addrinfos(call, param, visit, data); break;
		default: break;
		}
	}
}

static uint64_t vectors_size(const struct call *call, const struct param *param)
{
	const uint8_t *at = call->memory->base + call->args[param->arg];
	uint64_t size = 0;
	for (uint64_t i = 0; i < call->args[param->arg + 1]; i++)
		size += load_u32(at + 8 * i + 4);
	return size;
}

uint64_t call_output_bound(const struct call *call, uint32_t *ret_spans)
{
	const struct call_type *type = call->type;
	if (!type->varies) {
		*ret_spans = type->output_spans;
		return type->output_bound;
	}
	uint64_t bound = type->note_bound;
	uint64_t spans = bound != 0;
	uint32_t length = 0;
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		switch (param->kind) {
		case PARAM_BUF:
			bound += call->args[param->arg + 1];
			spans++;
			break;
		case PARAM_ARR_OUT:
			bound += call->args[param->count] * (types[param->type].size + type->note_bound); /* a note for each event */
			spans += 1 + (type->note_bound ? call->args[param->count] : 0);
			break;
		case PARAM_OUT:
			bound += types[param->type].size;
			spans++;
			break;
		case PARAM_IOV_OUT:
			bound += vectors_size(call, param);
			spans += call->args[param->arg + 1];
			break;
		case PARAM_ADDR_OUT:
			bound += ADDRESS_BYTES_MAX;
			spans++;
			break;
		case PARAM_OPT_OUT:
			option_length(call, param, &length);
			bound += 4 + (uint64_t)(length < OPTION_SIZE_MAX ? length : OPTION_SIZE_MAX);
			spans += 2;
			break;
		case PARAM_ADDRINFOS:
			bound += ADDRINFOS_MAX * ADDRINFO_BOUND;
			spans += ADDRINFOS_MAX * ADDRINFO_SPANS;
			break;
		default: break;
		}
	}
	*ret_spans = spans < UINT32_MAX ? (uint32_t)spans : UINT32_MAX;
	return bound;
}
