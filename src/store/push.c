/* Uploads what was recorded here. What is there already is known from lines that were written when it was. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "log/segments.h"
#include "registry/files.h"
#include "store/store_parts.h"

enum { MAX_SENT = 64 << 20 };

#define BEGUN "begun\n"

struct push {
	struct store *store;
	struct process process;
	struct buf sent; /* a line end, and the lines of the file; "NAME SIZE TIME INODE" each */
	int sent_fd;
};

static bool was_sent(struct push *p, const char *line)
{
	BUF_CLEANUP struct buf whole = { 0 };
	buf_printf(&whole, "\n%s", line);
	return p->sent.size && memmem(p->sent.data, p->sent.size, whole.data, whole.size);
}

/* A line that is lost has something uploaded again. */
static enum err note_sent(struct push *p, const char *line)
{
	buf_append_text(&p->sent, line);
	TRY(buf_status(&p->sent));
	return write(p->sent_fd, line, strlen(line)) < 0 ? err_set_errno(errno, "can't note what was uploaded") : ERR_NONE;
}

static uint64_t time_changed(const struct stat *stat)
{
	return (uint64_t)stat->st_mtim.tv_sec * NS_PER_S + (uint64_t)stat->st_mtim.tv_nsec;
}

/* One that is gone was not kept, or is part of something else by now. */
static enum err send_file(struct push *p, const char *name)
{
	char key[STORE_KEY], line[128];
	struct stat stat;
	int fd = openat(p->process.dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? ERR_NONE : err_set_errno(errno, "can't open %s", name);
	enum err err = fstat(fd, &stat) < 0 ? err_set_errno(errno, "can't look at %s", name) : ERR_NONE;
	if (!err) {
		snprintf(line, sizeof line, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", name, (uint64_t)stat.st_size, time_changed(&stat),
			(uint64_t)stat.st_ino);
		store_key(&p->process.id, name, key);
		if (!was_sent(p, line)) {
			err = client_put_file(p->store->client, key, fd, (uint64_t)stat.st_size);
			if (!err)
				err = note_sent(p, line);
		}
	}
	close(fd);
	return err;
}

static enum err send_module(struct push *p)
{
	char hex[DIGEST_HEX], path[128];
	struct manifest manifest;
	uint64_t size = 0;
	TRY(process_manifest(&p->process, &manifest));
	digest_hex(&manifest.module, hex);
	uint64_t wanted = manifest.module_size;
	manifest_finish(&manifest);
	snprintf(path, sizeof path, "modules/sha256/%.2s/%s", hex, hex);
	enum err err = client_head(p->store->client, path, &size);
	if ((!err && size == wanted) || (err && err != ERR_NOT_FOUND))
		return err;
	int fd = openat(registry_fd(p->store->registry), path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat stat;
	if (fd < 0)
		return errno == ENOENT ? ERR_NONE
				       : err_set_errno(errno, "can't open module sha256:%s", hex); /* a replay misses it here too */
	err = fstat(fd, &stat) < 0 ? err_set_errno(errno, "can't look at module sha256:%s", hex)
				   : client_put_file(p->store->client, path, fd, (uint64_t)stat.st_size);
	close(fd);
	return err;
}

/* Of a process that runs, the last segment is being written. */
static enum err send_log(struct push *p, bool running)
{
	char **names;
	size_t count;
	uint32_t first, last;
	char writing[SEGMENT_NAME] = "";
	if (running && segments_find(p->process.dir_fd, &first, &last))
		segment_name(last, writing);
	TRY(dir_names(p->process.dir_fd, &names, &count));
	enum err err = ERR_NONE;
	for (size_t i = 0; i < count && !err; i++) {
		if (!store_is_part(view_text(names[i])) || (running && (strcmp(names[i], "tail") == 0 || strcmp(names[i], writing) == 0)))
			continue;
		err = send_file(p, names[i]);
	}
	names_free(names, count);
	return err;
}

/* Files that were uploaded and are no longer here: the oldest of a recording that is bounded, the tail of one that was repaired. */
static enum err remove_dropped(struct push *p)
{
	for (struct view text = buf_view(&p->sent); text.size;) {
		const uint8_t *end = memchr(text.data, '\n', text.size);
		struct view line = view_slice(text, 0, end ? (size_t)(end - text.data) : text.size);
		char name[STORE_NAME], key[STORE_KEY], gone[STORE_NAME + 16];
		text = view_slice(text, line.size + 1, text.size);
		const uint8_t *space = memchr(line.data, ' ', line.size);
		snprintf(name, sizeof name, "%.*s", space && space - line.data < STORE_NAME ? (int)(space - line.data) : 0,
			(const char *)line.data);
		if (!store_is_part(view_text(name)) || faccessat(p->process.dir_fd, name, F_OK, 0) == 0)
			continue;
		snprintf(gone, sizeof gone, "gone-%s\n", name);
		if (was_sent(p, gone))
			continue;
		store_key(&p->process.id, name, key);
		TRY(client_delete(p->store->client, key));
		size_t at = (size_t)(line.data - p->sent.data) + line.size; /* the lines move when one is added */
		TRY(note_sent(p, gone));
		text = view_slice(buf_view(&p->sent), at + 1, p->sent.size);
	}
	return ERR_NONE;
}

/* What says that it is not whole comes first and goes last. */
static enum err push_all(struct push *p, bool running)
{
	char mark[STORE_KEY];
	store_key(&p->process.id, "running", mark);
	if (!was_sent(p, BEGUN)) {
		TRY(client_put(p->store->client, mark, (struct view){ 0 }));
		TRY(send_module(p));
		TRY(note_sent(p, BEGUN));
	}
	TRY(send_file(p, "manifest.yaml"));
	TRY(send_log(p, running));
	TRY(remove_dropped(p));
	if (running)
		return ERR_NONE;
	TRY(send_module(p)); /* who deleted the last other process that needs it may have taken it along */
	return client_delete(p->store->client, mark);
}

static enum err read_sent(struct push *p)
{
	buf_append_byte(&p->sent, '\n');
	TRY(file_read(p->sent_fd, "what was uploaded", MAX_SENT, &p->sent));
	if (p->sent.data[p->sent.size - 1] != '\n') /* who wrote the last line did not end it */
		TRY(note_sent(p, "\n"));
	return buf_status(&p->sent);
}

/* The line of a process that is whole there: it changes when files come or go. */
static enum err print_whole(struct push *p, char line[64])
{
	struct stat stat;
	if (fstat(p->process.dir_fd, &stat) < 0)
		return err_set_errno(errno, "can't look at a process");
	snprintf(line, 64, "whole %" PRIu64 "\n", time_changed(&stat));
	return ERR_NONE;
}

static enum err push_opened(struct push *p, bool running, bool *ret_done)
{
	char line[64];
	TRY(read_sent(p));
	TRY(print_whole(p, line));
	if (!running && was_sent(p, line))
		return ERR_NONE;
	TRY(push_all(p, running));
	if (running)
		return ERR_NONE;
	*ret_done = true;
	return note_sent(p, line);
}

enum err push_process(struct store *store, const struct uuid *id, bool running, bool *ret_done)
{
	struct push p = { .store = store, .sent_fd = -1 };
	char name[UUID_TEXT];
	uuid_print(id, name);
	*ret_done = false;
	TRY(registry_open_process(store->registry, id, &p.process));
	p.sent_fd = openat(store->sent_fd, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum err err = ERR_NONE;
	if (p.sent_fd < 0 || flock(p.sent_fd, LOCK_EX) < 0)
		err = err_set_errno(errno, "can't note what was uploaded of process %s", name);
	if (!err && !process_was_deleted(&p.process)) /* while its lock was another's */
		err = push_opened(&p, running, ret_done);
	if (p.sent_fd >= 0)
		close(p.sent_fd);
	buf_finish(&p.sent);
	process_close(&p.process);
	return err && err != ERR_STOPPED ? err_prefix(err, "process %s", name) : err;
}

static enum err push_one(struct store *store, const struct uuid *id, struct store_pushed *pushed)
{
	struct process process;
	bool done;
	if (store_is_fetched(store, id) || registry_open_process(store->registry, id, &process) != 0)
		return ERR_NONE; /* it came from there, or is gone */
	bool running = process_is_running(&process);
	process_close(&process);
	pushed->running += running;
	if (running)
		return ERR_NONE;
	TRY(push_process(store, id, false, &done));
	pushed->processes += done;
	return ERR_NONE;
}

enum err store_push(struct store *store, struct store_pushed *ret_pushed)
{
	struct store_pushed pushed = { 0 };
	struct uuid *ids;
	size_t count;
	enum err err = ERR_NONE;
	TRY(registry_processes(store->registry, &ids, &count));
	for (size_t i = 0; i < count && err != ERR_STOPPED; i++) {
		enum err one = push_one(store, &ids[i], &pushed);
		err = one ? one : err;
	}
	free(ids);
	pushed.sent = client_usage(store->client).sent;
	*ret_pushed = pushed;
	return err;
}
