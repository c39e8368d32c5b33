#include "emit/syscall_call.h"

#include "emit/format.h"
#include "wasi/abi.h"

/* What a BUF is filled with: the table says that it is bytes, not of what kind. */
enum content { CONTENT_BYTES, CONTENT_TEXT, CONTENT_DIRENTS };

static enum content content_of(const struct call_type *type)
{
	switch (type->number) {
	case CALL_fd_readdir: return CONTENT_DIRENTS;
	case CALL_fd_prestat_dir_name:
	case CALL_path_readlink: return CONTENT_TEXT;
	default: return CONTENT_BYTES;
	}
}

/* A pointer, and how much it points at if `unit` is given, as the guest passed them. */
static void print_raw_arg(struct value_printer *printer, const char *name, const uint64_t *arg, const char *unit)
{
	struct emitter *e = printer->emitter;
	emit_key(e, name);
	emit_object_begin(e, OBJECT_VALUES);
	emit_key(e, "pointer");
	value_print_pointer(printer, arg[0]);
	if (unit) {
		emit_key(e, unit);
		emit_uint(e, arg[1]);
	}
	emit_object_end(e);
}

/* A parameter whose memory is out of bounds, or missing from the record. */
static void print_raw(struct value_printer *printer, const struct syscall *syscall, const struct param *param)
{
	const uint64_t *arg = &syscall->record->args[param->arg];
	switch (param->kind) {
	case PARAM_STRS:
		print_raw_arg(printer, param->name, arg, NULL);
		print_raw_arg(printer, param->second, arg + 1, NULL);
		break;
	case PARAM_IOV_IN:
	case PARAM_IOV_OUT: print_raw_arg(printer, param->name, arg, "count"); break;
	case PARAM_STR:
	case PARAM_OPT_IN:
	case PARAM_OPT_OUT:
	case PARAM_BUF: print_raw_arg(printer, param->name, arg, "size"); break;
	default: print_raw_arg(printer, param->name, arg, NULL); break;
	}
}

/* IOV_OUT: the sizes of the buffers. */
static void print_sizes(struct value_printer *printer, struct view vectors)
{
	emit_array_begin(printer->emitter);
	for (size_t i = 0; i + 8 <= vectors.size && value_array_goes_on(printer, i / 8); i += 8)
		emit_uint(printer->emitter, load_u32(vectors.data + i + 4));
	emit_array_end(printer->emitter);
}

/* IOV_IN: what is in the buffers. */
static void print_buffers(struct value_printer *printer, const struct syscall *syscall, const struct param *param, struct view vectors)
{
	struct view bytes;
	emit_array_begin(printer->emitter);
	for (size_t i = 0; i + 8 <= vectors.size && value_array_goes_on(printer, i / 8); i += 8) {
		if (syscall_input(syscall, param, (uint32_t)(i / 8 + 1), &bytes))
			value_print_buffer(printer, bytes, bytes.size);
		else
			value_print_missing(printer);
	}
	emit_array_end(printer->emitter);
}

/* An address of a socket, without the port that stands beside it. */
static void print_address(struct value_printer *printer, const struct syscall *syscall, const struct param *param)
{
	struct net_address address;
	if (!syscall_address(syscall, param, &address)) {
		value_print_missing(printer);
		return;
	}
	buf_clear(&printer->scratch);
	net_address_print_host(&printer->scratch, &address);
	if (emit_is_line(printer->emitter) && address.family != NET_UNIX)
		emit_name(printer->emitter, buf_text(&printer->scratch));
	else
		emit_string(printer->emitter, buf_view(&printer->scratch));
}

/* An option's value is a number as a rule. */
static void print_option(struct value_printer *printer, const struct syscall *syscall, struct view bytes)
{
	uint64_t value = load_number(bytes.data, (uint32_t)bytes.size);
	bool of_sockets = syscall->record->args[1] == WASI_sockopt_level_SOCKET;
	if (bytes.size != 4)
		value_print_buffer(printer, bytes, bytes.size);
	else if (of_sockets && syscall->record->args[2] == WASI_sockopt_name_ERROR)
		value_print_number(printer, TYPE_errno, value);
	else if (of_sockets && syscall->record->args[2] == WASI_sockopt_name_TYPE)
		value_print_number(printer, TYPE_sock_type, value);
	else
		emit_sint(printer->emitter, (int32_t)value);
}

/* The length that was passed tells how much room there is; the number of options depends on their level. */
static enum type_number number_type(const struct syscall *syscall, const struct param *param)
{
	bool tls = param->type == TYPE_sockopt_name && syscall->record->args[1] == WASI_sockopt_level_TLS;
	return tls ? TYPE_tls_option : (enum type_number)param->type;
}

/* A parameter that is input, or says how much room there is. */
static void print_arg(struct value_printer *printer, const struct syscall *syscall, const struct param *param)
{
	struct emitter *e = printer->emitter;
	struct view input = { 0 };
	emit_key(e, param->name);
	if (param->kind == PARAM_VAL) {
		value_print_number(printer, number_type(syscall, param), syscall->record->args[param->arg]);
		return;
	}
	syscall_input(syscall, param, 0, &input);
	switch (param->kind) {
	case PARAM_STR: emit_string(e, input); break;
	case PARAM_OPT_IN: print_option(printer, syscall, input); break;
	case PARAM_ADDR_IN: print_address(printer, syscall, param); break;
	case PARAM_IN:
		if (input.size)
			value_print_struct(printer, param->type, input);
		else
			value_print_pointer(printer, 0);
		break;
	case PARAM_BUF: emit_uint(e, syscall->record->args[param->arg + 1]); break;
	case PARAM_IOV_OUT: print_sizes(printer, input); break;
	case PARAM_IOV_IN: print_buffers(printer, syscall, param, input); break;
	default: value_print_array(printer, param->type, input, UINT64_MAX); break;
	}
}

static bool is_input(const struct param *param)
{
	return param->kind == PARAM_STR || param->kind == PARAM_IOV_IN || param->kind == PARAM_IOV_OUT || param->kind == PARAM_ARR_IN ||
		param->kind == PARAM_IN || param->kind == PARAM_OPT_IN || param->kind == PARAM_ADDR_IN;
}

static bool is_output(const struct param *param)
{
	return param->kind == PARAM_OUT || param->kind == PARAM_ARR_OUT || param->kind == PARAM_STRS || param->kind == PARAM_ADDR_OUT ||
		param->kind == PARAM_OPT_OUT || param->kind == PARAM_ADDRINFOS;
}

/* A call that failed for a bad address shows the addresses. */
static bool shows_pointers(const struct syscall *syscall, const struct param *param)
{
	const struct record *record = syscall->record;
	struct view input;
	if (param->kind == PARAM_VAL)
		return false;
	bool fault = record->faulted || (record->finished && record->end == CALL_RETURNS && record->result == WASI_EFAULT);
	return fault ? record->faulted || !is_input(param) : is_input(param) && !syscall_input(syscall, param, 0, &input);
}

void syscall_print_args(struct value_printer *printer, const struct syscall *syscall)
{
	for (uint32_t i = 0; i < syscall->type->param_count; i++) {
		const struct param *param = &syscall->type->params[i];
		if (!syscall_has_args(syscall, param)) {
			emit_key(printer->emitter, param->name);
			value_print_missing(printer);
		} else if (shows_pointers(syscall, param)) {
			print_raw(printer, syscall, param);
		} else if (!is_output(param)) {
			print_arg(printer, syscall, param);
		}
	}
}

static bool is_number(const struct param *param)
{
	return param->kind == PARAM_OUT && types[param->type].style != STYLE_STRUCT;
}

static void print_filled(struct value_printer *printer, const struct syscall *syscall)
{
	const struct record *record = syscall->record;
	uint64_t shown = 0;
	emit_array_begin(printer->emitter);
	for (uint32_t i = 0; i < record->span_count; i++) {
		const struct record_span *span = &record->spans[i];
		if (!span->iov)
			continue;
		if (!value_array_goes_on(printer, shown++))
			break;
		value_print_buffer(printer, view_of(span->data, span->size), span->size);
	}
	emit_array_end(printer->emitter);
}

/* The strings lie one behind the other; where the table of pointers follows them at once, it is not part of them. */
static void print_strs(struct value_printer *printer, const struct syscall *syscall, const struct param *param)
{
	uint64_t table = syscall->record->args[param->arg];
	uint64_t strings = syscall->record->args[param->arg + 1];
	uint64_t size = table > strings ? table - strings : (uint64_t)UINT32_MAX + 1;
	value_print_strings(printer, syscall_written(syscall, strings, size, &printer->scratch));
}

static void print_buf(struct value_printer *printer, const struct syscall *syscall, const struct param *param)
{
	uint64_t room = syscall->record->args[param->arg + 1];
	uint64_t used = syscall_used(syscall, param);
	struct view bytes = syscall_written(syscall, syscall->record->args[param->arg], used < room ? used : room, &printer->scratch);
	switch (content_of(syscall->type)) {
	case CONTENT_DIRENTS: value_print_dirents(printer, bytes); break;
	case CONTENT_TEXT: emit_string(printer->emitter, bytes); break;
	default: value_print_buffer(printer, bytes, used < room ? used : room); break;
	}
}

/* What a name stands for, once each: the list has an address for every type of socket. */
static void print_addrinfos(struct value_printer *printer, const struct record *record)
{
	struct note note;
	emit_array_begin(printer->emitter);
	for (uint32_t i = 0; i < record->note_count; i++) {
		if (!note_decode(record->notes[i], &note) || note.kind != NOTE_RESOLVED)
			continue;
		buf_clear(&printer->scratch);
		net_address_print(&printer->scratch, &note.peer);
		if (emit_is_line(printer->emitter))
			emit_name(printer->emitter, buf_text(&printer->scratch));
		else
			emit_string(printer->emitter, buf_view(&printer->scratch));
	}
	emit_array_end(printer->emitter);
}

static void print_option_out(struct value_printer *printer, const struct syscall *syscall, const struct param *param)
{
	print_option(printer, syscall, syscall_written(syscall, syscall->record->args[param->arg], OPTION_SIZE_MAX, &printer->scratch));
}

/* What an output parameter was filled with. */
static void print_result(struct value_printer *printer, const struct syscall *syscall, const struct param *param)
{
	uint64_t at = syscall->record->args[param->arg];
	uint64_t size = types[param->type < TYPE_NONE ? param->type : 0].size;
	uint64_t used;
	switch (param->kind) {
	case PARAM_OUT: value_print_bytes_of(printer, param->type, syscall_written(syscall, at, size, &printer->scratch)); break;
	case PARAM_ARR_OUT:
		used = syscall_used(syscall, param);
		value_print_array(printer, param->type, syscall_written(syscall, at, used * size, &printer->scratch), used);
		break;
	case PARAM_IOV_OUT: print_filled(printer, syscall); break;
	case PARAM_STRS: print_strs(printer, syscall, param); break;
	case PARAM_ADDR_OUT: print_address(printer, syscall, param); break;
	case PARAM_OPT_OUT: print_option_out(printer, syscall, param); break;
	case PARAM_ADDRINFOS: print_addrinfos(printer, syscall->record); break;
	default: print_buf(printer, syscall, param); break;
	}
}

static bool has_result(const struct syscall *syscall, const struct param *param)
{
	return (is_output(param) || param->kind == PARAM_IOV_OUT || param->kind == PARAM_BUF) && syscall_has_args(syscall, param);
}

/* Parameters with the results that are numbers, or those with the others; returns how many there are. */
static uint32_t print_results(struct value_printer *printer, const struct syscall *syscall, bool numbers, bool print)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < syscall->type->param_count; i++) {
		const struct param *param = &syscall->type->params[i];
		if (!has_result(syscall, param) || is_number(param) != numbers)
			continue;
		count++;
		if (!print)
			continue;
		emit_key(printer->emitter, param->name);
		print_result(printer, syscall, param);
	}
	return count;
}

/* = 11 ["alpha\nbeta\n"], = argc=1, argv_buf_size=11, = {filetype=...}, = 0 */
static void print_line_results(struct value_printer *printer, const struct syscall *syscall)
{
	struct emitter *e = printer->emitter;
	uint32_t numbers = print_results(printer, syscall, true, false);
	uint32_t others = print_results(printer, syscall, false, false);
	if (numbers) {
		emit_object_begin(e, numbers == 1 ? OBJECT_VALUES : OBJECT_FIELDS);
		print_results(printer, syscall, true, true);
		emit_object_end(e);
	}
	if (numbers && others)
		format_byte(e->out, ' ');
	if (others) {
		emit_object_begin(e, OBJECT_VALUES);
		print_results(printer, syscall, false, true);
		emit_object_end(e);
	}
	if (!numbers && !others)
		format_byte(e->out, '0');
}

static void print_line_error(struct emitter *e, uint32_t number)
{
	if (!errno_name(number)) {
		format_text(e->out, "errno ");
		format_uint(e->out, number);
		return;
	}
	format_text(e->out, errno_name(number));
	format_text(e->out, " (");
	format_text(e->out, errno_text(number));
	format_byte(e->out, ')');
}

static const char *no_result(const struct record *record)
{
	if (!record->finished)
		return "unfinished";
	switch (record->end) {
	case CALL_RETURNS: return NULL;
	case CALL_STOPS: return "interrupted";
	case CALL_FAILS: return "failed";
	default: return "";
	}
}

static void print_line_outcome(struct value_printer *printer, const struct syscall *syscall)
{
	struct emitter *e = printer->emitter;
	const char *none = no_result(syscall->record);
	if (none && !*none)
		return;
	format_text(e->out, " = ");
	if (none) {
		format_byte(e->out, '<');
		format_text(e->out, none);
		format_text(e->out, syscall->record->finished ? ">" : " ...>");
	} else if (syscall->record->result) {
		print_line_error(e, syscall->record->result);
	} else {
		print_line_results(printer, syscall);
	}
}

void syscall_print_outcome(struct value_printer *printer, const struct syscall *syscall)
{
	struct emitter *e = printer->emitter;
	const char *none = no_result(syscall->record);
	if (emit_is_line(e)) {
		print_line_outcome(printer, syscall);
		return;
	}
	if (none) {
		emit_key(e, "outcome");
		emit_name(e, *none ? none : "ended");
		return;
	}
	emit_key(e, "outcome");
	emit_name(e, "returned");
	emit_key(e, "errno");
	value_print_number(printer, TYPE_errno, syscall->record->result);
	if (!syscall->succeeded)
		return;
	emit_key(e, "results");
	emit_object_begin(e, OBJECT_BRACED);
	print_results(printer, syscall, true, true);
	print_results(printer, syscall, false, true);
	emit_object_end(e);
}
