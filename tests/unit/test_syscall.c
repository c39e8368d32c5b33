/*
 * The system call trace. Every call of the table passes an observer, over a host that fills what the table says it fills, and the
 * records are printed in every format: the whole output is compared with golden/. TIMECRAFT_GOLDEN=write writes it instead.
 */
#include "printing.h"

#include "wasi/abi.h"
#include "wasi/call.h"
#include "wasi/net.h"

#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 65536, OUTSIDE = 0xfffffff0 };
static uint8_t bytes[SIZE];
static struct memory memory = { .base = bytes, .size = SIZE };

/* What the host does with a call. */
enum behaviour { SUCCEED, FAIL, STOP };
static enum behaviour behaviour;

static uint32_t put(uint32_t at, const void *data, size_t size)
{
	memcpy(bytes + at, data, size);
	return (uint32_t)size;
}

static void put_number(uint32_t at, uint64_t value, uint32_t size)
{
	memcpy(bytes + at, &value, size);
}

/* A value that shows something of its type. */
static uint64_t sample(uint8_t type)
{
	switch (types[type].style) {
	case STYLE_SDEC: return (uint64_t)-7;
	case STYLE_FD: return 4;
	case STYLE_TIME: return 6178960;
	case STYLE_ENUM: return type == TYPE_clockid ? WASI_clockid_MONOTONIC : 0;
	case STYLE_FLAGS: return type == TYPE_rights ? 6 : 5;
	default: return type == TYPE_size ? 11 : 42;
	}
}

/* The bytes of a structure whose fields are samples; the first field that others depend on has `tag`. */
static uint32_t put_struct(uint32_t at, uint8_t type, uint64_t tag)
{
	const struct field *fields = struct_fields(type);
	memset(bytes + at, 0, types[type].size);
	for (const struct field *field = fields; field->name; field++) {
		bool tagged = field->tag >= 0;
		bool is_tag = field->type == TYPE_eventtype || field->type == TYPE_preopentype;
		if (tagged && field->value != tag)
			continue;
		put_number(at + field->offset, is_tag ? tag : sample(field->type), types[field->type].size);
	}
	return types[type].size;
}

static uint32_t put_value(uint32_t at, uint8_t type, uint64_t tag)
{
	if (struct_fields(type))
		return put_struct(at, type, tag);
	put_number(at, sample(type), types[type].size);
	return types[type].size;
}

/* Two whole entries of a directory, and the beginning of a third. */
static uint32_t put_dirents(uint32_t at)
{
	static const char *const names[] = { "hosts", "a \"b\"", "passwd" };
	uint32_t start = at;
	for (uint32_t i = 0; i < 3; i++) {
		put_struct(at, TYPE_dirent, 0);
		put_number(at + 16, strlen(names[i]), 4);
		at += types[TYPE_dirent].size;
		at += put(at, names[i], strlen(names[i]));
	}
	return at - start - 3;
}

static uint32_t fill_buffer(const struct call *call, uint32_t at)
{
	switch (call->type->number) {
	case CALL_fd_readdir: return put_dirents(at);
	case CALL_random_get: return put(at, "\0\001\0017\177\200\377\"\\", 9);
	default: return put(at, "/data", 5);
	}
}

/* How much was filled goes where the table says. */
static void fill_used(struct call *call, const struct param *param, uint64_t used)
{
	if (param->used == PARAM_ALL)
		return;
	guest_write_u32(call, (uint32_t)call->args[param->used], (uint32_t)used);
}

static bool is_used(const struct call_type *type, const struct param *out)
{
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct param *param = &type->params[i];
		bool filled = param->kind == PARAM_BUF || param->kind == PARAM_IOV_OUT || param->kind == PARAM_ARR_OUT;
		if (filled && param->used == out->arg)
			return true;
	}
	return false;
}

static void write_back(struct call *call, uint32_t at, uint32_t size)
{
	uint8_t copy[4096];
	memcpy(copy, bytes + at, size);
	assert_true(guest_write(call, at, copy, size));
}

static void note_resolved(struct call *call)
{
	uint8_t note_bytes[NOTE_SIZE_MAX];
	struct note note = { .kind = NOTE_RESOLVED, .peer = { .family = NET_INET4, .size = 4, .port = 80, .bytes = { 192, 0, 2, 1 } } };
	guest_note(call, view_of(note_bytes, note_encode(&note, note_bytes)));
}

static void fill_param(struct call *call, const struct param *param)
{
	uint32_t at = (uint32_t)call->args[param->arg];
	uint32_t strings;
	switch (param->kind) {
	case PARAM_BUF:
		write_back(call, at, fill_buffer(call, at));
		fill_used(call, param, call->type->number == CALL_fd_readdir ? 24 * 3 + 13 : 5);
		break;
	case PARAM_IOV_OUT:
		put(load_u32(bytes + at), "alpha\nbeta\n", 11);
		guest_filled(call, load_u32(bytes + at), 11);
		fill_used(call, param, 11);
		break;
	case PARAM_ARR_OUT:
		write_back(call, at, put_value(at, param->type, 1));
		fill_used(call, param, 1);
		break;
	case PARAM_OUT:
		if (!is_used(call->type, param))
			write_back(call, at, put_value(at, param->type, 0));
		break;
	case PARAM_STRS:
		strings = (uint32_t)call->args[param->arg + 1];
		guest_write(call, strings, "prog\0a=\"b\"\0", 11);
		guest_write_u32(call, at, strings);
		guest_write_u32(call, at + 4, strings + 5);
		break;
	case PARAM_ADDR_OUT: write_back(call, load_u32(bytes + at), put(load_u32(bytes + at), "\1\0\300\0\2\1", 6)); break;
	case PARAM_OPT_OUT: write_back(call, at, put(at, "\1\0\0\0", 4)); break;
	case PARAM_ADDRINFOS: note_resolved(call); break;
	default: break;
	}
}

static void host_call(struct layer *layer, struct call *call)
{
	(void)layer;
	if (call_fault(call)) {
		call->result = WASI_EFAULT;
	} else if (behaviour == STOP) {
		call->end = CALL_STOPS;
	} else if (call->type->number == CALL_proc_exit || (call->type->number == CALL_proc_raise && behaviour == SUCCEED)) {
		call->end = call->type->number == CALL_proc_exit ? CALL_EXITS : CALL_RAISES;
	} else if (behaviour == FAIL) {
		call->result = WASI_ENOENT;
	} else {
		for (uint32_t i = 0; i < call->type->param_count; i++)
			fill_param(call, &call->type->params[i]);
	}
}

static struct layer host = { host_call, NULL };

/* Gives a parameter memory of its own: page number i, its parts 256 bytes apart. */
static void set_up_param(struct call *call, uint32_t i)
{
	const struct param *param = &call->type->params[i];
	uint64_t *arg = &call->args[param->arg];
	uint32_t at = (i + 1) * 4096;
	arg[0] = at;
	switch (param->kind) {
	case PARAM_VAL: arg[0] = sample(param->type); break;
	case PARAM_STR: arg[1] = put(at, "etc/hosts", 9); break;
	case PARAM_BUF:
		arg[1] = call->type->number == CALL_random_get ? 9 : call->type->number == CALL_fd_prestat_dir_name ? 5 : 256;
		break;
	case PARAM_STRS: arg[1] = at + 256; break;
	case PARAM_IOV_IN:
		put_number(at, at + 256, 4);
		put_number(at + 4, put(at + 256, "Hello, World!", 13), 4);
		put_number(at + 8, at + 512, 4);
		put_number(at + 12, put(at + 512, "\n", 1), 4);
		arg[1] = 2;
		break;
	case PARAM_IOV_OUT:
		put_number(at, at + 256, 4);
		put_number(at + 4, 1024, 4);
		arg[1] = 1;
		break;
	case PARAM_ADDR_IN:
		put_number(at, at + 256, 4);
		put_number(at + 4, put(at + 256, "\177\0\0\1", 4), 4);
		break;
	case PARAM_ADDR_OUT:
		put_number(at, at + 256, 4);
		put_number(at + 4, 128, 4);
		break;
	case PARAM_OPT_IN: arg[1] = put(at, "\1\0\0\0", 4); break;
	case PARAM_OPT_OUT: arg[1] = 4; break;
	case PARAM_ARR_IN:
		call->args[param->count] = 2;
		put_value(put_value(at, param->type, 0) + at, param->type, 1);
		break;
	default: break;
	}
}

static struct call make_call(uint32_t number)
{
	struct call call = { .type = call_type(number), .memory = &memory };
	for (uint32_t i = call.type->param_count; i-- > 0;)
		set_up_param(&call, i);
	for (uint32_t i = 0; i < call.type->param_count; i++) {
		if (call.type->params[i].kind == PARAM_ARR_IN)
			call.args[call.type->params[i].count] = 2;
	}
	return call;
}

/* Every call, five times: it succeeds, fails, names memory that is not there, is interrupted, and does not end. */
static void make_calls(struct observer *observer)
{
	for (uint32_t number = 0; number < CALL_COUNT; number++) {
		if (!call_type(number))
			continue;
		for (uint32_t i = 0; i < 5; i++) {
			struct call call = make_call(number);
			behaviour = i == 0 ? SUCCEED : i == 1 ? FAIL : STOP;
			call_ends = i < 4;
			for (uint32_t j = 0; j < call.type->param_count && i == 2; j++) {
				if (call.type->params[j].kind != PARAM_VAL)
					call.args[call.type->params[j].arg] = OUTSIDE;
			}
			layer_call(observer_layer(observer), &call);
		}
	}
}

static void make_events(struct observer *observer)
{
	observer_note(observer, RECORD_GROW, (uint64_t[]){ 16, 17 }, 2, (struct view){ 0 });
	observer_note(observer, RECORD_SIGNAL, (uint64_t[]){ 2, 1000 }, 2, (struct view){ 0 });
	observer_note(observer, RECORD_TRAP, (uint64_t[]){ 1, 1000 }, 2, view_text("    main main.c:3\n    _start\n"));
	observer_note(observer, RECORD_FAILURE, NULL, 0, view_text("no space\nleft"));
	observer_note(observer, RECORD_EXIT, (uint64_t[]){ 3, 1000 }, 2, (struct view){ 0 });
}

static void compare_golden(struct view text, const char *name)
{
	char path[4096], golden[1 << 20];
	snprintf(path, sizeof path, "%s/golden/%s", getenv("UNIT_DIR"), name);
	bool write = getenv("TIMECRAFT_GOLDEN") && strcmp(getenv("TIMECRAFT_GOLDEN"), "write") == 0;
	FILE *file = fopen(path, write ? "w" : "r");
	assert_non_null(file);
	if (write) {
		assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
		fclose(file);
		return;
	}
	size_t size = fread(golden, 1, sizeof golden, file);
	fclose(file);
	struct view expected = { (const uint8_t *)golden, size };
	for (size_t at = 0, line = 1; at < size && at < text.size && !view_equal(expected, text); at++) {
		line += golden[at] == '\n';
		if ((uint8_t)golden[at] != text.data[at])
			fail_msg("%s:%zu: got ...%.*s", path, line, 200, (const char *)text.data + (at > 40 ? at - 40 : 0));
	}
	assert_int_equal(text.size, size);
}

static void check_golden(enum emit_format format, struct syscall_options options, const char *name)
{
	struct printing p;
	printing_init(&p, format, options, &host);
	make_calls(p.observer);
	call_ends = true;
	make_events(p.observer);
	assert_int_equal(syscall_printer_end(p.printer), ERR_NONE);
	compare_golden(printed(&p), name);
	printing_finish(&p);
}

static void put_stack(void *data, struct buf *out)
{
	(void)data;
	buf_append_text(out, "    read_all io.c:7\n    main main.c:3\n");
}

static struct syscall_options decorated(void)
{
	struct syscall_options options = plain();
	options.absolute = options.relative = options.durations = options.paths = true;
	options.stack = put_stack;
	options.string_size = 4;
	return options;
}

static void golden_text(void **state)
{
	(void)state;
	check_golden(EMIT_LINE, plain(), "syscall.txt");
}

static void golden_json(void **state)
{
	(void)state;
	check_golden(EMIT_JSON, plain(), "syscall.json");
}

static void golden_yaml(void **state)
{
	(void)state;
	check_golden(EMIT_YAML, plain(), "syscall.yaml");
}

static void golden_decorated_text(void **state)
{
	(void)state;
	check_golden(EMIT_LINE, decorated(), "syscall-decorated.txt");
}

static void golden_decorated_json(void **state)
{
	(void)state;
	check_golden(EMIT_JSON, decorated(), "syscall-decorated.json");
}

static void golden_summary(void **state)
{
	(void)state;
	struct syscall_options options = plain();
	options.summary = true;
	check_golden(EMIT_LINE, options, "syscall-summary.txt");
	check_golden(EMIT_JSON, options, "syscall-summary.json");
}

int main(void)
{
	time_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_text),
		cmocka_unit_test(golden_json),
		cmocka_unit_test(golden_yaml),
		cmocka_unit_test(golden_decorated_text),
		cmocka_unit_test(golden_decorated_json),
		cmocka_unit_test(golden_summary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
