#include "cli/process_info.h"

#include "base/time.h"
#include "wasm/store.h"

enum err process_info_load(struct registry *registry, const struct uuid *id, struct process_info *ret_info)
{
	struct process_info info = { 0 };
	struct brief brief;
	enum err err = brief_load(registry, id, &info.arena, &info.manifest, &brief);
	if (err) {
		process_info_finish(&info);
		return err;
	}
	info.id = brief.id;
	info.log = brief.log;
	info.problem = brief.problem;
	*ret_info = info;
	return ERR_NONE;
}

void process_info_finish(struct process_info *info)
{
	manifest_finish(&info->manifest);
	arena_finish(&info->arena);
	*info = (struct process_info){ 0 };
}

static void print_signal(struct buf *out, uint64_t number)
{
	const char *name = number < 65 ? sigabbrev_np((int)number) : NULL;
	if (name)
		buf_printf(out, "stopped by SIG%s", name);
	else
		buf_printf(out, "stopped by signal %llu", (unsigned long long)number);
}

static void print_end(struct buf *out, const struct log_summary *log)
{
	switch (log->end_kind) {
	case RECORD_EXIT: buf_printf(out, "exited %llu", (unsigned long long)log->end_args[0]); break;
	case RECORD_TRAP:
		buf_printf(out, "trapped: %s", log->end_args[0] < TRAP_COUNT ? trap_text((enum trap)log->end_args[0]) : "unknown trap");
		break;
	case RECORD_SIGNAL: print_signal(out, log->end_args[0]); break;
	case RECORD_SNAPSHOT: buf_append_text(out, "copied while running"); break;
	case RECORD_FAILURE: buf_append_text(out, "failed"); break;
	default: buf_append_text(out, "ended"); break;
	}
}

void process_status_print(const struct log_summary *log, const char *problem, struct buf *out)
{
	if (log->state == LOG_RUNNING)
		buf_append_text(out, "running");
	else if (problem)
		buf_append_text(out, "damaged");
	else if (log->state == LOG_KILLED)
		buf_append_text(out, "killed");
	else
		print_end(out, log);
}

bool process_duration(uint64_t start, const struct log_summary *log, uint64_t *ret_ns)
{
	uint64_t end = log->state == LOG_RUNNING ? time_of(CLOCK_REALTIME) : log->end_time;
	if (start == 0 || end < start)
		return false;
	*ret_ns = end - start;
	return true;
}

static void emit_strings(struct emitter *e, const char *key, const struct view *strings, size_t count)
{
	emit_key(e, key);
	emit_array_begin(e);
	for (size_t i = 0; i < count; i++)
		emit_string(e, strings[i]);
	emit_array_end(e);
}

static void emit_env(struct emitter *e, const struct manifest *m, bool values)
{
	if (values) {
		emit_strings(e, "env", m->env, m->env_count);
		return;
	}
	emit_key(e, "env_names");
	emit_array_begin(e);
	for (size_t i = 0; i < m->env_count; i++) {
		const uint8_t *equals = m->env[i].size ? memchr(m->env[i].data, '=', m->env[i].size) : NULL;
		emit_string(e, equals ? view_of(m->env[i].data, (size_t)(equals - m->env[i].data)) : m->env[i]);
	}
	emit_array_end(e);
}

static void emit_changes(struct emitter *e, const struct manifest *m)
{
	if (m->withheld_count)
		emit_strings(e, "env_withheld", m->withheld, m->withheld_count);
	if (m->redacted_count)
		emit_strings(e, "redacted", m->redacted, m->redacted_count);
	if (m->snapshot) {
		emit_key(e, "snapshot");
		emit_time(e, m->snapshot);
	}
}

static void emit_dirs(struct emitter *e, const struct manifest *m)
{
	emit_key(e, "dirs");
	emit_array_begin(e);
	for (size_t i = 0; i < m->dir_count; i++) {
		emit_object_begin(e, OBJECT_BRACED);
		emit_key(e, "host");
		emit_string(e, m->dirs[i].host);
		emit_key(e, "guest");
		emit_string(e, m->dirs[i].guest);
		emit_key(e, "read_only");
		emit_bool(e, m->dirs[i].read_only);
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void emit_sockets(struct emitter *e, const struct manifest *m)
{
	emit_key(e, "sockets");
	emit_array_begin(e);
	for (size_t i = 0; i < m->socket_count; i++) {
		const struct manifest_socket *socket = &m->sockets[i];
		emit_object_begin(e, OBJECT_BRACED);
		emit_key(e, "fd");
		emit_uint(e, socket->fd);
		emit_key(e, "kind");
		emit_text(e, socket->listens ? "listen" : "dial");
		emit_key(e, "local");
		emit_string(e, socket->local);
		if (socket->peer.size) {
			emit_key(e, "peer");
			emit_string(e, socket->peer);
		}
		emit_object_end(e);
	}
	emit_array_end(e);
}

static void emit_module(struct emitter *e, const struct manifest *m)
{
	char digest[DIGEST_TEXT];
	digest_print(&m->module, digest);
	emit_key(e, "module");
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "name");
	emit_string(e, m->module_name);
	emit_key(e, "path");
	emit_string(e, m->module_path);
	emit_key(e, "digest");
	emit_text(e, digest);
	emit_key(e, "size");
	emit_size(e, m->module_size);
	emit_object_end(e);
}

static void emit_settings(struct emitter *e, const struct manifest *m)
{
	emit_key(e, "settings");
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "runtime");
	emit_string(e, m->runtime);
	emit_key(e, "features");
	emit_string(e, m->features);
	emit_key(e, "memory_pages");
	emit_uint(e, m->memory_pages);
	emit_key(e, "table_elements");
	emit_uint(e, m->table_elements);
	emit_key(e, "stack_bytes");
	emit_size(e, m->stack_bytes);
	emit_object_end(e);
}

static void emit_log(struct emitter *e, const struct log_summary *log)
{
	emit_key(e, "log");
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "size");
	emit_size(e, log->size);
	if (log->state == LOG_CLOSED) {
		emit_key(e, "records");
		emit_uint(e, log->record_count);
	}
	emit_key(e, "tail");
	emit_text(e, log->written ? "written" : "mapped");
	emit_object_end(e);
}

static void emit_manifest(struct emitter *e, const struct manifest *m, bool env_values)
{
	emit_key(e, "start");
	emit_time(e, m->start_wall);
	emit_module(e, m);
	if (m->function.size) {
		emit_key(e, "function");
		emit_string(e, m->function);
	}
	emit_strings(e, "args", m->args, m->arg_count);
	emit_env(e, m, env_values);
	emit_changes(e, m);
	emit_key(e, "restricted");
	emit_bool(e, m->restricted);
	emit_dirs(e, m);
	emit_sockets(e, m);
	emit_strings(e, "net", m->net, m->net_count);
	emit_settings(e, m);
}

void process_info_emit(const struct process_info *info, struct emitter *e, bool env_values)
{
	char id[UUID_TEXT];
	uint64_t duration;
	BUF_CLEANUP struct buf status = { 0 };
	uuid_print(&info->id, id);
	process_status_print(&info->log, info->problem, &status);
	emit_object_begin(e, OBJECT_BRACED);
	emit_key(e, "id");
	emit_text(e, id);
	emit_key(e, "status");
	emit_text(e, buf_text(&status));
	if (info->log.state == LOG_CLOSED && info->log.end_kind == RECORD_EXIT) {
		emit_key(e, "exit_code");
		emit_uint(e, info->log.end_args[0]);
	}
	if (info->problem) {
		emit_key(e, "problem");
		emit_text(e, info->problem);
	}
	if (process_duration(info->manifest.start_wall, &info->log, &duration)) {
		emit_key(e, "duration");
		emit_duration(e, duration);
	}
	if (info->manifest.start_wall)
		emit_manifest(e, &info->manifest, env_values);
	emit_log(e, &info->log);
	emit_object_end(e);
}
